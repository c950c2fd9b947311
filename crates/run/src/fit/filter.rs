//! The linear filter of its own past that every unit has from the start.
//!
//! Smoothed activity has momentum: how it went on over the last frames says where it goes next. One
//! filter for all units, on the potential `x = arctanh r`, by least squares:
//!
//! `x_(t+1) = (1 - a) x_t + a sum_(j < history) k_j x_(t-j)`, `a = dt / tau`,
//!
//! with a penalty `l2` on `k`, in units of the mean square of the potentials. It is fixed before
//! training; the coupling learns what it leaves.

use attractor_recording::{Recording, Stretch};

use super::model::potential;

/// The filter `k`, latest frame first.
pub(crate) fn shared(
    recording: &Recording,
    stretches: &[Stretch],
    history: usize,
    alpha: f64,
    l2: f64,
) -> Vec<f64> {
    let mut gram = vec![0.0; history * history];
    let mut cross = vec![0.0; history];
    for Stretch { trial, frames } in stretches {
        let at = |frame: usize, unit: usize| {
            f64::from(potential(recording.activity[[frame, *trial, unit]]))
        };
        for frame in frames.start + history - 1..frames.end.saturating_sub(1).max(frames.start) {
            for unit in 0..recording.units() {
                let (now, next) = (at(frame, unit), at(frame + 1, unit));
                let wanted = (next - (1.0 - alpha) * now) / alpha;
                for i in 0..history {
                    let x = at(frame - i, unit);
                    cross[i] += x * wanted;
                    for j in 0..history {
                        gram[i * history + j] += x * at(frame - j, unit);
                    }
                }
            }
        }
    }
    let size = (0..history).map(|i| gram[i * history + i]).sum::<f64>() / history.max(1) as f64;
    if size <= 0.0 {
        return vec![0.0; history];
    }
    // least penalty that keeps the equations solvable
    (0..history).for_each(|i| gram[i * history + i] += l2.max(1e-12) * size);
    solve(gram, cross)
}

/// Gauss's elimination of a small positive definite system.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        for k in i + 1..n {
            let factor = a[k * n + i] / a[i * n + i];
            for j in i..n {
                a[k * n + j] -= factor * a[i * n + j];
            }
            b[k] -= factor * b[i];
        }
    }
    for i in (0..n).rev() {
        for j in i + 1..n {
            b[i] -= a[i * n + j] * b[j];
        }
        b[i] /= a[i * n + i];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn it_finds_the_filter_of_an_autoregression() {
        let (mut before, mut now) = ([0.01, 0.3], [0.02, 0.29]);
        let mut activity = Array3::zeros((60, 1, 2));
        for frame in 0..60 {
            for unit in 0..2 {
                activity[[frame, 0, unit]] = f64::tanh(now[unit]) as f32;
                let next = 1.8 * now[unit] - 0.85 * before[unit];
                (before[unit], now[unit]) = (now[unit], next);
            }
        }
        let recording = Recording::new(10.0, activity).unwrap();
        let k = shared(&recording, &recording.stretches(), 2, 0.5, 0.0);
        // x' = 0.5 x + 0.5 (k0 x + k1 x_before) = 1.8 x - 0.85 x_before
        assert!((k[0] - 2.6).abs() < 1e-3 && (k[1] + 1.7).abs() < 1e-3, "{k:?}");
    }
}
