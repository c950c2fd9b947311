//! A matrix of numbers to be drawn, and how it is thinned to what a page can show.

use crate::error::ReportError;

/// Rows × columns of numbers, row by row. Values that are not finite are kept and drawn as missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// A matrix from a slice of `f32` or `f64`, row by row.
    ///
    /// # Errors
    /// [`ReportError::Shape`] when the slice does not hold `rows * columns` values.
    pub fn new<T: Copy + Into<f64>>(
        rows: usize,
        columns: usize,
        values: &[T],
    ) -> Result<Matrix, ReportError> {
        if rows.checked_mul(columns) != Some(values.len()) {
            let what = "matrix".to_owned();
            // A product that overflows is never met by a slice; the message then shows the largest count.
            let (rows, columns) =
                if rows.checked_mul(columns).is_some() { (rows, columns) } else { (usize::MAX, 1) };
            return Err(ReportError::Shape { what, rows, columns, found: values.len() });
        }
        // Beyond 1e300 differences overflow: such values are as missing as an infinity.
        let values = values.iter().map(|&v| tame(v.into())).collect();
        Ok(Matrix { rows, columns, values })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The value at `(row, column)`; NaN outside.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> f64 {
        if column < self.columns {
            self.values.get(row * self.columns + column).copied().unwrap_or(f64::NAN)
        } else {
            f64::NAN
        }
    }

    /// One row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f64] {
        self.values.get(row * self.columns..(row + 1) * self.columns).unwrap_or(&[])
    }

    /// All values, row by row.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Rows become columns: `[time, unit]` as it lies in memory becomes `[unit, time]` as it is drawn.
    #[must_use]
    pub fn transposed(&self) -> Matrix {
        let mut values = Vec::with_capacity(self.values.len());
        for c in 0..self.columns {
            values.extend((0..self.rows).map(|r| self.values[r * self.columns + c]));
        }
        Matrix { rows: self.columns, columns: self.rows, values }
    }

    /// The rows in another order; indices beyond the matrix are left out.
    #[must_use]
    pub fn rows_in_order(&self, order: &[usize]) -> Matrix {
        let kept: Vec<usize> = order.iter().copied().filter(|&r| r < self.rows).collect();
        let values = kept.iter().flat_map(|&r| self.row(r)).copied().collect();
        Matrix { rows: kept.len(), columns: self.columns, values }
    }

    /// Smallest and largest finite value.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        finite_range(self.values.iter().copied())
    }

    /// How many values are not finite.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.values.iter().filter(|v| !v.is_finite()).count()
    }

    /// Row indices by the column of the largest value, earliest peak first; rows without a finite value come last.
    #[must_use]
    pub fn order_by_peak(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows).collect();
        let peak = |r: usize| {
            let finite = self.row(r).iter().enumerate().filter(|(_, v)| v.is_finite());
            finite.fold(None, |best: Option<(usize, f64)>, (i, &v)| match best {
                Some((_, b)) if b >= v => best,
                _ => Some((i, v)),
            })
        };
        order.sort_by_key(|&r| peak(r).map_or(usize::MAX, |(i, _)| i));
        order
    }

    /// At most `rows` × `columns` values: means over equal blocks of neighbours (finite ones only), and the block.
    pub(crate) fn reduced(&self, rows: usize, columns: usize) -> (Matrix, (usize, usize)) {
        let block =
            (self.rows.div_ceil(rows.max(1)).max(1), self.columns.div_ceil(columns.max(1)).max(1));
        if block == (1, 1) {
            return (self.clone(), block);
        }
        let (r, c) = (self.rows.div_ceil(block.0), self.columns.div_ceil(block.1));
        let (mut sum, mut count) = (vec![0.0; r * c], vec![0usize; r * c]);
        for (i, &v) in self.values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let cell = (i / self.columns / block.0) * c + (i % self.columns) / block.1;
            sum[cell] += v;
            count[cell] += 1;
        }
        let values = sum
            .iter()
            .zip(&count)
            .map(|(&s, &n)| if n > 0 { s / n as f64 } else { f64::NAN })
            .collect();
        (Matrix { rows: r, columns: c, values }, block)
    }
}

/// The value if arithmetic on it stays finite, else NaN.
pub(crate) fn tame(v: f64) -> f64 {
    if v.abs() <= 1e300 { v } else { f64::NAN }
}

/// Smallest and largest finite value.
pub(crate) fn finite_range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|v| v.is_finite()).fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((lo, hi)) => Some((v.min(lo), v.max(hi))),
    })
}

/// The value below which a fraction `q` of the finite values lies (nearest rank); 0 when there is none.
pub(crate) fn quantile(values: impl Iterator<Item = f64>, q: f64) -> f64 {
    let mut sorted: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    if sorted.is_empty() {
        return 0.0;
    }
    let k = ((sorted.len() - 1) as f64 * q.clamp(0.0, 1.0)).round() as usize;
    *sorted.select_nth_unstable_by(k, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_checked() {
        assert!(Matrix::new(2, 3, &[0f32; 6]).is_ok());
        assert!(Matrix::new(2, 3, &[0f32; 5]).is_err());
        assert!(
            Matrix::new(usize::MAX, 2, &[0f32; 5])
                .unwrap_err()
                .to_string()
                .contains("5 were given")
        );
        assert_eq!(Matrix::new::<f64>(0, 0, &[]).unwrap().range(), None);
    }

    #[test]
    fn transposing_and_ordering() {
        let m = Matrix::new(2, 3, &[1.0, 2.0, 3.0, 6.0, f64::NAN, 4.0]).unwrap();
        assert_eq!(m.transposed().row(0), &[1.0, 6.0]);
        assert_eq!(m.order_by_peak(), vec![1, 0]);
        assert_eq!(m.rows_in_order(&[1, 0, 7]).row(1), &[1.0, 2.0, 3.0]);
        assert_eq!((m.missing(), m.range()), (1, Some((1.0, 6.0))));
        assert!(m.at(0, 9).is_nan() && m.at(9, 0).is_nan());
    }

    #[test]
    fn blocks_are_means_of_what_is_finite() {
        let m =
            Matrix::new(3, 3, &[1.0, 3.0, 5.0, 1.0, f64::NAN, 7.0, f64::NAN, f64::INFINITY, 2.0])
                .unwrap();
        let (small, block) = m.reduced(2, 2);
        assert_eq!(block, (2, 2));
        assert_eq!(small.row(0), &[5.0 / 3.0, 6.0]);
        assert!(small.at(1, 0).is_nan());
        assert_eq!(m.reduced(3, 3).0.rows(), 3);
    }

    #[test]
    fn quantiles() {
        let v = [3.0, 1.0, f64::NAN, 2.0];
        assert_eq!(quantile(v.iter().copied(), 0.0), 1.0);
        assert_eq!(quantile(v.iter().copied(), 0.5), 2.0);
        assert_eq!(quantile(v.iter().copied(), 1.0), 3.0);
        assert_eq!(quantile(std::iter::empty(), 0.5), 0.0);
    }
}
