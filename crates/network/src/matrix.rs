//! The weights of a projection written out: for pictures, spectra and other programs.

use attractor_numerics::Isa;
use ndarray::Array2;

use crate::error::NetworkError;
use crate::network::Network;
use crate::operator::Operator;

impl Network {
    /// The matrix `[target, source]` of a projection under these parameters, whatever its wiring.
    ///
    /// Cost: a product of the wiring with a unit vector for every target.
    ///
    /// ```
    /// use attractor_network::{Description, Network, Population, Projection, Wiring, library};
    /// use attractor_numerics::law::Law;
    /// let one = Law::Constant { value: 1.0 };
    /// let wiring = Wiring::LowRank { rank: 1, m: one, n: one, covariance: None };
    /// let rec = Population::of("rec", 4, &library::elman(library::Nonlinearity::Tanh)?);
    /// let wires = vec![Projection::new("rec.h", "rec.I", wiring).lag(1)];
    /// let network = Network::new(Description::new(20.0, vec![rec], wires))?;
    /// let w = network.matrix("rec->rec", &network.initial_parameters(1))?;
    /// assert_eq!(w, ndarray::Array2::from_elem((4, 4), 0.25));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A projection that does not exist, parameters of another network.
    pub fn matrix(
        &self,
        projection: &str,
        parameters: &[f64],
    ) -> Result<Array2<f64>, NetworkError> {
        if parameters.len() != self.layout().len() {
            let expected = self.layout().len().to_string();
            return Err(NetworkError::value("number of parameters", parameters.len(), expected));
        }
        let link = self.link_of(projection)?;
        let (target, source) = (&self.populations[link.to.0], &self.populations[link.from.0]);
        let mut operator = Operator::new(Isa::best(), &link.wiring);
        operator.load(parameters);
        let matrix = operator.dense(target.units, source.units, target.ld, source.ld);
        let at = |(i, j): (usize, usize)| matrix[i * source.units + j];
        Ok(Array2::from_shape_fn((target.units, source.units), at))
    }
}
