//! The network of a fit: its neuron, its wirings, where it starts, and what is held.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use attractor_data::Trials;
use attractor_equations::{Neuron, NeuronError};
use attractor_learn::{Model, Names, Signal};
use attractor_network::library::{self, NoisePlace, Nonlinearity};
use attractor_network::{
    Connection, Credit, Description, Layout, Loss, Network, NetworkError, NoiseSource, Population,
    Projection, RunError, SignalId, Start, Wiring,
};
use attractor_numerics::law::Law;
use ndarray::Array3;

use super::coupling::{self, Regions};

/// The signal that is compared with the recording.
pub(crate) const OBSERVED: &str = "rec.r[observed]";
/// Rates beyond this have no potential worth having.
const LARGEST: f32 = 0.999;

/// The potential of a rate, `arctanh r`.
pub(crate) fn potential(rate: f32) -> f32 {
    rate.clamp(-LARGEST, LARGEST).atanh()
}

/// What a network of a fit is made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// Recorded units.
    pub(crate) units: usize,
    /// Units that are not observed.
    pub(crate) hidden: usize,
    /// Input channels.
    pub(crate) channels: usize,
    /// Duration of a frame, ms.
    pub(crate) frame: f64,
    /// Steps per frame.
    pub(crate) steps: usize,
    /// Time constant, ms.
    pub(crate) tau: f64,
    /// Rank of the coupling; full if none.
    pub(crate) rank: Option<usize>,
    /// Regions, if the coupling has a rank for each of its blocks.
    pub(crate) regions: Option<Regions>,
    /// Frames of its own past that a unit filters.
    pub(crate) history: usize,
    /// Trials whose start is displaced by a trained state of their own; 0 for none.
    pub(crate) displaced: usize,
    /// Standard deviation of the noise.
    pub(crate) noise: f64,
    /// Gain of the initial coupling.
    pub(crate) gain: f64,
    /// Initial weight of every unit on itself, trained; 0 for none.
    pub(crate) own: f64,
}

impl Shape {
    /// Recorded units alone, each starting as it was recorded.
    pub(crate) fn recorded(
        units: usize,
        channels: usize,
        frame: f64,
        steps: usize,
        tau: f64,
    ) -> Self {
        Shape {
            units,
            hidden: 0,
            channels,
            frame,
            steps,
            tau,
            rank: None,
            regions: None,
            displaced: 0,
            history: 0,
            noise: 0.0,
            gain: 1.0,
            own: 0.0,
        }
    }

    /// `dt / tau` of a step.
    pub(crate) fn alpha(&self) -> f64 {
        self.frame / self.steps as f64 / self.tau
    }

    /// Frames of potentials in the start vector.
    pub(crate) fn lags(&self) -> usize {
        self.history.max(1)
    }

    /// Values of the start vector that are recorded: potentials, latest frame first, and 1.
    pub(crate) fn recorded_values(&self) -> usize {
        self.units * self.lags() + 1
    }

    /// Length of the start vector: what is recorded, and 1 at the trial whose start is displaced.
    pub(crate) fn start_values(&self) -> usize {
        self.recorded_values() + self.displaced
    }

    fn state(lag: usize) -> String {
        if lag == 0 { "x".to_owned() } else { format!("x{lag}") }
    }

    /// The description.
    pub(crate) fn describe(&self) -> Result<Description, NetworkError> {
        let all = self.units + self.hidden;
        let neuron = self.neuron().map_err(|source| NetworkError::Neuron {
            population: "rec".to_owned(),
            source: Box::new(source),
        })?;
        let constant = |value| Law::Constant { value };
        let mut params = BTreeMap::from([("tau".to_owned(), constant(self.tau))]);
        if self.noise > 0.0 {
            params.insert("sigma".to_owned(), constant(self.noise));
        }
        let mut groups =
            BTreeMap::from([(coupling::OBSERVED.to_owned(), (0..self.units).collect())]);
        if self.hidden > 0 {
            groups.insert(coupling::HIDDEN.to_owned(), (self.units..all).collect());
        }
        groups.extend(self.regions.iter().flat_map(|regions| regions.groups.iter().cloned()));
        // hidden units start from what the recorded ones do, at a modest size
        let law = Law::Normal { sd: 0.3 / ((self.units * self.lags()) as f64).sqrt() };
        let start = |lag| (Self::state(lag), Start::Wired { inputs: self.start_values(), law });
        let population =
            |name: &str, units, neuron| Population { neuron, ..Population::input(name, units) };
        let mut populations = Vec::new();
        let mut projections = Vec::new();
        let projection = |from: &str, lag, wiring| Projection {
            name: None,
            from: from.to_owned(),
            to: "rec.I".to_owned(),
            lag,
            wiring,
            trained: true,
        };
        if self.channels > 0 {
            populations.push(population("in", self.channels, None));
            let law = Law::Gaussian { gain: self.gain };
            projections.push(projection("in.u", 0, Wiring::Dense { law }));
        }
        populations.push(Population {
            groups,
            params,
            bias: BTreeMap::from([("I".to_owned(), constant(0.0))]),
            start: (0..self.lags()).map(start).collect(),
            ..population("rec", all, Some(neuron.to_text()))
        });
        projections.push(projection("rec.r", 1, self.coupling(all)));
        let dt = self.frame / self.steps as f64;
        Ok(Description::new(dt, populations, projections))
    }

    fn coupling(&self, all: usize) -> Wiring {
        let coupling = match (&self.regions, self.rank) {
            (Some(regions), _) => regions.wiring(self.hidden, self.gain),
            (None, None) => Wiring::Dense { law: Law::Gaussian { gain: self.gain } },
            (None, Some(rank)) => {
                // m nᵀ / N has the gain of the dense coupling
                let sd = self.gain * (all as f64 / rank as f64).sqrt();
                let (m, n) = (Law::Normal { sd }, Law::Normal { sd: 1.0 });
                Wiring::LowRank { rank, m, n, covariance: None }
            }
        };
        if self.own == 0.0 {
            return coupling;
        }
        let law = Law::Constant { value: self.own };
        let pairs = Some((0..all).map(|unit| [unit, unit]).collect());
        let own = Wiring::Masked { law, density: None, pairs, seed: 0 };
        Wiring::Sum { terms: vec![own, coupling] }
    }

    /// The leaky tanh unit, with a filter of its own past if there is a history.
    fn neuron(&self) -> Result<Neuron, NeuronError> {
        let noisy = self.noise > 0.0;
        if self.history == 0 {
            let place = if noisy { NoisePlace::Inside } else { NoisePlace::None };
            return library::leaky(Nonlinearity::Tanh, place);
        }
        Neuron::define("leaky-tanh-filter", |n| {
            n.doc(
                "leaky tanh unit that filters its own past: x1, x2, … are x one step ago, two, …",
            );
            let x = n.state("x").doc("potential");
            let i = n.drive("I").doc("summed input");
            let tau =
                n.param("tau", 100.0).unit("ms").doc("time constant").range(1e-3, f64::INFINITY);
            let mut field = i - x;
            let mut before = x;
            for lag in 0..self.history {
                let k = n.param(&format!("k{lag}"), 0.0).per_unit();
                let k = k.doc("weight of the own potential so many steps ago");
                if lag > 0 {
                    let older = n.state(&Self::state(lag)).doc("potential so many steps ago");
                    n.next(older, before);
                    before = older;
                }
                field = field + k * before;
            }
            field = field / tau;
            if noisy {
                let sigma = n.param("sigma", 0.05).range(0.0, f64::INFINITY);
                let sigma = sigma.doc("stationary standard deviation of the noise");
                field = field + sigma * n.noise("xi") * (2.0 * tau / n.dt()).sqrt() / tau;
            }
            n.flow(x, field);
            n.emit("r", n.after(x).tanh());
        })
    }

    /// Weights before training: drawn, with the start of observed units and the filter in place.
    pub(crate) fn initial(&self, network: &Network, filter: &[f64], seed: u64) -> Vec<f32> {
        let drawn = network.initial_parameters(seed);
        let mut parameters: Vec<f32> = drawn.iter().map(|&x| x as f32).collect();
        let (units, columns) = (self.units, self.start_values());
        for lag in 0..self.lags() {
            let name = format!("rec.{}.start", Self::state(lag));
            if let Some(entry) = network.layout().get(&name) {
                let start = &mut parameters[entry.range.clone()];
                // hidden units learn where they start, and have no history
                let cleared = if lag == 0 { units * columns } else { start.len() };
                start[..cleared].fill(0.0);
                (0..units).for_each(|unit| start[unit * columns + lag * units + unit] = 1.0);
            }
        }
        for (lag, &k) in filter.iter().enumerate() {
            if let Some(entry) = network.layout().get(&format!("rec.k{lag}")) {
                parameters[entry.range.clone()][..units].fill(k as f32);
            }
        }
        parameters
    }

    /// Patterns of what is trained.
    pub(crate) fn trained(&self) -> Vec<String> {
        let mut trained = vec!["rec->rec*".to_owned(), "rec.I.bias".to_owned()];
        trained.extend((self.channels > 0).then(|| "in->rec*".to_owned()));
        trained.extend(self.trains_start().then(|| "rec.x.start".to_owned()));
        trained
    }

    /// Whether anything of the start is trained.
    pub(crate) fn trains_start(&self) -> bool {
        self.hidden > 0 || self.displaced > 0
    }

    /// Where the observed units start as recorded: not to be trained, although displacements and the
    /// hidden units' rows are.
    pub(crate) fn held(&self, network: &Network) -> Vec<Range<usize>> {
        let start = network.layout().get("rec.x.start").map_or(0, |entry| entry.range.start);
        let row = |unit: usize| start + unit * self.start_values();
        (0..self.units).map(|unit| row(unit)..row(unit) + self.recorded_values()).collect()
    }
}

/// A model some of whose parameters get no gradient.
pub(crate) struct Held<M> {
    pub(crate) model: M,
    pub(crate) held: Vec<Range<usize>>,
}

impl<M: Names> Names for Held<M> {
    fn layout(&self) -> &Layout {
        self.model.layout()
    }

    fn signal(&self, name: &str) -> Result<Signal, String> {
        self.model.signal(name)
    }

    fn connections(&self) -> Vec<Connection> {
        self.model.connections()
    }
}

impl<M: Model<f32>> Model<f32> for Held<M> {
    fn gradient(
        &mut self,
        parameters: &[f32],
        trials: &Trials,
        loss: &dyn Loss<f32>,
        noise: NoiseSource,
        credit: &Credit<f32>,
        gradient: &mut [f32],
    ) -> Result<f64, RunError> {
        let value = self.model.gradient(parameters, trials, loss, noise, credit, gradient)?;
        self.held.iter().for_each(|held| gradient[held.clone()].fill(0.0));
        Ok(value)
    }

    fn run(
        &mut self,
        parameters: &[f32],
        trials: &Trials,
        noise: NoiseSource,
        record: &[SignalId],
    ) -> Result<Vec<Array3<f32>>, RunError> {
        self.model.run(parameters, trials, noise, record)
    }
}

/// The network of a shape.
pub(crate) fn network(shape: &Shape) -> Result<Arc<Network>, NetworkError> {
    Ok(Arc::new(Network::new(shape.describe()?)?))
}
