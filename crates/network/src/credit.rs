//! How credit travels backwards: how far, and over which projections.

use attractor_numerics::product::Packed;
use attractor_numerics::{Isa, Real};

use crate::error::RunError;
use crate::network::Network;

/// How credit travels backwards through a network. By default to the start of the trial and over the
/// transpose of every projection: the exact gradient.
///
/// Other routes give the learning rules that approximate it by what a synapse could know. The
/// parameters of a projection have their gradient whatever its route: the route decides what goes on
/// to its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Credit<T> {
    /// Steps after which credit is cut; none goes further back (truncated BPTT).
    pub truncate: Option<usize>,
    /// One route per projection, in the order of the description; if empty, all are transposed.
    pub routes: Vec<Route<T>>,
}

/// What a projection does with the cotangents `c` of its drive.
#[derive(Clone, Debug, PartialEq)]
pub enum Route<T> {
    /// `Wᵀ c` goes to the source.
    Transposed,
    /// Nothing does. With all recurrent projections cut, the gradient is that of e-prop (Bellec et al.
    /// 2020, doi:10.1038/s41467-020-17236-y).
    Cut,
    /// `Bᵀ c` does, for a feedback matrix `B [target, source]` (Lillicrap et al. 2016,
    /// doi:10.1038/ncomms13276).
    Through(Vec<T>),
}

impl<T> Default for Credit<T> {
    fn default() -> Self {
        Credit::truncated(None)
    }
}

impl<T> Credit<T> {
    /// The exact gradient, or one that reaches no further back than so many steps.
    #[must_use]
    pub fn truncated(truncate: Option<usize>) -> Self {
        Credit { truncate, routes: Vec::new() }
    }
}

/// A route, ready to multiply.
#[derive(Clone, Debug)]
pub(crate) enum Way<T> {
    Transposed,
    Cut,
    Through(Packed<T>),
}

impl<T: Real> Credit<T> {
    /// One way per link.
    pub(crate) fn ways(&self, network: &Network, isa: Isa) -> Result<Vec<Way<T>>, RunError> {
        let links = &network.links;
        if self.routes.is_empty() {
            return Ok(links.iter().map(|_| Way::Transposed).collect());
        }
        if self.routes.len() != links.len() {
            return Err(RunError::Unsupported(format!(
                "{} routes of credit are given, the network has {} projections: give one for each, or none",
                self.routes.len(),
                links.len()
            )));
        }
        let ways = self.routes.iter().zip(links).map(|(route, link)| {
            let matrix = match route {
                Route::Transposed => return Ok(Way::Transposed),
                Route::Cut => return Ok(Way::Cut),
                Route::Through(matrix) => matrix,
            };
            let (targets, sources) = (link.wiring.targets, link.wiring.sources);
            if matrix.len() != targets * sources {
                return Err(RunError::Unsupported(format!(
                    "the feedback matrix of `{}` has {} values, it must have {targets} × {sources}, as the projection",
                    link.name,
                    matrix.len()
                )));
            }
            let mut packed = Packed::new(isa, sources, targets);
            packed.pack_transposed(matrix, sources);
            Ok(Way::Through(packed))
        });
        ways.collect()
    }
}
