//! How far statistics of one activity lie from those of another, such as a network's from a recording's.

use attractor_numerics::random::stream;
use ndarray::ArrayView3;
use rand::RngExt;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::Serialize;

use crate::MeasureError;
use crate::activity_statistics::{ActivityStatistics, Known};
use crate::graph::quantile;
use crate::intervals::wilson;
use crate::measure_error::enough;

/// Probability that an interval holds the truth.
const LEVEL: f64 = 0.95;
/// Places of statistics in [`ActivityStatistics::NAMES`] that are treated on their own.
const SILENT: usize = 3;
const SEQUENCE: usize = 5;

/// One statistic of two populations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedStatistic {
    /// What it is.
    pub name: &'static str,
    /// Of the first and of the second; their means, where it is a distribution over units.
    pub values: [f64; 2],
    /// How far apart: the size of the difference; of distributions, Wasserstein's distance.
    pub distance: f64,
    /// Its 95 % interval for other units of the same populations; it holds the distance.
    pub interval: [f64; 2],
    /// Distance that halves of the second have from each other, the mean over draws: what no model can be
    /// asked to go below.
    pub within: f64,
}

/// Compares the statistics of activity `[time, trial, unit]`, such as a network's, with those of another,
/// such as a recording's: the size of each difference, its interval, and how far halves of the second are
/// apart. Times may be as many as they are; peaks are compared as fractions of the time by Wasserstein's
/// distance.
///
/// Participation ratio and sequence index depend on how many units there are: both populations are judged
/// at the number of the smaller, the former in closed form, the latter by the mean over random choices.
///
/// Intervals are about what other units of the same populations would give, at the same times and trials.
/// Half of the N units, drawn without replacement, scatters about all of them as all do about the
/// population (the variance of a mean is `σ² (1/m − 1/N)`, which is `σ²/N` at `m = N/2`), and no unit
/// comes twice, which would lower the dimension and the entropy of peaks. The interval of a difference d
/// reflects that scatter about its mean, and the distance `|d|` has the part of it that is not negative
/// (Politis, Romano & Wolf 1999, doi:10.1007/978-1-4612-1554-7). The fraction that is silent has Newcombe's
/// interval from Wilson's, which holds at 0 too (Newcombe 1998,
/// doi:10.1002/(sici)1097-0258(19980430)17:8<873::aid-sim779>3.0.co;2-i). Of Wasserstein's distance,
/// `∫ |F − G|`, the estimate is off by at most `∫ |(F̂ − F) − (Ĝ − G)|`, whose 95th percentile a bootstrap
/// of the units gives: it holds for equal distributions, and is cautious for distant ones.
///
/// Cost: `draws` × units² for each.
///
/// # Errors
/// As for [`activity_statistics`](crate::activity_statistics); no draw; fewer than 6 units.
pub fn compare_statistics(
    first: ArrayView3<'_, f64>,
    second: ArrayView3<'_, f64>,
    draws: usize,
    seed: u64,
) -> Result<Vec<ComparedStatistic>, MeasureError> {
    enough("draws", 1, draws)?;
    enough("units of the first", 6, first.dim().2)?;
    enough("units of the second", 6, second.dim().2)?;
    let known = [Known::of(first)?, Known::of(second)?];
    let peaks = known.each_ref().map(|known| known.peaks(&known.all()));
    let pair = Pair { known, peaks };
    let drawn: Vec<Draw> = (0..draws)
        .into_par_iter()
        .map(|draw| pair.draw(&mut stream(seed, &format!("statistics/{draw}"))))
        .collect::<Vec<Option<Draw>>>()
        .into_iter()
        .flatten()
        .collect();
    enough("draws with units that vary", 1, drawn.len())?;
    let mut compared = pair.differences(&drawn)?;
    compared.push(pair.peaks(&drawn)?);
    Ok(compared)
}

/// What is compared.
struct Pair {
    known: [Known; 2],
    /// When the units of either peak.
    peaks: [Vec<f64>; 2],
}

/// One draw of units.
struct Draw {
    /// Statistics of half of the first and of both halves of the second.
    halves: [[f64; 6]; 3],
    /// Sequence index of either, of as many units as the smaller has.
    sequence: [f64; 2],
    /// Distance of the peaks of both halves of the second.
    peaks: f64,
    /// How far the distributions of peaks are moved by drawing units anew, against each other.
    moved: f64,
}

impl Pair {
    /// Units of the smaller, and those of them that vary.
    fn common(&self) -> (usize, usize) {
        let [a, b] = &self.known;
        (a.all().len().min(b.all().len()), a.varying().min(b.varying()))
    }

    /// None if nobody of the draw varies.
    fn draw(&self, rng: &mut impl rand::Rng) -> Option<Draw> {
        let (units, varying) = self.common();
        let [a, b] = &self.known;
        let orders = self.known.each_ref().map(|known| {
            let mut order = known.all();
            order.shuffle(rng);
            order
        });
        let half = |k: usize| &orders[k][..orders[k].len() / 2];
        let (left, right) = (half(1), &orders[1][orders[1].len() / 2..]);
        let statistics = |known: &Known, chosen: &[usize]| {
            known.statistics(chosen, varying).ok().map(|found| found.values())
        };
        let [own, other] = &self.peaks;
        let mut anew = |values: &[f64]| -> Vec<f64> {
            values.iter().map(|_| values[rng.random_range(0..values.len())]).collect()
        };
        let (first, second) = (anew(own), anew(other));
        Some(Draw {
            halves: [statistics(a, half(0))?, statistics(b, left)?, statistics(b, right)?],
            sequence: [
                a.sequence(&orders[0][..units]).ok()?,
                b.sequence(&orders[1][..units]).ok()?,
            ],
            peaks: wasserstein(&b.peaks(left), &b.peaks(right)),
            moved: area(&[(&first, 1.0), (own, -1.0), (&second, -1.0), (other, 1.0)]),
        })
    }

    /// Of statistics that are numbers.
    fn differences(&self, drawn: &[Draw]) -> Result<Vec<ComparedStatistic>, MeasureError> {
        let (_, varying) = self.common();
        let [a, b] = &self.known;
        let mut own = a.statistics(&a.all(), varying)?.values();
        let mut other = b.statistics(&b.all(), varying)?.values();
        own[SEQUENCE] = mean(drawn.iter().map(|draw| draw.sequence[0]));
        other[SEQUENCE] = mean(drawn.iter().map(|draw| draw.sequence[1]));
        // halves of an odd number are a little less
        let scale = |known: &Known| {
            let (all, half) = (known.all().len(), known.all().len() / 2);
            (half as f64 / (all - half) as f64).sqrt()
        };
        let (scale_a, scale_b) = (scale(a), scale(b));
        let compared = |(k, name): (usize, &'static str)| {
            let difference = own[k] - other[k];
            let middle = |which: usize| mean(drawn.iter().map(|draw| draw.halves[which][k]));
            let (middle_a, middle_b) = (middle(0), middle(1));
            let scatter: Vec<f64> = drawn
                .iter()
                .map(|Draw { halves: [x, y, _], .. }| {
                    scale_a * (x[k] - middle_a) - scale_b * (y[k] - middle_b)
                })
                .collect();
            let tail = 0.5 * (1.0 - LEVEL);
            let ends = match k {
                SILENT => self.silent(),
                _ => [1.0 - tail, tail].map(|at| quantile(&scatter, at).map(|q| difference - q)),
            };
            let [low, high] = ends;
            let apart = |draw: &Draw| (draw.halves[1][k] - draw.halves[2][k]).abs();
            Ok(ComparedStatistic {
                name,
                values: [own[k], other[k]],
                distance: difference.abs(),
                interval: sizes(difference, low?, high?),
                within: mean(drawn.iter().map(apart)),
            })
        };
        ActivityStatistics::NAMES.into_iter().enumerate().map(compared).collect()
    }

    /// Newcombe's interval of the difference of the fractions that are silent.
    fn silent(&self) -> [Result<f64, MeasureError>; 2] {
        let [(p, [p_low, p_high]), (q, [q_low, q_high])] = self.known.each_ref().map(|known| {
            let (silent, all) = (known.silent(), known.all().len());
            (silent as f64 / all as f64, wilson(silent, all, LEVEL))
        });
        [Ok(p - q - (p - p_low).hypot(q_high - q)), Ok(p - q + (p_high - p).hypot(q - q_low))]
    }

    /// Of the times of peaks.
    fn peaks(&self, drawn: &[Draw]) -> Result<ComparedStatistic, MeasureError> {
        let [own, other] = &self.peaks;
        let distance = wasserstein(own, other);
        let moved: Vec<f64> = drawn.iter().map(|draw| draw.moved).collect();
        let off = quantile(&moved, LEVEL)?;
        Ok(ComparedStatistic {
            name: "time of peak / duration",
            values: [mean(own.iter().copied()), mean(other.iter().copied())],
            distance,
            interval: [(distance - off).max(0.0), distance + off],
            within: mean(drawn.iter().map(|draw| draw.peaks)),
        })
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// The sizes of differences from `low` to `high`, which lie on either side of one that was found.
fn sizes(found: f64, low: f64, high: f64) -> [f64; 2] {
    let (low, high) = (low.min(found), high.max(found));
    let least = if low <= 0.0 && high >= 0.0 { 0.0 } else { low.abs().min(high.abs()) };
    [least, low.abs().max(high.abs())]
}

/// `∫ |Σ w F(t)| dt` of distributions of samples with weights that sum to 0.
fn area(weighted: &[(&[f64], f64)]) -> f64 {
    let mut steps: Vec<(f64, f64)> = weighted
        .iter()
        .flat_map(|&(values, weight)| {
            values.iter().map(move |x| (*x, weight / values.len() as f64))
        })
        .collect();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut height = 0.0;
    let mut sum = 0.0;
    for pair in steps.windows(2) {
        height += pair[0].1;
        sum += height.abs() * (pair[1].0 - pair[0].0);
    }
    sum
}

/// Wasserstein's distance of two samples, `∫ |F⁻¹(q) − G⁻¹(q)| dq = ∫ |F(t) − G(t)| dt`: how far values
/// have to be moved, on average, to make one of the other. 0 if one is empty.
#[must_use]
pub fn wasserstein(first: &[f64], second: &[f64]) -> f64 {
    match first.is_empty() || second.is_empty() {
        true => 0.0,
        false => area(&[(first, 1.0), (second, -1.0)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::activity_statistics::tests::chain;
    use ndarray::Array3;

    #[test]
    fn like_and_unlike() {
        let recording = chain(100, 40, 3.0, 1);
        let like =
            compare_statistics(chain(150, 60, 4.5, 2).view(), recording.view(), 100, 1).unwrap();
        let unlike =
            compare_statistics(chain(150, 60, 60.0, 2).view(), recording.view(), 100, 1).unwrap();
        assert_eq!(like.len(), 7);
        for (like, unlike) in like.iter().zip(&unlike) {
            for found in [like, unlike] {
                let [low, high] = found.interval;
                assert!(0.0 <= low && low <= found.distance && found.distance <= high, "{found:?}");
            }
            if ["sequence index", "lifetime sparseness", "pairwise correlation"]
                .contains(&like.name)
            {
                assert!(unlike.interval[0] > like.interval[1], "{like:?} {unlike:?}");
            }
        }
        let same = compare_statistics(recording.view(), recording.view(), 50, 1).unwrap();
        for found in &same {
            assert!(found.distance < 1e-12 && found.interval[0] == 0.0, "{found:?}");
            assert!(found.within > 0.0 || found.name == "fraction silent");
        }
        assert!(compare_statistics(recording.view(), recording.view(), 0, 1).is_err());
    }

    /// A population without end: units with a bump at a time, a loading on a signal that all share, noise,
    /// or silent.
    fn units(count: usize, kind: usize, rng: &mut impl rand::Rng) -> Array3<f64> {
        let (steps, trials) = (40, 2);
        let [late, width, share, silent] = [[1.0, 4.0, 0.3, 0.1], [2.0, 6.0, 0.6, 0.25]][kind];
        let mut activity = Array3::zeros((steps, trials, count));
        for i in 0..count {
            if rng.random::<f64>() < silent {
                continue;
            }
            let peak = steps as f64 * rng.random::<f64>().powf(1.0 / late);
            let width = width * (0.5 + rng.random::<f64>());
            let loading = share * (2.0 * rng.random::<f64>() - 0.5);
            let size = 0.5 + rng.random::<f64>();
            for t in 0..steps {
                for k in 0..trials {
                    let bump = size * (-0.5 * ((t as f64 - peak) / width).powi(2)).exp();
                    let signal = loading * (1.0 + (t as f64 / 6.0 + 2.0 * k as f64).sin());
                    let noise = 0.2 * rng.random::<f64>();
                    activity[[t, k, i]] = (0.5 + bump + signal + noise).max(0.0);
                }
            }
        }
        activity
    }

    /// What samples of a population are held against.
    struct Truth {
        known: Known,
        /// Sequence index of as many units as the smaller sample has.
        sequence: f64,
        peaks: Vec<f64>,
    }

    impl Truth {
        fn of(kind: usize, count: usize) -> Truth {
            let mut rng = stream(7, &format!("truth/{kind}"));
            let known = Known::of(units(1500, kind, &mut rng).view()).unwrap();
            let mut order = known.all();
            let mut sequence = || {
                order.shuffle(&mut rng);
                known.sequence(&order[..count]).unwrap()
            };
            let sequence = mean((0..400).map(|_| sequence()));
            let peaks = known.peaks(&known.all());
            Truth { known, sequence, peaks }
        }

        /// With the dimension of so many units.
        fn statistics(&self, of: usize) -> [f64; 6] {
            let mut all = self.known.statistics(&self.known.all(), of).unwrap().values();
            all[SEQUENCE] = self.sequence;
            all
        }
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let (sizes, repeats) = ([60, 40], 150);
        for kinds in [[0, 1], [1, 1]] {
            let [a, b] = kinds.map(|kind| Truth::of(kind, 40));
            let peaks = if kinds[0] == kinds[1] { 0.0 } else { wasserstein(&a.peaks, &b.peaks) };
            let mut truths: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
            let mut held = [0; 7];
            for repeat in 0..repeats {
                let mut rng = stream(repeat, "coverage");
                let [x, y] = [0, 1].map(|k| units(sizes[k], kinds[k], &mut rng));
                let vary = [&x, &y].map(|x| Known::of(x.view()).unwrap().varying());
                let of = vary[0].min(vary[1]);
                let expected = truths.entry(of).or_insert_with(|| {
                    let pairs = a.statistics(of).into_iter().zip(b.statistics(of));
                    pairs.map(|(x, y)| (x - y).abs()).chain([peaks]).collect()
                });
                let found = compare_statistics(x.view(), y.view(), 150, repeat).unwrap();
                for (k, found) in found.iter().enumerate() {
                    let [low, high] = found.interval;
                    held[k] += usize::from(low <= expected[k] && expected[k] <= high);
                }
            }
            // 95 % of 150 are 142.5, with a standard deviation of 2.7; of distant peaks they are cautious
            let names = ActivityStatistics::NAMES.into_iter().chain(["time of peak"]);
            for (name, held) in names.zip(held) {
                assert!((134..=150).contains(&held), "{kinds:?}, {name}: {held} of {repeats}");
            }
        }
    }

    #[test]
    fn moved_and_mixed_samples() {
        assert!((wasserstein(&[0.0, 1.0, 3.0], &[5.0, 6.0, 8.0]) - 5.0).abs() < 1e-14);
        // SciPy's example: 0.5
        assert!((wasserstein(&[0.0, 1.0], &[0.0, 0.0, 2.0, 0.0]) - 0.5).abs() < 1e-15);
        // quantiles (0, 0.5, 1) against 3 and 4 values, by hand
        let found = wasserstein(&[0.0, 1.0, 2.0], &[0.0, 1.0, 2.0, 3.0]);
        assert!((found - 0.5).abs() < 1e-15, "{found}");
        assert_eq!(wasserstein(&[], &[1.0]), 0.0);
    }
}
