//! Surrogate derivatives of a spike, by name.

use crate::error::NeuronError;
use crate::names::closest;
use crate::scalar::Scalar;

/// What a spike `[x > 0]` is differentiated as: a bump around the threshold, in place of a derivative
/// that is 0 almost everywhere.
///
/// `x` is the distance to the threshold in units of the bump's width: scale it to make the bump wider,
/// as in `spike((v - th)/th)`; the chain rule then divides the derivative by the width.
///
/// ```
/// use attractor_equations::{Neuron, Surrogate};
///
/// let lif = Neuron::define("lif", |n| {
///     let (v, z, i) = (n.state("v"), n.state("z"), n.drive("I"));
///     n.next(v, 0.9 * v + i - z);
///     n.next(z, (n.after(v) - 1.0).spike_as(Surrogate::Triangular, n.constant(0.3)));
///     n.emit("z", n.after(z));
/// })?;
/// assert_eq!(lif.to_text().equations[1], "z[t+1] = spike(after(v) - 1, triangular, 0.3)");
/// assert!(Surrogate::named("triangel").unwrap_err().to_string().contains("`triangular`?"));
/// # Ok::<(), attractor_equations::NeuronError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surrogate {
    /// `max(0, 1 - |x|)` (Bellec et al. 2020, doi:10.1038/s41467-020-17236-y).
    Triangular,
    /// `1/(1 + |x|)²` (Zenke & Ganguli 2018, doi:10.1162/neco_a_01086).
    #[default]
    FastSigmoid,
    /// `1/(1 + (πx)²)` (Fang et al. 2021, arXiv:2007.05785).
    Arctan,
    /// The density of a normal law of sd ½ (Yin, Corradi & Bohté 2020, arXiv:2005.11633).
    Gaussian,
    /// A Gaussian with two negative, wider ones beside it (Yin, Corradi & Bohté 2021,
    /// doi:10.1038/s42256-021-00397-w): slightly negative far from the threshold, 0.43911 at it, 0.425
    /// under the curve.
    MultiGaussian,
}

impl Surrogate {
    /// All, by name and formula.
    pub const ALL: [(&'static str, Surrogate, &'static str); 5] = [
        ("triangular", Surrogate::Triangular, "max(0, 1 - |x|)"),
        ("fast-sigmoid", Surrogate::FastSigmoid, "1/(1 + |x|)^2"),
        ("arctan", Surrogate::Arctan, "1/(1 + (pi x)^2)"),
        ("gaussian", Surrogate::Gaussian, "N(x; 0, 0.5)"),
        (
            "multi-gaussian",
            Surrogate::MultiGaussian,
            "0.5 (1.15 N(x; 0, 0.5) - 0.15 N(x; 0.5, 3) - 0.15 N(x; -0.5, 3))",
        ),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Surrogate::ALL.iter().find(|(_, other, _)| *other == self).map_or("", |(name, ..)| name)
    }

    /// The surrogate of a name.
    ///
    /// # Errors
    /// [`NeuronError::UnknownSurrogate`], with the nearest name.
    pub fn named(name: &str) -> Result<Surrogate, NeuronError> {
        let known = Surrogate::ALL.iter().map(|(name, ..)| *name);
        let found = Surrogate::ALL.iter().find(|(other, ..)| *other == name);
        found.map(|(_, surrogate, _)| *surrogate).ok_or_else(|| NeuronError::UnknownSurrogate {
            name: name.to_owned(),
            did_you_mean: closest(name, known.clone()).map(str::to_owned),
            known: known.map(str::to_owned).collect(),
        })
    }

    /// The derivative at a distance `x` from the threshold.
    pub fn derivative(self, x: Scalar<'_>) -> Scalar<'_> {
        match self {
            Surrogate::Triangular => (1.0 - x.abs()).relu(),
            Surrogate::FastSigmoid => {
                let width = 1.0 + x.abs();
                1.0 / (width * width)
            }
            Surrogate::Arctan => {
                let angle = x * std::f64::consts::PI;
                1.0 / (1.0 + angle * angle)
            }
            Surrogate::Gaussian => normal(x, WIDTH),
            Surrogate::MultiGaussian => {
                let beside = normal(x - WIDTH, 6.0 * WIDTH) + normal(x + WIDTH, 6.0 * WIDTH);
                0.5 * ((1.0 + DEPTH) * normal(x, WIDTH) - DEPTH * beside)
            }
        }
    }
}

/// Standard deviation of the Gaussian in the middle.
const WIDTH: f64 = 0.5;
/// Weight of each Gaussian beside it.
const DEPTH: f64 = 0.15;

/// The density of a normal law of mean 0.
fn normal(x: Scalar<'_>, sd: f64) -> Scalar<'_> {
    let square = x * x;
    (square * (-0.5 / (sd * sd))).exp() * (1.0 / (sd * std::f64::consts::TAU.sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Leaf, Neuron, Output, Variable};

    /// The derivative of a spike by its distance from the threshold, as the graph gives it.
    fn slope(surrogate: Surrogate) -> impl Fn(f64) -> f64 {
        let neuron = Neuron::define("n", |n| {
            n.emit("z", n.drive("I").spike_as(surrogate, n.constant(1.0)));
        });
        let Ok(step) = neuron.and_then(|n| n.step(crate::Integrator::Euler)) else {
            panic!("a sound neuron")
        };
        let partials = step.partials(&[Variable::Drive(0)]);
        assert_eq!(partials.outputs[0].0, Output::Value(0));
        move |x| {
            let at = |leaf| if leaf == Leaf::Value(Variable::Drive(0)) { x } else { f64::NAN };
            partials.graph.evaluate(partials.outputs[0].1, at)
        }
    }

    /// Simpson's rule over ±60, from which on the Gaussians are 0.
    fn integral(f: impl Fn(f64) -> f64) -> f64 {
        let (n, from, h) = (48_000, -60.0, 0.0025);
        let weight = |k: usize| match k {
            0 => 1.0,
            k if k == n => 1.0,
            k if k % 2 == 1 => 4.0,
            _ => 2.0,
        };
        (0..=n).map(|k| weight(k) * f(from + h * k as f64)).sum::<f64>() * h / 3.0
    }

    #[test]
    fn closed_forms() {
        let normal = |x: f64, sd: f64| {
            (-x * x / (2.0 * sd * sd)).exp() / (sd * (2.0 * std::f64::consts::PI).sqrt())
        };
        for (name, surrogate, _) in Surrogate::ALL {
            let slope = slope(surrogate);
            for x in [-3.0f64, -0.7, -0.2, 0.0, 0.3, 0.9, 1.4, 5.0] {
                let expected = match surrogate {
                    Surrogate::Triangular => (1.0 - x.abs()).max(0.0),
                    Surrogate::FastSigmoid => (1.0 + x.abs()).powi(-2),
                    Surrogate::Arctan => 1.0 / (1.0 + (std::f64::consts::PI * x).powi(2)),
                    Surrogate::Gaussian => normal(x, 0.5),
                    Surrogate::MultiGaussian => {
                        0.5 * (1.15 * normal(x, 0.5)
                            - 0.15 * normal(x - 0.5, 3.0)
                            - 0.15 * normal(x + 0.5, 3.0))
                    }
                };
                assert!((slope(x) - expected).abs() < 1e-14, "{name} at {x}");
            }
        }
    }

    /// Published values: 0.5 (1.15 · 0.79788 - 0.3 · 0.13114) = 0.43911 at the threshold, and
    /// 0.5 (1 + h - 2h) = 0.425 under the curve.
    #[test]
    fn the_multi_gaussian_is_the_published_one() {
        let slope = slope(Surrogate::MultiGaussian);
        assert!((slope(0.0) - 0.43911).abs() < 5e-6, "{}", slope(0.0));
        let area = integral(&slope);
        assert!((area - 0.425).abs() < 1e-9, "{area}");
        assert!(slope(2.0) < 0.0 && slope(-2.0) < 0.0, "negative beside the threshold");
    }

    #[test]
    fn areas() {
        // the fast sigmoid has 2 under it, of which 2/61 lie beyond ±60
        for (surrogate, expected, tolerance) in [
            (Surrogate::Triangular, 1.0, 1e-9),
            (Surrogate::FastSigmoid, 2.0 - 2.0 / 61.0, 1e-5),
            (Surrogate::Gaussian, 1.0, 1e-9),
        ] {
            let area = integral(slope(surrogate));
            assert!((area - expected).abs() < tolerance, "{surrogate:?}: {area}");
        }
    }

    #[test]
    fn names_lead_there_and_back() {
        for (name, surrogate, _) in Surrogate::ALL {
            assert_eq!(Surrogate::named(name), Ok(surrogate));
            assert_eq!(surrogate.name(), name);
        }
        let error = Surrogate::named("multigaussian").unwrap_err().to_string();
        assert!(error.contains("did you mean `multi-gaussian`?"), "{error}");
    }
}
