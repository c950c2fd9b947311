//! Anything that steps: a map `x ↦ F(x)` with its derivatives, in double precision.
//!
//! Fixed points, linear stability, Lyapunov exponents and reduced models ask for nothing else, so
//! they work on networks, on models of two variables and on textbook maps alike.

/// A map `x ↦ F(x)` of states of n values: one step of `dt` ms, without noise.
///
/// States are rows of a row-major `[point, n]` slice, without padding; a row of a result must not
/// depend on the rows beside it. The defaults of the derivatives go through the whole Jacobian, n²
/// values for each point: override them where there is a shorter way.
///
/// Methods panic if slices are not of the lengths stated.
///
/// ```
/// use attractor_numerics::Dynamics;
/// /// The logistic map `x ↦ r x (1 - x)`.
/// struct Logistic(f64);
/// impl Dynamics for Logistic {
///     fn dimension(&self) -> usize { 1 }
///     fn dt(&self) -> f64 { 1.0 }
///     fn step(&self, x: &[f64], next: &mut [f64]) {
///         next.iter_mut().zip(x).for_each(|(y, x)| *y = self.0 * x * (1.0 - x));
///     }
///     fn jacobian(&self, x: &[f64], jacobian: &mut [f64]) {
///         jacobian[0] = self.0 * (1.0 - 2.0 * x[0]);
///     }
/// }
/// let mut tangent = [0.0];
/// Logistic(4.0).jvp(&[0.25], &[3.0], &mut tangent);
/// assert_eq!(tangent, [6.0]);
/// ```
pub trait Dynamics: Sync {
    /// Number of values of a state, n.
    fn dimension(&self) -> usize;

    /// Duration of one step in ms.
    fn dt(&self) -> f64;

    /// `F` of each point: x and next `[point, n]`.
    fn step(&self, x: &[f64], next: &mut [f64]);

    /// Jacobian `J = ∂F/∂x` at one point x `[n]`: `[after, before]`, n² values.
    fn jacobian(&self, x: &[f64], jacobian: &mut [f64]);

    /// `J v` at each point, of the same number of tangents for each: x `[point, n]`, v and out
    /// `[point, tangent, n]`.
    fn jvp(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        let n = self.dimension();
        each(
            n,
            x,
            v,
            out,
            |x, jacobian| self.jacobian(x, jacobian),
            |jacobian, v, out| {
                for (out, row) in out.iter_mut().zip(jacobian.chunks_exact(n)) {
                    *out = row.iter().zip(v).map(|(j, v)| j * v).sum();
                }
            },
        );
    }

    /// `Jᵀ w` at each point, of the same number of cotangents for each: x `[point, n]`, w and out
    /// `[point, cotangent, n]`.
    fn vjp(&self, x: &[f64], w: &[f64], out: &mut [f64]) {
        let n = self.dimension();
        each(
            n,
            x,
            w,
            out,
            |x, jacobian| self.jacobian(x, jacobian),
            |jacobian, w, out| {
                out.fill(0.0);
                for (w, row) in w.iter().zip(jacobian.chunks_exact(n)) {
                    out.iter_mut().zip(row).for_each(|(out, j)| *out += j * w);
                }
            },
        );
    }

    /// `f = F(x) - x` and the gradient `(J - I)ᵀ f` of `q = ½‖f‖²` at each point: x, f and gradient
    /// `[point, n]`. Override it where one pass forwards serves both.
    fn residual(&self, x: &[f64], f: &mut [f64], gradient: &mut [f64]) {
        self.step(x, f);
        f.iter_mut().zip(x).for_each(|(f, x)| *f -= x);
        self.vjp(x, f, gradient);
        gradient.iter_mut().zip(f.iter()).for_each(|(g, f)| *g -= f);
    }
}

/// Applies the Jacobian of each point to each of its vectors.
fn each(
    n: usize,
    x: &[f64],
    vectors: &[f64],
    out: &mut [f64],
    jacobian: impl Fn(&[f64], &mut [f64]),
    apply: impl Fn(&[f64], &[f64], &mut [f64]),
) {
    if x.is_empty() || vectors.is_empty() {
        return;
    }
    let of_point = vectors.len() / (x.len() / n);
    let mut matrix = vec![0.0; n * n];
    let points = x.chunks_exact(n).zip(vectors.chunks_exact(of_point));
    for ((x, vectors), out) in points.zip(out.chunks_exact_mut(of_point)) {
        jacobian(x, &mut matrix);
        for (vector, out) in vectors.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
            apply(&matrix, vector, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(x, y) ↦ (1 - a x² + y, b x)` (Hénon 1976).
    struct Henon(f64, f64);

    impl Dynamics for Henon {
        fn dimension(&self) -> usize {
            2
        }
        fn dt(&self) -> f64 {
            1.0
        }
        fn step(&self, x: &[f64], next: &mut [f64]) {
            for (x, next) in x.chunks_exact(2).zip(next.chunks_exact_mut(2)) {
                next.copy_from_slice(&[1.0 - self.0 * x[0] * x[0] + x[1], self.1 * x[0]]);
            }
        }
        fn jacobian(&self, x: &[f64], jacobian: &mut [f64]) {
            jacobian.copy_from_slice(&[-2.0 * self.0 * x[0], 1.0, self.1, 0.0]);
        }
    }

    #[test]
    fn defaults_apply_the_jacobian_of_their_own_point() {
        let map = Henon(1.4, 0.3);
        let (x, v) = ([0.5, 0.1, -1.0, 0.2], [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 2.0, -1.0]);
        let (mut forward, mut backward) = ([0.0; 8], [0.0; 8]);
        map.jvp(&x, &v, &mut forward);
        map.vjp(&x, &v, &mut backward);
        assert_eq!(forward, [-1.4, 0.3, 1.0, 0.0, 2.8, 0.3, 4.6, 0.6]);
        assert_eq!(backward, [-1.4, 1.0, 0.3, 0.0, 2.8, 1.0, 5.3, 2.0]);
    }

    #[test]
    fn the_gradient_is_that_of_half_the_squared_residual() {
        let map = Henon(1.4, 0.3);
        let q = |x: &[f64]| {
            let mut next = [0.0; 2];
            map.step(x, &mut next);
            0.5 * next.iter().zip(x).map(|(y, x)| (y - x) * (y - x)).sum::<f64>()
        };
        let (x, h) = ([0.4, -0.3], 1e-6);
        let (mut f, mut gradient) = ([0.0; 2], [0.0; 2]);
        map.residual(&x, &mut f, &mut gradient);
        assert!((0.5 * (f[0] * f[0] + f[1] * f[1]) - q(&x)).abs() < 1e-15);
        for k in 0..2 {
            let moved = |h: f64| {
                let mut x = x;
                x[k] += h;
                q(&x)
            };
            assert!(((moved(h) - moved(-h)) / (2.0 * h) - gradient[k]).abs() < 1e-9);
        }
    }
}
