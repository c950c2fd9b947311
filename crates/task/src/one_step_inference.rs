//! One-step inference: which of two offered moves leads to the remembered goal?

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::judge::by_largest;
use crate::options::options;
use crate::task::{lasts, names, not_negative, wrong};
use crate::{About, Design, Period, Score, TaskError};

options! {
    /// A goal in a maze, a delay, two offered moves: which of them leads to the goal?
    ///
    /// | input | goal | delay | choice |
    /// |---|---|---|---|
    /// | one of `goal_7`, `goal_9`, `goal_17`, `goal_19` | 1 | 0 | 0 |
    /// | two of `left`, `up`, `right`, `down` | 0 | 0 | 1 |
    ///
    /// with noise on all eight. There are eight trial types (goal; offered; right move): (9; up, left;
    /// up), (9; right, down; right), (19; left, down; down), (17; right, down; down), (17; up, left;
    /// left), (7; up, right; up), (19; left, right; right), (7; left, right; left), all equally often;
    /// who ignores the goal is right in 5 of 8. The four outputs should be 1 for the right move and 0 for
    /// the others (a cross-entropy fits), asked in the last `asked` ms of the choice period: by default
    /// one step of 50. Conditions: `goal` (cell of the maze), `offered`, `move`.
    ///
    /// Choice rule: the output with the largest mean over the steps that are asked.
    ///
    /// Achterberg, Akarca, Strouse, Duncan & Astle, Nature Machine Intelligence 5:1369, 2023,
    /// doi:10.1038/s42256-023-00748-9. There a trial has 50 steps without unit; here a step is 20 ms.
    pub struct OneStepInference, dt = 20.0 {
        /// The goal
        goal: f64 = 400.0, "ms";
        /// Between goal and choice
        delay: f64 = 200.0, "ms";
        /// The two offered moves
        choice: f64 = 400.0, "ms";
        /// The last part of the choice period, when the output is asked
        asked: f64 = 20.0, "ms";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.05, "";
    }
}

const NAME: &str = OneStepInference::ABOUT.name;
/// Cells of the maze that can be the goal.
const GOALS: [usize; 4] = [7, 9, 17, 19];
const MOVES: [&str; 4] = ["left", "up", "right", "down"];
const LEFT: usize = 0;
const UP: usize = 1;
const RIGHT: usize = 2;
const DOWN: usize = 3;

/// A trial type: the goal's cell, the moves offered, and the right one of these.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    goal: usize,
    offered: [usize; 2],
    right: usize,
}

/// Goal, offered moves, right move.
const TYPES: [(usize, [usize; 2], usize); 8] = [
    (9, [UP, LEFT], UP),
    (9, [RIGHT, DOWN], RIGHT),
    (19, [LEFT, DOWN], DOWN),
    (17, [RIGHT, DOWN], DOWN),
    (17, [UP, LEFT], LEFT),
    (7, [UP, RIGHT], UP),
    (19, [LEFT, RIGHT], RIGHT),
    (7, [LEFT, RIGHT], LEFT),
];

impl Design for OneStepInference {
    type Card = Card;

    const ABOUT: About = About {
        name: "one-step-inference",
        summary: "choose the move that leads to a remembered goal",
        reference: "Achterberg et al. 2023, Nat Mach Intell 5:1369, doi:10.1038/s42256-023-00748-9",
        choice_rule: "the output with the largest mean over the asked steps is the move that leads to the goal",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        lasts(NAME, "choice", self.choice)?;
        if !(self.asked >= self.dt && self.asked <= self.choice) {
            let fix = "it must last at least one step and at most as long as `choice`";
            return Err(wrong(NAME, "asked", self.asked, fix));
        }
        Ok(())
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::fixed("goal", self.goal),
            Period::fixed("delay", self.delay),
            Period::fixed("choice", self.choice),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        GOALS.iter().map(|cell| format!("goal_{cell}")).chain(names(MOVES)).collect()
    }

    fn outputs(&self) -> Vec<String> {
        names(MOVES)
    }

    fn cards(&self) -> Vec<Card> {
        TYPES.map(|(goal, offered, right)| Card { goal, offered, right }).to_vec()
    }

    fn trial(&self, card: &Card, trial: &mut Draft<'_>) {
        let goal = GOALS.iter().position(|cell| *cell == card.goal).unwrap_or_default();
        trial.show(goal, trial.during("goal"), 1.0);
        for offered in card.offered {
            trial.show(GOALS.len() + offered, trial.during("choice"), 1.0);
        }
        let asked = trial.end() - trial.steps_in(self.asked)..trial.end();
        trial.want(card.right, asked.clone(), 1.0);
        trial.ask(asked);
        trial.note("goal", card.goal as f64);
        trial.label("offered", &card.offered.map(|k| MOVES[k]).join(" or "));
        trial.label("move", MOVES[card.right]);
        trial.noise(0..GOALS.len() + MOVES.len(), self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        by_largest(NAME, trials, outputs, &["goal", "offered", "move"])
    }
}
