//! A network with its weights, as studies pass it around.

use std::sync::Arc;

use attractor::network::{Description, Network, Wiring};
use attractor::numerics::law::Law;

use crate::error::StudyError;

/// A network with its weights.
#[derive(Clone)]
pub(crate) struct Net {
    pub(crate) network: Arc<Network>,
    pub(crate) weights: Vec<f32>,
}

impl Net {
    /// Weights drawn from their laws.
    pub(crate) fn draw(description: Description, seed: u64) -> Result<Self, StudyError> {
        let network = Network::new(description)?;
        let weights = network.initial_parameters(seed).into_iter().map(|w| w as f32).collect();
        Ok(Net { network: Arc::new(network), weights })
    }

    /// The same network with other weights.
    pub(crate) fn with(&self, weights: Vec<f32>) -> Self {
        Net { network: self.network.clone(), weights }
    }

    /// The same weights in a description of the same parameters.
    pub(crate) fn described(&self, description: Description) -> Result<Self, StudyError> {
        let network = Arc::new(Network::new(description)?);
        Ok(Net { network, weights: self.weights.clone() })
    }

    /// A named array of the weights.
    pub(crate) fn array(&self, name: &str) -> Result<&[f32], StudyError> {
        Ok(self.network.layout().array(name, &self.weights)?)
    }

    /// A named array of the weights, in double precision.
    pub(crate) fn double(&self, name: &str) -> Result<Vec<f64>, StudyError> {
        Ok(self.array(name)?.iter().map(|w| f64::from(*w)).collect())
    }

    /// Puts other values into a named array.
    pub(crate) fn set(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = f32>,
    ) -> Result<(), StudyError> {
        let array = self.network.layout().array_mut(name, &mut self.weights)?;
        let mut values = values.into_iter();
        let count = array.len();
        for (place, to) in array.iter_mut().enumerate() {
            *to = values.next().ok_or_else(|| {
                StudyError::Study(format!("`{name}` of {place} values, it has {count}"))
            })?;
        }
        Ok(())
    }
}

/// Connectivity of a rank whose loadings are drawn from a standard normal.
pub(crate) fn low_rank(rank: usize) -> Wiring {
    let one = Law::Normal { sd: 1.0 };
    Wiring::LowRank { rank, m: one, n: one, covariance: None }
}
