//! Which learning rule gives the gradient: back-propagation, or e-prop with one of its feedbacks.
//!
//! Both are the plan of the network backwards; they differ in the routes of credit
//! ([`attractor_network::Route`]). E-prop cuts every projection except those into readouts, which carry
//! the learning signal:
//!
//! `dL/dW_ji ≈ Σ_t L_j[t] e_ji[t]`, `L_j = Σ_k B_kj dL/dy_k`,
//!
//! with the eligibility `e_ji` of what a synapse did to its own unit alone. A readout is a population
//! on no circle that a term with a target reads. For leaky rate units and random feedback this is
//! random feedback local online learning (RFLO; Murray 2019, doi:10.7554/eLife.43299).

use attractor_network::{Connection, Credit, Layout, Route};
use attractor_numerics::{Real, law::Law, random};
use serde::{Deserialize, Serialize};

use crate::error::PhaseError;
use crate::model::Names;

/// Where the gradient comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Back-propagation through time: the exact gradient.
    #[default]
    Bptt,
    /// E-prop (Bellec et al. 2020, doi:10.1038/s41467-020-17236-y): recurrent projections carry no
    /// credit. Memory and time as back-propagation; [`Online`](crate::Online) computes the same with
    /// memory that does not grow with the trial.
    Eprop,
}

/// What carries errors from readouts to the units they read, under e-prop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feedback {
    /// `B = W_out`: the transpose of the readout.
    #[default]
    Symmetric,
    /// A fixed matrix, normal with standard deviation `1/√N`, N the number of units read.
    Random,
    /// `B = W_out + 0.99ⁿ D` at update n, `D` drawn as a random `B`: a random feedback that changes as
    /// the readout does while its difference from it decays (Kolen & Pollack 1994; Akrout et al. 2019,
    /// arXiv:1904.05391).
    Adaptive,
}

/// What is left of the difference between feedback and readout after one update.
const REMAINS: f64 = 0.99;

/// Routes of credit as a rule has them for one network and objective.
#[derive(Clone, Debug)]
pub struct Routes<T> {
    /// One per projection, or none.
    ways: Vec<Way<T>>,
}

#[derive(Clone, Debug)]
enum Way<T> {
    Fixed(Route<T>),
    /// The place of the readout's weights in the parameters, and D.
    Adaptive(std::ops::Range<usize>, Vec<T>),
}

impl Rule {
    /// Routes of credit in a network for an objective whose answers are given by the populations
    /// `answers`; `seed` draws the feedback.
    ///
    /// # Errors
    /// Units that would learn nothing, since no readout reads them; adaptive feedback of a readout that
    /// has no dense matrix.
    pub fn routes<T: Real>(
        self,
        feedback: Feedback,
        names: &(impl Names + ?Sized),
        answers: &[usize],
        seed: u64,
    ) -> Result<Routes<T>, PhaseError> {
        if self == Rule::Bptt {
            return Ok(Routes { ways: Vec::new() });
        }
        let connections = names.connections();
        let readout = |p: usize| answers.contains(&p) && !on_circle(&connections, p);
        let reaches = |p: usize| {
            answers.contains(&p)
                || connections.iter().any(|c| c.from.population == p && readout(c.to.population))
        };
        let deaf = connections.iter().find(|c| c.trained && !reaches(c.to.population));
        if let Some(deaf) = deaf {
            return Err(PhaseError::NoSignal { projection: deaf.name.clone() });
        }
        let ways = connections.iter().map(|connection| {
            if !readout(connection.to.population) {
                return Ok::<_, PhaseError>(Way::Fixed(Route::Cut));
            }
            let drawn = || {
                let rng = &mut random::stream(seed, &format!("feedback of {}", connection.name));
                let law = Law::Gaussian { gain: 1.0 };
                let b = law.sample(connection.targets, connection.sources, rng);
                b.into_iter().map(T::from_f64).collect()
            };
            Ok(match feedback {
                Feedback::Symmetric => Way::Fixed(Route::Transposed),
                Feedback::Random => Way::Fixed(Route::Through(drawn())),
                Feedback::Adaptive => Way::Adaptive(dense(names.layout(), connection)?, drawn()),
            })
        });
        Ok(Routes { ways: ways.collect::<Result<_, PhaseError>>()? })
    }
}

impl<T: Real> Routes<T> {
    /// The credit of one update, `update` of them done before with the same routes.
    pub fn credit(&self, parameters: &[T], update: u64, truncate: Option<usize>) -> Credit<T> {
        let remains = T::from_f64(REMAINS.powf(update as f64));
        let route = |way: &Way<T>| match way {
            Way::Fixed(route) => route.clone(),
            Way::Adaptive(readout, difference) => {
                let pairs = parameters[readout.clone()].iter().zip(difference);
                Route::Through(pairs.map(|(&w, &d)| w + remains * d).collect())
            }
        };
        Credit { truncate, routes: self.ways.iter().map(route).collect() }
    }
}

/// The parameters of a projection that are its matrix.
fn dense(layout: &Layout, connection: &Connection) -> Result<std::ops::Range<usize>, PhaseError> {
    let entry = layout.get(&format!("{}.W", connection.name));
    let entry = entry.filter(|e| e.shape == [connection.targets, connection.sources]);
    let range = entry.map(|entry| entry.range.clone());
    range.ok_or_else(|| PhaseError::NotDense { projection: connection.name.clone() })
}

/// Whether a population reaches itself.
pub(crate) fn on_circle(connections: &[Connection], population: usize) -> bool {
    let mut reached: Vec<usize> = Vec::new();
    let mut next = vec![population];
    while let Some(p) = next.pop() {
        for to in connections.iter().filter(|c| c.from.population == p).map(|c| c.to.population) {
            if to == population {
                return true;
            }
            if !reached.contains(&to) {
                reached.push(to);
                next.push(to);
            }
        }
    }
    false
}
