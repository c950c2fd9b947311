//! Properties of the text form over random neurons and random text.

use attractor_equations::{Definition, Leaf, Neuron, Output, Scalar, Variable};
use proptest::prelude::*;

/// A random expression, from which graph, value and text are made independently.
#[derive(Clone, Debug)]
enum Expression {
    Number(f64),
    Symbol(usize),
    Call(&'static str, Vec<Expression>),
    Infix(char, Box<Expression>, Box<Expression>),
    Neg(Box<Expression>),
    Power(Box<Expression>, i32),
}

const SYMBOLS: [&str; 6] = ["x", "y", "I", "tau", "dt", "after(y)"];
const FUNCTIONS: [(&str, usize); 18] = [
    ("abs", 1),
    ("cos", 1),
    ("detach", 1),
    ("erf", 1),
    ("exp", 1),
    ("ln", 1),
    ("relu", 1),
    ("sigmoid", 1),
    ("sin", 1),
    ("softplus", 1),
    ("spike", 1),
    ("sqrt", 1),
    ("tanh", 1),
    ("gt", 2),
    ("max", 2),
    ("min", 2),
    ("select", 3),
    ("surrogate", 3),
];

fn expressions() -> impl Strategy<Value = Expression> {
    let number = prop_oneof![
        (-20i32..20).prop_map(|n| f64::from(n) / 4.0),
        any::<f64>().prop_filter("finite", |n| n.is_finite()),
    ];
    let leaf = prop_oneof![
        number.prop_map(Expression::Number),
        (0..SYMBOLS.len()).prop_map(Expression::Symbol),
        (0..SYMBOLS.len()).prop_map(Expression::Symbol),
    ];
    leaf.prop_recursive(7, 80, 3, |inner| {
        let pair = || (inner.clone(), inner.clone());
        prop_oneof![
            4 => (prop::sample::select(vec!['+', '-', '*', '/']), pair())
                .prop_map(|(op, (a, b))| Expression::Infix(op, Box::new(a), Box::new(b))),
            1 => inner.clone().prop_map(|a| Expression::Neg(Box::new(a))),
            1 => (inner.clone(), -3..5i32).prop_map(|(a, n)| Expression::Power(Box::new(a), n)),
            3 => (prop::sample::select(&FUNCTIONS[..]), prop::collection::vec(inner, 3))
                .prop_map(|((name, count), mut a)| {
                    a.truncate(count);
                    Expression::Call(name, a)
                }),
        ]
    })
}

impl Expression {
    /// Fully parenthesised text.
    fn text(&self) -> String {
        match self {
            Expression::Number(n) => format!("({n:e})"),
            Expression::Symbol(k) => SYMBOLS[*k].to_owned(),
            Expression::Call(name, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(Self::text).collect();
                format!("{name}({})", arguments.join(","))
            }
            Expression::Infix(op, a, b) => format!("({}{op}{})", a.text(), b.text()),
            Expression::Neg(a) => format!("(-{})", a.text()),
            Expression::Power(a, n) => format!("(({})^{n})", a.text()),
        }
    }

    /// The same in the arithmetic of Rust.
    fn scalar<'n>(&self, n: &'n Definition, symbols: &[Scalar<'n>]) -> Scalar<'n> {
        match self {
            Expression::Number(value) => n.constant(*value),
            Expression::Symbol(k) => symbols[*k],
            Expression::Neg(a) => -a.scalar(n, symbols),
            Expression::Infix(op, a, b) => {
                let (a, b) = (a.scalar(n, symbols), b.scalar(n, symbols));
                match op {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    _ => a / b,
                }
            }
            Expression::Power(a, power) => {
                let a = a.scalar(n, symbols);
                let product = (0..power.abs()).fold(n.constant(1.0), |product, _| product * a);
                if *power < 0 { 1.0 / product } else { product }
            }
            Expression::Call(name, arguments) => {
                let a: Vec<Scalar<'n>> = arguments.iter().map(|a| a.scalar(n, symbols)).collect();
                match *name {
                    "abs" => a[0].abs(),
                    "cos" => a[0].cos(),
                    "detach" => a[0].detach(),
                    "erf" => a[0].erf(),
                    "exp" => a[0].exp(),
                    "ln" => a[0].ln(),
                    "relu" => a[0].relu(),
                    "sigmoid" => a[0].sigmoid(),
                    "sin" => a[0].sin(),
                    "softplus" => a[0].softplus(),
                    "spike" => a[0].spike(),
                    "sqrt" => a[0].sqrt(),
                    "tanh" => a[0].tanh(),
                    "gt" => a[0].gt(a[1]),
                    "max" => a[0].max(a[1]),
                    "min" => a[0].min(a[1]),
                    "select" => a[0].select(a[1], a[2]),
                    _ => a[0].surrogate(a[1], a[2]),
                }
            }
        }
    }

    /// The value in plain double arithmetic; nothing where something on the way is not finite.
    fn value(&self, symbols: &[f64]) -> Option<f64> {
        let value = match self {
            Expression::Number(value) => *value,
            Expression::Symbol(k) => symbols[*k],
            Expression::Neg(a) => -a.value(symbols)?,
            Expression::Power(a, n) => power(a.value(symbols)?, *n),
            Expression::Infix(op, a, b) => {
                let (a, b) = (a.value(symbols)?, b.value(symbols)?);
                match op {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    _ => a / b,
                }
            }
            Expression::Call(name, arguments) => {
                let a: Option<Vec<f64>> = arguments.iter().map(|a| a.value(symbols)).collect();
                let a = a?;
                let step = |yes| if yes { 1.0 } else { 0.0 };
                match *name {
                    "abs" => a[0].abs(),
                    "cos" => a[0].cos(),
                    "erf" => return None, // no second implementation here
                    "exp" => a[0].exp(),
                    "ln" => a[0].ln(),
                    "relu" => a[0].max(0.0),
                    "sigmoid" => 1.0 / (1.0 + (-a[0]).exp()),
                    "sin" => a[0].sin(),
                    "softplus" => a[0].max(0.0) + (-a[0].abs()).exp().ln_1p(),
                    "spike" => step(a[0] > 0.0),
                    "sqrt" => a[0].sqrt(),
                    "tanh" => a[0].tanh(),
                    "gt" => step(a[0] > a[1]),
                    "max" => a[0].max(a[1]),
                    "min" => a[0].min(a[1]),
                    "select" => a[if a[0] > 0.0 { 1 } else { 2 }],
                    _ => a[0],
                }
            }
        };
        value.is_finite().then_some(value)
    }
}

/// Squares from the lowest binary digit up, as documented: another order would round otherwise, and
/// cancellation may show it.
fn power(base: f64, exponent: i32) -> f64 {
    let (mut result, mut square, mut left) = (1.0, base, exponent.unsigned_abs());
    while left > 0 {
        if left % 2 == 1 {
            result *= square;
        }
        square *= square;
        left /= 2;
    }
    if exponent < 0 { 1.0 / result } else { result }
}

/// A neuron that emits the expression, and reads every symbol besides.
fn closure(expression: &Expression) -> Neuron {
    let written = Neuron::define("n", |n| {
        let (x, y, i, tau) = (n.state("x"), n.state("y"), n.drive("I"), n.param("tau", 1.5));
        n.flow(x, i / tau);
        n.next(y, y);
        n.emit("r", expression.scalar(n, &[x, y, i, tau, n.dt(), n.after(y)]));
    });
    written.unwrap_or_else(|error| panic!("{error}"))
}

fn emitted(neuron: &Neuron, symbols: &[f64]) -> f64 {
    neuron.graph.evaluate(neuron.emissions[0].value, |leaf| match leaf {
        Leaf::Value(Variable::State(k)) => symbols[k],
        Leaf::Value(Variable::Drive(_)) => symbols[2],
        Leaf::Value(Variable::Param(_)) => symbols[3],
        Leaf::Result(Output::Next(_)) => symbols[5],
        _ => symbols[4],
    })
}

fn read(text: &str) -> Neuron {
    let toml = format!(
        "name = 'n'\ndrives = ['I']\nequations = ['dx/dt = I/tau', 'y[t+1] = y', 'r = {text}']\n\
         parameters.tau = 1.5"
    );
    Neuron::from_toml(&toml, "n").unwrap_or_else(|error| panic!("{error}"))
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-12 * (1.0 + other.abs())
        || (one.is_nan() && other.is_nan())
        || one == other
}

/// A text that is right, to be spoilt.
const WHOLE: &str = r#"
name = "n"
doc = 'Two states'
drives = ["I", "J"]
equations = ["_u = max(x, 1e-3)", "dx/dt = (-x + I)/tau + xi", """y[t+1] =
  sigmoid(J)*y + select(_u - 2^2, y, after(x))""", "r = tanh(after(x))", 'y = after(y)']
noise.xi = "normal"
[parameters.tau]
default = 20
range = [1, inf]
[states.y]
initial = 0.5
[symbols]
I = { unit = "mV" }
"#;

/// What the tests ask of any text: an answer, and a place in the file for every problem.
fn answers(toml: &str) {
    match Neuron::from_toml(toml, "n.toml") {
        Ok(neuron) => {
            let text = neuron.to_text();
            let again = Neuron::parse(&text, "again").unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(again, neuron);
            neuron.latex();
            neuron.symbols();
        }
        Err(error) => {
            assert!(!error.each().is_empty());
            for each in error.each() {
                let attractor_equations::NeuronError::Text { line, column, .. } = each else {
                    panic!("no place: {each}");
                };
                let text = toml.split('\n').nth(line - 1);
                let length = text.map(|text| text.chars().count());
                assert!(length.is_some_and(|length| *column <= length + 1), "{error}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn text_reads_as_it_would_compute(expression in expressions(), symbols in [0.1..3.0f64, -2.0..2.0, -2.0..2.0, 0.5..2.0, 0.1..1.0, -1.0..1.0]) {
        let neuron = read(&expression.text());
        if let Some(expected) = expression.value(&symbols) {
            let value = emitted(&neuron, &symbols);
            prop_assert!(close(value, expected), "{} = {value}, not {expected}", expression.text());
        }
    }

    #[test]
    fn printed_and_read_again_it_is_the_same_neuron(expression in expressions(), symbols in [0.1..3.0f64, -2.0..2.0, -2.0..2.0, 0.5..2.0, 0.1..1.0, -1.0..1.0]) {
        let neuron = closure(&expression);
        let text = neuron.to_text();
        let again = Neuron::parse(&text, "again").unwrap_or_else(|error| panic!("{error}"));
        prop_assert!(close(emitted(&again, &symbols), emitted(&neuron, &symbols)));
        prop_assert_eq!(&again, &neuron, "{:?}", text.equations);
        let from_toml = Neuron::from_toml(&text.to_toml(), "again");
        prop_assert_eq!(from_toml, Ok(neuron));
    }

    #[test]
    fn any_text_gets_an_answer(text in any::<String>(), equation in "[-+*/^()=,. xyIt0-9a-z\\[\\]_é]{0,40}") {
        answers(&text);
        answers(&format!("name = 'n'\ndrives = ['I']\nequations = ['''{equation}''', 'r = x + I', 'dx/dt = y']"));
        answers(&format!("name = 'n'\nequations = ['dx/dt = {equation}', 'r = x']"));
    }

    #[test]
    fn a_spoilt_text_gets_an_answer(
        from in 0..WHOLE.len(),
        length in 0..12usize,
        instead in prop_oneof![Just(String::new()), "[\\PC]{0,3}", "[-+*/^()=,.xyI0-9\"'\n\\[\\]_]{1,4}"],
    ) {
        let to = (from + length).min(WHOLE.len());
        answers(&format!("{}{instead}{}", &WHOLE[..from], &WHOLE[to..]));
    }
}

#[test]
fn the_text_to_be_spoilt_is_right() {
    let neuron = Neuron::from_toml(WHOLE, "n.toml");
    assert!(neuron.is_ok(), "{}", neuron.err().map(|e| e.to_string()).unwrap_or_default());
}
