//! Right-hand sides: recursive descent that writes the graph as it reads.
//!
//! ```text
//! sum     = product (("+" | "-") product)*
//! product = signed (("*" | "/") signed)*
//! signed  = ("-" | "+")* power
//! power   = atom ("^" signed)?
//! atom    = number | name | function "(" sum ("," sum)* ")" | "(" sum ")"
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::{Kind, Mistake, Token};
use crate::define::Definition;
use crate::graph::NodeId;
use crate::names;
use crate::scalar::Scalar;
use crate::surrogate::Surrogate;

/// Parentheses, functions and exponents within each other, at most.
const DEEPEST: usize = 100;
/// Largest exponent written out as products.
const LARGEST_POWER: f64 = 64.0;

/// Mistakes noted in one equation.
const MOST_MISTAKES: usize = 100;

/// What a name stands for on a right-hand side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Meaning {
    /// A state.
    State(NodeId),
    /// A drive, a parameter, noise, dt, or a local value defined above.
    Value(NodeId),
    /// An emission: only written.
    Emission,
    /// A local value that an equation further down defines.
    Later,
}

/// The names of a neuron.
pub(crate) type Names<'t> = BTreeMap<&'t str, Meaning>;

/// One right-hand side being read.
pub(crate) struct Parser<'p, 't> {
    pub(crate) tokens: &'p [Token<'t>],
    pub(crate) definition: &'p Definition,
    pub(crate) names: &'p Names<'t>,
    /// Names read so far.
    pub(crate) read: &'p mut BTreeSet<&'t str>,
    /// Mistakes after which reading could go on.
    pub(crate) mistakes: &'p mut Vec<Mistake>,
    /// Byte after the last token.
    pub(crate) end: usize,
    pub(crate) next: usize,
    pub(crate) depth: usize,
}

type Parsed<'p> = Result<Scalar<'p>, Mistake>;

impl<'p, 't> Parser<'p, 't> {
    /// Reads everything up to the end of the equation.
    pub(crate) fn whole(&mut self) -> Parsed<'p> {
        if self.tokens.len() == self.next {
            return Err(Mistake::new(
                self.end,
                "the right-hand side is empty: write an expression",
            ));
        }
        let value = self.sum()?;
        match self.peek() {
            None => Ok(value),
            Some(token) => Err(Mistake::new(token.at, self.stray(token))),
        }
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).copied()
    }

    fn accept(&mut self, sign: char) -> bool {
        let found = self.peek().is_some_and(|t| t.kind == Kind::Sign(sign));
        self.next += usize::from(found);
        found
    }

    fn accept_any(&mut self, signs: &[char]) -> Option<char> {
        signs.iter().copied().find(|&sign| self.accept(sign))
    }

    fn sum(&mut self) -> Parsed<'p> {
        let mut value = self.product()?;
        while let Some(sign) = self.accept_any(&['+', '-']) {
            let other = self.product()?;
            value = if sign == '+' { value + other } else { value - other };
        }
        Ok(value)
    }

    fn product(&mut self) -> Parsed<'p> {
        let mut value = self.signed()?;
        while let Some(sign) = self.accept_any(&['*', '/']) {
            if let Some(token) = self.peek()
                && sign == '*'
                && token.kind == Kind::Sign('*')
            {
                return Err(Mistake::new(token.at, "`**` is no operation: write `^`"));
            }
            let other = self.signed()?;
            value = if sign == '*' { value * other } else { value / other };
        }
        Ok(value)
    }

    fn signed(&mut self) -> Parsed<'p> {
        let mut negative = false;
        while let Some(sign) = self.accept_any(&['+', '-']) {
            negative ^= sign == '-';
        }
        if self.depth == DEEPEST {
            let at = self.peek().map_or(self.end, |t| t.at);
            let message = format!(
                "more than {DEEPEST} parentheses within each other: name a part, as in `_u = …`"
            );
            return Err(Mistake::new(at, message));
        }
        self.depth += 1;
        let value = self.power()?;
        self.depth -= 1;
        Ok(if negative { -value } else { value })
    }

    fn power(&mut self) -> Parsed<'p> {
        let base = self.atom()?;
        if !self.accept('^') {
            return Ok(base);
        }
        let at = self.peek().map_or(self.end, |t| t.at);
        let exponent = self.signed()?;
        match self.definition.constant_value(exponent) {
            Some(0.5) => Ok(base.sqrt()),
            Some(n) if n.fract() == 0.0 && n.abs() <= LARGEST_POWER => {
                Ok(self.whole_power(base, n))
            }
            _ => Err(Mistake::new(
                at,
                "an exponent is a whole number from -64 to 64, or 0.5: write exp(b*ln(a)) for a^b",
            )),
        }
    }

    fn whole_power(&self, base: Scalar<'p>, exponent: f64) -> Scalar<'p> {
        let one = self.definition.constant(1.0);
        let (mut result, mut square, mut left) = (one, base, exponent.abs() as u32);
        while left > 0 {
            if left % 2 == 1 {
                result = result * square;
            }
            left /= 2;
            if left > 0 {
                square = square * square;
            }
        }
        if exponent < 0.0 { one / result } else { result }
    }

    fn atom(&mut self) -> Parsed<'p> {
        let Some(token) = self.peek() else {
            return Err(Mistake::new(self.end, "the equation ends too early: a value is missing"));
        };
        self.next += 1;
        match token.kind {
            Kind::Number(value) => Ok(self.definition.constant(value)),
            Kind::Name(name) if self.accept('(') => self.call(name, token.at),
            Kind::Name(name) => self.name(name, token.at),
            Kind::Sign('(') => {
                let value = self.sum()?;
                self.close(token.at)?;
                Ok(value)
            }
            Kind::Sign(')') => Err(Mistake::new(token.at, self.stray(token))),
            Kind::Sign(sign) => {
                Err(Mistake::new(token.at, format!("a value is missing before `{sign}`")))
            }
        }
    }

    /// The `)` that belongs to the `(` at `opened`.
    fn close(&mut self, opened: usize) -> Result<(), Mistake> {
        if self.accept(')') {
            return Ok(());
        }
        Err(match self.peek() {
            None => Mistake::new(opened, "this `(` is never closed: add `)`"),
            Some(token) => Mistake::new(token.at, self.stray(token)),
        })
    }

    fn name(&mut self, name: &'t str, at: usize) -> Parsed<'p> {
        self.read.insert(name);
        let message = match self.names.get(name) {
            Some(Meaning::State(id) | Meaning::Value(id)) => {
                return Ok(self.definition.scalar(*id));
            }
            Some(Meaning::Emission) => format!(
                "`{name}` is an emission, which equations cannot read: name the value, \
                 as in `_{name} = …`, and use `_{name}` in both"
            ),
            Some(Meaning::Later) => {
                format!("`{name}` is used before it is defined: move its equation up")
            }
            None if names::function(name).is_some() => {
                return Err(Mistake::new(at, format!("`{name}` is a function: write {name}(…)")));
            }
            None => self.unknown(name),
        };
        self.go_on_after(Mistake::new(at, message))
    }

    /// Notes a mistake in a name and reads on, with a value that folds into nothing.
    fn go_on_after(&mut self, mistake: Mistake) -> Parsed<'p> {
        if self.mistakes.len() + 1 >= MOST_MISTAKES {
            return Err(mistake);
        }
        self.mistakes.push(mistake);
        Ok(self.definition.dt())
    }

    fn unknown(&self, name: &str) -> String {
        let known =
            self.names.iter().filter(|n| !matches!(n.1, Meaning::Emission | Meaning::Later));
        let known = known.map(|(&name, _)| name);
        match names::closest(name, known.clone()) {
            Some(meant) => format!("unknown symbol `{name}`: did you mean `{meant}`?"),
            None => {
                let known: Vec<&str> = known.take(12).collect();
                format!(
                    "unknown symbol `{name}`: known are {}; declare others as drive, parameter or noise",
                    known.join(", ")
                )
            }
        }
    }

    fn call(&mut self, name: &'t str, at: usize) -> Parsed<'p> {
        let opened = at + name.len();
        match name {
            "after" => return self.after(at),
            "spike" => return self.spike(at, opened),
            _ => {}
        }
        let Some(expected) = names::function(name) else {
            let message = match self.names.contains_key(name) {
                true => format!("`{name}` is not a function: write {name}*(…) for a product"),
                false => format!("unknown function `{name}`: {}", names::function_hint(name)),
            };
            return Err(Mistake::new(at, message));
        };
        let mut arguments = Vec::new();
        if !self.accept(')') {
            arguments.push(self.sum()?);
            while self.accept(',') {
                arguments.push(self.sum()?);
            }
            self.close(opened)?;
        }
        apply(name, &arguments).ok_or_else(|| {
            let form = format!("{name}({})", expected.join(", "));
            let count = match expected.len() {
                1 => "1 argument".to_owned(),
                n => format!("{n} arguments"),
            };
            Mistake::new(
                at,
                format!("`{name}` takes {count}, here are {}: write {form}", arguments.len()),
            )
        })
    }

    /// `spike(a)`, `spike(a, triangular)` or `spike(a, triangular, 0.3)`.
    fn spike(&mut self, at: usize, opened: usize) -> Parsed<'p> {
        if self.accept(')') {
            return Err(Mistake::new(at, "`spike` takes a value: write spike(v - th)"));
        }
        let value = self.sum()?;
        let (mut surrogate, mut height) = (Surrogate::default(), self.definition.constant(1.0));
        if self.accept(',') {
            let place = self.peek().map_or(self.end, |t| t.at);
            let mut words = vec![self.word(place)?];
            while self.accept('-') {
                words.push(self.word(place)?);
            }
            match Surrogate::named(&words.join("-")) {
                Ok(known) => surrogate = known,
                Err(error) => {
                    self.go_on_after(Mistake::new(place, error.to_string()))?;
                }
            }
            if self.accept(',') {
                height = self.sum()?;
            }
        }
        self.close(opened)?;
        Ok(value.spike_as(surrogate, height))
    }

    /// A word of a surrogate's name.
    fn word(&mut self, at: usize) -> Result<&'t str, Mistake> {
        let Some(Token { kind: Kind::Name(name), .. }) = self.peek() else {
            let message = "the name of a surrogate is missing: write spike(a, triangular)";
            return Err(Mistake::new(at, message));
        };
        self.next += 1;
        Ok(name)
    }

    fn after(&mut self, at: usize) -> Parsed<'p> {
        let token = self.peek();
        self.next += 1;
        let wrong = "`after` takes the name of one state: write after(x)";
        let Some(Token { kind: Kind::Name(name), at: place, .. }) = token else {
            return Err(Mistake::new(at, wrong));
        };
        if !self.accept(')') {
            return Err(Mistake::new(at, wrong));
        }
        match self.names.get(name) {
            Some(Meaning::State(id)) => {
                self.read.insert(name);
                Ok(self.definition.after(self.definition.scalar(*id)))
            }
            other => {
                let states = self.names.iter().filter(|n| matches!(n.1, Meaning::State(_)));
                let states = states.map(|(&name, _)| name);
                let message = match (other, names::closest(name, states.clone())) {
                    (None, Some(meant)) => {
                        format!("unknown state `{name}`: did you mean `{meant}`?")
                    }
                    _ => format!(
                        "`{name}` is not a state, so it has no value after the step; states are: {}",
                        states.collect::<Vec<_>>().join(", ")
                    ),
                };
                self.go_on_after(Mistake::new(place, message))
            }
        }
    }

    /// Why a token cannot stand where a value has just ended.
    fn stray(&self, token: Token<'_>) -> String {
        match token.kind {
            Kind::Sign(')') => "this `)` has no `(`: remove it or add `(` before".to_owned(),
            Kind::Sign('=') => "a second `=`: write one equation per string".to_owned(),
            Kind::Sign(',') => "`,` only separates the arguments of a function".to_owned(),
            Kind::Sign('[' | ']') => {
                "a bare `x` is the value before the step, after(x) the one after it: drop the [ ]"
                    .to_owned()
            }
            _ => format!("an operator is missing before `{}`: write `*` for a product", token.text),
        }
    }
}

/// A function on its arguments; nothing if their number is wrong.
fn apply<'p>(name: &str, arguments: &[Scalar<'p>]) -> Option<Scalar<'p>> {
    Some(match (name, arguments) {
        ("abs", &[a]) => a.abs(),
        ("cos", &[a]) => a.cos(),
        ("detach", &[a]) => a.detach(),
        ("erf", &[a]) => a.erf(),
        ("exp", &[a]) => a.exp(),
        ("gt", &[a, b]) => a.gt(b),
        ("ln", &[a]) => a.ln(),
        ("max", &[a, b]) => a.max(b),
        ("min", &[a, b]) => a.min(b),
        ("relu", &[a]) => a.relu(),
        ("select", &[c, a, b]) => c.select(a, b),
        ("sigmoid", &[a]) => a.sigmoid(),
        ("sin", &[a]) => a.sin(),
        ("softplus", &[a]) => a.softplus(),
        ("sqrt", &[a]) => a.sqrt(),
        ("surrogate", &[value, wrt, derivative]) => value.surrogate(wrt, derivative),
        ("tanh", &[a]) => a.tanh(),
        _ => return None,
    })
}
