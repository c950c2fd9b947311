//! The text form: what it means, how it is written back, and what is said of mistakes.

use attractor_equations::{
    Distribution, Leaf, Neuron, NeuronError, NeuronText, Output, Update, Variable,
};

#[track_caller]
fn read(toml: &str) -> Neuron {
    Neuron::from_toml(toml, "n.toml").unwrap_or_else(|error| panic!("{error}"))
}

const LEAKY: &str = r#"
name = "leaky-tanh"
doc = "Leaky rate unit"
source = "Sompolinsky et al. 1988"
drives = ["I"]
equations = ["dx/dt = (-x + I)/tau", "r = tanh(after(x))"]

[parameters.tau]
default = 100
unit = "ms"
doc = "membrane time constant"
trained = true
range = [1, inf]

[states.x]
initial = 0.1
doc = "potential"

[symbols.I]
unit = "mV"

[symbols.r]
unit = "Hz"
"#;

#[test]
fn the_text_gives_the_very_graph_of_the_closure() {
    let text = read(LEAKY);
    let written = Neuron::define("leaky-tanh", |n| {
        let tau = n.param("tau", 100.0).unit("ms").doc("membrane time constant");
        let tau = tau.trained().range(1.0, f64::INFINITY);
        let i = n.drive("I").unit("mV");
        let x = n.state("x").initial(0.1).doc("potential");
        n.emit_symbol(
            attractor_equations::Symbol { name: "r".into(), unit: "Hz".into(), doc: String::new() },
            n.after(x).tanh(),
        );
        n.flow(x, (i - x) / tau);
        n.doc("Leaky rate unit");
        n.source("Sompolinsky et al. 1988");
    });
    assert_eq!(Ok(text), written);
}

#[test]
fn maps_noise_local_values_and_short_parameters() {
    let gru = read(
        r#"
name = "gru"
drives = ["I_z", "I_n"]
equations = [
  "_z = sigmoid(I_z)",                  # a local value: no emission, no cost
  "h[t + 1] = (1 - _z)*tanh(I_n) + _z*h + s*xi",
  "h = after(h)",                       # an emission may carry a state's name
]
parameters = { s = 0.5, }
noise = { xi = "uniform" }
"#,
    );
    assert!(matches!(gru.states[0].update, Update::Next(_)));
    assert_eq!(gru.noises[0].distribution, Distribution::Uniform);
    assert_eq!((gru.params[0].default, gru.named[0].0.as_str()), (0.5, "z"));
    assert_eq!(gru.emissions.len(), 1);
    assert_eq!(
        gru.graph.node(gru.emissions[0].value),
        attractor_equations::Node::Leaf(Leaf::Result(Output::Next(0)))
    );
}

/// The value of an expression of state `x` = 3.
#[track_caller]
fn value(expression: &str) -> f64 {
    let neuron = read(&format!("name = 'n'\nequations = ['x[t+1] = x', 'r = {expression}']"));
    neuron.graph.evaluate(neuron.emissions[0].value, |leaf| match leaf {
        Leaf::Value(Variable::State(0)) => 3.0,
        Leaf::Dt => 0.5,
        Leaf::Result(_) => 7.0,
        other => panic!("{other:?}"),
    })
}

#[test]
fn operators_bind_as_on_paper() {
    let cases = [
        ("10 - x - 2", 5.0),
        ("10 - (x - 2)", 9.0),
        ("12/x/2", 2.0),
        ("12/x*2", 8.0),
        ("1 + 2*x", 7.0),
        ("-x^2", -9.0),
        ("(-x)^2", 9.0),
        ("2^x^0 * x", 6.0),
        ("x^-2", 1.0 / 9.0),
        ("(x + 1)^0.5", 2.0),
        ("x*-2", -6.0),
        ("- - x", 3.0),
        ("+x", 3.0),
        ("1e-3*x", 3e-3),
        (".5e1 + 2.", 7.0),
        ("after(x) - x", 4.0),
        ("dt*x", 1.5),
        ("max(x, 4) + min(x, 4) + abs(-x)", 10.0),
        ("gt(x, 2) - gt(2, x) + spike(x)", 2.0),
        ("select(x - 3, 1, 2)", 2.0),
        ("relu(-x) + relu(x)", 3.0),
        ("surrogate(x, x, 1) + detach(x)", 6.0),
    ];
    for (expression, expected) in cases {
        let value = value(expression);
        assert!((value - expected).abs() < 1e-14, "{expression}: {value}");
    }
}

#[test]
fn written_back_it_reads_as_on_paper_and_gives_the_same_neuron() {
    let neuron = read(
        r#"
name = "n"
drives = ["I", "J"]
equations = [
  "_z = sigmoid(I + 2*x)",
  "dx/dt = -(x - I)/tau - (x + J)*(x - 1e-7) + relu(J)",
  "y[t+1] = _z*y^2 - (y - (I - J)) - 2*(y/(I*J)) + -(2*y) + -(y*x)",
  "r = after(x)/after(y) + exp(-dt/tau)*J + exp(-dt/tau)*I + spike(x - 1)",
  "q = _z + tanh(exp(-(x*y + I*J)/tau))*I + sin(tanh(exp(-(x*y + I*J)/tau))) + detach(x) - 3",
]
[parameters.tau]
default = 20.0
range = [1.0, inf]
"#,
    );
    let text = neuron.to_text();
    let expected = [
        "_z = sigmoid(I + 2*x)",
        "_1 = tanh(exp(-(x*y + I*J)/tau))",
        "dx/dt = (I - x)/tau - (x + J)*(x - 1e-7) + relu(J)",
        "y[t+1] = y^2*_z - (y - (I - J)) - 2*(y/(I*J)) - 2*y - x*y",
        "r = after(x)/after(y) + J*exp(-dt/tau) + I*exp(-dt/tau) + spike(x - 1)",
        "q = _z + I*_1 + sin(_1) + detach(x) - 3",
    ];
    assert_eq!(text.equations, expected);
    assert_eq!(Neuron::parse(&text, "again"), Ok(neuron.clone()));
    assert_eq!(Neuron::from_toml(&text.to_toml(), "again"), Ok(neuron.clone()));
    let json = serde_json::to_string(&text).unwrap_or_default();
    assert!(json.contains(r#""range":[1.0,"inf"]"#), "{json}");
    let again: Result<NeuronText, _> = serde_json::from_str(&json);
    assert_eq!(again.ok(), Some(text));
}

#[test]
fn values_used_often_are_written_once() {
    // without local values this would print 2^60 operands
    let neuron = Neuron::define("doubling", |n| {
        let x = n.state("x");
        let mut y = x;
        for _ in 0..60 {
            y = (y + 1.0) * y.tanh();
        }
        n.next(x, y);
        n.emit("r", x);
    });
    let Ok(neuron) = neuron else { panic!("a sound neuron") };
    let text = neuron.to_text();
    assert!(text.equations.iter().map(String::len).sum::<usize>() < 10_000);
    assert_eq!(Neuron::parse(&text, "again"), Ok(neuron.clone()));
    assert!(neuron.latex().iter().map(String::len).sum::<usize>() < 20_000);
}

#[test]
fn long_chains_and_deep_nests_are_no_matter() {
    let chain = format!("r = x{}", " + tanh(x) * 2".repeat(20_000));
    let neuron = read(&format!("name = 'n'\nequations = ['x[t+1] = x', '{chain}']"));
    let text = neuron.to_text();
    assert_eq!(Neuron::parse(&text, "again"), Ok(neuron));
    let deep = Neuron::define("deep", |n| {
        let x = n.state("x");
        n.next(x, (0..20_000).fold(x, |y, _| y.sin()));
        n.emit("r", x);
    });
    let Ok(deep) = deep else { panic!("a sound neuron") };
    assert_eq!(Neuron::parse(&deep.to_text(), "again"), Ok(deep.clone()));
    assert!(deep.latex().len() > 1000);
}

#[test]
fn latex_follows_the_conventions_of_the_field() {
    let lines = |toml: &str| read(&format!("name = 'n'\n{toml}")).latex();
    assert_eq!(
        lines(
            "drives = ['I']\nequations = ['dx/dt = (I - x)/tau', 'r = tanh(after(x))']\nparameters.tau = 1"
        ),
        [r"\tau \frac{dx}{dt} = I - x", r"r = \tanh(x^{+})"]
    );
    assert_eq!(
        lines(
            "drives = ['I_z', 'I_n']
             equations = ['_z = sigmoid(I_z)', 'h[t+1] = (1 - _z)*tanh(I_n) + _z*h', 'h = after(h)']"
        ),
        [
            r"z = \sigma(I_{z})",
            r"h^{+} = h \, z + (1 - z) \, \tanh(I_{n})",
            "h = h^{+}"
        ]
    );
    assert_eq!(
        lines(
            "drives = ['I', 'W_in']
             equations = [
               'dv1/dt = -(v1 - 70)/tau_m - 1e-3*I^2 + sqrt(W_in) - (v1 + I)^2',
               'r = spike(v1 - 1) + abs(I/W_in) + max(I, 0) + gt(I, 1)',
               's = select(gt(I, 1), exp(-dt/tau_m), v1) + detach(after(v1))^2']
             parameters.tau_m = 1"
        ),
        [
            r"\frac{dv_{1}}{dt} = \sqrt{W_{\mathrm{in}}} + \frac{70 - v_{1}}{\tau_{m}} - 0.001 \, I^{2} - (v_{1} + I)^{2}",
            r"r = [I > 1] + [I]_{+} + \left|\frac{I}{W_{\mathrm{in}}}\right| + \Theta(v_{1} - 1)",
            r"s = (v_{1}^{+})^{2} + \begin{cases} \exp\left(-\frac{dt}{\tau_{m}}\right) & I > 1 \\ v_{1} & \text{otherwise} \end{cases}",
        ]
    );
}

/// Reads a text with one mistake, marked in the expectation as `line:column`.
#[track_caller]
fn mistake(toml: &str, place: &str, said: &str) {
    let error = match Neuron::from_toml(toml, "n.toml") {
        Ok(_) => panic!("nothing wrong with {toml}"),
        Err(error) => error,
    };
    let [NeuronError::Text { line, column, message, text, caret, .. }] = error.each() else {
        panic!("not one error with a place: {error}");
    };
    assert_eq!(format!("{line}:{column}"), place, "{error}");
    assert!(message.contains(said), "{error}");
    let whole = toml.lines().nth(line - 1).unwrap_or_default();
    if whole.chars().count() <= 100 {
        assert_eq!(text, whole);
        assert_eq!(caret.chars().count(), column - 1);
    }
    assert!(error.to_string().starts_with(&format!("n.toml:{place}: ")));
}

/// A leaky unit with another right-hand side of its flow, which begins at 4:11.
fn flow(right: &str) -> String {
    format!(
        "name = 'n'\ndrives = ['I']\nequations = [\n 'dx/dt = {right}', 'r = tanh(after(x))', 'q = tau*I']\nparameters.tau = 20"
    )
}

#[test]
fn conditions_are_read_and_checked() {
    let with = |condition: &str| {
        format!(
            "name = 'n'\nequations = ['_b = a*2', 'dx/dt = -x/_b', 'r = x']\nrequires = [\n '{condition}']\nparameters.a = 3"
        )
    };
    let neuron = read(&with("_b >= dt"));
    assert_eq!(neuron.to_text().requires, ["_b >= dt"]);
    assert_eq!(Neuron::parse(&neuron.to_text(), "n").unwrap(), neuron);
    assert_eq!(neuron.check_requirements(6.0, |_| 3.0), Ok(()));
    let error = neuron.check_requirements(6.1, |_| 3.0).unwrap_err().to_string();
    assert_eq!(error, "the neuron requires _b >= dt, but 6 is less than 6.1");
    mistake(&with("a > dt"), "4:3", "written with `>=`");
    mistake(&with("a >= dtt"), "4:8", "unknown symbol `dtt`: did you mean `dt`?");
    mistake(&with("a*(2 >= dt"), "4:5", "this `(` is never closed");
    mistake(&with("a >= "), "4:8", "the right-hand side is empty");
}

#[test]
fn mistakes_in_an_expression() {
    let cases = [
        ("(-x + I)/tua", "4:20", "unknown symbol `tua`: did you mean `tau`?"),
        ("(-x + i)/tau", "4:17", "did you mean `I`?"),
        (
            "(-x + I)/gain",
            "4:20",
            "known are I, dt, tau, x; declare others as drive, parameter or noise",
        ),
        ("tahn(x)", "4:11", "unknown function `tahn`: did you mean `tanh`?"),
        ("-x + log(I)", "4:16", "write `ln`"),
        ("tanh x", "4:11", "`tanh` is a function: write tanh(…)"),
        ("x(I + 1)", "4:11", "`x` is not a function: write x*(…) for a product"),
        ("max(x)", "4:11", "`max` takes 2 arguments, here are 1: write max(a, b)"),
        ("tanh(x, I)", "4:11", "`tanh` takes 1 argument, here are 2: write tanh(a)"),
        ("exp()", "4:11", "`exp` takes 1 argument, here are 0"),
        ("select(x, I)", "4:11", "write select(c, a, b)"),
        ("(-x + I/tau", "4:11", "this `(` is never closed: add `)`"),
        ("tanh(x + (I)", "4:15", "this `(` is never closed"),
        ("-x + I)/tau", "4:17", "this `)` has no `(`"),
        ("-x + ", "4:16", "ends too early"),
        ("", "4:11", "the right-hand side is empty"),
        ("-x + * I", "4:16", "a value is missing before `*`"),
        ("2 x", "4:13", "an operator is missing before `x`: write `*`"),
        ("2x", "4:12", "an operator is missing before `x`: write `*`"),
        ("x ** 2", "4:14", "write `^`"),
        ("x^I", "4:13", "write exp(b*ln(a)) for a^b"),
        ("x^100", "4:13", "a whole number from -64 to 64"),
        ("x^1.5", "4:13", "or 0.5"),
        ("x > I", "4:13", "unexpected character `>`: write gt(a, b)"),
        ("τ − x", "4:13", "unexpected character `−`: write `-`"),
        ("I = x", "4:13", "a second `=`"),
        ("x[t] + I", "4:12", "after(x) the one after it"),
        ("x, I", "4:12", "only separates the arguments"),
        ("r + I", "4:11", "`r` is an emission, which equations cannot read"),
        ("after(I)", "4:17", "`I` is not a state"),
        ("after(y)", "4:17", "states are: x"),
        ("after(x + 1)", "4:11", "write after(x)"),
        ("1e999*x", "4:11", "too large"),
        ("x + #", "4:15", "unexpected character `#`"),
        ("spike()", "4:11", "write spike(v - th)"),
        ("spike(x, 2)", "4:20", "the name of a surrogate is missing"),
        ("spike(x, triangel)", "4:20", "unknown surrogate `triangel`: did you mean `triangular`?"),
        ("spike(x, multi-gausian, I)", "4:20", "did you mean `multi-gaussian`?"),
        ("spike(x, box)", "4:20", "there is: triangular, fast-sigmoid, arctan"),
        ("spike(x, arctan, 1, 2)", "4:29", "`,` only separates"),
    ];
    for (right, place, said) in cases {
        mistake(&flow(right), place, said);
    }
    let deep = flow(&format!("{}x{}", "(".repeat(5000), ")".repeat(5000)));
    mistake(&deep, "4:111", "more than 100 parentheses within each other");
    mistake(&flow(&"-(".repeat(200)), "4:212", "more than 100 parentheses");
}

#[test]
fn mistakes_in_what_is_defined() {
    let with = |equations: &str, rest: &str| {
        format!("name = \"n\"\ndrives = [\"I\"]\nequations = [{equations}]\n{rest}")
    };
    let cases = [
        // left-hand sides
        (with(r#""dx/dt = I", "r = x", "x""#, ""), "3:37", "an equation needs `=`"),
        (with(r#""tau*dx/dt = I - x", "r = I""#, ""), "3:15", "left-hand side is not understood"),
        (with(r#""x[t] = I", "r = I""#, ""), "3:15", "`x[t+1] = …`"),
        (with(r#""dx/dt = I", "dx/dt = -x", "r = x""#, ""), "3:29", "`x` is defined twice"),
        (with(r#""dx/dt = I", "x[t+1] = x", "r = x""#, ""), "3:28", "`x` is defined twice"),
        (with(r#""dx/dt = I", "r = x", "r = I""#, ""), "3:37", "`r` is defined twice"),
        (with(r#""dI/dt = I", "r = I""#, ""), "2:12", "`I` is defined twice"),
        (with(r#""dx/dt = I", "I = x""#, ""), "3:28", "`I` is defined twice"),
        (with(r#""dx/dt = I", "_u = x", "_u = I", "r = _u""#, ""), "3:38", "`_u` is defined twice"),
        (with(r#""dx/dt = I", "r = x", "tanh = x""#, ""), "3:37", "is the name of a function"),
        (with(r#""dx/dt = I", "r = x", "dt = x""#, ""), "3:37", "is the time step"),
        // local values
        (
            with(r#""dx/dt = I + _u", "_u = x", "r = x""#, ""),
            "3:27",
            "`_u` is used before it is defined",
        ),
        (
            with(r#""dx/dt = I", "_u = x", "r = x""#, ""),
            "3:28",
            "local value `_u` is declared but no equation uses it",
        ),
        // declarations
        (
            with(r#""dx/dt = I", "r = x""#, "[parameters.tau]\ndefault = 1"),
            "4:13",
            "parameter `tau` is declared but no equation uses it",
        ),
        (
            with(r#""dx/dt = 1", "r = x""#, ""),
            "2:12",
            "drive `I` is declared but no equation uses it",
        ),
        (
            with(r#""dx/dt = I", "r = x""#, "noise.xi = \"normal\""),
            "4:7",
            "noise `xi` is declared but no equation uses it",
        ),
        (
            with(r#""dx/dt = I", "r = x""#, "[states.v]\ninitial = 1"),
            "4:9",
            "state `v` has no update: add `dv/dt = …` or `v[t+1] = …`",
        ),
        (
            with(r#""dx/dt = I", "r = x""#, "[symbols.J]\nunit = 'mV'"),
            "4:10",
            "`J` is no drive, noise or emission: remove it",
        ),
        (
            with(r#""dx/dt = I", "rate = x""#, "[symbols.rat]\nunit = 'Hz'"),
            "4:10",
            "did you mean `rate`?",
        ),
        (with(r#""x' = I", "r = I""#, ""), "3:16", "unexpected character `'`: write dx/dt"),
        (
            with(r#""dx/dt = I", "r = x""#, "[symbols.x]\nunit = 'mV'"),
            "4:10",
            "describe it under [states.x]",
        ),
        (
            with(r#""dx/dt = I*a", "r = x""#, "[parameters.a]\ndefault = 2\nrange = [0, 1]"),
            "4:13",
            "parameter `a` = 2 lies outside its range [0, 1]",
        ),
        (with(r#""dx/dt = I*a", "r = x""#, "parameters.a = nan"), "4:12", "starts at NaN"),
        (with(r#""dx/dt = I", "r = x""#, "states.x.initial = inf"), "4:8", "starts at inf"),
        (
            with(r#""dx/dt = I", "r = x""#, "[parameters.I]\ndefault = 2"),
            "4:13",
            "`I` is defined twice",
        ),
        (
            with(r#""dx/dt = I", "r = x""#, "[parameters.\"a b\"]\ndefault = 2"),
            "4:13",
            "`a b` is not a name",
        ),
        (with(r#""dx/dt = I""#, ""), "3:1", "the neuron emits nothing"),
        // order
        (
            with(r#""dx/dt = I + after(y)", "dy/dt = after(z)", "dz/dt = -after(y)", "r = x""#, ""),
            "3:47",
            "`after` runs in a circle among the states y, z",
        ),
        (with(r#""x[t+1] = I + after(x)", "r = x""#, ""), "3:28", "circle among the states x"),
    ];
    for (toml, place, said) in cases {
        mistake(&toml, place, said);
    }
}

#[test]
fn mistakes_in_the_toml() {
    let cases = [
        ("name = 'n'\nequation = ['r = 1']", "2:1", "unknown field `equation`"),
        ("name = 'n'\nequation = ['r = 1']", "2:1", "did you mean `equations`?"),
        (
            "name = 'n'\nequations = ['r = 1']\n[parameters.tau]\ndefualt = 1",
            "4:1",
            "did you mean `default`?",
        ),
        (
            "name = 'n'\nequations = ['r = 1']\n[parameters.tau]\nunit = 'ms'",
            "3:1",
            "missing field `default`",
        ),
        (
            "name = 'n'\nequations = ['r = 1']\n[parameters]\ntau = 'ms'",
            "4:7",
            "a number, or a table with `default`",
        ),
        (
            "name = 'n'\nequations = ['r = 1']\n[parameters.tau]\ndefault = 1\nrange = 3",
            "5:9",
            "a range is two numbers",
        ),
        (
            "name = 'n'\nequations = ['r = 1']\nnoise.xi = 'gauss'",
            "3:12",
            "expected `normal` or `uniform`",
        ),
        ("name = 'n'\nequations = 'r = 1'", "2:13", "expected a sequence"),
        ("name = 3\nequations = ['r = 1']", "1:8", "expected a string"),
        ("name = 'n'\nequations = ['r = 1', 2]", "2:23", "expected a string"),
        ("name = 'n'\nequations = ['r = 1'", "2:21", ""),
        ("name = 'n'\nname = 'm'\nequations = []", "2:1", "duplicate key"),
        ("equations = []", "1:1", "missing field `name`"),
    ];
    for (toml, place, said) in cases {
        mistake(toml, place, said);
    }
}

#[test]
fn all_mistakes_come_at_once_in_the_order_of_the_file() {
    let toml = "name = 'n'\ndrives = ['I', 'J']\nequations = [\n 'dx/dt = (-x + i)/tua',\n 'r = tahn(x) + y',\n 'q = (x']\n[parameters]\ntau = 1";
    let error = Neuron::from_toml(toml, "n.toml").err();
    let places: Vec<(usize, usize)> = error
        .iter()
        .flat_map(NeuronError::each)
        .map(|e| match e {
            NeuronError::Text { line, column, .. } => (*line, *column),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(places, [(4, 17), (4, 20), (5, 7), (6, 7)]);
    let toml = "name = 'n'\ndrives = ['I', 'J']\nequations = ['dx/dt = -x', 'r = x']";
    let message = Neuron::from_toml(toml, "n.toml").err().map(|e| e.to_string());
    let expected = "n.toml:2:12: drive `I` is declared but no equation uses it: use it or remove it\n  \
                    | drives = ['I', 'J']\n  |            ^\n\
                    n.toml:2:17: drive `J` is declared but no equation uses it: use it or remove it\n  \
                    | drives = ['I', 'J']\n  |                 ^";
    assert_eq!(message.as_deref(), Some(expected));
}

#[test]
fn columns_hold_in_every_kind_of_string() {
    mistake(
        "name = 'n'\nequations = [\"\"\"\nx[t+1] =\n\t-x + yy\"\"\", 'r = x']",
        "4:7",
        "unknown symbol `yy`",
    );
    mistake(
        "name = 'n'\r\nequations = ['x[t+1] = x', 'r = ä + x']\r\n",
        "2:33",
        "unknown symbol `ä`",
    );
    // with escapes, the beginning of the string
    mistake(
        r#"name = "n"
equations = ["x[t+1] = x", "r = \u0078 + y"]"#,
        "2:28",
        "unknown symbol `y`",
    );
}

#[test]
fn what_is_too_large_or_too_wrong_gets_a_short_answer() {
    let deep = flow(&format!("{}x{}", "(".repeat(5000), ")".repeat(5000)));
    let message = Neuron::from_toml(&deep, "n.toml").err().map(|e| e.to_string());
    let message = message.unwrap_or_default();
    assert!(message.len() < 1000, "{message}");
    let (text, caret) = message.split_once("\n  | ").and_then(|m| m.1.split_once('\n')).unzip();
    assert_eq!(text.map(|t| t.chars().count()), Some(202));
    assert_eq!(caret.map(|c| c.find('^')), Some(Some(4 + 101)));

    let symbols = vec!["'y'"; 5000].join(", ");
    let toml = format!("name = 'n'\ndrives = [{symbols}]\nequations = ['r = 1']");
    mistake(&toml, "3:1", "more than 1000 drives, parameters and noise symbols");
    let emissions: Vec<String> = (0..300).map(|k| format!("'r{k} = 1'")).collect();
    let toml = format!("name = 'n'\nequations = [{}]", emissions.join(",\n"));
    mistake(&toml, "258:2", "more than 256 states and emissions");
    let wrong = Neuron::from_toml(&flow(&vec!["y"; 30_000].join("+")), "n.toml").err();
    assert_eq!(wrong.map(|e| e.each().len()), Some(100));
}

#[test]
fn without_a_file_the_line_is_the_number_of_the_equation() {
    let text = NeuronText {
        name: "n".into(),
        drives: vec!["I".into()],
        equations: vec!["dx/dt = I".into(), "r = tanh(y)".into()],
        ..NeuronText::default()
    };
    let error = Neuron::parse(&text, "network.neuron").err().map(|e| e.to_string());
    let expected = "network.neuron:2:10: unknown symbol `y`: known are I, dt, x; declare others as drive, parameter \
                    or noise\n  | r = tanh(y)\n  |          ^";
    assert_eq!(error.as_deref(), Some(expected));
    let text = NeuronText { equations: vec!["dx/dt = 1".into(), "r = x".into()], ..text };
    let unused = NeuronError::Unused { kind: "drive", name: "I".into() };
    assert_eq!(Neuron::parse(&text, "network.neuron").err(), Some(unused));
}

/// The page for users: its first file is read, the others give the errors printed below them.
#[test]
fn the_page_for_users_tells_the_truth() {
    let page = include_str!("../../../docs/neuron-text.md");
    let blocks = |kind: &str| -> Vec<String> {
        let parts = page.split(kind).skip(1).filter_map(|rest| rest.split_once("```"));
        parts.map(|(block, _)| block.trim_start().to_owned()).collect()
    };
    let (files, errors) = (blocks("```toml"), blocks("```text"));
    let adapting = read(&files[0]);
    assert_eq!((adapting.states.len(), adapting.params.len(), adapting.emissions.len()), (2, 5, 2));
    assert_eq!((files.len(), errors.len()), (3, 2));
    for (file, expected) in files[1..].iter().zip(&errors) {
        let error = Neuron::from_toml(file, "leaky.toml").err().map(|e| e.to_string());
        assert_eq!(error.as_deref(), Some(expected.trim_end()));
    }
}
