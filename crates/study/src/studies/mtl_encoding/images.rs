//! Images of ten categories, and the layers of a bank of filters that has seen none of them.

use std::f64::consts::{PI, TAU};

use attractor::numerics::law::Law;
use attractor::numerics::random;
use ndarray::{Array1, Array2, Array3, Array4, ArrayView3, ArrayViewMut1, Axis, s};

/// Shapes and textures.
pub(super) const CATEGORIES: usize = 10;
/// Pixels along a side.
const SIDE: usize = 32;
/// Names of the layers, from pixels on.
pub(super) const LAYERS: [&str; 4] = ["pixels", "Gabor", "random 1", "random 2"];

/// Images, `[image, y, x]`, category k of image k modulo [`CATEGORIES`]: places, sizes, angles, phases and
/// contrasts differ, and pixels are noisy.
pub(super) fn images(count: usize, seed: u64) -> Array3<f64> {
    let mut rng = random::stream(seed, "mtl/images");
    let mut draw = |low: f64, high: f64| Law::Between { low, high }.sample(1, 1, &mut rng)[0];
    let mut images = Array3::zeros((count, SIDE, SIDE));
    for (k, mut image) in images.outer_iter_mut().enumerate() {
        let category = k % CATEGORIES;
        let centre = [draw(-5.0, 5.0), draw(-5.0, 5.0)];
        let (size, angle) = (draw(7.0, 12.0), draw(-0.25, 0.25));
        let (phase, contrast) = (draw(0.0, TAU), draw(0.6, 1.0));
        for ((y, x), pixel) in image.indexed_iter_mut() {
            let half = SIDE as f64 / 2.0;
            let (dx, dy) = (x as f64 - half - centre[0], y as f64 - half - centre[1]);
            let u = (dx * angle.cos() + dy * angle.sin()) / size;
            let v = (dy * angle.cos() - dx * angle.sin()) / size;
            *pixel = contrast * shape(category, u, v, phase) + 0.1 * draw(-1.0, 1.0);
        }
    }
    images
}

/// A category at a place relative to centre and size: 1 inside and 0 outside, or a wave.
fn shape(category: usize, u: f64, v: f64, phase: f64) -> f64 {
    let (radius, square) = (u.hypot(v), u.abs().max(v.abs()));
    let wave = |along: f64| 0.5 + 0.5 * (2.0 * PI * along + phase).sin();
    let inside = match category {
        0 => radius < 0.9,
        1 => (0.6..1.0).contains(&radius),
        2 => square < 0.8,
        3 => v < 0.8 && v > 2.0 * u.abs() - 1.0,
        4 => u.abs().min(v.abs()) < 0.25 && square < 1.0,
        5 => return wave(1.5 * u),
        6 => return wave(1.5 * v),
        7 => return wave(1.5 * (u + v) / 2f64.sqrt()),
        8 => ((2.0 * PI * u + phase).sin() * (2.0 * PI * v).sin()) > 0.0,
        _ => ((3.0 * PI * u + phase).sin() * (3.0 * PI * v).sin()) > 0.7,
    };
    f64::from(inside)
}

/// Features `[image, feature]` of each layer: pixels in blocks of 2 × 2; energies of Gabor filters, eight
/// orientations at two wavelengths; and two layers of random filters of 3 × 3 with rectification on top of
/// these. Maps are averaged in blocks between layers and for the features.
pub(super) fn layers(images: &Array3<f64>, seed: u64) -> Vec<Array2<f64>> {
    let gabor = gabor();
    let mut rng = random::stream(seed, "mtl/filters");
    let mut filters = |from: usize, to: usize| {
        let law = Law::Normal { sd: (2.0 / (9 * from) as f64).sqrt() };
        let values = law.sample(to, 9 * from, &mut rng);
        Array4::from_shape_fn((to, from, 3, 3), |(o, i, y, x)| {
            values[o * 9 * from + 9 * i + 3 * y + x]
        })
    };
    let (first, second) = (filters(16, 32), filters(32, 64));
    let mut features: Vec<Vec<Array1<f64>>> = vec![Vec::new(); LAYERS.len()];
    for image in images.outer_iter() {
        let pixels = image.insert_axis(Axis(0));
        let energies = pool(energy(&convolve(pixels, &gabor)).view(), 2);
        let one = pool(rectified(convolve(energies.view(), &first)).view(), 2);
        let two = pool(rectified(convolve(one.view(), &second)).view(), 2);
        let maps =
            [pool(pixels, 2), pool(energies.view(), 4), pool(one.view(), 2), pool(two.view(), 2)];
        for (features, maps) in features.iter_mut().zip(maps) {
            features.push(maps.flatten().to_owned());
        }
    }
    features.iter().map(|rows| stacked(rows)).collect()
}

fn stacked(rows: &[Array1<f64>]) -> Array2<f64> {
    let columns = rows.first().map_or(0, Array1::len);
    Array2::from_shape_fn((rows.len(), columns), |(row, column)| rows[row][column])
}

/// Even and odd filters in turn, `[filter, 1, y, x]`, without a mean.
fn gabor() -> Array4<f64> {
    let mut bank = Array4::zeros((32, 1, 9, 9));
    for (k, mut filter) in bank.outer_iter_mut().enumerate() {
        let (orientation, rest) = (k / 4, k % 4);
        let (wavelength, odd) = ([4.0, 8.0][rest / 2], rest % 2 == 1);
        let angle = PI * orientation as f64 / 8.0;
        for ((_, y, x), value) in filter.indexed_iter_mut() {
            let (dx, dy) = (x as f64 - 4.0, y as f64 - 4.0);
            let along = 2.0 * PI * (dx * angle.cos() + dy * angle.sin()) / wavelength;
            let envelope = (-(dx * dx + dy * dy) / (2.0 * 2.0f64.powi(2))).exp();
            *value = envelope * if odd { along.sin() } else { along.cos() };
        }
        let mean = filter.sum() / filter.len() as f64;
        filter -= mean;
    }
    bank
}

/// Maps `[channel, y, x]` through filters `[filter, channel, y, x]`, zeros around, same size.
fn convolve(maps: ArrayView3<'_, f64>, filters: &Array4<f64>) -> Array3<f64> {
    let (channels, height, width) = maps.dim();
    let (count, _, rows, columns) = filters.dim();
    let mut padded = Array3::zeros((channels, height + rows - 1, width + columns - 1));
    let (top, left) = (rows / 2, columns / 2);
    padded.slice_mut(s![.., top..top + height, left..left + width]).assign(&maps);
    let mut out = Array3::zeros((count, height, width));
    for (mut out, filter) in out.outer_iter_mut().zip(filters.outer_iter()) {
        for ((channel, y, x), &weight) in filter.indexed_iter() {
            out.scaled_add(weight, &padded.slice(s![channel, y..y + height, x..x + width]));
        }
    }
    out
}

/// Lengths of pairs of even and odd responses.
fn energy(maps: &Array3<f64>) -> Array3<f64> {
    let (even, odd) = (maps.slice(s![..;2, .., ..]), maps.slice(s![1..;2, .., ..]));
    ndarray::Zip::from(&even).and(&odd).map_collect(|e, o| e.hypot(*o))
}

fn rectified(maps: Array3<f64>) -> Array3<f64> {
    maps.mapv_into(|x| x.max(0.0))
}

/// Means of blocks of `size` × `size`.
fn pool(maps: ArrayView3<'_, f64>, size: usize) -> Array3<f64> {
    let (channels, height, width) = maps.dim();
    Array3::from_shape_fn((channels, height / size, width / size), |(channel, y, x)| {
        let block = s![channel, y * size..(y + 1) * size, x * size..(x + 1) * size];
        maps.slice(block).sum() / (size * size) as f64
    })
}

/// Columns with mean 0 and sd 1, by the rows of `from`; a column that does not vary becomes 0.
pub(super) fn z_scored(x: &Array2<f64>, from: &[usize]) -> Array2<f64> {
    let seen = x.select(Axis(0), from);
    let mean = seen.sum_axis(Axis(0)) / from.len() as f64;
    let sd = seen.std_axis(Axis(0), 0.0).mapv(|sd| if sd > 0.0 { sd } else { f64::INFINITY });
    (x - &mean) / &sd
}

/// One row with mean 0 and sd `sd`.
pub(super) fn scaled(mut row: ArrayViewMut1<'_, f64>, sd: f64) {
    let mean = row.sum() / row.len() as f64;
    row -= mean;
    let size = row.std(0.0);
    if size > 0.0 {
        row *= sd / size;
    }
}
