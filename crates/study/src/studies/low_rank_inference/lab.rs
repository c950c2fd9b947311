//! What is done with a task: a teacher, its rates, students, and what silencing costs.

use std::sync::Arc;

use attractor::data::{Split, Target, Trials};
use attractor::learn::objective::{Mse, Term};
use attractor::learn::source::r_squared;
use attractor::learn::{DataSet, Learner, Objective, OwnRate, Phase, Stop, Validate};
use attractor::network::library::{NoisePlace, Nonlinearity, leaky, linear};
use attractor::network::{
    Action, Description, Intervention, Interventions, NoiseSource, Population, Projection, Wiring,
};
use attractor::numerics::linalg::{svd, thin_qr};
use attractor::numerics::{law::Law, random};
use attractor::task::Task;
use ndarray::Array3;

use super::Settings;
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::net::{Net, low_rank};

/// Context A and B among the inputs of the task.
const CONTEXTS: [usize; 2] = [2, 3];
/// Share of the units that is silenced (notebooks/3_4_mante_fits).
const SILENCED: f64 = 0.1;
/// Draws of random units.
const DRAWS: usize = 5;
/// Number of the batch of trials that is learnt.
const FIT: u64 = 0;
/// Number of the batch of trials that is judged by.
const TEST: u64 = 1;

/// `m nᵀ` of a rank-1 network; effective: n projected on the space of m and the inputs, outside of
/// which it reads nothing.
pub(super) fn connectivity(net: &Net, effective: bool) -> Result<Vec<f64>, StudyError> {
    let (m, mut n) = (net.double("rec->rec.m")?, net.double("rec->rec.n")?);
    if effective {
        let inputs = net.double("in->rec.W")?;
        let width = inputs.len() / m.len() + 1;
        let rows = m.iter().zip(inputs.chunks(width - 1));
        let space: Vec<f64> = rows.flat_map(|(m, inputs)| [&[*m], inputs].concat()).collect();
        let (q, _) = thin_qr(&space, m.len(), width)?;
        let mut projected = vec![0.0; n.len()];
        for column in 0..width {
            let axis: Vec<f64> = q.iter().skip(column).step_by(width).copied().collect();
            let along: f64 = axis.iter().zip(&n).map(|(q, n)| q * n).sum();
            projected.iter_mut().zip(&axis).for_each(|(p, q)| *p += along * q);
        }
        n = projected;
    }
    Ok(m.iter().flat_map(|m| n.iter().map(move |n| m * n)).collect())
}

/// Mean over the contexts.
pub(super) fn mean_of(accuracy: [f64; 2]) -> f64 {
    f64::midpoint(accuracy[0], accuracy[1])
}

/// A task and what is done with it.
pub(super) struct Lab<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) settings: Settings,
    pub(super) task: &'a dyn Task,
}

impl Lab<'_> {
    /// `h ← h + 0.2 (−h + J r + I u) + 0.05 ξ`, `r = tanh h`, `z = wᵀ r`: steps of 20 ms, τ = 100 ms.
    fn net(&self, wiring: Wiring, readout: Law, fixed: bool) -> Result<Net, StudyError> {
        let neuron = leaky(Nonlinearity::Tanh, NoisePlace::Outside)?;
        let output = Projection::new("rec.r", "out.I", Wiring::Dense { law: readout });
        let populations = vec![
            Population::input("in", self.task.inputs().len()),
            Population::of("rec", self.settings.units, &neuron).param("sigma", 0.05),
            Population::of("out", 1, &linear()?),
        ];
        let projections = vec![
            Projection::new("in.u", "rec.I", Wiring::Dense { law: Law::Normal { sd: 1.0 } }),
            Projection::new("rec.r", "rec.I", wiring).lag(1),
            if fixed { output.fixed() } else { output },
        ];
        Net::draw(Description::new(self.task.dt(), populations, projections), self.context.seed)
    }

    fn split(&self) -> Split {
        let (all, train) = (self.settings.trials, self.settings.trials * 4 / 5);
        Split { train: (0..train).collect(), held_out: (train..all).collect() }
    }

    fn trials(&self) -> Result<Trials, StudyError> {
        Ok(self.task.generate(self.context.seed, FIT, self.settings.trials)?)
    }

    fn noise(&self, epoch: u64, on: bool) -> NoiseSource {
        NoiseSource { seed: self.context.seed, epoch: (1 << 40) + epoch, on }
    }

    /// Trained on the task, all weights; `own` is the readout's own rate.
    pub(super) fn teacher(
        &self,
        wiring: Wiring,
        sd: f64,
        rate: f64,
        own: f64,
    ) -> Result<Net, StudyError> {
        let net = self.net(wiring, Law::Normal { sd }, false)?;
        let mut phase =
            self.phase("teacher".to_owned(), "out.y", rate, self.settings.teacher_epochs);
        phase.stop.loss = Some(self.settings.teacher_loss);
        phase.rates = vec![OwnRate { parameters: "rec->out.W".to_owned(), rate: own }];
        self.train(net, phase, &self.trials()?, &self.split())
    }

    /// A network of low rank fitted to rates; its readout is the teacher's.
    pub(super) fn student(
        &self,
        teacher: &Net,
        rates: &Trials,
        split: &Split,
        rank: usize,
    ) -> Result<Net, StudyError> {
        let mut net = self.net(low_rank(rank), Law::Constant { value: 0.0 }, true)?;
        // other draws than a teacher of the same rank
        net = Net::draw(net.network.description().clone(), self.context.seed + (1 << 32))?;
        net.set("rec->out.W", teacher.array("rec->out.W")?.iter().copied())?;
        let Settings { student_rate, student_epochs, .. } = self.settings;
        let phase = self.phase(format!("rank {rank}"), "rec.r", student_rate, student_epochs);
        self.train(net, phase, rates, split)
    }

    /// The teacher's connectivity cut down to its leading singular values.
    pub(super) fn truncated(&self, teacher: &Net, rank: usize) -> Result<Net, StudyError> {
        let n = self.settings.units;
        let found = svd(&teacher.double("rec->rec.W")?, n, n)?;
        let mut net = self.net(low_rank(rank), Law::Constant { value: 0.0 }, true)?;
        for name in ["in->rec.W", "rec->out.W"] {
            net.set(name, teacher.array(name)?.iter().copied())?;
        }
        // J = Σ s u vᵀ as m nᵀ / N
        let places = || (0..n * rank).map(|place| (place / rank, place % rank));
        let m = places().map(|(unit, k)| (found.u[unit * n + k] * found.s[k] * n as f64) as f32);
        net.set("rec->rec.m", m)?;
        net.set("rec->rec.n", places().map(|(unit, k)| found.vt[k * n + unit] as f32))?;
        Ok(net)
    }

    /// Adam, clipped at 1, batches of 32 drawn without replacement, validated once per epoch.
    fn phase(&self, name: String, signal: &str, rate: f64, epochs: usize) -> Phase {
        let per_epoch = (self.settings.trials * 4 / 5 / self.settings.batch).max(1);
        let signal = signal.to_owned();
        Phase {
            name: Some(name),
            objective: Objective { terms: vec![Term::Mse(Mse { signal, ..Mse::default() })] },
            learner: Learner { rate, batch: self.settings.batch, ..Learner::default() },
            stop: Stop { updates: (epochs * per_epoch) as u64, ..Stop::default() },
            validate: Validate { every: per_epoch as u64, trials: self.settings.trials },
            ..Phase::default()
        }
    }

    /// Keeps the best epoch.
    fn train(
        &self,
        net: Net,
        phase: Phase,
        trials: &Trials,
        split: &Split,
    ) -> Result<Net, StudyError> {
        let source = Arc::new(DataSet::split(trials, split, self.context.seed)?);
        let trained = self.context.train(&net.network, net.weights.clone(), phase, source, true)?;
        Ok(net.with(trained.best))
    }

    /// The trials with a network's rates as targets, with noise and without, and their split.
    pub(super) fn recorded(&self, net: &Net) -> Result<([Trials; 2], Split), StudyError> {
        let with = |on: bool| -> Result<Trials, StudyError> {
            let mut trials = self.trials()?;
            let rates = self.run(net, &trials, self.noise(0, on), &[], "rec.r")?;
            trials.targets = vec![Target::everywhere("rec.r", rates)];
            Ok(trials)
        };
        Ok(([with(true)?, with(false)?], self.split()))
    }

    fn run(
        &self,
        net: &Net,
        trials: &Trials,
        noise: NoiseSource,
        silenced: &[&str],
        signal: &str,
    ) -> Result<Array3<f32>, StudyError> {
        let silence = |group: &&str| Intervention {
            target: format!("rec.r[{group}]"),
            from: 0.0,
            until: None,
            action: Action::Set(0.0),
        };
        let list: Vec<Intervention> = silenced.iter().map(silence).collect();
        let done = Interventions::new(&net.network, &list)?;
        let mut all =
            self.context.run(&net.network, &net.weights, trials, noise, &done, &[signal])?;
        all.pop().ok_or_else(|| StudyError::Study(format!("no signal `{signal}`")))
    }

    /// R² of a network's rates on the held-out trials.
    pub(super) fn r2(
        &self,
        net: &Net,
        rates: &Trials,
        split: &Split,
        on: bool,
    ) -> Result<f64, StudyError> {
        let held_out = rates.select(&split.held_out)?;
        let found = self.run(net, &held_out, self.noise(1, on), &[], "rec.r")?;
        Ok(r_squared(&held_out, "rec.r", found.view()).unwrap_or(f64::NAN))
    }

    /// Fraction correct on fresh trials in context A and B, some groups silenced; without contexts, of all, twice.
    pub(super) fn accuracy(
        &self,
        net: &Net,
        silenced: &[&str],
        on: bool,
    ) -> Result<[f64; 2], StudyError> {
        let trials = self.task.generate(self.context.seed, TEST, self.settings.test_trials)?;
        let outputs = self.run(net, &trials, self.noise(2, on), silenced, "out.y")?;
        let correct = self.task.score(&trials, outputs.view())?.correct;
        let among = |context: &str| {
            let contexts = trials.conditions.labels("context");
            let mine = |trial: &usize| contexts.is_none_or(|all| all[*trial] == context);
            let chosen: Vec<usize> = (0..trials.len()).filter(mine).collect();
            let right = chosen.iter().filter(|&&trial| correct[trial]).count();
            right as f64 / chosen.len() as f64
        };
        Ok([among("A"), among("B")])
    }

    /// Silences, in the teacher and in the student, units labelled on the student.
    pub(super) fn silence(
        &self,
        teacher: &Net,
        student: &Net,
        measured: &mut Measured,
    ) -> Result<(), StudyError> {
        let units = self.settings.units;
        let count = (SILENCED * units as f64).round() as usize;
        let inputs = student.array("in->rec.W")?;
        let channels = inputs.len() / units;
        let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
        for (channel, name) in CONTEXTS.into_iter().zip(["A", "B"]) {
            let drive = |unit: &usize| inputs[unit * channels + channel].abs();
            let mut order: Vec<usize> = (0..units).collect();
            order.sort_by(|a, b| drive(b).total_cmp(&drive(a)));
            groups.push((name.to_owned(), order[..count].to_vec()));
        }
        let mut rng = random::stream(self.context.seed, "silenced");
        for draw in 0..DRAWS {
            let key = Law::Uniform { limit: 1.0 }.sample(units, 1, &mut rng);
            let mut order: Vec<usize> = (0..units).collect();
            order.sort_by(|&a, &b| key[a].total_cmp(&key[b]));
            groups.push((format!("random{draw}"), order[..count].to_vec()));
        }
        let labelled = |net: &Net| -> Result<Net, StudyError> {
            let mut description = net.network.description().clone();
            description.populations[1].groups.extend(groups.iter().cloned());
            net.described(description)
        };
        for (who, net) in [("teacher", labelled(teacher)?), ("student", labelled(student)?)] {
            let intact = self.accuracy(&net, &[], true)?;
            let mut lost = Vec::new();
            for (group, _) in &groups {
                let left = self.accuracy(&net, &[group], true)?;
                measured.set(&format!("{who}_{group}_in_a"), left[0]);
                measured.set(&format!("{who}_{group}_in_b"), left[1]);
                lost.push([intact[0] - left[0], intact[1] - left[1]]);
            }
            if who == "teacher" {
                measured.set("kill_a", lost[0][1] - lost[0][0]);
                measured.set("kill_b", lost[1][0] - lost[1][1]);
                let random: f64 = lost[2..].iter().map(|lost| mean_of(*lost)).sum();
                measured.set("kill_random", random / DRAWS as f64);
            }
        }
        Ok(())
    }
}
