//! What spiking neurons are differentiated as, against differences of the step in which each surrogate
//! stands as its tangent: `value + derivative · (what it is by - where that was)`.
//!
//! Central differences with a step of 1e-6 on smooth functions of order one are good to 1e-9 or so; the
//! tolerance is 1e-6, relative to the derivative or to 1.

mod common;

use std::collections::BTreeMap;

use attractor_equations::{Binary, Function, Integrator, Leaf, Node, NodeId, Unary, Variable};
use common::*;

/// Values of all nodes that the outputs need. With `at`, the values at another point, surrogates are
/// tangents that touch there, and conditions stand as they do there.
fn values(
    function: &Function,
    leaf: &BTreeMap<Leaf, f64>,
    at: Option<&BTreeMap<NodeId, f64>>,
) -> BTreeMap<NodeId, f64> {
    let roots: Vec<NodeId> = function.outputs.iter().map(|&(_, id)| id).collect();
    let mut known: BTreeMap<NodeId, f64> = BTreeMap::new();
    for id in function.graph.order(&roots, |_, _| false) {
        let value = match (function.graph.node(id), at) {
            (Node::Const(bits), _) => f64::from_bits(bits),
            (Node::Leaf(name), _) => leaf[&name],
            (Node::Unary(op, a), _) => unary(op, known[&a]),
            (Node::Binary(Binary::Gt, ..), Some(at)) => at[&id],
            (Node::Binary(op, a, b), _) => binary(op, known[&a], known[&b]),
            (Node::Select(c, a, b), _) => {
                let condition = at.unwrap_or(&known)[&c];
                known[if condition > 0.0 { &a } else { &b }]
            }
            (Node::Surrogate { value, .. }, None) => known[&value],
            (Node::Surrogate { value, wrt, derivative }, Some(at)) => {
                at[&value] + at[&derivative] * (known[&wrt] - at[&wrt])
            }
        };
        known.insert(id, value);
    }
    known
}

fn unary(op: Unary, a: f64) -> f64 {
    match op {
        Unary::Neg => -a,
        Unary::Abs => a.abs(),
        Unary::Exp => a.exp(),
        Unary::Ln => a.ln(),
        Unary::Sqrt => a.sqrt(),
        Unary::Tanh => a.tanh(),
        Unary::Sigmoid => 1.0 / (1.0 + (-a).exp()),
        Unary::Softplus => a.exp().ln_1p(),
        Unary::Sin => a.sin(),
        Unary::Cos => a.cos(),
        Unary::Erf => unreachable!("no spiking neuron has it"),
    }
}

fn binary(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Max => a.max(b),
        Binary::Min => a.min(b),
        Binary::Gt => f64::from(a > b),
    }
}

#[test]
fn partials_are_those_of_the_tangents() {
    for neuron in spiking() {
        let step = neuron.step(Integrator::Euler).unwrap();
        let variables = neuron.variables();
        let partials = step.partials(&variables);
        let mut steep = 0;
        for seed in 0..40 {
            let mut leaf = BTreeMap::from([(Leaf::Dt, 0.5)]);
            for (k, &variable) in variables.iter().enumerate() {
                let r = number(seed * 97 + k);
                let value = match variable {
                    // around the threshold, so that bumps of every width are met
                    Variable::State(s) => match neuron.states[s].symbol.name.as_str() {
                        "z" => f64::from(r > 0.0),
                        "c" => 4.0 * r.abs(),
                        _ => neuron.states[s].initial + r * neuron.params[0].default.abs().max(1.0),
                    },
                    Variable::Drive(_) => r,
                    Variable::Param(p) => neuron.params[p].default * (1.0 + 0.2 * r),
                    Variable::Noise(_) => unreachable!("no variable"),
                };
                leaf.insert(Leaf::Value(variable), value);
            }
            for k in 0..neuron.noises.len() {
                leaf.insert(Leaf::Value(Variable::Noise(k)), number(seed * 7 + k).abs());
            }
            let at = values(&step, &leaf, None);
            let exact = values(&partials, &leaf, None);
            for (v, &variable) in variables.iter().enumerate() {
                let h = 1e-6 * leaf[&Leaf::Value(variable)].abs().max(1.0);
                let moved = |by: f64| {
                    let mut leaf = leaf.clone();
                    *leaf.get_mut(&Leaf::Value(variable)).unwrap() += by;
                    values(&step, &leaf, Some(&at))
                };
                let (up, down) = (moved(h), moved(-h));
                for (o, &(output, root)) in step.outputs.iter().enumerate() {
                    let numeric = (up[&root] - down[&root]) / (2.0 * h);
                    let found = exact[&partials.outputs[o * variables.len() + v].1];
                    let error = (numeric - found).abs() / found.abs().max(1.0);
                    let name = neuron.name_of(variable);
                    assert!(
                        error < 1e-6,
                        "{}, {output:?} by {name}: {numeric}, {found}",
                        neuron.name
                    );
                    steep += usize::from(found != 0.0 && found != 1.0);
                }
            }
        }
        assert!(steep > 40, "{}: derivatives that say something, {steep}", neuron.name);
    }
}
