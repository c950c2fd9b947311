//! Path integration: keep track of where one is from how one moves.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use attractor_data::Trials;
use ndarray::ArrayView3;
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::cycling::relative;
use crate::draft::Draft;
use crate::draw::Stream;
use crate::judge::by_error;
use crate::options::options;
use crate::task::{lasts, names, not_negative, wrong};
use crate::{About, Design, Period, Score, TaskError};

/// Steps of the published walk, ms: the speed is drawn anew this often.
const PACE: f64 = 20.0;

options! {
    /// A rat runs about in a square box; where is it, given its velocity?
    ///
    /// The inputs `vx` and `vy` are the velocity (m/s), with noise; the outputs `x` and `y` should be the
    /// position (m) at the end of each step, in a box of side `side` with the start in its middle. They are
    /// asked at every step. Condition: `distance`, that of the last position from the start, m.
    ///
    /// The walk: the speed is drawn from a Rayleigh distribution of scale `speed` every 20 ms; the heading
    /// begins anywhere and turns at random, with a standard deviation of `turn` · 20 ms in 20 ms, whatever
    /// dt. Within `border` of a wall, and running towards it, the rat turns to run along the wall at a
    /// quarter of its speed.
    ///
    /// Score: a trial is right if the root mean square of the distance between output and position is at
    /// most `tolerance` times that between start and position.
    ///
    /// Redman, Acosta, Acosta-Mendoza & Miolane, Not so griddy, NeurIPS 2024 (the numbers); Sorscher, Mel, Ganguli & Ocko, NeurIPS 2019; Banino et al., Nature 557:429, 2018,
    /// doi:10.1038/s41586-018-0102-6 (the walk). There the outputs are place cells.
    pub struct PathIntegration, dt = 20.0 {
        /// The walk
        walk: f64 = 2000.0, "ms";
        /// Side of the box
        side: f64 = 2.2, "m";
        /// Scale of the speed
        speed: f64 = 0.13 * TAU, "m/s";
        /// Standard deviation of the turning speed
        turn: f64 = 11.52, "rad/s";
        /// Width of the strip along the walls where the rat turns away
        border: f64 = 0.03, "m";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.0, "m/s";
        /// Largest error of a right trial, relative to the way
        tolerance: f64 = 0.3, "";
    }
}

const NAME: &str = PathIntegration::ABOUT.name;

impl Design for PathIntegration {
    type Card = ();

    const ABOUT: About = About {
        name: "path-integration",
        summary: "keep track of the position in a box from the velocity",
        reference: "Banino et al. 2018, Nature 557:429, doi:10.1038/s41586-018-0102-6; numbers of Redman et al. 2024, NeurIPS 37",
        choice_rule: "a trial is right if the error's root mean square is within `tolerance` of the distance from the start",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        not_negative(NAME, "turn", self.turn)?;
        not_negative(NAME, "border", self.border)?;
        for (option, value) in [("side", self.side), ("speed", self.speed)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(wrong(NAME, option, value, "a positive number is needed"));
            }
        }
        relative(NAME, self.tolerance)?;
        lasts(NAME, "walk", self.walk)
    }

    fn periods(&self) -> Vec<Period> {
        vec![Period::fixed("walk", self.walk)]
    }

    fn inputs(&self) -> Vec<String> {
        names(["vx", "vy"])
    }

    fn outputs(&self) -> Vec<String> {
        names(["x", "y"])
    }

    fn cards(&self) -> Vec<()> {
        vec![()]
    }

    fn trial(&self, (): &(), trial: &mut Draft<'_>) {
        let mut rat = Rat { at: [0.0; 2], heading: trial.rng().random_range(0.0..TAU), speed: 0.0 };
        let seconds = self.dt / 1000.0;
        for step in 0..trial.end() {
            let before = rat.at;
            rat.step(self, step, trial.rng());
            for axis in 0..2 {
                trial.show_at(axis, step, (rat.at[axis] - before[axis]) / seconds);
                trial.want_at(axis, step, rat.at[axis]);
            }
        }
        trial.ask(0..trial.end());
        trial.note("distance", rat.at[0].hypot(rat.at[1]));
        trial.noise(0..2, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        by_error(NAME, trials, outputs, self.tolerance, &[])
    }
}

struct Rat {
    /// m from the middle of the box.
    at: [f64; 2],
    /// rad.
    heading: f64,
    /// m/s.
    speed: f64,
}

impl Rat {
    fn step(&mut self, task: &PathIntegration, step: usize, rng: &mut Stream) {
        let pace = |step: usize| (step as f64 * task.dt / PACE + 1e-6).floor();
        if step == 0 || pace(step) > pace(step - 1) {
            // in (0, 1], so that its logarithm is finite
            let u: f64 = 1.0 - rng.random::<f64>();
            self.speed = task.speed * (-2.0 * u.ln()).sqrt();
        }
        let (mut speed, wall) = (self.speed, task.side / 2.0);
        let distances =
            [wall - self.at[0], wall - self.at[1], wall + self.at[0], wall + self.at[1]];
        // Walls at 0, 90, 180 and 270 degrees; the angle between heading and wall, in -π..π.
        for (side, _) in distances.iter().enumerate().filter(|(_, d)| **d < task.border) {
            let angle = (self.heading - FRAC_PI_2 * side as f64 + PI).rem_euclid(TAU) - PI;
            if angle.abs() < FRAC_PI_2 {
                self.heading += angle.signum() * (FRAC_PI_2 - angle.abs());
                speed = self.speed / 4.0;
            }
        }
        let length = speed * task.dt / 1000.0;
        self.at[0] = (self.at[0] + length * self.heading.cos()).clamp(-wall, wall);
        self.at[1] = (self.at[1] + length * self.heading.sin()).clamp(-wall, wall);
        let turn = task.turn * (task.dt * PACE).sqrt() / 1000.0;
        self.heading += turn * rng.sample::<f64, _>(StandardNormal);
    }
}
