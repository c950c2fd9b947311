//! The pieces of a training step, one thread: pointwise blocks, noise, products, optimiser.

use std::hint::black_box;
use std::time::Instant;

use attractor_equations::{Integrator, Kernel, NeuronError, Output, Program, Scratch, Variable};
use attractor_learn::optimiser::Segment;
use attractor_learn::{Optimiser, Plan};
use attractor_network::library::{self, NoisePlace};
use attractor_numerics::linalg::Expm;
use attractor_numerics::product::{Packed, accumulate_outer, padded};
use attractor_numerics::random::{NoiseKey, fill_normal_rows};
use attractor_numerics::{Isa, math};
use serde::Serialize;

/// One measured piece.
#[derive(Clone, Debug, Serialize)]
pub struct Piece {
    /// What was run.
    pub name: String,
    /// On which instruction set.
    pub isa: String,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// Operations per unit and step, for pointwise blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<usize>,
}

/// Rows of a shard and units of a row, as training at N = 256 has them.
const ROWS: usize = 16;
const UNITS: usize = 256;

/// Measures all pieces on an instruction set.
///
/// # Errors
/// If a neuron of the library is wrong.
pub fn pieces(isa: Isa) -> Result<Vec<Piece>, NeuronError> {
    let mut found = Vec::new();
    let piece = |name: String, value, unit, operations| Piece {
        name,
        isa: isa.to_string(),
        value,
        unit,
        operations,
    };
    for name in ["leaky-tanh", "elman", "gru", "lstm", "horn", "lif", "alif"] {
        let Some(neuron) = library::neuron(name, NoisePlace::None) else { continue };
        let neuron = neuron?;
        let step = neuron.step(Integrator::Euler)?;
        let moving = |v: &Variable| !matches!(v, Variable::Param(_));
        let variables: Vec<Variable> = neuron.variables().into_iter().filter(moving).collect();
        let emissions = (0..neuron.emissions.len()).map(Output::Emit);
        let kept: Vec<Output> =
            emissions.chain((0..neuron.states.len()).map(Output::Next)).collect();
        for (what, function) in [("forward", step.clone()), ("VJP", step.vjp(&variables, &kept))] {
            let program = Program::compile(&function, |_| false);
            let operations = program.operations();
            let params: Vec<[f32; 1]> = neuron.params.iter().map(|p| [p.default as f32]).collect();
            let seconds = pointwise(program, isa, &params);
            let per_unit = seconds * 1e9 / (ROWS * padded(UNITS)) as f64;
            found.push(piece(format!("{name}, {what}"), per_unit, "ns per unit", Some(operations)));
        }
    }
    for (what, seconds) in by_hand(isa) {
        let per_unit = seconds * 1e9 / (ROWS * padded(UNITS)) as f64;
        found.push(piece(format!("leaky-tanh, {what}, by hand"), per_unit, "ns per unit", None));
    }
    for units in [50, 64, 128, 256, 1024] {
        let ld = padded(units);
        let mut out = vec![0f32; ROWS * ld];
        let key = NoiseKey { seed: 1, stream: 2, epoch: 3 };
        let seconds = best(|| fill_normal_rows(isa, key, 5, 0, units, ld, &mut out));
        let per_unit = seconds * 1e9 / (ROWS * units) as f64;
        found.push(piece(format!("normal noise, {units} units"), per_unit, "ns per unit", None));
    }
    for n in [64, 128, 256, 512, 1024] {
        let ld = padded(n);
        let (w, x) = (vec![0.01f32; n * n], vec![0.1f32; ROWS * ld]);
        let mut packed = Packed::new(isa, n, n);
        packed.pack(&w, n);
        let mut y = vec![0f32; ROWS * ld];
        let seconds = best(|| packed.multiply(&x, ld, ROWS, &mut y, ld, 1.0, true));
        let rate = 2.0 * (n * n * ROWS) as f64 / seconds / 1e9;
        found.push(piece(
            format!("recurrent product, N = {n}, {ROWS} trials"),
            rate,
            "Gflop/s",
            None,
        ));
        let rows = 25 * ROWS;
        let (d, x) = (vec![0.1f32; rows * ld], vec![0.1f32; rows * ld]);
        let mut g = vec![0f32; n * n];
        let seconds = best(|| accumulate_outer(isa, &mut g, n, &d, ld, n, &x, ld, n, rows));
        let rate = 2.0 * (n * n * rows) as f64 / seconds / 1e9;
        found.push(piece(format!("weight gradient, N = {n}, {rows} rows"), rate, "Gflop/s", None));
    }
    for (what, seconds) in exponential(isa) {
        found.push(piece(format!("exponential, N = 100, {what}"), seconds * 1e6, "µs", None));
    }
    for percent in [2, 5, 10, 20, 100] {
        for (what, seconds) in spikes(isa, percent) {
            let name = format!("{what}, N = {UNITS}, {percent} % fire");
            found.push(piece(name, seconds * 1e6, "µs", None));
        }
    }
    // the optimiser picks the best instruction set by itself
    if isa == Isa::best() {
        for len in [1 << 14, 1 << 20] {
            let (mut p, g) = (vec![0.1f32; len], vec![0.01f32; len]);
            let mut adam = Optimiser::default().build::<f32>(len);
            let plan = Plan::from_segments(vec![Segment {
                range: 0..len,
                rate: 1.0,
                limits: (f64::NEG_INFINITY, f64::INFINITY),
                decays: false,
            }]);
            let seconds = best(|| adam.step(&mut p, &g, &plan, 1e-3, 1.0));
            let value = seconds * 1e9 / len as f64;
            found.push(piece(format!("Adam, {len} parameters"), value, "ns per parameter", None));
        }
    }
    Ok(found)
}

/// The exponential of absolute weights over the roots of their degrees, as penalties on communicability
/// have it, and its adjoint.
fn exponential(isa: Isa) -> [(&'static str, f64); 2] {
    const N: usize = 100;
    let weight = |i: usize, j: usize| ((i * 31 + j * 17) as f32).sin().abs();
    let degree = |j: usize| (0..N).map(|i| weight(i, j)).sum::<f32>();
    let root: Vec<f32> = (0..N).map(|j| 1.0 / degree(j).sqrt()).collect();
    let a: Vec<f32> =
        (0..N * N).map(|k| root[k / N] * weight(k / N, k % N) * root[k % N]).collect();
    let mut exponential = Expm::new(isa, N);
    let (mut value, mut slope) = (vec![0f32; N * N], vec![0f32; N * N]);
    let forward = best(|| exponential.apply(&a, &mut value));
    let backward = best(|| exponential.pull(&a, &mut slope));
    [("forward", forward), ("adjoint", backward)]
}

fn pointwise(program: Program, isa: Isa, params: &[[f32; 1]]) -> f64 {
    let ld = padded(UNITS);
    let mut kernel = Kernel::<f32>::new(program, isa, ld);
    kernel.set(20.0, |k| &params[k]);
    let length = ROWS * ld;
    let value = |stream: usize, i: usize| ((stream * 7 + i) as f32).sin();
    let inputs: Vec<Vec<f32>> = (0..kernel.program().inputs().len())
        .map(|stream| (0..length).map(|i| value(stream, i)).collect())
        .collect();
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let mut outputs = vec![vec![0f32; length]; kernel.program().outputs()];
    let mut scratch = Scratch::default();
    best(|| {
        let mut views: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        kernel.run(&mut scratch, &inputs, &mut views);
    })
}

/// The leaky unit as one loop written by hand: what a machine makes of it at best. The graph is judged
/// by its ratio to this.
struct ByHand<'a> {
    /// Forward: drive and state (and nothing else). Reverse: rate, its cotangent, that of the next state.
    read: [&'a [f32]; 3],
    /// Forward: next state and rate. Reverse: cotangents of state and drive.
    written: [&'a mut [f32]; 2],
    reverse: bool,
}

impl attractor_numerics::Kernel for ByHand<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let alpha = black_box(0.2f32);
        let n = self.read[0].len();
        let (a, b, c) = (&self.read[0][..n], &self.read[1][..n], &self.read[2][..n]);
        let [d, e] = self.written;
        let (d, e) = (&mut d[..n], &mut e[..n]);
        if self.reverse {
            for k in 0..n {
                let slope = math::madd::<f32, FMA>(-a[k], a[k], 1.0);
                let g = math::madd::<f32, FMA>(b[k], slope, c[k]);
                d[k] = g * (1.0 - alpha);
                e[k] = g * alpha;
            }
        } else {
            for k in 0..n {
                d[k] = math::madd::<f32, FMA>(a[k] - b[k], alpha, b[k]);
                e[k] = math::tanh::<f32, FMA>(d[k]);
            }
        }
    }
}

/// The products of a step that skip silent units: drives of 16 trials, the weight gradient of 400 rows.
fn spikes(isa: Isa, percent: usize) -> [(&'static str, f64); 2] {
    let (ld, rows) = (padded(UNITS), 25 * ROWS);
    let w = vec![0.01f32; UNITS * UNITS];
    // a fixed pattern without a period that branches could learn within a run
    let fires = |k: usize| (k as u32).wrapping_mul(2_654_435_761) >> 16;
    let fires = |k: usize| f32::from(fires(k) as usize % 100 < percent);
    let z: Vec<f32> = (0..rows * ld).map(fires).collect();
    let (d, mut y) = (vec![0.1f32; rows * ld], vec![0f32; ROWS * ld]);
    let mut packed = Packed::new(isa, UNITS, UNITS);
    packed.pack(&w, UNITS);
    let forward = best(|| packed.multiply(&z, ld, ROWS, &mut y, ld, 1.0, true));
    let mut g = vec![0f32; UNITS * UNITS];
    let gradient =
        best(|| accumulate_outer(isa, &mut g, UNITS, &z, ld, UNITS, &d, ld, UNITS, rows));
    [("recurrent spikes, 16 trials", forward), ("weight gradient of spikes, 400 rows", gradient)]
}

fn by_hand(isa: Isa) -> [(&'static str, f64); 2] {
    let stream = || vec![0.3f32; ROWS * padded(UNITS)];
    let (a, b, c, mut d, mut e) = (stream(), stream(), stream(), stream(), stream());
    [("forward", false), ("VJP", true)].map(|(what, reverse)| {
        let seconds = best(|| {
            isa.run(ByHand { read: [&a, &b, &c], written: [&mut d, &mut e], reverse });
        });
        (what, seconds)
    })
}

/// Shortest of many runs, in seconds.
fn best(mut run: impl FnMut()) -> f64 {
    run();
    let mut best = f64::INFINITY;
    for _ in 0..25 {
        let start = Instant::now();
        for _ in 0..8 {
            run();
            black_box(());
        }
        best = best.min(start.elapsed().as_secs_f64() / 8.0);
    }
    best
}
