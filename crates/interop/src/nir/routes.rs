//! From population to population: what the nodes in between do, multiplied out, and how long it takes.

use std::collections::BTreeMap;

use ndarray::Array2;

use super::error::NirProblem;
use super::graph::{Graph, Node};

/// Places of a matrix, at most.
const MOST_PLACES: usize = 1 << 28;
/// Longest delay, steps.
const MOST_STEPS: f64 = 1_048_576.0;

/// A linear map.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Map {
    /// Values as they are.
    Same,
    /// Each value times its own.
    Scaled(Vec<f64>),
    /// `W [target, source]`.
    Dense(Array2<f64>),
}

/// What arrives at a node: from a population, so many steps late, through a map; and a constant.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Arriving {
    pub(super) routes: BTreeMap<(usize, usize), Map>,
    pub(super) bias: Option<Vec<f64>>,
}

/// What arrives at every node; `dt` is the step, ms.
pub(super) fn arriving(graph: &Graph, dt: f64) -> Result<Vec<Arriving>, NirProblem> {
    let mut into: Vec<Arriving> = vec![Arriving::default(); graph.nodes.len()];
    // per node, what goes out and how many values that are
    let mut out: Vec<Option<(Arriving, usize)>> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(k, (_, node))| match node {
            Node::Input { size } | Node::Unit { size, .. } => {
                let routes = BTreeMap::from([((k, 0), Map::Same)]);
                Some((Arriving { routes, bias: None }, *size))
            }
            _ => None,
        })
        .collect();
    for k in order(graph, dt)? {
        let mut sum = Arriving::default();
        let mut size = graph.nodes[k].1.takes();
        for from in graph.into(k) {
            let Some((arriving, gives)) = &out[from] else { continue };
            if *size.get_or_insert(*gives) != *gives {
                let (from, to) = (graph.name(from).to_owned(), graph.name(k).to_owned());
                let takes = size.unwrap_or(0);
                return Err(NirProblem::Sizes { from, gives: *gives, to, takes });
            }
            sum.add(arriving, *gives);
        }
        if out[k].is_none() {
            let through = through(graph, k, sum.clone(), dt)?;
            out[k] = Some((through, graph.nodes[k].1.gives().or(size).unwrap_or(0)));
        }
        into[k] = sum;
    }
    Ok(into)
}

/// An order in which every node without time of its own comes after what it needs.
fn order(graph: &Graph, dt: f64) -> Result<Vec<usize>, NirProblem> {
    let instant = |k: usize| !matches!(graph.nodes[k].1, Node::Input { .. } | Node::Unit { .. });
    let n = graph.nodes.len();
    let mut waits = vec![0_usize; n];
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); n];
    for &(from, to) in &graph.edges {
        next[from].push(to);
        waits[to] += usize::from(instant(from) && instant(to));
    }
    let mut ready: Vec<usize> = (0..n).filter(|&k| instant(k) && waits[k] == 0).collect();
    let mut order = Vec::with_capacity(n);
    while let Some(k) = ready.pop() {
        order.push(k);
        for &to in next[k].iter().filter(|&&to| instant(to)) {
            waits[to] -= 1;
            if waits[to] == 0 {
                ready.push(to);
            }
        }
    }
    if let Some(stuck) = (0..n).find(|&k| instant(k) && waits[k] > 0) {
        let waiting = |k: usize| graph.into(k).find(|&from| instant(from) && waits[from] > 0);
        return Err(circle(graph, stuck, dt, waiting));
    }
    // units need what arrives, and nobody waits for them
    order.extend((0..n).filter(|&k| !instant(k)));
    Ok(order)
}

/// The circle that is met going backwards from a node.
fn circle(
    graph: &Graph,
    from: usize,
    dt: f64,
    before: impl Fn(usize) -> Option<usize>,
) -> NirProblem {
    let mut met = vec![from];
    let mut at = from;
    while let Some(previous) = before(at) {
        if let Some(start) = met.iter().position(|&k| k == previous) {
            met.drain(..start);
            break;
        }
        met.push(previous);
        at = previous;
    }
    met.reverse();
    let late = |k: &&usize| match &graph.nodes[**k].1 {
        Node::Delay(delays) => delays.iter().any(|s| s * 1000.0 >= dt / 2.0),
        _ => false,
    };
    if let Some(&delay) = met.iter().find(late) {
        return NirProblem::Node {
            node: graph.name(delay).to_owned(),
            kind: "a Delay in a circle without neurons".to_owned(),
            fix: "; put a neuron into the circle (LI with a short tau does little)",
        };
    }
    met.extend(met.first().copied());
    NirProblem::Circle { nodes: met.iter().map(|&k| graph.name(k).to_owned()).collect(), dt }
}

/// What leaves a node at which something arrives.
fn through(graph: &Graph, k: usize, arriving: Arriving, dt: f64) -> Result<Arriving, NirProblem> {
    let name = graph.name(k);
    let Arriving { routes, bias } = arriving;
    match &graph.nodes[k].1 {
        Node::Linear { weight, bias: own } => {
            let routes: Result<_, NirProblem> = routes
                .into_iter()
                .map(|(from, map)| Ok((from, map.then_dense(weight, name)?)))
                .collect();
            let passed = bias.map(|bias| weight.dot(&ndarray::Array1::from(bias)).to_vec());
            let mut leaving = Arriving { routes: routes?, bias: own.clone() };
            leaving.add_bias(passed.as_deref());
            Ok(leaving)
        }
        Node::Scale(scale) => {
            let routes = routes.into_iter().map(|(from, map)| (from, map.then_scale(scale)));
            let bias = bias.map(|bias| bias.iter().zip(scale).map(|(b, s)| b * s).collect());
            Ok(Arriving { routes: routes.collect(), bias })
        }
        Node::Delay(delays) => {
            let steps = steps(delays, dt).map_err(|(value, expected)| NirProblem::Value {
                node: name.to_owned(),
                parameter: "delay".to_owned(),
                value,
                expected,
            })?;
            let late =
                routes.into_iter().map(|((from, before), map)| ((from, before + steps), map));
            Ok(Arriving { routes: late.collect(), bias })
        }
        _ => Ok(Arriving { routes, bias }),
    }
}

/// A delay in whole steps.
fn steps(delays: &[f64], dt: f64) -> Result<usize, (f64, String)> {
    let first = delays.first().copied().unwrap_or(0.0);
    if let Some(&other) = delays.iter().find(|d| (**d - first).abs() * 1000.0 > 1e-6 * dt) {
        return Err((other, format!("{first} s, as for the first value: one delay for all")));
    }
    let steps = first * 1000.0 / dt;
    if !(0.0..=MOST_STEPS).contains(&steps) {
        return Err((first, format!("0 to {MOST_STEPS} steps of {dt} ms")));
    }
    if (steps - steps.round()).abs() > 1e-3 {
        return Err((first, format!("whole steps of {dt} ms")));
    }
    Ok(steps.round() as usize)
}

impl Arriving {
    fn add(&mut self, other: &Arriving, size: usize) {
        for (from, map) in &other.routes {
            match self.routes.remove(from) {
                None => self.routes.insert(*from, map.clone()),
                Some(sum) => self.routes.insert(*from, sum.plus(map, size)),
            };
        }
        self.add_bias(other.bias.as_deref());
    }

    fn add_bias(&mut self, other: Option<&[f64]>) {
        match (&mut self.bias, other) {
            (Some(sum), Some(other)) => sum.iter_mut().zip(other).for_each(|(a, b)| *a += b),
            (none @ None, Some(other)) => *none = Some(other.to_vec()),
            (_, None) => {}
        }
    }
}

impl Map {
    fn then_dense(self, weight: &Array2<f64>, node: &str) -> Result<Map, NirProblem> {
        let dense = match self {
            Map::Same => weight.clone(),
            Map::Scaled(scale) => weight * &ndarray::Array1::from(scale),
            Map::Dense(first) => {
                if weight.nrows().saturating_mul(first.ncols()) > MOST_PLACES {
                    return Err(NirProblem::Shape {
                        node: node.to_owned(),
                        parameter: "weight".to_owned(),
                        found: vec![weight.nrows(), first.ncols()],
                        expected: format!("with what is before it, at most {MOST_PLACES} places"),
                    });
                }
                weight.dot(&first)
            }
        };
        Ok(Map::Dense(dense))
    }

    fn then_scale(self, scale: &[f64]) -> Map {
        match self {
            Map::Same => Map::Scaled(scale.to_vec()),
            Map::Scaled(first) => {
                Map::Scaled(first.iter().zip(scale).map(|(a, b)| a * b).collect())
            }
            Map::Dense(mut weight) => {
                for (mut row, s) in weight.rows_mut().into_iter().zip(scale) {
                    row.mapv_inplace(|w| s * w);
                }
                Map::Dense(weight)
            }
        }
    }

    /// The sum of two maps of so many values.
    fn plus(self, other: &Map, size: usize) -> Map {
        let diagonal = |map: &Map| match map {
            Map::Same => Some(vec![1.0; size]),
            Map::Scaled(scale) => Some(scale.clone()),
            Map::Dense(_) => None,
        };
        match (diagonal(&self), diagonal(other)) {
            (Some(a), Some(b)) => Map::Scaled(a.iter().zip(&b).map(|(a, b)| a + b).collect()),
            _ => Map::Dense(self.dense(size) + other.clone().dense(size)),
        }
    }

    /// The matrix of a map; `size` is that of what is no matrix.
    fn dense(self, size: usize) -> Array2<f64> {
        match self {
            Map::Dense(weight) => weight,
            Map::Scaled(scale) => Array2::from_diag(&ndarray::Array1::from(scale)),
            Map::Same => Array2::eye(size),
        }
    }
}

/// Steps that each projection takes by nature: 1 where it leads back within a circle of populations, to
/// one that is no farther from the inputs; otherwise 0.
pub(super) fn natural_lags(inputs: &[bool], edges: &[(usize, usize)]) -> Vec<usize> {
    let n = inputs.len();
    let mut distance: Vec<usize> =
        inputs.iter().map(|&input| if input { 0 } else { usize::MAX }).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for &(from, to) in edges {
            let farther = distance[from].saturating_add(1);
            if farther < distance[to] {
                (distance[to], changed) = (farther, true);
            }
        }
    }
    let reaches = |from: usize, to: usize| {
        let (mut seen, mut open) = (vec![false; n], vec![from]);
        while let Some(k) = open.pop() {
            if k == to {
                return true;
            }
            for &(_, next) in edges.iter().filter(|(from, _)| *from == k) {
                if !std::mem::replace(&mut seen[next], true) {
                    open.push(next);
                }
            }
        }
        false
    };
    edges
        .iter()
        .map(|&(from, to)| usize::from(distance[to] <= distance[from] && reaches(to, from)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_back_takes_a_step() {
        // input 0 → 1 → 2 → 1, 1 → 1; 3 alone with itself; 2 → 4
        let inputs = [true, false, false, false, false];
        let edges = [(0, 1), (1, 2), (2, 1), (1, 1), (3, 3), (2, 4)];
        assert_eq!(natural_lags(&inputs, &edges), [0, 0, 1, 1, 1, 0]);
    }

    #[test]
    fn delays_are_whole_steps() {
        assert_eq!(steps(&[0.003, 0.003], 1.0), Ok(3));
        assert_eq!(steps(&[], 1.0), Ok(0));
        for wrong in [&[0.0025][..], &[-1.0], &[0.001, 0.002], &[1e9], &[f64::NAN]] {
            assert!(steps(wrong, 1.0).is_err(), "{wrong:?}");
        }
    }
}
