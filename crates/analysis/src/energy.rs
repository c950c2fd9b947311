//! What a step of a recurrent network costs: operations, and their energy on a chip.
//!
//! A network of rates multiplies every weight by a number; a spike is 1, so its weights are only added
//! up, and only when there is a spike. Per step, with `m` inputs, `n` units, and `f_in`, `f` spikes per
//! input and unit in a step (Yin, Corradi & Bohté 2021, doi:10.1038/s42256-021-00397-w):
//!
//! | cell | multiply and accumulate | accumulate |
//! |---|---|---|
//! | rate unit | `mn + n²` | |
//! | LSTM | `4 (mn + n²) + 17 n` | |
//! | GRU | `3 (mn + n²)`, pointwise operations left out | |
//! | LIF | `n` | `mn f_in + n² f` |
//! | adaptive LIF | `3 n` | `mn f_in + n² f` |

use ndarray::{ArrayView3, Axis, s};
use serde::Serialize;

/// What a recurrent network is made of, as far as its cost goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// Rate units.
    Rate,
    /// LSTM cells.
    Lstm,
    /// Gated recurrent units.
    Gru,
    /// Leaky integrate-and-fire units.
    Lif,
    /// The same with an adaptive threshold.
    Alif,
}

impl Cell {
    /// All, with what they are called.
    pub const ALL: [(&'static str, Cell); 5] = [
        ("rate units", Cell::Rate),
        ("LSTM", Cell::Lstm),
        ("GRU", Cell::Gru),
        ("LIF", Cell::Lif),
        ("adaptive LIF", Cell::Alif),
    ];

    /// Whether its units spike.
    #[must_use]
    pub fn spikes(self) -> bool {
        matches!(self, Cell::Lif | Cell::Alif)
    }

    /// Operations of one step of `units` units with `inputs` inputs; `rates` are spikes per input and
    /// per unit in a step, which only spiking units ask for.
    ///
    /// ```
    /// use attractor_analysis::energy::{Cell, Costs, Operations};
    /// let lstm = Cell::Lstm.operations(4, 36, [0.0, 0.0]);
    /// assert_eq!(lstm, Operations { multiply: 4.0 * (144.0 + 1296.0) + 17.0 * 36.0, add: 0.0 });
    /// let alif = Cell::Alif.operations(4, 36, [0.1, 0.1]);
    /// assert!(lstm.energy(Costs::INT32) / alif.energy(Costs::INT32) > 30.0);
    /// ```
    #[must_use]
    pub fn operations(self, inputs: usize, units: usize, rates: [f64; 2]) -> Operations {
        let (m, n) = (inputs as f64, units as f64);
        let weights = m * n + n * n;
        let spiking = |pointwise: f64| Operations {
            multiply: pointwise * n,
            add: m * n * rates[0] + n * n * rates[1],
        };
        let gated = |gates: f64, pointwise: f64| Operations {
            multiply: gates * weights + pointwise * n,
            add: 0.0,
        };
        match self {
            Cell::Rate => gated(1.0, 0.0),
            Cell::Lstm => gated(4.0, 17.0),
            Cell::Gru => gated(3.0, 0.0),
            Cell::Lif => spiking(1.0),
            Cell::Alif => spiking(3.0),
        }
    }
}

/// Operations of one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Operations {
    /// Multiplications whose product is added to a sum.
    pub multiply: f64,
    /// Additions to a sum.
    pub add: f64,
}

/// Energy of one operation in silicon of 45 nm, pJ (Horowitz 2014, doi:10.1109/ISSCC.2014.6757323).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Costs {
    /// What numbers they are.
    pub numbers: &'static str,
    /// Multiply and accumulate.
    pub multiply: f64,
    /// Accumulate.
    pub add: f64,
}

impl Costs {
    /// Integers of 32 bits.
    pub const INT32: Costs = Costs { numbers: "int32", multiply: 3.2, add: 0.1 };
    /// Floating-point numbers of 32 bits.
    pub const FP32: Costs = Costs { numbers: "fp32", multiply: 4.6, add: 0.9 };
    /// Both tables.
    pub const ALL: [Costs; 2] = [Costs::INT32, Costs::FP32];
}

impl Operations {
    /// Energy of a step, pJ.
    #[must_use]
    pub fn energy(self, costs: Costs) -> f64 {
        self.multiply * costs.multiply + self.add * costs.add
    }
}

/// Mean of the size of a signal `[time, trial, unit]` per unit and step, within trials of these lengths:
/// spikes per unit in a step, if it is 0 or 1.
///
/// 0 if there are no steps.
#[must_use]
pub fn rate(signal: ArrayView3<'_, f32>, lengths: &[usize]) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for (trial, &length) in signal.axis_iter(Axis(1)).zip(lengths) {
        let within = trial.slice_move(s![..length.min(signal.len_of(Axis(0))), ..]);
        sum += within.iter().map(|x| f64::from(x.abs())).sum::<f64>();
        count += within.len();
    }
    sum / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn costs_are_those_of_the_table() {
        // 31 or 32 times, 5.1 times
        assert!((Costs::INT32.multiply / Costs::INT32.add - 32.0).abs() < 1e-12);
        assert!((Costs::FP32.multiply / Costs::FP32.add - 5.1).abs() < 0.02);
        let rate = Cell::Rate.operations(3, 5, [9.0; 2]);
        assert_eq!(rate, Operations { multiply: 40.0, add: 0.0 });
        assert!((rate.energy(Costs::FP32) - 184.0).abs() < 1e-12);
        let lif = Cell::Lif.operations(3, 5, [0.2, 0.1]);
        assert!((lif.add - 5.5).abs() < 1e-12 && lif.multiply == 5.0);
        assert!((lif.energy(Costs::INT32) - 16.55).abs() < 1e-12);
    }

    #[test]
    fn a_silent_network_costs_its_leaks_alone() {
        let silent = Cell::Alif.operations(100, 50, [0.0, 0.0]);
        assert_eq!(silent, Operations { multiply: 150.0, add: 0.0 });
    }

    #[test]
    fn padding_does_not_count() {
        let spikes =
            Array3::from_shape_fn((4, 2, 3), |(t, k, _)| if t < 2 || k == 1 { 1.0 } else { 0.0 });
        assert_eq!(rate(spikes.view(), &[2, 4]), 1.0);
        assert_eq!(rate(spikes.view(), &[4, 4]), 0.75);
        assert_eq!(rate((-spikes).view(), &[4, 4]), 0.75);
    }
}
