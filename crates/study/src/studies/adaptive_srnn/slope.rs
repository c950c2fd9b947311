//! The derivative of a spike, as the library differentiates it, beside the closed form.

use attractor::equations::{Function, Integrator, Leaf, Neuron, Surrogate, Variable};

use crate::error::StudyError;

/// The derivative of a spike by its distance from the threshold.
pub(super) struct Slope(Function);

/// That of a surrogate: the partial of an emission `spike(I)` by its drive.
pub(super) fn of(surrogate: Surrogate) -> Result<Slope, StudyError> {
    let wrong = |error: attractor::equations::NeuronError| StudyError::Study(error.to_string());
    let neuron = Neuron::define("slope", |n| {
        n.emit("z", n.drive("I").spike_as(surrogate, n.constant(1.0)));
    });
    let step = neuron.and_then(|n| n.step(Integrator::Euler)).map_err(wrong)?;
    Ok(Slope(step.partials(&[Variable::Drive(0)])))
}

impl Slope {
    fn at(&self, x: f64) -> f64 {
        let leaf = |leaf| if leaf == Leaf::Value(Variable::Drive(0)) { x } else { f64::NAN };
        self.0.graph.evaluate(self.0.outputs[0].1, leaf)
    }

    /// Largest distance from `½ (1.15 N(x; 0, ½) - 0.15 N(x; ½, 3) - 0.15 N(x; -½, 3))`.
    pub(super) fn distance(&self) -> f64 {
        let normal =
            |x: f64, sd: f64| (-0.5 * (x / sd).powi(2)).exp() / (sd * std::f64::consts::TAU.sqrt());
        let closed = |x: f64| {
            0.5 * (1.15 * normal(x, 0.5) - 0.15 * (normal(x - 0.5, 3.0) + normal(x + 0.5, 3.0)))
        };
        let grid = (-600..=600).map(|k| f64::from(k) / 100.0);
        grid.map(|x| (self.at(x) - closed(x)).abs()).fold(0.0, f64::max)
    }

    /// The area over ±60, by the trapezoidal rule, which is exact to rounding for what ends at 0.
    pub(super) fn area(&self) -> f64 {
        (-6000..=6000).map(|k| self.at(f64::from(k) / 100.0) / 100.0).sum()
    }
}
