//! The unit of a data-constrained network: any neuron with one state and one drive, and its inverses.

use std::fmt;

use attractor_equations::{
    Function, Integrator, Kernel, Leaf, Neuron, Node, Program, Scratch, Unary, Variable,
};
use attractor_numerics::{Isa, Real};

use super::error::FitError;

/// Halvings of an interval: from ±2¹⁰ to below the spacing of double precision at 1.
const HALVINGS: usize = 70;
/// Largest state or drive that is looked for.
const WIDEST: f64 = 1024.0;

/// A rate unit at a step: what a network of it does, and which state and which drive belong to data.
///
/// The neuron has one state, one drive, no noise that matters (it is off), and emits a rate that grows
/// with the state. Where the step is affine in the drive (*current form*: `x' = (1 - a) x + a I`, rates
/// `φ(x)`) the drive of a transition is exact, and its fit a linear problem; where the nonlinearity
/// stands between (*rate form*: `r' = (1 - a) r + a φ(I)`) it is found by bisection, held within what
/// the unit can reach.
#[derive(Clone)]
pub struct RateUnit {
    neuron: Neuron,
    parameters: Vec<f64>,
    dt: f64,
    step: Function,
    rest: Function,
    affine: bool,
    link: Link,
}

/// How rates depend on states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Identity,
    Tanh,
    Other,
}

impl fmt::Debug for RateUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RateUnit({}, dt {} ms)", self.neuron.name, self.dt)
    }
}

impl RateUnit {
    /// A neuron at steps of `dt` ms; parameters that are not named keep their defaults.
    ///
    /// # Errors
    /// A neuron with several states or drives, unknown parameters, a dt that its leak does not allow.
    pub fn new(neuron: &Neuron, dt: f64, parameters: &[(&str, f64)]) -> Result<Self, FitError> {
        let wrong = |problem: String| FitError::Neuron { neuron: neuron.name.clone(), problem };
        if neuron.states.len() != 1 || neuron.drives.len() != 1 || neuron.emissions.is_empty() {
            let (s, d) = (neuron.states.len(), neuron.drives.len());
            return Err(wrong(format!("has {s} states and {d} drives, not one of each")));
        }
        let mut values: Vec<f64> = neuron.params.iter().map(|p| p.default).collect();
        for (name, value) in parameters {
            let found = neuron.params.iter().position(|p| p.symbol.name == *name);
            let k = found.ok_or_else(|| FitError::Parameter {
                neuron: neuron.name.clone(),
                parameter: (*name).to_owned(),
            })?;
            values[k] = *value;
        }
        neuron.check_dt(dt, Integrator::Euler, |k| values[k])?;
        neuron.check_requirements(dt, |k| values[k])?;
        let quiet = |leaf| neuron.quiet(leaf);
        let mut step = neuron.step(Integrator::Euler)?.fix(quiet);
        step.outputs.truncate(2); // the state and the first emission
        let mut rest = neuron.at_rest().fix(quiet);
        rest.outputs.truncate(1);
        let of_next = Function { graph: step.graph.clone(), outputs: vec![step.outputs[0]] };
        let drive = [Variable::Drive(0)];
        let bend = of_next.partials(&drive).partials(&drive);
        let affine = bend.graph.constant_value(bend.outputs[0].1) == Some(0.0);
        let state = |id| rest.graph.node(id) == Node::Leaf(Leaf::Value(Variable::State(0)));
        let link = match rest.graph.node(rest.outputs[0].1) {
            Node::Unary(Unary::Tanh, of) if state(of) => Link::Tanh,
            _ if state(rest.outputs[0].1) => Link::Identity,
            _ => Link::Other,
        };
        Ok(RateUnit { neuron: neuron.clone(), parameters: values, dt, step, rest, affine, link })
    }

    /// The neuron.
    pub fn neuron(&self) -> &Neuron {
        &self.neuron
    }

    /// Values of its parameters, in the neuron's order.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// Its step, ms.
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// Whether the step is affine in the drive (current form).
    pub fn affine(&self) -> bool {
        self.affine
    }

    /// The same unit at another step.
    ///
    /// # Errors
    /// As [`RateUnit::new`].
    pub fn at(&self, dt: f64) -> Result<Self, FitError> {
        let names = self.neuron.params.iter().map(|p| p.symbol.name.as_str());
        let named: Vec<(&str, f64)> = names.zip(self.parameters.iter().copied()).collect();
        Self::new(&self.neuron, dt, &named)
    }

    /// Ready to run rows of `ld` units, a multiple of 16.
    pub(crate) fn block<T: Real>(&self, isa: Isa, ld: usize) -> Block<T> {
        let parameters: Vec<T> = self.parameters.iter().map(|&p| T::from_f64(p)).collect();
        let made = |function: &Function| {
            let mut kernel = Kernel::new(Program::compile(function, |_| false), isa, ld);
            kernel.set(self.dt, |k| &parameters[k..=k]);
            kernel
        };
        Block { step: made(&self.step), rest: made(&self.rest), scratch: Scratch::default() }
    }

    /// States that emit these rates; rates beyond what the unit can emit give the nearest it can.
    pub fn states(&self, rates: &[f64]) -> Vec<f64> {
        match self.link {
            Link::Identity => rates.to_vec(),
            Link::Tanh => rates.iter().map(|r| r.atanh()).collect(),
            Link::Other => self.invert(rates, |block, x, out| block.rates(x, out)),
        }
    }

    /// Drives that lead from states to the next ones in one step.
    pub fn drives(&self, states: &[f64], next: &[f64]) -> Vec<f64> {
        let ld = states.len().next_multiple_of(16).max(16);
        let mut x = states.to_vec();
        x.resize(ld, 0.0);
        if !self.affine {
            let run = |block: &mut Block<f64>, drive: &[f64], out: &mut [f64]| {
                let mut rates = vec![0.0; drive.len()];
                block.step(&x, drive, out, &mut rates);
            };
            return self.invert(next, run);
        }
        let mut block = self.block::<f64>(Isa::best(), ld);
        let (mut at_0, mut at_1, mut rates) = (vec![0.0; ld], vec![0.0; ld], vec![0.0; ld]);
        block.step(&x, &vec![0.0; ld], &mut at_0, &mut rates);
        block.step(&x, &vec![1.0; ld], &mut at_1, &mut rates);
        let value = |i: usize| (next[i] - at_0[i]) / (at_1[i] - at_0[i]);
        (0..next.len()).map(value).collect()
    }

    /// Arguments at which a growing function, evaluated on all of them at once, has these values.
    fn invert(
        &self,
        values: &[f64],
        mut run: impl FnMut(&mut Block<f64>, &[f64], &mut [f64]),
    ) -> Vec<f64> {
        let ld = values.len().next_multiple_of(16).max(16);
        let mut block = self.block::<f64>(Isa::best(), ld);
        let (mut low, mut high) = (vec![-WIDEST; ld], vec![WIDEST; ld]);
        let (mut middle, mut out) = (vec![0.0; ld], vec![0.0; ld]);
        for _ in 0..HALVINGS {
            (0..ld).for_each(|i| middle[i] = 0.5 * (low[i] + high[i]));
            run(&mut block, &middle, &mut out);
            for (i, value) in values.iter().enumerate() {
                let to = if out[i] < *value { &mut low } else { &mut high };
                to[i] = middle[i];
            }
        }
        middle.truncate(values.len());
        middle
    }
}

/// The unit over rows of units.
pub(crate) struct Block<T> {
    step: Kernel<T>,
    rest: Kernel<T>,
    scratch: Scratch<T>,
}

impl<T: Real> Block<T> {
    /// One step: `next` and `rates` from states and drives, all of whole rows.
    pub(crate) fn step(&mut self, x: &[T], drive: &[T], next: &mut [T], rates: &mut [T]) {
        let mut inputs: [&[T]; 2] = [x; 2];
        let reads = self.step.program().inputs();
        for (slot, leaf) in inputs.iter_mut().zip(reads) {
            *slot = if *leaf == Leaf::Value(Variable::Drive(0)) { drive } else { x };
        }
        let count = reads.len().min(2);
        self.step.run(&mut self.scratch, &inputs[..count], &mut [next, rates]);
    }

    /// The rates of states.
    pub(crate) fn rates(&mut self, x: &[T], rates: &mut [T]) {
        let inputs: [&[T]; 1] = [x];
        let count = self.rest.program().inputs().len().min(1);
        self.rest.run(&mut self.scratch, &inputs[..count], &mut [rates]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_network::library::{NoisePlace, Nonlinearity, leaky, rate};

    #[test]
    fn states_and_drives_are_inverses_of_the_unit() {
        let units = [
            (leaky(Nonlinearity::Tanh, NoisePlace::None).unwrap(), true, 1e-11),
            (leaky(Nonlinearity::Softplus, NoisePlace::Outside).unwrap(), true, 1e-9),
            (rate(Nonlinearity::Tanh, NoisePlace::Inside).unwrap(), false, 1e-9),
            (rate(Nonlinearity::Sigmoid, NoisePlace::None).unwrap(), false, 1e-9),
        ];
        for (neuron, affine, tolerance) in units {
            let unit = RateUnit::new(&neuron, 10.0, &[("tau", 50.0)]).unwrap();
            assert_eq!(unit.affine(), affine, "{}", neuron.name);
            let drives: Vec<f64> = (0..37).map(|k| f64::from(k) / 12.0 - 1.5).collect();
            let x: Vec<f64> = (0..48).map(|k| (f64::from(k) * 0.7).sin() * 0.8).collect();
            let mut padded = drives.clone();
            padded.resize(48, 0.0);
            let mut block = unit.block::<f64>(Isa::best(), 48);
            let (mut next, mut rates) = (vec![0.0; 48], vec![0.0; 48]);
            block.step(&x, &padded, &mut next, &mut rates);
            let found = unit.drives(&x[..37], &next[..37]);
            let states = unit.states(&rates[..37]);
            for k in 0..37 {
                assert!((found[k] - drives[k]).abs() < tolerance, "{} {k}", neuron.name);
                assert!((states[k] - next[k]).abs() < tolerance, "{} {k}", neuron.name);
            }
        }
    }

    #[test]
    fn what_is_no_rate_unit_is_refused() {
        let tanh = leaky(Nonlinearity::Tanh, NoisePlace::None).unwrap();
        assert!(matches!(
            RateUnit::new(&tanh, 10.0, &[("mu", 1.0)]),
            Err(FitError::Parameter { .. })
        ));
        assert!(RateUnit::new(&tanh, 200.0, &[]).is_err(), "dt beyond tau");
        let gru = attractor_network::library::gru().unwrap();
        assert!(RateUnit::new(&gru, 10.0, &[]).unwrap_err().to_string().contains("drives"));
    }
}
