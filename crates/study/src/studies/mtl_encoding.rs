//! Encoding models of single units: which tuning do they recover, and what can mislead them?
//!
//! Units whose tuning is known respond to images: some linearly in the features of one layer of a
//! convolutional network, some to categories, some through recurrent dynamics, some not at all. Ridge regression, Poisson
//! regression and a recurrent network are fitted and judged on images that they have not seen.

use attractor::analysis::{
    Encoded, EncodingModel, EncodingOptions, benjamini_hochberg, encode, encoding_significance,
    group_folds,
};
use attractor::report::{Axis as Scaled, Color, Dots, Figure, Height, Label, Panel, Width};
use ndarray::{Axis, s};
use serde::Serialize;

mod images;
mod late;
mod layers;
mod scores;
mod units;

use crate::claim::{Expected, Over, Relation, Reported, median};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};
use layers::{BANK, CONVNET};
use scores::{by_layer, leak, mean, normalised, of, scores};
use units::{Kind, ONSET};

/// The study.
pub(crate) struct MtlEncoding;

const PROPOSED: &str = "proposed; acceptance of the study";
const MARGIN: &str = "proposed without a number; acceptance of the study";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "dense_r", statement: "linear tuning is recovered: correlation of predicted and true log rates on held-out images, median of dense units", source: PROPOSED, relation: Relation::AtLeast, value: 0.7, over: Over::Median },
    Expected { id: "null_significant", statement: "units without tuning that pass the permutation test at a false discovery rate of 5 %", source: PROPOSED, relation: Relation::AtMost, value: 0.05, over: Over::Mean },
    Expected { id: "layer", statement: "dense units whose layer is the one that predicts best", source: PROPOSED, relation: Relation::AtLeast, value: 0.7, over: Over::Median },
    Expected { id: "sparse_gain", statement: "Poisson regression explains units that respond to categories at least as well as ridge regression does: median difference of D²", source: PROPOSED, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "late_recurrent", statement: "a recurrent model explains the late response of recurrent units better than separable tuning: median difference of D² after 300 ms", source: MARGIN, relation: Relation::AtLeast, value: 0.01, over: Over::Median },
    Expected { id: "late_static", statement: "that of dense units it does not", source: MARGIN, relation: Relation::AtMost, value: 0.01, over: Over::Median },
    Expected { id: "leak", statement: "holding out trials instead of images inflates the correlation of single trials: mean difference over tuned units", source: MARGIN, relation: Relation::AtLeast, value: 0.02, over: Over::Median },
];

const SHOWN: &str = "shown beside the claims";

#[rustfmt::skip]
const REPORTED: &[Reported] = &[
    Reported { id: "dense_normalised", statement: "held-out correlation with mean responses over the noise ceiling, median of dense units", source: SHOWN },
    Reported { id: "sparse_normalised", statement: "the same of units that respond to categories", source: SHOWN },
    Reported { id: "dense_bits", statement: "bits per spike of Poisson regression beyond the mean, median of dense units", source: SHOWN },
    Reported { id: "tuned_significant", statement: "tuned units that pass the permutation test", source: SHOWN },
    Reported { id: "convnet", statement: "1: features are those of the trained network of --data; 0: those of a bank of filters", source: SHOWN },
    Reported { id: "late_separable", statement: "D² of separable tuning after 300 ms, median of recurrent units", source: SHOWN },
];

#[derive(Clone, Copy, Serialize)]
struct Settings {
    images: usize,
    repeats: usize,
    units: usize,
    permutations: usize,
    /// Random halves of the repeats, for noise ceilings.
    splits: usize,
    /// Updates of the recurrent model.
    updates: u64,
}

fn settings(scale: Scale) -> Settings {
    let quick = Settings {
        images: 200,
        repeats: 8,
        units: 200,
        permutations: 200,
        splits: 50,
        updates: 1500,
    };
    match scale {
        Scale::Smoke => {
            Settings { images: 40, repeats: 4, units: 20, permutations: 9, updates: 10, ..quick }
        }
        // the project's stimuli and results are not public
        Scale::Quick | Scale::Paper => quick,
    }
}

impl Study for MtlEncoding {
    fn name(&self) -> &'static str {
        "mtl-encoding"
    }

    fn title(&self) -> &'static str {
        "Encoding models of single units in the human medial temporal lobe"
    }

    fn reference(&self) -> &'static str {
        "method-level replication on simulated units; recordings of the kind: Mormann et al. 2017, PNAS 114:E7717, doi:10.1073/pnas.1702835114; Kreiman, Koch & Fried 2000, Nature Neuroscience 3:946, doi:10.1038/78868"
    }

    fn summary(&self) -> &'static str {
        "Ten categories of shapes and textures in 200 images, shown eight times; 200 Poisson units: 30 % \
         linear in one of three layers of ResNet-20 (He et al. 2016, arXiv:1512.03385), trained on CIFAR-10, or, \
         without --data, of a bank of Gabor and random filters; 30 % respond to one or two categories, 20 % follow recurrent dynamics late in the response, 20 % are not tuned. Ridge \
         regression of square roots and Poisson regression on 50 principal components of each layer, by \
         cross-validation nested in images; permutation of images; a network of 64 rectified units for all \
         units at once, in bins of 50 ms."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn reported(&self) -> &'static [Reported] {
        REPORTED
    }

    fn needs(&self) -> Option<&'static str> {
        Some(
            "resnet20.onnx, which crates/study/scripts/resnet20.py makes of the checkpoint \
             resnet20-12fca82f.th of github.com/akamaster/pytorch_resnet_cifar10; without it, a bank of \
             filters that has seen no image stands for the network, and the reported value `convnet` is 0",
        )
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let settings = settings(context.scale);
        let Settings { images, repeats, permutations, splits, updates, .. } = settings;
        let parts = 6;
        let mut measured = Measured::default();
        context.part(0, parts, "images and units")?;
        let (layers, trained) = layers::layers(context, &images::images(images, context.seed))?;
        measured.set("convnet", f64::from(trained));
        let units = units::units(&layers, settings.units, repeats, context.seed)?;
        let image: Vec<usize> = (0..images).collect();
        let ridge = EncodingOptions { seed: context.seed, ..EncodingOptions::default() };
        let poisson = EncodingOptions { model: EncodingModel::Poisson, ..ridge.clone() };
        let top = &layers[layers.len() - 1];

        context.part(1, parts, "ridge regression on each layer")?;
        let roots = units.counts.mapv(f64::sqrt).sum_axis(Axis(0)) / repeats as f64;
        let encoded: Vec<Encoded> = (layers.iter())
            .map(|layer| encode(layer.view(), roots.view(), &image, &ridge))
            .collect::<Result<_, _>>()?;
        let r: Vec<Vec<f64>> = (encoded.iter())
            .map(|encoded| encoded.correlations(roots.view(), &image))
            .collect::<Result<_, _>>()?;
        let best: Vec<usize> = (0..units.kinds.len())
            .map(|unit| (1..r.len()).fold(0, |b, l| if r[l][unit] > r[b][unit] { l } else { b }))
            .collect();
        let right = of(
            &units,
            |kind| matches!(kind, Kind::Dense(_)),
            |unit| f64::from(units.kinds[unit] == Kind::Dense(best[unit])),
        );
        measured.set("layer", mean(&right));
        normalised(&units, &roots, &r, &best, splits, context.seed, &mut measured)?;

        context.part(2, parts, "Poisson regression")?;
        let totals = units.counts.sum_axis(Axis(0));
        let rates = by_layer(&layers, &totals, &best, &image, &poisson)?;
        scores(&units, &totals, &rates, &encoded, &best, repeats, &mut measured)?;

        context.part(3, parts, "permutations")?;
        let p = encoding_significance(top.view(), roots.view(), &image, &ridge, permutations)?;
        let q = benjamini_hochberg(&p)?;
        let found = |unit: usize| f64::from(q[unit] <= 0.05);
        measured.set("null_significant", mean(&of(&units, |kind| kind == Kind::Null, found)));
        measured.set("tuned_significant", mean(&of(&units, |kind| kind != Kind::Null, found)));

        context.part(4, parts, "trials held out")?;
        measured.set("leak", leak(&units, top, &ridge)?);

        context.part(5, parts, "recurrent model")?;
        let folds = group_folds(&image, poisson.outer, poisson.seed)?;
        let response = units.binned.slice(s![ONSET.., .., ..]).sum_axis(Axis(0));
        let totals = encode(top.view(), response.view(), &image, &poisson)?.predicted;
        let network = late::recurrent(context, top, &units, repeats, &folds[0], updates)?;
        let tuning = late::separable(&totals, &units, &folds[0]);
        let network = late::late_explained(&network, &units, &folds[0])?;
        let tuning = late::late_explained(&tuning, &units, &folds[0])?;
        let gain = |unit: usize| network[unit] - tuning[unit];
        let recurrent = of(&units, |kind| kind == Kind::Recurrent, gain);
        let dense = of(&units, |kind| matches!(kind, Kind::Dense(_)), gain);
        measured.set("late_recurrent", median(recurrent.iter().copied()));
        measured.set("late_static", median(dense.iter().copied()));
        let tuning = of(&units, |kind| kind == Kind::Recurrent, |unit| tuning[unit]);
        measured.set("late_separable", median(tuning));
        measured.set_series("gain_recurrent", recurrent);
        measured.set_series("gain_dense", dense);
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let title = |letter: &str, text: &str| Label::new().bold(letter).text(format!("  {text}"));
        let trained = seeds.iter().all(|(_, measured)| measured.get("convnet") == Some(1.0));
        let names = if trained { CONVNET } else { BANK };
        let ticks = names.into_iter().enumerate();
        let ticks = ticks.map(|(k, name)| (k as f64, Label::from(name)));
        let layers = Panel::new(
            Scaled::new("layer of the model").range(-0.5, 3.5).ticks_at(ticks),
            Scaled::new("held-out r"),
        )
        .title(title("a", "Layers"));
        let layers = (1..names.len()).fold(layers, |panel, layer| {
            let points = seeds.iter().flat_map(|(_, measured)| {
                measured.series(&format!("profile_{layer}")).into_iter().enumerate()
            });
            let points = points.map(|(k, r)| (k as f64 + 0.15 * (layer as f64 - 2.0), r));
            let name = format!("units of {}", names[layer]);
            panel.mark(Dots::new(points, Color::line(layer)).radius(1.8).name(name))
        });
        let kinds = ["recurrent", "dense"];
        let ticks = kinds.into_iter().enumerate().map(|(k, name)| (k as f64, Label::from(name)));
        let late = Panel::new(
            Scaled::new("units").range(-0.5, 1.5).ticks_at(ticks),
            Scaled::new("gain of D² after 300 ms"),
        )
        .title(title("b", "Recurrent model"));
        let late = kinds.into_iter().enumerate().fold(late, |panel, (k, kind)| {
            let points = seeds.iter().enumerate().flat_map(|(seed, (_, measured))| {
                let at = k as f64 + 0.15 * (seed as f64 - (seeds.len() as f64 - 1.0) / 2.0);
                measured.series(&format!("gain_{kind}")).into_iter().map(move |gain| (at, gain))
            });
            panel.mark(Dots::new(points, Color::line(k)).radius(0.8))
        });
        let figure = Figure::new("Encoding models", Width::Double)
            .columns([1.0, 1.0])
            .rows([Height::Mm(42.0)])
            .place(0, 0, layers)
            .place(0, 1, late)
            .caption("a: correlation of ridge regression on each layer with held-out responses, medians of the units that are linear in one of them, a dot a seed. b: what a recurrent model explains beyond separable tuning, a dot a unit, seeds side by side.")
            .describe("Held-out correlation by layer of the model and of the units, and gain in deviance explained by the recurrent model for recurrent and dense units.");
        vec![("encoding", figure)]
    }
}
