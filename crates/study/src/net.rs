//! A network with its weights, as studies pass it around.

use std::sync::Arc;

use attractor::network::{Description, Network, Wiring};
use attractor::numerics::law::Law;
use ndarray::Array2;

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

    /// The matrix `[target, source]` of a projection.
    pub(crate) fn matrix(&self, projection: &str) -> Result<Array2<f64>, StudyError> {
        let weights: Vec<f64> = self.weights.iter().map(|w| f64::from(*w)).collect();
        Ok(self.network.matrix(projection, &weights)?)
    }

    /// Weights of a projection that have not the sign of their source, or that training has made where
    /// there were none before.
    pub(crate) fn wrong_weights(
        &self,
        before: &Net,
        projection: &str,
        sign: impl Fn(usize) -> f64,
    ) -> Result<usize, StudyError> {
        let wrong = |&((_, source), w): &((usize, usize), &f64)| sign(source) * w < 0.0;
        let signs = self.matrix(projection)?.indexed_iter().filter(wrong).count();
        // the matrix leaves out what a mask does not allow: ask the parameters
        let name = format!("{projection}.W");
        let pairs = before.array(&name)?.iter().zip(self.array(&name)?);
        let made = pairs.filter(|(old, new)| **old == 0.0 && **new != 0.0).count();
        Ok(signs + made)
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

#[cfg(test)]
mod tests {
    use attractor::network::{Hold, Mask, Population, Projection, Sign};

    use super::*;

    #[test]
    fn weights_of_the_wrong_sign_or_from_nothing_are_counted() {
        let one = Wiring::Dense { law: Law::Normal { sd: 1.0 } };
        let wiring = one.within(Mask::NoSelf).signed(Sign::Inhibitory, Hold::Clip);
        let unit = attractor::network::library::linear().unwrap();
        let populations = vec![Population::of("rec", 3, &unit)];
        let projections = vec![Projection::new("rec.y", "rec.I", wiring).lag(1)];
        let before = Net::draw(Description::new(1.0, populations, projections), 1).unwrap();
        let wrong = |net: &Net, sign: f64| net.wrong_weights(&before, "rec->rec", |_| sign);
        assert_eq!(wrong(&before, -1.0).unwrap(), 0);
        assert_eq!(wrong(&before, 1.0).unwrap(), 6);
        let mut after = before.clone();
        let mut weights = before.array("rec->rec.W").unwrap().to_vec();
        // the first unit to itself, where there is nothing; the second to the first, with the wrong sign
        (weights[0], weights[1]) = (-1.0, 1.0);
        after.set("rec->rec.W", weights).unwrap();
        assert_eq!(wrong(&after, -1.0).unwrap(), 2);
    }
}
