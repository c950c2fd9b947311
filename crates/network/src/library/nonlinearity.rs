//! Nonlinearities of rate units.

use attractor_equations::{Definition, Scalar};

/// A nonlinearity by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonlinearity {
    /// `tanh`
    Tanh,
    /// `max(x, 0)`
    Relu,
    /// `ln(1 + eˣ)`
    Softplus,
    /// `1/(1 + e⁻ˣ)`
    Sigmoid,
    /// `x`
    Identity,
    /// `erf(√π x / 2)`: slope 1 at 0, for which mean-field integrals are closed.
    Erf,
    /// `max(tanh x, 0)`
    Retanh,
    /// `min(max(x, 0), 1)`
    Clipped,
}

impl Nonlinearity {
    /// All, with the names used in the names of neurons.
    pub const ALL: [(&'static str, Nonlinearity); 8] = [
        ("tanh", Nonlinearity::Tanh),
        ("relu", Nonlinearity::Relu),
        ("softplus", Nonlinearity::Softplus),
        ("sigmoid", Nonlinearity::Sigmoid),
        ("linear", Nonlinearity::Identity),
        ("erf", Nonlinearity::Erf),
        ("retanh", Nonlinearity::Retanh),
        ("clipped", Nonlinearity::Clipped),
    ];

    /// The name used in the names of neurons.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, phi)| *phi == self).map_or("", |(name, _)| name)
    }

    /// `φ(x)`.
    pub(super) fn of<'n>(self, n: &'n Definition, x: Scalar<'n>) -> Scalar<'n> {
        match self {
            Nonlinearity::Tanh => x.tanh(),
            Nonlinearity::Relu => x.relu(),
            Nonlinearity::Softplus => x.softplus(),
            Nonlinearity::Sigmoid => x.sigmoid(),
            Nonlinearity::Identity => x,
            Nonlinearity::Erf => (x * (std::f64::consts::PI.sqrt() / 2.0)).erf(),
            Nonlinearity::Retanh => x.tanh().relu(),
            Nonlinearity::Clipped => x.relu().min(n.constant(1.0)),
        }
    }
}
