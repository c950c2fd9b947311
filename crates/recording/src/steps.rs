//! Preparation: named steps, in order, from a [`Session`] to a [`Recording`].
//!
//! Steps are plain data, so they are stored with what was made by them. In a configuration:
//!
//! ```toml
//! [recording]
//! file = "session.nwb"
//! prepare = [
//!     { select = { region = ["V1", "V2"], rate = [0.5, 200] } },  # regions; rates in Hz
//!     { align = { event = "go_cue_time", from = -200, until = 800 } },  # ms
//!     { bin = { width = 20 } },
//!     "square-root",
//!     { smooth = { sd = 40 } },
//!     { soft-normalise = { constant = 5 } },
//!     { average = { by = ["direction"] } },
//! ]
//! ```
//!
//! | step | does | has to come |
//! |---|---|---|
//! | `select` | keeps units of these regions, of a column with these values, of rates in a range | anywhere |
//! | `trials` | one trial per interval of a table | before frames are made |
//! | `align` | one trial per interval, from and until so long after an event | before frames are made |
//! | `bin` | makes frames: counts of spikes, means of samples | once |
//! | `fill` | bridges gaps (NaN) of units and inputs up to a length by straight lines | when there are frames |
//! | `split-at-gaps` | one trial per stretch without gaps; shorter ones are left out | when there are frames |
//! | `drop-units-with-gaps` | what it says | when there are frames |
//! | `drop-trials-with-gaps` | what it says | when there are frames |
//! | `smooth` | Gaussian of a standard deviation in ms; `causal` looks at the past alone | when there are frames |
//! | `square-root` | √x: counts of spikes get a variance that hardly depends on their mean | when there are frames |
//! | `soft-normalise` | x / (range + constant), unit by unit | when there are frames |
//! | `delta-f` | (F - F₀) / F₀, F₀ a running percentile | when there are frames |
//! | `average` | mean over trials of the same conditions | when there are frames |
//!
//! A series with a regular clock has frames already; spikes, and series with time stamps that are not
//! regular, get theirs from `bin`.

mod apply;
mod frames;
mod gaps;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::session::{Series, Session};
use crate::{Recording, RecordingError};
use frames::{Origin, Raw};

/// One step of preparation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Keeps some units.
    Select(Select),
    /// One trial per interval of a table.
    Trials(Whole),
    /// One trial per interval, around an event.
    Align(Align),
    /// Makes frames.
    Bin(Bin),
    /// Bridges gaps.
    Fill(Fill),
    /// Makes trials of the stretches between gaps.
    SplitAtGaps(SplitAtGaps),
    /// Leaves out units that have a gap.
    DropUnitsWithGaps,
    /// Leaves out trials in which a unit or an input has a gap.
    DropTrialsWithGaps,
    /// Smooths along time.
    Smooth(Smooth),
    /// The square root of everything.
    SquareRoot,
    /// Divides by the range plus a constant.
    SoftNormalise(SoftNormalise),
    /// Fluorescence relative to a running baseline.
    DeltaF(DeltaF),
    /// The mean over trials of the same conditions.
    Average(Average),
}

/// Which units to keep. What is not given is not asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Select {
    /// Of these regions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub region: Vec<String>,
    /// A column of the units …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// … that is one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<String>,
    /// Spikes per second, least and most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<[f64; 2]>,
}

/// One trial per interval of a table, from its start to its stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Whole {
    /// The table.
    pub table: String,
    /// Whether trials may overlap, so that parts of the recording count twice.
    pub overlap: bool,
}

/// One trial per interval of a table, around an event of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Align {
    /// The event: `start`, `stop`, or a column of times. Intervals without it are left out.
    #[serde(default = "start")]
    pub event: String,
    /// First moment, ms after the event; negative before it.
    pub from: f64,
    /// Last moment, ms after the event.
    pub until: f64,
    /// The table.
    #[serde(default = "trials")]
    pub table: String,
    /// Whether trials may overlap, so that parts of the recording count twice.
    #[serde(default)]
    pub overlap: bool,
}

fn start() -> String {
    "start".to_owned()
}

fn trials() -> String {
    "trials".to_owned()
}

impl Default for Whole {
    fn default() -> Self {
        Whole { table: trials(), overlap: false }
    }
}

/// Makes frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bin {
    /// Duration of a frame, ms.
    pub width: f64,
    /// Spikes per second instead of counts.
    #[serde(default)]
    pub rate: bool,
}

/// Bridges gaps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// The longest gap that is bridged, ms.
    pub longest: f64,
}

/// One trial per stretch in which every unit and input has a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitAtGaps {
    /// The shortest stretch that is kept, ms.
    pub shortest: f64,
}

/// Smooths along time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smooth {
    /// Standard deviation of the Gaussian, ms.
    pub sd: f64,
    /// Only the half that looks at the past: nothing is seen before it happens.
    #[serde(default)]
    pub causal: bool,
}

/// Divides every unit by the range of its activity plus a constant (in its unit of measure): loud units
/// come near 1, quiet ones stay quiet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoftNormalise {
    /// The constant; 5 spikes per second is common.
    pub constant: f64,
}

/// Fluorescence relative to a running baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeltaF {
    /// Length of the window around each frame whose percentile is the baseline, ms.
    pub window: f64,
    /// The percentile, 0 to 100.
    #[serde(default = "eighth")]
    pub percentile: f64,
}

fn eighth() -> f64 {
    8.0
}

/// The mean over trials of the same conditions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Average {
    /// The conditions; all of them if none is named.
    pub by: Vec<String>,
}

/// What of a session to prepare.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// The activity: a series by path or name, or `spikes`. Without it spikes, or else the only series.
    pub activity: Option<String>,
    /// A series that drives it, by path or name.
    pub inputs: Option<String>,
    /// Frames per second of series whose file does not say.
    pub rate_hz: Option<f64>,
}

impl Session {
    /// What there is to choose from: `spikes`, and the paths of series, the largest first.
    #[must_use]
    pub fn activities(&self) -> Vec<String> {
        let spikes = (!self.spikes.times().is_empty()).then(|| "spikes".to_owned());
        let mut series: Vec<&Series> = self.series.iter().collect();
        series.sort_by_key(|series| std::cmp::Reverse(series.values.len()));
        spikes.into_iter().chain(series.into_iter().map(|series| series.path.clone())).collect()
    }
}

/// Takes the steps in order.
///
/// # Errors
/// [`RecordingError`], naming the step, what was found and what to do: a step out of order, trials that
/// overlap, gaps, series without a clock, time bases that have nothing in common.
pub fn prepare(
    session: &Session,
    choice: &Choice,
    steps: &[Step],
) -> Result<Recording, RecordingError> {
    let mut raw = Some(Raw::new(session, origin(session, choice)?, choice)?);
    let mut recording = None;
    for step in steps {
        match (raw.take(), recording.take()) {
            (Some(mut before), _) => match step {
                Step::Select(select) => {
                    before.select(select)?;
                    raw = Some(before);
                }
                Step::Trials(Whole { table, overlap }) => {
                    before.trials(table, *overlap)?;
                    raw = Some(before);
                }
                Step::Align(align) => {
                    before.align(align)?;
                    raw = Some(before);
                }
                Step::Bin(bin) => recording = Some(before.frames(Some(*bin))?),
                later => recording = Some(apply::step(before.frames(None)?, later)?),
            },
            (None, Some(now)) => recording = Some(apply::step(now, step)?),
            (None, None) => {}
        }
        let noted = recording.as_mut().map(|r: &mut Recording| &mut r.provenance);
        if let Some(provenance) = noted.or(raw.as_mut().map(|r| &mut r.provenance)) {
            provenance.steps.push(step.to_string());
        }
    }
    let recording = match (recording, raw) {
        (Some(recording), _) => recording,
        (None, Some(raw)) => raw.frames(None)?,
        (None, None) => return Err(RecordingError::Nothing { what: "frames", why: "no step" }),
    };
    finished(recording)
}

/// Takes steps that need frames, in order.
///
/// # Errors
/// As [`prepare`]; [`RecordingError::Order`] for a step that makes frames or lays out trials
/// ([`Step::lays_out`]).
pub fn transform(mut recording: Recording, steps: &[Step]) -> Result<Recording, RecordingError> {
    for step in steps {
        recording = apply::step(recording, step)?;
        recording.provenance.steps.push(step.to_string());
    }
    finished(recording)
}

/// Refuses what is left of gaps, and whatever else does not agree.
fn finished(recording: Recording) -> Result<Recording, RecordingError> {
    gaps::refuse(&recording)?;
    recording.validate()?;
    Ok(recording)
}

impl Step {
    /// Whether it makes frames or trials, so that it has to come before those that need frames.
    #[must_use]
    pub fn lays_out(&self) -> bool {
        matches!(self, Step::Trials(_) | Step::Align(_) | Step::Bin(_))
    }
}

/// What is asked for, or what goes without asking.
fn origin<'a>(session: &'a Session, choice: &Choice) -> Result<Origin<'a>, RecordingError> {
    let unknown = |asked: &str| RecordingError::Activity {
        asked: asked.to_owned(),
        found: session.activities(),
    };
    let spikes = !session.spikes.times().is_empty();
    match choice.activity.as_deref() {
        Some("spikes") if spikes => Ok(Origin::Spikes),
        Some(name) => named(session, name).map(Origin::Series).ok_or_else(|| unknown(name)),
        None if spikes => Ok(Origin::Spikes),
        None => match &session.series[..] {
            [only] => Ok(Origin::Series(only)),
            _ => Err(unknown("")),
        },
    }
}

fn named<'a>(session: &'a Session, name: &str) -> Option<&'a Series> {
    session.series(name)
}

impl fmt::Display for Step {
    /// As a configuration has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |texts: &[String]| {
            texts.iter().map(|text| format!("{text:?}")).collect::<Vec<String>>().join(", ")
        };
        match self {
            Step::Select(Select { region, column, is, rate }) => {
                let mut parts = Vec::new();
                if !region.is_empty() {
                    parts.push(format!("region = [{}]", list(region)));
                }
                if let Some(column) = column {
                    parts.push(format!("column = {column:?}, is = [{}]", list(is)));
                }
                if let Some([least, most]) = rate {
                    parts.push(format!("rate = [{least:?}, {most:?}]"));
                }
                write!(f, "{{ select = {{ {} }} }}", parts.join(", "))
            }
            Step::Trials(Whole { table, overlap }) => {
                write!(f, "{{ trials = {{ table = {table:?}, overlap = {overlap} }} }}")
            }
            Step::Align(Align { event, from, until, table, overlap }) => write!(
                f,
                "{{ align = {{ event = {event:?}, from = {from:?}, until = {until:?}, table = {table:?}, overlap = {overlap} }} }}"
            ),
            Step::Bin(Bin { width, rate }) => {
                write!(f, "{{ bin = {{ width = {width:?}, rate = {rate} }} }}")
            }
            Step::Fill(Fill { longest }) => write!(f, "{{ fill = {{ longest = {longest:?} }} }}"),
            Step::SplitAtGaps(SplitAtGaps { shortest }) => {
                write!(f, "{{ split-at-gaps = {{ shortest = {shortest:?} }} }}")
            }
            Step::DropUnitsWithGaps => f.write_str("\"drop-units-with-gaps\""),
            Step::DropTrialsWithGaps => f.write_str("\"drop-trials-with-gaps\""),
            Step::Smooth(Smooth { sd, causal }) => {
                write!(f, "{{ smooth = {{ sd = {sd:?}, causal = {causal} }} }}")
            }
            Step::SquareRoot => f.write_str("\"square-root\""),
            Step::SoftNormalise(SoftNormalise { constant }) => {
                write!(f, "{{ soft-normalise = {{ constant = {constant:?} }} }}")
            }
            Step::DeltaF(DeltaF { window, percentile }) => {
                write!(f, "{{ delta-f = {{ window = {window:?}, percentile = {percentile:?} }} }}")
            }
            Step::Average(Average { by }) => {
                write!(f, "{{ average = {{ by = [{}] }} }}", list(by))
            }
        }
    }
}
