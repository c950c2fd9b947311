//! What a population is wired to when nobody says otherwise.

use attractor_equations::Neuron;

/// What a population is wired to when nobody says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Drives that get external input.
    pub inputs: Vec<String>,
    /// Recurrent projections: the emission they start from, the drive they end in.
    pub recurrent: Vec<(String, String)>,
    /// The emission that is read out.
    pub readout: String,
}

impl Ports {
    /// The rule for a neuron of which nothing else is known: every drive gets input and the first
    /// emission, and the first emission is read out.
    pub fn of(neuron: &Neuron) -> Ports {
        let drives = || neuron.drives.iter().map(|drive| drive.name.clone());
        let first = neuron.emissions.first().map_or_else(String::new, |e| e.symbol.name.clone());
        Ports {
            inputs: drives().collect(),
            recurrent: drives().map(|drive| (first.clone(), drive)).collect(),
            readout: first,
        }
    }
}

/// Ports of the library's neurons that want something other than [`Ports::of`].
pub fn ports(name: &str) -> Option<Ports> {
    let ports = |inputs: &[&str], recurrent: &[(&str, &str)], readout: &str| Ports {
        inputs: inputs.iter().map(|drive| (*drive).to_owned()).collect(),
        recurrent: recurrent.iter().map(|(e, d)| ((*e).to_owned(), (*d).to_owned())).collect(),
        readout: readout.to_owned(),
    };
    match name {
        // the candidate's external and recurrent inputs apart: reset scales the latter alone
        "gru" => {
            let recurrent = [("h", "I_r"), ("h", "I_z"), ("h", "H_n")];
            Some(ports(&["I_r", "I_z", "I_n"], &recurrent, "h"))
        }
        // gates follow phi, the activity follows what the output gates let through
        "gated" => {
            let recurrent = [("gated", "H"), ("phi", "Z"), ("phi", "R")];
            Some(ports(&["H", "Z", "R"], &recurrent, "phi"))
        }
        // the velocity drives the others, the displacement is read out
        "horn" => Some(ports(&["I"], &[("y", "R")], "x")),
        // controllers drive gain and saturation, not the unit's own activity
        "gamma-driven" => Some(ports(&["I"], &[("h", "I")], "h")),
        _ => None,
    }
}
