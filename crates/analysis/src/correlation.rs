//! Correlation of two rows of numbers.

use crate::MeasureError;
use crate::measure_error::{enough, finite, same_length};

/// Pearson's correlation `Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)² Σ (y − ȳ)²)`.
///
/// # Errors
/// Different lengths, fewer than two values, values that are not finite, or all the same.
pub fn pearson(x: &[f64], y: &[f64]) -> Result<f64, MeasureError> {
    same_length("values to correlate", x.len(), y.len())?;
    enough("values to correlate", 2, x.len())?;
    finite("first values", x)?;
    finite("second values", y)?;
    let centred = |v: &[f64]| -> Vec<f64> {
        let mean = v.iter().sum::<f64>() / v.len() as f64;
        v.iter().map(|v| v - mean).collect()
    };
    let constant = |v: &[f64]| v.iter().all(|&other| other == v[0]);
    if constant(x) || constant(y) {
        return Err(MeasureError::Constant { what: "the values to correlate" });
    }
    let (x, y) = (centred(x), centred(y));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let correlation = product(&x, &y) / (product(&x, &x).sqrt() * product(&y, &y).sqrt());
    Ok(correlation.clamp(-1.0, 1.0))
}

/// Spearman's rank correlation: [`pearson`] of the ranks, equal values sharing the mean of theirs.
///
/// # Errors
/// As for [`pearson`].
pub fn spearman(x: &[f64], y: &[f64]) -> Result<f64, MeasureError> {
    same_length("values to correlate", x.len(), y.len())?;
    finite("first values", x)?;
    finite("second values", y)?;
    pearson(&ranks(x), &ranks(y))
}

/// Ranks from 1, equal values sharing the mean of theirs.
pub(crate) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let same =
            order[first..].iter().take_while(|&&k| values[k] == values[order[first]]).count();
        // mean of first + 1, …, first + same
        let rank = first as f64 + (same as f64 + 1.0) / 2.0;
        order[first..first + same].iter().for_each(|&k| ranks[k] = rank);
        first += same;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_correlations() {
        let x = [1.0, 2.0, 3.0, 4.0];
        assert!((pearson(&x, &[5.0, 7.0, 9.0, 11.0]).unwrap() - 1.0).abs() < 1e-15);
        // Σ = 4, Σ² = 5 and 5
        assert!((pearson(&x, &[2.0, 1.0, 4.0, 3.0]).unwrap() - 0.6).abs() < 1e-15);
        assert!((spearman(&x, &[0.1, 100.0, 101.0, 1e9]).unwrap() - 1.0).abs() < 1e-15);
        assert!((spearman(&x, &[4.0, 3.0, 2.0, -1e9]).unwrap() + 1.0).abs() < 1e-15);
        assert_eq!(ranks(&[3.0, 1.0, 3.0, -0.0, 0.0]), [4.5, 3.0, 4.5, 1.5, 1.5]);
    }

    #[test]
    fn what_has_no_correlation() {
        assert!(matches!(pearson(&[1.0, 1.0], &[1.0, 2.0]), Err(MeasureError::Constant { .. })));
        assert!(matches!(pearson(&[1.0], &[1.0]), Err(MeasureError::TooFew { .. })));
        assert!(matches!(spearman(&[1.0], &[1.0, 2.0]), Err(MeasureError::Lengths { .. })));
        assert!(matches!(
            spearman(&[1.0, f64::NAN], &[1.0, 2.0]),
            Err(MeasureError::NotFinite { .. })
        ));
    }
}
