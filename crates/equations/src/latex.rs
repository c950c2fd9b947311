//! Equations in LaTeX.

use std::collections::BTreeMap;

use crate::graph::{Binary, Leaf, NodeId, Output, Variable};
use crate::neuron::{Neuron, Update};
use crate::printing::{Form, Limits, digits, locals, scales};

/// How tightly an expression binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Sum,
    Product,
    Atom,
}

const LIMITS: Limits = Limits { shared: 6, depth: 16 };

/// Greek letters: name, small, capital (where it differs from a Latin one).
const GREEK: &str = "alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ \
    lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω \
    Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω";

impl Neuron {
    /// The equations in LaTeX, one line each: named and repeated parts, updates, emissions.
    ///
    /// A flow divided by a parameter is written with the parameter on the left, as in
    /// `\tau \frac{dx}{dt} = I - x`. `x^{+}` is the value after the step, `\Theta` the step function,
    /// `[a > b]` is 1 where it holds and `[a]_{+}` is max(a, 0). Of a surrogate the value is shown.
    pub fn latex(&self) -> Vec<String> {
        let locals = locals(self, LIMITS);
        let taken: Vec<&str> = self.symbols_by_name();
        let letter = ["u", "v", "w", "q", "y", "z"].into_iter().find(|l| !taken.contains(l));
        let names: BTreeMap<NodeId, String> = locals
            .iter()
            .map(|(id, local)| {
                let latex = match local.bytes().all(|b| b.is_ascii_digit()) {
                    true => format!("{}_{{{local}}}", letter.unwrap_or("u")),
                    // a value and an emission of the same name are two things
                    false if taken.contains(&local.as_str()) => format!(r"\hat{{{}}}", name(local)),
                    false => name(local),
                };
                (*id, latex)
            })
            .collect();
        let writer = Writer { neuron: self, names };
        let mut lines: Vec<String> = locals
            .iter()
            .map(|(id, _)| format!("{} = {}", writer.names[id], writer.written(*id).0))
            .collect();
        for state in &self.states {
            let x = name(&state.symbol.name);
            lines.push(match state.update {
                Update::Flow(id) => writer.flow(&x, id),
                Update::Next(id) => format!("{x}^{{+}} = {}", writer.within(id, Binds::Sum)),
            });
        }
        for emission in &self.emissions {
            let value = writer.within(emission.value, Binds::Sum);
            lines.push(format!("{} = {value}", name(&emission.symbol.name)));
        }
        lines
    }

    fn symbols_by_name(&self) -> Vec<&str> {
        let variables = self.variables().into_iter().map(|v| self.name_of(v));
        let noises = self.noises.iter().map(|n| n.symbol.name.as_str());
        variables
            .chain(noises)
            .chain(self.emissions.iter().map(|e| e.symbol.name.as_str()))
            .collect()
    }
}

struct Writer<'n> {
    neuron: &'n Neuron,
    names: BTreeMap<NodeId, String>,
}

impl Writer<'_> {
    fn form(&self, id: NodeId) -> Option<Form> {
        (!self.names.contains_key(&id)).then(|| Form::of(&self.neuron.graph, id))
    }

    fn flow(&self, x: &str, id: NodeId) -> String {
        let slope = format!(r"\frac{{d{x}}}{{dt}}");
        if let Some(Form::Infix(Binary::Div, field, tau)) = self.form(id)
            && let Some(Form::Leaf(leaf @ Leaf::Value(Variable::Param(_)))) = self.form(tau)
        {
            let field = self.within(field, Binds::Sum);
            return format!("{} {slope} = {field}", self.leaf(leaf));
        }
        format!("{slope} = {}", self.within(id, Binds::Sum))
    }

    fn within(&self, id: NodeId, around: Binds) -> String {
        if let Some(name) = self.names.get(&id) {
            return name.clone();
        }
        match self.written(id) {
            (text, binds) if binds < around => bracketed("(", &text, ")"),
            (text, _) => text,
        }
    }

    fn sum(&self, id: NodeId) -> String {
        self.within(id, Binds::Sum)
    }

    fn written(&self, id: NodeId) -> (String, Binds) {
        match Form::of(&self.neuron.graph, id) {
            Form::Number(value) => number(value),
            Form::Leaf(leaf) => (self.leaf(leaf), Binds::Atom),
            Form::Neg(a) => (format!("-{}", self.within(a, Binds::Product)), Binds::Sum),
            Form::Square(a) => {
                let base = self.within(a, Binds::Atom);
                // x^{+}^{2} would be two exponents
                let twice = base.ends_with("^{+}") || base.ends_with("^{2}");
                let base = if twice { bracketed("(", &base, ")") } else { base };
                (format!("{base}^{{2}}"), Binds::Atom)
            }
            Form::Infix(op, a, b) => self.infix(op, a, b),
            Form::Call(name, arguments) => self.call(name, &arguments),
            Form::Spike(a, ..) => {
                (format!(r"\Theta{}", bracketed("(", &self.sum(a), ")")), Binds::Atom)
            }
        }
    }

    fn infix(&self, op: Binary, a: NodeId, b: NodeId) -> (String, Binds) {
        match op {
            Binary::Add => {
                // x - 1 rather than -1 + x
                if let Some(Form::Number(value)) = self.form(a)
                    && value < 0.0
                {
                    return (format!("{} - {}", self.sum(b), number(-value).0), Binds::Sum);
                }
                (format!("{} + {}", self.sum(a), self.sum(b)), Binds::Sum)
            }
            Binary::Sub => {
                let right = match self.form(b) {
                    Some(Form::Infix(Binary::Add | Binary::Sub, ..)) => {
                        bracketed("(", &self.sum(b), ")")
                    }
                    _ => self.within(b, Binds::Product),
                };
                (format!("{} - {right}", self.sum(a)), Binds::Sum)
            }
            Binary::Mul => {
                // functions stand last
                let call = |id| matches!(self.form(id), Some(Form::Call(..)));
                let swap = (call(a) && !call(b)) || scales(&self.neuron.graph, b, a);
                let (a, b) = if swap { (b, a) } else { (a, b) };
                let (a, b) = (self.within(a, Binds::Product), self.within(b, Binds::Product));
                (format!(r"{a} \, {b}"), Binds::Product)
            }
            _ => (format!(r"\frac{{{}}}{{{}}}", self.sum(a), self.sum(b)), Binds::Product),
        }
    }

    fn call(&self, name: &str, arguments: &[NodeId]) -> (String, Binds) {
        let written: Vec<String> = arguments.iter().map(|&a| self.sum(a)).collect();
        let all = written.join(", ");
        let text = match (name, arguments) {
            ("abs", _) => bracketed("|", &all, "|"),
            ("sqrt", _) => format!(r"\sqrt{{{all}}}"),
            ("sigmoid", _) if !self.neuron.symbols_by_name().contains(&"sigma") => {
                format!(r"\sigma{}", bracketed("(", &all, ")"))
            }
            ("sigmoid" | "softplus" | "erf", _) => {
                format!(r"\operatorname{{{name}}}{}", bracketed("(", &all, ")"))
            }
            ("relu", _) => format!("{}_{{+}}", bracketed("[", &all, "]")),
            ("gt", _) => bracketed("[", &written.join(" > "), "]"),
            ("detach" | "surrogate", &[value, ..]) => {
                let value = value_of(self.neuron, value);
                return match self.names.get(&value) {
                    Some(name) => (name.clone(), Binds::Atom),
                    None => self.written(value),
                };
            }
            ("select", &[c, a, b]) => {
                let condition = match self.form(c) {
                    Some(Form::Call("gt", pair)) => {
                        let pair: Vec<String> = pair.into_iter().map(|p| self.sum(p)).collect();
                        pair.join(" > ")
                    }
                    _ => format!("{} > 0", self.sum(c)),
                };
                let (a, b) = (self.sum(a), self.sum(b));
                let cases = format!(r"{a} & {condition} \\ {b} & \text{{otherwise}}");
                format!(r"\begin{{cases}} {cases} \end{{cases}}")
            }
            _ => format!(r"\{name}{}", bracketed("(", &all, ")")),
        };
        (text, Binds::Atom)
    }

    fn leaf(&self, leaf: Leaf) -> String {
        match leaf {
            Leaf::Dt => "dt".to_owned(),
            Leaf::Value(variable) => name(self.neuron.name_of(variable)),
            Leaf::Result(Output::Next(k)) => {
                format!("{}^{{+}}", name(&self.neuron.states[k].symbol.name))
            }
            // only derived functions read others
            Leaf::Result(_) | Leaf::Cotangent(_) | Leaf::Tangent(_) | Leaf::Partial(..) => {
                "?".to_owned()
            }
        }
    }
}

/// What a chain of surrogates shows.
fn value_of(neuron: &Neuron, mut id: NodeId) -> NodeId {
    while let crate::graph::Node::Surrogate { value, .. } = neuron.graph.node(id) {
        id = value;
    }
    id
}

/// Brackets that grow with what they hold.
fn bracketed(open: &str, text: &str, close: &str) -> String {
    if text.contains(r"\frac") || text.contains(r"\begin") {
        return format!(r"\left{open}{text}\right{close}");
    }
    format!("{open}{text}{close}")
}

fn number(value: f64) -> (String, Binds) {
    let binds = if value < 0.0 { Binds::Sum } else { Binds::Atom };
    let text = digits(value);
    let text = match text.split_once('e') {
        Some(("1", exponent)) => format!("10^{{{exponent}}}"),
        Some((digits, exponent)) => {
            return (format!(r"{digits} \cdot 10^{{{exponent}}}"), binds.min(Binds::Product));
        }
        None => text.replace("inf", r"\infty"),
    };
    (text, binds)
}

/// A name in LaTeX: Greek letters by name, digits and what follows `_` as subscripts.
pub(crate) fn name(name: &str) -> String {
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let base = parts.next().unwrap_or(name);
    let stem = base.trim_end_matches(|c: char| c.is_ascii_digit());
    let (stem, number) = if stem.is_empty() { (base, "") } else { base.split_at(stem.len()) };
    let subscripts: Vec<String> =
        Some(number).filter(|n| !n.is_empty()).into_iter().chain(parts).map(word).collect();
    match subscripts.is_empty() {
        true => word(stem),
        false => format!("{}_{{{}}}", word(stem), subscripts.join(",")),
    }
}

fn word(text: &str) -> String {
    let mut greek = GREEK.split_whitespace();
    while let (Some(name), Some(letter)) = (greek.next(), greek.next()) {
        if text == name || text == letter {
            return format!(r"\{name}");
        }
    }
    let plain = text.chars().count() == 1 || text.chars().all(|c| c.is_ascii_digit());
    let text = text.replace('_', r"\_");
    if plain { text } else { format!(r"\mathrm{{{text}}}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_letters_and_subscripts() {
        let cases = [
            ("x", "x"),
            ("tau", r"\tau"),
            ("τ", r"\tau"),
            ("tau_z", r"\tau_{z}"),
            ("x1", "x_{1}"),
            ("W_in", r"W_{\mathrm{in}}"),
            ("gain", r"\mathrm{gain}"),
            ("b_z_rec", r"b_{z,\mathrm{rec}}"),
            ("_", r"\_"),
        ];
        for (plain, latex) in cases {
            assert_eq!(name(plain), latex);
        }
    }
}
