//! What a fit measured: the content of its `results.json`.

use std::collections::BTreeMap;
use std::fmt;

use attractor_recording::{Baselines, Mode, R2, Stretch};
use serde::{Deserialize, Serialize};

use super::counts::SpikeScores;
use super::identified::Identified;
pub use super::recorded::RecordingFacts;
use crate::analysis::Analysis;
use crate::results::Machine;

/// What a fit measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FitResults {
    /// `fit`.
    pub kind: String,
    /// The seed.
    pub seed: u64,
    /// The recording as the networks saw it.
    pub recording: RecordingFacts,
    /// The network that reproduces a stretch: **in sample**.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduction: Option<Reproduction>,
    /// The network of a direct solver, whose units are the recorded ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constrained: Option<super::constrained::ConstrainedFit>,
    /// The stochastic network of low rank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stochastic: Option<super::stochastic::StochasticFit>,
    /// Encoding models of units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<super::encode::EncodingFit>,
    /// Reduced-rank regression between regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subspace: Option<super::subspace::SubspaceFit>,
    /// The networks judged on **held-out** data: without inputs, then with them.
    pub forecasts: Vec<ForecastScores>,
    /// What is identified of the last of these networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identified: Option<Identified>,
    /// How the network does it, if that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<Analysis>,
    /// Doubtful things, in sentences.
    pub warnings: Vec<String>,
    /// Seconds from beginning to end, over all sittings.
    pub seconds: f64,
    /// On what it ran.
    pub machine: Machine,
    /// What it ran with.
    pub versions: BTreeMap<String, String>,
    /// When it began, UTC.
    pub started: String,
    /// When it ended, UTC.
    pub finished: String,
}

/// A network in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FittedNetwork {
    /// Recorded units.
    pub observed: usize,
    /// Hidden units.
    pub hidden: usize,
    /// Input channels.
    pub inputs: usize,
    /// Rank of the coupling; full if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// Rank of every block between regions, `FROM->TO`, if they have ranks of their own; full if none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ranks: BTreeMap<String, Option<usize>>,
    /// Parameters that were trained.
    pub trained: usize,
    /// Updates.
    pub updates: u64,
    /// Seconds of training, the choice of penalties included.
    pub seconds: f64,
    /// Loss of the last update: error relative to the variance, plus penalty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
}

/// The R² of one way to predict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Frames ahead; none if the network ran freely to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<usize>,
    /// Whether it was restarted from the data at every frame.
    pub teacher_forced: bool,
    /// R²; none if it is not finite.
    pub r2: Option<f64>,
}

impl Score {
    pub(crate) fn of((mode, r2): &(Mode, R2)) -> Score {
        let horizon = match mode {
            Mode::TeacherForced { horizon } => Some(*horizon),
            Mode::FreeRunning => None,
        };
        Score { horizon, teacher_forced: horizon.is_some(), r2: finite(r2.pooled()) }
    }
}

/// The network that reproduces a stretch. Everything here is **in sample**.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reproduction {
    /// First frame of the stretch, and the frame after its last.
    pub frames: [usize; 2],
    /// The network.
    pub network: FittedNetwork,
    /// R² from the recorded start, without noise.
    pub clean: Vec<Score>,
    /// R² of the free run from a start that is off by `jitter`.
    pub jittered: Option<f64>,
    /// Standard deviation of that error, in potential.
    pub jitter: f64,
    /// R² of the free run with the noise of training; none if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noisy: Option<f64>,
    /// Standard deviation of that noise, in potential.
    pub noise: f64,
}

impl Reproduction {
    /// R² of the clean free run.
    #[must_use]
    pub fn free(&self) -> Option<f64> {
        self.clean.iter().find(|score| !score.teacher_forced).and_then(|score| score.r2)
    }
}

/// A network judged on held-out data, beside its baselines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ForecastScores {
    /// Whether network and autoregression saw the inputs.
    pub inputs: bool,
    /// Part of the variance of the inputs that their components keep.
    pub inputs_kept: f64,
    /// The network.
    pub network: FittedNetwork,
    /// Penalties chosen within the training data.
    pub chosen: Chosen,
    /// `[trial, first frame, frame after the last]` of what was trained on.
    pub train: Vec<[usize; 3]>,
    /// The same of what was held out.
    pub held_out: Vec<[usize; 3]>,
    /// Frames dropped on either side of the borders between them.
    pub gap: usize,
    /// Scores per way to predict.
    pub rows: Vec<ForecastRow>,
    /// Scores per unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitScore>,
    /// How well the free run explains counts of spikes, if the activity is counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spikes: Option<SpikeScores>,
}

/// A unit's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitScore {
    /// The unit.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Its free run: pVar in sample of a direct solver, held-out R² of a forecast.
    pub free: Option<f64>,
}

/// Penalties chosen by cross-validation within the training data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// Penalty of the filter.
    pub filter_l2: f64,
    /// Penalty of the coupling.
    pub l2: f64,
    /// What there was to choose from, with the mean R² of the cross-validation.
    pub candidates: Vec<Candidate>,
}

/// Penalties and their score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Penalty of the filter.
    pub filter_l2: f64,
    /// Penalty of the coupling.
    pub l2: f64,
    /// Mean over parts and ways to predict of R², none below -1; none if no part could be judged.
    pub r2: Option<f64>,
}

/// Held-out R² of the network and of its baselines, one way to predict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastRow {
    /// Frames ahead; none if run freely to the end of the stretch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<usize>,
    /// Whether forecasts restart from the data at every frame.
    pub teacher_forced: bool,
    /// Held-out frames judged.
    pub frames: usize,
    /// The network.
    pub network: Option<f64>,
    /// The network on its training data.
    pub network_train: Option<f64>,
    /// Linear autoregression, chosen by cross-validation for this row alone.
    pub ridge: Option<f64>,
    /// The same on its training data.
    pub ridge_train: Option<f64>,
    /// The last value.
    pub last_value: Option<f64>,
    /// The training mean.
    pub mean: Option<f64>,
}

impl ForecastRow {
    pub(crate) fn of(held: &(Mode, R2), train: &(Mode, R2), baselines: &Baselines) -> Self {
        let (mode, r2) = held;
        let Score { horizon, teacher_forced, r2: network } = Score::of(held);
        let row = |name| baselines.row(name, *mode);
        let of = |name| row(name).and_then(|row| finite(row.r2));
        ForecastRow {
            horizon,
            teacher_forced,
            frames: r2.frames(),
            network,
            network_train: Score::of(train).r2,
            ridge: of("ridge"),
            ridge_train: row("ridge").and_then(|row| finite(row.r2_train)),
            last_value: of("last value"),
            mean: of("mean"),
        }
    }
}

/// `1 frame`, `10 frames`, `free run`.
pub(crate) fn way(horizon: Option<usize>) -> String {
    match horizon {
        Some(1) => "1 frame".to_owned(),
        Some(frames) => format!("{frames} frames"),
        None => "free run".to_owned(),
    }
}

pub(crate) fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

pub(crate) fn triples(stretches: &[Stretch]) -> Vec<[usize; 3]> {
    stretches.iter().map(|s| [s.trial, s.frames.start, s.frames.end]).collect()
}

/// Three decimals, or a dash.
pub(crate) fn shown(score: Option<f64>) -> String {
    score.map_or_else(|| "-".to_owned(), |score| format!("{score:.3}"))
}

impl ForecastScores {
    /// Held-out R² of the network's free run.
    #[must_use]
    pub fn free(&self) -> Option<f64> {
        self.rows.iter().find(|row| row.horizon.is_none()).and_then(|row| row.network)
    }

    /// Whether the network forecasts this row better than the autoregression, and by how much.
    #[must_use]
    pub fn verdict(&self) -> String {
        let better = |row: &&ForecastRow| row.network > row.ridge;
        let names = |rows: Vec<&ForecastRow>| {
            let names: Vec<String> = rows.iter().map(|row| way(row.horizon)).collect();
            names.join(", ")
        };
        let (won, lost): (Vec<_>, Vec<_>) = self.rows.iter().partition(better);
        match (won.is_empty(), lost.is_empty()) {
            (true, _) => "The network does not beat the linear autoregression.".to_owned(),
            (_, true) => "The network beats the linear autoregression throughout.".to_owned(),
            _ => format!(
                "The network beats the linear autoregression at: {}; not at: {}.",
                names(won),
                names(lost)
            ),
        }
    }
}

/// The tables, as the command line prints them.
impl fmt::Display for FitResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.reproduction.as_ref().map(ToString::to_string));
        parts.extend(self.constrained.as_ref().map(ToString::to_string));
        parts.extend(self.stochastic.as_ref().map(ToString::to_string));
        parts.extend(self.encoding.as_ref().map(ToString::to_string));
        parts.extend(self.subspace.as_ref().map(ToString::to_string));
        parts.extend(self.forecasts.iter().map(ToString::to_string));
        let last = self.forecasts.last().and_then(ForecastScores::free);
        parts.extend(self.identified.as_ref().map(|found| found.to_text(last)));
        f.write_str(&parts.join("\n\n"))
    }
}

impl fmt::Display for Reproduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = self.frames;
        writeln!(f, "Reproduction of frames {from} to {to}, R² in sample")?;
        write!(f, "  {:<28}{:>9}", "way to predict", "network")?;
        for Score { horizon, teacher_forced, r2 } in &self.clean {
            let name = match teacher_forced {
                true => format!("{}, teacher-forced", way(*horizon)),
                false => way(*horizon),
            };
            write!(f, "\n  {name:<28}{:>9}", shown(*r2))?;
        }
        let name = format!("free run, start off by {}", self.jitter);
        write!(f, "\n  {name:<28}{:>9}", shown(self.jittered))?;
        if self.noisy.is_some() {
            let name = format!("free run, noise {}", self.noise);
            write!(f, "\n  {name:<28}{:>9}", shown(self.noisy))?;
        }
        Ok(())
    }
}

impl fmt::Display for ForecastScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs = if self.inputs { "with inputs" } else { "without inputs" };
        writeln!(f, "Forecast {inputs}, R² on held-out data (in brackets: on training data)")?;
        write!(
            f,
            "  {:<28}{:>9}{:>10}{:>9}{:>10}{:>12}{:>8}",
            "way to predict", "network", "", "ridge", "", "last value", "mean"
        )?;
        let train = |score| format!("({})", shown(score));
        for row in &self.rows {
            let name = match row.teacher_forced {
                true => format!("{}, teacher-forced", way(row.horizon)),
                false => way(row.horizon),
            };
            write!(
                f,
                "\n  {name:<28}{:>9}{:>10}{:>9}{:>10}{:>12}{:>8}",
                shown(row.network),
                train(row.network_train),
                shown(row.ridge),
                train(row.ridge_train),
                shown(row.last_value),
                shown(row.mean)
            )?;
        }
        if let Some(spikes) = &self.spikes {
            write!(f, "\n  {spikes}")?;
        }
        write!(f, "\n  {}", self.verdict())
    }
}
