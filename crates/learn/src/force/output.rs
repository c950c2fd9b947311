//! FORCE for outputs: a random network that hears its own readout, which learns while it runs.

use attractor_numerics::law::Law;
use attractor_numerics::product::{Changing, Symmetric, lanes};
use attractor_numerics::random::stream;
use attractor_numerics::{Isa, Real};
use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::constrained::{Block, Constraint, FitError, RateUnit, at_least};

/// The random network around the readout.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputOptions {
    /// Units, N.
    pub units: usize,
    /// Inputs.
    pub inputs: usize,
    /// Outputs.
    pub outputs: usize,
    /// Gain of the recurrent weights, `N(0, gain²/N)`: above 1 the network is chaotic before it learns.
    pub gain: f64,
    /// Limit of the weights from outputs and from inputs, uniform within ±.
    pub feedback: f64,
    /// P at first, times the identity.
    pub prior: f64,
    /// Seed.
    pub seed: u64,
}

impl Default for OutputOptions {
    /// Sussillo & Abbott 2009, their network A, at a size of 300.
    fn default() -> Self {
        OutputOptions {
            units: 300,
            inputs: 0,
            outputs: 1,
            gain: 1.5,
            feedback: 1.0,
            prior: 1.0,
            seed: 1,
        }
    }
}

/// A random network with a readout that recursive least squares trains while it runs:
/// `z = W r`, drive `= J r + W_fb z + W_in u`; only W changes (Sussillo & Abbott 2009).
///
/// ```
/// use attractor_learn::constrained::RateUnit;
/// use attractor_learn::force::{OutputForce, OutputOptions};
/// use attractor_network::library::{Nonlinearity, NoisePlace, leaky};
/// let neuron = leaky(Nonlinearity::Tanh, NoisePlace::None)?;
/// let unit = RateUnit::new(&neuron, 1.0, &[("tau", 10.0)])?;
/// let options = OutputOptions { units: 200, ..OutputOptions::default() };
/// let mut force = OutputForce::<f32>::new(&unit, &options)?;
/// let target = |t: usize| (t as f64 * 0.05).sin();
/// (0..4000).for_each(|t| { force.step(&[], Some(&[target(t)])); });
/// let error: f64 = (4000..5000).map(|t| (force.step(&[], None)[0] - target(t)).powi(2)).sum();
/// assert!(error / 1000.0 < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OutputForce<T> {
    options: OutputOptions,
    block: Block<T>,
    around: Changing<T>,
    readout: Plan<T>,
    x: Vec<T>,
    next: Vec<T>,
    rates: Vec<T>,
    drives: Vec<T>,
    /// Rates, inputs, outputs.
    features: Vec<T>,
    outputs: Vec<T>,
    errors: Vec<T>,
    read: Vec<f64>,
}

impl<T: Real> OutputForce<T> {
    /// Draws the network; its states start uniform within ±1, its readout at 0.
    ///
    /// # Errors
    /// Options that cannot be.
    pub fn new(unit: &RateUnit, options: &OutputOptions) -> Result<Self, FitError> {
        let OutputOptions { units: n, inputs: c, outputs: m, gain, feedback, prior, seed } =
            *options;
        at_least("units", n as f64, 1.0)?;
        at_least("outputs", m as f64, 1.0)?;
        at_least("gain", gain, 0.0)?;
        at_least("feedback", feedback, 0.0)?;
        at_least("prior", prior, f64::MIN_POSITIVE)?;
        let (isa, mut rng) = (Isa::best(), stream(seed, "force/outputs"));
        let recurrent = Law::Gaussian { gain }.sample(n, n, &mut rng);
        let other = Law::Uniform { limit: feedback }.sample(n, c + m, &mut rng);
        let mut around = Changing::new(isa, n, n + c + m);
        let rows = recurrent.chunks_exact(n).zip(other.chunks_exact(c + m));
        let all: Vec<f64> = rows.flat_map(|(a, b)| a.iter().chain(b).copied()).collect();
        around.load(&all);
        let identity = |columns: &[usize]| Ok(Symmetric::identity(isa, columns.len(), prior));
        let readout = Plan::new(&vec![0.0; m * n], m, n, &Constraint::default(), identity)?;
        let (ld, of) = (lanes(n), lanes(m));
        let mut block = unit.block(isa, ld);
        let mut x = vec![T::ZERO; ld];
        let drawn = Law::Uniform { limit: 1.0 }.sample(1, n, &mut rng);
        x.iter_mut().zip(&drawn).for_each(|(x, value)| *x = T::from_f64(*value));
        let mut rates = vec![T::ZERO; ld];
        block.rates(&x, &mut rates);
        Ok(OutputForce {
            options: *options,
            block,
            around,
            readout,
            next: vec![T::ZERO; ld],
            drives: vec![T::ZERO; ld],
            features: vec![T::ZERO; lanes(n + c + m)],
            outputs: vec![T::ZERO; of],
            errors: vec![T::ZERO; of],
            read: vec![0.0; m],
            rates,
            x,
        })
    }

    /// One step of the network under these inputs; learns where there is a target. The outputs are
    /// those before the change.
    ///
    /// # Panics
    /// If there are not as many inputs or targets as the options say.
    pub fn step(&mut self, inputs: &[f64], target: Option<&[f64]>) -> &[f64] {
        let OutputOptions { units: n, inputs: c, outputs: m, .. } = self.options;
        assert!(inputs.len() == c, "{} inputs, not {c}", inputs.len());
        self.features[..n].copy_from_slice(&self.rates[..n]);
        for (to, input) in self.features[n..].iter_mut().zip(inputs) {
            *to = T::from_f64(*input);
        }
        self.features[n + c..n + c + m].copy_from_slice(&self.outputs[..m]);
        self.around.multiply(&self.features, &mut self.drives);
        self.block.step(&self.x, &self.drives, &mut self.next, &mut self.rates);
        std::mem::swap(&mut self.x, &mut self.next);
        // beyond the units nothing may reach the readout, whatever a unit emits at rest
        self.rates[n..].fill(T::ZERO);
        self.readout.multiply(&self.rates, &mut self.outputs);
        if let Some(target) = target {
            assert!(target.len() == m, "{} targets, not {m}", target.len());
            for k in 0..m {
                self.errors[k] = self.outputs[k] - T::from_f64(target[k]);
            }
            self.readout.update(&self.rates, &self.errors);
        }
        self.read.iter_mut().zip(&self.outputs).for_each(|(to, z)| *to = z.to_f64());
        &self.read
    }

    /// The readout's weights, `[output, unit]`.
    pub fn weights(&mut self) -> Vec<f64> {
        self.readout.weights()
    }
}
