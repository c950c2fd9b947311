//! The networks of the study, their trials, and what they answer.

use std::sync::Arc;

use attractor::data::{OUTPUT, Trials};
use attractor::equations::Neuron;
use attractor::learn::{Learner, Phase, Stop, Validate};
use attractor::network::library::linear;
use attractor::network::{
    Action, Description, Hold, Intervention, Interventions, Mask, Population, Projection, Sign,
    Start, Wiring,
};
use attractor::numerics::law::Law;
use attractor::task::{Task, create};
use ndarray::{Array3, Axis};

use super::Settings;
use crate::context::Context;
use crate::error::StudyError;
use crate::exam::{Exam, tested};
use crate::net::Net;

/// Fraction of units that inhibit, probability of a synapse, gain (rate/model.py).
const INHIBITORY: f64 = 0.2;
const DENSITY: f64 = 0.2;
const GAIN: f64 = 1.5;
/// Shortest and longest time constant, ms: 4 and 20 steps (rate/main.py).
pub(super) const TAU: [f64; 2] = [20.0, 100.0];
/// Step, ms.
const DT: f64 = 5.0;

/// Answers to trials of which half have the first stimulus.
pub(super) struct Answers {
    pub(super) trials: Trials,
    pub(super) outputs: Array3<f32>,
    /// Whether the stimulus was the first.
    pub(super) first: Vec<bool>,
    /// Whether the answer was.
    pub(super) chosen: Vec<bool>,
}

impl Answers {
    /// How often the first stimulus was chosen in trials of one stimulus.
    pub(super) fn chose_first(&self, first: bool) -> f64 {
        share(self.trials_of(first).into_iter().map(|trial| self.chosen[trial]))
    }

    /// The trials of one stimulus.
    pub(super) fn trials_of(&self, first: bool) -> Vec<usize> {
        (0..self.first.len()).filter(|&trial| self.first[trial] == first).collect()
    }
}

/// Fraction of what is true.
pub(super) fn share(of: impl Iterator<Item = bool>) -> f64 {
    let (all, right) = of.fold((0, 0), |(all, right), x| (all + 1, right + usize::from(x)));
    right as f64 / f64::from(all)
}

/// A seed, and sizes.
pub(super) struct Lab<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) settings: Settings,
}

impl Lab<'_> {
    /// Units that excite; the others inhibit.
    pub(super) fn excitatory(&self) -> usize {
        let units = self.settings.units;
        units - (INHIBITORY * units as f64).round() as usize
    }

    /// Two channels with noise of sd 1 a step; a stimulus adds `strength` to one of them, to the first
    /// so many times for so many times to the second.
    fn task(
        &self,
        strength: f64,
        [first, second]: [usize; 2],
    ) -> Result<Arc<dyn Task>, StudyError> {
        let Settings { fixation, stimulus, delay, decision, .. } = self.settings;
        let ms = |steps: usize| toml::Value::from(steps as f64 * DT);
        let coherences = [vec![1.0; first], vec![-1.0; second]].concat();
        let options = toml::Table::from_iter([
            ("dt".to_owned(), DT.into()),
            ("fixation".to_owned(), ms(fixation)),
            ("stimulus".to_owned(), ms(stimulus)),
            ("delay".to_owned(), ms(delay)),
            ("decision".to_owned(), ms(decision)),
            ("coherences".to_owned(), coherences.into()),
            ("opponent".to_owned(), true.into()),
            ("pedestal".to_owned(), (strength / 2.0).into()),
            ("gain".to_owned(), strength.into()),
            // sd 1 per step of 5 ms
            ("noise".to_owned(), (DT / 20.0).sqrt().into()),
            ("quiet".to_owned(), self.settings.quiet.into()),
        ]);
        Ok(Arc::from(create("perceptual-decision", &options)?))
    }

    /// `x ← (1 − dt/τ) x + dt/τ (W r + W_in u) + σ ξ`, `r = 1 / (1 + e⁻ˣ)`, `o = w r + b`; each τ is learnt,
    /// `τ = τ_min + (τ_max − τ_min) / (1 + e^−θ)`.
    pub(super) fn net(&self) -> Result<Net, StudyError> {
        let Settings { units, sigma, .. } = self.settings;
        let seed = self.context.seed;
        let neuron = Neuron::define("sigmoid-learned-tau", |n| {
            n.doc("sigmoid unit whose time constant is learnt within a range");
            n.source("Kim, Li & Sejnowski 2019, doi:10.1073/pnas.1905926116");
            let (x, i, theta) = (n.state("x"), n.drive("I"), n.param("theta", 0.0));
            let tau = theta.sigmoid() * (TAU[1] - TAU[0]) + TAU[0];
            n.flow(x, (i - x) / tau + n.param("sigma", sigma) * n.noise("xi") / n.dt());
            n.emit("r", n.after(x).sigmoid());
        })?;
        let rec = Population::of("rec", units, &neuron)
            .per_unit("theta", Law::Normal { sd: 1.0 })
            .trained("theta")
            .start("x", Start::Random { sd: 0.01 })
            .group("E", 0..self.excitatory())
            .group("I", self.excitatory()..units);
        let mut out = Population::of("out", 1, &linear()?);
        out.bias.insert("I".to_owned(), Law::Constant { value: 0.0 });
        let normal = |sd: f64| Wiring::Dense { law: Law::Normal { sd } };
        let recurrent = Wiring::Constrained {
            wiring: Box::new(normal(GAIN / (DENSITY * units as f64).sqrt())),
            masks: vec![Mask::Random { density: DENSITY, seed }],
            sign: Some(Sign::Groups {
                excitatory: vec!["E".to_owned()],
                inhibitory: vec!["I".to_owned()],
            }),
            hold: Hold::Rectify,
        };
        let projections = vec![
            Projection::new("in.u", "rec.I", normal(1.0)).fixed(),
            Projection::new("rec.r", "rec.I", recurrent).lag(1),
            Projection::new("rec.r", "out.I", normal(0.01)),
        ];
        let populations = vec![Population::input("in", 2), rec, out];
        Net::draw(Description::new(DT, populations, projections), seed)
    }

    /// Adam at 5·10⁻³ on batches of 64 (proposed).
    pub(super) fn train(&self, net: &Net, odds: [usize; 2]) -> Result<Net, StudyError> {
        let Settings { strength, updates, .. } = self.settings;
        let phase = Phase {
            name: Some(format!("odds {} : {}", odds[0], odds[1])),
            learner: Learner { rate: 5e-3, clip: 0.0, ..Learner::default() },
            stop: Stop { updates, ..Stop::default() },
            validate: Validate { every: 0, ..Validate::default() },
            ..Phase::default()
        };
        Ok(net.with(self.exam(strength, odds)?.train(net, phase)?.last))
    }

    /// The time constants, ms.
    pub(super) fn time_constants(net: &Net) -> Result<Vec<f64>, StudyError> {
        let of = |theta: f64| TAU[0] + (TAU[1] - TAU[0]) / (1.0 + (-theta).exp());
        Ok(net.double("rec.theta")?.into_iter().map(of).collect())
    }

    /// Answers to balanced trials, some units silenced.
    pub(super) fn test(
        &self,
        net: &Net,
        strength: f64,
        silenced: &[usize],
    ) -> Result<Answers, StudyError> {
        let Exam { task, trials, .. } = self.exam(strength, [1, 1])?;
        let outputs = self.run(net, &trials, silenced, OUTPUT)?;
        let correct = task.score(&trials, outputs.view())?.correct;
        let first: Vec<bool> = trials.targets[0]
            .values
            .index_axis(Axis(0), trials.steps() - 1)
            .iter()
            .map(|wanted| *wanted > 0.0)
            .collect();
        let chosen = first.iter().zip(correct).map(|(first, right)| *first == right).collect();
        Ok(Answers { trials, outputs, first, chosen })
    }

    /// A signal in trials, some units silenced.
    pub(super) fn run(
        &self,
        net: &Net,
        trials: &Trials,
        silenced: &[usize],
        signal: &str,
    ) -> Result<Array3<f32>, StudyError> {
        let mut description = net.network.description().clone();
        let mut list = Vec::new();
        if !silenced.is_empty() {
            description.populations[1].groups.insert("silenced".to_owned(), silenced.to_vec());
            let (target, action) = ("rec.r[silenced]".to_owned(), Action::Set(0.0));
            list.push(Intervention { target, from: 0.0, until: None, action });
        }
        let net = net.described(description)?;
        let done = Interventions::new(&net.network, &list)?;
        tested(self.context, &net, trials, &done, signal)
    }

    fn exam(&self, strength: f64, odds: [usize; 2]) -> Result<Exam<'_>, StudyError> {
        Exam::of(self.context, self.task(strength, odds)?, self.settings.test_trials)
    }
}
