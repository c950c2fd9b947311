//! Terms on the whole matrix of a projection: what its wires cost, and how well they are connected.

use std::sync::Arc;

use attractor_network::Weights;
use attractor_numerics::linalg::Expm;
use attractor_numerics::{Isa, Real};
use serde::{Deserialize, Serialize};

use super::penalty::Reduce;
use crate::error::ObjectiveError;
use crate::model::Names;

/// Makes wires expensive: long ones (`wiring-length`), those that many paths run beside
/// (`communicability`), or both at once (`spatial-communicability`).
///
/// With `A = abs(W)`, `W[target, source]` the matrix of a projection, whatever its wiring, and D the
/// distances between the [positions](attractor_network::Positions) of its units,
///
/// | kind | mean (or sum) of |
/// |---|---|
/// | `wiring-length` | `A_ij D_ij` |
/// | `communicability` | `A_ij C_ij` |
/// | `spatial-communicability` | `A_ij C_ij D_ij` |
///
/// `C = exp(S A S)` with its diagonal set to 0 is the communicability of a weighted graph (Crofts &
/// Higham 2009, doi:10.1098/rsif.2008.0484); `S = diag(s)`, `s_j = (Σ_i A_ij)^(−1/2)`, normalises by what
/// unit j sends out. A unit that sends nothing has s = 0. The product with distances, as a sum, is the
/// loss of spatially embedded networks (Achterberg et al. 2023, doi:10.1038/s42256-023-00748-9).
///
/// The derivative is exact, through s and through the [exponential](Expm); where `W = 0` it is
/// taken as 0. Cost per update: for communicability some 12 products of N × N matrices; for wirings that
/// are not dense, writing out their matrix. Communicability needs a projection from a population to
/// itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WiringPenalty {
    /// The projection, such as `rec->rec`.
    pub projection: String,
    /// Mean over all pairs of units, or sum.
    #[serde(default)]
    pub reduce: Reduce,
    /// Weight in the objective.
    #[serde(default = "super::one")]
    pub weight: f64,
}

/// What the absolute weights are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factors {
    pub(super) distance: bool,
    pub(super) communicability: bool,
}

/// A term on a projection, resolved; `scale` holds its weight and the number of pairs.
#[derive(Clone, Debug)]
pub(super) struct WiringTerm {
    scale: f64,
    weights: Weights,
    /// `[target, source]`, row-major; without it, 1.
    distances: Option<Arc<[f64]>>,
    communicability: bool,
}

impl WiringTerm {
    pub(super) fn resolve(
        label: &str,
        penalty: &WiringPenalty,
        factors: Factors,
        names: &(impl Names + ?Sized),
    ) -> Result<Self, ObjectiveError> {
        let wrong =
            |problem: String| ObjectiveError::Projection { term: label.to_owned(), problem };
        let network = names.network();
        let network = network.ok_or_else(|| wrong("the model has no projections".to_owned()))?;
        let weights = network.weights(&penalty.projection).map_err(|e| wrong(e.to_string()))?;
        let distances = match factors.distance {
            true => {
                let distances = network.distances(&penalty.projection);
                let distances = distances.map_err(|error| wrong(error.to_string()))?;
                Some(distances.iter().copied().collect())
            }
            false => None,
        };
        let connections = network.connections();
        let loops = |c: &attractor_network::Connection| {
            c.name == penalty.projection && c.from.population == c.to.population
        };
        if factors.communicability && !connections.iter().any(loops) {
            let projection = &penalty.projection;
            return Err(wrong(format!(
                "`{projection}` does not run from a population to itself, and communicability is that \
                 of units with each other: name a recurrent projection"
            )));
        }
        let scale = penalty.weight
            * match penalty.reduce {
                Reduce::Mean => 1.0 / (weights.targets() * weights.sources()).max(1) as f64,
                Reduce::Sum => 1.0,
            };
        Ok(WiringTerm { scale, weights, distances, communicability: factors.communicability })
    }

    /// Its value; adds its derivative to `gradient` if there is one.
    pub(super) fn evaluate<T: Real>(
        &self,
        isa: Isa,
        parameters: &[T],
        gradient: Option<&mut [T]>,
    ) -> f64 {
        let matrix = self.weights.matrix(parameters);
        let distances: Option<Vec<T>> =
            self.distances.as_ref().map(|all| all.iter().map(|&d| T::from_f64(d)).collect());
        let costs = match (self.communicability, distances) {
            (true, distances) => {
                communicable(isa, &matrix, self.weights.sources(), distances, gradient.is_some())
            }
            (false, distances) => {
                let slope = distances.unwrap_or_else(|| vec![T::ONE; matrix.len()]);
                let value = matrix.iter().zip(&slope).map(|(w, d)| (w.abs() * *d).to_f64()).sum();
                Costs { value, slope }
            }
        };
        if let Some(gradient) = gradient {
            let scale = T::from_f64(self.scale);
            let signed = matrix.iter().zip(costs.slope).map(|(&w, slope)| match w {
                w if w > T::ZERO => scale * slope,
                w if w < T::ZERO => -scale * slope,
                // 0 stays; what is no number remains visible
                w => w,
            });
            self.weights.pull(parameters, &signed.collect::<Vec<T>>(), gradient);
        }
        self.scale * costs.value
    }
}

/// A sum over pairs, and its derivative by the absolute weights.
struct Costs<T> {
    value: f64,
    slope: Vec<T>,
}

/// `Σ A C D` of an `n × n` matrix; without distances, D is 1. The slope is empty unless it is wanted.
fn communicable<T: Real>(
    isa: Isa,
    matrix: &[T],
    n: usize,
    distances: Option<Vec<T>>,
    wanted: bool,
) -> Costs<T> {
    let a: Vec<T> = matrix.iter().map(|w| w.abs()).collect();
    let mut degrees = vec![T::ZERO; n];
    for row in a.chunks_exact(n) {
        degrees.iter_mut().zip(row).for_each(|(degree, &a)| *degree += a);
    }
    let root = |&degree: &T| if degree == T::ZERO { T::ZERO } else { T::ONE / degree.sqrt() };
    let s: Vec<T> = degrees.iter().map(root).collect();
    let mut normalised = a.clone();
    for (row, &left) in normalised.chunks_exact_mut(n).zip(&s) {
        row.iter_mut().zip(&s).for_each(|(x, &right)| *x = left * *x * right);
    }
    let mut exponential = Expm::new(isa, n);
    let mut c = vec![T::ZERO; n * n];
    exponential.apply(&normalised, &mut c);
    (0..n).for_each(|i| c[i * n + i] = T::ZERO);
    // c becomes C D, the slope where A stands outside of the exponential; g is A D, that of C
    let mut g = a.clone();
    if let Some(distances) = &distances {
        c.iter_mut().zip(distances).for_each(|(c, &d)| *c *= d);
        g.iter_mut().zip(distances).for_each(|(g, &d)| *g *= d);
    }
    let value = a.iter().zip(&c).map(|(a, c)| (*a * *c).to_f64()).sum();
    if !wanted {
        return Costs { value, slope: Vec::new() };
    }
    (0..n).for_each(|i| g[i * n + i] = T::ZERO);
    let mut x = normalised;
    exponential.pull(&g, &mut x);
    // X_ij = s_i A_ij s_j: to A directly, and to s from rows and columns
    let mut slope = c;
    let mut of_s = vec![T::ZERO; n];
    for i in 0..n {
        let row = i * n..(i + 1) * n;
        let mut from_row = T::ZERO;
        for (j, ((x, &a), slope)) in
            x[row.clone()].iter().zip(&a[row.clone()]).zip(&mut slope[row]).enumerate()
        {
            *slope += s[i] * *x * s[j];
            from_row += *x * a * s[j];
            of_s[j] += s[i] * *x * a;
        }
        of_s[i] += from_row;
    }
    // s_j = degree_j^(−1/2)
    let half = T::from_f64(-0.5);
    let of_degree: Vec<T> =
        s.iter().zip(&of_s).map(|(&s, &of_s)| half * s * s * s * of_s).collect();
    for row in slope.chunks_exact_mut(n) {
        row.iter_mut().zip(&of_degree).for_each(|(slope, &of)| *slope += of);
    }
    Costs { value, slope }
}
