//! Build, train, fit to recordings and reverse-engineer recurrent neural networks as models of the
//! brain.
//!
//! One room per module; this crate adds nothing of its own.
//!
//! | module | room |
//! |---|---|
//! | [`equations`] | one neuron: define, parse, differentiate, execute |
//! | [`numerics`] | products, random numbers, laws, decompositions |
//! | [`data`] | trials, conditions, activity, and their files |
//! | [`network`] | neuron library, populations, wirings, projections; run, gradients, Jacobians |
//! | [`task`] | distributions over trials |
//! | [`recording`] | recorded activity |
//! | [`features`] | images, and what the layers of a convolutional network say of them |
//! | [`learn`] | objectives, optimisers, phases |
//! | [`analysis`] | fixed points, spectra, low-dimensional structure, behaviour |
//! | [`interop`] | the model file |
//! | [`run`] | configuration, training runs, the run directory |
//! | [`report`] | figures and the page of a run |

pub use attractor_analysis as analysis;
pub use attractor_data as data;
pub use attractor_equations as equations;
pub use attractor_features as features;
pub use attractor_interop as interop;
pub use attractor_learn as learn;
pub use attractor_network as network;
pub use attractor_numerics as numerics;
pub use attractor_recording as recording;
pub use attractor_report as report;
pub use attractor_run as run;
pub use attractor_task as task;

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
