//! Averages over places of a map.

use ndarray::{Array3, ArrayView3, s};

/// Maps `[channel, y, x]` averaged to at most `places` × `places`: block k of n along an axis of length L
/// is `⌊k L / n⌋ .. ⌈(k + 1) L / n⌉`, as in the adaptive pooling of PyTorch. Axes that are short enough
/// stay.
pub(crate) fn pool(maps: ArrayView3<'_, f32>, places: usize) -> Array3<f32> {
    let (channels, height, width) = maps.dim();
    let (rows, columns) = (height.min(places), width.min(places));
    let block =
        |k: usize, of: usize, length: usize| k * length / of..((k + 1) * length).div_ceil(of);
    Array3::from_shape_fn((channels, rows, columns), |(channel, y, x)| {
        let (y, x) = (block(y, rows, height), block(x, columns, width));
        let block = maps.slice(s![channel, y, x]);
        let sum: f64 = block.iter().map(|&value| f64::from(value)).sum();
        (sum / block.len() as f64) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Blocks of 5 in 2: 0..3 and 2..5; in 4: 0..2, 1..3, 2..4, 3..5.
    #[test]
    fn blocks_overlap_where_lengths_do_not_divide() {
        let maps = array![[[0.0, 1.0, 2.0, 3.0, 4.0]]];
        assert_eq!(pool(maps.view(), 2), array![[[1.0, 3.0]]]);
        assert_eq!(pool(maps.view(), 4), array![[[0.5, 1.5, 2.5, 3.5]]]);
        assert_eq!(pool(maps.view(), 7), maps);
        let square = Array3::from_shape_fn((2, 4, 4), |(c, y, x)| (16 * c + 4 * y + x) as f32);
        assert_eq!(pool(square.view(), 1), array![[[7.5]], [[23.5]]]);
    }
}
