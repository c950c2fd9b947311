//! A task in one file: its options, what one trial of it is, and how an answer is judged.

use attractor_data::{OUTPUT, Target, Trials};
use ndarray::{ArrayView3, Axis};

use crate::draft::{Draft, Noises, Notes};
use crate::draw::Noise;
use crate::task::table;
use crate::tile::{self, Tile, shaped};
use crate::timing::Schedule;
use crate::{Entry, Options, Period, Score, Task, TaskError, Timing, draw, registry};

/// What a task is called and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The name it is asked for by, such as `"context-decision"`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Where it comes from, with DOI.
    pub reference: &'static str,
    /// What counts as right, in one line.
    pub choice_rule: &'static str,
}

/// What makes one task differ from another; [`Made`] adds what they share and is a [`Task`].
///
/// It is implemented by the task's options. See the [crate's documentation](crate) for one in full.
pub trait Design: Options + 'static {
    /// One of the combinations of conditions that are dealt to trials, all equally often.
    type Card: Clone + Send + Sync;

    /// What it is called and where it comes from.
    const ABOUT: About;

    /// Refuses values that make no sense. Timing is checked without being asked.
    ///
    /// # Errors
    /// [`TaskError::Option`], with what would make sense.
    fn check(&self) -> Result<(), TaskError> {
        Ok(())
    }

    /// The parts of a trial, in order.
    fn periods(&self) -> Vec<Period>;

    /// Names of the input channels.
    fn inputs(&self) -> Vec<String>;

    /// Names of the output channels.
    fn outputs(&self) -> Vec<String>;

    /// Every combination of conditions; at least one.
    fn cards(&self) -> Vec<Self::Card>;

    /// Periods whose duration the card decides, with their ms, instead of chance.
    fn durations(&self, card: &Self::Card) -> Vec<(&'static str, f64)> {
        let _ = card;
        Vec::new()
    }

    /// Writes one trial: inputs, targets, where they are asked, and its conditions.
    ///
    /// Noise has numbers of its own: the same seed gives the same trial with more noise or with none.
    fn trial(&self, card: &Self::Card, trial: &mut Draft<'_>);

    /// Judges outputs of trials that this task has made.
    ///
    /// # Errors
    /// As [`Task::score`].
    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError>;

    /// The task with these options.
    ///
    /// # Errors
    /// What [`Design::check`] refuses, and [`TaskError::Option`], [`TaskError::Unresolved`] and
    /// [`TaskError::TooLong`] for timing.
    fn make(self) -> Result<Made<Self>, TaskError> {
        self.check()?;
        let timing = Timing::new(Self::ABOUT.name, self.dt(), &self.periods())?;
        let cards = self.cards();
        Ok(Made { design: self, cards, timing })
    }
}

/// The registry's line of a task.
pub(crate) const fn entry<D: Design>() -> Entry {
    Entry {
        name: D::ABOUT.name,
        summary: D::ABOUT.summary,
        options: D::DOCS,
        needs: None,
        create: |given| Ok(Box::new(registry::options::<D>(D::ABOUT.name, given)?.make()?)),
    }
}

/// A task made from its [`Design`].
#[derive(Debug, Clone, PartialEq)]
pub struct Made<D: Design> {
    design: D,
    cards: Vec<D::Card>,
    timing: Timing,
}

impl<D: Design> Made<D> {
    fn build(
        &self,
        seed: u64,
        epoch: u64,
        trials: usize,
    ) -> Result<(Trials, Vec<Schedule>), TaskError> {
        let name = D::ABOUT.name;
        if trials == 0 {
            return Err(TaskError::NoTrials { task: name });
        }
        let (steps, input_names) = (self.timing.steps(), self.design.inputs());
        let widths = [input_names.len(), self.design.outputs().len(), 1];
        let mut arrays = widths.map(|width| vec![0.0; steps * trials * width]);
        let mut tiles = widths.map(|width| Tile::new(steps, width));
        let mut notes = Notes::default();
        let mut schedules = Vec::with_capacity(trials);
        let (noise, mut numbers) = (Noise::new(seed, name, epoch), Vec::new());

        let label = format!("task/{name}/{epoch}");
        let cards = draw::deal(seed, &label, self.cards.len(), trials);
        for (tile, cards) in cards.chunks(tile::TRIALS).enumerate() {
            let first = tile * tile::TRIALS;
            tiles.iter_mut().for_each(Tile::clear);
            for (place, &card) in cards.iter().enumerate() {
                let (index, card) = (first + place, &self.cards[card]);
                let mut rng = draw::stream(seed, &format!("{label}/{index}"));
                let at = self.timing.draw_with(&mut rng, &self.design.durations(card));
                let [inputs, values, weights] = &mut tiles;
                let mut draft = Draft {
                    dt: self.timing.dt(),
                    at,
                    inputs: inputs.trial(place),
                    values: values.trial(place),
                    weights: weights.trial(place).index_axis_move(Axis(1), 0),
                    notes: &mut notes,
                    rng,
                    noises: Noises { noise, trial: index, asked: 0, numbers: &mut numbers },
                };
                self.design.trial(card, &mut draft);
                schedules.push(draft.at);
            }
            for (tile, array) in tiles.iter().zip(&mut arrays) {
                tile.lay(cards.len(), first, trials, array);
            }
        }

        let [inputs, values, weights] = arrays;
        let shape = |width| (steps, trials, width);
        let inputs = shaped(shape(widths[0]), inputs)?;
        let values = shaped(shape(widths[1]), values)?;
        let weights = shaped((steps, trials), weights)?;
        let mut batch = Trials::new(self.timing.dt(), inputs)?;
        batch.input_names = input_names;
        batch.targets.push(Target { signal: OUTPUT.to_owned(), values, weights });
        batch.lengths = schedules.iter().map(Schedule::end).collect();
        batch.conditions = notes.conditions(trials)?;
        Ok((batch, schedules))
    }
}

impl<D: Design> Task for Made<D> {
    fn name(&self) -> &'static str {
        D::ABOUT.name
    }

    fn summary(&self) -> &'static str {
        D::ABOUT.summary
    }

    fn reference(&self) -> &'static str {
        D::ABOUT.reference
    }

    fn choice_rule(&self) -> &'static str {
        D::ABOUT.choice_rule
    }

    fn inputs(&self) -> Vec<String> {
        self.design.inputs()
    }

    fn outputs(&self) -> Vec<String> {
        self.design.outputs()
    }

    fn dt(&self) -> f64 {
        self.timing.dt()
    }

    fn periods(&self) -> Vec<Period> {
        self.design.periods()
    }

    fn steps(&self) -> usize {
        self.timing.steps()
    }

    fn options(&self) -> toml::Table {
        table(&self.design)
    }

    fn generate(&self, seed: u64, epoch: u64, trials: usize) -> Result<Trials, TaskError> {
        Ok(self.build(seed, epoch, trials)?.0)
    }

    fn schedules(&self, seed: u64, epoch: u64, trials: usize) -> Result<Vec<Schedule>, TaskError> {
        Ok(self.build(seed, epoch, trials)?.1)
    }

    fn score(&self, trials: &Trials, outputs: ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        self.design.judge(trials, &outputs)
    }
}
