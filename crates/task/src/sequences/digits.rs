//! Handwritten digits, one pixel or one row after the other.

use attractor_data::Npz;
use ndarray::{Array1, Array2, Array3, Axis};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::{Collection, Label, Sequence, Sequences, divide};
use crate::options::options;
use crate::{About, TaskError, draw};

/// The images; where they come from, and their licence, stand in `files/README.md`.
static DIGITS: &[u8] = include_bytes!("../../files/digits.npz");
/// The largest value of a pixel.
const WHITE: f32 = 16.0;
/// Share of the images held out for validation, and for evaluation.
const HELD_OUT: f64 = 1.0 / 6.0;

/// What of an image comes in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scan {
    /// A pixel: one channel, as many steps as there are pixels.
    Pixel,
    /// A row: as many channels as there are columns.
    Row,
}

/// When the class of a sequence is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// At the last step.
    Last,
    /// At every step.
    Every,
}

impl Ask {
    pub(super) fn label(self, class: usize) -> Label {
        match self {
            Ask::Last => Label::Last(class),
            Ask::Every => Label::Every(class),
        }
    }
}

options! {
    /// Which digit is it? 8×8 pixels, shown one after the other from the top left, or row by row.
    ///
    /// The 1797 images of scikit-learn's `load_digits`, from 13 writers; pixels from 0 to 1. The ten outputs
    /// are the classes: the target is 1 for the right one and 0 for the others. Of every digit, one sixth
    /// is held out for validation and one sixth for evaluation. Conditions: `class`, the digit, and
    /// `sequence`, which of the images it is.
    ///
    /// Choice rule: the output with the largest mean over the steps that are asked.
    ///
    /// Images: Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    /// Repository, 1998, doi:10.24432/C50P49 (CC BY 4.0). Images as sequences of pixels, permuted or not:
    /// Le, Jaitly & Hinton 2015, arXiv:1504.00941; with spiking neurons: Yin, Corradi & Bohté, Nature Machine
    /// Intelligence 3:905, 2021, doi:10.1038/s42256-021-00397-w.
    pub struct SequentialDigits, dt = 1.0 {
        /// What comes in one step: a `pixel` (64 steps) or a `row` (8 steps of 8 channels)
        scan: Scan = Scan::Pixel, "";
        /// Seed of a permutation of the pixels, the same for all images; 0 leaves them in order
        permutation: u64 = 0, "";
        /// When the digit is asked: at the `last` step or at `every` one
        ask: Ask = Ask::Last, "";
        /// Standard deviation of noise on every pixel, whatever the dt
        noise: f64 = 0.0, "";
        /// Seed by which images are held out
        split: u64 = 1, "";
    }
}

impl Collection for SequentialDigits {
    const ABOUT: About = About {
        name: "sequential-digits",
        summary: "tell handwritten digits whose pixels come one after the other",
        reference: "images: Alpaydin & Kaynak 1998, UCI Machine Learning Repository, doi:10.24432/C50P49 (CC BY 4.0); as sequences: Le, Jaitly & Hinton 2015, arXiv:1504.00941",
        choice_rule: "the output with the largest mean over the steps asked is that of the digit",
    };

    fn noise(&self) -> f64 {
        self.noise
    }

    fn load(&self) -> Result<Sequences, TaskError> {
        let data = |error| TaskError::data(Self::ABOUT.name, error);
        let mut file = Npz::from_bytes("digits.npz", DIGITS.to_vec()).map_err(data)?;
        let images: Array3<f32> = file.array("images", "[image, row, column]").map_err(data)?;
        let labels: Array1<f32> = file.array("labels", "[image]").map_err(data)?;
        let classes: Vec<usize> = labels.iter().map(|&label| label as usize).collect();
        let (_, rows, columns) = images.dim();
        let order = order(rows * columns, self.permutation);
        let all = images.axis_iter(Axis(0)).zip(&classes).map(|(image, &class)| Sequence {
            inputs: self.scan.sequence(
                rows,
                columns,
                order.iter().map(|&k| image[[k / columns, k % columns]] / WHITE),
            ),
            label: self.ask.label(class),
        });
        Ok(Sequences {
            channels: self.scan.channels(columns),
            classes: (0..10).map(|digit| digit.to_string()).collect(),
            all: all.collect(),
            parts: divide(&classes, HELD_OUT, self.split),
        })
    }
}

impl Scan {
    /// Pixels in their order as `[time, channel]`.
    pub(super) fn sequence(
        self,
        rows: usize,
        columns: usize,
        pixels: impl Iterator<Item = f32>,
    ) -> Array2<f32> {
        let (steps, channels) = match self {
            Scan::Pixel => (rows * columns, 1),
            Scan::Row => (rows, columns),
        };
        let mut sequence = Array2::zeros((steps, channels));
        sequence.iter_mut().zip(pixels).for_each(|(x, pixel)| *x = pixel);
        sequence
    }

    /// Names of the channels.
    pub(super) fn channels(self, columns: usize) -> Vec<String> {
        match self {
            Scan::Pixel => vec!["pixel".to_owned()],
            Scan::Row => (1..=columns).map(|column| format!("column {column}")).collect(),
        }
    }
}

/// The order of so many pixels; seed 0 is from the first to the last.
pub(super) fn order(pixels: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..pixels).collect();
    if seed != 0 {
        order.shuffle(&mut draw::stream(seed, "permutation"));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;
    use attractor_data::part::{EVALUATION, Part, VALIDATION};

    fn made(options: SequentialDigits) -> super::super::Drawn<SequentialDigits> {
        options.make().unwrap()
    }

    #[test]
    fn the_first_image_is_a_zero() {
        let all = &made(SequentialDigits::default()).sequences().all.clone();
        let counts: Vec<usize> =
            (0..10).map(|d| all.iter().filter(|s| s.label == Label::Last(d)).count()).collect();
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        let first_rows = [0., 0., 5., 13., 9., 1., 0., 0., 0., 0., 13., 15., 10., 15., 5., 0.];
        assert_eq!(
            (&all[0].inputs * 16.0).iter().take(16).copied().collect::<Vec<_>>(),
            first_rows
        );
        assert_eq!(all[0].label, Label::Last(0));
        let rows = SequentialDigits { scan: Scan::Row, ask: Ask::Every, ..Default::default() };
        let by_row = &made(rows).sequences().all.clone();
        assert_eq!(by_row[0].inputs.dim(), (8, 8));
        assert!(by_row[0].inputs.iter().eq(all[0].inputs.iter()));
        assert_eq!(by_row[0].label, Label::Every(0));
    }

    #[test]
    fn a_permutation_moves_pixels_alike_in_all_images() {
        let plain = made(SequentialDigits::default());
        let moved = made(SequentialDigits { permutation: 3, ..Default::default() });
        let order = order(64, 3);
        assert_ne!(order, super::order(64, 4));
        assert_eq!(plain.sequences().parts, moved.sequences().parts);
        for (a, b) in plain.sequences().all.iter().zip(&moved.sequences().all) {
            assert!(order.iter().map(|&k| a.inputs[[k, 0]]).eq(b.inputs.iter().copied()));
            assert_ne!(a.inputs, b.inputs);
        }
    }

    #[test]
    fn parts_share_no_image_and_evaluation_shows_each_once() {
        let task = made(SequentialDigits::default());
        let held = task.distinct(Part::Evaluation).unwrap();
        assert_eq!(task.distinct(Part::Training), Some(1797 - 2 * held));
        let seen = |epoch: u64, trials: usize| {
            let batch = task.generate(1, epoch, trials).unwrap();
            let mut seen: Vec<u64> =
                batch.conditions.numbers("sequence").unwrap().iter().map(|&k| k as u64).collect();
            seen.sort_unstable();
            seen.dedup();
            seen
        };
        let [test, validation] = [EVALUATION, 40 | VALIDATION].map(|epoch| seen(epoch, held));
        assert_eq!((test.len(), validation.len()), (held, held), "none comes twice");
        let training: Vec<u64> = (0..20).flat_map(|epoch| seen(epoch, 500)).collect();
        assert!(!training.iter().chain(&validation).any(|k| test.contains(k)));
        assert!(!training.iter().any(|k| validation.contains(k)));
    }

    #[test]
    fn noise_is_on_every_pixel_and_fresh() {
        let noisy = made(SequentialDigits { noise: 0.2, ..Default::default() });
        let quiet = made(SequentialDigits::default());
        let of = |epoch: u64| {
            let (noisy, quiet) =
                (noisy.generate(1, epoch, 50).unwrap(), quiet.generate(1, epoch, 50).unwrap());
            assert_eq!((&noisy.targets, &noisy.conditions), (&quiet.targets, &quiet.conditions));
            noisy.inputs - quiet.inputs
        };
        let (first, second) = (of(0), of(1));
        let n = first.len() as f32;
        let sd = (first.mapv(|x| x * x).sum() / n).sqrt();
        // the standard error of a standard deviation is sd / √(2n)
        assert!((sd - 0.2).abs() < 5.0 * 0.2 / (2.0 * n).sqrt(), "sd {sd}");
        let correlation = (first * second).sum() / n / 0.04;
        assert!(correlation.abs() < 5.0 / n.sqrt(), "{correlation}");
    }
}
