//! Published settings of tasks, by name: `task.preset = "mante-2013"`.

use attractor_data::closest;

use crate::TaskError;

/// Options of a publication whose task is in the library under other defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// The task.
    pub task: &'static str,
    /// What it is asked for by.
    pub name: &'static str,
    /// What it is, with its source.
    pub meaning: &'static str,
    /// The options, in TOML.
    pub options: &'static str,
}

/// Every preset there is.
pub const PRESETS: &[Preset] = &[
    Preset {
        task: "context-decision",
        name: "mante-2013",
        meaning: "750 ms of dots, 300 to 1500 ms of delay, a go cue: the monkeys of doi:10.1038/nature12742",
        options: "stimulus = 750.0\ndelay = [300.0, 1500.0]\ndecision = 200.0\ngo = 0.1",
    },
    Preset {
        task: "flip-flop",
        name: "schuessler-2024",
        meaning: "pulses of 1, pauses of 3 to 10, asked 2 after a pulse, trials of 25 time constants of 100 ms: doi:10.7554/eLife.93060",
        options: "pulse = 100.0\nhold = 2400.0\ninterval = [300.0, 1000.0]\ndelay = 200.0",
    },
    Preset {
        task: "flip-flop",
        name: "balwani-2025",
        meaning: "one bit, pulses of one step at random with probability 0.05, 50 steps, 0 before the first: doi:10.1101/2025.01.09.632231",
        options: "bits = 1\npulse = 20.0\nhold = 980.0\ninterval = 400.0\nset = false",
    },
    Preset {
        task: "phase-memory",
        name: "four-stimuli",
        meaning: "four stimuli a quarter of a turn apart: doi:10.1371/journal.pcbi.1011852",
        options: "offsets = [-0.1, -0.35, -0.6, -0.85]\nstimulus = [125.0, 197.5]",
    },
    Preset {
        task: "pro-anti",
        name: "duan-2015",
        meaning: "the answer at once: the rats of doi:10.1016/j.neuron.2015.05.042",
        options: "delay = 0.0",
    },
];

/// The presets of a task.
pub fn of(task: &str) -> impl Iterator<Item = &'static Preset> {
    PRESETS.iter().filter(move |preset| preset.task == task)
}

/// Options with those of the `preset` they name filled in.
pub(crate) fn apply(task: &'static str, options: &toml::Table) -> Result<toml::Table, TaskError> {
    let mut options = options.clone();
    let Some(asked) = options.remove("preset") else {
        return Ok(options);
    };
    let known: Vec<&str> = of(task).map(|preset| preset.name).collect();
    let Some(preset) = of(task).find(|preset| asked.as_str() == Some(preset.name)) else {
        let meant = asked.as_str().and_then(|name| closest(name, known.iter().copied()));
        let meant = meant.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
        let known = if known.is_empty() { "this task has none".into() } else { known.join(", ") };
        let fix = format!("{meant}presets: {known}");
        let (option, value) = ("preset".to_owned(), asked.to_string());
        return Err(TaskError::Option { task, option, value, fix });
    };
    // A constant that the tests read
    for (option, value) in preset.options.parse::<toml::Table>().unwrap_or_default() {
        options.entry(option).or_insert(value);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_makes_a_task_that_differs_and_can_be_overridden() {
        for preset in PRESETS {
            let asked: toml::Table = format!("preset = '{}'", preset.name).parse().unwrap();
            let made = crate::create(preset.task, &asked).unwrap().options();
            let set: toml::Table = preset.options.parse().unwrap();
            assert!(!set.is_empty() && set.iter().all(|(key, value)| made[key] == *value));
            let default = crate::create(preset.task, &toml::Table::new()).unwrap().options();
            assert!(set.iter().all(|(key, value)| default[key] != *value), "{}", preset.name);
            assert!(!made.contains_key("preset"), "what is resolved needs no preset");
            let mut given = asked.clone();
            let (key, value) = default.iter().find(|(key, _)| set.contains_key(*key)).unwrap();
            given.insert(key.clone(), value.clone());
            assert_eq!(crate::create(preset.task, &given).unwrap().options()[key], *value);
        }
    }
}
