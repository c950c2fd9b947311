//! What is identified: how far fits from other seeds, and the truth of a simulation, agree with a fit.

use attractor_analysis::{Agreement, Currents, Group, MeasureError, Through, agreement, currents};
use attractor_data::{FileProblem, Npz};
use attractor_recording::Recording;
use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

use super::results::shown;
use crate::error::RunError;

pub(crate) mod page;

/// Key of the weights `[target, source]` of a simulation in its `.npz` file.
const TRUTH: &str = "truth/weights";

/// Another fit, and how far it agrees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restart {
    /// Its free run: pVar in sample of a direct solver, R² on held-out data of a forecast.
    pub free: Option<f64>,
    /// Correlation of weights.
    pub weights: f64,
    /// Correlation of each current, `[target][source]`.
    pub currents: Vec<Vec<Option<f64>>>,
    /// Correlation of the mean magnitudes over pairs of regions.
    pub magnitudes: Option<f64>,
}

impl Restart {
    /// From the least to the largest of the free scores of a fit and its restarts; none without restarts.
    pub(crate) fn spread(restarts: &[Restart], own: Option<f64>) -> Option<String> {
        let scores = || restarts.iter().filter_map(|restart| restart.free).chain(own);
        let least = scores().reduce(f64::min).filter(|_| !restarts.is_empty())?;
        let most = scores().reduce(f64::max)?;
        Some(format!("{least:.3} to {most:.3}"))
    }
}

/// What is identified of a network that was trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Identified {
    /// Regions and their numbers of units.
    pub regions: Vec<(String, usize)>,
    /// Mean magnitude of currents between recorded units, `[target][source]`.
    pub magnitudes: Vec<Vec<f64>>,
    /// Other fits, and how far they agree with this one.
    pub restarts: Vec<Restart>,
    /// How far the weights and currents of a simulation agree with this fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<Agreement>,
}

impl Identified {
    /// In lines; `own` is the free score of the fit itself.
    pub(crate) fn to_text(&self, own: Option<f64>) -> String {
        let spread = Restart::spread(&self.restarts, own);
        let spread = spread.map_or_else(String::new, |spread| format!(", free run R² {spread}"));
        let mut lines =
            vec![format!("What is identified, by {} restarts{spread}", self.restarts.len())];
        lines.extend(agreements(&self.restarts, self.truth.as_ref()));
        lines.join("\n")
    }
}

/// How far weights and currents agree with those of restarts and of the truth, a line each.
pub(crate) fn agreements<'a>(
    restarts: &'a [Restart],
    truth: Option<&'a Agreement>,
) -> impl Iterator<Item = String> + 'a {
    let others = restarts.iter().enumerate();
    let others = others.map(|(k, r)| (format!("restart {}", k + 1), r.weights, r.magnitudes));
    let truth = truth.map(|truth| ("the truth".to_owned(), truth.weights, truth.magnitudes));
    others.chain(truth).map(|(with, weights, magnitudes)| {
        let magnitudes = shown(magnitudes);
        format!(
            "  {with}: weights correlate at {weights:.2}, magnitudes of currents at {magnitudes}"
        )
    })
}

/// Weights between the recorded units, `[target, source]`, and the currents they carry at the recorded
/// rates.
pub(crate) struct Coupling {
    pub(crate) weights: Vec<f64>,
    pub(crate) currents: Currents,
}

pub(crate) fn unmeasured(error: MeasureError) -> RunError {
    RunError::Request(format!("the currents: {error}"))
}

impl Coupling {
    /// Of these weights, at the rates of a recording.
    pub(crate) fn at(
        weights: Vec<f64>,
        recording: &Recording,
        groups: &[Group],
    ) -> Result<Self, RunError> {
        let rates: Vec<f64> = (recording.lengths.iter().enumerate())
            .flat_map(|(trial, &length)| {
                recording.activity.slice(s![..length, trial, ..]).mapv(f64::from).into_iter()
            })
            .collect();
        let currents = currents(&weights, recording.units(), &rates, groups, groups, Through::All)
            .map_err(unmeasured)?;
        Ok(Coupling { weights, currents })
    }

    /// Of the weights of a simulation, if its file has them, at rates that were scaled by `factors`.
    ///
    /// A unit whose rate is scaled by f has weights f times as large, and its targets see it 1/f times.
    pub(crate) fn of_simulation(
        file: &str,
        recording: &Recording,
        factors: &[f32],
        groups: &[Group],
    ) -> Result<Option<Self>, RunError> {
        let Ok(mut npz) = Npz::open(file) else { return Ok(None) };
        if !npz.has(TRUTH) {
            return Ok(None);
        }
        let all: Array2<f64> = npz.array(TRUTH, "[target, source]")?;
        let names = match npz.has("unit_names") {
            true => npz.texts("unit_names")?,
            false => (0..all.nrows()).map(|unit| format!("unit{unit}")).collect(),
        };
        let place = |name: &String| names.iter().position(|other| other == name);
        let places: Option<Vec<usize>> = recording.unit_names.iter().map(place).collect();
        let (Some(places), true) = (places, all.dim() == (names.len(), names.len())) else {
            let (key, axes, with) = (TRUTH.to_owned(), "[target, source]", "activity");
            let (expected, found) = (vec![names.len(); 2], all.shape().to_vec());
            let problem = FileProblem::Shape { key, axes, with, expected, found };
            return Err(problem.of(npz.path()).into());
        };
        let n = places.len();
        let scale = |i: usize, j: usize| f64::from(factors[i]) / f64::from(factors[j]);
        let weights = (0..n * n)
            .map(|k| (k / n, k % n))
            .map(|(i, j)| all[[places[i], places[j]]] * scale(i, j))
            .collect();
        Coupling::at(weights, recording, groups).map(Some)
    }

    /// How far the weights and currents of another one agree.
    pub(crate) fn agreement(&self, other: &Coupling) -> Result<Agreement, RunError> {
        let units = self.weights.len().isqrt();
        let (weights, currents) =
            ((&self.weights[..], &other.weights[..]), (&self.currents, &other.currents));
        agreement(weights, units, currents).map_err(unmeasured)
    }
}
