//! What a network is, as data: populations and projections. This is what a model file stores.

use std::collections::BTreeMap;

use attractor_equations::{Integrator, Neuron, NeuronText, ParamText};
use attractor_numerics::law::Law;
use serde::{Deserialize, Serialize};

use crate::positions::Positions;
use crate::structure::{Component, Graph, Hold, Mask, Sign};

/// A network as data; [`crate::Network::new`] compiles it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Time step in ms.
    pub dt: f64,
    /// How vector fields become steps.
    #[serde(default)]
    pub integrator: Integrator,
    /// Populations, inputs and readouts among them.
    pub populations: Vec<Population>,
    /// Projections between them.
    pub projections: Vec<Projection>,
    /// Connectomes by name, which wirings take masks, signs and starting weights from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub graphs: BTreeMap<String, Graph>,
}

/// N units of one neuron, or the channels of the trials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Name, used in signals: `rec.r`.
    pub name: String,
    /// Number of units.
    pub units: usize,
    /// Equations of its units; none for an input, which emits the channels of the trials as `u`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neuron: Option<NeuronText>,
    /// Named units, for signals such as `rec.r[A1]`, wirings and interventions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Vec<usize>>,
    /// Bias of a drive: trained, one per unit. Without an entry a drive has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bias: BTreeMap<String, Law>,
    /// Initial values of parameters that differ from the neuron's default; `tau[A1]` gives a parameter
    /// that has one value per unit another law in a group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Law>,
    /// Where states start; without an entry, at the neuron's initial value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub start: BTreeMap<String, Start>,
    /// Where its units are in space; without it, nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positions: Option<Positions>,
}

/// Where a state starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Start {
    /// The same value for all.
    Constant {
        /// The value.
        value: f64,
    },
    /// Normal, drawn anew for each trial and unit.
    Random {
        /// Standard deviation.
        sd: f64,
    },
    /// One trained value per unit, drawn from a law at first.
    Trained {
        /// The law.
        law: Law,
    },
    /// One fixed value per unit.
    Given {
        /// The values.
        values: Vec<f64>,
    },
    /// A trained dense wiring from the trials' start vector.
    Wired {
        /// Length of the start vector.
        inputs: usize,
        /// The law of its weights.
        law: Law,
    },
}

/// A wiring from an emission to a drive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Projection {
    /// Name, used in signals and parameters; by default `from->to` of the populations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Emission it starts from: `rec.r`.
    pub from: String,
    /// Drive it ends in: `out.I`.
    pub to: String,
    /// Delay in steps: 0 this step, 1 recurrent, k a conduction delay.
    #[serde(default)]
    pub lag: usize,
    /// Its linear operator.
    pub wiring: Wiring,
    /// Changed by training.
    #[serde(default = "yes")]
    pub trained: bool,
}

fn yes() -> bool {
    true
}

/// A linear operator with parameters, `W[target, source]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Wiring {
    /// Every weight free.
    Dense {
        /// Law the weights are drawn from.
        law: Law,
    },
    /// Free weights where a mask allows them, 0 elsewhere.
    Masked {
        /// Law the weights are drawn from, before masking.
        law: Law,
        /// Fraction of allowed weights, drawn by the seed, if no mask is given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        density: Option<f64>,
        /// Allowed pairs `[target, source]`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pairs: Option<Vec<[usize; 2]>>,
        /// Seed of a mask drawn by density: the mask belongs to the network, not to a run.
        #[serde(default)]
        seed: u64,
    },
    /// `m nᵀ / N`, N the number of sources; never formed.
    LowRank {
        /// Number of columns of m and n.
        rank: usize,
        /// Law of `m [target, rank]`.
        m: Law,
        /// Law of `n [source, rank]`.
        n: Law,
        /// Covariance of the loadings `(m₁ … m_R, n₁ … n_R)` of a unit, `2 rank × 2 rank`, between a
        /// population and itself: both laws must then be normal with sd 1, and the loadings of each
        /// unit are drawn jointly with mean 0 (Mastrogiuseppe & Ostojic 2018,
        /// doi:10.1016/j.neuron.2018.07.003; Beiran et al. 2021, doi:10.1162/neco_a_01381).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        covariance: Option<Vec<Vec<f64>>>,
    },
    /// Low rank, `m nᵀ / N`, between a population and itself, with loadings drawn from a mixture of
    /// Gaussians, one for each group of units (Beiran et al. 2021, doi:10.1162/neco_a_01381). Loadings of
    /// units in no group start at 0.
    Mixture {
        /// Number of columns of m and n.
        rank: usize,
        /// The Gaussians.
        components: Vec<Component>,
    },
    /// Free weights at the edges of a graph, 0 elsewhere, starting from `scale` times the graph's.
    Graph {
        /// Name of the graph in the description.
        graph: String,
        /// Factor of its weights.
        scale: f64,
    },
    /// Another wiring within masks and signs, which hold exactly, after every update.
    ///
    /// Of a sum or of blocks, every part obeys. Low rank obeys signs by its loadings, m ≥ 0 and n with the
    /// sign of its source; it has no masks.
    Constrained {
        /// What is constrained.
        wiring: Box<Wiring>,
        /// Who may reach whom: what all masks allow.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        masks: Vec<Mask>,
        /// Which weights are positive, which negative.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sign: Option<Sign>,
        /// How signs are held.
        #[serde(default)]
        hold: Hold,
    },
    /// `U M Vᵀ / N`, N the number of sources: U and V stand still, the core M is trained. Never formed.
    ///
    /// Dynamics stay in the space that U spans, so learning can be followed in the few numbers of M.
    Core {
        /// Columns of U and of V; M is `[rank, rank]`.
        rank: usize,
        /// `U [target, rank]`.
        u: Loadings,
        /// `V [source, rank]`.
        v: Loadings,
        /// Law of `M [rank, rank]`.
        core: Law,
    },
    /// One small dense wiring shared by all units: block-diagonal, the same block `copies` times.
    ///
    /// Sources and targets are divided into as many runs of neighbours as there are copies; run k of the
    /// targets hears run k of the sources. With as many copies as units it is one weight for each to
    /// itself. Never formed: the cost is that of the blocks.
    Each {
        /// Number of copies; sources and targets are multiples of it.
        copies: usize,
        /// Law of the block `[targets/copies, sources/copies]`.
        law: Law,
    },
    /// Wirings between groups; pairs of groups that are not named are not connected.
    Blocks {
        /// The blocks.
        blocks: Vec<Block>,
    },
    /// The sum of several wirings.
    Sum {
        /// The terms.
        terms: Vec<Wiring>,
    },
}

/// A fixed matrix of a wiring, one row per unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a law or a list of rows, one per unit")]
pub enum Loadings {
    /// Drawn from a law.
    Law(Law),
    /// Given, row by row.
    Given(Vec<Vec<f64>>),
}

/// A wiring from one group to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Group of sources.
    pub from: String,
    /// Group of targets.
    pub to: String,
    /// Anything but blocks or a shared block.
    pub wiring: Wiring,
}

impl Description {
    /// A network at a time step of `dt` ms, by the default integrator.
    #[must_use]
    pub fn new(dt: f64, populations: Vec<Population>, projections: Vec<Projection>) -> Self {
        let integrator = Integrator::default();
        Description { dt, integrator, populations, projections, graphs: BTreeMap::new() }
    }
}

impl Wiring {
    /// This wiring within a mask.
    #[must_use]
    pub fn within(self, mask: Mask) -> Self {
        let wiring = Box::new(self);
        Wiring::Constrained { wiring, masks: vec![mask], sign: None, hold: Hold::default() }
    }

    /// This wiring with signs, held in this way.
    #[must_use]
    pub fn signed(self, sign: Sign, hold: Hold) -> Self {
        let wiring = Box::new(self);
        Wiring::Constrained { wiring, masks: Vec::new(), sign: Some(sign), hold }
    }
}

impl Population {
    /// An input: channels of the trials, emitted as `u`.
    #[must_use]
    pub fn input(name: &str, channels: usize) -> Self {
        Population {
            name: name.to_owned(),
            units: channels,
            neuron: None,
            groups: BTreeMap::new(),
            bias: BTreeMap::new(),
            params: BTreeMap::new(),
            start: BTreeMap::new(),
            positions: None,
        }
    }

    /// Units of a neuron, without bias, at its default parameters and initial states.
    #[must_use]
    pub fn of(name: &str, units: usize, neuron: &Neuron) -> Self {
        Population { neuron: Some(neuron.to_text()), ..Population::input(name, units) }
    }

    /// With a group of units.
    #[must_use]
    pub fn group(mut self, name: &str, units: impl IntoIterator<Item = usize>) -> Self {
        self.groups.insert(name.to_owned(), units.into_iter().collect());
        self
    }

    /// With another value of a parameter, for all units.
    #[must_use]
    pub fn param(mut self, name: &str, value: f64) -> Self {
        self.params.insert(name.to_owned(), Law::Constant { value });
        self
    }

    /// With a parameter that has one value per unit, drawn from a law.
    #[must_use]
    pub fn per_unit(mut self, name: &str, law: Law) -> Self {
        self.params.insert(name.to_owned(), law);
        self.declare(name, |param| param.per_unit = true)
    }

    /// With a parameter that training changes; one value for all, unless it is said to be per unit.
    #[must_use]
    pub fn trained(self, name: &str) -> Self {
        self.declare(name, |param| param.trained = true)
    }

    /// Changes the declaration of a parameter; one that the neuron does not have is reported by
    /// [`crate::Network::new`].
    fn declare(mut self, name: &str, change: impl FnOnce(&mut ParamText)) -> Self {
        match self.neuron.as_mut().and_then(|neuron| neuron.parameters.get_mut(name)) {
            Some(param) => change(param),
            None => {
                self.params.insert(name.to_owned(), Law::Constant { value: 0.0 });
            }
        }
        self
    }

    /// With places of its units in space.
    #[must_use]
    pub fn positions(mut self, positions: Positions) -> Self {
        self.positions = Some(positions);
        self
    }

    /// With another start of a state.
    #[must_use]
    pub fn start(mut self, state: &str, start: Start) -> Self {
        self.start.insert(state.to_owned(), start);
        self
    }
}

impl Projection {
    /// A trained projection from an emission to a drive, within this step.
    #[must_use]
    pub fn new(from: &str, to: &str, wiring: Wiring) -> Self {
        let (from, to) = (from.to_owned(), to.to_owned());
        Projection { name: None, from, to, lag: 0, wiring, trained: true }
    }

    /// With a delay in steps: 1 is recurrent.
    #[must_use]
    pub fn lag(mut self, steps: usize) -> Self {
        self.lag = steps;
        self
    }

    /// Not changed by training.
    #[must_use]
    pub fn fixed(mut self) -> Self {
        self.trained = false;
        self
    }

    /// Name of the projection.
    pub fn name(&self) -> String {
        let population = |signal: &str| signal.split('.').next().unwrap_or(signal).to_owned();
        let default = || format!("{}->{}", population(&self.from), population(&self.to));
        self.name.clone().unwrap_or_else(default)
    }
}
