//! The tasks by name.

use attractor_data::closest;
use serde::{Serialize, de::DeserializeOwned};

use crate::design::entry as line;
use crate::sequences::entry as sequence;
use crate::task::{OptionDoc, Task, table};
use crate::{
    ContextDecision, Cycling, DelayedDiscrimination, DelayedMatchToSample, DelayedResponse,
    EcgWaves, EvidenceAccumulation, FlipFlop, GoNoGo, IntervalReproduction, OneStepInference,
    PathIntegration, PatternGeneration, PerceptualDecision, PhaseMemory, ProAnti, ReadySetGo,
    SequentialDigits, SequentialMnist, SineGeneration, SpokenDigits, StoreRecall, TaskError,
    TimedPulse, multi, presets, ring,
};

/// A task that can be asked for by name.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The name.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// What its options mean.
    pub options: &'static [OptionDoc],
    /// The option without which it cannot be made: where its data are.
    pub needs: Option<&'static str>,
    /// Makes it with these options; those left out have their defaults.
    pub create: fn(&toml::Table) -> Result<Box<dyn Task>, TaskError>,
}

/// Every task there is, in alphabetical order.
pub const TASKS: &[Entry] = &[
    line::<ContextDecision>(),
    line::<Cycling>(),
    line::<DelayedDiscrimination>(),
    line::<DelayedMatchToSample>(),
    line::<DelayedResponse>(),
    sequence::<EcgWaves>(),
    line::<EvidenceAccumulation>(),
    line::<FlipFlop>(),
    line::<GoNoGo>(),
    line::<IntervalReproduction>(),
    multi::ENTRY,
    line::<OneStepInference>(),
    line::<PathIntegration>(),
    line::<PatternGeneration>(),
    line::<PerceptualDecision>(),
    line::<PhaseMemory>(),
    line::<ProAnti>(),
    line::<ReadySetGo>(),
    sequence::<SequentialDigits>(),
    sequence::<SequentialMnist>(),
    line::<SineGeneration>(),
    sequence::<SpokenDigits>(),
    line::<StoreRecall>(),
    line::<TimedPulse>(),
    ring::ENTRY,
];

/// Names of all tasks, in alphabetical order.
#[must_use]
pub fn names() -> Vec<&'static str> {
    TASKS.iter().map(|entry| entry.name).collect()
}

/// The entry of a task.
///
/// # Errors
/// [`TaskError::Unknown`], with the nearest name.
pub fn entry(name: &str) -> Result<&'static Entry, TaskError> {
    TASKS.iter().find(|entry| entry.name == name).ok_or_else(|| TaskError::Unknown {
        name: name.to_owned(),
        known: names().into_iter().map(str::to_owned).collect(),
        meant: closest(name, names()),
    })
}

/// Makes a task by name; options left out have the values of `preset`, if one is named, or their
/// defaults.
///
/// # Errors
/// [`TaskError::Unknown`], [`TaskError::UnknownOption`] with the nearest option,
/// [`TaskError::Options`] for a wrong type, and what the task itself refuses.
pub fn create(name: &str, options: &toml::Table) -> Result<Box<dyn Task>, TaskError> {
    let entry = entry(name)?;
    (entry.create)(&presets::apply(entry.name, options)?)
}

/// Reads options, refusing unknown ones by name.
pub(crate) fn options<T: DeserializeOwned + Serialize + Default>(
    task: &'static str,
    given: &toml::Table,
) -> Result<T, TaskError> {
    let known = table(&T::default());
    if let Some(option) = given.keys().find(|key| !known.contains_key(*key)) {
        return Err(TaskError::UnknownOption {
            task,
            option: option.clone(),
            known: known.keys().cloned().collect(),
            meant: closest(option, known.keys().map(String::as_str)),
        });
    }
    T::deserialize(toml::Value::Table(given.clone())).map_err(|error| TaskError::Options {
        task,
        problem: error.to_string().trim().replace('\n', " "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_create_themselves() {
        assert!(names().is_sorted());
        for entry in TASKS.iter().filter(|entry| entry.needs.is_none()) {
            let task = create(entry.name, &toml::Table::new()).unwrap();
            assert_eq!((task.name(), task.summary()), (entry.name, entry.summary));
            assert!(task.reference().contains("doi"), "{}", entry.name);
            let resolved = task.options();
            assert_eq!(create(entry.name, &resolved).unwrap().options(), resolved);
            let documented: Vec<&str> = entry.options.iter().map(|o| o.name).collect();
            let mut sorted = documented.clone();
            sorted.sort_unstable();
            // a table keeps the order of writing or not, as its crate was built
            let mut keys: Vec<&str> = resolved.keys().map(String::as_str).collect();
            keys.sort_unstable();
            assert_eq!(sorted, keys, "{}", entry.name);
        }
    }

    #[test]
    fn misspellings_are_answered_with_suggestions() {
        let says = |name: &str, options: &str, part: &str| {
            let message = create(name, &options.parse().unwrap())
                .err()
                .map(|e| e.to_string())
                .unwrap_or_default();
            assert!(message.contains(part), "`{part}` is not in: {message}");
        };
        says("context-descision", "", "did you mean `context-decision`?");
        says("xyz", "", "unknown task `xyz`; there are `context-decision`");
        says("flip-flop", "bit = 3", "no option `bit` (did you mean `bits`?)");
        says("flip-flop", "bits = 'three'", "bits");
        says("flip-flop", "bits = 0", "`bits` is 0");
        says("context-decision", "noise = -1.0", "`noise` is -1.0");
        says("context-decision", "coherences = []", "`coherences`");
        says("context-decision", "coherences = [1, 0]", "no right answer");
        says("context-decision", "dt = 25", "`decision` lasts 20 ms, less than one step of 25 ms");
        says("delayed-discrimination", "delay = [500, 100]", "`delay`");
        says("delayed-discrimination", "differences = [40]", "`differences`");
        says(
            "context-decision",
            "preset = 'mante-2012'",
            "`preset` is \"mante-2012\"; did you mean",
        );
        says("context-decision", "preset = 3", "`preset` is 3");
        says("cycling", "preset = 'x'", "this task has none");
        says("delayed-match-to-sample", "items = 1", "`items` is 1");
        says("delayed-response", "report = 0", "`report` is 0");
        says("evidence-accumulation", "cues = 8", "an odd number");
        says("evidence-accumulation", "probability = 1.5", "`probability`");
        says("interval-reproduction", "delay = 20", "the second pulse has to fit in");
        says("one-step-inference", "asked = 500", "`asked` is 500");
        says("path-integration", "side = 0", "`side` is 0");
        says("perceptual-decision", "coherences = [0.0]", "no right answer");
        says("perceptual-decision", "pedestal = 1", "set `opponent`");
        says(
            "perceptual-decision",
            "stimulus = { mean = 100, min = 200, max = 100 }",
            "`stimulus`",
        );
        says(
            "perceptual-decision",
            "stimulus = { mean = 100 }",
            "{ mean = .., min = .., max = .. }",
        );
        says("phase-memory", "offsets = [0.1, 1.1]", "no phase twice");
        says("pro-anti", "rule = 0", "`rule` is 0");
        says("ready-set-go", "short = [20.0]", "`short`");
        says("ready-set-go", "after = 0", "`after` is 0");
        says("timed-pulse", "width = 0", "`width` is 0");
        says("timed-pulse", "intervals = []", "`intervals`");
        says("sine-generation", "tolerance = 1.0", "`tolerance` is 1");
        says("flip-flop", "interval = [300, 100]", "`interval`");
        says("flip-flop", "interval = [5, 100]", "`interval` lasts 5 ms, less than one step");
    }
}
