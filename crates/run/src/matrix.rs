//! The weight matrix of a projection, written out: for pictures and spectra.

use std::collections::BTreeMap;

use attractor_network::{Network, Population, Projection, Wiring};
use attractor_report::{Matrix, ReportError};

/// A matrix `[target, source]`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Weights {
    pub(crate) targets: usize,
    pub(crate) sources: usize,
    pub(crate) values: Vec<f64>,
}

impl Weights {
    /// To be drawn.
    pub(crate) fn matrix(&self) -> Result<Matrix, ReportError> {
        Matrix::new(self.targets, self.sources, &self.values)
    }
}

/// The matrix of a projection under these parameters.
pub(crate) fn dense(
    network: &Network,
    projection: &Projection,
    parameters: &[f64],
) -> Option<Weights> {
    let population = |signal: &str| {
        let name = signal.split('.').next().unwrap_or(signal);
        network.description().populations.iter().find(|population| population.name == name)
    };
    let (to, from) = (population(&projection.to)?, population(&projection.from)?);
    let mut weights = Weights {
        targets: to.units,
        sources: from.units,
        values: vec![0.0; to.units * from.units],
    };
    let ends = Ends { network, parameters, to, from };
    ends.add(&projection.wiring, &projection.name(), &mut weights)?;
    Some(weights)
}

struct Ends<'a> {
    network: &'a Network,
    parameters: &'a [f64],
    to: &'a Population,
    from: &'a Population,
}

impl Ends<'_> {
    fn array(&self, name: &str) -> Option<&[f64]> {
        Some(&self.parameters[self.network.layout().get(name)?.range.clone()])
    }

    fn add(&self, wiring: &Wiring, name: &str, into: &mut Weights) -> Option<()> {
        match wiring {
            Wiring::Dense { .. } | Wiring::Masked { .. } => {
                let w = self.array(&format!("{name}.W"))?;
                into.values.iter_mut().zip(w).for_each(|(sum, w)| *sum += w);
            }
            Wiring::LowRank { rank, .. } => {
                let (m, n) = (self.array(&format!("{name}.m"))?, self.array(&format!("{name}.n"))?);
                for (k, sum) in into.values.iter_mut().enumerate() {
                    let (target, source) = (k / into.sources, k % into.sources);
                    let (m, n) = (&m[target * rank..][..*rank], &n[source * rank..][..*rank]);
                    let product: f64 = m.iter().zip(n).map(|(m, n)| m * n).sum();
                    *sum += product / into.sources as f64;
                }
            }
            Wiring::Core { rank, .. } => {
                let side = |side: &str| self.array(&format!("{name}.{side}"));
                let (u, core, v) = (side("U")?, side("M")?, side("V")?);
                for (k, sum) in into.values.iter_mut().enumerate() {
                    let (target, source) = (k / into.sources, k % into.sources);
                    let (u, v) = (&u[target * rank..][..*rank], &v[source * rank..][..*rank]);
                    let row = u.iter().zip(core.chunks(*rank));
                    let dot = |core: &[f64]| core.iter().zip(v).map(|(m, v)| m * v).sum::<f64>();
                    let product: f64 = row.map(|(u, core)| u * dot(core)).sum();
                    *sum += product / into.sources as f64;
                }
            }
            Wiring::Each { copies, .. } => {
                let w = self.array(&format!("{name}.W"))?;
                let width = into.sources / copies;
                let height = w.len() / width;
                for (k, w) in w.iter().enumerate() {
                    for copy in 0..*copies {
                        let (row, column) = (copy * height + k / width, copy * width + k % width);
                        into.values[row * into.sources + column] += w;
                    }
                }
            }
            Wiring::Blocks { blocks } => {
                for block in blocks {
                    let group = |groups: &BTreeMap<String, Vec<usize>>, name: &str| {
                        groups.get(name).cloned()
                    };
                    let rows = group(&self.to.groups, &block.to)?;
                    let columns = group(&self.from.groups, &block.from)?;
                    let w = self.array(&format!("{name}.{}<-{}.W", block.to, block.from))?;
                    for (k, w) in w.iter().enumerate() {
                        let (row, column) = (rows[k / columns.len()], columns[k % columns.len()]);
                        into.values[row * into.sources + column] += w;
                    }
                }
            }
            Wiring::Sum { terms } => {
                for (k, term) in terms.iter().enumerate() {
                    self.add(term, &format!("{name}.{k}"), into)?;
                }
            }
        }
        Some(())
    }
}
