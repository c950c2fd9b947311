//! Units that answer to several variables, and whether they lie together.

use attractor_data::Column;
use attractor_numerics::random::stream;
use ndarray::{ArrayView2, ArrayView3};
use rand::seq::SliceRandom;
use serde::Serialize;

use crate::measure_error::{enough, finite, same_length};
use crate::{MeasureError, preferences};

/// Which units are selective for which variables.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MixedSelectivity {
    /// η² of each unit and variable, `[unit][variable]`.
    pub explained: Vec<Vec<f64>>,
    /// Fraction of the permuted trials that explain as much or more, `[unit][variable]`.
    pub p: Vec<Vec<f64>>,
}

impl MixedSelectivity {
    /// How many variables each unit is selective for at a level, corrected for their number.
    #[must_use]
    pub fn counts(&self, level: f64) -> Vec<usize> {
        self.p.iter().map(|p| p.iter().filter(|&&q| q <= level / p.len() as f64).count()).collect()
    }

    /// How mixed each unit is: the geometric mean of its η², large where all are.
    #[must_use]
    pub fn mixture(&self) -> Vec<f64> {
        let one = |e: &Vec<f64>| e.iter().product::<f64>().powf(1.0 / e.len() as f64);
        self.explained.iter().map(one).collect()
    }
}

/// What fraction of the variance of each unit's responses `[trial, unit]` each variable explains (η², as
/// in [`preferences`]), and what fraction of it could be chance: trials are permuted `permutations`
/// times, `p = (1 + #{η²_permuted ≥ η²}) / (1 + permutations)`.
///
/// Units selective for more than one variable have mixed selectivity (Rigotti et al. 2013,
/// doi:10.1038/nature12160). Variables that go together in the task explain the same variance twice.
///
/// Cost: variables × permutations × trials × units.
///
/// # Errors
/// No variable or permutation; variables that do not have an entry per trial; values that are not finite.
pub fn mixed_selectivity(
    responses: ArrayView2<'_, f64>,
    variables: &[(String, Column)],
    permutations: usize,
    seed: u64,
) -> Result<MixedSelectivity, MeasureError> {
    enough("variables", 1, variables.len())?;
    enough("permutations", 1, permutations)?;
    let units = responses.ncols();
    let mut explained = vec![vec![0.0; variables.len()]; units];
    let mut p = vec![vec![0.0; variables.len()]; units];
    for (v, (name, column)) in variables.iter().enumerate() {
        let found: Vec<f64> =
            preferences(responses, column)?.iter().map(|unit| unit.explained).collect();
        let null = Null::new(responses, column);
        let mut above = vec![0usize; units];
        let mut order: Vec<usize> = (0..responses.nrows()).collect();
        let mut rng = stream(seed, &format!("mixed-selectivity/{name}"));
        for _ in 0..permutations {
            order.shuffle(&mut rng);
            for (above, (permuted, found)) in
                above.iter_mut().zip(null.explained(&order).iter().zip(&found))
            {
                *above += usize::from(*permuted >= found - 1e-12);
            }
        }
        for unit in 0..units {
            explained[unit][v] = found[unit];
            p[unit][v] = (1 + above[unit]) as f64 / (1 + permutations) as f64;
        }
    }
    Ok(MixedSelectivity { explained, p })
}

/// Responses without their mean, and which trials are of one condition.
struct Null<'a> {
    responses: ArrayView2<'a, f64>,
    mean: Vec<f64>,
    total: Vec<f64>,
    members: Vec<usize>,
    sizes: Vec<f64>,
}

impl<'a> Null<'a> {
    fn new(responses: ArrayView2<'a, f64>, column: &Column) -> Null<'a> {
        let n = responses.nrows().max(1) as f64;
        let mean: Vec<f64> = responses.columns().into_iter().map(|c| c.sum() / n).collect();
        let spread = |(column, mean): (ndarray::ArrayView1<'_, f64>, &f64)| {
            column.iter().map(|x| (x - mean).powi(2)).sum::<f64>()
        };
        let total = responses.columns().into_iter().zip(&mean).map(spread).collect();
        let groups = column.groups();
        let mut members = vec![0; responses.nrows()];
        for (g, (_, trials)) in groups.iter().enumerate() {
            trials.iter().for_each(|&trial| members[trial] = g);
        }
        let sizes = groups.iter().map(|(_, trials)| trials.len() as f64).collect();
        Null { responses, mean, total, members, sizes }
    }

    /// η² of each unit with trials in this order.
    fn explained(&self, order: &[usize]) -> Vec<f64> {
        let units = self.mean.len();
        let mut sums = vec![0.0; units * self.sizes.len()];
        for (row, &trial) in self.responses.rows().into_iter().zip(order) {
            let group = self.members[trial] * units;
            for (sum, (x, mean)) in
                sums[group..group + units].iter_mut().zip(row.iter().zip(&self.mean))
            {
                *sum += x - mean;
            }
        }
        let between = |unit: usize| -> f64 {
            (0..self.sizes.len()).map(|g| sums[g * units + unit].powi(2) / self.sizes[g]).sum()
        };
        let of = |unit: usize| {
            if self.total[unit] > 0.0 { between(unit) / self.total[unit] } else { 0.0 }
        };
        (0..units).map(of).collect()
    }
}

/// How near units of large values lie to each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpatialClustering {
    /// Mean distance of pairs of units, weighted by the product of their values.
    pub distance: f64,
    /// The same with values permuted over units: its mean.
    pub expected: f64,
    /// And its standard deviation.
    pub sd: f64,
    /// Fraction of the permutations that lie as near or nearer.
    pub p: f64,
}

/// Whether units of large values, such as their selectivity, lie together: `d = Σ_{i<j} v_i v_j d_ij /
/// Σ_{i<j} v_i v_j`, against the same with values permuted over units (after Achterberg et al. 2023,
/// doi:10.1038/s42256-023-00748-9). `d` below what is expected: clustered.
///
/// Cost: permutations × units².
///
/// # Errors
/// Distances that are not one per pair of units, values that are negative or not finite or nearly all 0,
/// no permutation.
pub fn spatial_clustering(
    values: &[f64],
    distances: ArrayView2<'_, f64>,
    permutations: usize,
    seed: u64,
) -> Result<SpatialClustering, MeasureError> {
    same_length("rows of the distances", values.len(), distances.nrows())?;
    same_length("columns of the distances", values.len(), distances.ncols())?;
    finite("values of units", values)?;
    enough("permutations", 1, permutations)?;
    if let Some(&value) = values.iter().find(|&&v| v < 0.0) {
        let fix = "a weight of a unit is not negative";
        return Err(MeasureError::Value { name: "value", value: value.to_string(), fix });
    }
    enough("units of a value above 0", 2, values.iter().filter(|&&v| v > 0.0).count())?;
    let n = values.len();
    let mean = |v: &[f64]| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for i in (0..n).filter(|&i| v[i] > 0.0) {
            let row = distances.row(i);
            for j in 0..i {
                sum += v[i] * v[j] * row[j];
                weight += v[i] * v[j];
            }
        }
        sum / weight
    };
    let distance = mean(values);
    let mut rng = stream(seed, "spatial-clustering");
    let mut permuted = values.to_vec();
    let null: Vec<f64> = (0..permutations)
        .map(|_| {
            permuted.shuffle(&mut rng);
            mean(&permuted)
        })
        .collect();
    let expected = null.iter().sum::<f64>() / permutations as f64;
    let variance = null.iter().map(|d| (d - expected).powi(2)).sum::<f64>() / permutations as f64;
    let nearer = null.iter().filter(|&&d| d <= distance * (1.0 + 1e-12)).count();
    let p = (1 + nearer) as f64 / (1 + permutations) as f64;
    Ok(SpatialClustering { distance, expected, sd: variance.sqrt(), p })
}

/// Mean slope of the transfer function, `φ′(x)`, of each population in each context: the gain with which
/// a population passes its input on (Dubreuil et al. 2022, doi:10.1038/s41593-022-01088-4).
///
/// `slopes` are `[time, trial, unit]`, of the period that is meant; `populations` one label per unit;
/// `contexts` the trials of each. Comes out as `[population][context]`, NaN for a population or context
/// that has nobody.
///
/// # Errors
/// Labels that are not one per unit, a trial that is not there.
pub fn population_gains(
    slopes: ArrayView3<'_, f64>,
    populations: &[usize],
    contexts: &[Vec<usize>],
) -> Result<Vec<Vec<f64>>, MeasureError> {
    let (steps, trials, units) = slopes.dim();
    same_length("population labels of units", units, populations.len())?;
    if let Some(&trial) = contexts.iter().flatten().find(|&&k| k >= trials) {
        return Err(MeasureError::NoSuchTrial { trial, trials });
    }
    let count = populations.iter().max().map_or(0, |most| most + 1);
    let gain = |population: usize, context: &Vec<usize>| {
        let (mut sum, mut n) = (0.0, 0.0);
        for unit in (0..units).filter(|&unit| populations[unit] == population) {
            for &trial in context {
                sum += (0..steps).map(|t| slopes[[t, trial, unit]]).sum::<f64>();
                n += steps as f64;
            }
        }
        sum / n
    };
    Ok((0..count).map(|p| contexts.iter().map(|context| gain(p, context)).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::distances;
    use ndarray::{Array2, Array3};
    use rand::RngExt;

    #[test]
    fn selective_mixed_and_neither() {
        let mut rng = stream(3, "trials");
        let trials = 80;
        let (a, b): (Vec<f64>, Vec<f64>) =
            (0..trials).map(|k| ((k % 2) as f64, (k / 2 % 4) as f64)).unzip();
        let responses = Array2::from_shape_fn((trials, 4), |(k, unit)| {
            let noise = rng.random::<f64>() - 0.5;
            noise + [a[k], b[k], a[k] + 0.5 * b[k], 0.0][unit]
        });
        let variables =
            [("a".to_owned(), Column::Numbers(a)), ("b".to_owned(), Column::Numbers(b))];
        let found = mixed_selectivity(responses.view(), &variables, 199, 1).unwrap();
        assert_eq!(found.counts(0.05), [1, 1, 2, 0]);
        let mixture = found.mixture();
        assert!((0..4).all(|unit| unit == 2 || mixture[unit] < mixture[2]));
        assert_eq!(found.p[0][0], 1.0 / 200.0);
        // η² of the identity order is that of `preferences`
        let null = Null::new(responses.view(), &variables[1].1);
        let order: Vec<usize> = (0..trials).collect();
        for (again, found) in null.explained(&order).iter().zip(&found.explained) {
            assert!((again - found[1]).abs() < 1e-12);
        }
        assert!(mixed_selectivity(responses.view(), &variables, 0, 1).is_err());
        assert!(mixed_selectivity(responses.view(), &[], 9, 1).is_err());
    }

    #[test]
    fn p_values_of_noise_are_uniform() {
        let mut rng = stream(4, "noise");
        let responses = Array2::from_shape_simple_fn((40, 300), || rng.random::<f64>());
        let labels = Column::Numbers((0..40).map(|k| f64::from(k % 4)).collect());
        let found = mixed_selectivity(responses.view(), &[("x".into(), labels)], 99, 2).unwrap();
        let below = found.p.iter().filter(|p| p[0] <= 0.1).count() as f64;
        // 30 of 300, sd 5.2
        assert!((below - 30.0).abs() < 18.0, "{below}");
    }

    #[test]
    fn a_corner_of_a_lattice() {
        let positions =
            Array2::from_shape_fn((64, 3), |(i, k)| [i % 4, i / 4 % 4, i / 16][k] as f64);
        let apart = distances(positions.view()).unwrap();
        let corner: Vec<f64> =
            (0..64).map(|i| f64::from(positions.row(i).iter().all(|&x| x < 2.0))).collect();
        let found = spatial_clustering(&corner, apart.view(), 500, 1).unwrap();
        // of a cube's 28 pairs 12 are 1, 12 √2 and 4 √3 apart
        let expected = (12.0 + 12.0 * 2f64.sqrt() + 4.0 * 3f64.sqrt()) / 28.0;
        assert!((found.distance - expected).abs() < 1e-12);
        assert!((found.p - 1.0 / 501.0).abs() < 1e-15 && found.expected > 2.0);
        let even = spatial_clustering(&[1.0; 64], apart.view(), 20, 1).unwrap();
        assert!((even.p - 1.0).abs() < 1e-12 && even.sd < 1e-12);
        assert!(spatial_clustering(&[0.0; 64], apart.view(), 20, 1).is_err());
        assert!(spatial_clustering(&[-1.0; 64], apart.view(), 20, 1).is_err());
    }

    #[test]
    fn gains_are_means() {
        let slopes = Array3::from_shape_fn((2, 3, 4), |(_, k, i)| (10 * k + i) as f64);
        let found = population_gains(slopes.view(), &[0, 1, 0, 1], &[vec![0, 2], vec![1], vec![]]);
        let found = found.unwrap();
        assert_eq!(found[0][..2], [11.0, 11.0]);
        assert_eq!(found[1][..2], [12.0, 12.0]);
        assert!(found[0][2].is_nan());
        assert!(population_gains(slopes.view(), &[0; 4], &[vec![3]]).is_err());
    }
}
