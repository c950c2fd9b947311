//! Masks and signs of a wiring, drawn or looked up, and what they come to for each weight.

use attractor_numerics::random;
use rand::RngExt;

use super::compile::{End, Ends, Scope, group};
use crate::constraint::{Allowed, Constraint};
use crate::error::NetworkError;
use crate::structure::{Between, Graph, Hold, Mask, Sign};

/// Stands for all units, or for all others.
const ALL: &str = "*";

/// What holds for the weights of a scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    /// Row-major over the scope; all pairs if none.
    pub(crate) mask: Option<Vec<bool>>,
    pub(crate) signs: Option<Signs>,
    pub(crate) hold: Hold,
    /// Signed graphs that the pairs are taken from: signs must not contradict them.
    pub(crate) evidence: Vec<String>,
}

/// Signs: 1, −1, or 0 for any.
#[derive(Clone, Debug)]
pub(crate) enum Signs {
    /// One per source.
    Source(Vec<i8>),
    /// One per pair, row-major.
    Pair(Vec<i8>),
}

impl Signs {
    pub(crate) fn at(&self, i: usize, j: usize, width: usize) -> i8 {
        match self {
            Signs::Source(signs) => signs[j],
            Signs::Pair(signs) => signs[i * width + j],
        }
    }

    /// Both; the first pair on which they disagree, if there is one.
    fn and(self, other: &Signs, height: usize, width: usize) -> Result<Signs, (usize, usize)> {
        let height = match (&self, other) {
            (Signs::Source(_), Signs::Source(_)) => 1,
            _ => height,
        };
        let mut both = Vec::with_capacity(height * width);
        for (i, j) in (0..height).flat_map(|i| (0..width).map(move |j| (i, j))) {
            both.push(match (self.at(i, j, width), other.at(i, j, width)) {
                (0, sign) | (sign, 0) => sign,
                (a, b) if a == b => a,
                _ => return Err((i, j)),
            });
        }
        Ok(if height == 1 && both.len() == width { Signs::Source(both) } else { Signs::Pair(both) })
    }
}

impl Rules {
    /// The rules of a block, by the places of its rows and columns in this scope.
    pub(crate) fn of_block(&self, width: usize, rows: &[usize], columns: &[usize]) -> Rules {
        let pairs = || rows.iter().flat_map(|&i| columns.iter().map(move |&j| i * width + j));
        let mask = self.mask.as_ref().map(|mask| pairs().map(|at| mask[at]).collect());
        let signs = self.signs.as_ref().map(|signs| match signs {
            Signs::Source(signs) => Signs::Source(columns.iter().map(|&j| signs[j]).collect()),
            Signs::Pair(signs) => Signs::Pair(pairs().map(|at| signs[at]).collect()),
        });
        Rules { mask, signs, hold: self.hold, evidence: self.evidence.clone() }
    }

    /// Allows only what another mask allows, too.
    pub(crate) fn restrict(&mut self, mask: Vec<bool>) {
        match &mut self.mask {
            Some(old) => old.iter_mut().zip(mask).for_each(|(old, new)| *old &= new),
            None => self.mask = Some(mask),
        }
    }

    /// Adds signs to those that hold already.
    pub(crate) fn sign(
        &mut self,
        signs: Signs,
        hold: Hold,
        (height, width): (usize, usize),
        name: &str,
    ) -> Result<(), NetworkError> {
        let old = self.signs.take();
        self.hold = hold;
        self.signs = Some(match old {
            None => signs,
            Some(old) => signs.and(&old, height, width).map_err(|(i, j)| {
                let what = format!("projection `{name}`, signs of weight [{i}, {j}]");
                NetworkError::value(what, "1 and -1", "the same sign from every constraint")
            })?,
        });
        Ok(())
    }

    /// What each weight may be; nothing where every weight is free.
    pub(crate) fn constraint(&self, height: usize, width: usize) -> Option<Constraint> {
        if self.mask.is_none() && self.signs.is_none() {
            return None;
        }
        let mut allowed = Vec::with_capacity(height * width);
        for (i, j) in (0..height).flat_map(|i| (0..width).map(move |j| (i, j))) {
            let connects = self.mask.as_ref().is_none_or(|mask| mask[i * width + j]);
            let sign = self.signs.as_ref().map_or(0, |signs| signs.at(i, j, width));
            allowed.push(match (connects, sign) {
                (false, _) => Allowed::Nothing,
                (true, 0) => Allowed::Any,
                (true, sign) if sign > 0 => Allowed::Positive,
                (true, _) => Allowed::Negative,
            });
        }
        Some(Constraint::new(allowed, self.hold))
    }
}

/// A mask over a scope, row-major. `stream` names its random stream.
pub(crate) fn mask(
    mask: &Mask,
    ends: &Ends<'_>,
    scope: &Scope,
    stream: &str,
) -> Result<Vec<bool>, NetworkError> {
    let (height, width) = scope.size(ends);
    let problem = |what: &str, given: String, expected: String| {
        NetworkError::value(format!("projection `{}`, {what}", ends.name), given, expected)
    };
    let probability = |what: &str, p: f64| match (0.0..=1.0).contains(&p) {
        true => Ok(p),
        false => Err(problem(what, p.to_string(), "between 0 and 1".to_owned())),
    };
    match mask {
        Mask::Random { density, seed } => {
            let density = probability("density of the mask", *density)?;
            let mut rng = random::stream(*seed, stream);
            Ok((0..height * width).map(|_| rng.random_bool(density)).collect())
        }
        Mask::Degree { degree, seed } => {
            if *degree > width {
                let expected = format!("at most {width}, the number of sources");
                return Err(problem("in-degree of the mask", degree.to_string(), expected));
            }
            let mut rng = random::stream(*seed, stream);
            let mut mask = vec![false; height * width];
            let mut order: Vec<usize> = (0..width).collect();
            for row in mask.chunks_exact_mut(width.max(1)) {
                // the first `degree` of a shuffle (Fisher and Yates)
                for k in 0..*degree {
                    order.swap(k, rng.random_range(k..width));
                    row[order[k]] = true;
                }
            }
            Ok(mask)
        }
        Mask::Pairs { pairs } => {
            let mut mask = vec![false; height * width];
            let wrong = |p: &&[usize; 2]| p[0] >= height || p[1] >= width;
            let count = pairs.iter().filter(wrong).count();
            if let Some(pair) = pairs.iter().find(wrong) {
                let more =
                    if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
                let expected = format!("[target < {height}, source < {width}]");
                return Err(problem("pair of the mask", format!("{pair:?}{more}"), expected));
            }
            pairs.iter().for_each(|&[target, source]| mask[target * width + source] = true);
            Ok(mask)
        }
        Mask::Distance { least, most } => {
            let most = most.unwrap_or(f64::INFINITY);
            if !(*least >= 0.0 && most > *least) {
                let expected = "least ≥ 0 and below most".to_owned();
                return Err(problem(
                    "distances of the mask",
                    format!("{least} to {most}"),
                    expected,
                ));
            }
            let distances = distances(ends, scope)?;
            Ok(distances.into_iter().map(|d| *least <= d && d < most).collect())
        }
        Mask::Nearby { length, peak, seed } => {
            let peak = probability("peak of the mask", *peak)?;
            if !(*length > 0.0 && length.is_finite()) {
                let expected = "a positive number".to_owned();
                return Err(problem("length of the mask", length.to_string(), expected));
            }
            let mut rng = random::stream(*seed, stream);
            let distances = distances(ends, scope)?;
            let drawn = |d: f64| rng.random_bool(peak * (-d / length).exp());
            Ok(distances.into_iter().map(drawn).collect())
        }
        Mask::Groups { between, seed } => {
            let mut chance = vec![0.0f64; ends.targets.units * ends.sources.units];
            for Between { from, to, density } in between {
                let density = probability("density between groups", *density)?;
                let all = |end: usize| (0..end).collect();
                let units = |end: &End<'_>, name: &str| match name {
                    ALL => Ok(all(end.units)),
                    name => group(end, name),
                };
                let (rows, columns) = (units(&ends.targets, to)?, units(&ends.sources, from)?);
                for (&i, &j) in rows.iter().flat_map(|i| columns.iter().map(move |j| (i, j))) {
                    chance[i * ends.sources.units + j] = density;
                }
            }
            let mut rng = random::stream(*seed, stream);
            let at = |(i, j): (usize, usize)| chance[i * ends.sources.units + j];
            Ok(scope.pairs(ends).map(|pair| rng.random_bool(at(pair))).collect())
        }
        Mask::NoSelf => {
            if ends.targets.population != ends.sources.population {
                let given =
                    format!("`{}` to `{}`", ends.sources.population, ends.targets.population);
                return Err(problem("mask `no-self`", given, "a population and itself".to_owned()));
            }
            Ok(scope.pairs(ends).map(|(i, j)| i != j).collect())
        }
        Mask::Graph { graph } => {
            let weights = weights(known(ends, graph)?, graph, ends, scope)?;
            Ok(weights.into_iter().map(|weight| weight.is_some()).collect())
        }
    }
}

/// The signs that a rule gives to a scope.
pub(crate) fn signs(sign: &Sign, ends: &Ends<'_>, scope: &Scope) -> Result<Signs, NetworkError> {
    let sources = ends.sources.units;
    let problem = |what: &str, given: String, expected: String| {
        NetworkError::value(format!("projection `{}`, {what}", ends.name), given, expected)
    };
    let of_scope = |all: Vec<i8>| {
        Ok(Signs::Source(match &scope.columns {
            Some(columns) => columns.iter().map(|&j| all[j]).collect(),
            None => all,
        }))
    };
    match sign {
        Sign::Excitatory => of_scope(vec![1; sources]),
        Sign::Inhibitory => of_scope(vec![-1; sources]),
        Sign::Dale { excitatory, seed } => {
            if !(0.0..=1.0).contains(excitatory) {
                let expected = "between 0 and 1".to_owned();
                return Err(problem("excitatory fraction", excitatory.to_string(), expected));
            }
            let first = (excitatory * sources as f64).round() as usize;
            of_scope(match seed {
                None => (0..sources).map(|j| if j < first { 1 } else { -1 }).collect(),
                Some(seed) => {
                    let name = format!("{}.sign", ends.sources.population);
                    let mut rng = random::stream(*seed, &name);
                    (0..sources)
                        .map(|_| if rng.random_bool(*excitatory) { 1 } else { -1 })
                        .collect()
                }
            })
        }
        Sign::Groups { excitatory, inhibitory } => {
            let mut signs = vec![0i8; sources];
            let mut rest = 0i8;
            for (list, sign) in [(excitatory, 1i8), (inhibitory, -1)] {
                for name in list {
                    if name == ALL {
                        if rest != 0 {
                            let expected = "in one of the two lists".to_owned();
                            return Err(problem(
                                "signs by group",
                                "`*` twice".to_owned(),
                                expected,
                            ));
                        }
                        rest = sign;
                        continue;
                    }
                    for unit in group(&ends.sources, name)? {
                        if signs[unit] == -sign {
                            let given = format!("unit {unit} of `{name}` with both signs");
                            let expected = "groups that do not overlap".to_owned();
                            return Err(problem("signs by group", given, expected));
                        }
                        signs[unit] = sign;
                    }
                }
            }
            signs.iter_mut().filter(|sign| **sign == 0).for_each(|sign| *sign = rest);
            of_scope(signs)
        }
        Sign::Given { signs } => {
            let right = signs.len() == sources && signs.iter().all(|s| (-1..=1).contains(s));
            if !right {
                let expected = format!("{sources}, one per source, each 1, -1 or 0");
                return Err(problem("number of signs", signs.len().to_string(), expected));
            }
            of_scope(signs.clone())
        }
        Sign::Graph { graph } => {
            let known = known(ends, graph)?;
            if !known.signed {
                let expected = "a signed graph".to_owned();
                return Err(problem("signs", format!("`{graph}`, which has none"), expected));
            }
            let sign = |weight: Option<f64>| match weight {
                Some(weight) if weight != 0.0 => weight.signum() as i8,
                _ => 0,
            };
            Ok(Signs::Pair(weights(known, graph, ends, scope)?.into_iter().map(sign).collect()))
        }
    }
}

/// The graph of a name.
pub(crate) fn known<'g>(ends: &Ends<'g>, name: &str) -> Result<&'g Graph, NetworkError> {
    let known = || ends.graphs.keys().map(String::as_str);
    ends.graphs.get(name).ok_or_else(|| NetworkError::unknown("graph", name, known()))
}

/// The weights of a graph over a scope, row-major; none where it has no edge.
pub(crate) fn weights(
    graph: &Graph,
    name: &str,
    ends: &Ends<'_>,
    scope: &Scope,
) -> Result<Vec<Option<f64>>, NetworkError> {
    let (targets, sources) = (ends.targets.units, ends.sources.units);
    let wrong = |e: &&(usize, usize, f64)| e.0 >= targets || e.1 >= sources || !e.2.is_finite();
    if let Some((target, source, weight)) = graph.edges.iter().find(wrong) {
        let count = graph.edges.iter().filter(wrong).count();
        let what = format!("projection `{}`, edges of graph `{name}`", ends.name);
        let given = format!("({target}, {source}, {weight}), one of {count} that do not fit,");
        let expected = format!("target < {targets}, source < {sources}, a finite weight");
        return Err(NetworkError::value(what, given, expected));
    }
    let mut all: Vec<Option<f64>> = vec![None; targets * sources];
    for &(target, source, weight) in &graph.edges {
        *all[target * sources + source].get_or_insert(0.0) += weight;
    }
    if scope.rows.is_none() && scope.columns.is_none() {
        return Ok(all);
    }
    Ok(scope.pairs(ends).map(|(i, j)| all[i * sources + j]).collect())
}

/// Distances over a scope, row-major.
fn distances(ends: &Ends<'_>, scope: &Scope) -> Result<Vec<f64>, NetworkError> {
    let points = |end: &End<'_>| match end.points {
        Some(points) => Ok(points.to_vec()),
        None => {
            let what = format!("projection `{}`, distances", ends.name);
            let given = format!("population `{}` without positions", end.population);
            Err(NetworkError::value(what, given, "positions at both ends"))
        }
    };
    let (targets, sources) = (points(&ends.targets)?, points(&ends.sources)?);
    let distance = |(i, j): (usize, usize)| {
        targets[i].iter().zip(&sources[j]).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    Ok(scope.pairs(ends).map(distance).collect())
}
