//! Images of ten categories.

use std::f64::consts::{PI, TAU};

use attractor::numerics::law::Law;
use attractor::numerics::random;
use ndarray::Array3;

/// Shapes and textures.
pub(super) const CATEGORIES: usize = 10;
/// Pixels along a side.
const SIDE: usize = 32;

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
