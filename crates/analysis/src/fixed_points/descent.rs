//! The descent on q that finds the basin: Adam (Kingma & Ba 2014, arXiv:1412.6980), as Golub & Sussillo
//! take it, with a step size that falls to 0 as a cosine. Values do not mix, so that starts in one
//! batch do not know of each other.

use std::f64::consts::PI;

use attractor_numerics::Dynamics;

const BETA: (f64, f64) = (0.9, 0.999);
/// Far below any gradient that matters.
const EPSILON: f64 = 1e-12;

/// Replaces each state of x `[point, n]` by the one of lowest q on its way, itself included: a start
/// that is a fixed point already stays.
pub(super) fn descend(dynamics: &dyn Dynamics, x: &mut [f64], steps: usize, rate: f64) {
    let n = dynamics.dimension();
    let mut at = x.to_vec();
    let (mut f, mut gradient) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let (mut mean, mut square) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let mut best = vec![f64::INFINITY; x.len() / n];
    let (mut decay1, mut decay2) = (1.0, 1.0);
    for step in 0..=steps {
        dynamics.residual(&at, &mut f, &mut gradient);
        let rows = x.chunks_exact_mut(n).zip(at.chunks_exact(n)).zip(f.chunks_exact(n));
        for (((x, at), f), best) in rows.zip(&mut best) {
            let q = 0.5 * f.iter().map(|f| f * f).sum::<f64>();
            if q < *best {
                *best = q;
                x.copy_from_slice(at);
            }
        }
        (decay1, decay2) = (decay1 * BETA.0, decay2 * BETA.1);
        let rate = rate * 0.5 * (1.0 + (PI * step as f64 / steps as f64).cos()) / (1.0 - decay1);
        let unbias = 1.0 / (1.0 - decay2);
        for i in 0..at.len() {
            let g = gradient[i];
            mean[i] = BETA.0 * mean[i] + (1.0 - BETA.0) * g;
            square[i] = BETA.1 * square[i] + (1.0 - BETA.1) * g * g;
            at[i] -= rate * mean[i] / ((square[i] * unbias).sqrt() + EPSILON);
        }
    }
}
