//! E-prop of a spiking network, one trial: online, beside the same rule with a trace for every synapse in
//! NumPy and JAX; and as the plan backwards with recurrence cut, beside a factorised form in JAX.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use attractor_data::{Target, Trials};
use attractor_learn::objective::{Mse, Term};
use attractor_learn::{Feedback, Objective, Online, Rule};
use attractor_network::{
    Description, Engine, EngineOptions, Interventions, Network, NoiseSource, Population,
    Projection, Wiring, library,
};
use attractor_numerics::law::Law;
use ndarray::Array3;
use serde::Serialize;

use crate::error::BenchError;
use crate::peers::Peer;
use crate::table::median;

/// Inputs, spiking at 50 Hz.
const INPUTS: usize = 100;
/// Gain of the weights, as the peers have it: the threshold, so that units fire some tens of times a second.
const GAIN: f64 = 0.1;

/// A trial that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EpropCase {
    /// Recurrent units.
    pub units: usize,
    /// Steps of 1 ms.
    pub steps: usize,
}

/// All trials: memory and time against length.
pub const EPROP: [EpropCase; 3] = [
    EpropCase { units: 100, steps: 250 },
    EpropCase { units: 100, steps: 1000 },
    EpropCase { units: 100, steps: 4000 },
];

impl fmt::Display for EpropCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e-prop, N = {}, T = {}", self.units, self.steps)
    }
}

/// One row: a trial in every program.
#[derive(Clone, Debug, Serialize)]
pub struct EpropRow {
    /// What was run.
    pub case: EpropCase,
    /// Median time of a trial, ms, per program.
    pub ms: BTreeMap<String, f64>,
    /// Numbers that our online path keeps from step to step.
    pub remembered: usize,
    /// Fraction of the units that fire at a step.
    pub fires: f64,
}

/// Names of our two paths.
const FACTORISED: &str = "attractor, whole trial";
const ONLINE: &str = "attractor, online";

#[derive(Serialize)]
struct Request {
    units: usize,
    steps: usize,
    repeats: usize,
}

/// Starts the peers of e-prop.
pub(crate) fn peers(python: &Path, scripts: &Path, notes: &mut Vec<String>) -> Vec<Peer> {
    let mut peers = Vec::new();
    for script in ["eprop_numpy.py", "eprop_jax.py", "eprop_jax_factorised.py"] {
        let program: [PathBuf; 2] = [python.to_owned(), scripts.join(script)];
        match Peer::start(&program, 1) {
            Ok(peer) => peers.push(peer),
            Err(error) => notes.push(format!("{script}: not run ({error})")),
        }
    }
    peers
}

/// Times a trial in every program, in turn, each on one thread: with one trial there is nothing to share.
pub(crate) fn row(
    case: EpropCase,
    repeats: usize,
    peers: &mut Vec<Peer>,
    notes: &mut Vec<String>,
) -> Result<EpropRow, BenchError> {
    let failed = |problem: String| BenchError::Case { case: case.to_string(), problem };
    let mut ours = Ours::new(case).map_err(failed)?;
    let mut ms: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for _ in 0..repeats {
        ms.entry(FACTORISED.into()).or_default().push(ours.factorised().map_err(failed)?);
        ms.entry(ONLINE.into()).or_default().push(ours.online().map_err(failed)?);
        for mut peer in std::mem::take(peers) {
            let request = Request { units: case.units, steps: case.steps, repeats: 3 };
            match peer.times(&request) {
                Ok(times) => {
                    let times = times.into_iter().filter(|times| !times.is_empty());
                    ms.entry(peer.name.clone()).or_default().extend(times.map(median));
                    peers.push(peer);
                }
                Err(error) => {
                    notes.push(format!("{}, {case} and later: not run ({error})", peer.name));
                }
            }
        }
    }
    let ms = ms.into_iter().map(|(name, ms)| (name, median(ms))).collect();
    let fires = ours.fires().map_err(failed)?;
    Ok(EpropRow { case, ms, remembered: ours.online.remembered(), fires })
}

/// The network with its weights and one trial.
struct Ours {
    engine: Engine<f32>,
    online: Online<f32>,
    weights: Vec<f32>,
    gradient: Vec<f32>,
    trials: Trials,
}

impl Ours {
    fn new(case: EpropCase) -> Result<Ours, String> {
        let said = |error: &dyn fmt::Display| error.to_string();
        let dense = || Wiring::Dense { law: Law::Gaussian { gain: GAIN } };
        let unit = library::neuron("lif", library::NoisePlace::None)
            .ok_or("no neuron `lif`")?
            .map_err(|e| said(&e))?;
        let readout = library::leaky_readout(library::Input::Charge).map_err(|e| said(&e))?;
        let populations = vec![
            Population::input("in", INPUTS),
            Population::of("rec", case.units, &unit),
            Population::of("out", 1, &readout),
        ];
        let projections = vec![
            Projection::new("in.u", "rec.I", dense()),
            Projection::new("rec.z", "rec.I", dense()).lag(1),
            Projection::new("rec.z", "out.I", dense()),
        ];
        let description = Description::new(1.0, populations, projections);
        let network = Arc::new(Network::new(description).map_err(|e| said(&e))?);
        // spikes of 50 Hz that are the same every time, and a sine
        let inputs = Array3::from_shape_fn((case.steps, 1, INPUTS), |(t, _, k)| {
            let mixed = (t * INPUTS + k).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            f32::from(u8::from((mixed >> 40) % 1000 < 50))
        });
        let mut trials = Trials::new(1.0, inputs).map_err(|e| said(&e))?;
        let target = Array3::from_shape_fn((case.steps, 1, 1), |(t, ..)| (0.0126 * t as f32).sin());
        trials.targets.push(Target::everywhere("out.y", target));
        let weights: Vec<f32> = network.initial_parameters(1).iter().map(|&w| w as f32).collect();
        let options = EngineOptions { threads: 1, ..EngineOptions::default() };
        let signal = network.signal("out.y").map_err(|e| said(&e))?;
        Ok(Ours {
            online: Online::new(&network, &[signal]).map_err(|e| said(&e))?,
            engine: Engine::new(network, options).map_err(|e| said(&e))?,
            gradient: vec![0.0; weights.len()],
            weights,
            trials,
        })
    }

    fn fires(&mut self) -> Result<f64, String> {
        let signal = self.engine.network().signal("rec.z").map_err(|error| error.to_string())?;
        let (noise, interventions) = (NoiseSource::off(), Interventions::default());
        let Ours { engine, weights, trials, .. } = self;
        let spikes = engine.run(weights, trials, noise, &interventions, &[signal]);
        let spikes = spikes.map_err(|error| error.to_string())?;
        Ok(f64::from(spikes[0].mean().unwrap_or(0.0)))
    }

    fn factorised(&mut self) -> Result<f64, String> {
        self.time(|ours, loss, credit| {
            let noise = NoiseSource::off();
            let Ours { engine, weights, trials, gradient, .. } = ours;
            let value = engine.credited(weights, trials, loss, noise, credit, gradient);
            value.map_err(|error| error.to_string())
        })
    }

    fn online(&mut self) -> Result<f64, String> {
        self.time(|ours, loss, credit| {
            let noise = NoiseSource::off();
            let Ours { engine, online, weights, trials, gradient } = ours;
            let value = online.gradient(engine, weights, trials, noise, loss, credit, gradient);
            value.map_err(|error| error.to_string())
        })
    }

    /// Time of a gradient of the squared error by e-prop with random feedback, ms.
    fn time(
        &mut self,
        run: impl FnOnce(
            &mut Ours,
            &attractor_learn::objective::Bound<'_>,
            &attractor_network::Credit<f32>,
        ) -> Result<f64, String>,
    ) -> Result<f64, String> {
        let network = self.engine.network().clone();
        let objective = Objective { terms: vec![Term::Mse(Mse::default())] };
        let resolved = objective.resolve(&*network).map_err(|all| format!("{all:?}"))?;
        let routes = Rule::Eprop.routes(Feedback::Random, &*network, &resolved.answers(), 1);
        let routes = routes.map_err(|error| error.to_string())?;
        let credit = routes.credit(&self.weights, 0, None);
        let trials = self.trials.clone();
        let bound = resolved.bind(&trials).map_err(|error| error.to_string())?;
        let begin = Instant::now();
        let loss = run(self, &bound, &credit)?;
        let ms = begin.elapsed().as_secs_f64() * 1e3;
        if loss.is_finite() { Ok(ms) } else { Err("the loss is not finite".to_owned()) }
    }
}

/// As Markdown.
pub(crate) fn print(rows: &[EpropRow], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let mut names: Vec<&String> = rows.iter().flat_map(|row| row.ms.keys()).collect();
    names.sort();
    names.dedup();
    write!(f, "\n| gradient of one trial by e-prop, ms |")?;
    names.iter().try_for_each(|name| write!(f, " {name} |"))?;
    writeln!(f, " numbers kept online | fire at a step |")?;
    writeln!(f, "|---|{}---:|---:|", "---:|".repeat(names.len()))?;
    for EpropRow { case, ms, remembered, fires } in rows {
        write!(f, "| {case} |")?;
        for name in &names {
            match ms.get(*name) {
                Some(ms) => write!(f, " {ms:.2} |")?,
                None => write!(f, " not run |")?,
            }
        }
        writeln!(f, " {remembered} | {:.1} % |", 100.0 * fires)?;
    }
    Ok(())
}
