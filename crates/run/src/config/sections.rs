//! The small sections of a configuration.

use serde::{Deserialize, Serialize};

use crate::analysis::Part;

/// The evaluation after training, on trials that nothing has seen before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evaluate {
    /// Fresh trials; for trials from a file, all that were held out are used instead.
    pub trials: usize,
}

impl Default for Evaluate {
    fn default() -> Self {
        Evaluate { trials: 2000 }
    }
}

/// The analysis after training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Analyse {
    /// The questions asked, `attractor analyse --help`; none for no analysis.
    pub parts: Vec<Part>,
}

impl Default for Analyse {
    fn default() -> Self {
        Analyse { parts: Part::USUAL.to_vec() }
    }
}

/// When the state of training is written, so that a killed run can go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Checkpoints {
    /// Seconds between two checkpoints.
    pub seconds: f64,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Checkpoints { seconds: 30.0 }
    }
}
