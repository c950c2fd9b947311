//! The network, its training with ideal weights or on devices, and the check of its gradient.

use std::ops::Range;
use std::sync::Arc;

use attractor::data::Trials;
use attractor::equations::Neuron;
use attractor::learn::objective::{Mse, RatePenalty, Term};
use attractor::learn::optimiser::{Crossbar, Devices, Plan, Scheme, Segment};
use attractor::learn::{Objective, Optimiser};
use attractor::network::{
    Credit, Description, Engine, EngineOptions, Interventions, Network, NoiseSource, Population,
    Projection, Route, Wiring,
};
use attractor::numerics::law::Law;
use attractor::numerics::random;
use attractor::task::Task;

use crate::context::Context;
use crate::error::StudyError;
use crate::net::Net;

/// Membrane and readout time constants, ms (srnn.py).
const TAU: f64 = 30.0;
/// Rate that units are kept at, spikes per step: 12 Hz (srnn.py).
const RATE: f64 = 0.012;
/// Largest gradient of a weight (srnn.py).
const CLIP: f32 = 100.0;
/// Patterns in an epoch (train.py).
const PATTERNS: usize = 3;
/// Bins of the histogram of conductances.
const BINS: usize = 48;

/// Where the weights live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    Ideal,
    /// Mixed precision with the published constants.
    Mixed,
    /// Mixed precision with larger conductances.
    Tuned,
    Multi,
    Stochastic,
    Sign,
}

impl Memory {
    pub(super) const ALL: [Memory; 6] = [
        Memory::Ideal,
        Memory::Mixed,
        Memory::Tuned,
        Memory::Multi,
        Memory::Stochastic,
        Memory::Sign,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Memory::Ideal => "ideal",
            Memory::Mixed => "mixed",
            Memory::Tuned => "tuned",
            Memory::Multi => "multi",
            Memory::Stochastic => "stochastic",
            Memory::Sign => "sign",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Memory::Ideal => "ideal weights",
            Memory::Mixed => "mixed precision, published",
            Memory::Tuned => "mixed precision",
            Memory::Multi => "four devices a side",
            Memory::Stochastic => "stochastic",
            Memory::Sign => "sign",
        }
    }

    /// How the devices are written; none for ideal weights. The span and the threshold are the best of
    /// five each on patterns that are not measured here (0.01 to 3 and 3 to 90).
    fn scheme(self) -> Option<Scheme> {
        match self {
            Memory::Ideal => None,
            Memory::Mixed | Memory::Tuned => Some(Scheme::MixedPrecision { step: 0.125 }),
            Memory::Multi => Some(Scheme::MultiMemory),
            Memory::Stochastic => Some(Scheme::Stochastic { span: 1.0 }),
            Memory::Sign => Some(Scheme::Sign { threshold: 10.0 }),
        }
    }

    /// Those of the README for ideal weights and for mixed precision; other schemes have those of mixed
    /// precision. The conductance of a weight of 1 is the better of the published 11.8 µS and 50 µS for
    /// each scheme, on patterns that are not measured here.
    fn constants(self) -> Constants {
        match self {
            Memory::Ideal => Constants {
                theta: 0.1,
                gain: 0.1,
                rates: [2e-5, 5e-5, 2e-5],
                regularisation: 1e-4,
                scale: 1.0,
            },
            _ => Constants {
                theta: 0.192_52,
                gain: 0.236_88,
                rates: [3.304e-4, 3.939e-4, 1.662e-5],
                regularisation: 8.383e-4,
                scale: if matches!(self, Memory::Sign | Memory::Tuned) { 50.0 } else { 11.825 },
            },
        }
    }
}

struct Constants {
    theta: f64,
    gain: f64,
    rates: [f64; 3],
    regularisation: f64,
    /// Conductance of a weight of 1, µS.
    scale: f64,
}

/// Everything one seed needs.
pub(super) struct Lab<'a, 'c> {
    pub(super) context: &'a Context<'c>,
    pub(super) task: Arc<dyn Task>,
    pub(super) units: usize,
}

/// What training gave.
pub(super) struct Trained {
    /// Mean squared error of each epoch.
    pub(super) errors: Vec<f64>,
    /// Mean rate of each epoch, Hz.
    pub(super) rates: Vec<f64>,
    pub(super) pulses: f64,
    pub(super) resets: f64,
    /// Shares of devices by conductance from 0 to the largest.
    pub(super) histogram: Vec<f64>,
}

/// Weights, and the variances that reads of devices give them.
const WEIGHTS: [(&str, &str); 3] =
    [("in->rec.W", "in~rec.W"), ("rec->rec.W", "rec~rec.W"), ("rec->out.W", "rec~out.W")];

impl Lab<'_, '_> {
    /// `v' = α v + I + √V ξ − θ z`, `z = [v' > θ]`, `y' = κ y + W z + √V ξ`; V is the variance of the
    /// drive when every step reads its weights anew. No unit is wired to itself.
    fn describe(&self, constants: &Constants) -> Result<Description, StudyError> {
        let theta = constants.theta;
        let unit = Neuron::define("lif", |n| {
            n.doc("leaky integrate-and-fire unit whose weights are noisy when they are read");
            let (v, i, spread) = (n.state("v"), n.drive("I"), n.drive("V"));
            let alpha = (-n.dt() / n.param("tau", TAU).unit("ms")).exp();
            let noise = (spread.relu().sqrt() * n.noise("xi")).detach();
            let spent = theta * (v - theta).gt(n.constant(0.0)).detach();
            n.next(v, alpha * v + i + noise - spent);
            let over = n.after(v) - theta;
            // γ = 0.3, triangular over one threshold (srnn.py)
            let slope = 0.3 * (1.0 - (over / theta).abs()).relu();
            n.emit("z", over.gt(n.constant(0.0)).surrogate(over, slope));
        })?;
        let readout = Neuron::define("leaky-readout", |n| {
            n.doc("leaky integrator whose weights are noisy when they are read");
            let (y, i, spread) = (n.state("y"), n.drive("I"), n.drive("V"));
            let kappa = (-n.dt() / n.param("tau", TAU).unit("ms")).exp();
            let noise = (spread.relu().sqrt() * n.noise("xi")).detach();
            n.next(y, kappa * y + i + noise);
            n.emit("y", n.after(y));
        })?;
        let (inputs, units) = (self.task.inputs().len(), self.units);
        let populations = vec![
            Population::input("in", inputs),
            Population::of("rec", units, &unit),
            Population::of("out", 1, &readout),
        ];
        let others = (0..units).flat_map(|i| (0..units).map(move |j| [i, j]));
        let others: Vec<[usize; 2]> = others.filter(|[i, j]| i != j).collect();
        let masked =
            |law| Wiring::Masked { law, density: None, pairs: Some(others.clone()), seed: 0 };
        let dense = |law| Wiring::Dense { law };
        // Kaiming's normal law times the gain; on devices both sides of a pair vary by a tenth of G₀
        let kaiming = |sources: usize| Law::Normal {
            sd: match constants.scale == 1.0 {
                true => constants.gain * (2.0 / sources as f64).sqrt(),
                false => 2.0_f64.sqrt() * 0.1 * constants.gain / constants.scale,
            },
        };
        let still = Law::Constant { value: 0.0 };
        let spread = |from: &str, to: &str, wiring| {
            let ends = [from, to].map(|end| end.split('.').next().unwrap_or(end));
            let named = Projection::new(from, to, wiring).fixed();
            Projection { name: Some(ends.join("~")), ..named }
        };
        let projections = vec![
            Projection::new("in.u", "rec.I", dense(kaiming(inputs))),
            Projection::new("rec.z", "rec.I", masked(kaiming(units))).lag(1),
            Projection::new("rec.z", "out.I", dense(kaiming(units))),
            // spikes are 0 or 1: their squares are themselves
            spread("in.u", "rec.V", dense(still)),
            spread("rec.z", "rec.V", masked(still)).lag(1),
            spread("rec.z", "out.V", dense(still)),
        ];
        Ok(Description::new(self.task.dt(), populations, projections))
    }

    /// Random feedback to the units; recurrence cut.
    fn credit(&self, constants: &Constants, network: &Network) -> Credit<f32> {
        let law = Law::Normal { sd: constants.gain * (2.0 / self.units as f64).sqrt() };
        let mut rng = random::stream(self.context.seed, "feedback");
        let b: Vec<f32> =
            law.sample(1, self.units, &mut rng).into_iter().map(|b| b as f32).collect();
        let routes =
            network.connections().into_iter().map(|connection| match connection.name.as_str() {
                "rec->out" => Route::Through(b.clone()),
                _ => Route::Cut,
            });
        Credit { truncate: None, routes: routes.collect() }
    }

    /// `½ Σ (y − y*)²`, whose derivative is the error, and the rates: the published rule adds
    /// `λ (f − f₀)`, in Hz, to the learning signal, before it is filtered by the readout, which makes
    /// it 1/(1 − κ) times as large.
    fn objective(&self, constants: &Constants) -> Objective {
        let steps = self.task.steps() as f64;
        let gain = 1.0 / (1.0 - (-self.task.dt() / TAU).exp());
        let per_hertz = 1000.0 / self.task.dt();
        let rate = constants.regularisation * per_hertz * gain * steps * self.units as f64 / 2.0;
        Objective {
            terms: vec![
                Term::Mse(Mse { weight: steps / 2.0, ..Mse::default() }),
                Term::Rate(RatePenalty { signal: "rec.z".into(), target: RATE, weight: rate }),
            ],
        }
    }

    /// Trains by e-prop, one pattern an update.
    pub(super) fn train(
        &self,
        memory: Memory,
        epochs: usize,
        part: (usize, usize),
    ) -> Result<Trained, StudyError> {
        let constants = memory.constants();
        let seed = self.context.seed;
        let Net { network, mut weights } = Net::draw(self.describe(&constants)?, seed)?;
        let (places, spreads) = (places(&network, |w| w.0)?, places(&network, |w| w.1)?);
        let limits = (-1.0, 1.0); // of ideal weights (srnn.py)
        let segments = places.iter().zip(constants.rates);
        let segments = segments.map(|(range, rate)| Segment {
            range: range.clone(),
            rate,
            limits,
            decays: false,
        });
        let plan = Plan::from_segments(segments.collect());
        let credit = self.credit(&constants, &network);
        let objective = self.objective(&constants);
        let resolved = objective.resolve(&*network).map_err(first)?;
        let mut ideal = Optimiser::Sgd(Default::default()).build::<f32>(weights.len());
        let mut devices = memory.scheme().map(|scheme| {
            let several = if scheme == Scheme::MultiMemory { 4 } else { 1 };
            let (start, scale) = (constants.gain, constants.scale);
            let crossbar =
                Crossbar { scheme, devices: several, scale, start, seed, ..Crossbar::default() };
            let mut devices: Devices<f32> = crossbar.build(weights.len());
            devices.program(&weights);
            devices
        });
        let mut engine = self.context.engine(&network)?;
        let (mut errors, mut rates) = (Vec::new(), Vec::new());
        let mut gradient = vec![0.0_f32; weights.len()];
        let steps = self.task.steps() as f64;
        for epoch in 0..epochs {
            let (k, of) = part;
            self.context.part(k * epochs + epoch, of * epochs, memory.name())?;
            let deck = self.task.generate(seed, epoch as u64, PATTERNS)?;
            let mut error = 0.0;
            for pattern in 0..PATTERNS {
                let trial =
                    deck.select(&[pattern]).map_err(|e| StudyError::Study(e.to_string()))?;
                if let Some(devices) = &devices {
                    read(devices, &places, &spreads, &mut weights);
                }
                let bound = resolved.bind(&trial).map_err(|e| first(vec![e]))?;
                let epoch = (epoch * PATTERNS + pattern) as u64;
                let noise = NoiseSource { seed, epoch, on: devices.is_some() };
                engine.credited(&weights, &trial, &bound, noise, &credit, &mut gradient)?;
                error += bound.values()[0].value / (steps / 2.0) / PATTERNS as f64;
                gradient.iter_mut().for_each(|g| *g = g.clamp(-CLIP, CLIP));
                match &mut devices {
                    Some(devices) => devices.write(&gradient, &plan, 1.0, 1.0),
                    None => ideal.step(&mut weights, &gradient, &plan, 1.0, 1.0),
                }
            }
            errors.push(error);
        }
        // the rate at the end
        let deck = self.task.generate(seed, epochs as u64, PATTERNS)?;
        let noise = NoiseSource { seed, epoch: u64::MAX, on: devices.is_some() };
        let spikes = self.context.run(
            &network,
            &weights,
            &deck,
            noise,
            &Interventions::default(),
            &["rec.z"],
        )?;
        rates.push(f64::from(spikes[0].mean().unwrap_or(0.0)) * 1000.0 / self.task.dt());
        let (mut pulses, mut resets, mut histogram) = (0.0, 0.0, Vec::new());
        if let Some(devices) = &devices {
            (pulses, resets) = (devices.pulses() as f64, devices.resets() as f64);
            histogram = shares(devices, &places);
        }
        Ok(Trained { errors, rates, pulses, resets, histogram })
    }

    /// The largest relative error of the e-prop gradient, in double precision: it should be the exact
    /// gradient of the network whose recurrent projection hears a recording of its own spikes.
    pub(super) fn eprop_error(&self) -> Result<f64, StudyError> {
        let constants = Memory::Ideal.constants();
        let description = self.describe(&constants)?;
        let mut deaf = description.clone();
        deaf.populations.push(Population::input("echo", self.units));
        for projection in deaf.projections.iter_mut().filter(|p| p.lag == 1) {
            projection.name = Some(projection.name());
            (projection.from, projection.lag) = ("echo.u".to_owned(), 0);
        }
        let trial = self.task.generate(self.context.seed, 0, 1)?;
        let objective = self.objective(&constants);
        // stronger weights than at the start: units fire
        let louder = |network: &Network| -> Vec<f64> {
            network.initial_parameters(self.context.seed).iter().map(|w| 3.0 * w).collect()
        };
        let gradient = |network: Network, trial: &Trials, credit: Credit<f64>| {
            let network = Arc::new(network);
            let parameters = louder(&network);
            let resolved = objective.resolve(&*network).map_err(first)?;
            let bound = resolved.bind(trial).map_err(|e| first(vec![e]))?;
            let mut gradient = vec![0.0; parameters.len()];
            let mut engine = Engine::<f64>::new(network, EngineOptions::default())?;
            let noise = NoiseSource::off();
            engine.credited(&parameters, trial, &bound, noise, &credit, &mut gradient)?;
            Ok::<_, StudyError>(gradient)
        };
        let network = Network::new(description)?;
        let spikes = {
            let signal = network.signal("rec.z")?;
            let parameters = louder(&network);
            let network = Arc::new(network.clone());
            let mut engine = Engine::<f64>::new(network, EngineOptions::default())?;
            let intact = Interventions::default();
            engine.run(&parameters, &trial, NoiseSource::off(), &intact, &[signal])?.remove(0)
        };
        let mut heard = trial.clone();
        let (steps, _, units) = spikes.dim();
        let before = ndarray::Array3::from_shape_fn((steps, 1, units), |(t, k, i)| {
            t.checked_sub(1).map_or(0.0, |t| spikes[[t, k, i]] as f32)
        });
        heard.inputs = ndarray::concatenate![ndarray::Axis(2), heard.inputs, before];
        let cut = |connection: attractor::network::Connection| match connection.lag {
            0 => Route::Transposed,
            _ => Route::Cut,
        };
        let routes = network.connections().into_iter().map(cut).collect();
        let ranges = places(&network, |w| w.0)?;
        let eprop = gradient(network, &trial, Credit { truncate: None, routes })?;
        let exact = gradient(Network::new(deaf)?, &heard, Credit::default())?;
        let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
        let errors = ranges.into_iter().map(|range| {
            let (a, b) = (&eprop[range.clone()], &exact[range]);
            norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
        });
        // a gradient of 0 proves nothing: its error is no number, and stays it
        Ok(errors.fold(0.0, |worst: f64, e| if e <= worst { worst } else { e }))
    }
}

/// Where arrays lie in the parameters.
fn places(
    network: &Network,
    which: impl Fn(&(&'static str, &'static str)) -> &'static str,
) -> Result<Vec<Range<usize>>, StudyError> {
    let place = |name: &str| {
        let entry = network.layout().get(name).map(|entry| entry.range.clone());
        entry.ok_or_else(|| StudyError::Study(format!("no parameters `{name}`")))
    };
    WEIGHTS.iter().map(|names| place(which(names))).collect()
}

/// Weights as reads of the devices have them on average, and the variances of these reads.
fn read(
    devices: &Devices<f32>,
    places: &[Range<usize>],
    spreads: &[Range<usize>],
    weights: &mut [f32],
) {
    for (place, spread) in places.iter().zip(spreads) {
        let (mut mean, mut variance) = (vec![0.0; place.len()], vec![0.0; place.len()]);
        devices.moments(place.clone(), &mut mean, &mut variance);
        weights[place.clone()].copy_from_slice(&mean);
        weights[spread.clone()].copy_from_slice(&variance);
    }
}

/// Shares of the devices of these places by conductance.
fn shares(devices: &Devices<f32>, places: &[Range<usize>]) -> Vec<f64> {
    let largest = 12.0;
    let mut counts = vec![0.0; BINS];
    for side in [true, false] {
        let all = devices.conductances(side);
        let parameters = devices.parameters();
        for plane in all.chunks(parameters) {
            for &g in places.iter().flat_map(|place| &plane[place.clone()]) {
                let bin = f64::from(g) / largest * BINS as f64;
                counts[(bin as usize).min(BINS - 1)] += 1.0;
            }
        }
    }
    let total: f64 = counts.iter().sum();
    counts.into_iter().map(|count| count / total.max(1.0)).collect()
}

fn first(mut problems: Vec<attractor::learn::ObjectiveError>) -> StudyError {
    StudyError::Study(problems.pop().map_or_else(String::new, |problem| problem.to_string()))
}
