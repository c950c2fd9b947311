//! Fits to a recording: a rate network whose rates reproduce measured activity.
//!
//! ```no_run
//! use attractor_run::fit::{FitExperiment, fit};
//! use attractor_run::{Nobody, RunDirectory, Settings};
//! let overrides = ["recording.smooth=4".to_owned()];
//! let experiment = FitExperiment::read(Some("hvc.npz"), None, &overrides, Some(1))?;
//! let directory = RunDirectory::create("runs/hvc".as_ref())?;
//! fit(&experiment, &directory, Settings::default(), &mut Nobody)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The network is a population of leaky tanh units: the first are the recorded ones, the others are
//! hidden. It is trained by backpropagation through stretches in which it **runs freely**: each
//! starts from the recorded state, and no recorded frame is seen after that. Two questions are asked
//! and answered apart:
//!
//! - **Reproduction.** Can such a network produce a stretch of the recording? Trained and judged on
//!   the same frames, in sample, as data-constrained networks usually are.
//! - **Forecast.** Does what it learned hold on data it has not seen? Trained on some blocks of time
//!   (or trials), judged on others, a gap apart, with the inputs and without, beside the mean, the
//!   last value and a cross-validated linear autoregression.
//!
//! Two kinds of fit make no network: encoding models predict each unit from features of stimuli, and
//! reduced-rank regression one region from another.
//!
//! A third question, where currents come from, is for the direct solvers (`fit.solver`), by which
//! every unit of the network is a recorded one: roll-outs of ridge, and recursive least squares. They
//! take seconds, decompose the drives by source region, and say how far restarts agree. A fourth, how
//! much of the variability is the network's own, is for variational sequential Monte Carlo, by which a
//! network of low rank is fitted with its noise.
//!
//! `docs/fit.md` says what the numbers mean.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | what can be set |
//! | `constrained` | the direct solvers, and the currents between regions |
//! | `stochastic` | networks of low rank with their noise |
//! | `encode` | encoding models: each unit from features of stimuli |
//! | `subspace` | reduced-rank regression between regions |
//! | `recorded` | the recording in numbers, by which it is known again |
//! | `closing` | what a fit of one sitting leaves |
//! | `finished` | a fit read back, and its network analysed |
//! | `prepare` | the recording as the network sees it, and its division |
//! | `coupling` | blocks between regions, each of a rank of its own |
//! | `model` | the network: neuron, wirings, what is held |
//! | `filter` | the linear filter that units have from the start |
//! | `windows` | stretches as trials |
//! | `training` | one network, trained |
//! | `choice` | penalties, chosen by cross-validation within the training data |
//! | `predictor` | a trained network as a forecast |
//! | `counts` | how well free runs explain counts of spikes |
//! | `identified` | how far restarts, and the truth of a simulation, agree with a fit |
//! | `regions` | the region of every unit |
//! | [`results`] | what is measured |
//! | `report` | figures and page |

mod choice;
mod closing;
pub mod config;
mod constrained;
mod counts;
mod coupling;
mod encode;
mod filter;
mod finished;
mod forecast;
mod identified;
mod model;
mod predictor;
pub(crate) mod prepare;
mod recorded;
mod regions;
mod report;
mod reproduction;
pub mod results;
mod session;
mod stochastic;
mod subspace;
mod training;
mod windows;

#[cfg(test)]
mod tests;

pub use config::{FitConfig, FitExperiment, SmcConfig, Solver};
pub use constrained::{ConstrainedFit, FreeScores, Held};
pub use counts::SpikeScores;
pub use encode::{EncodedUnit, EncodingFit, FALSE_DISCOVERIES, LayerScore};
pub(crate) use finished::{again, finished};
pub use identified::{Identified, Restart};
pub use results::{FitResults, UnitScore};
pub use session::{FitOutcome, fit, resume};
pub use stochastic::{Likelihood, StochasticFit};
pub use subspace::{RankScore, RidgeScore, SubspaceFit, SubspaceRegion};
