//! The table of a neuron's symbols.

use serde::Serialize;

use crate::neuron::{Distribution, Neuron, Symbol};

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SymbolKind {
    /// A state.
    State,
    /// A summed input.
    Drive,
    /// A parameter.
    Parameter,
    /// Normal noise, mean 0 and standard deviation 1.
    NormalNoise,
    /// Noise between 0 and 1.
    UniformNoise,
    /// An emission.
    Emission,
}

impl std::fmt::Display for SymbolKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            SymbolKind::State => "state",
            SymbolKind::Drive => "drive",
            SymbolKind::Parameter => "parameter",
            SymbolKind::NormalNoise => "normal noise",
            SymbolKind::UniformNoise => "uniform noise",
            SymbolKind::Emission => "emission",
        })
    }
}

/// A row of the table of symbols.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SymbolRow {
    /// Name, as in equations.
    pub name: String,
    /// Name in LaTeX.
    pub latex: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Unit; empty for a pure number.
    pub unit: String,
    /// Default of a parameter, initial value of a state.
    pub default: Option<f64>,
    /// One value per unit.
    pub per_unit: bool,
    /// Changed by training.
    pub trained: bool,
    /// Smallest and largest value, where it has any.
    pub range: (Option<f64>, Option<f64>),
    /// Meaning, one line.
    pub doc: String,
}

impl Neuron {
    /// All symbols: states, drives, parameters, noise, emissions.
    pub fn symbols(&self) -> Vec<SymbolRow> {
        let row = |symbol: &Symbol, kind: SymbolKind| SymbolRow {
            name: symbol.name.clone(),
            latex: crate::latex::name(&symbol.name),
            kind,
            unit: symbol.unit.clone(),
            default: None,
            per_unit: false,
            trained: false,
            range: (None, None),
            doc: symbol.doc.clone(),
        };
        let states = self.states.iter().map(|state| SymbolRow {
            default: Some(state.initial),
            per_unit: true,
            ..row(&state.symbol, SymbolKind::State)
        });
        let drives = self.drives.iter().map(|drive| row(drive, SymbolKind::Drive));
        let params = self.params.iter().map(|param| SymbolRow {
            default: Some(param.default),
            per_unit: param.per_unit,
            trained: param.trained,
            range: (
                Some(param.range.0).filter(|v| v.is_finite()),
                Some(param.range.1).filter(|v| v.is_finite()),
            ),
            ..row(&param.symbol, SymbolKind::Parameter)
        });
        let noises = self.noises.iter().map(|noise| {
            let kind = match noise.distribution {
                Distribution::Normal => SymbolKind::NormalNoise,
                Distribution::Uniform => SymbolKind::UniformNoise,
            };
            row(&noise.symbol, kind)
        });
        let emissions = self.emissions.iter().map(|e| row(&e.symbol, SymbolKind::Emission));
        states.chain(drives).chain(params).chain(noises).chain(emissions).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_has_a_row() {
        let neuron = Neuron::define("n", |n| {
            let (x, i) = (n.state("x").initial(0.5).doc("potential"), n.drive("I"));
            let tau = n.param("tau_z", 10.0).unit("ms").trained().range(1.0, f64::INFINITY);
            n.flow(x, (i - x + n.noise("xi")) / tau);
            n.emit("r", n.after(x).tanh());
        });
        let Ok(rows) = neuron.map(|n| n.symbols()) else { panic!("a sound neuron") };
        let names: Vec<String> = rows.iter().map(|r| format!("{} {}", r.kind, r.latex)).collect();
        let expected =
            ["state x", "drive I", r"parameter \tau_{z}", r"normal noise \xi", "emission r"];
        assert_eq!(names, expected);
        assert_eq!((rows[0].default, rows[0].doc.as_str()), (Some(0.5), "potential"));
        assert_eq!((rows[2].range, rows[2].unit.as_str()), ((Some(1.0), None), "ms"));
    }
}
