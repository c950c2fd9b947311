//! A convolutional network read from ONNX, and what its layers say.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attractor_data::{FileProblem, closest};
use ndarray::{Array2, Array3, Axis};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueView};
use rten_tensor::prelude::*;

use crate::error::FeatureError;
use crate::images::Images;
use crate::onnx::{Layer, looks_like, outline};
use crate::pool::pool;

/// A network that takes images `[image, channel, y, x]`.
///
/// The network is run as it stands in the file, without fusing operations, so that every value in it can
/// be asked for. Images are run one by one: the features of one do not depend on others.
pub struct Convnet {
    file: PathBuf,
    model: Model,
    input: NodeId,
    /// `[channel, y, x]`, where fixed.
    size: [Option<usize>; 3],
    layers: Vec<Layer>,
}

/// How features are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureOptions {
    /// Most places along each side of a map: larger maps are averaged in blocks. `None` keeps all.
    pub places: Option<usize>,
    /// Worker threads, which do not change features; `None` for all processors.
    pub threads: Option<usize>,
}

impl Convnet {
    /// Reads a network from a file that ends in `.onnx`; weights beside it (external data) are found.
    ///
    /// # Errors
    /// A file that is none, operations that are not known, no input or several.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FeatureError> {
        let file = path.as_ref().to_owned();
        let bytes = std::fs::read(&file).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => FileProblem::Missing.of(&file),
            _ => FileProblem::Io { action: "reading", source }.of(&file),
        })?;
        if let Some(looks_like) = looks_like(&bytes) {
            return Err(FeatureError::NotOnnx { file, looks_like });
        }
        let wrong = |problem: String| FeatureError::Network { file: file.clone(), problem };
        if file.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("onnx")) {
            return Err(wrong("the name of a network ends in .onnx; rename it".to_owned()));
        }
        let outline = outline(&bytes).map_err(wrong)?;
        let (name, size) = match &outline.inputs[..] {
            [(name, shape)] => match shape[..] {
                [_, channels, height, width] => (name, [channels, height, width]),
                _ => return Err(FeatureError::Inputs { file, inputs: shapes(&outline.inputs) }),
            },
            _ => return Err(FeatureError::Inputs { file, inputs: shapes(&outline.inputs) }),
        };
        let model = ModelOptions::with_all_ops()
            .enable_optimization(false)
            .load_file(&file)
            .map_err(|error| wrong(error.to_string()))?;
        let input = model.node_id(name).map_err(|error| wrong(error.to_string()))?;
        Ok(Convnet { model, input, size, layers: outline.layers, file })
    }

    /// The layers, in the order in which they are computed.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What it takes, `[channel, y, x]`; `None` where any number will do.
    #[must_use]
    pub fn size(&self) -> [Option<usize>; 3] {
        self.size
    }

    /// Features `[image, feature]` of each of these layers; those of a map are channel by channel, row by
    /// row. One channel stands for several where the network wants several. `watch` hears the number of
    /// images done, and ends it by `false`.
    ///
    /// ```text
    /// layer [1, channel, y, x]  →  averaged to at most places × places  →  one row
    /// ```
    ///
    /// # Errors
    /// No such layer, images of another size than the network takes, features that are not finite,
    /// [`FeatureError::Stopped`].
    pub fn features<S: AsRef<str>>(
        &self,
        images: &Images,
        layers: &[S],
        options: &FeatureOptions,
        watch: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Vec<Array2<f32>>, FeatureError> {
        if options.places == Some(0) {
            let fix = "a map keeps one place or more".to_owned();
            return Err(FeatureError::Value { name: "places", value: "0".to_owned(), fix });
        }
        let nodes =
            layers.iter().map(|layer| self.node(layer.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let images = match self.size[0] {
            Some(channels) => images.with_channels(channels),
            None => images.clone(),
        };
        self.check(&images)?;
        let threads = options.threads.map(|n| Arc::new(ThreadPool::with_num_threads(n)));
        let mut rows: Vec<Vec<f32>> = vec![Vec::new(); nodes.len()];
        let mut done = 0;
        for image in images.values().axis_chunks_iter(Axis(0), 1) {
            let flat: Vec<f32> = image.iter().copied().collect();
            let input = ValueView::from_shape(image.shape(), &flat)
                .map_err(|error| self.wrong(error.to_string()))?;
            let run = RunOptions::default().with_thread_pool(threads.clone());
            let values = self
                .model
                .run(vec![(self.input, input.into())], &nodes, Some(run))
                .map_err(|error| self.wrong(error.to_string()))?;
            for ((value, rows), layer) in values.into_iter().zip(&mut rows).zip(layers) {
                rows.extend(row(value, layer.as_ref(), options.places)?);
            }
            done += 1;
            if !watch(done) {
                return Err(FeatureError::Stopped { done });
            }
        }
        let of = |(values, layer): (Vec<f32>, &S)| {
            if let Some(at) = values.iter().position(|x| !x.is_finite()) {
                let image = at * done / values.len();
                let problem =
                    format!("layer `{}` is {} for image {image}", layer.as_ref(), values[at]);
                return Err(self.wrong(problem));
            }
            let columns = values.len() / done.max(1);
            Array2::from_shape_vec((done, columns), values)
                .map_err(|error| self.wrong(format!("layer `{}`: {error}", layer.as_ref())))
        };
        rows.into_iter().zip(layers).map(of).collect()
    }

    fn node(&self, name: &str) -> Result<NodeId, FeatureError> {
        let known = || self.layers.iter().map(|layer| layer.name.as_str());
        let found =
            known().find(|known| *known == name).and_then(|name| self.model.find_node(name));
        found.ok_or_else(|| FeatureError::Layer {
            asked: name.to_owned(),
            meant: closest(name, known()),
            known: known().map(str::to_owned).collect(),
        })
    }

    fn check(&self, images: &Images) -> Result<(), FeatureError> {
        let found = images.size();
        let fits = self
            .size
            .iter()
            .zip(found)
            .all(|(expected, found)| expected.is_none_or(|n| n == found));
        if fits {
            return Ok(());
        }
        Err(FeatureError::Size { expected: shape(&self.size), found })
    }

    fn wrong(&self, problem: String) -> FeatureError {
        FeatureError::Network { file: self.file.clone(), problem }
    }
}

impl fmt::Debug for Convnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut of = f.debug_struct("Convnet");
        of.field("file", &self.file)
            .field("size", &self.size)
            .field("layers", &self.layers)
            .finish()
    }
}

/// The features of one image, flat.
fn row(value: Value, layer: &str, places: Option<usize>) -> Result<Vec<f32>, FeatureError> {
    let kind = value.dtype();
    let wrong = |found: String| FeatureError::Shape { layer: layer.to_owned(), found };
    let tensor = value.into_tensor::<f32>().ok_or_else(|| wrong(kind.to_string()))?;
    let shape = tensor.shape().to_vec();
    let values = tensor.to_vec();
    match (&shape[..], places) {
        ([1, channels, height, width], Some(places)) => {
            let maps = Array3::from_shape_vec((*channels, *height, *width), values)
                .map_err(|error| wrong(error.to_string()))?;
            Ok(pool(maps.view(), places).iter().copied().collect())
        }
        ([1, ..], _) if !values.is_empty() => Ok(values),
        _ => Err(wrong(format!("{shape:?}"))),
    }
}

/// `[?, 3, 32, 32]`
fn shape(axes: &[Option<usize>]) -> String {
    let axes: Vec<String> =
        axes.iter().map(|n| n.map_or_else(|| "?".to_owned(), |n| n.to_string())).collect();
    format!("[{}]", axes.join(", "))
}

fn shapes(inputs: &[(String, Vec<Option<usize>>)]) -> Vec<String> {
    inputs.iter().map(|(name, axes)| format!("`{name}` {}", shape(axes))).collect()
}
