//! How a neuron answers, as a picture: a step of current, all currents, and frequencies if it oscillates.

use std::f64::consts::TAU;
use std::path::Path;
use std::sync::Arc;

use attractor::data::Trials;
use attractor::equations::Neuron;
use attractor::network::library::Ports;
use attractor::network::{
    Description, Engine, EngineOptions, Interventions, Network, NetworkError, NoiseSource,
    Population, Projection, SignalId, Wiring,
};
use attractor::numerics::{law::Law, linalg};
use attractor::report::UnitResponse;
use ndarray::{Array3, ArrayView1, s};

use crate::failure::Failure;

/// Currents of the curve, and frequencies.
const POINTS: usize = 41;
/// Time before the step of current, with it, and after it, ms.
const TIMES: [f64; 3] = [50.0, 300.0, 100.0];
/// Over the last part of a trial a steady answer is taken.
const STEADY: f64 = 2000.0;
/// Currents that are tried to find where spikes begin: from 10⁻³ to 10⁴.
const TRIED: usize = 57;
/// Spikes per second from which on a unit fires.
const FIRES: f64 = 10.0;
/// Size of the sine that the resonance is measured with, against the current.
const SMALL: f64 = 0.01;

/// One unit, driven by one input.
struct Unit {
    network: Arc<Network>,
    engine: Engine<f64>,
    parameters: Vec<f64>,
    dt: f64,
}

impl Unit {
    fn new(neuron: &Neuron, drive: &str, dt: f64) -> Result<Self, Failure> {
        let wrong = |error: NetworkError| Failure::Request(error.to_string());
        let one = Wiring::Dense { law: Law::Constant { value: 1.0 } };
        let populations = vec![Population::input("in", 1), Population::of("unit", 1, neuron)];
        let projections = vec![Projection::new("in.u", &format!("unit.{drive}"), one)];
        let network = Network::new(Description::new(dt, populations, projections));
        let network = Arc::new(network.map_err(wrong)?);
        let engine = Engine::new(network.clone(), EngineOptions::default()).map_err(failed)?;
        let parameters = network.initial_parameters(1);
        Ok(Unit { network, engine, parameters, dt })
    }

    /// A signal `[time, trial]` under currents by time and trial; noise is drawn if the neuron has any.
    fn run(
        &mut self,
        (steps, trials): (usize, usize),
        current: impl Fn(usize, usize) -> f64,
        signals: &[SignalId],
    ) -> Result<Vec<Array3<f64>>, Failure> {
        let inputs = Array3::from_shape_fn((steps, trials, 1), |(t, b, _)| current(t, b) as f32);
        let trials = Trials::new(self.dt, inputs).map_err(failed)?;
        let noise = NoiseSource { seed: 1, epoch: 0, on: true };
        let intact = Interventions::default();
        self.engine.run(&self.parameters, &trials, noise, &intact, signals).map_err(failed)
    }

    fn steps(&self, duration: f64) -> usize {
        (duration / self.dt).round() as usize
    }

    fn signal(&self, name: &str) -> Result<SignalId, Failure> {
        self.network.signal(&format!("unit.{name}")).map_err(failed)
    }

    /// What comes out in the end under each of these currents: the rate in spikes per second of what
    /// spikes, the mean of what does not.
    fn steady(
        &mut self,
        currents: &[f64],
        readout: &str,
        spikes: bool,
    ) -> Result<Vec<f64>, Failure> {
        let (steps, signal) = (self.steps(2.0 * STEADY), self.signal(readout)?);
        let out = self.run((steps, currents.len()), |_, b| currents[b], &[signal])?;
        let late = out[0].slice(s![steps / 2.., .., 0]);
        let scale = if spikes { 1000.0 / self.dt } else { 1.0 };
        let means = late.columns().into_iter().map(|column| scale * column.mean().unwrap_or(0.0));
        Ok(means.collect())
    }

    /// Radians per ms at which a unit at rest rings, if it does: the angle of the slowest complex pair of
    /// eigenvalues of a step.
    fn rings(&mut self, point: &[f64]) -> Result<Option<f64>, Failure> {
        let rest = Trials::new(self.dt, Array3::zeros((1, 1, 1))).map_err(failed)?;
        let jacobian = self.engine.jacobian(&self.parameters, &rest, point).map_err(failed)?;
        let flat: Vec<f64> = jacobian.iter().copied().collect();
        let values = linalg::eigenvalues(&flat, point.len()).map_err(failed)?;
        let pairs = values.iter().filter(|value| value.im > 1e-6 && value.abs() <= 1.0 + 1e-9);
        let slowest = pairs.max_by(|a, b| a.abs().total_cmp(&b.abs()));
        Ok(slowest.map(|value| value.im.atan2(value.re) / self.dt))
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}

/// Draws how a neuron answers into a file, in steps of `dt` ms; `current` is the size of the step, found
/// for units that spike and 1 for others.
pub(super) fn draw(
    neuron: &Neuron,
    ports: &Ports,
    dt: f64,
    current: Option<f64>,
    path: &Path,
) -> Result<(), Failure> {
    let Some(drive) = ports.inputs.first() else {
        let message = format!("`{}` has no drive: nothing can be plotted", neuron.name);
        return Err(Failure::Request(message));
    };
    let unit_of = |symbols: &[attractor::equations::Symbol], name: &str| {
        let symbol = symbols.iter().find(|symbol| symbol.name == name);
        symbol
            .map(|s| &s.unit)
            .filter(|u| !u.is_empty())
            .map_or(name.to_owned(), |u| format!("{name} ({u})"))
    };
    let mut unit = Unit::new(neuron, drive, dt)?;
    let spikes = neuron.emissions.iter().any(|emission| emission.symbol.name == "z");
    let current = match current {
        Some(current) => current,
        None if spikes => rheobase(&mut unit, &ports.readout)? * 1.5,
        None => 1.0,
    };

    let steps = TIMES.map(|time| unit.steps(time));
    let on = |t: usize| (steps[0]..steps[0] + steps[1]).contains(&t);
    let step = |t: usize| if on(t) { current } else { 0.0 };
    let shown: Vec<_> = neuron.states.iter().map(|state| state.symbol.clone()).collect();
    let mut names: Vec<String> = shown.iter().map(|symbol| symbol.name.clone()).collect();
    if !names.contains(&ports.readout) {
        names.push(ports.readout.clone());
    }
    let signals = names.iter().map(|name| unit.signal(name)).collect::<Result<Vec<_>, _>>()?;
    let total = steps.iter().sum();
    let out = unit.run((total, 1), |t, _| step(t), &signals)?;
    let mut figure = UnitResponse::new(neuron.name.clone(), dt)
        .trace(unit_of(&neuron.drives, drive), (0..total).map(step).collect());
    for (name, values) in names.iter().zip(&out) {
        figure = figure.trace(unit_of(&shown, name), values.iter().copied().collect());
    }

    let low = if spikes { 0.0 } else { -2.0 * current };
    let high = if spikes { 1.5 * current } else { 2.0 * current };
    let currents: Vec<f64> =
        (0..POINTS).map(|k| low + (high - low) * k as f64 / (POINTS - 1) as f64).collect();
    let steady = unit.steady(&currents, &ports.readout, spikes)?;
    let what =
        if spikes { "spikes per second".to_owned() } else { format!("{}, steady", ports.readout) };
    figure = figure.curve(unit_of(&neuron.drives, drive), what, currents.into_iter().zip(steady));

    let rest: Vec<f64> = neuron.states.iter().map(|state| state.initial).collect();
    if let Some(angle) = unit.rings(&rest)? {
        let frequencies: Vec<f64> =
            (0..POINTS).map(|k| angle * (0.5 + k as f64 / (POINTS - 1) as f64)).collect();
        let signal = unit.signal(&ports.readout)?;
        let steps = unit.steps(STEADY);
        let wave = |t: usize, b: usize| frequencies[b] * (t + 1) as f64 * dt;
        let size = SMALL * current.abs();
        let out = unit.run((steps, POINTS), |t, b| size * wave(t, b).sin(), &[signal])?;
        let gains = out[0].slice(s![steps / 2.., .., 0]);
        let gains = gains.columns().into_iter().map(|column| amplitude(column) / size);
        let hertz = frequencies.iter().map(|frequency| 1000.0 * frequency / TAU);
        let label = format!("gain of {}", ports.readout);
        figure = figure.resonance("frequency (Hz)", label, hertz.zip(gains).collect::<Vec<_>>());
    }
    crate::output::picture(&figure.figure(), path, "--plot")
}

/// Half of what lies between the largest and the smallest value.
fn amplitude(values: ArrayView1<'_, f64>) -> f64 {
    let (low, high) =
        values.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    (high - low) / 2.0
}

/// The smallest of the currents tried at which it fires: what spikes at random does so seldom by itself.
fn rheobase(unit: &mut Unit, readout: &str) -> Result<f64, Failure> {
    let currents: Vec<f64> =
        (0..TRIED).map(|k| 10f64.powf(-3.0 + 7.0 * k as f64 / (TRIED - 1) as f64)).collect();
    let rates = unit.steady(&currents, readout, true)?;
    let first = currents.iter().zip(&rates).find(|(_, rate)| **rate >= FIRES);
    first.map(|(current, _)| *current).ok_or_else(|| {
        Failure::Request("no current up to 10000 makes it fire: give one with --current".to_owned())
    })
}
