//! `attractor features`

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use attractor::data::{NpzArray, write_npz};
use attractor::features::{Convnet, FeatureError, FeatureOptions, Images};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::failure::Failure;
use crate::interrupt;
use crate::output::{Answer, table};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A convolutional network with one input [image, channel, y, x] (docs/features.md)
    #[arg(value_name = "MODEL.onnx")]
    model: PathBuf,

    /// A folder of PNG files, .npz or .npy; without, the layers are listed
    #[arg(value_name = "IMAGES", requires_all = ["layers", "out"])]
    images: Option<PathBuf>,

    /// Layers by name, separated by commas
    #[arg(long, value_name = "LAYER,…", value_delimiter = ',', requires = "images")]
    layers: Vec<String>,

    /// Where features go, .npz, each `[image, feature]` under layers/LAYER; overwritten if it is there
    #[arg(long, short, value_name = "FILE", requires = "images")]
    out: Option<PathBuf>,

    /// Average maps to at most N × N places [default: all places]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    places: Option<u16>,

    /// Subtracted from pixels, one number or one for each channel
    #[arg(
        long,
        value_name = "X,…",
        value_delimiter = ',',
        requires = "sd",
        allow_negative_numbers = true
    )]
    mean: Vec<f32>,

    /// By which they are then divided
    #[arg(long, value_name = "X,…", value_delimiter = ',', requires = "mean")]
    sd: Vec<f32>,

    /// Worker threads; they do not change results [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

const EXAMPLES: &str = "\
Examples:
  attractor features resnet20.onnx                      its layers
  attractor features resnet20.onnx stimuli/ --layers layer1.2,layer3.2 -o features.npz --places 4 \\
    --mean 0.485,0.456,0.406 --sd 0.229,0.224,0.225
  attractor fit session.nwb --encode features.npz encode.image=image

Pixels of PNG files are 0 to 1 before --mean and --sd; give those that the network was trained with.";

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Answer, Failure> {
    let net = Convnet::read(&arguments.model).map_err(failure)?;
    let (Some(images), Some(out)) = (&arguments.images, &arguments.out) else {
        return Ok(list(&net));
    };
    let mut images = Images::read(images).map_err(failure)?;
    if !arguments.mean.is_empty() {
        images = images.standardised(&arguments.mean, &arguments.sd).map_err(failure)?;
    }
    let options = FeatureOptions {
        places: arguments.places.map(usize::from),
        threads: arguments.threads.map(usize::from),
    };
    let bar = bar(images.count() as u64, json);
    let stop = interrupt::flag();
    let found = net.features(&images, &arguments.layers, &options, &mut |done| {
        bar.set_position(done as u64);
        !stop.load(Ordering::Relaxed)
    });
    bar.finish_and_clear();
    let found = found.map_err(failure)?;
    let keys: Vec<String> =
        arguments.layers.iter().map(|layer| format!("layers/{layer}")).collect();
    let mut arrays: Vec<(&str, NpzArray<'_>)> = vec![("images", images.names().into())];
    arrays.extend(keys.iter().map(String::as_str).zip(found.iter().map(NpzArray::from)));
    write_npz(out, &arrays).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(said(out, &images, &arguments.layers, found.iter().map(|f| f.ncols()).collect()))
}

fn said(out: &Path, images: &Images, layers: &[String], features: Vec<usize>) -> Answer {
    let mut rows = vec![["layer", "[image, feature]"].map(str::to_owned).to_vec()];
    for (layer, features) in layers.iter().zip(&features) {
        rows.push(vec![layer.clone(), format!("[{}, {features}]", images.count())]);
    }
    let bytes = match images.were_bytes() {
        true => "pixels were 0 to 255 and have been divided by 255\n",
        false => "",
    };
    let text = format!("{}\n{}{bytes}", out.display(), table(&rows));
    let shapes: serde_json::Map<_, _> = (layers.iter().zip(&features))
        .map(|(layer, features)| (layer.clone(), json!([images.count(), features])))
        .collect();
    let value = json!({ "out": out, "layers": shapes, "divided_by_255": images.were_bytes() });
    Answer::new(text, &value)
}

fn list(net: &Convnet) -> Answer {
    let size = net.size().map(|n| n.map_or_else(|| "?".to_owned(), |n| n.to_string())).join(", ");
    let mut rows = vec![["layer", "operation"].map(str::to_owned).to_vec()];
    rows.extend(net.layers().iter().map(|layer| vec![layer.name.clone(), layer.operation.clone()]));
    let text = format!("images [channel, y, x]: [{size}]\n\n{}", table(&rows));
    let layers: Vec<_> = (net.layers().iter())
        .map(|layer| json!({ "name": layer.name, "operation": layer.operation }))
        .collect();
    Answer::new(text, &json!({ "size": net.size(), "layers": layers }))
}

fn bar(images: u64, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} images  about {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(images).with_style(style)
}

fn failure(error: FeatureError) -> Failure {
    match error {
        FeatureError::Stopped { .. } => Failure::Failed(error.to_string()),
        error => Failure::Request(error.to_string()),
    }
}
