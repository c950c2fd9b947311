//! Stochastic low-rank networks, fitted by variational sequential Monte Carlo.
//!
//! A recording is variable from trial to trial, and a network without noise has no way to say so: fitted
//! to such data, it finds a mean. Here the noise is part of the model, in the few dimensions R in which
//! a network of low rank moves, and it is fitted with the weights:
//!
//! | | |
//! |---|---|
//! | latents | `z_t = d z_{t-1} + n φ(x_{t-1}; h) + ε_t`, `ε ~ N(0, Q)`, `z_1 ~ N(μ₁, Q₁)` |
//! | currents | `x_t = m z_t + W_in v_t`, `v_t = d v_{t-1} + (1 - d) u_{t-1}`, `v_1 = 0` |
//! | rates | `φ = max(x - h, 0)`, or clipped `max(x + h, 0) - max(x, 0)` ([`Phi`]) |
//! | samples | of the first D of the N units, `y = x + b + N(0, s²)`, or `y ~ Poisson(softplus(x + b) + 10⁻⁶)` ([`Observation`]) |
//!
//! with `m [N, R]`, `n [R, N]`, `0 < d < 1`. It is the network `x_t = d x_{t-1} + m n φ(x_{t-1}) + …` of N leaky units of one time
//! constant, and [`Model::network`] returns it as such, so that every analysis applies;
//! [`Model::fixed_points`] are all of them, exactly. A gain of each unit in the observation would be no
//! freedom: m, n and h take it up. The basis of the latents is none either; [`Model::noise_sd`] does
//! not depend on it.
//!
//! # The fit
//!
//! K particles follow each trial: they are drawn from a [`Proposal`], weighted by
//! `w = p(y | z) p(z | μ) / q(z)`, and resampled systematically at every sample. [`Fit`] raises
//! `mean over samples of ln (Σ_k w_k / K)`, on average a lower bound of the log likelihood, by Adam. Its gradient goes through
//! the draws, not through the choice of ancestors, and is written by hand: a fit keeps the particles
//! (3 K R numbers a sample, in double precision), and costs seven products of `K × N × R` a sample. What is not offered:
//! proposals learnt by an encoder. For counts particles follow the dynamics ([`Proposal::Bootstrap`]),
//! which takes more of them.
//!
//! Samples should have a standard deviation of about 1; long recordings are cut into trials
//! ([`Samples::select`](crate::constrained::Samples::select)). Rates well above the published 10⁻³ do where epochs are few.
//!
//! Pals, Sağtekin, Pei, Gloeckler & Macke 2024, arXiv:2406.16749. Variational sequential Monte Carlo:
//! Maddison et al. 2017, arXiv:1705.09279; Naesseth et al. 2018, arXiv:1705.11140; Le et al. 2018,
//! arXiv:1705.10306.
//!
//! ```
//! use attractor_learn::constrained::Samples;
//! use attractor_learn::stochastic::{FilterOptions, Fit, FitOptions, Model, Observation, Phi, Shape};
//! let wave = |k: usize| [(k as f64 * 0.3).sin(), (k as f64 * 0.3).cos(), (k as f64 * 0.3 + 1.0).sin()];
//! let samples = Samples::one(10.0, 3, (0..60).flat_map(wave).collect())?;
//! let (phi, observation) = (Phi::Relu, Observation::Gaussian);
//! let shape = Shape { units: 8, rank: 2, recorded: 3, channels: 0, phi, observation };
//! let options = FitOptions { particles: 8, epochs: 20, rate: 3e-2, last_rate: 1e-2, ..Default::default() };
//! let mut fit = Fit::new(Model::drawn(shape, &samples, 1)?, &samples, &options)?;
//! let mut bounds = Vec::new();
//! while let Some(epoch) = fit.epoch()? {
//!     bounds.push(epoch.bound);
//! }
//! assert!(bounds[19] > bounds[0]);
//! let filtered = fit.model().filter(&samples, FilterOptions::default())?;
//! assert_eq!(filtered.latents[0].len(), 60 * 2);
//! let (network, parameters) = fit.model().network()?;
//! # assert_eq!(network.layout().len(), parameters.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod export;
mod filter;
mod fit;
mod model;
mod observation;
mod proposal;
mod regions;
mod reverse;
mod small;

pub use fit::{Epoch, FilterOptions, Filtered, Fit, FitOptions, FitState};
pub use model::{Model, Phi, Shape, Values};
pub use observation::Observation;
pub use proposal::Proposal;
