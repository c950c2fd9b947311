//! Collections of labelled sequences as tasks: images read pixel by pixel, heartbeats, words.
//!
//! A [`Collection`] is the options of such a task and how they become [`Sequences`]; [`Drawn`] adds what
//! all share and is a [`Task`]. The sequences are divided once into training, validation and evaluation,
//! and a batch draws from the part that its number says ([`Part::of`]): without replacement as long as
//! there are enough. Noise is fresh in every batch.

use attractor_data::{OUTPUT, Part, Target, Trials};
use ndarray::{Array2, Array3, ArrayView3, Axis, s};
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};

use crate::design::About;
use crate::draft::Notes;
use crate::draw;
use crate::registry::{self, Entry};
use crate::score::answered;
use crate::task::{not_negative, table, wrong};
use crate::{Options, Period, Schedule, Score, Task, TaskError, Timing, judge};

pub(crate) mod digits;
pub(crate) mod ecg;
pub(crate) mod mnist;
pub(crate) mod spoken;
mod steps;

/// The period that a sequence is.
const PERIOD: &str = "sequence";

/// The condition that says which class a sequence is.
const CLASS: &str = "class";

/// What makes one collection differ from another: its options, and how they become sequences.
pub trait Collection: Options + 'static {
    /// What it is called and where it comes from.
    const ABOUT: About;

    /// The option without which there are no data, for a collection that the library does not hold.
    const NEEDS: Option<&'static str> = None;

    /// Standard deviation of the noise on every value of the input, fresh in every batch.
    fn noise(&self) -> f64;

    /// Reads, divides and prepares the sequences.
    ///
    /// # Errors
    /// [`TaskError::Option`] for what makes no sense, [`TaskError::Data`] for a file that cannot be read.
    fn load(&self) -> Result<Sequences, TaskError>;

    /// The task with these options.
    ///
    /// # Errors
    /// What [`Collection::load`] refuses, a dt that is no positive number of ms, negative noise.
    fn make(self) -> Result<Drawn<Self>, TaskError> {
        let name = Self::ABOUT.name;
        not_negative(name, "noise", self.noise())?;
        // checked before anything is read
        Timing::new(name, self.dt(), &[Period::fixed(PERIOD, self.dt())])?;
        let sequences = self.load()?;
        for (part, held) in ["training", "validation", "evaluation"].iter().zip(&sequences.parts) {
            if held.is_empty() {
                let of = sequences.all.len();
                let fix = format!("no sequences are left for {part}; there are {of} in all");
                return Err(wrong(name, "split", of, &fix));
            }
        }
        Ok(Drawn { options: self, sequences })
    }
}

/// The registry's line of a collection.
pub(crate) const fn entry<C: Collection>() -> Entry {
    Entry {
        name: C::ABOUT.name,
        summary: C::ABOUT.summary,
        options: C::DOCS,
        needs: C::NEEDS,
        create: |given| Ok(Box::new(registry::options::<C>(C::ABOUT.name, given)?.make()?)),
    }
}

/// One sequence and what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// Inputs `[time, channel]`.
    pub inputs: Array2<f32>,
    /// What it is.
    pub label: Label,
}

/// The class of a sequence, or of each of its steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// One class for the whole, asked at the last step.
    Last(usize),
    /// One class for the whole, asked at every step.
    Every(usize),
    /// A class for each step; a step without one is not asked.
    Steps(Vec<Option<usize>>),
}

impl Label {
    /// The class at a step of a sequence of so many, if one is asked for.
    fn at(&self, step: usize, steps: usize) -> Option<usize> {
        match self {
            Label::Last(class) => (step + 1 == steps).then_some(*class),
            Label::Every(class) => Some(*class),
            Label::Steps(classes) => classes.get(step).copied().flatten(),
        }
    }
}

/// Labelled sequences, divided into parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequences {
    /// Names of the input channels.
    pub channels: Vec<String>,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// All sequences.
    pub all: Vec<Sequence>,
    /// Places in `all`: training, validation, evaluation.
    pub parts: [Vec<usize>; 3],
}

impl Sequences {
    /// The places of a part.
    fn part(&self, part: Part) -> &[usize] {
        &self.parts[part as usize]
    }

    /// Steps of the longest sequence.
    fn steps(&self) -> usize {
        self.all.iter().map(|sequence| sequence.inputs.len_of(Axis(0))).max().unwrap_or(0)
    }
}

/// Divides by a seed into training, validation and evaluation, where the last two have this share of
/// every class each, rounded.
pub(crate) fn divide(classes: &[usize], share: f64, seed: u64) -> [Vec<usize>; 3] {
    let mut parts = [Vec::new(), Vec::new(), Vec::new()];
    let most = classes.iter().max().map_or(0, |most| most + 1);
    for class in 0..most {
        let mut members: Vec<usize> = (0..classes.len()).filter(|&k| classes[k] == class).collect();
        members.shuffle(&mut draw::stream(seed, &format!("split/{class}")));
        let held = (share * members.len() as f64).round() as usize;
        parts[2].extend(members.drain(..held.min(members.len())));
        parts[1].extend(members.drain(..held.min(members.len())));
        parts[0].extend(members);
    }
    parts.each_mut().map(|part| {
        part.sort_unstable();
        std::mem::take(part)
    })
}

/// The error for a path that nobody has given.
pub(crate) fn no_path(task: &'static str, fix: &str) -> TaskError {
    wrong(task, "data", "", fix)
}

/// A task made from a [`Collection`].
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn<C: Collection> {
    options: C,
    sequences: Sequences,
}

impl<C: Collection> Drawn<C> {
    /// The sequences behind it.
    #[must_use]
    pub fn sequences(&self) -> &Sequences {
        &self.sequences
    }

    /// The sequences of a batch.
    fn draw(&self, seed: u64, epoch: u64, trials: usize) -> Vec<usize> {
        let part = self.sequences.part(Part::of(epoch));
        let label = format!("task/{}/{epoch}", C::ABOUT.name);
        draw::deal(seed, &label, part.len(), trials).into_iter().map(|k| part[k]).collect()
    }
}

impl<C: Collection> Task for Drawn<C> {
    fn name(&self) -> &'static str {
        C::ABOUT.name
    }

    fn summary(&self) -> &'static str {
        C::ABOUT.summary
    }

    fn reference(&self) -> &'static str {
        C::ABOUT.reference
    }

    fn choice_rule(&self) -> &'static str {
        C::ABOUT.choice_rule
    }

    fn inputs(&self) -> Vec<String> {
        self.sequences.channels.clone()
    }

    fn outputs(&self) -> Vec<String> {
        self.sequences.classes.clone()
    }

    fn dt(&self) -> f64 {
        self.options.dt()
    }

    fn periods(&self) -> Vec<Period> {
        vec![Period::fixed(PERIOD, self.steps() as f64 * self.dt())]
    }

    fn steps(&self) -> usize {
        self.sequences.steps()
    }

    fn options(&self) -> toml::Table {
        table(&self.options)
    }

    fn generate(&self, seed: u64, epoch: u64, trials: usize) -> Result<Trials, TaskError> {
        let name = C::ABOUT.name;
        if trials == 0 {
            return Err(TaskError::NoTrials { task: name });
        }
        let Sequences { channels, classes, all, .. } = &self.sequences;
        let steps = self.steps();
        let mut inputs = Array3::zeros((steps, trials, channels.len()));
        let mut values = Array3::zeros((steps, trials, classes.len()));
        let mut weights = Array2::zeros((steps, trials));
        let mut notes = Notes::default();
        let mut lengths = Vec::with_capacity(trials);
        let noise = self.options.noise() as f32;
        for (trial, place) in self.draw(seed, epoch, trials).into_iter().enumerate() {
            let Sequence { inputs: shown, label } = &all[place];
            let length = shown.len_of(Axis(0));
            let mut input = inputs.slice_mut(s![..length, trial, ..]);
            input.assign(shown);
            if noise > 0.0 {
                let mut rng = draw::stream(seed, &format!("task/{name}/{epoch}/{trial}"));
                input.mapv_inplace(|x| {
                    let z: f32 = StandardNormal.sample(&mut rng);
                    x + noise * z
                });
            }
            for step in 0..length {
                if let Some(class) = label.at(step, length) {
                    values[[step, trial, class]] = 1.0;
                    weights[[step, trial]] = 1.0;
                }
            }
            if let Label::Last(class) | Label::Every(class) = label {
                notes.label(CLASS, &classes[*class]);
            }
            notes.number("sequence", place as f64);
            lengths.push(length);
        }
        let mut batch = Trials::new(self.dt(), inputs)?;
        batch.input_names = channels.clone();
        batch.targets.push(Target { signal: OUTPUT.to_owned(), values, weights });
        batch.lengths = lengths;
        batch.conditions = notes.conditions(trials)?;
        Ok(batch)
    }

    fn schedules(&self, seed: u64, epoch: u64, trials: usize) -> Result<Vec<Schedule>, TaskError> {
        let length = |place: usize| self.sequences.all[place].inputs.len_of(Axis(0));
        let drawn = self.draw(seed, epoch, trials);
        Ok(drawn.into_iter().map(|k| Schedule::single(PERIOD, length(k))).collect())
    }

    fn distinct(&self, part: Part) -> Option<usize> {
        Some(self.sequences.part(part).len())
    }

    fn classifies(&self) -> bool {
        true
    }

    fn score(&self, trials: &Trials, outputs: ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let name = C::ABOUT.name;
        let Sequences { classes, all, .. } = &self.sequences;
        match all.first().map(|sequence| &sequence.label) {
            Some(Label::Steps(_)) => {
                Ok(steps::score(answered(name, trials, &outputs)?, &outputs, classes))
            }
            _ => judge::by_largest(name, trials, &outputs, &[CLASS]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_disjoint_complete_and_balanced() {
        let classes: Vec<usize> = (0..120).map(|k| usize::from(k % 3 == 0)).collect();
        let parts = divide(&classes, 0.25, 1);
        assert_eq!(parts.each_ref().map(Vec::len), [60, 30, 30]);
        for part in &parts {
            assert!(part.is_sorted());
            let rare = part.iter().filter(|&&k| classes[k] == 1).count();
            assert_eq!(rare * 3, part.len());
        }
        let mut all = parts.concat();
        all.sort_unstable();
        assert_eq!(all, (0..120).collect::<Vec<_>>());
        assert_ne!(divide(&classes, 0.25, 2), parts);
    }

    #[test]
    fn labels_are_asked_where_they_say() {
        assert_eq!([0, 1, 2].map(|t| Label::Last(4).at(t, 3)), [None, None, Some(4)]);
        assert_eq!([0, 2].map(|t| Label::Every(4).at(t, 3)), [Some(4); 2]);
        let steps = Label::Steps(vec![Some(5), None, Some(6)]);
        assert_eq!([0, 1, 2].map(|t| steps.at(t, 3)), [Some(5), None, Some(6)]);
    }
}
