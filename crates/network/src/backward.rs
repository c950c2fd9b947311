//! The plan backwards over a segment: from cotangents of signals to cotangents of the state before
//! the segment and gradients of all parameters.

use std::ops::Range;

use attractor_equations::{Leaf, Output, Variable};
use attractor_numerics::Real;

use crate::credit::Way;
use crate::forward::{Circumstances, Streams, Work, draw};
use crate::network::Network;
use crate::operator::{Rows, stream};
use crate::plan::Plan;
use crate::signal::{Loss, Part, Quantity, SignalViewMut};
use crate::state::State;

/// Cotangents and gradients a worker carries backwards through time.
#[derive(Clone, Debug)]
pub(crate) struct Back<T> {
    /// Cotangents of the streams; those of states after the step last gone through, `[trial, ld]`.
    cotangents: Vec<Streams<T>>,
    /// Room for the cotangents of states before the step, exchanged with those after it.
    before: Vec<Vec<Vec<T>>>,
    /// Cotangents a loss puts on states and drives themselves, `[step, trial, ld]`.
    seeds: Vec<Streams<T>>,
    noise: Vec<T>,
    /// Cotangents of parameters, `[step, trial, ld]`.
    params: Vec<T>,
    /// Per link, what [`crate::operator::Operator::gradient`] adds to.
    pub(crate) links: Vec<Vec<T>>,
    /// Per population and drive, `[ld]`.
    pub(crate) bias: Vec<Vec<Vec<T>>>,
    /// Per population and trained parameter, `[ld]`.
    pub(crate) neurons: Vec<Vec<Vec<T>>>,
    /// Populations that parameters reach: others need no cotangents.
    needed: Vec<bool>,
}

impl<T: Real> Back<T> {
    pub(crate) fn new(network: &Network, plan: &Plan<T>, steps: usize, trials: usize) -> Self {
        let count = network.populations.len();
        let mut cotangents: Vec<Streams<T>> =
            (0..count).map(|p| Streams::new(network, p, steps, trials)).collect();
        for (streams, p) in cotangents.iter_mut().zip(&network.populations) {
            for state in &mut streams.states {
                *state = stream(trials, p.units);
            }
        }
        let before = cotangents.iter().map(|streams| streams.states.clone()).collect();
        let widest = network.populations.iter().map(|p| p.ld).max().unwrap_or(0);
        let noises =
            |p: &crate::network::Compiled| p.dynamics.as_ref().map_or(0, |d| d.neuron.noises.len());
        let most = network.populations.iter().map(noises).max().unwrap_or(0);
        let links = plan.operators.iter().zip(&network.links);
        let room = |p: usize, n: usize| vec![vec![T::ZERO; network.populations[p].ld]; n];
        let drives =
            |p: usize| network.populations[p].dynamics.as_ref().map_or(0, |d| d.bias.len());
        let trained = |p: usize| plan.blocks[p].as_ref().map_or(0, |b| b.params.len());
        let params = (0..count).map(trained).max().unwrap_or(0);
        Back {
            seeds: (0..count).map(|_| Streams::default()).collect(),
            noise: vec![T::ZERO; most * trials * widest],
            params: vec![T::ZERO; params * steps * trials * widest],
            links: links
                .map(|(o, link)| vec![T::ZERO; if link.trained { o.gradient_len() } else { 0 }])
                .collect(),
            bias: (0..count).map(|p| room(p, drives(p))).collect(),
            neurons: (0..count).map(|p| room(p, trained(p))).collect(),
            // an input has nothing to learn; everything else may
            needed: network.populations.iter().map(|p| p.dynamics.is_some()).collect(),
            cotangents,
            before,
        }
    }

    /// Forgets everything, for a new batch.
    pub(crate) fn reset(&mut self, network: &Network, trials: usize) {
        self.cut(network, trials);
        self.links.iter_mut().for_each(|g| g.fill(T::ZERO));
        for g in self.bias.iter_mut().chain(&mut self.neurons).flatten() {
            g.fill(T::ZERO);
        }
    }

    /// Cuts the chain: nothing before this point is credited (truncated BPTT).
    pub(crate) fn cut(&mut self, network: &Network, trials: usize) {
        for (streams, p) in self.cotangents.iter_mut().zip(&network.populations) {
            streams.states.iter_mut().for_each(|s| s.fill(T::ZERO));
            for (s, h) in streams.emissions.iter_mut().zip(&p.history) {
                s[..h * trials * p.ld].fill(T::ZERO);
            }
        }
    }

    /// One segment of `steps` steps, whose streams `work` holds; `start` is its first step.
    pub(crate) fn backward(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        at: &Circumstances<'_>,
        work: &mut Work<T>,
        loss: &dyn Loss<T>,
        start: usize,
        steps: usize,
        trials: usize,
    ) -> f64 {
        self.carry(network, plan, steps, trials);
        let value = self.ask(network, at, work, loss, start, steps, trials);
        for stage in network.stages.iter().rev() {
            let stretch = if stage.pointwise(network) { steps } else { 1 };
            for t in (0..steps).step_by(stretch).rev() {
                for &p in stage.populations.iter().rev() {
                    self.block(network, plan, at, work, p, start, t..t + stretch, trials);
                    for &k in &stage.inner {
                        if network.links[k].to.0 == p {
                            self.push(network, plan, k, t..t + 1, trials);
                        }
                    }
                }
            }
            for &k in &stage.incoming {
                self.push(network, plan, k, 0..steps, trials);
            }
            for &k in stage.incoming.iter().chain(&stage.inner) {
                let link = &network.links[k];
                if !link.trained {
                    continue;
                }
                let (from, to) = (link.from.0, link.to.0);
                let (ldx, ldy) = (network.populations[from].ld, network.populations[to].ld);
                let slot = network.populations[from].history[link.from.1] - link.lag;
                let x = &work.streams[from].emissions[link.from.1][slot * trials * ldx..];
                let y = &self.cotangents[to].drives[link.to.1];
                let (x, y) = (Rows { values: x, ld: ldx }, Rows { values: y, ld: ldy });
                plan.operators[k].gradient(y, x, steps * trials, &mut self.links[k]);
            }
            for &p in &stage.populations {
                let Some(dynamics) = &network.populations[p].dynamics else {
                    continue;
                };
                let ld = network.populations[p].ld;
                for (k, bias) in self.bias[p].iter_mut().enumerate() {
                    if dynamics.bias[k].is_some() {
                        let rows = &self.cotangents[p].drives[k][..steps * trials * ld];
                        sum_rows(plan, rows, bias);
                    }
                }
            }
        }
        value
    }

    /// Cotangents of the state before the segment last gone through, and of its delay lines.
    pub(crate) fn initial(&self, network: &Network, trials: usize) -> State<T> {
        let mut state = State::zero(network, trials);
        for ((to, from), p) in
            state.populations.iter_mut().zip(&self.cotangents).zip(&network.populations)
        {
            for (to, from) in to.states.iter_mut().zip(&from.states) {
                to.copy_from_slice(&from[..trials * p.ld]);
            }
            for ((to, from), h) in to.history.iter_mut().zip(&from.emissions).zip(&p.history) {
                to.copy_from_slice(&from[..h * trials * p.ld]);
            }
        }
        state
    }

    /// Cotangents of the delay lines of the segment after become those of the last emissions of this.
    fn carry(&mut self, network: &Network, plan: &Plan<T>, steps: usize, trials: usize) {
        let populations = network.populations.iter().zip(&plan.blocks);
        for (streams, (p, block)) in self.cotangents.iter_mut().zip(populations) {
            let heard = |k: usize| block.as_ref().is_none_or(|block| block.heard[k]);
            let lines = streams.emissions.iter_mut().zip(&p.history).enumerate();
            for (_, (stream, h)) in lines.filter(|(k, _)| heard(*k)) {
                let (row, lines) = (trials * p.ld, h * trials * p.ld);
                let carried: Vec<T> = stream[..lines].to_vec();
                stream[..lines + steps * row].fill(T::ZERO);
                stream[steps * row..][..lines].copy_from_slice(&carried);
            }
        }
    }

    /// Value and cotangents of the loss.
    fn ask(
        &mut self,
        network: &Network,
        at: &Circumstances<'_>,
        work: &Work<T>,
        loss: &dyn Loss<T>,
        start: usize,
        steps: usize,
        trials: usize,
    ) -> f64 {
        let place = |signal: &crate::SignalId| {
            let p = &network.populations[signal.population];
            let row = trials * p.ld;
            let skip = match signal.quantity {
                Quantity::Emission(k) => p.history[k] * row,
                Quantity::State(_) => row,
                Quantity::Drive(_) => 0,
            };
            (skip..skip + steps * row, p.units, p.ld)
        };
        let mut views = Vec::new();
        let mut taken: Vec<Vec<T>> = Vec::new();
        for signal in loss.signals() {
            let (range, ..) = place(signal);
            let (cotangents, seeds) =
                (&mut self.cotangents[signal.population], &mut self.seeds[signal.population]);
            views.push(work.view(network, *signal, steps, trials));
            let length = range.len();
            // the loss writes straight into the cotangents of emissions, beside those of states and drives
            taken.push(match signal.quantity {
                Quantity::Emission(k) => std::mem::take(&mut cotangents.emissions[k]),
                Quantity::State(k) => seed(&mut seeds.states, k, length),
                Quantity::Drive(k) => seed(&mut seeds.drives, k, length),
            });
        }
        let mut outs: Vec<SignalViewMut<'_, T>> = Vec::new();
        for (values, signal) in taken.iter_mut().zip(loss.signals()) {
            let (range, units, ld) = place(signal);
            let range = match signal.quantity {
                Quantity::Emission(_) => range,
                _ => 0..range.len(),
            };
            outs.push(SignalViewMut { values: &mut values[range], units, ld, trials });
        }
        let part = Part { trials: at.first..at.first + trials, steps: start..start + steps };
        let value = loss.evaluate(&part, &views, &mut outs);
        for (values, signal) in taken.into_iter().zip(loss.signals()) {
            let (cotangents, seeds) =
                (&mut self.cotangents[signal.population], &mut self.seeds[signal.population]);
            match signal.quantity {
                Quantity::Emission(k) => cotangents.emissions[k] = values,
                Quantity::State(k) => seeds.states[k] = values,
                Quantity::Drive(k) => seeds.drives[k] = values,
            }
        }
        value
    }

    /// The reverse of a pointwise step; of several at once where no state runs through them.
    fn block(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        at: &Circumstances<'_>,
        work: &mut Work<T>,
        p: usize,
        start: usize,
        steps: Range<usize>,
        trials: usize,
    ) {
        let (compiled, Some(block)) = (&network.populations[p], &plan.blocks[p]) else {
            return;
        };
        let row = trials * compiled.ld;
        let now = steps.start * row..steps.end * row;
        let after = now.start + row..now.end + row;
        let history = |k: usize| compiled.history[k] * row;
        draw(network, plan, at, p, &block.reverse, start + steps.start, trials, &mut self.noise);
        let Streams { drives, states, emissions } = &mut self.cotangents[p];
        let seeds = &mut self.seeds[p];
        for (k, state) in states.iter_mut().enumerate() {
            if let Some(seed) = seeds.states.get(k).filter(|s| !s.is_empty()) {
                state.iter_mut().zip(&seed[now.clone()]).for_each(|(c, &s)| *c += s);
            }
        }
        let streams = &work.streams[p];
        let mut call = block.reverse.call(now.len());
        let (value, result, cotangent) = (Leaf::Value, Leaf::Result, Leaf::Cotangent);
        for (k, state) in streams.states.iter().enumerate().filter(|(k, _)| block.keep.states[*k]) {
            call.read(value(Variable::State(k)), &state[now.clone()]);
            call.read(result(Output::Next(k)), &state[after.clone()]);
        }
        for (k, drive) in streams.drives.iter().enumerate().filter(|(k, _)| block.keep.drives[*k]) {
            call.read(value(Variable::Drive(k)), &drive[now.clone()]);
        }
        for (k, noise) in self.noise.chunks_exact(row).enumerate() {
            call.read(value(Variable::Noise(k)), noise);
        }
        for (k, emission) in streams.emissions.iter().enumerate() {
            if block.keep.emissions[k] {
                call.read(result(Output::Emit(k)), &emission[history(k)..][now.clone()]);
            }
        }
        for (k, state) in states.iter().enumerate() {
            call.read(cotangent(Output::Next(k)), state);
        }
        for (k, emission) in emissions.iter().enumerate() {
            call.read(cotangent(Output::Emit(k)), &emission[history(k)..][now.clone()]);
        }
        let (first_drive, first_param) = (states.len(), states.len() + drives.len());
        for (k, state) in self.before[p].iter_mut().enumerate() {
            call.write(k, state);
        }
        for (k, drive) in drives.iter_mut().enumerate() {
            call.write(first_drive + k, &mut drive[now.clone()]);
        }
        let trained = &mut self.params[..block.params.len() * now.len()];
        for (k, params) in trained.chunks_exact_mut(now.len()).enumerate() {
            call.write(first_param + k, params);
        }
        call.run(&mut work.scratch);
        std::mem::swap(states, &mut self.before[p]);
        for (k, drive) in drives.iter_mut().enumerate() {
            if let Some(seed) = seeds.drives.get(k).filter(|s| !s.is_empty()) {
                drive[now.clone()].iter_mut().zip(&seed[now.clone()]).for_each(|(c, &s)| *c += s);
            }
        }
        for (k, sum) in self.neurons[p].iter_mut().enumerate() {
            sum_rows(plan, &self.params[k * now.len()..][..now.len()], sum);
        }
    }

    /// Cotangents of a link's drive go to its source, for some steps.
    fn push(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        k: usize,
        steps: Range<usize>,
        trials: usize,
    ) {
        let link = &network.links[k];
        let (from, to) = (link.from.0, link.to.0);
        if !self.needed[from] || matches!(plan.ways[k], Way::Cut) {
            return;
        }
        let (ldx, ldy) = (network.populations[from].ld, network.populations[to].ld);
        let slot = network.populations[from].history[link.from.1] - link.lag + steps.start;
        let rows = steps.len() * trials;
        let mut x = std::mem::take(&mut self.cotangents[from].emissions[link.from.1]);
        let y = &self.cotangents[to].drives[link.to.1][steps.start * trials * ldy..];
        let y = Rows { values: y, ld: ldy };
        let out = &mut x[slot * trials * ldx..][..rows * ldx];
        match &plan.ways[k] {
            Way::Transposed => plan.operators[k].transpose(y, rows, out, ldx, T::ONE),
            Way::Through(b) => b.multiply(y.values, y.ld, rows, out, ldx, T::ONE, true),
            Way::Cut => {}
        }
        self.cotangents[from].emissions[link.from.1] = x;
    }
}

/// A cleared seed stream.
fn seed<T: Real>(seeds: &mut Vec<Vec<T>>, k: usize, length: usize) -> Vec<T> {
    if seeds.len() <= k {
        seeds.resize(k + 1, Vec::new());
    }
    let mut stream = std::mem::take(&mut seeds[k]);
    stream.clear();
    stream.resize(length, T::ZERO);
    stream
}

/// Adds all rows to one.
fn sum_rows<T: Real>(plan: &Plan<T>, rows: &[T], sum: &mut [T]) {
    struct Sum<'a, T>(&'a [T], &'a mut [T]);
    impl<T: Real> attractor_numerics::Kernel for Sum<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<const FMA: bool>(self) {
            let Sum(rows, sum) = self;
            let ld = sum.len();
            // some units stay in registers over all rows, several sums of each, which do not wait for each other
            for (first, sum) in (0..ld).step_by(UNITS).zip(sum.chunks_exact_mut(UNITS)) {
                let mut sums = [[T::ZERO; UNITS]; ROWS];
                let mut groups = rows.chunks_exact(ROWS * ld);
                for group in &mut groups {
                    for r in 0..ROWS {
                        let row = &group[r * ld + first..][..UNITS];
                        for u in 0..UNITS {
                            sums[r][u] += row[u];
                        }
                    }
                }
                for row in groups.remainder().chunks_exact(ld) {
                    for u in 0..UNITS {
                        sums[0][u] += row[first + u];
                    }
                }
                for u in 0..UNITS {
                    for sums in &sums {
                        sum[u] += sums[u];
                    }
                }
            }
        }
    }
    plan.isa.run(Sum(rows, sum));
}

/// Units and rows summed together by [`sum_rows`]; every leading dimension is a multiple of the units.
const UNITS: usize = 16;
const ROWS: usize = 4;
