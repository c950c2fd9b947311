//! How a readout lies in the activity it reads: along the leading components, or oblique to them.

use ndarray::{ArrayView2, ArrayView3};
use serde::Serialize;

use crate::measure_error::same_length;
use crate::samples::{centre, samples};
use crate::{MeasureError, pca};

/// How well the leading principal components of activity give the output.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutputDimension {
    /// The fewest components with R² at or above the threshold (`D_fit90` for 0.9); `None` if all
    /// together stay below.
    pub dimension: Option<usize>,
    /// R² from the first k components, for k = 0, 1, …, units.
    pub r2: Vec<f64>,
}

/// Components needed to reach an R² of `threshold` in predicting `outputs` `[time, trial, output]`
/// linearly from `activity` `[time, trial, unit]`, on the samples themselves.
///
/// Ridge regression `y ≈ Σ_k s_k c_k + ȳ` on the scores s_k of the first components, minimising
/// `‖y − Σ s_k c_k − ȳ‖² + ridge Σ c_k²`. Scores are uncorrelated, so `c_k = s_kᵀy / (s_kᵀs_k + ridge)`
/// whatever the other components are. `R² = 1 − Σ residual² / Σ (y − ȳ)²`, summed over outputs. The
/// ridge has the scale of a sum of squares over samples: 1 is a common choice and matters for
/// directions with next to no variance alone; 0 is least squares.
///
/// As large as the dimension of activity ([`Pca::dimension`](crate::Pca::dimension)) or larger: the
/// output is read from directions of little variance (*oblique*). Smaller: *aligned* (Schuessler,
/// Mastrogiuseppe, Ostojic & Barak 2024, doi:10.7554/eLife.93060).
///
/// Cost: that of [`pca`] and S N (N + M) operations for S samples, N units, M outputs.
///
/// # Errors
/// Shapes that do not fit, values that are not finite, activity or outputs that do not vary, a
/// threshold outside 0..1, a negative ridge.
pub fn output_dimension(
    activity: ArrayView3<'_, f64>,
    outputs: ArrayView3<'_, f64>,
    threshold: f64,
    ridge: f64,
) -> Result<OutputDimension, MeasureError> {
    let invalid =
        |name, value: f64, fix| MeasureError::Value { name, value: value.to_string(), fix };
    if !(threshold > 0.0 && threshold <= 1.0) {
        return Err(invalid("threshold", threshold, "an R² to reach lies in 0..1"));
    }
    if !(ridge >= 0.0 && ridge.is_finite()) {
        return Err(invalid("ridge", ridge, "it is 0 or more"));
    }
    same_length("steps of the outputs", activity.dim().0, outputs.dim().0)?;
    same_length("trials of the outputs", activity.dim().1, outputs.dim().1)?;
    let found = pca(activity)?;
    let mut y = samples(outputs, "outputs", 2)?;
    centre(&mut y);
    let total: f64 = y.iter().map(|y| y * y).sum();
    if total == 0.0 {
        return Err(MeasureError::Constant { what: "the values of every output" });
    }
    let x = samples(activity, "activity", 2)?;
    let degrees = x.nrows() as f64 - 1.0;
    let products = found.scores(x, found.variances.len()).t().dot(&y);
    let mut residual = total;
    let mut r2 = vec![0.0];
    for (products, &variance) in products.rows().into_iter().zip(&found.variances) {
        let squares = variance * degrees;
        // directions that exist by rounding alone explain nothing
        if squares > f64::EPSILON * found.variances[0] * degrees {
            for product in products {
                let coefficient = product / (squares + ridge);
                residual -= coefficient * (2.0 * product - coefficient * squares);
            }
        }
        r2.push(1.0 - residual / total);
    }
    Ok(OutputDimension { dimension: r2.iter().position(|&r2| r2 >= threshold), r2 })
}

/// Generalised correlation of a readout with the activity it reads,
/// `ρ = ‖C X‖_F / (‖C‖_F ‖X‖_F)`.
///
/// C is `[output, unit]`, X is activity `[time, trial, unit]`, all samples, without subtracting a mean:
/// what the readout sees. ρ lies in 0..1; for one output it is the root mean square cosine between
/// state and readout, weighted by the state's length. A random readout of N units has ρ ≈ 1/√N; near 0
/// the output is small against the activity (oblique), near 1 the activity is the output (aligned)
/// (Schuessler et al. 2024, doi:10.7554/eLife.93060).
///
/// Cost: S N M operations for S samples, N units, M outputs.
///
/// # Errors
/// Another number of units, values that are not finite, a readout or activity of zeros.
pub fn readout_alignment(
    readout: ArrayView2<'_, f64>,
    activity: ArrayView3<'_, f64>,
) -> Result<f64, MeasureError> {
    same_length("units of the readout", activity.dim().2, readout.ncols())?;
    if let Some(((m, i), &value)) = readout.indexed_iter().find(|(_, c)| !c.is_finite()) {
        return Err(MeasureError::NotFinite { what: "readout", index: vec![m, i], value });
    }
    let x = samples(activity, "activity", 1)?;
    let length = |sum: f64| sum.sqrt();
    let of_readout = length(readout.iter().map(|c| c * c).sum());
    let of_activity = length(x.iter().map(|x| x * x).sum());
    if of_readout == 0.0 || of_activity == 0.0 {
        return Err(MeasureError::Constant { what: "the values of readout or activity" });
    }
    let of_output = length(x.dot(&readout.t()).iter().map(|z| z * z).sum());
    Ok(of_output / (of_readout * of_activity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Array3};

    /// Three uncorrelated units of variance 9 : 4 : 1 (exactly: rows of a Hadamard matrix).
    fn activity() -> Array3<f64> {
        let signs = [[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]];
        Array3::from_shape_fn((4, 1, 3), |(t, _, i)| [3.0, 2.0, 1.0][i] * signs[t][i])
    }

    #[test]
    fn output_along_the_third_component_needs_three() {
        let x = activity();
        let read = |c: [f64; 3]| {
            Array3::from_shape_fn((4, 1, 1), |(t, k, _)| {
                5.0 + (0..3).map(|i| c[i] * x[[t, k, i]]).sum::<f64>()
            })
        };
        let fit = |c, ridge| output_dimension(x.view(), read(c).view(), 0.9, ridge).unwrap();
        assert_eq!(fit([0.0, 0.0, 1.0], 0.0).dimension, Some(3));
        assert_eq!(fit([0.0, 1.0, 0.0], 0.0).dimension, Some(2));
        assert_eq!(fit([1.0, 0.0, 0.0], 0.0).dimension, Some(1));
        // shares of the output's variance: 9 : 4 : 1 of 14
        let mixed = fit([1.0, 1.0, 1.0], 0.0).r2;
        for (r2, expected) in mixed.iter().zip([0.0, 9.0 / 14.0, 13.0 / 14.0, 1.0]) {
            assert!((r2 - expected).abs() < 1e-12);
        }
        // Σ s² = 4, ridge 4: half the coefficient, three quarters of the variance
        let shrunk = fit([0.0, 0.0, 1.0], 4.0);
        assert!((shrunk.r2[3] - 0.75).abs() < 1e-12);
        assert_eq!(shrunk.dimension, None);
    }

    #[test]
    fn alignment_of_known_directions() {
        let x = activity();
        let rho = |c: Array2<f64>| readout_alignment(c.view(), x.view()).unwrap();
        let one = |c: [f64; 3]| Array2::from_shape_fn((1, 3), |(_, i)| c[i]);
        for i in 0..3 {
            let mut c = [0.0; 3];
            c[i] = -7.0;
            let expected = [3.0, 2.0, 1.0][i] / f64::sqrt(14.0);
            assert!((rho(one(c)) - expected).abs() < 1e-12);
        }
        // the identity reads everything: 1 / √units
        assert!((rho(Array2::eye(3)) - 1.0 / f64::sqrt(3.0)).abs() < 1e-12);
        let line = Array3::from_shape_fn((5, 1, 3), |(t, _, i)| t as f64 * [1.0, -2.0, 2.0][i]);
        let aligned = readout_alignment(one([2.0, -4.0, 4.0]).view(), line.view()).unwrap();
        assert!((aligned - 1.0).abs() < 1e-12);
        assert!(readout_alignment(Array2::eye(2).view(), x.view()).is_err());
        assert!(readout_alignment(Array2::zeros((1, 3)).view(), x.view()).is_err());
    }
}
