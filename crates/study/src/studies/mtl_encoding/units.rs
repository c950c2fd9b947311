//! Units whose tuning is known, and their spikes.

use attractor::analysis::{Components, ZScores};
use attractor::numerics::law::Law;
use attractor::numerics::random;
use ndarray::{Array1, Array2, Array3, ArrayViewMut1, Axis, s};
use rand_distr::{Distribution, Poisson};

use super::images::CATEGORIES;
use crate::error::StudyError;

/// Bins of 50 ms from the onset of an image.
pub(super) const BINS: usize = 20;
pub(super) const BIN: f64 = 50.0;
/// First bin of the response, of the window that is counted (200 to 1000 ms), and of what is late
/// (after 300 ms).
pub(super) const ONSET: usize = 2;
const WINDOW: usize = 4;
pub(super) const LATE: usize = 6;
/// Standard deviation of the log rate over images.
const TUNING: f64 = 0.6;
/// A concept multiplies the rate by this.
const CONCEPT: f64 = 5.0;
/// Hidden units of the dynamics behind recurrent units, and the components they are driven by.
const HIDDEN: usize = 16;
const DRIVING: usize = 10;

/// What a unit is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Linear in the features of a layer.
    Dense(usize),
    /// Responds to one or two categories.
    Sparse,
    /// Tuned as a dense unit early on, by recurrent dynamics later.
    Recurrent,
    /// Not tuned.
    Null,
}

/// Units and their responses.
pub(super) struct Units {
    pub(super) kinds: Vec<Kind>,
    /// Log of the expected count in the window, `[image, unit]`.
    pub(super) log_rates: Array2<f64>,
    /// Counts in the window, `[repeat, image, unit]`.
    pub(super) counts: Array3<f64>,
    /// Counts in bins, summed over repeats, `[bin, image, unit]`.
    pub(super) binned: Array3<f64>,
}

/// 30 % dense, of the layers beyond pixels in turn, 30 % sparse, 20 % recurrent, 20 % without tuning;
/// Poisson spikes from 2 to 8 Hz.
pub(super) fn units(
    layers: &[Array2<f64>],
    count: usize,
    repeats: usize,
    seed: u64,
) -> Result<Units, StudyError> {
    let images = layers[0].nrows();
    let mut rng = random::stream(seed, "mtl/units");
    let mut draw = |law: Law, count: usize| law.sample(1, count, &mut rng);
    let scored = (layers.iter())
        .map(|layer| ZScores::of(layer.view())?.apply(layer.view()))
        .collect::<Result<Vec<Array2<f64>>, _>>()?;
    let top = layers.len() - 1;
    let states = dynamics(&layers[top], seed)?;

    let kind = |unit: usize| match unit * 10 / count {
        0..3 => Kind::Dense(1 + unit % top),
        3..6 => Kind::Sparse,
        6..8 => Kind::Recurrent,
        _ => Kind::Null,
    };
    let kinds: Vec<Kind> = (0..count).map(kind).collect();
    let normal = Law::Normal { sd: 1.0 };
    // log of the expected count in a bin
    let mut log_rates = Array3::zeros((BINS, images, count));
    for (unit, kind) in kinds.iter().enumerate() {
        let hertz = draw(Law::Between { low: 2.0, high: 8.0 }, 1)[0];
        let mut linear = |layer: usize| {
            let weights = Array1::from(draw(normal, scored[layer].ncols()));
            let mut tuning = scored[layer].dot(&weights);
            scaled(tuning.view_mut(), TUNING);
            tuning
        };
        let early = match kind {
            Kind::Dense(layer) => linear(*layer),
            Kind::Recurrent => linear(top),
            Kind::Sparse | Kind::Null => Array1::zeros(images),
        };
        let weights = Array1::from(draw(normal, HIDDEN));
        let which = draw(Law::Between { low: 0.0, high: CATEGORIES as f64 }, 2);
        let liked = [which[0] as usize, which[unit % 2] as usize];
        for bin in 0..BINS {
            let mut tuning = early.clone();
            if *kind == Kind::Sparse {
                let gain = |image: usize| liked.contains(&(image % CATEGORIES));
                tuning = (0..images).map(|k| if gain(k) { CONCEPT.ln() } else { 0.0 }).collect();
            }
            if *kind == Kind::Recurrent && bin >= ONSET {
                let mut late = states[bin - ONSET].dot(&weights);
                scaled(late.view_mut(), TUNING);
                let share = ((bin - ONSET) as f64 / (LATE - ONSET) as f64).min(1.0);
                tuning = tuning * (1.0 - share) + late * share;
            }
            let base = (hertz * BIN / 1000.0).ln();
            let response =
                if bin >= ONSET { tuning + base } else { Array1::from_elem(images, base) };
            log_rates.slice_mut(s![bin, .., unit]).assign(&response);
        }
    }
    let rates = log_rates.mapv(f64::exp);
    let mut spikes = random::stream(seed, "mtl/spikes");
    let mut counts = Array3::zeros((repeats, images, count));
    let mut binned = Array3::zeros((BINS, images, count));
    for ((bin, image, unit), &rate) in rates.indexed_iter() {
        let law = Poisson::new(rate).map_err(|e| StudyError::Study(format!("rate {rate}: {e}")))?;
        for repeat in 0..repeats {
            let count: f64 = law.sample(&mut spikes);
            binned[[bin, image, unit]] += count;
            if bin >= WINDOW {
                counts[[repeat, image, unit]] += count;
            }
        }
    }
    let log_rates = rates.slice(s![WINDOW.., .., ..]).sum_axis(Axis(0)).mapv(f64::ln);
    Ok(Units { kinds, log_rates, counts, binned })
}

/// `h ← max(W h + U f, 0)` from 0, W a rotation, f leading components of features: `[image, hidden]` after
/// each bin of the response.
fn dynamics(features: &Array2<f64>, seed: u64) -> Result<Vec<Array2<f64>>, StudyError> {
    let mut rng = random::stream(seed, "mtl/dynamics");
    let mut matrix = |law: Law, columns: usize| {
        let values = law.sample(HIDDEN, columns, &mut rng);
        Array2::from_shape_fn((columns, HIDDEN), |(j, i)| values[i * columns + j])
    };
    let rotation = matrix(Law::Orthogonal { gain: 1.0 }, HIDDEN);
    let mut drive = Components::of(features.view(), DRIVING)?.scores().to_owned();
    drive.columns_mut().into_iter().for_each(|column| scaled(column, 1.0));
    let drive = drive.dot(&matrix(Law::Gaussian { gain: 1.0 }, DRIVING));
    let mut state = Array2::zeros(drive.dim());
    let mut states = Vec::new();
    for _ in ONSET..BINS {
        state = (state.dot(&rotation) + &drive).mapv_into(|h: f64| h.max(0.0));
        states.push(state.clone());
    }
    Ok(states)
}

/// One row with mean 0 and sd `sd`.
fn scaled(mut row: ArrayViewMut1<'_, f64>, sd: f64) {
    let mean = row.sum() / row.len() as f64;
    row -= mean;
    let size = row.std(0.0);
    if size > 0.0 {
        row *= sd / size;
    }
}
