//! Networks of modules: trained on the task, cut at test, and looked at by principal components.

use attractor::analysis::{condition_averages, pca};
use attractor::data::Column;
use attractor::learn::{Learner, Phase, Stop, Validate};
use attractor::network::library::{NoisePlace, Nonlinearity, leaky, linear};
use attractor::network::{Description, Population, Projection, Wiring};
use attractor::numerics::law::Law;

use super::Settings;
use crate::context::Context;
use crate::error::StudyError;
use crate::exam::Exam;
use crate::net::Net;

/// Gain of the recurrent weights over all units, `W ~ 0.9 N(0, 1/N)`.
const GAIN: f64 = 0.9;
/// Noise of the state per step, in `√(dt/τ)`.
const NOISE: f64 = 0.05;
/// Principal components of which the variance is kept.
const COMPONENTS: usize = 6;
/// What brings stimuli to the cognitive module.
pub(super) const SENSES: &str = "S->P";
/// What brings the cue to it.
pub(super) const CUE: &str = "cue->P";

/// Modules with their time constants in ms, who reaches whom, who hears and who answers.
pub(super) struct Plan {
    pub(super) modules: Vec<(&'static str, f64)>,
    links: &'static [(&'static str, &'static str)],
    hears: &'static str,
    cued: &'static str,
    answers: &'static str,
}

impl Plan {
    /// Senses S, a cognitive module P and a motor module M: S and M have one time constant.
    pub(super) fn modular(tau: f64, tau_p: f64) -> Plan {
        Plan {
            modules: vec![("S", tau), ("P", tau_p), ("M", tau)],
            links: &[
                ("S", "S"),
                ("P", "P"),
                ("M", "M"),
                ("S", "M"),
                ("S", "P"),
                ("P", "S"),
                ("P", "M"),
            ],
            hears: "S",
            cued: "P",
            answers: "M",
        }
    }

    /// One module that does everything.
    pub(super) fn plain(tau: f64) -> Plan {
        Plan {
            modules: vec![("R", tau)],
            links: &[("R", "R")],
            hears: "R",
            cued: "R",
            answers: "R",
        }
    }
}

/// The task, the test, and what networks are like.
pub(super) struct Lab<'a> {
    seed: u64,
    settings: Settings,
    exam: Exam<'a>,
}

impl<'a> Lab<'a> {
    /// 60 steps of 20 ms: the cue alone for 10, both stimuli with it for 35, 7 of delay, 8 to answer.
    pub(super) fn new(context: &'a Context<'a>, settings: Settings) -> Result<Self, StudyError> {
        let options = toml::toml! {
            fixation = 0.0
            cue = 200.0
            stimulus = 700.0
            delay = 140.0
            decision = 160.0
            coherences = [-0.4, -0.2, -0.1, 0.1, 0.2, 0.4]
            gain = 1.0
            context = 0.5
            stays = true
            noise = 0.4
            quiet = true
        };
        let exam = Exam::new(context, "context-decision", &options, settings.test_trials)?;
        Ok(Lab { seed: context.seed, settings, exam })
    }

    /// `x ← x + dt/τ (−x + W tanh x + B u) + 0.05 √(dt/τ) ξ`, `z = C tanh x_answers`.
    fn net(&self, plan: &Plan) -> Result<Net, StudyError> {
        let neuron = leaky(Nonlinearity::Tanh, NoisePlace::Outside)?;
        let each = self.settings.units / plan.modules.len();
        let dt = self.exam.task.dt();
        let mut populations = vec![Population::input("stimuli", 2), Population::input("cue", 2)];
        populations.extend(plan.modules.iter().map(|&(name, tau)| {
            let sigma = NOISE * (dt / tau).sqrt();
            Population::of(name, each, &neuron).param("tau", tau).param("sigma", sigma)
        }));
        populations.push(Population::of("out", 1, &linear()?));
        let wired = |from: String, to: String, sd: f64| {
            Projection::new(&from, &to, Wiring::Dense { law: Law::Normal { sd } })
        };
        let drive = |module: &str| format!("{module}.I");
        let mut projections = vec![
            wired("stimuli.u".to_owned(), drive(plan.hears), 1.0),
            wired("cue.u".to_owned(), drive(plan.cued), 1.0),
        ];
        let recurrent = GAIN / (self.settings.units as f64).sqrt();
        projections.extend(
            plan.links
                .iter()
                .map(|(from, to)| wired(format!("{from}.r"), drive(to), recurrent).lag(1)),
        );
        projections.push(wired(format!("{}.r", plan.answers), drive("out"), 1.0 / each as f64));
        Net::draw(Description::new(dt, populations, projections), self.seed)
    }

    /// Trained on the task, all weights.
    pub(super) fn train(&self, plan: &Plan, name: &str) -> Result<Net, StudyError> {
        let net = self.net(plan)?;
        Ok(net.with(self.exam.train(&net, self.phase(name))?.last))
    }

    /// What the readout can still learn once the cognitive module is cut off from the stimuli.
    pub(super) fn read_again(&self, net: &Net, name: &str) -> Result<Net, StudyError> {
        let mut cut = net.clone();
        cut.set(&format!("{SENSES}.W"), std::iter::repeat(0.0))?;
        let train = Some(vec!["M->out.*".to_owned()]);
        let phase = Phase { train, ..self.phase(name) };
        Ok(cut.with(self.exam.train(&cut, phase)?.last))
    }

    fn phase(&self, name: &str) -> Phase {
        let Settings { updates, batch, rate, .. } = self.settings;
        Phase {
            name: Some(name.to_owned()),
            learner: Learner { rate, batch, ..Learner::default() },
            stop: Stop { updates, ..Stop::default() },
            validate: Validate { every: 0, ..Validate::default() },
            ..Phase::default()
        }
    }

    /// Fraction correct with some projections cut.
    pub(super) fn accuracy(&self, net: &Net, cut: &[&str]) -> Result<f64, StudyError> {
        self.exam.accuracy(net, cut)
    }

    /// Cumulative fraction of the variance of a module's condition averages by principal components.
    pub(super) fn explained(&self, net: &Net, module: &str) -> Result<Vec<f64>, StudyError> {
        let rates = self.exam.run(net, &[], &format!("{module}.r"))?.mapv(f64::from);
        let conditions = &self.exam.trials.conditions;
        let label = |trial| {
            let values = conditions.columns().filter_map(|(_, column)| column.value(trial));
            values.map(|value| format!("{value} ")).collect()
        };
        let labels: Vec<String> = (0..self.exam.trials.len()).map(label).collect();
        let (_, averages) = condition_averages(rates.view(), &Column::Labels(labels))?;
        let shares = pca(averages.view())?.explained().into_iter().take(COMPONENTS);
        Ok(shares
            .scan(0.0, |sum, share| {
                *sum += share;
                Some(*sum)
            })
            .collect())
    }
}
