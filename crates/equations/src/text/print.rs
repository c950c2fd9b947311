//! From the neuron back to its text form.

use std::collections::BTreeMap;

use super::{NeuronText, ParamText, StateText, SymbolText};
use crate::graph::{Binary, Leaf, NodeId, Output};
use crate::neuron::{Neuron, Symbol, Update};
use crate::printing::{Form, Limits, digits, locals, scales};
use crate::surrogate::Surrogate;

/// How tightly an expression binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Sum,
    Product,
    Sign,
    Atom,
}

const LIMITS: Limits = Limits { shared: 6, depth: 40 };

pub(super) fn text(neuron: &Neuron) -> NeuronText {
    let locals = locals(neuron, LIMITS);
    let names = locals.iter().cloned().collect();
    let writer = Writer { neuron, names };
    let mut equations: Vec<String> =
        locals.iter().map(|(id, name)| format!("_{name} = {}", writer.definition(*id))).collect();
    for state in &neuron.states {
        let name = &state.symbol.name;
        equations.push(match state.update {
            Update::Flow(id) => format!("d{name}/dt = {}", writer.expression(id)),
            Update::Next(id) => format!("{name}[t+1] = {}", writer.expression(id)),
        });
    }
    for emission in &neuron.emissions {
        equations.push(format!("{} = {}", emission.symbol.name, writer.expression(emission.value)));
    }
    let states = neuron.states.iter().map(|state| {
        let Symbol { name, unit, doc } = state.symbol.clone();
        (name, StateText { initial: state.initial, unit, doc })
    });
    let parameters = neuron.params.iter().map(|param| {
        let Symbol { name, unit, doc } = param.symbol.clone();
        let (low, high) = param.range;
        let range = (low > f64::NEG_INFINITY || high < f64::INFINITY).then_some([low, high]);
        let (default, per_unit, trained) = (param.default, param.per_unit, param.trained);
        (name, ParamText { default, unit, doc, per_unit, trained, range })
    });
    let described = (neuron.drives.iter())
        .chain(neuron.noises.iter().map(|noise| &noise.symbol))
        .chain(neuron.emissions.iter().map(|emission| &emission.symbol))
        .map(|Symbol { name, unit, doc }| {
            (name.clone(), SymbolText { unit: unit.clone(), doc: doc.clone() })
        });
    let requires = neuron.requires.iter().map(|&(left, right)| {
        format!("{} >= {}", writer.expression(left), writer.expression(right))
    });
    NeuronText {
        name: neuron.name.clone(),
        doc: neuron.doc.clone(),
        source: neuron.source.clone(),
        drives: neuron.drives.iter().map(|drive| drive.name.clone()).collect(),
        requires: requires.collect(),
        equations,
        parameters: parameters.collect(),
        states: states.filter(|(_, state)| *state != StateText::default()).collect(),
        noise: neuron.noises.iter().map(|n| (n.symbol.name.clone(), n.distribution)).collect(),
        symbols: described.filter(|(_, symbol)| *symbol != SymbolText::default()).collect(),
    }
}

struct Writer<'n> {
    neuron: &'n Neuron,
    names: BTreeMap<NodeId, String>,
}

impl Writer<'_> {
    /// A value, by its name if it has one.
    fn expression(&self, id: NodeId) -> String {
        self.within(id, Binds::Sum)
    }

    /// A value, written out.
    fn definition(&self, id: NodeId) -> String {
        self.written(id).0
    }

    /// As an operand of something that binds as `around`.
    fn within(&self, id: NodeId, around: Binds) -> String {
        if let Some(name) = self.names.get(&id) {
            return format!("_{name}");
        }
        match self.written(id) {
            (text, binds) if binds < around => format!("({text})"),
            (text, _) => text,
        }
    }

    fn written(&self, id: NodeId) -> (String, Binds) {
        match Form::of(&self.neuron.graph, id) {
            Form::Number(value) => number(value),
            Form::Leaf(leaf) => (self.leaf(leaf), Binds::Atom),
            Form::Neg(a) => self.negative(a),
            Form::Square(a) => (format!("{}^2", self.within(a, Binds::Atom)), Binds::Sign),
            Form::Infix(op, a, b) => self.infix(op, a, b),
            Form::Call(name, arguments) => {
                let arguments: Vec<String> =
                    arguments.into_iter().map(|a| self.expression(a)).collect();
                (format!("{name}({})", arguments.join(", ")), Binds::Atom)
            }
            Form::Spike(a, surrogate, height) => {
                let mut text = format!("spike({}", self.expression(a));
                if surrogate != Surrogate::default() || height.is_some() {
                    text += &format!(", {}", surrogate.name());
                }
                if let Some(height) = height {
                    text += &format!(", {}", self.expression(height));
                }
                (text + ")", Binds::Atom)
            }
        }
    }

    /// `-x*y` reads as `(-x)*y`, of which the graph makes `-(x*y)` again; but `-2*x` is `(-2)*x`, and
    /// of `-(x - y)*z` it makes `(y - x)*z`.
    fn negative(&self, a: NodeId) -> (String, Binds) {
        let mut first = a;
        while let Some(Form::Infix(op @ (Binary::Mul | Binary::Div), left, right)) =
            self.form(first)
        {
            first = self.operands(op, left, right).0;
        }
        let bare = first != a
            && !matches!(self.form(first), Some(Form::Number(_) | Form::Infix(Binary::Sub, ..)));
        let (around, binds) =
            if bare { (Binds::Product, Binds::Product) } else { (Binds::Sign, Binds::Sign) };
        (format!("-{}", self.within(a, around)), binds)
    }

    fn infix(&self, op: Binary, a: NodeId, b: NodeId) -> (String, Binds) {
        let (sign, binds, tighter) = match op {
            Binary::Add => (" + ", Binds::Sum, Binds::Product),
            Binary::Sub => (" - ", Binds::Sum, Binds::Product),
            Binary::Mul => ("*", Binds::Product, Binds::Sign),
            _ => ("/", Binds::Product, Binds::Sign),
        };
        let (a, b) = self.operands(op, a, b);
        let mut right = self.within(b, tighter);
        if right.starts_with('-') {
            right = format!("({right})");
        }
        (format!("{}{sign}{right}", self.within(a, binds)), binds)
    }

    /// Operands in the order of writing: (b - c) + a needs no parentheses where a + (b - c) does.
    fn operands(&self, op: Binary, a: NodeId, b: NodeId) -> (NodeId, NodeId) {
        let sum = |id| matches!(self.form(id), Some(Form::Infix(Binary::Add | Binary::Sub, ..)));
        let product =
            |id| matches!(self.form(id), Some(Form::Infix(Binary::Mul | Binary::Div, ..)));
        let number = |id| matches!(self.form(id), Some(Form::Number(_)));
        let swap = match op {
            Binary::Add => sum(b) && !sum(a),
            // 2*(x*y) rather than x*y*2
            Binary::Mul => {
                (product(b) && !product(a) && !number(a)) || scales(&self.neuron.graph, b, a)
            }
            _ => false,
        };
        if swap { (b, a) } else { (a, b) }
    }

    /// How a node without a name reads.
    fn form(&self, id: NodeId) -> Option<Form> {
        (!self.names.contains_key(&id)).then(|| Form::of(&self.neuron.graph, id))
    }

    fn leaf(&self, leaf: Leaf) -> String {
        match leaf {
            Leaf::Dt => "dt".to_owned(),
            Leaf::Value(variable) => self.neuron.name_of(variable).to_owned(),
            Leaf::Result(Output::Next(k)) => {
                format!("after({})", self.neuron.states[k].symbol.name)
            }
            // only derived functions read others
            Leaf::Result(_) | Leaf::Cotangent(_) | Leaf::Tangent(_) | Leaf::Partial(..) => {
                "?".to_owned()
            }
        }
    }
}

fn number(value: f64) -> (String, Binds) {
    if value.is_finite() {
        let binds = if value < 0.0 { Binds::Sign } else { Binds::Atom };
        return (digits(value), binds);
    }
    // no number is written so, but these fold into one
    let text = match (value.is_nan(), value > 0.0) {
        (true, _) => "(0/0)",
        (_, true) => "(1/0)",
        _ => "(-1/0)",
    };
    (text.to_owned(), Binds::Atom)
}
