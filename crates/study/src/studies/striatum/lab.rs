//! The networks of the study, their tasks, and what they do in them.

use std::sync::Arc;

use attractor::data::OUTPUT;
use attractor::learn::objective::{ActivityPenalty, Mse, Term};
use attractor::learn::source::r_squared;
use attractor::learn::{Learner, Objective, Phase, Stop, Validate};
use attractor::network::library::{NoisePlace, Nonlinearity, leaky, linear};
use attractor::network::{Description, Hold, Mask, Population, Projection, Sign, Wiring};
use attractor::numerics::law::Law;
use attractor::task::{Task, create};
use ndarray::Array3;
use toml::toml;

use super::Settings;
use crate::context::Context;
use crate::error::StudyError;
use crate::exam::Exam;
use crate::net::Net;

/// Probability of a synapse (proposed; among spiny projection neurons it is 10 to 20 %).
const DENSITY: f64 = 0.5;

/// What is wired.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Half of all pairs, each inhibiting.
    Inhibitory,
    /// All pairs, any sign.
    Signed,
}

impl Kind {
    pub(super) const ALL: [Kind; 2] = [Kind::Inhibitory, Kind::Signed];

    pub(super) fn said(self) -> &'static str {
        match self {
            Kind::Inhibitory => "inhibition",
            Kind::Signed => "free weights",
        }
    }

    /// What its values are told apart by.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Kind::Inhibitory => "",
            Kind::Signed => "_signed",
        }
    }

    /// `|w| = 0.8 |N(0, 1)| / √(N/2)` on the mask, or `N(0, 1/N)` everywhere.
    fn wiring(self, units: usize, seed: u64) -> Wiring {
        let sd = 0.8 / (DENSITY * units as f64).sqrt();
        match self {
            Kind::Signed => Wiring::Dense { law: Law::Gaussian { gain: 1.0 } },
            Kind::Inhibitory => Wiring::Constrained {
                wiring: Box::new(Wiring::Dense { law: Law::Normal { sd } }),
                masks: vec![Mask::Random { density: DENSITY, seed }, Mask::NoSelf],
                sign: Some(Sign::Inhibitory),
                hold: Hold::Magnitude,
            },
        }
    }
}

/// What is learnt.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Assignment {
    Memory,
    Decision,
    Timing,
}

impl Assignment {
    pub(super) const ALL: [Assignment; 3] =
        [Assignment::Memory, Assignment::Decision, Assignment::Timing];

    pub(super) fn name(self) -> &'static str {
        match self {
            Assignment::Memory => "mem",
            Assignment::Decision => "dec",
            Assignment::Timing => "time",
        }
    }

    pub(super) fn said(self) -> &'static str {
        match self {
            Assignment::Memory => "remembering",
            Assignment::Decision => "deciding",
            Assignment::Timing => "timing",
        }
    }

    /// The task as it is learnt; steps of 20 ms. Proposed: a cue in steps 5 to 14, a delay of 20 to 49,
    /// a go cue of 5, for which the output waits, 10 to answer; evidence 0.5 ± c/2 with noise of sd 0.3
    /// for 40 steps, 10 to answer; pulses of sd 6 steps, 35 or 70 steps after step 10.
    pub(super) fn task(self) -> Result<Arc<dyn Task>, StudyError> {
        let (task, options) = match self {
            Assignment::Memory => (
                "delayed-response",
                toml! { fixation = 100.0
                cue = 200.0
                delay = [400.0, 980.0]
                go = 100.0
                report = 200.0
                withhold = true
                noise = 0.0 },
            ),
            Assignment::Decision => (
                "perceptual-decision",
                toml! { fixation = 100.0
                stimulus = 800.0
                delay = 0.0
                decision = 200.0
                opponent = true
                pedestal = 0.5
                gain = 0.01
                coherences = [-40.0, -20.0, -10.0, 10.0, 20.0, 40.0]
                noise = 0.3 },
            ),
            Assignment::Timing => (
                "timed-pulse",
                toml! { fixation = 100.0
                cue = 100.0
                intervals = [700.0, 1400.0]
                width = 120.0
                after = 400.0
                noise = 0.0 },
            ),
        };
        Ok(Arc::from(create(task, &options)?))
    }

    /// The task with its longest delay in every trial, so that all trials are of one length.
    fn of_one_length(self) -> Result<Arc<dyn Task>, StudyError> {
        let task = self.task()?;
        if self != Assignment::Memory {
            return Ok(task);
        }
        let mut options = task.options();
        options.insert("delay".to_owned(), 980.0.into());
        Ok(Arc::from(create(task.name(), &options)?))
    }

    /// Trials per update (proposed).
    fn batch(self) -> usize {
        if self == Assignment::Timing { 16 } else { 64 }
    }
}

/// A seed, and sizes.
pub(super) struct Lab<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) settings: Settings,
}

impl Lab<'_> {
    /// `x ← x + 0.2 (−x + W r + |B| u + b) + 0.05 ξ`, `r = max(x, 0)`, `z = C r`: τ = 100 ms.
    pub(super) fn net(&self, task: &dyn Task, kind: Kind) -> Result<Net, StudyError> {
        let (units, seed) = (self.settings.units, self.context.seed);
        let neuron = leaky(Nonlinearity::Relu, NoisePlace::Outside)?;
        let mut rec = Population::of("rec", units, &neuron).param("sigma", 0.05);
        rec.bias.insert("I".to_owned(), Law::Constant { value: 0.5 });
        let populations = vec![
            Population::input("in", task.inputs().len()),
            rec,
            Population::of("out", 1, &linear()?),
        ];
        let excite = Wiring::Dense { law: Law::Normal { sd: 0.5 } };
        let read = Wiring::Dense { law: Law::Gaussian { gain: 0.5 } };
        let projections = vec![
            Projection::new("in.u", "rec.I", excite.signed(Sign::Excitatory, Hold::Magnitude)),
            Projection::new("rec.r", "rec.I", kind.wiring(units, seed)).lag(1),
            Projection::new("rec.r", "out.I", read),
        ];
        Net::draw(Description::new(task.dt(), populations, projections), seed)
    }

    /// Adam at 3·10⁻³, clipped at 1, with a small cost of rates (proposed).
    pub(super) fn train(
        &self,
        net: &Net,
        task: &Arc<dyn Task>,
        assignment: Assignment,
    ) -> Result<Net, StudyError> {
        let signal = "rec.r".to_owned();
        let phase = Phase {
            name: Some(assignment.said().to_owned()),
            objective: Objective {
                terms: vec![
                    Term::Mse(Mse::default()),
                    Term::L2(ActivityPenalty { signal, weight: 1e-5 }),
                ],
            },
            learner: Learner { rate: 3e-3, batch: assignment.batch(), ..Learner::default() },
            stop: Stop { updates: self.settings.updates, ..Stop::default() },
            validate: Validate { every: 0, ..Validate::default() },
            ..Phase::default()
        };
        Ok(net.with(self.exam(task.clone())?.train(net, phase)?.last))
    }

    /// Fraction correct on fresh trials, of timed pulses R²; with recurrent weights or without.
    pub(super) fn judge(
        &self,
        net: &Net,
        task: &Arc<dyn Task>,
        cut: bool,
    ) -> Result<f64, StudyError> {
        let exam = self.exam(task.clone())?;
        let outputs = exam.run(net, if cut { &["rec->rec"] } else { &[] }, OUTPUT)?;
        if task.name() == "timed-pulse" {
            return Ok(r_squared(&exam.trials, OUTPUT, outputs.view()).unwrap_or(f64::NAN));
        }
        Ok(task.score(&exam.trials, outputs.view())?.fraction)
    }

    /// Rates in fresh trials of one length, with the network's noise.
    pub(super) fn rates(
        &self,
        net: &Net,
        assignment: Assignment,
    ) -> Result<(Exam<'_>, Array3<f64>), StudyError> {
        let exam = self.exam(assignment.of_one_length()?)?;
        let rates = exam.run(net, &[], "rec.r")?;
        Ok((exam, rates.mapv(f64::from)))
    }

    fn exam(&self, task: Arc<dyn Task>) -> Result<Exam<'_>, StudyError> {
        Exam::of(self.context, task, self.settings.test_trials)
    }
}
