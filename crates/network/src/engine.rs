//! Running a network over batches of trials: whole trials, gradients, or step by step.
//!
//! Trials are cut into shards by a rule that knows their number alone, one worker carries a shard
//! through the whole of time, and sums over shards have a fixed order: the same seed gives the same
//! bits for any number of threads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use attractor_data::Trials;
use attractor_numerics::{Isa, Real};
use ndarray::Array3;

use crate::NoiseSource;
use crate::backward::Back;
use crate::credit::Credit;
use crate::crew::Crew;
use crate::error::RunError;
use crate::forward::{Circumstances, Streams, Work};
use crate::intervention::Interventions;
use crate::network::{Network, StartPlan};
use crate::plan::{Keep, Plan};
use crate::signal::{Loss, Part, SignalId};
use crate::state::{self, State};

/// Longest segment of time, in steps: its streams stay in cache, its weight gradient is one product.
const SEGMENT: usize = 32;
/// Most trials that a worker runs at once where nothing is kept for a way back: their streams stay in
/// cache, and each weight that is read serves all of them.
const GROUP: usize = 64;
/// Batch shapes whose memory is kept.
const KEPT_SHAPES: usize = 3;

/// How an engine works; the defaults are right for most.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// Worker threads; the machine's number by default.
    pub threads: usize,
    /// Bytes the tape of one batch may take; beyond, segments are computed again (same bits).
    pub memory: usize,
    /// Instruction set.
    pub isa: Isa,
    /// Number of shards, for benchmarks; by default a function of the number of trials.
    pub shards: Option<usize>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        EngineOptions { threads, memory: 4 << 30, isa: Isa::best(), shards: None }
    }
}

/// A network at work: plans, threads and the memory of its workers.
pub struct Engine<T> {
    network: Arc<Network>,
    options: EngineOptions,
    crew: Crew,
    /// With noise at its mean, and with noise.
    plans: [Option<Plan<T>>; 2],
    /// Per shape, one worker a shard.
    workers: BTreeMap<Shape, Vec<Worker<T>>>,
    /// Room for steps and trials of the last [`Engine::advance`].
    stepping: Option<(usize, usize, Work<T>)>,
}

/// Number of trials, most of them that a worker runs at once, length of segments, whether noise is on.
type Shape = (usize, usize, usize, bool);

/// Memory of one shard.
struct Worker<T> {
    trials: Range<usize>,
    segment: usize,
    work: Work<T>,
    back: Option<Back<T>>,
    /// Kept streams of each segment, or nothing where they are computed again.
    tape: Vec<Vec<Streams<T>>>,
}

impl<T: Real> Engine<T> {
    /// Prepares a network.
    ///
    /// # Errors
    /// If threads cannot be had.
    pub fn new(network: Arc<Network>, options: EngineOptions) -> Result<Self, RunError> {
        let crew = Crew::new(options.threads);
        let crew = crew.map_err(|e| RunError::Unsupported(format!("no threads: {e}")))?;
        let (plans, workers, stepping) = ([None, None], BTreeMap::new(), None);
        Ok(Engine { network, options, crew, plans, workers, stepping })
    }

    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// How it works.
    pub fn options(&self) -> EngineOptions {
        self.options
    }

    pub(crate) fn check(&self, parameters: &[T], trials: &Trials) -> Result<(), RunError> {
        let network = &self.network;
        if parameters.len() != network.layout().len() {
            let (given, expected) = (parameters.len(), network.layout().len());
            return Err(RunError::Parameters { given, expected });
        }
        if trials.channels() != network.channels() {
            let (given, expected) = (trials.channels(), network.channels());
            return Err(RunError::Shape { what: "input channels", given, expected });
        }
        if (trials.dt - network.dt()).abs() > 1e-9 * network.dt() {
            return Err(RunError::TimeStep { given: trials.dt, expected: network.dt() });
        }
        for dynamics in network.populations.iter().filter_map(|p| p.dynamics.as_ref()) {
            for plan in &dynamics.start {
                let given = trials.start.as_ref().map_or(0, |start| start.ncols());
                match plan {
                    StartPlan::Wired { inputs, .. } if *inputs != given => {
                        let (what, expected) = ("start values per trial", *inputs);
                        return Err(RunError::Shape { what, given, expected });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    pub(crate) fn prepare(&mut self, parameters: &[T], noisy: bool) -> &mut Plan<T> {
        let (network, isa) = (&self.network, self.options.isa);
        let plan =
            self.plans[usize::from(noisy)].get_or_insert_with(|| Plan::new(network, isa, noisy));
        plan.load(network, parameters);
        plan
    }

    /// One worker a shard, with the memory of the last time; give them back with [`Engine::rest`].
    fn workers(&mut self, shape: Shape) -> Vec<Worker<T>> {
        let (trials, group, segment, _) = shape;
        if let Some(workers) = self.workers.remove(&shape) {
            return workers;
        }
        let shards = self.options.shards.unwrap_or_else(|| shards(trials)).clamp(1, trials);
        let range = |k: usize| k * trials / shards..(k + 1) * trials / shards;
        (0..shards).map(|k| Worker::new(&self.network, range(k), group, segment)).collect()
    }

    /// Keeps the memory of workers: training and validation take turns.
    fn rest(&mut self, shape: Shape, workers: Vec<Worker<T>>) {
        if self.workers.len() >= KEPT_SHAPES {
            self.workers.clear();
        }
        self.workers.insert(shape, workers);
    }

    /// Sums the shards' gradients in a fixed order.
    fn collect(
        &self,
        trials: &Trials,
        workers: &[Worker<T>],
        shards: &[(f64, State<T>, State<T>)],
        gradient: &mut [T],
        noisy: bool,
    ) {
        let (network, plan) = (&*self.network, plan(&self.plans, noisy));
        for (worker, (_, start, cotangents)) in workers.iter().zip(shards) {
            let Some(back) = &worker.back else { continue };
            for ((operator, link), buffer) in
                plan.operators.iter().zip(&network.links).zip(&back.links)
            {
                if link.trained {
                    operator.pull(buffer, gradient);
                }
            }
            for (p, compiled) in network.populations.iter().enumerate() {
                let (Some(dynamics), Some(block)) = (&compiled.dynamics, &plan.blocks[p]) else {
                    continue;
                };
                for (bias, sum) in dynamics.bias.iter().zip(&back.bias[p]) {
                    if let Some(range) = bias {
                        add(&mut gradient[range.clone()], sum);
                    }
                }
                let (states, history) = (&start.populations[p].states, &cotangents.populations[p]);
                let pulled = pull_start(block, compiled, states, history, start.trials);
                let at_rest = &pulled[states.len()..];
                for ((&k, sum), at_rest) in block.params.iter().zip(&back.neurons[p]).zip(at_rest) {
                    let place = &dynamics.params[k];
                    let mut sum = sum.clone();
                    at_rest.chunks(compiled.ld).for_each(|row| add(&mut sum, row));
                    let shared = [sum[..compiled.units].iter().copied().sum::<T>()];
                    add(
                        &mut gradient[place.range.clone()],
                        if place.per_unit { &sum } else { &shared },
                    );
                }
                for (plan, rows) in dynamics.start.iter().zip(&pulled) {
                    for (trial, row) in rows.chunks(compiled.ld).enumerate() {
                        match plan {
                            StartPlan::Trained(range) => add(&mut gradient[range.clone()], row),
                            StartPlan::Wired { range, inputs } => {
                                let Some(given) = &trials.start else { continue };
                                let given = given.row(worker.trials.start + trial);
                                let weights = gradient[range.clone()].chunks_mut(*inputs);
                                for (weights, &c) in weights.zip(row) {
                                    for (w, &s) in weights.iter_mut().zip(given) {
                                        *w += c * T::from_f64(f64::from(s));
                                    }
                                }
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
    }
}

/// What an engine does, compiled here for both precisions: generic methods would be compiled again, the
/// whole network with them, in every crate that calls one.
macro_rules! precision {
    ($t:ident) => {
        impl Engine<$t> {
            /// Runs whole trials and returns the signals asked for, each `[time, trial, unit]`.
            ///
            /// # Errors
            /// Trials or parameters of another shape than the network; values that are not finite.
            pub fn run(
                &mut self,
                parameters: &[$t],
                trials: &Trials,
                noise: NoiseSource,
                interventions: &Interventions,
                record: &[SignalId],
            ) -> Result<Vec<Array3<$t>>, RunError> {
                self.check(parameters, trials)?;
                self.prepare(parameters, noise.on);
                let shape = (trials.len(), GROUP, SEGMENT.min(trials.steps()), noise.on);
                let mut workers = self.workers(shape);
                let (network, plan) = (&*self.network, plan(&self.plans, noise.on));
                // per shard and group of its trials, the signals
                let recorded: Vec<Vec<Vec<Array3<$t>>>> = self.crew.each(&mut workers, |worker| {
                    let groups = worker.trials.clone().step_by(GROUP).map(|first| {
                        let at = Circumstances { trials, noise, interventions, first };
                        let count = GROUP.min(worker.trials.end - first);
                        let mut state = begin(network, plan, parameters, &at, count, worker);
                        let room = |s| (trials.steps(), count, network.units(s));
                        let mut out: Vec<Array3<$t>> =
                            record.iter().map(|&s| Array3::from_elem(room(s), 0.0)).collect();
                        while state.step < trials.steps() {
                            let start = state.step;
                            let steps = worker.segment.min(trials.steps() - start);
                            worker.work.forward(network, plan, &at, &mut state, steps);
                            for (out, &signal) in out.iter_mut().zip(record) {
                                worker.work.copy_out(network, signal, count, start, steps, out);
                            }
                        }
                        out
                    });
                    groups.collect()
                });
                self.rest(shape, workers);
                let mut whole = Vec::new();
                for (k, &signal) in record.iter().enumerate() {
                    let groups = recorded.iter().flatten();
                    let parts: Vec<_> = groups.map(|group| group[k].view()).collect();
                    let joined = ndarray::concatenate(ndarray::Axis(1), &parts)
                        .map_err(|e| RunError::Unsupported(e.to_string()))?;
                    finite(&joined, || self.network.signal_name(signal))?;
                    whole.push(joined);
                }
                Ok(whole)
            }

            /// Loss over a batch and its gradient by every parameter, by exact BPTT, or truncated after
            /// `truncate` steps.
            ///
            /// # Errors
            /// Trials or parameters of another shape than the network.
            pub fn gradient(
                &mut self,
                parameters: &[$t],
                trials: &Trials,
                loss: &dyn Loss<$t>,
                noise: NoiseSource,
                truncate: Option<usize>,
                gradient: &mut [$t],
            ) -> Result<f64, RunError> {
                let credit = Credit::truncated(truncate);
                self.credited(parameters, trials, loss, noise, &credit, gradient)
            }

            /// Loss over a batch, and what credit that travels in some way makes of its gradient.
            ///
            /// # Errors
            /// As [`Engine::gradient`]; routes that do not fit the projections.
            pub fn credited(
                &mut self,
                parameters: &[$t],
                trials: &Trials,
                loss: &dyn Loss<$t>,
                noise: NoiseSource,
                credit: &Credit<$t>,
                gradient: &mut [$t],
            ) -> Result<f64, RunError> {
                self.check(parameters, trials)?;
                let ways = credit.ways(&self.network, self.options.isa)?;
                self.prepare(parameters, noise.on).ways = ways;
                if let Some(plan) = &mut self.plans[usize::from(noise.on)]
                    && plan.keep(&self.network, loss.signals())
                {
                    self.workers.clear(); // their tapes have no room for the new streams
                    self.prepare(parameters, noise.on);
                }
                // segments of equal length; a truncation window is a whole number of them
                let window = credit.truncate.unwrap_or(trials.steps()).clamp(1, trials.steps());
                let segment = window.div_ceil(window.div_ceil(SEGMENT));
                let shape = (trials.len(), trials.len(), segment, noise.on);
                let mut workers = self.workers(shape);
                let (network, plan) = (&*self.network, plan(&self.plans, noise.on));
                let keep = tape_bytes::<$t>(network, plan, trials) <= self.options.memory;
                let interventions = Interventions::default();
                let losses: Vec<(f64, State<$t>, State<$t>)> =
                    self.crew.each(&mut workers, |worker| {
                        let at = Circumstances {
                            trials,
                            noise,
                            interventions: &interventions,
                            first: worker.trials.start,
                        };
                        worker.gradient(network, plan, parameters, &at, loss, window, keep)
                    });
                gradient.fill(0.0);
                self.collect(trials, &workers, &losses, gradient, noise.on);
                self.rest(shape, workers);
                Ok(losses.iter().map(|(value, ..)| value).sum())
            }

            /// A state at the start of `trials`, to step from with [`Engine::advance`].
            ///
            /// # Errors
            /// As [`Engine::run`].
            pub fn start(
                &mut self,
                parameters: &[$t],
                trials: &Trials,
                noise: NoiseSource,
            ) -> Result<State<$t>, RunError> {
                self.check(parameters, trials)?;
                self.prepare(parameters, noise.on);
                let interventions = Interventions::default();
                let plan = plan(&self.plans, noise.on);
                let at = Circumstances { trials, noise, interventions: &interventions, first: 0 };
                let mut worker = Worker::new(&self.network, 0..trials.len(), trials.len(), 1);
                Ok(begin(&self.network, plan, parameters, &at, trials.len(), &mut worker))
            }

            /// Advances a state by `steps` steps of `trials` and returns the signals asked for,
            /// `[step, trial, unit]`: the same plan as [`Engine::run`], with access between steps.
            ///
            /// # Errors
            /// As [`Engine::run`]; a state beyond the end of the trials.
            pub fn advance(
                &mut self,
                parameters: &[$t],
                trials: &Trials,
                noise: NoiseSource,
                state: &mut State<$t>,
                steps: usize,
                record: &[SignalId],
            ) -> Result<Vec<Array3<$t>>, RunError> {
                self.check(parameters, trials)?;
                if state.step + steps > trials.steps() {
                    let (given, expected) = (trials.steps(), state.step + steps);
                    return Err(RunError::Shape { what: "steps", given, expected });
                }
                self.prepare(parameters, noise.on);
                let (network, plan) = (&*self.network, plan(&self.plans, noise.on));
                let interventions = Interventions::default();
                let at = Circumstances { trials, noise, interventions: &interventions, first: 0 };
                let kept = self.stepping.take();
                let fits = |room: &(usize, usize, _)| room.0 >= steps && room.1 == state.trials;
                let (room, trials, mut work) = kept.filter(fits).unwrap_or_else(|| {
                    (steps, state.trials, Work::new(network, steps, state.trials))
                });
                work.forward(network, plan, &at, state, steps);
                let mut out = Vec::new();
                for &signal in record {
                    let shape = (steps, state.trials, network.units(signal));
                    let mut values = Array3::from_elem(shape, 0.0);
                    work.copy_out(network, signal, state.trials, 0, steps, &mut values);
                    out.push(values);
                }
                self.stepping = Some((room, trials, work));
                Ok(out)
            }
        }
    };
}
precision!(f32);
precision!(f64);

impl<T: Real> Worker<T> {
    fn new(network: &Network, trials: Range<usize>, group: usize, segment: usize) -> Self {
        let work = Work::new(network, segment, group.min(trials.len()));
        Worker { trials, segment, work, back: None, tape: Vec::new() }
    }

    /// Forwards over all segments, backwards over all segments.
    fn gradient(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        parameters: &[T],
        at: &Circumstances<'_>,
        loss: &dyn Loss<T>,
        window: usize,
        keep: bool,
    ) -> (f64, State<T>, State<T>) {
        let (count, steps) = (self.trials.len(), at.trials.steps());
        let mut state = begin(network, plan, parameters, at, count, self);
        let start = state.clone();
        let mut segments: Vec<(usize, usize)> = Vec::new();
        let mut saved: Vec<State<T>> = Vec::new();
        while state.step < steps {
            let first = state.step;
            let length = self.segment.min(window - first % window).min(steps - first);
            if !keep {
                saved.push(state.clone());
            }
            self.work.forward(network, plan, at, &mut state, length);
            if loss.observes() {
                let part = Part { trials: self.trials.clone(), steps: first..first + length };
                let signals = loss.signals().iter();
                let views: Vec<_> =
                    signals.map(|&s| self.work.view(network, s, length, count)).collect();
                loss.observe(&part, &views);
            }
            if keep {
                let k = segments.len();
                if self.tape.len() == k {
                    let empty = (0..network.populations.len()).map(|_| Streams::default());
                    self.tape.push(empty.collect());
                }
                self.work.swap(network, plan, &mut self.tape[k], count, self.segment);
            }
            segments.push((first, length));
        }
        let back = self.back.get_or_insert_with(|| Back::new(network, plan, self.segment, count));
        back.reset(network, count);
        let mut value = 0.0;
        for (k, &(first, length)) in segments.iter().enumerate().rev() {
            if keep {
                self.work.swap(network, plan, &mut self.tape[k], count, self.segment);
            } else {
                self.work.forward(network, plan, at, &mut saved[k].clone(), length);
            }
            let end = first + length;
            if end.is_multiple_of(window) && end < steps {
                back.cut(network, count);
            }
            value += back.backward(network, plan, at, &mut self.work, loss, first, length, count);
            if keep {
                self.work.swap(network, plan, &mut self.tape[k], count, self.segment);
            }
        }
        let cotangents = back.initial(network, count);
        (value, start, cotangents)
    }
}

impl<T: Real> Work<T> {
    /// Exchanges the streams the reverse pass reads with those on the tape.
    fn swap(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        tape: &mut [Streams<T>],
        trials: usize,
        steps: usize,
    ) {
        for (p, (mine, theirs)) in self.streams.iter_mut().zip(tape).enumerate() {
            let keep = plan.blocks[p].as_ref().map(|block| &block.keep);
            if theirs.emissions.is_empty() {
                *theirs = Streams::new(network, p, steps, trials);
                theirs.release(keep);
            }
            let exchange =
                |mine: &mut [Vec<T>], theirs: &mut [Vec<T>], keep: Option<&Vec<bool>>| {
                    for (k, (a, b)) in mine.iter_mut().zip(theirs).enumerate() {
                        if keep.is_none_or(|keep| keep[k]) {
                            std::mem::swap(a, b);
                        }
                    }
                };
            exchange(&mut mine.drives, &mut theirs.drives, keep.map(|k| &k.drives));
            exchange(&mut mine.states, &mut theirs.states, keep.map(|k| &k.states));
            exchange(&mut mine.emissions, &mut theirs.emissions, keep.map(|k| &k.emissions));
        }
    }

    /// Copies a signal of a segment to its place in a whole recording.
    pub(crate) fn copy_out(
        &self,
        network: &Network,
        signal: SignalId,
        trials: usize,
        start: usize,
        steps: usize,
        out: &mut Array3<T>,
    ) {
        let view = self.view(network, signal, steps, trials);
        let rows = out.as_slice_mut().unwrap_or_default(); // made in standard layout
        for (k, row) in
            rows.chunks_exact_mut(view.units).skip(start * trials).take(steps * trials).enumerate()
        {
            row.copy_from_slice(view.row(k / trials, k % trials));
        }
    }
}

impl<T> Streams<T> {
    /// Gives back the room of streams that are not kept.
    fn release(&mut self, keep: Option<&Keep>) {
        let Some(keep) = keep else { return };
        let free = |streams: &mut [Vec<T>], keep: &[bool]| {
            streams
                .iter_mut()
                .zip(keep)
                .filter(|(_, keep)| !**keep)
                .for_each(|(s, _)| *s = Vec::new());
        };
        free(&mut self.drives, &keep.drives);
        free(&mut self.states, &keep.states);
        free(&mut self.emissions, &keep.emissions);
    }
}

/// The initial state of a shard, delay lines filled with the emissions at rest.
fn begin<T: Real>(
    network: &Network,
    plan: &Plan<T>,
    parameters: &[T],
    at: &Circumstances<'_>,
    count: usize,
    worker: &mut Worker<T>,
) -> State<T> {
    let mut state =
        state::start(network, parameters, at.trials, at.first, count, at.noise, plan.isa);
    fill_lines(network, plan, &mut state, &mut worker.work.scratch);
    state
}

/// Fills the delay lines with the emissions of the state.
pub(crate) fn fill_lines<T: Real>(
    network: &Network,
    plan: &Plan<T>,
    state: &mut State<T>,
    scratch: &mut attractor_equations::Scratch<T>,
) {
    for (p, compiled) in network.populations.iter().enumerate() {
        let Some(block) = &plan.blocks[p] else {
            continue;
        };
        let row = state.trials * compiled.ld;
        let population = &mut state.populations[p];
        let emitted = block.at_rest.emissions(&population.states, row, scratch);
        for (lines, values) in population.history.iter_mut().zip(&emitted) {
            lines.chunks_mut(row).for_each(|line| line.copy_from_slice(values));
        }
    }
}

/// Cotangents of the initial states, those of the emissions at rest pulled back; then, from the
/// emissions at rest alone, those of trained parameters.
fn pull_start<T: Real>(
    block: &crate::plan::Block<T>,
    compiled: &crate::network::Compiled,
    states: &[Vec<T>],
    cotangents: &crate::state::PopulationState<T>,
    trials: usize,
) -> Vec<Vec<T>> {
    let row = trials * compiled.ld;
    let lines: Vec<Vec<T>> = (cotangents.history.iter())
        .map(|lines| {
            let mut sum = vec![T::ZERO; row];
            lines.chunks(row).for_each(|line| add(&mut sum, line));
            sum
        })
        .collect();
    let mut pulled = block.at_rest.pull(states, &lines, row, &mut Default::default());
    for (sum, direct) in pulled.iter_mut().zip(&cotangents.states) {
        add(sum, direct);
    }
    pulled
}

/// Number of shards of a batch: up to 4, of at least 8 trials; one trial alone is one shard.
fn shards(trials: usize) -> usize {
    (trials / 8).clamp(trials.min(2), 4)
}

/// Bytes of the streams the reverse pass reads, over all trials and steps.
fn tape_bytes<T: Real>(network: &Network, plan: &Plan<T>, trials: &Trials) -> usize {
    let kept = network.populations.iter().zip(&plan.blocks).map(|(p, block)| {
        let count = block.as_ref().map_or(1, |block| {
            let Keep { states, drives, emissions } = &block.keep;
            states.iter().chain(drives).chain(emissions).filter(|keep| **keep).count()
        });
        count * p.ld
    });
    kept.sum::<usize>() * trials.steps() * trials.len() * size_of::<T>()
}
fn plan<T>(plans: &[Option<Plan<T>>; 2], noisy: bool) -> &Plan<T> {
    plans[usize::from(noisy)].as_ref().expect("prepared by the caller")
}

fn add<T: Real>(sum: &mut [T], terms: &[T]) {
    sum.iter_mut().zip(terms).for_each(|(s, &x)| *s += x);
}

fn finite<T: Real>(values: &Array3<T>, name: impl Fn() -> String) -> Result<(), RunError> {
    match values.indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some(((step, trial, _), _)) => Err(RunError::NotFinite { signal: name(), step, trial }),
        None => Ok(()),
    }
}
