//! What can go wrong in learning: every message names the place, the value and the fix.

use attractor_network::RunError;

/// What went wrong in a source of trials: a task or a data set.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// An objective that does not fit the network or the trials.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveError {
    /// Nothing is asked for.
    #[error(
        "the objective has no terms: add one, such as {{ kind = \"mse\", signal = \"out.y\" }}"
    )]
    Empty,
    /// A signal the network does not have.
    #[error("term `{term}`: {problem}")]
    Signal {
        /// The term, such as `mse(out.y)`.
        term: String,
        /// The network's answer.
        problem: String,
    },
    /// A weight that is negative or not finite.
    #[error("term `{term}`: `{field}` is {value}; it must be {expected}")]
    Value {
        /// The term.
        term: String,
        /// The field.
        field: &'static str,
        /// The value found.
        value: f64,
        /// What would do.
        expected: &'static str,
    },
    /// A pattern that no parameter fits.
    #[error("term `{term}`: no parameter fits `{pattern}`{}; there are {}", did_you_mean(.meant), list(.names))]
    NoParameter {
        /// The term.
        term: String,
        /// The pattern.
        pattern: String,
        /// The nearest parameter.
        meant: Option<String>,
        /// The parameters there are.
        names: Vec<String>,
    },
    /// Votes for classes, to a term that knows none.
    #[error(
        "term `{term}`: over = \"softmax\" adds up votes for classes, which only cross-entropy is asked for; \
         use kind = \"cross-entropy\", or over = \"sum\""
    )]
    NoClasses {
        /// The term.
        term: String,
    },
    /// A projection that the term cannot be taken of.
    #[error("term `{term}`: {problem}")]
    Projection {
        /// The term, such as `wiring-length(rec->rec)`.
        term: String,
        /// What is wrong, and what there is instead.
        problem: String,
    },
    /// The trials say nothing about the signal.
    #[error("term `{term}`: the trials have no target for `{signal}`; they have {}", list(.given))]
    NoTarget {
        /// The term.
        term: String,
        /// The signal.
        signal: String,
        /// The signals that have targets.
        given: Vec<String>,
    },
    /// A target of the wrong width.
    #[error("term `{term}`: the target has {target} channels, the signal has {signal}")]
    Channels {
        /// The term.
        term: String,
        /// Channels of the target.
        target: usize,
        /// Units of the signal.
        signal: usize,
    },
    /// A target whose weights are all 0.
    #[error(
        "term `{term}`: nothing is asked: all weights of the target in this batch are 0; \
         mark the steps that count with weight 1"
    )]
    NothingAsked {
        /// The term.
        term: String,
    },
    /// A target that the term cannot be compared with.
    #[error(
        "term `{term}`: the target at step {step}, trial {trial} is {value}; it must be {expected}"
    )]
    Target {
        /// The term.
        term: String,
        /// Time step.
        step: usize,
        /// Trial.
        trial: usize,
        /// The value found.
        value: f32,
        /// What would do.
        expected: &'static str,
    },
}

/// A network or loss that online e-prop does not fit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnlineError {
    /// A readout that is no filter.
    #[error(
        "readout `{population}` {problem}: online e-prop needs a linear readout, static or a leaky integrator; \
         use one, or rule = \"eprop\" over whole trials"
    )]
    Readout {
        /// The population.
        population: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A readout that is read with a delay.
    #[error("projection `{projection}` into a readout has lag {lag}; online e-prop needs lag 0")]
    Late {
        /// The projection.
        projection: String,
        /// Its delay in steps.
        lag: usize,
    },
    /// A trained wiring that is no matrix.
    #[error(
        "projection `{projection}` is not dense; online e-prop needs dense wirings, or `trained = false`"
    )]
    NotDense {
        /// The projection.
        projection: String,
    },
    /// A start that is trained.
    #[error(
        "the start of `{population}.{state}` is trained; online e-prop cannot: give it a constant one"
    )]
    TrainedStart {
        /// The population.
        population: String,
        /// The state.
        state: String,
    },
    /// A neuron whose slopes depend on its noise.
    #[error(
        "the slopes of `{population}` depend on its noise, which online e-prop does not see; switch noise off"
    )]
    Noise {
        /// The population.
        population: String,
    },
    /// A loss that no step knows.
    #[error(
        "the loss is one of whole trials (a mean, sum or maximum over time, or a rate); online e-prop needs one of \
         each step: use over = \"each\", or rule = \"eprop\" over whole trials"
    )]
    WholeTrials,
    /// The equations of a neuron.
    #[error(transparent)]
    Neuron(#[from] attractor_equations::NeuronError),
    /// The network could not run.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A phase that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PhaseError {
    /// A number outside what it can be.
    #[error("`{field}` is {value}; it must be {expected}")]
    Value {
        /// The field, such as `learner.rate`.
        field: String,
        /// The value found.
        value: f64,
        /// What would do.
        expected: &'static str,
    },
    /// A pattern that no parameter fits.
    #[error("`{field}`: no parameter fits `{pattern}`{}; there are {}", did_you_mean(.meant), list(.names))]
    NoParameter {
        /// The field, such as `train`.
        field: String,
        /// The pattern.
        pattern: String,
        /// The nearest parameter.
        meant: Option<String>,
        /// The parameters there are.
        names: Vec<String>,
    },
    /// A pattern that only fixed parameters fit.
    #[error(
        "`{field}`: what fits `{pattern}` is fixed in the network: {}; set `trained = true` there",
        list(.names)
    )]
    Fixed {
        /// The field, such as `train`.
        field: String,
        /// The pattern.
        pattern: String,
        /// The parameters that fit it.
        names: Vec<String>,
    },
    /// Nothing would change.
    #[error("nothing is trained: every parameter is fixed or has rate 0; name some in `train`")]
    NothingTrained,
    /// A wish that needs validation.
    #[error(
        "`stop.{field}` is checked at validation, but `validate.every` is 0; set it to 50, say"
    )]
    NoValidation {
        /// `loss` or `score`.
        field: &'static str,
    },
    /// The plateau schedule needs validation.
    #[error(
        "schedule `plateau` follows the validation loss, but `validate.every` is 0; set it to 50, say"
    )]
    NoPlateau,
    /// A score is to end the phase, but there is none.
    #[error("`stop.score` is given, but these trials have no score; stop by `loss` or `updates`")]
    NoScore,
    /// E-prop has nothing to teach some units.
    #[error(
        "`learner.rule`: e-prop sends no learning signal to the targets of `{projection}`: no readout reads them; \
         read them out, or use rule = \"bptt\""
    )]
    NoSignal {
        /// The trained projection into them.
        projection: String,
    },
    /// Adaptive feedback of a readout without a matrix.
    #[error(
        "`learner.feedback`: adaptive feedback follows a dense readout, `{projection}` is none; \
         use feedback = \"random\" or \"symmetric\""
    )]
    NotDense {
        /// The projection.
        projection: String,
    },
    /// A parameter that cannot be pruned, because it cannot be 0.
    #[error(
        "`prune.parameters`: `{pattern}` fits `{name}`, which must lie between {low} and {high} and cannot be 0"
    )]
    NotZero {
        /// The pattern.
        pattern: String,
        /// The parameter.
        name: String,
        /// Its smallest value.
        low: f64,
        /// Its largest value.
        high: f64,
    },
    /// A feedback that the rule does not have.
    #[error("`learner.feedback` belongs to rule = \"eprop\"; without it, leave it out")]
    NoFeedback,
    /// The objective is wrong.
    #[error(transparent)]
    Objective(#[from] ObjectiveError),
}

/// State that does not fit the optimiser or the network it is restored into.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// An array that should be there.
    #[error("array `{name}` is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// An array of the wrong length.
    #[error("array `{name}` holds {found} values, expected {expected}")]
    Length {
        /// Its name.
        name: String,
        /// Length that fits.
        expected: usize,
        /// Length found.
        found: usize,
    },
    /// A phase that is not in the list.
    #[error("the checkpoint stands in phase {phase}, but there are {phases}, counted from 0")]
    Phase {
        /// The phase.
        phase: usize,
        /// How many there are.
        phases: usize,
    },
    /// A checkpoint of the other precision.
    #[error("the checkpoint holds {found} numbers, this trainer works in {expected}")]
    Precision {
        /// Precision of the trainer.
        expected: &'static str,
        /// Precision found.
        found: String,
    },
}

/// Training cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Problems of one phase, all of them.
    #[error("phase {phase}:{}", lines(.problems))]
    Phase {
        /// Place of the phase in the list.
        phase: usize,
        /// What is wrong.
        problems: Vec<PhaseError>,
    },
    /// No phases.
    #[error("there is nothing to do: the list of phases is empty")]
    NoPhases,
    /// A signal to watch that the network does not have.
    #[error("`watch`: {problem}")]
    Watch {
        /// The network's answer.
        problem: String,
    },
    /// The objective does not fit the trials.
    #[error(transparent)]
    Objective(#[from] ObjectiveError),
    /// The network could not run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The source could not give trials, or judge them.
    #[error("the source of trials: {0}")]
    Source(#[from] SourceError),
    /// A checkpoint that does not fit.
    #[error("the checkpoint does not fit: {0}")]
    State(#[from] StateError),
    /// The loss or its gradient stopped being numbers, or exploded.
    #[error(
        "diverged at update {update}: loss {loss}{}; the last good weights are those of update {good}. {advice}",
        at_parameter(.parameter)
    )]
    Diverged {
        /// The update that failed, counted from 0 over all phases; its change was not applied.
        update: u64,
        /// Its loss.
        loss: f64,
        /// The first parameter entry whose gradient is not finite.
        parameter: Option<String>,
        /// Update after which the last good weights stood.
        good: u64,
        /// What to try.
        advice: String,
    },
}

fn at_parameter(parameter: &Option<String>) -> String {
    let said = |name| format!(", the gradient of `{name}` is not finite");
    parameter.as_ref().map_or_else(String::new, said)
}

fn did_you_mean(meant: &Option<String>) -> String {
    meant.as_ref().map_or_else(String::new, |m| format!(" (did you mean `{m}`?)"))
}

fn lines(problems: &[PhaseError]) -> String {
    match problems {
        [one] => format!(" {one}"),
        all => all.iter().map(|problem| format!("\n  {problem}")).collect(),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
