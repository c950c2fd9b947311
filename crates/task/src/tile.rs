//! A few trials written one after the other, near in memory, then laid side by side into the batch:
//! there the steps of a trial are far apart.

use attractor_data::TrialsError;
use ndarray::{Array, Array3, ArrayViewMut2, Axis, Dimension, IntoDimension};

/// Trials written before they are laid out: their steps fill whole cache lines of the batch.
pub(crate) const TRIALS: usize = 16;

/// Room for [`TRIALS`] trials of one array of a batch.
#[derive(Debug)]
pub(crate) struct Tile {
    /// `[trial, time, channel]`.
    numbers: Array3<f32>,
}

impl Tile {
    /// Room for trials of so many steps and channels.
    pub(crate) fn new(steps: usize, width: usize) -> Tile {
        Tile { numbers: Array3::zeros((TRIALS, steps, width)) }
    }

    /// Makes all silent.
    pub(crate) fn clear(&mut self) {
        self.numbers.fill(0.0);
    }

    /// A trial, `[time, channel]`.
    pub(crate) fn trial(&mut self, trial: usize) -> ArrayViewMut2<'_, f32> {
        self.numbers.index_axis_mut(Axis(0), trial)
    }

    /// Lays the first `count` trials out from trial `first` on of a batch `[time, trial, channel]` of
    /// so many trials.
    pub(crate) fn lay(&self, count: usize, first: usize, trials: usize, batch: &mut [f32]) {
        match self.numbers.dim().2 {
            0 => {}
            1 => self.lay_few::<1>(count, first, trials, batch),
            2 => self.lay_few::<2>(count, first, trials, batch),
            3 => self.lay_few::<3>(count, first, trials, batch),
            4 => self.lay_few::<4>(count, first, trials, batch),
            5 => self.lay_few::<5>(count, first, trials, batch),
            width => {
                for (step, row) in batch.chunks_exact_mut(trials * width).enumerate() {
                    let row = &mut row[first * width..(first + count) * width];
                    for (trial, to) in row.chunks_exact_mut(width).enumerate() {
                        to.copy_from_slice(self.at(trial, step));
                    }
                }
            }
        }
    }

    /// For few channels, whose number the compiler should know: a call for each copy would cost more
    /// than the copy.
    fn lay_few<const W: usize>(
        &self,
        count: usize,
        first: usize,
        trials: usize,
        batch: &mut [f32],
    ) {
        for (step, row) in batch.chunks_exact_mut(trials * W).enumerate() {
            let (row, _) = row[first * W..(first + count) * W].as_chunks_mut::<W>();
            for (trial, to) in row.iter_mut().enumerate() {
                for (to, from) in to.iter_mut().zip(self.at(trial, step)) {
                    *to = *from;
                }
            }
        }
    }

    fn at(&self, trial: usize, step: usize) -> &[f32] {
        let (_, steps, width) = self.numbers.dim();
        let numbers = self.numbers.as_slice().expect("made in standard order");
        &numbers[(trial * steps + step) * width..][..width]
    }
}

/// Numbers in order, as an array.
pub(crate) fn shaped<D: Dimension>(
    shape: impl IntoDimension<Dim = D>,
    numbers: Vec<f32>,
) -> Result<Array<f32, D>, TrialsError> {
    let (shape, found) = (shape.into_dimension(), vec![numbers.len()]);
    let expected = shape.slice().to_vec();
    Array::from_shape_vec(shape, numbers).map_err(|_| TrialsError::Shape {
        key: "a batch".to_owned(),
        axes: "[time, trial, ..]",
        expected,
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_lie_side_by_side() {
        for width in 0..8 {
            let (steps, trials, first, count) = (4, 9, 3, 5);
            let mut tile = Tile::new(steps, width);
            let number = |trial: usize, step: usize, c: usize| (100 * trial + 10 * step + c) as f32;
            for trial in 0..count {
                tile.trial(trial).indexed_iter_mut().for_each(|((step, c), x)| {
                    *x = number(trial, step, c);
                });
            }
            let mut batch = Array3::from_elem((steps, trials, width), -1.0);
            tile.lay(count, first, trials, batch.as_slice_mut().unwrap());
            for ((step, trial, c), x) in batch.indexed_iter() {
                let own = (first..first + count).contains(&trial);
                assert_eq!(*x, if own { number(trial - first, step, c) } else { -1.0 });
            }
            tile.clear();
            assert!(tile.trial(0).iter().all(|x| *x == 0.0));
        }
    }
}
