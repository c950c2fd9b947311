//! Two regions, learning and recorded, and networks fitted to what was recorded.

use std::sync::Arc;

use attractor::data::{OUTPUT, Split, Target, Trials};
use attractor::learn::objective::{Mse, Term};
use attractor::learn::source::r_squared;
use attractor::learn::{DataSet, Learner, Objective, OwnRate, Phase, Stop, Validate};
use attractor::network::library::{NoisePlace, Nonlinearity, leaky, linear};
use attractor::network::{
    Between, Description, Interventions, Mask, NoiseSource, Population, Projection, Wiring,
};
use attractor::numerics::law::Law;
use attractor::numerics::random;
use ndarray::{Array3, Axis, concatenate};

use super::Settings;
use super::communication::{mean_current, sent};
use crate::context::Context;
use crate::error::StudyError;
use crate::exam::Exam;
use crate::net::{Net, low_rank};

/// Rank within each region.
const LOCAL: usize = 2;
/// Learning rate, and trials per update.
const RATE: f64 = 1e-2;
const BATCH: usize = 32;
/// The feedback from region 2 to region 1.
pub(super) const BACK: &str = "r2->r1";
/// Rates of the regions.
pub(super) const RATES: [&str; 2] = ["r1.r", "r2.r"];
/// Numbers of the batches of trials that are learnt and recorded.
const LEARNT: u64 = 0;
const RECORDED: u64 = 1;

/// Ranks of the connections between the regions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Ranks {
    /// From region 1 to region 2.
    pub(super) forward: usize,
    /// From region 2 to region 1.
    pub(super) back: usize,
}

/// What was recorded: trials with the rates of some units of both regions as targets.
pub(super) struct Recording {
    trials: Trials,
    split: Split,
    /// The units of each region that were recorded.
    pub(super) units: [Vec<usize>; 2],
    /// R² on the held-out trials of the simulation without its noise.
    pub(super) ceiling: f64,
}

/// The task and what is done with it.
pub(super) struct Lab<'a> {
    context: &'a Context<'a>,
    settings: Settings,
    pub(super) exam: Exam<'a>,
}

impl<'a> Lab<'a> {
    pub(super) fn new(context: &'a Context<'a>, settings: Settings) -> Result<Self, StudyError> {
        let (options, trials) = (toml::Table::new(), settings.test_trials);
        let exam = Exam::new(context, "context-decision", &options, trials)?;
        Ok(Lab { context, settings, exam })
    }

    /// Both regions: `x ← x + 0.2 (−x + I) + 0.05 ξ`, `r = tanh x`, steps of 20 ms, τ = 100 ms. Region 1
    /// hears the stimuli, region 2 the context.
    fn regions(&self, units: usize, ranks: Ranks) -> Result<Description, StudyError> {
        let neuron = leaky(Nonlinearity::Tanh, NoisePlace::Outside)?;
        let region = |name: &str| Population::of(name, units, &neuron).param("sigma", 0.05);
        let inputs = self.exam.task.inputs().len();
        let hears = |group: &str, to: &str| {
            let (from, density) = (group.to_owned(), 1.0);
            let between = vec![Between { from, to: "*".to_owned(), density }];
            let dense = Wiring::Dense { law: Law::Normal { sd: 1.0 } };
            Projection::new("in.u", to, dense.within(Mask::Groups { between, seed: 0 }))
        };
        let joined = |from: &str, to: &str, rank: usize| {
            (rank > 0).then(|| Projection::new(from, to, low_rank(rank)).lag(1))
        };
        let recurrent = [
            joined("r1.r", "r1.I", LOCAL),
            joined("r2.r", "r2.I", LOCAL),
            joined("r1.r", "r2.I", ranks.forward),
            joined("r2.r", "r1.I", ranks.back),
        ];
        let mut projections = vec![hears("stimuli", "r1.I"), hears("context", "r2.I")];
        projections.extend(recurrent.into_iter().flatten());
        let input = Population::input("in", inputs).group("stimuli", 0..2).group("context", 2..4);
        let populations = vec![input, region("r1"), region("r2")];
        Ok(Description::new(self.exam.task.dt(), populations, projections))
    }

    /// The regions after learning the task, with a readout of region 2.
    pub(super) fn teacher(&self, ranks: Ranks) -> Result<Net, StudyError> {
        let Settings { units, learnt_trials, teacher_epochs, teacher_loss, .. } = self.settings;
        let mut description = self.regions(units, ranks)?;
        // z = wᵀ r / N with w of sd 4: with Adam, a step of w is a step of w / N at rate 1/N
        let n = units as f64;
        let readout = Wiring::Dense { law: Law::Normal { sd: 4.0 / n } };
        description.populations.push(Population::of("out", 1, &linear()?));
        description.projections.push(Projection::new("r2.r", "out.I", readout));
        let mut phase = phase("simulation", &[OUTPUT], teacher_epochs, learnt_trials * 4 / 5);
        phase.stop.loss = Some(teacher_loss);
        phase.rates = vec![OwnRate { parameters: "r2->out.W".to_owned(), rate: 1.0 / n }];
        let trials = self.exam.task.generate(self.context.seed, LEARNT, learnt_trials)?;
        let source = DataSet::split(&trials, &fifth(learnt_trials), self.context.seed)?;
        self.train(Net::draw(description, self.context.seed)?, phase, source)
    }

    /// Noisy rates of a random part of the units of either region.
    pub(super) fn recorded(&self, teacher: &Net) -> Result<Recording, StudyError> {
        let Settings { units, recorded, trials, .. } = self.settings;
        let mut rng = random::stream(self.context.seed, "recorded");
        let mut draw = || {
            let key = Law::Uniform { limit: 1.0 }.sample(units, 1, &mut rng);
            let mut order: Vec<usize> = (0..units).collect();
            order.sort_by(|&a, &b| key[a].total_cmp(&key[b]));
            order.truncate(recorded);
            order.sort_unstable();
            order
        };
        let chosen = [draw(), draw()];
        let mut trials = self.exam.task.generate(self.context.seed, RECORDED, trials)?;
        let seen = |on: bool| -> Result<Vec<Array3<f32>>, StudyError> {
            let rates = self.run(teacher, &trials, on, &RATES)?;
            Ok(rates.iter().zip(&chosen).map(|(r, units)| r.select(Axis(2), units)).collect())
        };
        let (noisy, quiet) = (seen(true)?, seen(false)?);
        let of = RATES.into_iter().zip(noisy);
        trials.targets = of.map(|(signal, rates)| Target::everywhere(signal, rates)).collect();
        let split = fifth(trials.len());
        let held_out = trials.select(&split.held_out)?;
        let quiet: Vec<_> = quiet.iter().map(|r| r.select(Axis(1), &split.held_out)).collect();
        Ok(Recording { ceiling: r2(&held_out, &quiet), trials, split, units: chosen })
    }

    /// A network with as many units as were recorded, fitted to them with its noise on. A fifth of the
    /// training trials says which epoch is best; the held-out trials play no part.
    pub(super) fn fit(&self, recording: &Recording, ranks: Ranks) -> Result<Net, StudyError> {
        let Settings { recorded, epochs, .. } = self.settings;
        let name = format!("ranks {} and {}", ranks.forward, ranks.back);
        let training = recording.trials.select(&recording.split.train)?;
        let split = fifth(training.len());
        let phase = phase(&name, &RATES, epochs, split.train.len());
        let source = DataSet::split(&training, &split, self.context.seed)?;
        // other draws than the simulation's
        let net = Net::draw(self.regions(recorded, ranks)?, self.context.seed + (1 << 32))?;
        self.train(net, phase, source.judged_by_loss())
    }

    /// Keeps the best epoch.
    fn train(&self, net: Net, phase: Phase, source: DataSet) -> Result<Net, StudyError> {
        let source = Arc::new(source);
        let trained = self.context.train(&net.network, net.weights.clone(), phase, source, true)?;
        Ok(net.with(trained.best))
    }

    /// R² of both regions on the held-out trials, the network's noise off.
    pub(super) fn r2(&self, net: &Net, recording: &Recording) -> Result<f64, StudyError> {
        let held_out = recording.trials.select(&recording.split.held_out)?;
        Ok(r2(&held_out, &self.run(net, &held_out, false, &RATES)?))
    }

    /// The network with the feedback from region 2 replaced by its mean over test trials and the steps of
    /// the stimuli.
    pub(super) fn frozen(&self, net: &Net) -> Result<Net, StudyError> {
        let mut description = net.network.description().clone();
        description.projections.retain(|projection| projection.name() != BACK);
        let bias = ("I".to_owned(), Law::Constant { value: 0.0 });
        for population in description.populations.iter_mut().filter(|p| p.name == "r1") {
            population.bias.extend([bias.clone()]);
        }
        let mut frozen = Net::draw(description, self.context.seed)?;
        let network = frozen.network.clone();
        for entry in network.layout().entries() {
            if net.network.layout().get(&entry.name).is_some() {
                frozen.set(&entry.name, net.array(&entry.name)?.iter().copied())?;
            }
        }
        let rates = self.run(net, &self.exam.trials, false, &RATES[1..])?;
        let mean = mean_current(&self.exam, &sent(net, BACK, rates[0].view())?)?;
        frozen.set("r1.I.bias", mean.into_iter().map(|c| c as f32))?;
        Ok(frozen)
    }

    /// Signals of a network in trials.
    pub(super) fn run(
        &self,
        net: &Net,
        trials: &Trials,
        on: bool,
        signals: &[&str],
    ) -> Result<Vec<Array3<f32>>, StudyError> {
        let noise = NoiseSource { seed: self.context.seed, epoch: 1 << 40, on };
        let intact = Interventions::default();
        self.context.run(&net.network, &net.weights, trials, noise, &intact, signals)
    }
}

/// Adam, clipped at 1, validated once per epoch.
fn phase(name: &str, signals: &[&str], epochs: usize, trials: usize) -> Phase {
    let per_epoch = (trials / BATCH).max(1);
    let term = |signal: &&str| Term::Mse(Mse { signal: (*signal).to_owned(), ..Mse::default() });
    Phase {
        name: Some(name.to_owned()),
        objective: Objective { terms: signals.iter().map(term).collect() },
        learner: Learner { rate: RATE, batch: BATCH, ..Learner::default() },
        stop: Stop { updates: (epochs * per_epoch) as u64, ..Stop::default() },
        validate: Validate { every: per_epoch as u64, trials },
        ..Phase::default()
    }
}

/// The last fifth held out.
fn fifth(trials: usize) -> Split {
    let train = trials * 4 / 5;
    Split { train: (0..train).collect(), held_out: (train..trials).collect() }
}

/// R² of both regions together.
fn r2(trials: &Trials, rates: &[Array3<f32>]) -> f64 {
    let both = |parts: Vec<&Array3<f32>>| {
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        concatenate(Axis(2), &views).ok()
    };
    let targets = RATES.iter().filter_map(|signal| trials.target(signal)).map(|t| &t.values);
    let (Some(wanted), Some(found)) = (both(targets.collect()), both(rates.iter().collect()))
    else {
        return f64::NAN;
    };
    let mut trials = trials.clone();
    trials.targets = vec![Target::everywhere("both", wanted)];
    r_squared(&trials, "both", found.view()).unwrap_or(f64::NAN)
}
