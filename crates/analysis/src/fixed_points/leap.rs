//! Newton's method whose steps are bounded but may raise q. A method that only lowers q ends where its
//! gradient vanishes, in a large network mostly at a minimum that is no fixed point; a Newton step
//! looks for `F(x) = x` alone and passes over it.

use attractor_numerics::Dynamics;
use attractor_numerics::linalg::Lu;

/// Longest step, root mean square in units of the starts' spread: shorter ones walk around where
/// `J - I` has no inverse, longer ones jump at random.
const LONGEST: f64 = 0.65;
/// A step shorter than this has arrived: the next error is about its square.
const SHORT: f64 = 5e-4;
/// Farthest from its start that a point may be; two starts are √2 apart.
const REACH: f64 = 2.0;

/// A state next to a fixed point in reach of the start x `[n]`, and the number of steps that led there;
/// `spread` is that of all starts. None if `most` steps do not get there.
///
/// Steps are solved for in single precision: their residuals are not, so that errors do not stay.
pub(super) fn leap(
    dynamics: &dyn Dynamics,
    x: &[f64],
    spread: f64,
    most: usize,
) -> Option<(Vec<f64>, usize)> {
    let n = x.len();
    let rms = |squares: f64| (squares / n as f64).sqrt();
    let (mut at, mut f, mut a) = (x.to_vec(), vec![0.0; n], vec![0.0; n * n]);
    for step in 1..=most {
        dynamics.step(&at, &mut f);
        f.iter_mut().zip(&at).for_each(|(f, x)| *f -= x);
        dynamics.jacobian(&at, &mut a);
        (0..n).for_each(|i| a[i * n + i] -= 1.0);
        let d = Lu::<f32>::new(&a, n).and_then(|lu| lu.solve(&f, 1)).ok()?;
        let length = rms(d.iter().map(|d| d * d).sum()) / spread;
        let factor = (LONGEST / length).min(1.0);
        at.iter_mut().zip(&d).for_each(|(x, d)| *x -= factor * d);
        let away = rms(at.iter().zip(x).map(|(a, x)| (a - x) * (a - x)).sum());
        if away.is_nan() || away > REACH * spread {
            return None;
        }
        if length <= SHORT {
            return Some((at, step));
        }
    }
    None
}
