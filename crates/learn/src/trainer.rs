//! The training loop, one update at a time.

use attractor_network::{NoiseSource, RunError};
use attractor_numerics::{Real, random};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

mod checkpoint;
pub(crate) mod exact;
mod guard;
mod progress;
mod validate;

pub use checkpoint::{Best, Checkpoint, Counters};
pub use guard::Guard;
pub use progress::{Finish, Progress, Silent, Validation};

use crate::error::{PhaseError, StateError, TrainError};
use crate::model::{Model, Signal};
use crate::objective::Resolved;
use crate::optimiser::{Plan, Updater, clip, norm};
use crate::phase::{Learner, Phase};
use crate::rule::Routes;
use crate::source::{Source, VALIDATION};

/// A phase and where its trials come from.
#[derive(Clone)]
pub struct Stage {
    /// What is done.
    pub phase: Phase,
    /// On which trials.
    pub source: Arc<dyn Source>,
}

/// What holds for all phases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Seed of the network's noise.
    pub seed: u64,
    /// Whether the network's noise is on.
    pub noise: bool,
    /// Signals whose units are reported when they stay at 0, such as `rec.r`.
    pub watch: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options { seed: 0, noise: true, watch: Vec::new() }
    }
}

/// Training as a value: parameters, the state of the current phase, and nothing hidden.
///
/// [`advance`](Trainer::advance) does one update: a batch of its own number, loss and gradient,
/// clipping, the optimiser, and every so often validation on trials of their own. Trials and noise are
/// pure functions of seeds and numbers, so a trainer resumed from a [`Checkpoint`] computes the same
/// bits as one that was never interrupted.
///
/// Divergence ends training with [`TrainError::Diverged`]: a loss or gradient that is not finite
/// (before it reaches the parameters), a validation that is not finite, or a loss that
/// [exploded](Guard). The parameters of the last finite validation are kept
/// ([`good`](Trainer::good)).
///
/// ```
/// use std::sync::Arc;
/// use attractor_data::{Target, Trials};
/// use attractor_learn::{DataSet, Options, Phase, Stage, Trainer};
/// use attractor_network::{Engine, EngineOptions, Network};
/// use ndarray::Array3;
///
/// let network = Network::new(toml::from_str(r#"
///     dt = 10.0
///     populations = [
///         { name = "in", units = 1 },
///         { name = "rec", units = 8, neuron = { name = "leaky", drives = ["I"], parameters = { tau = 50.0 },
///             equations = ["dx/dt = (I - x)/tau", "r = tanh(after(x))"] } },
///         { name = "out", units = 1, neuron = { name = "linear", drives = ["I"], equations = ["x[t+1] = I", "y = after(x)"] } },
///     ]
///     projections = [
///         { from = "in.u", to = "rec.I", wiring = { kind = "dense", law = { kind = "normal", sd = 1.0 } } },
///         { from = "rec.r", to = "rec.I", lag = 1, wiring = { kind = "dense", law = { kind = "gaussian", gain = 1.0 } } },
///         { from = "rec.r", to = "out.I", wiring = { kind = "dense", law = { kind = "gaussian", gain = 1.0 } } },
///     ]
/// "#)?)?;
/// let start: Vec<f32> = network.initial_parameters(1).iter().map(|&p| p as f32).collect();
/// let engine = Engine::new(Arc::new(network), EngineOptions::default())?;
///
/// let mut trials = Trials::new(10.0, Array3::ones((20, 4, 1)))?;
/// trials.targets.push(Target::everywhere("out.y", Array3::from_elem((20, 4, 1), 0.5)));
/// let phase: Phase = toml::from_str("learner = { rate = 0.02 }\nstop = { updates = 100 }")?;
/// let stage = Stage { phase, source: Arc::new(DataSet::new(trials, 1)) };
///
/// let mut trainer = Trainer::new(engine, start, vec![stage], Options::default())?;
/// let first = trainer.advance()?.map(|progress| progress.loss);
/// while let Some(progress) = trainer.advance()? {
///     if let Some(validation) = progress.validation {
///         assert!(Some(validation.loss) < first);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer {
    model: Box<dyn Model<f32> + Send>,
    stages: Vec<Stage>,
    options: Options,
    watch: Vec<Signal>,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    good: Vec<f32>,
    best: Vec<f32>,
    counters: Counters,
    /// Places of pruned parameters, in order: they stay at 0.
    pruned: Vec<usize>,
    current: Option<Current>,
}

/// What is built anew for each phase.
struct Current {
    objective: Resolved,
    routes: Routes<f32>,
    plan: Plan,
    updater: Box<dyn Updater<f32>>,
    scored: Option<Signal>,
}

impl Trainer {
    /// Ready for the first update.
    ///
    /// # Errors
    /// No phases; all problems of the first phase that has any; a parameter vector of another length
    /// than the network's; an unknown signal to watch.
    pub fn new(
        model: impl Model<f32> + Send + 'static,
        parameters: Vec<f32>,
        stages: Vec<Stage>,
        options: Options,
    ) -> Result<Self, TrainError> {
        let counters = Counters::new(options.seed, f32::NAME);
        Self::start(Box::new(model), parameters, stages, options, counters)
    }

    fn start(
        model: Box<dyn Model<f32> + Send>,
        parameters: Vec<f32>,
        stages: Vec<Stage>,
        options: Options,
        counters: Counters,
    ) -> Result<Self, TrainError> {
        if stages.is_empty() {
            return Err(TrainError::NoPhases);
        }
        let (expected, found) = (model.layout().len(), parameters.len());
        if expected != found {
            return Err(
                StateError::Length { name: "parameters".to_owned(), expected, found }.into()
            );
        }
        for (phase, stage) in stages.iter().enumerate() {
            stage.phase.check(&*model).map_err(|problems| TrainError::Phase { phase, problems })?;
        }
        let watch: Result<_, String> =
            options.watch.iter().map(|name| model.signal(name)).collect();
        let watch = watch.map_err(|problem| TrainError::Watch { problem })?;
        let mut trainer = Trainer {
            model,
            stages,
            options,
            watch,
            gradient: vec![0.0; parameters.len()],
            good: parameters.clone(),
            best: parameters.clone(),
            parameters,
            counters,
            pruned: Vec::new(),
            current: None,
        };
        trainer.enter()?;
        Ok(trainer)
    }

    /// Builds what the current phase needs.
    fn enter(&mut self) -> Result<(), TrainError> {
        let phase = self.counters.phase;
        self.current = None;
        let Some(Stage { phase: data, source }) = self.stages.get(phase) else {
            return Ok(());
        };
        let objective = data.objective.resolve(&*self.model).map_err(|problems| {
            let problems = problems.into_iter().map(PhaseError::from).collect();
            TrainError::Phase { phase, problems }
        })?;
        let routes = data.routes(&*self.model, &objective, self.options.seed);
        let routes =
            routes.map_err(|problem| TrainError::Phase { phase, problems: vec![problem] })?;
        self.current = Some(Current {
            objective,
            routes,
            plan: data.plan(&*self.model),
            updater: data.learner.optimiser.build(self.parameters.len()),
            scored: self.model.signal(source.scored()).ok(),
        });
        Ok(())
    }

    /// One update; none when all phases are done.
    ///
    /// # Errors
    /// Divergence; trials that do not fit the network or the objective.
    pub fn advance(&mut self) -> Result<Option<Progress>, TrainError> {
        let pruned = self.cut();
        let (Some(current), Some(stage)) =
            (&mut self.current, self.stages.get(self.counters.phase))
        else {
            return Ok(None);
        };
        let Learner { rate, schedule, truncate, batch, .. } = &stage.phase.learner;
        let number = self.counters.update;
        let trials = stage.source.batch(number, *batch).map_err(TrainError::Source)?;
        let bound = current.objective.bind(&trials)?;
        let noise = NoiseSource { on: self.options.noise, seed: self.options.seed, epoch: number };
        let credit = current.routes.credit(&self.parameters, self.counters.in_phase, *truncate);
        let loss = match self.model.gradient(
            &self.parameters,
            &trials,
            &bound,
            noise,
            &credit,
            &mut self.gradient,
        ) {
            Err(RunError::NotFinite { .. }) => f64::NAN,
            outcome => outcome?,
        };
        let loss = loss + bound.penalise(&self.parameters, Some(&mut self.gradient));
        self.pruned.iter().for_each(|&place| self.gradient[place] = 0.0);
        let grad_norm = norm(&self.gradient, &current.plan);
        let factor = schedule.factor(
            &self.counters.schedule,
            self.counters.in_phase,
            stage.phase.stop.updates,
        );
        let rate = rate * factor;
        if !loss.is_finite() || !grad_norm.is_finite() {
            let parameter =
                guard::first_not_finite(&self.gradient, &current.plan, self.model.layout());
            return Err(self.diverged(loss, parameter, guard::Cause::NotFinite, rate));
        }
        if self.counters.guard.explodes(loss) {
            return Err(self.diverged(loss, None, guard::Cause::Exploded, rate));
        }
        let scale = clip(grad_norm, stage.phase.learner.limit());
        current.updater.step(&mut self.parameters, &self.gradient, &current.plan, rate, scale);
        self.pruned.iter().for_each(|&place| self.parameters[place] = 0.0);
        self.counters.update += 1;
        self.counters.in_phase += 1;
        self.counters.optimiser = current.updater.steps();
        let mut progress = Progress {
            phase: self.counters.phase,
            update: self.counters.update,
            in_phase: self.counters.in_phase,
            loss,
            terms: bound.values(),
            grad_norm,
            rate,
            pruned,
            validation: None,
            finish: None,
        };

        let every = stage.phase.validate.every;
        let last = self.counters.in_phase >= stage.phase.stop.updates;
        if last || (every > 0 && self.counters.in_phase.is_multiple_of(every)) {
            let validation = self.validate(rate)?;
            progress.finish = self.judge(&validation);
            progress.validation = Some(validation);
        }
        if last {
            progress.finish.get_or_insert(Finish::Updates);
        }
        if progress.finish.is_some() {
            self.counters.next_phase();
            self.enter()?;
        }
        Ok(Some(progress))
    }

    /// Prunes, if it is time, and returns how many parameters are pruned then.
    ///
    /// What was good or best was so with weights that are gone; and a loss may jump.
    fn cut(&mut self) -> Option<usize> {
        let Counters { seed, phase, in_phase, update, .. } = self.counters;
        let prune = self.stages.get(phase)?.phase.prune.as_ref()?;
        let sparsity = prune.due(in_phase)?;
        let mut rng = random::stream(seed, &format!("prune.{phase}.{in_phase}"));
        let cut = prune.cut(self.model.layout(), &mut self.parameters, sparsity, &mut rng);
        self.pruned.extend(cut);
        self.pruned.sort_unstable();
        self.pruned.dedup();
        self.good.copy_from_slice(&self.parameters);
        self.counters.good = update;
        self.counters.best = None;
        self.counters.guard = Guard::default();
        Some(self.pruned.len())
    }

    /// Whether the validation ends the phase.
    fn judge(&mut self, validation: &Validation) -> Option<Finish> {
        let stage = self.stages.get(self.counters.phase)?;
        let stop = &stage.phase.stop;
        stage.phase.learner.schedule.observe(&mut self.counters.schedule, validation.loss);
        let scored = stop.score.zip(validation.score).filter(|(wish, score)| score >= wish);
        let low = stop.loss.filter(|wish| validation.loss <= *wish);
        let wish = scored.map(|_| Finish::Score).or(low.map(|_| Finish::Loss));
        self.counters.met = if wish.is_some() { self.counters.met + 1 } else { 0 };
        wish.filter(|_| self.counters.met >= stop.times)
    }

    fn diverged(
        &self,
        loss: f64,
        parameter: Option<String>,
        cause: guard::Cause,
        rate: f64,
    ) -> TrainError {
        let learner = self.stages.get(self.counters.phase).map(|stage| &stage.phase.learner);
        let clip = learner.and_then(Learner::limit);
        TrainError::Diverged {
            update: self.counters.update + u64::from(cause != guard::Cause::Validation),
            loss,
            parameter,
            good: self.counters.good,
            advice: guard::advice(cause, self.counters.in_phase, rate, clip),
        }
    }

    /// The network.
    pub fn model(&self) -> &dyn Model<f32> {
        &*self.model
    }

    /// The network, to run it; gradients and runs leave no trace in training.
    pub fn model_mut(&mut self) -> &mut dyn Model<f32> {
        &mut *self.model
    }

    /// The parameters as they stand.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// The parameters of the last finite validation, at first those given.
    pub fn good(&self) -> &[f32] {
        &self.good
    }

    /// The parameters of the best validation of the latest phase that had one, by score if there is
    /// one, otherwise by loss; at first those given. [`Counters::best`] says how good.
    pub fn best(&self) -> &[f32] {
        &self.best
    }

    /// Places of pruned parameters, in order.
    pub fn pruned(&self) -> &[usize] {
        &self.pruned
    }

    /// Where training stands.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The phases.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// All phases are done.
    pub fn finished(&self) -> bool {
        self.current.is_none()
    }
}
