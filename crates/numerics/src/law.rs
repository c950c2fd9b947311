//! Laws: the distributions weights are drawn from. Networks sample them, theory averages over them.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// Distribution of a matrix `[target, source]`, as written in a configuration:
/// `{ kind = "gaussian", gain = 1.2 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Law {
    /// Normal with mean 0 and standard deviation `gain/√N`, N the number of sources: the random
    /// networks of Sompolinsky, Crisanti & Sommers 1988; eigenvalues fill a disc of radius `gain`.
    Gaussian {
        /// Gain g.
        gain: f64,
    },
    /// Normal with mean 0.
    Normal {
        /// Standard deviation.
        sd: f64,
    },
    /// Uniform in `(-limit, limit)`.
    Uniform {
        /// Largest size.
        limit: f64,
    },
    /// Normal around a mean: heterogeneous parameters.
    Around {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// Uniform between two values: heterogeneous parameters.
    Between {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Uniform in `±gain √(6/(targets + sources))` (Glorot & Bengio 2010).
    Glorot {
        /// Factor; 1 in the paper.
        #[serde(default = "one")]
        gain: f64,
    },
    /// Random rotation times `gain`, uniform over all rotations (Haar; Mezzadri 2007); with fewer
    /// columns than rows or the reverse, orthonormal columns or rows (Saxe et al. 2014).
    Orthogonal {
        /// Factor; 1 keeps lengths.
        #[serde(default = "one")]
        gain: f64,
    },
    /// Pairs of units turn by angles of their own, uniform between 0 and π, and nothing else is wired: a rotation whose
    /// eigenvalues lie all over the unit circle (Henaff, Szlam & LeCun 2016, arXiv:1602.06662). A last odd unit, and
    /// what is beyond a square, gets 0.
    Turns,
    /// The same value everywhere.
    Constant {
        /// The value.
        value: f64,
    },
}

fn one() -> f64 {
    1.0
}

impl Law {
    /// Draws a matrix of `targets` rows and `sources` columns, row-major.
    ///
    /// ```
    /// use attractor_numerics::{law::Law, random};
    /// let w = Law::Gaussian { gain: 1.5 }.sample(200, 200, &mut random::stream(1, "rec"));
    /// let variance = w.iter().map(|w| w * w).sum::<f64>() / 200.0;
    /// assert!((variance - 1.5 * 1.5).abs() < 0.1);
    /// ```
    pub fn sample(&self, targets: usize, sources: usize, rng: &mut impl Rng) -> Vec<f64> {
        let count = targets * sources;
        let mut normal = |sd: f64| -> Vec<f64> {
            (0..count).map(|_| sd * Distribution::<f64>::sample(&StandardNormal, rng)).collect()
        };
        match *self {
            Law::Gaussian { gain } => normal(gain / (sources as f64).sqrt()),
            Law::Normal { sd } => normal(sd),
            Law::Around { mean, sd } => normal(sd).iter().map(|x| mean + x).collect(),
            Law::Between { low, high } => {
                let (middle, limit) = (low + (high - low) / 2.0, (high - low) / 2.0);
                uniform(count, limit, rng).iter().map(|x| middle + x).collect()
            }
            Law::Uniform { limit } => uniform(count, limit, rng),
            Law::Glorot { gain } => {
                uniform(count, gain * (6.0 / (targets + sources) as f64).sqrt(), rng)
            }
            Law::Orthogonal { gain } => {
                // the longer side as rows, so that Gram-Schmidt has independent columns
                let (rows, columns) = (targets.max(sources), targets.min(sources));
                let q = orthonormal(normal(1.0), rows, columns);
                let at = |target: usize, source: usize| match targets >= sources {
                    true => q[target * columns + source],
                    false => q[source * columns + target],
                };
                (0..count).map(|k| gain * at(k / sources, k % sources)).collect()
            }
            Law::Turns => {
                let mut w = vec![0.0; count];
                for pair in 0..targets.min(sources) / 2 {
                    let (sin, cos) = (std::f64::consts::PI * rng.random::<f64>()).sin_cos();
                    let (first, second) =
                        (2 * pair * (sources + 1), (2 * pair + 1) * (sources + 1));
                    (w[first], w[second]) = (cos, cos);
                    (w[first + 1], w[second - 1]) = (-sin, sin);
                }
                w
            }
            Law::Constant { value } => vec![value; count],
        }
    }
}

fn uniform(count: usize, limit: f64, rng: &mut impl Rng) -> Vec<f64> {
    (0..count).map(|_| limit * (2.0 * rng.random::<f64>() - 1.0)).collect()
}

/// Columns of `a [rows, columns]` made orthonormal by Gram and Schmidt, twice for accuracy; the
/// diagonal of R is positive, as Haar's measure wants it. The same bits on every machine, which a
/// library's QR would not promise.
fn orthonormal(a: Vec<f64>, rows: usize, columns: usize) -> Vec<f64> {
    let column = |j: usize| (0..rows).map(|i| a[i * columns + j]).collect();
    let mut done: Vec<Vec<f64>> = Vec::with_capacity(columns);
    for j in 0..columns {
        let mut new: Vec<f64> = column(j);
        for _ in 0..2 {
            for old in &done {
                let along = dot(&new, old);
                new.iter_mut().zip(old).for_each(|(x, y)| *x -= along * y);
            }
        }
        let norm = dot(&new, &new).sqrt();
        new.iter_mut().for_each(|x| *x /= norm);
        done.push(new);
    }
    (0..rows * columns).map(|k| done[k % columns][k / columns]).collect()
}

/// Scalar product in eight partial sums, which the compiler may compute at once.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn draw(law: Law, targets: usize, sources: usize) -> Vec<f64> {
        law.sample(targets, sources, &mut random::stream(3, "test"))
    }

    #[test]
    fn spreads_are_as_written() {
        let variance = |w: Vec<f64>| w.iter().map(|w| w * w).sum::<f64>() / w.len() as f64;
        let close = |x: f64, y: f64| assert!((x / y - 1.0).abs() < 0.05, "{x} and {y}");
        close(variance(draw(Law::Gaussian { gain: 2.0 }, 100, 300)), 4.0 / 300.0);
        close(variance(draw(Law::Normal { sd: 0.5 }, 100, 300)), 0.25);
        close(variance(draw(Law::Uniform { limit: 0.3 }, 100, 300)), 0.03);
        let mean = |w: &[f64]| w.iter().sum::<f64>() / w.len() as f64;
        let around = draw(Law::Around { mean: 20.0, sd: 5.0 }, 100, 300);
        close(mean(&around), 20.0);
        close(variance(around.iter().map(|x| x - 20.0).collect()), 25.0);
        let between = draw(Law::Between { low: 0.5, high: 1.5 }, 100, 300);
        assert!(between.iter().all(|x| (0.5..1.5).contains(x)));
        close(mean(&between), 1.0);
        close(variance(between.iter().map(|x| x - 1.0).collect()), 1.0 / 12.0);
        close(variance(draw(Law::Glorot { gain: 1.0 }, 100, 300)), 2.0 / 400.0);
    }

    #[test]
    fn turns_are_rotations_of_pairs() {
        let w = draw(Law::Turns, 8, 8);
        for i in 0..8 {
            for j in 0..8 {
                let product: f64 = (0..8).map(|t| w[t * 8 + i] * w[t * 8 + j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-15, "[{i}, {j}]");
                assert!(i / 2 == j / 2 || w[i * 8 + j] == 0.0, "no weight beyond the pair");
            }
        }
        assert!((0..4).all(|k| w[2 * k * 9] == w[(2 * k + 1) * 9]), "the same cosine twice");
        assert!(w[0] != w[2 * 9], "angles of their own");
    }

    #[test]
    fn rotations_keep_lengths() {
        for (targets, sources) in [(20, 20), (30, 8), (8, 30)] {
            let w = draw(Law::Orthogonal { gain: 1.0 }, targets, sources);
            let short = targets.min(sources);
            for i in 0..short {
                for j in 0..short {
                    let product: f64 = match targets >= sources {
                        true => (0..targets).map(|t| w[t * sources + i] * w[t * sources + j]).sum(),
                        false => {
                            (0..sources).map(|s| w[i * sources + s] * w[j * sources + s]).sum()
                        }
                    };
                    let expected = f64::from(u8::from(i == j));
                    assert!((product - expected).abs() < 1e-12, "{targets}×{sources} [{i}, {j}]");
                }
            }
        }
    }
}
