//! Which class was taken for which.

use ndarray::Array2;

use crate::measure_error::{MeasureError, same_length};

/// Counts of classifications, `[wanted, answered]`, both from 0 to the number of classes.
///
/// An answer may be missing (two outputs that are equally large, a network that stayed silent): such
/// trials are wrong and stand in [`unanswered`](Confusion::unanswered).
///
/// ```
/// use attractor_analysis::Confusion;
/// let confusion = Confusion::of(2, &[0, 0, 1, 1], &[Some(0), Some(1), Some(1), None])?;
/// assert_eq!(confusion.counts[[0, 1]], 1);
/// assert_eq!(confusion.accuracy(), 0.5);
/// assert_eq!(confusion.recall(), [0.5, 0.5]);
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// Number of trials, `[wanted, answered]`.
    pub counts: Array2<usize>,
    /// Trials without an answer, per wanted class.
    pub unanswered: Vec<usize>,
}

impl Confusion {
    /// Counts the trials of `classes` classes.
    ///
    /// # Errors
    /// Lists of different lengths; a class that is not below `classes`.
    pub fn of(
        classes: usize,
        wanted: &[usize],
        answered: &[Option<usize>],
    ) -> Result<Self, MeasureError> {
        same_length("answers", wanted.len(), answered.len())?;
        let mut counts = Array2::zeros((classes, classes));
        let mut unanswered = vec![0; classes];
        let check = |name: &'static str, class: usize| match class < classes {
            true => Ok(class),
            false => {
                let (value, fix) =
                    (class.to_string(), "classes are counted from 0 to their number");
                Err(MeasureError::Value { name, value, fix })
            }
        };
        for (&wanted, &answered) in wanted.iter().zip(answered) {
            let wanted = check("wanted", wanted)?;
            match answered {
                Some(answered) => counts[[wanted, check("answered", answered)?]] += 1,
                None => unanswered[wanted] += 1,
            }
        }
        Ok(Confusion { counts, unanswered })
    }

    /// Number of trials.
    pub fn trials(&self) -> usize {
        self.counts.sum() + self.unanswered.iter().sum::<usize>()
    }

    /// Fraction of trials classified right; 0 if there are none.
    pub fn accuracy(&self) -> f64 {
        self.counts.diag().sum() as f64 / self.trials().max(1) as f64
    }

    /// Per class, the fraction of its trials that was found; 0 for a class without trials.
    pub fn recall(&self) -> Vec<f64> {
        let rows = self.counts.rows().into_iter().zip(&self.unanswered).enumerate();
        rows.map(|(k, (row, missing))| row[k] as f64 / (row.sum() + missing).max(1) as f64)
            .collect()
    }

    /// Per class, the fraction of the trials given to it that belong to it; 0 where none was.
    pub fn precision(&self) -> Vec<f64> {
        let columns = self.counts.columns().into_iter().enumerate();
        columns.map(|(k, column)| column[k] as f64 / column.sum().max(1) as f64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_fractions() {
        let wanted = [0, 0, 0, 1, 1, 2];
        let answered = [Some(0), Some(0), Some(2), Some(1), None, Some(0)];
        let confusion = Confusion::of(3, &wanted, &answered).unwrap();
        assert_eq!(confusion.counts, ndarray::array![[2, 0, 1], [0, 1, 0], [1, 0, 0]]);
        assert_eq!((confusion.trials(), &confusion.unanswered[..]), (6, &[0, 1, 0][..]));
        assert_eq!(confusion.accuracy(), 0.5);
        assert_eq!(confusion.recall(), [2.0 / 3.0, 0.5, 0.0]);
        assert_eq!(confusion.precision(), [2.0 / 3.0, 1.0, 0.0]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = Confusion::of(2, &[0, 2], &[None, None]).unwrap_err().to_string();
        assert!(error.contains("`wanted` is 2"), "{error}");
        assert!(Confusion::of(2, &[0], &[]).is_err());
        assert_eq!(Confusion::of(2, &[], &[]).unwrap().accuracy(), 0.0);
    }
}
