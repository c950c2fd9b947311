//! The plan: a network's kernels and operators with parameters loaded, shared by all workers.

use std::collections::BTreeSet;

use attractor_equations::{Kernel, Leaf, Output, Program, Variable};
use attractor_numerics::{Isa, Real};

use crate::credit::Way;
use crate::network::{Dynamics, Network};
use crate::operator::{Operator, Rows};
use crate::signal::{Quantity, SignalId};
use crate::state::AtRest;

/// Kernels and operators of a network, ready to run: the instructions *block* and *project*.
#[derive(Clone, Debug)]
pub(crate) struct Plan<T> {
    pub(crate) isa: Isa,
    /// Per population; none for an input.
    pub(crate) blocks: Vec<Option<Block<T>>>,
    /// Per link.
    pub(crate) operators: Vec<Operator<T>>,
    /// Per link, whether it is the first that reaches its drive, which it begins with the bias.
    begins: Vec<bool>,
    /// Whether noise is on.
    noisy: bool,
    /// Per link, what the reverse pass does with the cotangents of its drive.
    pub(crate) ways: Vec<Way<T>>,
    /// The parameters taken up last: step by step they are the same again and again.
    loaded: Vec<T>,
}

/// The pointwise part of a population, and which of its streams the reverse pass reads.
#[derive(Clone, Debug)]
pub(crate) struct Block<T> {
    /// Emissions that something reads: the others have no cotangents.
    pub(crate) heard: Vec<bool>,
    pub(crate) forward: Kernel<T>,
    pub(crate) reverse: Kernel<T>,
    pub(crate) at_rest: AtRest<T>,
    /// Bias per drive, as a row to start from; 0 where there is none.
    pub(crate) bias: Vec<Vec<T>>,
    /// Parameters whose cotangents the reverse pass yields, after those of states and drives.
    pub(crate) params: Vec<usize>,
    pub(crate) keep: Keep,
}

/// Streams of a population that must outlive the forward pass of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    pub(crate) states: Vec<bool>,
    pub(crate) drives: Vec<bool>,
    pub(crate) emissions: Vec<bool>,
}

impl<T: Real> Plan<T> {
    /// Compiles the plan; with `noisy` false, noise stands at its mean.
    pub(crate) fn new(network: &Network, isa: Isa, noisy: bool) -> Self {
        let blocks = network.populations.iter().enumerate().map(|(p, compiled)| {
            let dynamics = compiled.dynamics.as_ref()?;
            let emissions = 0..dynamics.neuron.emissions.len();
            let read = |e| network.links.iter().any(|link| link.from == (p, e));
            Some(Block::new(dynamics, isa, compiled.ld, noisy, emissions.map(read).collect()))
        });
        let operators = network.links.iter().map(|link| Operator::new(isa, &link.wiring));
        let operators = operators.collect();
        let (mut begins, mut reached) = (vec![false; network.links.len()], BTreeSet::new());
        for stage in &network.stages {
            for &k in stage.incoming.iter().chain(&stage.inner) {
                begins[k] = reached.insert(network.links[k].to);
            }
        }
        Plan {
            isa,
            blocks: blocks.collect(),
            operators,
            begins,
            noisy,
            ways: Vec::new(),
            loaded: Vec::new(),
        }
    }

    /// Takes up a parameter vector.
    pub(crate) fn load(&mut self, network: &Network, parameters: &[T]) {
        if same(&self.loaded, parameters) {
            return;
        }
        self.loaded.clear();
        self.loaded.extend_from_slice(parameters);
        for (block, compiled) in self.blocks.iter_mut().zip(&network.populations) {
            let (Some(block), Some(dynamics)) = (block, &compiled.dynamics) else {
                continue;
            };
            let param = |k: usize| &parameters[dynamics.params[k].range.clone()];
            block.forward.set(network.dt(), param);
            block.reverse.set(network.dt(), param);
            block.at_rest.set(network.dt(), param);
            for (row, range) in block.bias.iter_mut().zip(&dynamics.bias) {
                if let Some(range) = range {
                    row[..range.len()].copy_from_slice(&parameters[range.clone()]);
                }
            }
        }
        for operator in &mut self.operators {
            operator.load(parameters);
        }
    }

    /// What link `k` adds to its drive, `scale · W x` row by row, onto the bias if it is the first.
    pub(crate) fn drive(
        &self,
        network: &Network,
        k: usize,
        x: Rows<'_, T>,
        rows: usize,
        y: &mut [T],
        ldy: usize,
        scale: T,
    ) {
        let (p, drive) = network.links[k].to;
        match &self.blocks[p] {
            Some(block) if self.begins[k] => {
                self.operators[k].begin(&block.bias[drive], x, rows, y, ldy, scale);
            }
            _ => self.operators[k].multiply(x, rows, y, ldy, scale),
        }
    }

    /// Keeps what a loss reads; says whether that is more than before. Parameters are to be taken up
    /// again then.
    pub(crate) fn keep(&mut self, network: &Network, signals: &[SignalId]) -> bool {
        let mut more = false;
        for signal in signals {
            let compiled = &network.populations[signal.population];
            let (Some(block), Some(dynamics)) =
                (&mut self.blocks[signal.population], &compiled.dynamics)
            else {
                continue;
            };
            let keep = match signal.quantity {
                Quantity::Emission(k) => {
                    if !block.heard[k] {
                        let mut heard = block.heard.clone();
                        heard[k] = true;
                        let before = block.keep.clone();
                        *block = Block::new(dynamics, self.isa, compiled.ld, self.noisy, heard);
                        block.keep.add(&before);
                        self.loaded.clear();
                        more = true;
                    }
                    continue;
                }
                Quantity::State(k) => &mut block.keep.states[k],
                Quantity::Drive(k) => &mut block.keep.drives[k],
            };
            more |= !std::mem::replace(keep, true);
        }
        more
    }
}

impl Keep {
    /// Keeps what another keeps as well.
    fn add(&mut self, other: &Keep) {
        let all = |keep: &mut [bool], other: &[bool]| {
            keep.iter_mut().zip(other).for_each(|(keep, other)| *keep |= other);
        };
        all(&mut self.states, &other.states);
        all(&mut self.drives, &other.drives);
        all(&mut self.emissions, &other.emissions);
    }
}

/// Whether two vectors hold the same numbers, and some.
fn same<T: Real>(a: &[T], b: &[T]) -> bool {
    if a.len() != b.len() || a.is_empty() {
        return false;
    }
    // block by block: a comparison that may end at every number is not vectorised
    let differ = |k: usize| {
        let (a, b) = (&a[k..(k + 256).min(a.len())], &b[k..(k + 256).min(b.len())]);
        let mut differ = false;
        for i in 0..a.len() {
            differ |= a[i] != b[i];
        }
        differ
    };
    !(0..a.len()).step_by(256).any(differ)
}

impl<T: Real> Block<T> {
    fn new(dynamics: &Dynamics, isa: Isa, ld: usize, noisy: bool, heard: Vec<bool>) -> Self {
        let neuron = &dynamics.neuron;
        let per_unit = |k: usize| dynamics.params[k].per_unit;
        let step = dynamics.step.fix(|leaf| neuron.quiet(leaf).filter(|_| !noisy));
        let params = dynamics.trained();
        let variables: Vec<Variable> = (0..neuron.states.len())
            .map(Variable::State)
            .chain((0..neuron.drives.len()).map(Variable::Drive))
            .chain(params.iter().map(|&k| Variable::Param(k)))
            .collect();
        let kept: Vec<Output> = (0..neuron.emissions.len())
            .map(Output::Emit)
            .chain((0..neuron.states.len()).map(Output::Next))
            .collect();
        let unheard = |leaf| matches!(leaf, Leaf::Cotangent(Output::Emit(k)) if !heard[k]);
        let reverse = step.vjp(&variables, &kept).fix(|leaf| unheard(leaf).then_some(0.0));
        let reverse = Program::compile(&reverse, per_unit);
        let mut keep = Keep {
            states: vec![false; neuron.states.len()],
            drives: vec![false; neuron.drives.len()],
            emissions: heard.clone(),
        };
        for leaf in reverse.inputs() {
            match *leaf {
                Leaf::Value(Variable::State(k)) | Leaf::Result(Output::Next(k)) => {
                    keep.states[k] = true
                }
                Leaf::Value(Variable::Drive(k)) => keep.drives[k] = true,
                Leaf::Result(Output::Emit(k)) => keep.emissions[k] = true,
                _ => {}
            }
        }
        Block {
            heard,
            forward: Kernel::new(Program::compile(&step, per_unit), isa, ld),
            reverse: Kernel::new(reverse, isa, ld),
            at_rest: AtRest::new(dynamics, isa, ld),
            bias: vec![vec![T::ZERO; ld]; dynamics.bias.len()],
            params,
            keep,
        }
    }
}
