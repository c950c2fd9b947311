//! The weights of a projection written out: for pictures, spectra, penalties and other programs.

use attractor_numerics::{Isa, Real, product::padded};
use ndarray::Array2;

use crate::error::NetworkError;
use crate::network::Network;
use crate::operator::{Operator, Rows, stream};
use crate::wiring::WiringPlan;

/// The matrix `W[target, source]` of a projection as a function of the parameters, with its derivative,
/// whatever its wiring: for terms of an objective that look at the whole matrix.
///
/// ```
/// use attractor_network::{Description, Network, Population, Projection, Wiring, library};
/// use attractor_numerics::law::Law;
/// let one = Law::Constant { value: 1.0 };
/// let wiring = Wiring::LowRank { rank: 1, m: one, n: one, covariance: None };
/// let rec = Population::of("rec", 4, &library::elman(library::Nonlinearity::Tanh)?);
/// let wires = vec![Projection::new("rec.h", "rec.I", wiring).lag(1)];
/// let network = Network::new(Description::new(20.0, vec![rec], wires))?;
///
/// let weights = network.weights("rec->rec")?;
/// let parameters = network.initial_parameters(1);
/// let mut gradient = vec![0.0; parameters.len()];
/// assert_eq!(weights.matrix(&parameters), [0.25; 16]);
/// weights.pull(&parameters, &[1.0; 16], &mut gradient);
/// let m = network.layout().array("rec->rec.m", &gradient)?;
/// assert_eq!(m, [1.0; 4]); // m₀ is in four weights, each time with n = 1 and 1/N
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Weights {
    wiring: WiringPlan,
    targets: usize,
    sources: usize,
}

impl Weights {
    /// Units it ends in: rows.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// Units it starts from: columns.
    pub fn sources(&self) -> usize {
        self.sources
    }

    /// The matrix, row-major. A copy, if the wiring is dense; otherwise a product of the wiring with a
    /// unit vector for every target.
    ///
    /// # Panics
    /// If the parameters are those of a smaller network.
    pub fn matrix<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        match self.wiring.whole() {
            Some(part) => parameters[part.weights.clone()].to_vec(),
            None => self.operator(parameters).dense(
                self.targets,
                self.sources,
                padded(self.targets),
                padded(self.sources),
            ),
        }
    }

    /// Adds to the flat gradient what a cotangent of the matrix, row-major, means for the parameters.
    ///
    /// # Panics
    /// If the cotangent is no matrix of this shape, or parameters or gradient are those of a smaller
    /// network.
    pub fn pull<T: Real>(&self, parameters: &[T], cotangent: &[T], gradient: &mut [T]) {
        let (targets, sources) = (self.targets, self.sources);
        assert_eq!(cotangent.len(), targets * sources, "a cotangent of {targets} × {sources}");
        if let Some(part) = self.wiring.whole() {
            let gradient = &mut gradient[part.weights.clone()];
            gradient.iter_mut().zip(cotangent).for_each(|(g, &c)| *g += c);
            return;
        }
        // W̄ = Σ_source W̄[:, source] e_sourceᵀ: a gradient of as many rows as there are sources
        let (ldy, ldx) = (padded(targets), padded(sources));
        let (mut y, mut x) = (stream::<T>(sources, targets), stream::<T>(sources, sources));
        for source in 0..sources {
            x[source * ldx + source] = T::ONE;
            for target in 0..targets {
                y[source * ldy + target] = cotangent[target * sources + source];
            }
        }
        let operator = self.operator(parameters);
        let mut buffer = vec![T::ZERO; operator.gradient_len()];
        let (y, x) = (Rows { values: &y, ld: ldy }, Rows { values: &x, ld: ldx });
        operator.gradient(y, x, sources, &mut buffer);
        operator.pull(&buffer, gradient);
    }

    fn operator<T: Real>(&self, parameters: &[T]) -> Operator<T> {
        let mut operator = Operator::new(Isa::best(), &self.wiring);
        operator.load(parameters);
        operator
    }
}

impl Network {
    /// The matrix of a projection as a function of the parameters.
    ///
    /// # Errors
    /// A projection that does not exist.
    pub fn weights(&self, projection: &str) -> Result<Weights, NetworkError> {
        let link = self.link_of(projection)?;
        let (targets, sources) = (link.wiring.targets, link.wiring.sources);
        Ok(Weights { wiring: link.wiring.clone(), targets, sources })
    }

    /// The matrix `[target, source]` of a projection under these parameters, whatever its wiring.
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
        let weights = self.weights(projection)?;
        let matrix = weights.matrix(parameters);
        let at = |(i, j): (usize, usize)| matrix[i * weights.sources + j];
        Ok(Array2::from_shape_fn((weights.targets, weights.sources), at))
    }
}
