//! A model as an ordinary network: low-rank wiring, and a population of noise.

use attractor_equations::{Neuron, NeuronError};
use attractor_network::{
    Description, Network, NetworkError, Population, Projection, Start, Wiring,
};
use attractor_numerics::law::Law;

use super::model::{Model, Phi, unpacked};
use super::observation::{LEAST_RATE, Observation};
use super::small::{apply, dot};
use crate::constrained::FitError;

impl Model {
    /// The same dynamics as a network of N units, and its parameters: every analysis and simulation
    /// applies to it.
    ///
    /// Currents are the states, `x ← d x + m nᵀ r / N + (1 - d) W_in u + m L ξ`: population `rec`, with the
    /// recorded units as group `recorded`, sends rates `r` and emits the mean of the observation as
    /// `y`; population `noise` emits ξ, one unit per latent; population `in` is there if there are
    /// inputs. Currents start where the first latents are on average, a step before the first output.
    ///
    /// # Errors
    /// None for a model that was made by this library.
    pub fn network(&self) -> Result<(Network, Vec<f64>), FitError> {
        let shape = &self.shape;
        let (rank, units) = (shape.rank, shape.units);
        let m = self.take(&self.places.m);
        let zero = Law::Constant { value: 0.0 };
        let dense = || Wiring::Dense { law: zero };
        let start = m.chunks_exact(rank).map(|m| dot(m, self.take(&self.places.start))).collect();
        let rec = Population::of("rec", units, &unit(shape.phi, shape.observation)?)
            .param("d", self.decay())
            .per_unit("h", zero)
            .per_unit("b", zero)
            .group("recorded", 0..shape.recorded)
            .start("x", Start::Given { values: start });
        let low_rank = Wiring::LowRank { rank, m: zero, n: zero, covariance: None };
        let mut populations = vec![Population::of("noise", rank, &white()?), rec];
        let mut projections = vec![
            Projection::new("noise.e", "rec.I", dense()),
            Projection::new("rec.r", "rec.I", low_rank).lag(1),
        ];
        if shape.channels > 0 {
            populations.insert(0, Population::input("in", shape.channels));
            projections.push(Projection::new("in.u", "rec.I", dense()).lag(1));
        }
        let network = Network::new(Description::new(self.dt, populations, projections))?;
        let mut parameters = network.initial_parameters(0);
        let mut set = |name: &str, values: &mut dyn Iterator<Item = f64>| {
            let array = network.layout().array_mut(name, &mut parameters)?;
            array.iter_mut().zip(values).for_each(|(to, value)| *to = value);
            Ok::<_, NetworkError>(())
        };
        set("rec.h", &mut self.take(&self.places.threshold).iter().copied())?;
        set("rec.b", &mut self.take(&self.places.bias).iter().copied())?;
        set("rec->rec.m", &mut m.iter().copied())?;
        let n = self.take(&self.places.n);
        let of = |place: usize| units as f64 * n[place % rank * units + place / rank];
        set("rec->rec.n", &mut (0..units * rank).map(of))?;
        let lower = unpacked(self.take(&self.places.noise), rank);
        set("noise->rec.W", &mut noise(m, &lower, rank).into_iter())?;
        if shape.channels > 0 {
            let w = self.take(&self.places.inputs).iter();
            set("in->rec.W", &mut w.map(|w| (1.0 - self.decay()) * w))?;
        }
        Ok((network, parameters))
    }
}

/// `m L`, `[unit, latent]`.
fn noise(m: &[f64], lower: &[f64], rank: usize) -> Vec<f64> {
    let columns = super::small::transpose(lower, rank);
    let mut out = vec![0.0; m.len()];
    let rows = m.chunks_exact(rank).zip(out.chunks_exact_mut(rank));
    rows.for_each(|(m, out)| apply(&columns, m, out));
    out
}

/// `x ← d x + I`, `r = φ(x; h)`.
fn unit(phi: Phi, observation: Observation) -> Result<Neuron, NeuronError> {
    let name = match phi {
        Phi::Relu => "stochastic-relu",
        Phi::Clipped => "stochastic-clipped",
    };
    Neuron::define(name, |n| {
        n.doc("leaky unit with a threshold, as fitted by variational sequential Monte Carlo");
        n.source("Pals et al. 2024, arXiv:2406.16749");
        let x = n.state("x").doc("current");
        let i = n.drive("I").doc("summed input");
        let d = n.param("d", 0.9).doc("what is left of a current after a step").range(0.0, 1.0);
        let h = n.param("h", 0.0).doc("threshold");
        let b = n.param("b", 0.0).doc("offset of the observation");
        n.next(x, d * x + i);
        let x = n.after(x);
        n.emit(
            "r",
            match phi {
                Phi::Relu => (x - h).relu(),
                Phi::Clipped => (x + h).relu() - x.relu(),
            },
        );
        n.emit(
            "y",
            match observation {
                Observation::Gaussian => x + b,
                Observation::Poisson => (x + b).softplus() + LEAST_RATE,
            },
        );
    })
}

/// White noise.
fn white() -> Result<Neuron, NeuronError> {
    Neuron::define("white-noise", |n| {
        n.doc("white noise of variance 1");
        n.emit("e", n.noise("xi"));
    })
}
