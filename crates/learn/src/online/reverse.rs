//! A block of steps backwards within every unit: what cotangents of its states and emissions make of
//! drives and parameters. Nothing travels between units.

use attractor_equations::{Output, Variable};
use attractor_numerics::{Isa, Kernel, Real, math};

use super::slopes::Slopes;

/// Cotangents that come from outside, `[step, trial, ld]` each.
pub(super) struct Seeds<T> {
    /// Per emission.
    pub(super) emissions: Vec<Option<Vec<T>>>,
    /// Per state.
    pub(super) states: Vec<Option<Vec<T>>>,
    /// Per drive.
    pub(super) drives: Vec<Option<Vec<T>>>,
    /// A state whose cotangent is 1 at the end of the block.
    pub(super) end: Option<usize>,
}

impl<T: Real> Seeds<T> {
    /// None yet.
    pub(super) fn none(slopes: &Slopes<T>) -> Self {
        Seeds {
            emissions: vec![None; slopes.neuron.emissions.len()],
            states: vec![None; slopes.all_states()],
            drives: vec![None; slopes.neuron.drives.len()],
            end: None,
        }
    }
}

/// Cotangents after a block was gone through backwards.
pub(super) struct Reversed<T> {
    /// Of drives and trained parameters, `[step, trial, ld]`; those that are 0 everywhere are missing.
    variables: Vec<(Variable, Vec<T>)>,
    /// Of the kept states before the block, `[trial, ld]` each.
    pub(super) start: Vec<Vec<T>>,
}

impl<T: Real> Reversed<T> {
    /// Goes backwards through `steps` steps whose partials are at hand.
    pub(super) fn new(slopes: &Slopes<T>, steps: usize, seeds: &Seeds<T>) -> Self {
        let rows = slopes.rows();
        let row = rows / steps.max(1);
        let mut start = vec![vec![T::ZERO; row]; slopes.states()];
        if let Some(place) = seeds.end.and_then(|end| slopes.place(end)) {
            start[place].fill(T::ONE);
        }
        let mut variables: Vec<(Variable, Vec<T>)> = Vec::new();
        for (k, seed) in seeds.drives.iter().enumerate() {
            variables.extend(seed.as_ref().map(|seed| (Variable::Drive(k), seed.clone())));
        }
        let mut terms = Vec::new();
        for (output, variable, values) in slopes.entries() {
            let from = match output {
                Output::Next(k) => slopes.place(k).map(From::State),
                Output::Emit(k) => seeds.emissions[k].as_deref().map(From::Emission),
                Output::Value(_) => None,
            };
            let to = match variable {
                Variable::State(k) => slopes.place(k).map(To::State),
                variable => from.is_some().then(|| {
                    let known = variables.iter().position(|(v, _)| *v == variable);
                    To::Variable(known.unwrap_or_else(|| {
                        variables.push((variable, vec![T::ZERO; rows]));
                        variables.len() - 1
                    }))
                }),
            };
            if let (Some(from), Some(to)) = (from, to) {
                terms.push(Term { from, to, values });
            }
        }
        let kept = |k: &usize| slopes.place(*k).is_some();
        let seeded = (0..seeds.states.len()).filter(kept).map(|k| seeds.states[k].as_deref());
        let backwards = Backwards {
            steps,
            row,
            terms,
            seeded: seeded.collect(),
            before: vec![vec![T::ZERO; row]; start.len()],
            after: &mut start,
            variables: &mut variables,
        };
        Isa::best().run(backwards);
        Reversed { variables, start }
    }

    /// The cotangents of a drive or parameter, `[step, trial, ld]`, unless they are 0.
    pub(super) fn of(&self, variable: Variable) -> Option<&[T]> {
        let found = self.variables.iter().find(|(v, _)| *v == variable);
        found.map(|(_, values)| &values[..])
    }
}

#[derive(Clone, Copy)]
enum From<'a, T> {
    /// The cotangent of a kept state after the step.
    State(usize),
    /// Those of an emission, `[step, trial, ld]`.
    Emission(&'a [T]),
}

#[derive(Clone, Copy)]
enum To {
    /// The cotangent of a kept state before the step.
    State(usize),
    /// That of a drive or parameter.
    Variable(usize),
}

/// `to += ∂output/∂variable · from`
struct Term<'a, T> {
    from: From<'a, T>,
    to: To,
    values: &'a [T],
}

struct Backwards<'a, T> {
    steps: usize,
    /// Trials times the distance of their rows.
    row: usize,
    terms: Vec<Term<'a, T>>,
    seeded: Vec<Option<&'a [T]>>,
    before: Vec<Vec<T>>,
    after: &'a mut Vec<Vec<T>>,
    variables: &'a mut [(Variable, Vec<T>)],
}

impl<T: Real> Kernel for Backwards<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(mut self) {
        let n = self.row;
        for t in (0..self.steps).rev() {
            let at = t * n;
            for k in 0..self.seeded.len() {
                if let Some(seed) = self.seeded[k] {
                    add(&mut self.after[k][..n], &seed[at..at + n]);
                }
                self.before[k][..n].fill(T::ZERO);
            }
            for k in 0..self.terms.len() {
                let Term { from, to, values } = &self.terms[k];
                let from = match *from {
                    From::State(k) => &self.after[k][..n],
                    From::Emission(seed) => &seed[at..at + n],
                };
                let to = match *to {
                    To::State(k) => &mut self.before[k][..n],
                    To::Variable(k) => &mut self.variables[k].1[at..at + n],
                };
                add_product::<T, FMA>(to, &values[at..at + n], from);
            }
            std::mem::swap(self.after, &mut self.before);
        }
    }
}

#[inline(always)]
fn add<T: Real>(to: &mut [T], from: &[T]) {
    let from = &from[..to.len()];
    for i in 0..to.len() {
        to[i] += from[i];
    }
}

/// `to += a b`
#[inline(always)]
pub(super) fn add_product<T: Real, const FMA: bool>(to: &mut [T], a: &[T], b: &[T]) {
    let (a, b) = (&a[..to.len()], &b[..to.len()]);
    for i in 0..to.len() {
        to[i] = math::madd::<T, FMA>(a[i], b[i], to[i]);
    }
}
