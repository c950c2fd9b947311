//! Phase-coded memory: remember a stimulus as a phase relative to an ongoing oscillation.

use std::f64::consts::TAU;

use attractor_data::Trials;
use ndarray::ArrayView3;
use rand::RngExt;

use crate::draft::Draft;
use crate::judge::noted;
use crate::options::options;
use crate::score::answered;
use crate::task::{lasts, names, not_negative, wrong};
use crate::{About, Design, Duration, Period, Score, TaskError};

options! {
    /// A brief stimulus shifts the phase at which to oscillate, relative to a reference.
    ///
    /// The input `reference` is `sin θ(t)` with `θ = 2π f t + θ0`, `θ0` uniform. During the stimulus one
    /// of the inputs `stimulus_1`, `stimulus_2`, … is 1; noise is on all. The output `wave` should be
    /// `sin θ` before the stimulus begins and `sin(θ + 2π offset)` from then on, with the offset of that
    /// stimulus; it is asked after the stimulus. Conditions: `stimulus` (a number from 1), all equally
    /// often, and `phase` (θ0, rad).
    ///
    /// Choice rule: the sine of frequency `f` that is nearest to the output while it is asked has a phase
    /// nearer to the right offset than halfway to the next, and than a quarter of a turn.
    ///
    /// Pals, Macke & Barak, PLoS Computational Biology 20:e1011852, 2024,
    /// doi:10.1371/journal.pcbi.1011852: 8 Hz, steps of 2 ms, onset after 125 to 250 ms, 125 to 175 ms
    /// long, then 375 ms; offsets of -0.1 and -0.6 turns for two stimuli.
    pub struct PhaseMemory, dt = 2.0 {
        /// The reference alone
        onset: Duration = Duration::Uniform([125.0, 250.0]), "ms";
        /// The stimulus
        stimulus: Duration = Duration::Uniform([125.0, 175.0]), "ms";
        /// After the stimulus, when the output is asked
        probe: f64 = 375.0, "ms";
        /// Frequency of the reference
        frequency: f64 = 8.0, "Hz";
        /// Phase that each stimulus stands for
        offsets: Vec<f64> = vec![-0.1, -0.6], "turns";
        /// Amplitude of a stimulus
        amplitude: f64 = 1.0, "";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.0, "";
    }
}

const NAME: &str = PhaseMemory::ABOUT.name;

impl Design for PhaseMemory {
    /// Which stimulus.
    type Card = usize;

    const ABOUT: About = About {
        name: "phase-memory",
        summary: "remember a stimulus as a phase relative to an ongoing oscillation",
        reference: "Pals, Macke & Barak 2024, PLoS Comput Biol 20:e1011852, doi:10.1371/journal.pcbi.1011852",
        choice_rule: "the phase of the output relative to the reference is nearest to that of the stimulus, and within a quarter of a turn",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        not_negative(NAME, "amplitude", self.amplitude)?;
        if !(self.frequency > 0.0 && self.frequency * self.dt < 500.0) {
            let fix = "it must be positive, with at least two steps per turn";
            return Err(wrong(NAME, "frequency", self.frequency, fix));
        }
        let finite = self.offsets.iter().all(|offset| offset.is_finite());
        if !finite || self.offsets.is_empty() || self.margin() < 1e-6 {
            let fix = "at least one number of turns is needed, and no phase twice";
            return Err(wrong(NAME, "offsets", &self.offsets, fix));
        }
        lasts(NAME, "probe", self.probe)
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::new("onset", self.onset),
            Period::new("stimulus", self.stimulus),
            Period::fixed("probe", self.probe),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        let stimuli = (1..=self.offsets.len()).map(|k| format!("stimulus_{k}"));
        names(["reference"]).into_iter().chain(stimuli).collect()
    }

    fn outputs(&self) -> Vec<String> {
        names(["wave"])
    }

    fn cards(&self) -> Vec<usize> {
        (0..self.offsets.len()).collect()
    }

    fn trial(&self, &stimulus: &usize, trial: &mut Draft<'_>) {
        let start = trial.rng().random_range(0.0..TAU);
        let shown = trial.during("stimulus");
        for step in 0..trial.end() {
            let phase = self.phase(start, step);
            trial.show_at(0, step, phase.sin());
            let shift = if step < shown.start { 0.0 } else { TAU * self.offsets[stimulus] };
            trial.want_at(0, step, (phase + shift).sin());
        }
        trial.show(1 + stimulus, shown, self.amplitude);
        trial.ask(trial.during("probe"));
        trial.note("stimulus", (stimulus + 1) as f64);
        trial.note("phase", start);
        trial.noise(0..1 + self.offsets.len(), self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let target = answered(NAME, trials, outputs)?;
        noted(NAME, trials, &["stimulus", "phase"])?;
        let column = |name| trials.conditions.numbers(name).unwrap_or_default();
        let rows = column("stimulus").iter().zip(column("phase")).enumerate();
        let correct = rows.map(|(trial, (&stimulus, &start))| {
            let asked = target.weights.column(trial);
            let asked = asked.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
            let points = asked
                .map(|(step, _)| (self.phase(start, step), f64::from(outputs[[step, trial, 0]])));
            let offset =
                self.offsets.get((stimulus as usize).wrapping_sub(1)).copied().unwrap_or(f64::NAN);
            turns(phase_of(points)? - offset).lt(&self.margin()).then_some(())
        });
        let correct = correct.map(|right| right.is_some()).collect();
        Ok(Score::of_choices(correct, &trials.conditions, &["stimulus"]))
    }
}

impl PhaseMemory {
    /// Phase of the reference at a step, rad.
    fn phase(&self, start: f64, step: usize) -> f64 {
        TAU * self.frequency * self.dt * step as f64 / 1000.0 + start
    }

    /// How far from its offset a phase may be, turns.
    fn margin(&self) -> f64 {
        let pairs = self
            .offsets
            .iter()
            .enumerate()
            .flat_map(|(k, &a)| self.offsets[..k].iter().map(move |&b| turns(a - b) / 2.0));
        pairs.fold(0.25, f64::min)
    }
}

/// Distance of a difference of phases from 0 around the circle, in 0..0.5 turns.
fn turns(difference: f64) -> f64 {
    (difference - difference.round()).abs()
}

/// The phase, in turns, of `a sin θ + b cos θ` that is nearest to these (θ, value) in least squares;
/// none if all values are 0.
fn phase_of(points: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (mut ss, mut sc, mut cc, mut sy, mut cy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (theta, value) in points {
        let (sine, cosine) = theta.sin_cos();
        ss += sine * sine;
        sc += sine * cosine;
        cc += cosine * cosine;
        sy += sine * value;
        cy += cosine * value;
    }
    // Both times the determinant, which is positive and does not matter to the phase.
    let (a, b) = (cc * sy - sc * cy, ss * cy - sc * sy);
    (a.hypot(b) > 0.0).then(|| b.atan2(a) / TAU)
}
