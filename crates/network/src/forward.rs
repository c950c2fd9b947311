//! The plan forwards over a segment of time.
//!
//! A segment is some tens of steps of a shard of trials. Projections from earlier stages are one
//! product for the whole segment; within a stage each step projects, then runs its block.

use std::ops::Range;

use attractor_data::Trials;
use attractor_equations::{Distribution, Kernel, Leaf, Scratch, Variable};
use attractor_numerics::{Real, random};

use crate::NoiseSource;
use crate::intervention::Interventions;
use crate::network::{Network, Stage};
use crate::operator::{Rows, repeat, stream};
use crate::plan::Plan;
use crate::signal::{Quantity, SignalId, SignalView};
use crate::state::State;

/// Streams of one population during a segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams<T> {
    /// Per drive `[step, trial, ld]`.
    pub(crate) drives: Vec<Vec<T>>,
    /// Per state `[1 + step, trial, ld]`: before the first step, then after each.
    pub(crate) states: Vec<Vec<T>>,
    /// Per emission `[history + step, trial, ld]`.
    pub(crate) emissions: Vec<Vec<T>>,
}

/// What a worker carries through time: the streams of a segment and room for noise and temporaries.
#[derive(Clone, Debug)]
pub(crate) struct Work<T> {
    pub(crate) streams: Vec<Streams<T>>,
    pub(crate) scratch: Scratch<T>,
    noise: Vec<Vec<T>>,
}

/// Which part of which batch, and under which circumstances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) trials: &'a Trials,
    pub(crate) noise: NoiseSource,
    pub(crate) interventions: &'a Interventions,
    /// First trial of the shard in the batch.
    pub(crate) first: usize,
}

impl<T: Real> Streams<T> {
    pub(crate) fn new(network: &Network, population: usize, steps: usize, trials: usize) -> Self {
        let compiled = &network.populations[population];
        let room = |rows: usize| stream(rows * trials, compiled.units);
        let (drives, states) = compiled
            .dynamics
            .as_ref()
            .map_or((0, 0), |d| (d.neuron.drives.len(), d.neuron.states.len()));
        Streams {
            drives: (0..drives).map(|_| room(steps)).collect(),
            states: (0..states).map(|_| room(1 + steps)).collect(),
            emissions: compiled.history.iter().map(|h| room(h + steps)).collect(),
        }
    }
}

impl<T: Real> Work<T> {
    /// Room for segments of at most `steps` steps.
    pub(crate) fn new(network: &Network, steps: usize, trials: usize) -> Self {
        let streams = (0..network.populations.len())
            .map(|p| Streams::new(network, p, steps, trials))
            .collect();
        let noise = network.populations.iter().map(|p| {
            let any = p.dynamics.as_ref().is_some_and(|d| !d.neuron.noises.is_empty());
            let count = p.dynamics.as_ref().map_or(0, |d| d.neuron.noises.len());
            vec![T::ZERO; if any { count * trials * p.ld } else { 0 }]
        });
        Work { streams, scratch: Scratch::default(), noise: noise.collect() }
    }

    /// Takes up a state at the front of the streams.
    pub(crate) fn take_up(&mut self, state: &State<T>) {
        for (streams, from) in self.streams.iter_mut().zip(&state.populations) {
            for (stream, values) in streams.states.iter_mut().zip(&from.states) {
                stream[..values.len()].copy_from_slice(values);
            }
            for (stream, values) in streams.emissions.iter_mut().zip(&from.history) {
                stream[..values.len()].copy_from_slice(values);
            }
        }
    }

    /// Puts down the state after `steps` steps.
    pub(crate) fn put_down(&self, network: &Network, steps: usize, state: &mut State<T>) {
        for (p, (streams, to)) in self.streams.iter().zip(&mut state.populations).enumerate() {
            let at = steps * state.trials * network.populations[p].ld;
            for (stream, values) in streams.states.iter().zip(&mut to.states) {
                let length = values.len();
                values.copy_from_slice(&stream[at..at + length]);
            }
            for (stream, values) in streams.emissions.iter().zip(&mut to.history) {
                let length = values.len();
                values.copy_from_slice(&stream[at..at + length]);
            }
        }
        state.step += steps;
    }

    /// Some steps of a signal, from the first of the segment.
    pub(crate) fn view(
        &self,
        network: &Network,
        signal: SignalId,
        steps: usize,
        trials: usize,
    ) -> SignalView<'_, T> {
        let p = &network.populations[signal.population];
        let streams = &self.streams[signal.population];
        let (stream, skip) = match signal.quantity {
            Quantity::Emission(k) => (&streams.emissions[k], p.history[k]),
            Quantity::State(k) => (&streams.states[k], 1),
            Quantity::Drive(k) => (&streams.drives[k], 0),
        };
        let row = trials * p.ld;
        let values = &stream[skip * row..(skip + steps) * row];
        SignalView { values, units: p.units, ld: p.ld, trials }
    }

    /// Runs `steps` steps from `state`, which goes along.
    pub(crate) fn forward(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        at: &Circumstances<'_>,
        state: &mut State<T>,
        steps: usize,
    ) {
        self.take_up(state);
        let time = state.step..state.step + steps;
        for stage in &network.stages {
            self.feed(network, plan, at, stage, &time, state.trials);
            let stretch = match stage.pointwise(network) && at.interventions.is_empty() {
                true => steps,
                false => 1,
            };
            for t in (0..steps).step_by(stretch) {
                for &p in &stage.populations {
                    self.project(network, plan, at, stage, p, time.start, t, state.trials);
                    self.block(network, plan, at, p, &time, t..t + stretch, state.trials);
                }
            }
        }
        self.put_down(network, steps, state);
    }

    /// Projections from earlier stages, and the bias of drives that nothing reaches, for the whole segment;
    /// inputs from the trials.
    fn feed(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        at: &Circumstances<'_>,
        stage: &Stage,
        time: &Range<usize>,
        trials: usize,
    ) {
        for &p in &stage.populations {
            let compiled = &network.populations[p];
            let rows = time.len() * trials;
            match &plan.blocks[p] {
                Some(block) => {
                    for (k, stream) in self.streams[p].drives.iter_mut().enumerate() {
                        if network.links.iter().all(|link| link.to != (p, k)) {
                            repeat(&block.bias[k], &mut stream[..rows * compiled.ld]);
                        }
                    }
                }
                None => {
                    let from = compiled.history[0] * trials * compiled.ld;
                    let stream = &mut self.streams[p].emissions[0][from..];
                    let given = at.trials.inputs.as_standard_layout();
                    let (_, all, channels) = given.dim();
                    let given = given.as_slice().unwrap_or_default();
                    for (t, step) in time.clone().zip(stream.chunks_exact_mut(trials * compiled.ld))
                    {
                        let from = (t * all + at.first) * channels + compiled.channel;
                        for (trial, row) in step.chunks_exact_mut(compiled.ld).enumerate() {
                            let given = &given[from + trial * channels..][..compiled.units];
                            for u in 0..compiled.units {
                                row[u] = T::from_f64(f64::from(given[u]));
                            }
                        }
                    }
                    at.interventions.emission(network, p, 0, time, trials, stream);
                }
            }
        }
        for &k in &stage.incoming {
            let link = &network.links[k];
            let (from, to) = (link.from.0, link.to.0);
            let (ldx, ldy) = (network.populations[from].ld, network.populations[to].ld);
            let skip = network.populations[from].history[link.from.1] - link.lag;
            let mut y = std::mem::take(&mut self.streams[to].drives[link.to.1]);
            let x = &self.streams[from].emissions[link.from.1];
            for (steps, scale) in at.interventions.scales(k, time) {
                let rows = (steps.start - time.start) * trials..(steps.end - time.start) * trials;
                let x = Rows { values: &x[(skip * trials + rows.start) * ldx..], ld: ldx };
                let y = &mut y[rows.start * ldy..];
                plan.drive(network, k, x, rows.len(), y, ldy, T::from_f64(scale));
            }
            self.streams[to].drives[link.to.1] = y;
        }
    }

    /// Projections within the stage into population `p` at step `t` of the segment.
    fn project(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        at: &Circumstances<'_>,
        stage: &Stage,
        p: usize,
        start: usize,
        t: usize,
        trials: usize,
    ) {
        for &k in &stage.inner {
            let link = &network.links[k];
            if link.to.0 != p {
                continue;
            }
            let from = link.from.0;
            let (ldx, ldy) = (network.populations[from].ld, network.populations[p].ld);
            let slot = network.populations[from].history[link.from.1] - link.lag + t;
            let mut y = std::mem::take(&mut self.streams[p].drives[link.to.1]);
            let x = &self.streams[from].emissions[link.from.1][slot * trials * ldx..];
            let scale = T::from_f64(at.interventions.scale(k, start + t));
            let row = &mut y[t * trials * ldy..(t + 1) * trials * ldy];
            plan.drive(network, k, Rows { values: x, ld: ldx }, trials, row, ldy, scale);
            self.streams[p].drives[link.to.1] = y;
        }
    }

    /// The pointwise step of a population, for some steps of the segment at once.
    fn block(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        at: &Circumstances<'_>,
        p: usize,
        time: &Range<usize>,
        steps: Range<usize>,
        trials: usize,
    ) {
        let (compiled, Some(block)) = (&network.populations[p], &plan.blocks[p]) else {
            return;
        };
        let row = trials * compiled.ld;
        let now = steps.start * row..steps.end * row;
        let when = time.start + steps.start..time.start + steps.end;
        let Streams { drives, states, emissions } = &mut self.streams[p];
        let touched = !at.interventions.is_empty();
        for (k, drive) in drives.iter_mut().enumerate().filter(|_| touched) {
            at.interventions.drive(network, p, k, &when, trials, &mut drive[now.clone()]);
        }
        draw(network, plan, at, p, &block.forward, when.start, trials, &mut self.noise[p]);
        let noise = &self.noise[p];
        let history = |k: usize| compiled.history[k] * row;
        let mut call = block.forward.call(now.len());
        let (count, value) = (states.len(), Leaf::Value);
        for (k, state) in states.iter_mut().enumerate() {
            let (old, new) = state.split_at_mut(now.end);
            call.read(value(Variable::State(k)), &old[now.clone()]);
            call.write(k, &mut new[..now.len()]);
        }
        for (k, emission) in emissions.iter_mut().enumerate() {
            call.write(count + k, &mut emission[history(k)..][now.clone()]);
        }
        for (k, drive) in drives.iter().enumerate() {
            call.read(value(Variable::Drive(k)), &drive[now.clone()]);
        }
        for (k, noise) in noise.chunks_exact(row).enumerate() {
            call.read(value(Variable::Noise(k)), noise);
        }
        call.run(&mut self.scratch);
        if !touched {
            return;
        }
        let mut clamped = false;
        for (k, state) in states.iter_mut().enumerate() {
            let new = &mut state[now.end..][..now.len()];
            clamped |= at.interventions.state(network, p, k, &when, trials, new);
        }
        if clamped {
            // what is emitted belongs to the clamped state
            let new: Vec<Vec<T>> =
                states.iter().map(|state| state[now.end..][..now.len()].to_vec()).collect();
            let emitted = block.at_rest.emissions(&new, now.len(), &mut self.scratch);
            for (k, values) in emitted.iter().enumerate() {
                emissions[k][history(k)..][now.clone()].copy_from_slice(values);
            }
        }
        for (k, emission) in emissions.iter_mut().enumerate() {
            let values = &mut emission[history(k)..][now.clone()];
            at.interventions.emission(network, p, k, &when, trials, values);
        }
    }
}

/// Draws the noise of a population for one step, a pure function of where and when, if `kernel` reads
/// it; off, it is its mean.
pub(crate) fn draw<T: Real>(
    network: &Network,
    plan: &Plan<T>,
    at: &Circumstances<'_>,
    p: usize,
    kernel: &Kernel<T>,
    step: usize,
    trials: usize,
    room: &mut [T],
) {
    let noise = |leaf: &Leaf| matches!(leaf, Leaf::Value(Variable::Noise(_)));
    if !kernel.program().inputs().iter().any(noise) {
        return;
    }
    let compiled = &network.populations[p];
    let Some(dynamics) = &compiled.dynamics else { return };
    let row = trials * compiled.ld;
    for (k, noise) in dynamics.neuron.noises.iter().enumerate() {
        let key = at.noise.key(dynamics.streams[k]);
        let out = &mut room[k * row..(k + 1) * row];
        if !at.noise.on {
            out.fill(T::from_f64(noise.distribution.mean()));
            continue;
        }
        match noise.distribution {
            Distribution::Normal => random::fill_normal_rows(
                plan.isa,
                key,
                step as u32,
                at.first as u32,
                compiled.units,
                compiled.ld,
                out,
            ),
            Distribution::Uniform => random::fill_uniform_rows(
                plan.isa,
                key,
                step as u32,
                at.first as u32,
                compiled.units,
                compiled.ld,
                out,
            ),
        }
    }
}
