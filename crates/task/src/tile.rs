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
        let (_, steps, width) = self.numbers.dim();
        let from = self.numbers.as_slice().expect("made in standard order");
        let place = Place { count, first, trials };
        match width {
            0 => {}
            1 => place.lay_few::<1>(from, steps, batch),
            2 => place.lay_few::<2>(from, steps, batch),
            3 => place.lay_few::<3>(from, steps, batch),
            4 => place.lay_few::<4>(from, steps, batch),
            5 => place.lay_few::<5>(from, steps, batch),
            6 => place.lay_few::<6>(from, steps, batch),
            7 => place.lay_few::<7>(from, steps, batch),
            8 => place.lay_few::<8>(from, steps, batch),
            _ => place.lay(from, steps, width, batch),
        }
    }
}

/// Where trials go in a batch.
struct Place {
    count: usize,
    first: usize,
    trials: usize,
}

impl Place {
    fn lay(&self, from: &[f32], steps: usize, width: usize, batch: &mut [f32]) {
        for step in 0..steps {
            let to = (step * self.trials + self.first) * width;
            let row = &mut batch[to..to + self.count * width];
            for trial in 0..self.count {
                let from = &from[(trial * steps + step) * width..][..width];
                row[trial * width..(trial + 1) * width].copy_from_slice(from);
            }
        }
    }

    /// For few channels, whose number the compiler should know: a call for each copy would cost more
    /// than the copy.
    fn lay_few<const W: usize>(&self, from: &[f32], steps: usize, batch: &mut [f32]) {
        let ((from, _), (batch, _)) = (from.as_chunks::<W>(), batch.as_chunks_mut::<W>());
        for step in 0..steps {
            let row = &mut batch[step * self.trials + self.first..][..self.count];
            for (trial, to) in row.iter_mut().enumerate() {
                *to = from[trial * steps + step];
            }
        }
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
        for width in 0..10 {
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
