//! FORCE: recursive least squares while the network runs (Sussillo & Abbott 2009,
//! doi:10.1016/j.neuron.2009.07.018): for networks whose every unit has a measured target ([`Force`];
//! Rajan, Harvey & Tank 2016, doi:10.1016/j.neuron.2016.02.009; Perich et al. 2020), and for readouts of a
//! random network that hears them ([`OutputForce`]).
//!
//! At each sample, with features `φ` (rates, inputs, bias) and errors `e`:
//! `k = P φ`, `c = 1/(1 + φᵀk)`, `P -= c k kᵀ`, `W -= c e kᵀ`. One `P` serves all units that have the
//! same sources. Each change is made in the same pass over memory as the next product, and `P` keeps
//! one half: at 300 units in single precision everything stays in a second-level cache.
//!
//! | | published | corrected (default) |
//! |---|---|---|
//! | target of the rates at sample s | sample s - 1 of the data | sample s |
//! | features of the update | the rates that are compared | the rates whose drive led to them |
//! | starting state | the first sample itself | the state that emits the first sample |
//! | noise | drawn once, replayed in each pass and in the free runs | drawn anew in each pass |
//! | P | identity at first, never reset | the same, or from a regression ([`Force::warm`]) |

mod data;
mod options;
mod output;
mod plan;

pub use data::{Force, Pass};
pub use options::{ForceOptions, Noise, Prior};
pub use output::{OutputForce, OutputOptions};
