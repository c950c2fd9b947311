//! How the arrays of a network are first drawn.

use std::ops::Range;
use std::sync::Arc;

use attractor_numerics::law::Law;
use attractor_numerics::random;

use crate::constraint::Constraint;
use crate::description::Loadings;
use crate::error::NetworkError;

/// A parameter array and the law it is first drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    /// Name of its random stream.
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) range: Range<usize>,
    pub(crate) law: Law,
    /// These values instead of the law's.
    pub(crate) given: Option<Vec<f64>>,
    /// Only these places of the array; they were drawn before.
    pub(crate) places: Option<Vec<usize>>,
    /// What is drawn stays inside, as what is trained does.
    pub(crate) limits: (f64, f64),
    pub(crate) constraint: Option<Arc<Constraint>>,
    /// Loadings drawn jointly: this array is `n`, which is mixed with `m`.
    pub(crate) joint: Option<Joint>,
}

impl Drawn {
    /// An array drawn from a law; its place follows.
    pub(crate) fn new(name: String, rows: usize, columns: usize, law: Law) -> Self {
        Drawn {
            name,
            rows,
            columns,
            range: 0..0,
            law,
            given: None,
            places: None,
            limits: (f64::NEG_INFINITY, f64::INFINITY),
            constraint: None,
            joint: None,
        }
    }

    /// An array of loadings that stand still.
    pub(crate) fn fixed(
        name: String,
        rows: usize,
        columns: usize,
        loadings: &Loadings,
    ) -> Result<Self, NetworkError> {
        let given = match loadings {
            Loadings::Law(law) => return Ok(Drawn::new(name, rows, columns, *law)),
            Loadings::Given(given) => given,
        };
        let fits = given.len() == rows && given.iter().all(|row| row.len() == columns);
        if !fits || given.iter().flatten().any(|value| !value.is_finite()) {
            let lengths = given.first().map_or(0, Vec::len);
            let found = format!("{} rows, the first of {lengths} numbers", given.len());
            let expected = format!("{rows} rows of {columns} finite numbers");
            return Err(NetworkError::value(format!("`{name}`"), found, expected));
        }
        let array = Drawn::new(name, rows, columns, Law::Constant { value: 0.0 });
        Ok(Drawn { given: Some(given.concat()), ..array })
    }

    /// Draws the array into its place, from a stream of its own.
    pub(crate) fn draw(&self, seed: u64, parameters: &mut [f64]) {
        let mut values = match &self.given {
            Some(given) => given.clone(),
            None => {
                let mut rng = random::stream(seed, &self.name);
                self.law.sample(self.rows, self.columns, &mut rng)
            }
        };
        values.iter_mut().for_each(|x| *x = x.clamp(self.limits.0, self.limits.1));
        if let Some(constraint) = &self.constraint {
            constraint.admit(&mut values);
        }
        let array = &mut parameters[self.range.clone()];
        match &self.places {
            Some(places) => places.iter().zip(values).for_each(|(&at, value)| array[at] = value),
            None => array.copy_from_slice(&values),
        }
        if let Some(joint) = &self.joint {
            joint.mix(parameters);
        }
    }
}

/// Two arrays of loadings, `m` and `n`, drawn jointly: standard normal rows are multiplied by the
/// Cholesky factor of a covariance and moved to a mean, group by group.
#[derive(Clone, Debug)]
pub(crate) struct Joint {
    pub(crate) m: Range<usize>,
    pub(crate) n: Range<usize>,
    pub(crate) rank: usize,
    pub(crate) parts: Vec<JointPart>,
}

/// The loadings of one group.
#[derive(Clone, Debug)]
pub(crate) struct JointPart {
    pub(crate) units: Vec<usize>,
    pub(crate) mean: Vec<f64>,
    /// Lower triangular, `2 rank × 2 rank`.
    pub(crate) factor: Vec<Vec<f64>>,
}

impl Joint {
    /// Gives independent normal loadings their distribution; units of no group get 0.
    fn mix(&self, parameters: &mut [f64]) {
        let rank = self.rank;
        let mut named = vec![false; self.m.len() / rank];
        let place = |unit: usize, k: usize| match k < rank {
            true => self.m.start + unit * rank + k,
            false => self.n.start + unit * rank + k - rank,
        };
        for JointPart { units, mean, factor } in &self.parts {
            for &unit in units {
                named[unit] = true;
                let z: Vec<f64> = (0..2 * rank).map(|k| parameters[place(unit, k)]).collect();
                for (k, row) in factor.iter().enumerate() {
                    let spread: f64 = row.iter().zip(&z).map(|(l, z)| l * z).sum();
                    parameters[place(unit, k)] = mean[k] + spread;
                }
            }
        }
        for unit in (0..named.len()).filter(|&unit| !named[unit]) {
            (0..2 * rank).for_each(|k| parameters[place(unit, k)] = 0.0);
        }
    }
}

/// Lower factor of a covariance, which may be singular; none if it is no covariance.
pub(crate) fn factor(covariance: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let size = covariance.len();
    if covariance.iter().any(|row| row.len() != size) {
        return None;
    }
    let tolerance = 1e-12 * covariance.iter().flatten().fold(0.0f64, |a, b| a.max(b.abs()));
    let mut factor = vec![vec![0.0; size]; size];
    for i in 0..size {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
            let rest = covariance[i][j] - known;
            let symmetric = (covariance[i][j] - covariance[j][i]).abs() <= tolerance;
            if !symmetric || !rest.is_finite() || (i == j && rest < -tolerance) {
                return None;
            }
            factor[i][j] = match (i == j, factor[j][j] > 0.0) {
                (true, _) => rest.max(0.0).sqrt(),
                (false, true) => rest / factor[j][j],
                // a direction without variance has no covariance either
                (false, false) if rest.abs() <= tolerance.sqrt() => 0.0,
                (false, false) => return None,
            };
        }
    }
    Some(factor)
}
