//! Store and recall: keep the bit that was shown with the last store command until recall is asked.

use std::ops::Range;

use attractor_data::Trials;
use ndarray::ArrayView3;
use rand::RngExt;

use crate::draft::Draft;
use crate::judge::noted;
use crate::options::options;
use crate::score::{answered, same_sign};
use crate::task::{lasts, names, not_negative, wrong};
use crate::{About, Design, Period, Score, TaskError};

options! {
    /// A stream of bits, with commands to store one and to recall the one stored last.
    ///
    /// The trial is `slots` slots of `slot` ms. In each the input `zero` or `one` is on, equally likely;
    /// beside it `store` with probability `command`, and, once a bit is stored, `recall` with the same
    /// probability where there is no `store`. A trial without any recall stores in its first slot and
    /// recalls in its last. The output `bit` should be -1 or +1, the stored bit, asked in slots with
    /// `recall` only. Conditions: `recalls`, how many there are, and `delay`, ms from the start of the last
    /// stored slot to that of its recall, of the last recall.
    ///
    /// With `lines` above 0 the inputs are spikes: so many lines of each kind, Poisson processes of `rate`
    /// while their input is on.
    ///
    /// Score: a trial is right if the output's mean in every asked slot has the sign of the bit.
    ///
    /// Bellec et al., Advances in Neural Information Processing Systems 31, 2018 (arXiv:1803.09574):
    /// slots of 200 ms, commands with probability 1/6.
    pub struct StoreRecall, dt = 10.0 {
        /// Number of slots
        slots: usize = 12, "";
        /// Duration of a slot
        slot: f64 = 200.0, "ms";
        /// Probability of a command in a slot
        command: f64 = 1.0 / 6.0, "";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.1, "";
        /// Spiking lines of each kind of input; 0 has one input of a value each
        lines: usize = 0, "";
        /// Rate of a spiking line that is on
        rate: f64 = 50.0, "Hz";
    }
}

const NAME: &str = StoreRecall::ABOUT.name;
/// The kinds of input, in order.
const KINDS: [&str; 4] = ["store", "recall", "zero", "one"];

impl StoreRecall {
    /// The steps of a slot.
    fn steps(&self, slot: usize, all: Range<usize>) -> Range<usize> {
        let of = |k: usize| all.start + ((k as f64 * self.slot) / self.dt + 1e-6).floor() as usize;
        of(slot).min(all.end)..of(slot + 1).min(all.end)
    }
}

impl Design for StoreRecall {
    type Card = ();

    const ABOUT: About = About {
        name: "store-recall",
        summary: "keep the bit that came with a store command until recall is asked",
        reference: "Bellec et al. 2018, NeurIPS 31, arXiv:1803.09574; Bellec et al. 2020, Nat Commun 11:3625, doi:10.1038/s41467-020-17236-y",
        choice_rule: "the output's mean has the sign of the stored bit in every slot with a recall",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        not_negative(NAME, "rate", self.rate)?;
        if self.lines > 0 && self.rate * self.dt > 1000.0 {
            return Err(wrong(NAME, "rate", self.rate, "at most one spike per step is possible"));
        }
        if self.lines > 10_000 {
            return Err(wrong(NAME, "lines", self.lines, "at most 10000 are possible"));
        }
        if !(2..=10_000).contains(&self.slots) {
            return Err(wrong(NAME, "slots", self.slots, "2 to 10000 are possible"));
        }
        if !(0.0..=0.5).contains(&self.command) {
            return Err(wrong(NAME, "command", self.command, "it must lie between 0 and 0.5"));
        }
        if self.slot < self.dt {
            return Err(wrong(NAME, "slot", self.slot, "it must last at least one step"));
        }
        lasts(NAME, "slot", self.slot)
    }

    fn periods(&self) -> Vec<Period> {
        vec![Period::fixed("stream", self.slots as f64 * self.slot)]
    }

    fn inputs(&self) -> Vec<String> {
        if self.lines == 0 {
            return names(KINDS);
        }
        let each = |kind| (1..=self.lines).map(move |k| format!("{kind} {k}"));
        KINDS.into_iter().flat_map(each).collect()
    }

    fn outputs(&self) -> Vec<String> {
        names(["bit"])
    }

    fn cards(&self) -> Vec<()> {
        vec![()]
    }

    fn trial(&self, (): &(), trial: &mut Draft<'_>) {
        let bits: Vec<bool> = (0..self.slots).map(|_| trial.rng().random_bool(0.5)).collect();
        let mut commands = vec![None; self.slots];
        let mut stored = false;
        for command in &mut commands {
            let chance: f64 = trial.rng().random();
            *command = match (chance < self.command, chance < 2.0 * self.command, stored) {
                (true, ..) => Some(Command::Store),
                (false, true, true) => Some(Command::Recall),
                _ => None,
            };
            stored |= *command == Some(Command::Store);
        }
        if !commands.contains(&Some(Command::Recall)) {
            commands.fill(None);
            commands[0] = Some(Command::Store);
            commands[self.slots - 1] = Some(Command::Recall);
        }
        let all = trial.during("stream");
        let (mut kept, mut recalls, mut delay) = (0, 0.0, 0.0);
        let mut shown = Vec::new();
        for (slot, command) in commands.into_iter().enumerate() {
            let steps = self.steps(slot, all.clone());
            shown.push((2 + usize::from(bits[slot]), steps.clone()));
            match command {
                Some(Command::Store) => {
                    shown.push((0, steps));
                    kept = slot;
                }
                Some(Command::Recall) => {
                    shown.push((1, steps.clone()));
                    trial.want(0, steps.clone(), if bits[kept] { 1.0 } else { -1.0 });
                    trial.ask(steps);
                    recalls += 1.0;
                    delay = (slot - kept) as f64 * self.slot;
                }
                None => {}
            }
        }
        for (kind, steps) in shown {
            match self.lines {
                0 => trial.show(kind, steps, 1.0),
                lines => {
                    let spike = self.rate * self.dt / 1000.0;
                    for (step, k) in steps.flat_map(|step| (0..lines).map(move |k| (step, k))) {
                        if trial.rng().random_bool(spike) {
                            trial.show_at(kind * lines + k, step, 1.0);
                        }
                    }
                }
            }
        }
        trial.note("recalls", recalls);
        trial.note("delay", delay);
        trial.noise(0..self.inputs().len(), self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let target = answered(NAME, trials, outputs)?;
        noted(NAME, trials, &["recalls", "delay"])?;
        let correct = (0..trials.len()).map(|trial| {
            let slots = (0..self.slots).map(|slot| self.steps(slot, 0..trials.lengths[trial]));
            let mut asked = slots.filter(|steps| {
                steps.clone().next().is_some_and(|step| target.weights[[step, trial]] > 0.0)
            });
            let mean = |values: ArrayView3<'_, f32>, steps: Range<usize>| {
                steps.map(|step| values[[step, trial, 0]]).sum::<f32>()
            };
            asked.all(|steps| {
                let wanted = mean(target.values.view(), steps.clone());
                same_sign(mean(outputs.view(), steps), wanted)
            })
        });
        Ok(Score::of_choices(correct.collect(), &trials.conditions, &["recalls", "delay"]))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Store,
    Recall,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;

    #[test]
    fn what_is_recalled_is_what_was_stored_last() {
        let task = StoreRecall { noise: 0.0, ..StoreRecall::default() }.make().unwrap();
        let trials = task.generate(3, 0, 300).unwrap();
        let target = &trials.targets[0];
        let (mut stores, mut recalls) = (0.0, 0.0);
        for trial in 0..300 {
            let mut kept = 0.0;
            for step in (0..240).step_by(20) {
                let on = |kind: usize| trials.inputs[[step, trial, kind]] > 0.0;
                assert!(on(2) != on(3) && !(on(0) && on(1)));
                if on(0) {
                    kept = if on(3) { 1.0 } else { -1.0 };
                    stores += 1.0;
                }
                assert_eq!(on(1), target.weights[[step, trial]] > 0.0);
                if on(1) {
                    assert_eq!(target.values[[step + 19, trial, 0]], kept);
                    recalls += 1.0;
                }
            }
        }
        // one in six slots stores, but for the trials that had no recall
        let share = stores / (12.0 * 300.0);
        assert!((0.13..0.18).contains(&share), "{share}");
        assert!(recalls / 300.0 >= 1.0, "every trial recalls");
    }

    #[test]
    fn lines_spike_where_their_input_is_on() {
        let options = StoreRecall { lines: 5, dt: 1.0, noise: 0.0, ..StoreRecall::default() };
        let trials = options.make().unwrap().generate(1, 0, 20).unwrap();
        assert_eq!((trials.channels(), trials.steps()), (20, 2400));
        // one of two bits is on at a time: 50 Hz on ten lines, half of the time each
        let spikes = trials.inputs.slice(ndarray::s![.., .., 10..]).sum();
        let rate = f64::from(spikes) / (2.4 * 20.0 * 10.0);
        assert!((rate - 25.0).abs() < 4.0 * (25.0f64 / (2.4 * 200.0)).sqrt(), "{rate}");
    }
}
