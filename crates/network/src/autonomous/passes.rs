//! The passes of an autonomous network: values forwards, tangents forwards, cotangents backwards, and
//! the Jacobian; the block of partials of each unit and the wirings are all they need.

use attractor_equations::{Kernel, Leaf, Output, Scratch, Variable};
use attractor_numerics::math::madd;
use attractor_numerics::{Dynamics, Isa};

use super::{Autonomous, Member, Partials, Wire};
use crate::operator::Rows;
use crate::state::run;

/// Streams of one kind, per population and index, `[row, ld]`.
type Streams = Vec<Vec<Vec<f64>>>;

/// Everything one step computes for some points.
struct Pass {
    rows: usize,
    states: Streams,
    drives: Streams,
    next: Streams,
}

/// Values of the partials at some points: those of the step, those at rest.
struct Slopes {
    step: Streams,
    at_rest: Streams,
}

impl Autonomous {
    /// Room for one stream of each kind per member.
    fn room(&self, rows: usize, count: impl Fn(&Member) -> usize) -> Streams {
        let members = self.members.iter();
        members
            .map(|member| match member {
                Some(member) => vec![vec![0.0; rows * member.ld]; count(member)],
                None => Vec::new(),
            })
            .collect()
    }

    /// Rows `[row, n]` as streams of the states.
    fn unpack(&self, x: &[f64]) -> Streams {
        let rows = x.len() / self.dimension;
        let mut states = self.room(rows, |member| member.offsets.len());
        for (streams, member) in states.iter_mut().zip(&self.members) {
            let Some(member) = member else { continue };
            for (stream, &offset) in streams.iter_mut().zip(&member.offsets) {
                let rows = stream.chunks_exact_mut(member.ld).zip(x.chunks_exact(self.dimension));
                for (row, x) in rows {
                    row[..member.units].copy_from_slice(&x[offset..][..member.units]);
                }
            }
        }
        states
    }

    /// Streams of the states as rows `[row, n]`.
    fn pack(&self, states: &Streams, x: &mut [f64]) {
        for (streams, member) in states.iter().zip(&self.members) {
            let Some(member) = member else { continue };
            for (stream, &offset) in streams.iter().zip(&member.offsets) {
                let rows = stream.chunks_exact(member.ld).zip(x.chunks_exact_mut(self.dimension));
                for (row, x) in rows {
                    x[offset..][..member.units].copy_from_slice(&row[..member.units]);
                }
            }
        }
    }

    fn wires_into(&self, p: usize) -> impl Iterator<Item = &Wire> {
        self.wires.iter().filter(move |wire| wire.to.0 == p)
    }

    fn remembers(&self, p: usize) -> bool {
        self.wires.iter().any(|wire| wire.from.0 == p && !wire.now)
    }

    fn forward(&self, x: &[f64]) -> Pass {
        let rows = x.len() / self.dimension;
        let states = self.unpack(x);
        let mut scratch = Scratch::default();
        let none = || vec![Vec::new(); self.members.len()];
        let (mut drives, mut next, mut emitted, mut at_rest) = (none(), none(), none(), none());
        for &p in self.order.iter().filter(|&&p| self.remembers(p)) {
            let member = self.member(p);
            let inputs = reads(&member.at_rest, &states[p], &[]);
            at_rest[p] = run(&member.at_rest, &inputs, rows * member.ld, &mut scratch);
        }
        for &p in &self.order {
            let member = self.member(p);
            let mut driven: Vec<Vec<f64>> = member.feed.iter().map(|f| f.repeat(rows)).collect();
            for wire in self.wires_into(p) {
                let from = if wire.now { &emitted } else { &at_rest };
                let from: &Vec<f64> = &from[wire.from.0][wire.from.1];
                let x = Rows { values: from, ld: self.member(wire.from.0).ld };
                wire.operator.multiply(x, rows, &mut driven[wire.to.1], member.ld, 1.0);
            }
            let inputs = reads(&member.step, &states[p], &driven);
            let mut outputs = run(&member.step, &inputs, rows * member.ld, &mut scratch);
            emitted[p] = outputs.split_off(member.offsets.len());
            (next[p], drives[p]) = (outputs, driven);
        }
        Pass { rows, states, drives, next }
    }

    fn slopes(&self, pass: &Pass) -> Slopes {
        let mut scratch = Scratch::default();
        let mut of = |partials: &Partials, p: usize| {
            let inputs = reads(&partials.kernel, &pass.states[p], &pass.drives[p]);
            run(&partials.kernel, &inputs, pass.rows * self.member(p).ld, &mut scratch)
        };
        let mut slopes = Slopes { step: vec![Vec::new(); self.members.len()], at_rest: Vec::new() };
        slopes.at_rest = slopes.step.clone();
        for &p in &self.order {
            slopes.step[p] = of(&self.member(p).partials, p);
            if self.remembers(p) {
                slopes.at_rest[p] = of(&self.member(p).slopes, p);
            }
        }
        slopes
    }

    /// Tangents v `[point, tangent, n]` through one step.
    fn push(&self, slopes: &Slopes, each: usize, v: &[f64], out: &mut [f64]) {
        let rows = v.len() / self.dimension;
        let moved = self.unpack(v);
        let mut drives = self.room(rows, |member| member.feed.len());
        let mut next = self.room(rows, |member| member.offsets.len());
        let mut emitted = self.room(rows, Member::emissions);
        let mut at_rest = self.room(rows, Member::emissions);
        for &p in self.order.iter().filter(|&&p| self.remembers(p)) {
            let member = self.member(p);
            for (&(output, variable), slope) in member.slopes.entries.iter().zip(&slopes.at_rest[p])
            {
                if let (Output::Emit(e), Variable::State(k)) = (output, variable) {
                    add_scaled(&mut at_rest[p][e], slope, &moved[p][k], member.ld, each);
                }
            }
        }
        for &p in &self.order {
            let member = self.member(p);
            for wire in self.wires_into(p) {
                let from = if wire.now { &emitted } else { &at_rest };
                let from: &Vec<f64> = &from[wire.from.0][wire.from.1];
                let x = Rows { values: from, ld: self.member(wire.from.0).ld };
                wire.operator.multiply(x, rows, &mut drives[p][wire.to.1], member.ld, 1.0);
            }
            for (&(output, variable), slope) in member.partials.entries.iter().zip(&slopes.step[p])
            {
                let to = match output {
                    Output::Next(k) => &mut next[p][k],
                    Output::Emit(e) => &mut emitted[p][e],
                    Output::Value(_) => continue,
                };
                match variable {
                    Variable::State(k) => add_scaled(to, slope, &moved[p][k], member.ld, each),
                    Variable::Drive(d) => add_scaled(to, slope, &drives[p][d], member.ld, each),
                    _ => {}
                }
            }
        }
        self.pack(&next, out);
    }

    /// Cotangents w `[point, cotangent, n]` back through one step.
    fn pull(&self, slopes: &Slopes, each: usize, w: &[f64], out: &mut [f64]) {
        let rows = w.len() / self.dimension;
        let next = self.unpack(w);
        let mut before = self.room(rows, |member| member.offsets.len());
        let mut drives = self.room(rows, |member| member.feed.len());
        let mut emitted = self.room(rows, Member::emissions);
        let mut at_rest = self.room(rows, Member::emissions);
        for &p in self.order.iter().rev() {
            let member = self.member(p);
            for (&(output, variable), slope) in member.partials.entries.iter().zip(&slopes.step[p])
            {
                let from = match output {
                    Output::Next(k) => &next[p][k],
                    Output::Emit(e) => &emitted[p][e],
                    Output::Value(_) => continue,
                };
                match variable {
                    Variable::State(k) => {
                        add_scaled(&mut before[p][k], slope, from, member.ld, each);
                    }
                    Variable::Drive(d) => {
                        add_scaled(&mut drives[p][d], slope, from, member.ld, each);
                    }
                    _ => {}
                }
            }
            for wire in self.wires_into(p) {
                let y = Rows { values: &drives[p][wire.to.1], ld: member.ld };
                let to = if wire.now { &mut emitted } else { &mut at_rest };
                let ld = self.member(wire.from.0).ld;
                wire.operator.transpose(y, rows, &mut to[wire.from.0][wire.from.1], ld, 1.0);
            }
        }
        for &p in self.order.iter().filter(|&&p| self.remembers(p)) {
            let member = self.member(p);
            for (&(output, variable), slope) in member.slopes.entries.iter().zip(&slopes.at_rest[p])
            {
                if let (Output::Emit(e), Variable::State(k)) = (output, variable) {
                    add_scaled(&mut before[p][k], slope, &at_rest[p][e], member.ld, each);
                }
            }
        }
        self.pack(&before, out);
    }

    fn check(&self, x: &[f64]) {
        assert!(x.len().is_multiple_of(self.dimension), "states of {} values", self.dimension);
    }
}

impl Dynamics for Autonomous {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn dt(&self) -> f64 {
        self.dt
    }

    fn step(&self, x: &[f64], next: &mut [f64]) {
        self.check(x);
        self.pack(&self.forward(x).next, next);
    }

    fn jacobian(&self, x: &[f64], jacobian: &mut [f64]) {
        assert_eq!(x.len(), self.dimension, "the Jacobian is that of one point");
        let n = self.dimension;
        let slopes = self.slopes(&self.forward(x));
        // derivatives of what is emitted in this step, `[unit, n]`, where something reads it
        let mut emitted: Vec<Vec<Vec<f64>>> = vec![Vec::new(); self.members.len()];
        for &p in &self.order {
            let member = self.member(p);
            let mut drives: Vec<Vec<f64>> = vec![Vec::new(); member.feed.len()];
            for wire in self.wires_into(p) {
                let drive = &mut drives[wire.to.1];
                drive.resize(member.units * n, 0.0);
                let (q, e) = wire.from;
                let from = self.member(q);
                if wire.now {
                    add_product(drive, &wire.matrix, &emitted[q][e], from.units, n);
                    continue;
                }
                for (&entry, slope) in from.slopes.entries.iter().zip(&slopes.at_rest[q]) {
                    let (Output::Emit(of), Variable::State(k)) = entry else { continue };
                    if of == e {
                        let (sum, at, matrix) = (&mut drive[..], from.offsets[k], &wire.matrix);
                        let columns = Columns { sum, n, at, matrix, units: from.units, slope };
                        Isa::best().run(columns);
                    }
                }
            }
            let read = |e: usize| self.wires.iter().any(|w| w.now && w.from == (p, e));
            emitted[p] = (0..member.emissions())
                .map(|e| if read(e) { vec![0.0; member.units * n] } else { Vec::new() })
                .collect();
            for &offset in &member.offsets {
                jacobian[offset * n..(offset + member.units) * n].fill(0.0);
            }
            for (&(output, variable), slope) in member.partials.entries.iter().zip(&slopes.step[p])
            {
                let rows = match output {
                    Output::Next(k) => &mut jacobian[member.offsets[k] * n..],
                    Output::Emit(e) => &mut emitted[p][e][..],
                    Output::Value(_) => continue,
                };
                let slope = &slope[..member.units];
                match variable {
                    Variable::State(k) => {
                        let rows = rows.chunks_exact_mut(n).zip(slope).enumerate();
                        rows.for_each(|(unit, (row, s))| row[member.offsets[k] + unit] += s);
                    }
                    Variable::Drive(d) => {
                        Isa::best().run(ScaledRows { sum: rows, n, slope, rows: &drives[d] });
                    }
                    _ => {}
                }
            }
        }
    }

    fn jvp(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        self.check(x);
        if !x.is_empty() {
            self.push(&self.slopes(&self.forward(x)), v.len() / x.len(), v, out);
        }
    }

    fn vjp(&self, x: &[f64], w: &[f64], out: &mut [f64]) {
        self.check(x);
        if !x.is_empty() {
            self.pull(&self.slopes(&self.forward(x)), w.len() / x.len(), w, out);
        }
    }

    fn residual(&self, x: &[f64], f: &mut [f64], gradient: &mut [f64]) {
        self.check(x);
        let pass = self.forward(x);
        self.pack(&pass.next, f);
        f.iter_mut().zip(x).for_each(|(f, x)| *f -= x);
        self.pull(&self.slopes(&pass), 1, f, gradient);
        gradient.iter_mut().zip(f.iter()).for_each(|(g, f)| *g -= f);
    }
}

/// `sum[:, at + source] += matrix[:, source] slope[source]`: `[target, n]`, `[target, units]`.
struct Columns<'a> {
    sum: &'a mut [f64],
    n: usize,
    at: usize,
    matrix: &'a [f64],
    units: usize,
    slope: &'a [f64],
}

impl attractor_numerics::Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Columns { sum, n, at, matrix, units, slope } = self;
        let slope = &slope[..units];
        for (row, weights) in sum.chunks_exact_mut(n).zip(matrix.chunks_exact(units)) {
            let row = &mut row[at..at + units];
            for j in 0..units {
                row[j] = madd::<f64, FMA>(weights[j], slope[j], row[j]);
            }
        }
    }
}

/// `sum += slope rows`, `[row, n]`, one value of slope each.
struct ScaledRows<'a> {
    sum: &'a mut [f64],
    n: usize,
    slope: &'a [f64],
    rows: &'a [f64],
}

impl attractor_numerics::Kernel for ScaledRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let ScaledRows { sum, n, slope, rows } = self;
        for ((sum, row), s) in sum.chunks_exact_mut(n).zip(rows.chunks_exact(n)).zip(slope) {
            for j in 0..n {
                sum[j] = madd::<f64, FMA>(*s, row[j], sum[j]);
            }
        }
    }
}

/// Streams a kernel reads.
fn reads<'s>(
    kernel: &Kernel<f64>,
    states: &'s [Vec<f64>],
    drives: &'s [Vec<f64>],
) -> Vec<&'s [f64]> {
    let leaves = kernel.program().inputs().iter();
    leaves
        .map(|leaf| match *leaf {
            Leaf::Value(Variable::State(k)) => &states[k][..],
            Leaf::Value(Variable::Drive(k)) => &drives[k][..],
            _ => unreachable!("noise is off"),
        })
        .collect()
}

/// `sum += slope x` by rows of `ld`, with one row of slopes for `each` rows of x.
fn add_scaled(sum: &mut [f64], slope: &[f64], x: &[f64], ld: usize, each: usize) {
    let block = ld * each;
    for ((sum, slope), x) in
        sum.chunks_exact_mut(block).zip(slope.chunks_exact(ld)).zip(x.chunks_exact(block))
    {
        for (sum, x) in sum.chunks_exact_mut(ld).zip(x.chunks_exact(ld)) {
            sum.iter_mut().zip(slope).zip(x).for_each(|((sum, s), x)| *sum += s * x);
        }
    }
}

/// `sum += M E`: `[targets, n]`, `[targets, sources]`, `[sources, n]`.
fn add_product(sum: &mut [f64], m: &[f64], e: &[f64], sources: usize, n: usize) {
    for (sum, weights) in sum.chunks_exact_mut(n).zip(m.chunks_exact(sources)) {
        for (w, row) in weights.iter().zip(e.chunks_exact(n)).filter(|(w, _)| **w != 0.0) {
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += w * x);
        }
    }
}
