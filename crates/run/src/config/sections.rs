//! The small sections of a configuration.

use serde::{Deserialize, Serialize};

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
