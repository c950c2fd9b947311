//! Derived functions against central differences, in double precision.
//!
//! Central differences with step 1e-5 (first derivatives of the step, second of its partials) are good
//! to about 1e-10 for values of order one; the tolerance is 1e-7, absolute and relative.

use std::collections::BTreeMap;

use attractor_equations::{Function, Integrator, Leaf, Neuron, Output, Variable};

const TOLERANCE: f64 = 1e-7;
const STEP: f64 = 1e-5;

/// Name and text of neurons that together use every operation.
const NEURONS: &[(&str, &str)] = &[
    (
        "leaky tanh",
        r#"drives = ["I"]
           equations = ["dx/dt = (-x + I)/tau", "r = tanh(after(x))"]
           parameters.tau = 20.0"#,
    ),
    (
        "nonlinearity inside the leak, noise outside",
        r#"drives = ["I"]
           equations = ["dx/dt = (-x + softplus(g*I))/tau + s*xi", "r = after(x)", "y = sigmoid(x)"]
           noise.xi = "normal"
           parameters = { tau = 20.0, g = 1.3, s = 0.2 }"#,
    ),
    (
        "GRU",
        r#"drives = ["I_z", "I_r", "I_n", "H"]
           equations = [
             "_z = sigmoid(I_z)", "_n = tanh(I_n + sigmoid(I_r)*(H + b))",
             "h[t+1] = (1 - _z)*_n + _z*h", "h = after(h)"]
           parameters.b = 0.3"#,
    ),
    (
        "LSTM",
        r#"drives = ["I_i", "I_f", "I_g", "I_o"]
           equations = [
             "c[t+1] = sigmoid(I_f)*c + sigmoid(I_i)*tanh(I_g)",
             "h[t+1] = sigmoid(I_o)*tanh(after(c))", "h = after(h)"]"#,
    ),
    (
        "every smooth function",
        r#"drives = ["I", "J"]
           equations = [
             "dx/dt = sin(I) + cos(x*J) - erf(x/2) + exp(-x^2)",
             "dy/dt = ln(1 + x^2) - sqrt(2 + I) + y^3/(1 + J^2) - y^0.5",
             "r = sigmoid(after(x))*softplus(after(y)) - tanh(x)^-2"]
           states.y.initial = 1.0"#,
    ),
    (
        "every kink",
        r#"drives = ["I", "J"]
           equations = [
             "dx/dt = max(x, I) - min(x, J)*abs(I - x) + relu(J) - relu(-I)",
             "dy/dt = select(x - J, x*I, y*J) + gt(y, x)*y",
             "r = max(after(x), 0.1) - abs(after(y))"]"#,
    ),
    (
        "adaptive, after within updates",
        r#"drives = ["I"]
           equations = [
             "v[t+1] = v*exp(-dt/tau_v) + I*(1 - exp(-dt/tau_v)) - beta*after(a)",
             "a[t+1] = a*exp(-dt/tau_a) + tanh(v)",
             "r = tanh(after(v)) + after(a)*v"]
           parameters = { tau_v = 20.0, tau_a = 200.0, beta = 0.4 }"#,
    ),
    (
        "continuous gates",
        r#"drives = ["I", "I_z", "I_r"]
           equations = [
             "dh/dt = sigmoid(z)*(-h + I)/tau", "dz/dt = (-z + I_z)/tau_z", "dr/dt = (-r + I_r)/tau_r",
             "s = sigmoid(after(r))*tanh(after(h))"]
           parameters = { tau = 10.0, tau_z = 30.0, tau_r = 25.0 }"#,
    ),
    (
        "cubic, its slope 0 at 0",
        r#"drives = ["I"]
           equations = ["dx/dt = x - x^3/3 - w + I", "dw/dt = (x + a - b*w)/tau", "r = after(x)"]
           parameters = { a = 0.7, b = 0.8, tau = 12.5 }"#,
    ),
];

fn neuron(text: &str) -> Neuron {
    let toml = format!("name = \"n\"\n{text}");
    Neuron::from_toml(&toml, "test").unwrap_or_else(|error| panic!("{error}"))
}

type Values = BTreeMap<Leaf, f64>;

/// Numbers in ±(0.2, 1.2), parameters positive, from a seed.
fn values(neuron: &Neuron, variables: &[Variable], seed: u64) -> Values {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(7);
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut values = Values::from([(Leaf::Dt, 0.5)]);
    for &variable in variables {
        let size = 0.2 + draw();
        let negative = draw() < 0.5;
        let value = match variable {
            Variable::Param(k) => neuron.params[k].default * (0.5 + draw()),
            // sqrt(y) needs a positive y
            Variable::State(1) => size,
            _ if negative => -size,
            _ => size,
        };
        values.insert(Leaf::Value(variable), value);
    }
    values
}

fn evaluate(function: &Function, values: &Values) -> Vec<f64> {
    let leaf = |leaf| *values.get(&leaf).unwrap_or_else(|| panic!("no value for {leaf:?}"));
    function.outputs.iter().map(|&(_, id)| function.graph.evaluate(id, leaf)).collect()
}

/// `∂output/∂variable` of a function by central differences, `[output][variable]`.
fn differences(function: &Function, variables: &[Variable], values: &Values) -> Vec<Vec<f64>> {
    let at = |variable, by: f64| {
        let mut moved = values.clone();
        *moved.entry(Leaf::Value(variable)).or_default() += by;
        evaluate(function, &moved)
    };
    let columns: Vec<Vec<f64>> = variables
        .iter()
        .map(|&variable| {
            let (up, down) = (at(variable, STEP), at(variable, -STEP));
            up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * STEP)).collect()
        })
        .collect();
    (0..function.outputs.len()).map(|o| columns.iter().map(|c| c[o]).collect()).collect()
}

#[track_caller]
fn assert_close(one: f64, other: f64, what: &str) {
    assert!(
        (one - other).abs() <= TOLERANCE * (1.0 + other.abs()),
        "{what}: {one} against {other}"
    );
}

/// Calls `check` with every neuron under both integrators, at four points.
fn everywhere(check: impl Fn(&str, &Function, &[Variable], &Values)) {
    for (name, text) in NEURONS {
        let neuron = neuron(text);
        let mut variables = neuron.variables();
        variables.extend((0..neuron.noises.len()).map(Variable::Noise));
        for integrator in [Integrator::Euler, Integrator::ExponentialEuler] {
            let step = neuron.step(integrator).unwrap_or_else(|error| panic!("{error}"));
            for seed in 0..4 {
                let what = format!("{name}, {integrator:?}, point {seed}");
                check(&what, &step, &variables, &values(&neuron, &variables, seed));
            }
        }
    }
}

#[test]
fn partials_are_the_derivatives() {
    everywhere(|what, step, variables, values| {
        let partials = evaluate(&step.partials(variables), values);
        let expected = differences(step, variables, values).concat();
        for (k, (one, other)) in partials.iter().zip(&expected).enumerate() {
            assert_close(*one, *other, &format!("{what}, partial {k}"));
        }
    });
}

#[test]
fn partials_of_partials_are_the_second_derivatives() {
    everywhere(|what, step, variables, values| {
        let partials = step.partials(variables);
        let second = evaluate(&partials.partials(variables), values);
        let expected = differences(&partials, variables, values).concat();
        for (k, (one, other)) in second.iter().zip(&expected).enumerate() {
            assert_close(*one, *other, &format!("{what}, second partial {k}"));
        }
    });
}

#[test]
fn reverse_mode_pulls_back_the_cotangents_whatever_is_kept() {
    everywhere(|what, step, variables, values| {
        let jacobian = differences(step, variables, values);
        let forward = evaluate(step, values);
        let mut values = values.clone();
        let cotangent = |k: usize| 0.7 - 0.4 * k as f64;
        for (k, &(name, _)) in step.outputs.iter().enumerate() {
            values.insert(Leaf::Cotangent(name), cotangent(k));
        }
        let recomputed = evaluate(&step.vjp(variables, &[]), &values);
        for (v, value) in recomputed.iter().enumerate() {
            let expected: f64 =
                jacobian.iter().enumerate().map(|(o, row)| cotangent(o) * row[v]).sum();
            assert_close(*value, expected, &format!("{what}, variable {v}"));
        }
        for (k, &(name, _)) in step.outputs.iter().enumerate() {
            values.insert(Leaf::Result(name), forward[k]);
        }
        let names: Vec<Output> = step.outputs.iter().map(|&(name, _)| name).collect();
        for kept in [&names[..], &names[..1], &names[names.len() - 1..]] {
            let pulled = evaluate(&step.vjp(variables, kept), &values);
            for (one, other) in pulled.iter().zip(&recomputed) {
                assert!(
                    (one - other).abs() <= 1e-13 * (1.0 + other.abs()),
                    "{what}: {one} {other}"
                );
            }
        }
    });
}

#[test]
fn forward_mode_pushes_the_tangents() {
    everywhere(|what, step, variables, values| {
        let jacobian = differences(step, variables, values);
        let partials = evaluate(&step.partials(variables), values);
        let mut values = values.clone();
        let tangent = |k: usize| 0.3 + 0.2 * k as f64;
        for (v, &variable) in variables.iter().enumerate() {
            values.insert(Leaf::Tangent(variable), tangent(v));
            for (o, &(name, _)) in step.outputs.iter().enumerate() {
                values.insert(Leaf::Partial(name, variable), partials[o * variables.len() + v]);
            }
        }
        let pushed = evaluate(&step.jvp(variables), &values);
        for (o, value) in pushed.iter().enumerate() {
            let expected: f64 = jacobian[o].iter().enumerate().map(|(v, j)| j * tangent(v)).sum();
            assert_close(*value, expected, &format!("{what}, output {o}"));
        }
    });
}

#[test]
fn what_is_kept_is_read_and_not_computed_again() {
    let step = neuron(NEURONS[0].1).step(Integrator::Euler).unwrap_or_else(|e| panic!("{e}"));
    let pulled = step.vjp(&[Variable::State(0)], &[Output::Emit(0)]);
    let reads = pulled.reads();
    assert!(reads.contains(&Leaf::Result(Output::Emit(0))), "{reads:?}");
    assert!(!reads.contains(&Leaf::Value(Variable::Drive(0))), "tanh is computed again: {reads:?}");
}

#[test]
fn a_surrogate_differentiates_as_it_says() {
    let neuron = neuron(
        r#"drives = ["I"]
           equations = [
             "v[t+1] = v + I", "s = spike(after(v) - 1)",
             "r = surrogate(gt(v, 1), v, exp(-abs(v)))", "d = detach(v)*I"]"#,
    );
    let step = neuron.step(Integrator::Euler).unwrap_or_else(|e| panic!("{e}"));
    let (v, i) = (1.4, -0.1);
    let variables = neuron.variables();
    let values =
        Values::from([(Leaf::Value(Variable::State(0)), v), (Leaf::Value(Variable::Drive(0)), i)]);
    assert_eq!(evaluate(&step, &values), [v + i, 1.0, 1.0, v * i]);
    let slope = 1.0 / (1.0 + (v + i - 1.0_f64).abs()).powi(2);
    let expected = [1.0, 1.0, slope, slope, (-v).exp(), 0.0, 0.0, v];
    for (one, other) in evaluate(&step.partials(&variables), &values).iter().zip(expected) {
        assert!((one - other).abs() < 1e-14, "{one} {other}");
    }
}

#[test]
fn exponential_euler_is_exact_for_a_linear_leak() {
    let step = neuron(NEURONS[0].1).step(Integrator::ExponentialEuler);
    let step = step.unwrap_or_else(|e| panic!("{e}"));
    let (x, i) = (0.8, -0.3);
    for tau in [0.1, 1.0, 20.0, 1e4] {
        for dt in [1e-3, 0.1, 0.5, 1.0, 7.0, 300.0] {
            let values = Values::from([
                (Leaf::Dt, dt),
                (Leaf::Value(Variable::State(0)), x),
                (Leaf::Value(Variable::Drive(0)), i),
                (Leaf::Value(Variable::Param(0)), tau),
            ]);
            let exact = i + (x - i) * (-dt / tau).exp();
            let value = evaluate(&step, &values)[0];
            assert!((value - exact).abs() < 1e-13, "dt {dt}, tau {tau}: {value} {exact}");
        }
    }
}

#[test]
fn exponential_euler_and_its_derivatives_are_finite_where_the_slope_is_zero() {
    let cubic = neuron(
        r#"drives = ["I"]
           equations = ["dx/dt = I - x^3", "r = after(x)"]"#,
    );
    let step = cubic.step(Integrator::ExponentialEuler).unwrap_or_else(|e| panic!("{e}"));
    let values = Values::from([
        (Leaf::Dt, 0.5),
        (Leaf::Value(Variable::State(0)), 0.0),
        (Leaf::Value(Variable::Drive(0)), 0.7),
    ]);
    assert_eq!(evaluate(&step, &values)[0], 0.35);
    let variables = cubic.variables();
    let partials = step.partials(&variables);
    // x' = x + dt I (1 + z/2 + z²/6 + …), z = -3 x² dt
    assert_eq!(evaluate(&partials, &values)[..2], [1.0, 0.5]);
    let second = evaluate(&partials.partials(&variables), &values);
    assert!((second[0] + 0.7 * 0.5 * 3.0 * 0.5).abs() < 1e-14, "{second:?}");
}

#[test]
fn after_is_the_new_value_in_whatever_order_the_equations_stand() {
    let chain = neuron(
        r#"drives = ["I"]
           equations = [
             "a[t+1] = 2*after(b) + a", "b[t+1] = 3*after(c) + b", "dc/dt = I - c",
             "r = after(a) - a", "q = a + after(b)*after(c)"]"#,
    );
    let step = chain.step(Integrator::Euler).unwrap_or_else(|e| panic!("{e}"));
    let (a, b, c, i, dt) = (0.1, 0.2, 0.3, 0.9, 0.5);
    let mut values = Values::from([(Leaf::Dt, dt), (Leaf::Value(Variable::Drive(0)), i)]);
    for (k, x) in [a, b, c].into_iter().enumerate() {
        values.insert(Leaf::Value(Variable::State(k)), x);
    }
    let c2 = c + dt * (i - c);
    let b2 = 3.0 * c2 + b;
    let a2 = 2.0 * b2 + a;
    let names: Vec<Output> = step.outputs.iter().map(|&(name, _)| name).collect();
    use Output::{Emit, Next};
    assert_eq!(names, [Next(0), Next(1), Next(2), Emit(0), Emit(1)]);
    for (one, other) in evaluate(&step, &values).iter().zip([a2, b2, c2, a2 - a, a + b2 * c2]) {
        assert!((one - other).abs() < 1e-14, "{one} {other}");
    }
    // before the first step: after(x) = x, no drive
    let rest = evaluate(&chain.at_rest(), &values);
    assert!(rest[0].abs() < 1e-14 && (rest[1] - (a + b * c)).abs() < 1e-14, "{rest:?}");
}
