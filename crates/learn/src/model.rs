//! What learning asks of a network. The engine of the network room answers; tests use simple stand-ins.

use std::ops::Range;

use attractor_data::Trials;
use attractor_network::{
    Connection, Credit, Layout, Loss, Network, NoiseSource, RunError, SignalId,
};
use attractor_numerics::Real;
use ndarray::Array3;

/// Which units of a population a signal has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Units {
    /// Neighbours.
    Range(Range<usize>),
    /// Any, in this order.
    List(Vec<usize>),
}

impl Units {
    /// Units by their places in the population; neighbours in ascending order become a range.
    pub fn from_list(list: &[usize]) -> Self {
        match list.first() {
            Some(&first) if list.iter().enumerate().all(|(k, &unit)| unit == first + k) => {
                Units::Range(first..first + list.len())
            }
            _ => Units::List(list.to_vec()),
        }
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        match self {
            Units::Range(range) => range.len(),
            Units::List(list) => list.len(),
        }
    }

    /// No unit at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The k-th unit, by its place in the population.
    pub fn place(&self, k: usize) -> usize {
        match self {
            Units::Range(range) => range.start + k,
            Units::List(list) => list[k],
        }
    }
}

/// A resolved signal with its group: `rec.r`, `rec.r[A1]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The quantity of the whole population.
    pub id: SignalId,
    /// The units of the group, or all.
    pub units: Units,
}

/// Names of a network: what an objective and an optimiser need to know before anything runs.
pub trait Names {
    /// Names, shapes and places of the parameters.
    fn layout(&self) -> &Layout;

    /// The signal of a name.
    ///
    /// # Errors
    /// A sentence that names the signal and what there is instead.
    fn signal(&self, name: &str) -> Result<Signal, String>;

    /// The network, for terms that look at its wirings; none for a model that is not one.
    fn network(&self) -> Option<&Network> {
        None
    }

    /// The projections; none for a model that is not made of them.
    fn connections(&self) -> Vec<Connection> {
        Vec::new()
    }
}

/// A network that runs and has gradients.
///
/// Both calls are pure: the same arguments give the same bits, on any number of threads. That is what
/// lets a [`Trainer`](crate::Trainer) continue where it stopped.
pub trait Model<T: Real>: Names {
    /// Writes the gradient of the loss over a batch and returns the loss.
    ///
    /// `parameters` and `gradient` are laid out as [`Names::layout`] says. `credit` says how far back
    /// and over which projections the gradient reaches.
    ///
    /// # Errors
    /// The trials do not fit the network.
    fn gradient(
        &mut self,
        parameters: &[T],
        trials: &Trials,
        loss: &dyn Loss<T>,
        noise: NoiseSource,
        credit: &Credit<T>,
        gradient: &mut [T],
    ) -> Result<f64, RunError>;

    /// Runs the network and returns the signals, each `[time, trial, unit]`.
    ///
    /// # Errors
    /// The trials do not fit the network.
    fn run(
        &mut self,
        parameters: &[T],
        trials: &Trials,
        noise: NoiseSource,
        record: &[SignalId],
    ) -> Result<Vec<Array3<T>>, RunError>;
}
