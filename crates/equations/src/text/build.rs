//! From the text form to the neuron, by the same [`Definition`] that a closure writes.

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::{Kind, Mistake, Token, tokens};
use super::parser::{Meaning, Names, Parser};
use super::place::{MOST_PROBLEMS, Place, Problem};
use super::{NeuronText, ParamText, StateText, SymbolText};
use crate::define::Definition;
use crate::error::NeuronError;
use crate::graph::NodeId;
use crate::names;
use crate::neuron::{Neuron, Symbol};

/// States and emissions a neuron may have: more is no neuron, and would take long to sort.
const MOST_EQUATIONS: usize = 256;
/// Equations with the local values among them.
const MOST_LINES: usize = 10_000;
/// Drives, parameters and noise symbols.
const MOST_SYMBOLS: usize = 1000;

/// What an equation defines.
#[derive(Clone, Copy, PartialEq)]
enum Left<'t> {
    Flow(&'t str),
    Next(&'t str),
    Emission(&'t str),
    Local(&'t str),
}

/// An equation in parts.
struct Equation<'t> {
    place: usize,
    left: Left<'t>,
    /// Byte where the name on the left begins.
    name_at: usize,
    right: Vec<Token<'t>>,
    end: usize,
    whole: bool,
}

/// The neuron, or everything that is wrong with its text.
pub(crate) fn build(text: &NeuronText) -> Result<Neuron, Vec<Problem>> {
    let mut problems = Vec::new();
    within_limits(text)?;
    let equations = split(text, &mut problems)?;
    let definition = Definition::default();
    definition.doc(&text.doc);
    definition.source(&text.source);
    let mut names = declare(&definition, text, &equations, &mut problems);
    let values = right_sides(&definition, &equations, &mut names, &mut problems);
    let conditions = conditions(&definition, text, &names, &mut problems);
    let sound = problems.is_empty();
    undefined(text, &equations, &mut problems);
    if !sound {
        return Err(problems);
    }
    for (equation, &value) in equations.iter().zip(&values) {
        let value = definition.scalar(value);
        match equation.left {
            Left::Flow(name) | Left::Next(name) => {
                let Some(&Meaning::State(state)) = names.get(name) else { continue };
                let state = definition.scalar(state);
                match equation.left {
                    Left::Flow(_) => definition.flow(state, value),
                    _ => definition.next(state, value),
                }
            }
            Left::Emission(name) => definition.emit_symbol(symbol(name, text), value),
            Left::Local(name) => {
                let short = &name[1..];
                // numbers are for values that only the printer named
                if !short.is_empty() && !short.bytes().all(|b| b.is_ascii_digit()) {
                    definition.named(short, value);
                }
            }
        }
    }
    for (left, right) in conditions {
        definition.require(definition.scalar(left), definition.scalar(right));
    }
    match definition.finish(&text.name) {
        Ok(neuron) if problems.is_empty() => Ok(neuron),
        Ok(_) => Err(problems),
        Err(errors) => {
            problems.extend(errors.into_iter().map(|e| placed(e, text, &equations)));
            Err(problems)
        }
    }
}

fn symbol(name: &str, text: &NeuronText) -> Symbol {
    let SymbolText { unit, doc } = text.symbols.get(name).cloned().unwrap_or_default();
    Symbol { name: name.to_owned(), unit, doc }
}

/// Refuses what is too large to be a neuron.
fn within_limits(text: &NeuronText) -> Result<(), Vec<Problem>> {
    let symbols = text.drives.len() + text.parameters.len() + text.noise.len();
    let message = if text.equations.len() > MOST_LINES {
        format!("has more than {MOST_LINES} equations: split the neuron")
    } else if symbols > MOST_SYMBOLS {
        format!(
            "has more than {MOST_SYMBOLS} drives, parameters and noise symbols: split the neuron"
        )
    } else {
        return Ok(());
    };
    let error = NeuronError::Declaration { name: text.name.clone(), message };
    Err(vec![Problem::new(Place::Equations, error)])
}

/// Left and right sides of all equations.
fn split<'t>(
    text: &'t NeuronText,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Equation<'t>>, Vec<Problem>> {
    let mut equations: Vec<Equation<'t>> = Vec::new();
    let mut count = 0;
    for (place, line) in text.equations.iter().enumerate() {
        let (tokens, mistake) = tokens(line);
        match left_side(&tokens) {
            Ok((left, name_at, used)) => {
                count += usize::from(!matches!(left, Left::Local(_)));
                let (right, end) = (tokens[used..].to_vec(), line.len());
                let whole = mistake.is_none();
                equations.push(Equation { place, left, name_at, right, end, whole });
            }
            Err(wrong) if mistake.is_none() => {
                let end = line.len();
                problems
                    .push(Problem::in_equation(place, Mistake { at: wrong.at.min(end), ..wrong }));
            }
            Err(_) => {}
        }
        problems.extend(mistake.map(|mistake| Problem::in_equation(place, mistake)));
        if count > MOST_EQUATIONS {
            let message =
                format!("more than {MOST_EQUATIONS} states and emissions: split the neuron");
            return Err(vec![Problem::in_equation(place, Mistake::new(0, message))]);
        }
    }
    Ok(equations)
}

/// What is defined, where its name begins, and how many tokens say so.
fn left_side<'t>(tokens: &[Token<'t>]) -> Result<(Left<'t>, usize, usize), Mistake> {
    use Kind::{Name, Number, Sign};
    let kinds: Vec<Kind<'t>> = tokens.iter().take(7).map(|t| t.kind).collect();
    match kinds[..] {
        [Name(d), Sign('/'), Name("dt"), Sign('='), ..] if d.len() > 1 && d.starts_with('d') => {
            Ok((Left::Flow(&d[1..]), tokens[0].at + 1, 4))
        }
        [Name(x), Sign('['), Name("t"), Sign('+'), Number(1.0), Sign(']'), Sign('=')] => {
            Ok((Left::Next(x), tokens[0].at, 7))
        }
        [Name(name), Sign('='), ..] if name.starts_with('_') => {
            Ok((Left::Local(name), tokens[0].at, 2))
        }
        [Name(name), Sign('='), ..] => Ok((Left::Emission(name), tokens[0].at, 2)),
        _ => {
            let forms = "write `dx/dt = …`, `x[t+1] = …`, `r = …` for an emission or `_u = …` \
                         for a local value";
            let message = match tokens.iter().any(|t| t.kind == Sign('=')) {
                true => format!("this left-hand side is not understood: {forms}"),
                false => format!("an equation needs `=`: {forms}"),
            };
            Err(Mistake::new(tokens.first().map_or(0, |t| t.at), message))
        }
    }
}

/// Declares all symbols in their order and says what each name means.
fn declare<'t>(
    definition: &Definition,
    text: &'t NeuronText,
    equations: &[Equation<'t>],
    problems: &mut Vec<Problem>,
) -> Names<'t> {
    let mut names: Names<'t> = BTreeMap::new();
    names.insert("dt", Meaning::Value(definition.dt().id()));
    // emissions have a list of their own: one may carry a state's name
    let mut written: BTreeSet<&str> = BTreeSet::new();
    let mut add = |name: &'t str, meaning: Option<NodeId>, state: bool, place: Place| {
        if let Err(message) = names::declared(name) {
            let name = name.to_owned();
            problems.push(Problem::new(place, NeuronError::Declaration { name, message }));
        } else if names.contains_key(name) {
            problems.push(Problem::new(place, NeuronError::Twice { name: name.to_owned() }));
        } else if let Some(id) = meaning {
            names.insert(name, if state { Meaning::State(id) } else { Meaning::Value(id) });
        }
    };
    for equation in equations {
        let (Left::Flow(name) | Left::Next(name)) = equation.left else { continue };
        let StateText { initial, unit, doc } = text.states.get(name).cloned().unwrap_or_default();
        let state = definition.state(name).initial(initial).unit(&unit).doc(&doc);
        add(name, Some(state.id()), true, Place::equation(equation.place, equation.name_at));
    }
    for (k, name) in text.drives.iter().enumerate() {
        let Symbol { unit, doc, .. } = symbol(name, text);
        let drive = definition.drive(name).unit(&unit).doc(&doc);
        add(name, Some(drive.id()), false, Place::Drive(k));
    }
    for (name, param) in &text.parameters {
        let scalar = parameter(definition, name, param);
        add(name, Some(scalar.id()), false, Place::key("parameters", name));
    }
    for (name, &distribution) in &text.noise {
        let Symbol { unit, doc, .. } = symbol(name, text);
        let noise = definition.noise_from(name, distribution).unit(&unit).doc(&doc);
        add(name, Some(noise.id()), false, Place::key("noise", name));
    }
    for equation in equations {
        let place = Place::equation(equation.place, equation.name_at);
        match equation.left {
            Left::Emission(name) => {
                let of_state = matches!(names.get(name), Some(Meaning::State(_)));
                let error = match names::declared(name) {
                    Err(message) => NeuronError::Declaration { name: name.to_owned(), message },
                    Ok(()) if !written.insert(name) || (names.contains_key(name) && !of_state) => {
                        NeuronError::Twice { name: name.to_owned() }
                    }
                    Ok(()) if of_state => continue,
                    Ok(()) => {
                        names.insert(name, Meaning::Emission);
                        continue;
                    }
                };
                problems.push(Problem::new(place, error));
            }
            Left::Local(name) if names.insert(name, Meaning::Later).is_some() => {
                problems.push(Problem::new(place, NeuronError::Twice { name: name.to_owned() }));
            }
            _ => {}
        }
    }
    names
}

fn parameter<'n>(definition: &'n Definition, name: &str, param: &ParamText) -> crate::Scalar<'n> {
    let scalar = definition.param(name, param.default).unit(&param.unit).doc(&param.doc);
    let scalar = if param.per_unit { scalar.per_unit() } else { scalar };
    let scalar = if param.trained { scalar.trained() } else { scalar };
    match param.range {
        Some([low, high]) => scalar.range(low, high),
        None => scalar,
    }
}

/// Reads the right-hand sides in order; a local value is known from its equation on.
fn right_sides<'t>(
    definition: &Definition,
    equations: &[Equation<'t>],
    names: &mut Names<'t>,
    problems: &mut Vec<Problem>,
) -> Vec<NodeId> {
    let mut values = Vec::new();
    let mut read = BTreeSet::new();
    for equation in equations {
        let mut mistakes = Vec::new();
        let mut value = definition.dt().id();
        if equation.whole && problems.len() < MOST_PROBLEMS {
            let mut parser = Parser {
                tokens: &equation.right,
                definition,
                names,
                read: &mut read,
                mistakes: &mut mistakes,
                end: equation.end,
                next: 0,
                depth: 0,
            };
            match parser.whole() {
                Ok(scalar) => value = scalar.id(),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        problems.extend(mistakes.into_iter().map(|m| Problem::in_equation(equation.place, m)));
        values.push(value);
        if let Left::Local(name) = equation.left {
            names.insert(name, Meaning::Value(value));
        }
    }
    if problems.is_empty() {
        for equation in equations {
            if let Left::Local(name) = equation.left
                && !read.contains(name)
            {
                let place = Place::equation(equation.place, equation.name_at);
                let (kind, name) = ("local value", name.to_owned());
                problems.push(Problem::new(place, NeuronError::Unused { kind, name }));
            }
        }
    }
    values
}

/// Both sides of what the neuron requires.
fn conditions<'t>(
    definition: &Definition,
    text: &'t NeuronText,
    names: &Names<'t>,
    problems: &mut Vec<Problem>,
) -> Vec<(NodeId, NodeId)> {
    let mut conditions = Vec::new();
    for (index, line) in text.requires.iter().enumerate().take(MOST_EQUATIONS) {
        let Some(sign) = line.find(">=") else {
            let message = "a condition is written with `>=`, as in tau >= dt";
            problems.push(Problem::in_line("requires", index, Mistake::new(0, message)));
            continue;
        };
        let mut side = |range: std::ops::Range<usize>| {
            let (tokens, mistake) = tokens(&line[range.clone()]);
            let mut mistakes = Vec::from_iter(mistake);
            let mut parser = Parser {
                tokens: &tokens,
                definition,
                names,
                read: &mut BTreeSet::new(),
                mistakes: &mut Vec::new(),
                end: range.len(),
                next: 0,
                depth: 0,
            };
            let value = parser.whole();
            mistakes.append(parser.mistakes);
            let id = value.map(|value| value.id()).map_err(|mistake| mistakes.push(mistake));
            problems.extend(mistakes.into_iter().map(|Mistake { at, message }| {
                Problem::in_line("requires", index, Mistake::new(range.start + at, message))
            }));
            id.ok()
        };
        conditions.extend(side(0..sign).zip(side(sign + 2..line.len())));
    }
    conditions
}

/// Tables that speak of what no equation has.
fn undefined(text: &NeuronText, equations: &[Equation<'_>], problems: &mut Vec<Problem>) {
    let states: BTreeSet<&str> = equations
        .iter()
        .filter_map(|e| match e.left {
            Left::Flow(name) | Left::Next(name) => Some(name),
            _ => None,
        })
        .collect();
    for name in text.states.keys().filter(|name| !states.contains(name.as_str())) {
        let error = NeuronError::MissingUpdate { state: name.clone() };
        problems.push(Problem::new(Place::key("states", name), error));
    }
    let emissions = equations.iter().filter_map(|e| match e.left {
        Left::Emission(name) => Some(name),
        _ => None,
    });
    let described: BTreeSet<&str> = emissions
        .chain(text.drives.iter().map(String::as_str))
        .chain(text.noise.keys().map(String::as_str))
        .collect();
    let unknown = text.symbols.keys().filter(|name| !described.contains(name.as_str()));
    for name in unknown.take(MOST_PROBLEMS) {
        let message = if states.contains(name.as_str()) {
            format!("is a state: describe it under [states.{name}]")
        } else if text.parameters.contains_key(name) {
            format!("is a parameter: describe it under [parameters.{name}]")
        } else {
            match names::closest(name, described.iter().copied()) {
                Some(meant) => {
                    format!("is no drive, noise or emission: did you mean `{meant}`?")
                }
                None => "is no drive, noise or emission: remove it".to_owned(),
            }
        };
        let error = NeuronError::Declaration { name: name.clone(), message };
        problems.push(Problem::new(Place::key("symbols", name), error));
    }
}

/// Where in the text an error of the definition lies.
fn placed(error: NeuronError, text: &NeuronText, equations: &[Equation<'_>]) -> Problem {
    let place = match &error {
        NeuronError::Unused { name, .. }
        | NeuronError::Range { name, .. }
        | NeuronError::Declaration { name, .. } => {
            if let Some(k) = text.drives.iter().position(|drive| drive == name) {
                Place::Drive(k)
            } else if text.parameters.contains_key(name) {
                Place::key("parameters", name)
            } else if text.noise.contains_key(name) {
                Place::key("noise", name)
            } else {
                Place::key("states", name)
            }
        }
        NeuronError::Cycle { states } => {
            let update = equations.iter().find(|e| match e.left {
                Left::Flow(name) | Left::Next(name) => states.first().is_some_and(|s| s == name),
                _ => false,
            });
            update.map_or(Place::Equations, |e| {
                let after = e.right.iter().find(|t| t.kind == Kind::Name("after"));
                Place::equation(e.place, after.map_or(e.name_at, |t| t.at))
            })
        }
        _ => Place::Equations,
    };
    Problem::new(place, error)
}
