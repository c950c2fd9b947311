//! Programs run by blocks give what the graph gives, on every instruction set and in both precisions.

use attractor_equations::{
    Function, Integrator, Kernel, Leaf, Neuron, Output, Program, Scratch, Variable,
};
use attractor_numerics::{Isa, Real};

fn leaky() -> Neuron {
    Neuron::define("leaky-tanh", |n| {
        let (x, i, tau) = (n.state("x"), n.drive("I"), n.param("tau", 100.0));
        n.flow(x, (i - x) / tau);
        n.emit("r", n.after(x).tanh());
    })
    .unwrap()
}

/// Every operation once, three states, two drives, per-unit and shared parameters.
fn everything() -> Neuron {
    Neuron::define("everything", |n| {
        let (x, y, z) = (n.state("x"), n.state("y"), n.state("z"));
        let (i, j) = (n.drive("I"), n.drive("J"));
        let (tau, g, b) = (n.param("tau", 50.0), n.param("g", 0.7).per_unit(), n.param("b", 0.2));
        let xi = n.noise("xi");
        n.flow(x, (i - x) / tau + xi * 0.01);
        n.next(y, y * (1.0 - g * g) + n.after(x).sin() * j.cos() + (b * y).erf());
        n.next(
            z,
            (z.abs() + 0.5).sqrt() - (z * z + 1.0).ln() * g + (-x.abs()).exp() / (y * y + 2.0),
        );
        n.emit("r", n.after(y).sigmoid() + n.after(z).relu());
        n.emit("s", x.softplus().min(y).max(z.tanh()) + (i - b).spike() * x.gt(y).select(g, b));
    })
    .unwrap()
}

/// A test value for a leaf and a unit.
fn value(leaf: Leaf, unit: usize) -> f64 {
    let salt = match leaf {
        Leaf::Dt => return 20.0,
        Leaf::Value(Variable::Param(0)) => return 100.0,
        Leaf::Value(Variable::Param(1)) => return 0.3 + 0.01 * (unit % 50) as f64,
        Leaf::Value(Variable::Param(_)) => return 0.4,
        Leaf::Value(Variable::State(k)) => k + 1,
        Leaf::Value(Variable::Drive(k)) => k + 5,
        Leaf::Value(Variable::Noise(k)) => k + 9,
        Leaf::Result(Output::Next(k)) => k + 13,
        Leaf::Cotangent(Output::Next(k)) => k + 17,
        Leaf::Cotangent(Output::Emit(k)) => k + 23,
        _ => 29,
    };
    ((unit * 37 + salt * 101) % 211) as f64 / 105.0 - 1.0
}

/// Largest difference between a compiled function and its graph, over all outputs and units.
fn worst<T: Real>(function: &Function, isa: Isa, ld: usize, rows: usize) -> f64 {
    let program = Program::compile(function, |k| k == 1);
    let mut kernel = Kernel::<T>::new(program, isa, ld);
    let params: Vec<Vec<T>> = (0..3)
        .map(|k| {
            let units = if k == 1 { ld - 3 } else { 1 };
            (0..units).map(|u| T::from_f64(value(Leaf::Value(Variable::Param(k)), u))).collect()
        })
        .collect();
    kernel.set(20.0, |k| &params[k]);
    let n = ld * rows;
    let inputs: Vec<Vec<T>> = kernel
        .program()
        .inputs()
        .iter()
        .map(|&leaf| (0..n).map(|i| T::from_f64(value(leaf, i))).collect())
        .collect();
    let inputs: Vec<&[T]> = inputs.iter().map(Vec::as_slice).collect();
    let mut outputs = vec![vec![T::from_f64(9.0); n]; function.outputs.len()];
    let mut views: Vec<&mut [T]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    kernel.run(&mut Scratch::default(), &inputs, &mut views);
    let mut worst = 0.0f64;
    for (output, &(_, root)) in outputs.iter().zip(&function.outputs) {
        for i in (0..n).filter(|i| i % ld < ld - 3) {
            let exact = function.graph.evaluate(root, |leaf| match leaf {
                // constants per unit repeat from row to row, all else is free
                Leaf::Value(Variable::Param(_)) => T::from_f64(value(leaf, i % ld)).to_f64(),
                _ => T::from_f64(value(leaf, i)).to_f64(),
            });
            let difference = (output[i].to_f64() - exact).abs() / exact.abs().max(1.0);
            assert!(difference.is_finite(), "unit {i}: {} against {exact}", output[i]);
            worst = worst.max(difference);
        }
    }
    worst
}

#[test]
fn blocks_agree_with_the_graph() {
    for neuron in [leaky(), everything()] {
        for integrator in [Integrator::Euler, Integrator::ExponentialEuler] {
            let step = neuron.step(integrator).unwrap();
            let vjp = step.vjp(&neuron.variables(), &[]);
            for isa in Isa::available() {
                for (ld, rows) in [(16, 1), (112, 7), (528, 3), (1040, 2)] {
                    for function in [&step, &vjp] {
                        let single = worst::<f32>(function, isa, ld, rows);
                        let double = worst::<f64>(function, isa, ld, rows);
                        assert!(single < 2e-5, "{} {isa} f32: {single}", neuron.name);
                        assert!(double < 1e-12, "{} {isa} f64: {double}", neuron.name);
                    }
                }
            }
        }
    }
}

#[test]
fn the_leaky_unit_costs_three_and_four_operations() {
    let neuron = leaky();
    let step = neuron.step(Integrator::Euler).unwrap();
    assert_eq!(Program::compile(&step, |_| false).operations(), 3);
    let vjp =
        step.vjp(&[Variable::State(0), Variable::Drive(0)], &[Output::Emit(0), Output::Next(0)]);
    let vjp = Program::compile(&vjp, |_| false);
    assert_eq!(vjp.operations(), 4);
    assert_eq!(
        vjp.inputs(),
        [
            Leaf::Result(Output::Emit(0)),
            Leaf::Cotangent(Output::Next(0)),
            Leaf::Cotangent(Output::Emit(0))
        ]
    );
}
