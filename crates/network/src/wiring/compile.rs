//! From a wiring as data to parts with parameters, with all problems found.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use attractor_numerics::law::Law;

use super::draw::{Drawn, Joint, JointPart, factor};
use super::rules::{self, Rules, Signs};
use super::{DensePart, EachPart, LowRankPart, WiringPlan};
use crate::constraint::{Allowed, Constraint};
use crate::description::{Block, Loadings, Wiring};
use crate::error::NetworkError;
use crate::parameters::Layout;
use crate::positions::Point;
use crate::structure::{Component, Graph, Mask};

/// The two ends of a projection, and the graphs of the network.
pub(crate) struct Ends<'a> {
    pub(crate) name: String,
    pub(crate) trained: bool,
    pub(crate) targets: End<'a>,
    pub(crate) sources: End<'a>,
    pub(crate) graphs: &'a BTreeMap<String, Graph>,
}

/// A population at one end.
pub(crate) struct End<'a> {
    pub(crate) population: &'a str,
    pub(crate) units: usize,
    pub(crate) groups: &'a BTreeMap<String, Vec<usize>>,
    pub(crate) points: Option<&'a [Point]>,
}

/// Part of a matrix, and what holds there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Target units of the rows; all if none.
    pub(crate) rows: Option<Vec<usize>>,
    /// Source units of the columns; all if none.
    pub(crate) columns: Option<Vec<usize>>,
    pub(crate) rules: Rules,
}

impl Scope {
    /// Rows and columns.
    pub(crate) fn size(&self, ends: &Ends<'_>) -> (usize, usize) {
        let height = self.rows.as_ref().map_or(ends.targets.units, Vec::len);
        (height, self.columns.as_ref().map_or(ends.sources.units, Vec::len))
    }

    /// Target and source of every pair, row by row.
    pub(crate) fn pairs(&self, ends: &Ends<'_>) -> impl Iterator<Item = (usize, usize)> {
        let (height, width) = self.size(ends);
        let place = |list: &Option<Vec<usize>>, k: usize| list.as_ref().map_or(k, |list| list[k]);
        (0..height)
            .flat_map(move |i| (0..width).map(move |j| (i, j)))
            .map(move |(i, j)| (place(&self.rows, i), place(&self.columns, j)))
    }
}

/// The units of a group.
pub(crate) fn group(end: &End<'_>, name: &str) -> Result<Vec<usize>, NetworkError> {
    let known = || end.groups.keys().map(String::as_str);
    end.groups.get(name).cloned().ok_or_else(|| NetworkError::unknown("group", name, known()))
}

/// A wiring being compiled.
pub(crate) struct Compiler<'a> {
    pub(crate) ends: &'a Ends<'a>,
    pub(crate) layout: &'a mut Layout,
    pub(crate) drawn: &'a mut Vec<Drawn>,
    pub(crate) problems: &'a mut Vec<NetworkError>,
    pub(crate) plan: WiringPlan,
}

impl Compiler<'_> {
    /// Adds a wiring over a scope; what is wrong with it is noted.
    pub(crate) fn add(&mut self, wiring: &Wiring, name: &str, scope: &Scope) {
        if let Err(problem) = self.try_add(wiring, name, scope) {
            self.problems.push(problem);
        }
    }

    fn try_add(&mut self, wiring: &Wiring, name: &str, scope: &Scope) -> Result<(), NetworkError> {
        let (height, width) = scope.size(self.ends);
        match wiring {
            Wiring::Dense { law } => {
                self.dense(Drawn::new(format!("{name}.W"), height, width, *law), scope)
            }
            Wiring::Masked { law, density, pairs, seed } => {
                let mask = match (density, pairs) {
                    (Some(density), None) => Mask::Random { density: *density, seed: *seed },
                    (None, Some(pairs)) => Mask::Pairs { pairs: pairs.clone() },
                    _ => {
                        let what = format!("projection `{name}`, mask");
                        let pairs = pairs.as_ref().map_or(0, Vec::len);
                        let given = format!("density = {density:?} and {pairs} pairs");
                        let expected = "either density between 0 and 1, or pairs";
                        return Err(NetworkError::value(what, given, expected));
                    }
                };
                let mut scope = scope.clone();
                let mask = rules::mask(&mask, self.ends, &scope, &format!("{name}.mask"))?;
                scope.rules.restrict(mask);
                self.dense(Drawn::new(format!("{name}.W"), height, width, *law), &scope)
            }
            Wiring::Graph { graph, scale } => self.graph(graph, *scale, name, scope),
            Wiring::Constrained { wiring, masks, sign, hold } => {
                let mut inner = scope.clone();
                for (k, mask) in masks.iter().enumerate() {
                    let stream = format!("{name}.mask{k}");
                    match rules::mask(mask, self.ends, scope, &stream) {
                        Ok(mask) => inner.rules.restrict(mask),
                        Err(problem) => self.problems.push(problem),
                    }
                    if let Mask::Graph { graph } = mask {
                        inner.rules.evidence.push(graph.clone());
                    }
                }
                if let Some(sign) = sign {
                    let signs = rules::signs(sign, self.ends, scope);
                    let signs =
                        signs.and_then(|s| inner.rules.sign(s, *hold, (height, width), name));
                    self.problems.extend(signs.err());
                }
                self.add(wiring, name, &inner);
                Ok(())
            }
            Wiring::LowRank { rank, m, n, covariance } => {
                self.check_rank(*rank, name, scope)?;
                let standard = *m == Law::Normal { sd: 1.0 } && *n == *m && height == width;
                let part = self.loadings(*rank, (m, n), name, scope)?;
                let Some(covariance) = covariance else { return Ok(()) };
                let free = scope.rules.signs.is_none();
                let fits = standard && covariance.len() == 2 * rank && free;
                let factor = factor(covariance).filter(|_| fits).ok_or_else(|| {
                    let what = format!("projection `{name}`, covariance of the loadings");
                    let expected = format!(
                        "symmetric, not negative, {0} × {0}, both laws normal with sd = 1, as many sources as targets, no signs",
                        2 * rank
                    );
                    NetworkError::value(what, format!("{covariance:?}"), expected)
                })?;
                let (units, mean) = ((0..height).collect(), vec![0.0; 2 * rank]);
                self.join(&part, vec![JointPart { units, mean, factor }]);
                Ok(())
            }
            Wiring::Mixture { rank, components } => self.mixture(*rank, components, name, scope),
            Wiring::Core { rank, u, v, core } => {
                self.check_rank(*rank, name, scope)?;
                self.unconstrained("a core", name, scope)?;
                let mut fixed = |side: &str, units: usize, loadings: &Loadings| {
                    let array = Drawn::fixed(format!("{name}.{side}"), units, *rank, loadings)?;
                    Ok::<_, NetworkError>(self.push(array, false))
                };
                let (m, n) = (fixed("U", height, u)?, fixed("V", width, v)?);
                let core = Drawn::new(format!("{name}.M"), *rank, *rank, *core);
                let core = Some(self.push(core, self.ends.trained));
                let Scope { rows, columns, .. } = scope.clone();
                self.plan.low_rank.push(LowRankPart { m, n, rank: *rank, core, rows, columns });
                Ok(())
            }
            Wiring::Each { copies, law } => self.each(*copies, law, name, scope),
            Wiring::Blocks { blocks } => {
                if scope.rows.is_some() {
                    let what = format!("projection `{name}`, wiring of a block");
                    let expected = "any other: blocks are not nested";
                    return Err(NetworkError::value(what, "blocks", expected));
                }
                blocks.iter().for_each(|block| self.block(block, name, scope));
                Ok(())
            }
            Wiring::Sum { terms } => {
                for (k, term) in terms.iter().enumerate() {
                    self.add(term, &format!("{name}.{k}"), scope);
                }
                Ok(())
            }
        }
    }

    /// A block of a matrix; both of its groups are looked for.
    fn block(&mut self, block: &Block, name: &str, scope: &Scope) {
        let rows = group(&self.ends.targets, &block.to);
        let columns = group(&self.ends.sources, &block.from);
        let name = format!("{name}.{}<-{}", block.to, block.from);
        match (rows, columns) {
            (Ok(rows), Ok(columns)) => {
                let rules = scope.rules.of_block(self.ends.sources.units, &rows, &columns);
                let scope = Scope { rows: Some(rows), columns: Some(columns), rules };
                self.add(&block.wiring, &name, &scope);
            }
            (rows, columns) => self.problems.extend(rows.err().into_iter().chain(columns.err())),
        }
    }

    /// An array of free weights within the rules of its scope.
    fn dense(&mut self, array: Drawn, scope: &Scope) -> Result<(), NetworkError> {
        let (height, width) = scope.size(self.ends);
        let constraint = scope.rules.constraint(height, width).map(Arc::new);
        if let Some(constraint) = &constraint {
            self.contradictions(&array.name, constraint, scope)?;
        }
        let array = Drawn { constraint: constraint.clone(), ..array };
        let weights = self.push(array, self.ends.trained);
        let Scope { rows, columns, .. } = scope.clone();
        let transforms = constraint.as_ref().is_some_and(|c| c.transforms());
        self.plan.dense.push(DensePart { weights, rows, columns, constraint, transforms });
        Ok(())
    }

    /// Signs that are not those of the graphs the pairs are taken from.
    fn contradictions(
        &self,
        name: &str,
        constraint: &Constraint,
        scope: &Scope,
    ) -> Result<(), NetworkError> {
        for graph in &scope.rules.evidence {
            let Some(known) = self.ends.graphs.get(graph).filter(|known| known.signed) else {
                continue;
            };
            let weights = rules::weights(known, graph, self.ends, scope)?;
            let against = |(k, weight): (usize, &Option<f64>)| match constraint.allowed()[k] {
                Allowed::Positive => weight.is_some_and(|w| w < 0.0),
                Allowed::Negative => weight.is_some_and(|w| w > 0.0),
                Allowed::Nothing | Allowed::Any => false,
            };
            let pairs: Vec<(usize, usize)> = weights
                .iter()
                .enumerate()
                .zip(scope.pairs(self.ends))
                .filter(|(entry, _)| against(*entry))
                .map(|(_, pair)| pair)
                .collect();
            if pairs.is_empty() {
                continue;
            }
            let first: Vec<String> =
                pairs.iter().take(5).map(|(i, j)| format!("{j} to {i}")).collect();
            let what = format!("signs of `{name}`");
            let more = if pairs.len() > first.len() { ", …" } else { "" };
            let given = format!(
                "the opposite of graph `{graph}` at {} of its edges ({}{more})",
                pairs.len(),
                first.join(", ")
            );
            let expected =
                format!("the graph's, sign = {{ kind = \"graph\", graph = \"{graph}\" }}");
            return Err(NetworkError::value(what, given, expected));
        }
        Ok(())
    }

    /// Weights at the edges of a graph, starting from its weights.
    fn graph(
        &mut self,
        graph: &str,
        scale: f64,
        name: &str,
        scope: &Scope,
    ) -> Result<(), NetworkError> {
        if !scale.is_finite() {
            let what = format!("projection `{name}`, scale");
            return Err(NetworkError::value(what, scale, "a finite number"));
        }
        let (height, width) = scope.size(self.ends);
        let known = rules::known(self.ends, graph)?;
        let weights = rules::weights(known, graph, self.ends, scope)?;
        let mut scope = scope.clone();
        scope.rules.restrict(weights.iter().map(Option::is_some).collect());
        scope.rules.evidence.push(graph.to_owned());
        let given = weights.iter().map(|weight| scale * weight.unwrap_or(0.0)).collect();
        let array = Drawn::new(format!("{name}.W"), height, width, Law::Constant { value: 0.0 });
        self.dense(Drawn { given: Some(given), ..array }, &scope)
    }

    /// One block that is shared by all runs of neighbours.
    fn each(
        &mut self,
        copies: usize,
        law: &Law,
        name: &str,
        scope: &Scope,
    ) -> Result<(), NetworkError> {
        let (height, width) = scope.size(self.ends);
        if scope.rows.is_some() {
            let what = format!("projection `{name}`, wiring of a block");
            return Err(NetworkError::value(
                what,
                "each",
                "a wiring of the whole matrix, or another",
            ));
        }
        if copies == 0 || height % copies != 0 || width % copies != 0 {
            let what = format!("projection `{name}`, copies");
            let expected = format!("a divisor of {width} sources and of {height} targets");
            return Err(NetworkError::value(what, copies, expected));
        }
        let (height, width) = (height / copies, width / copies);
        let signs = match &scope.rules.signs {
            Some(Signs::Source(signs)) => Some(signs),
            Some(Signs::Pair(_)) => {
                self.unconstrained("a shared block", name, scope)?;
                None
            }
            None => None,
        };
        let same = |signs: &&Vec<i8>| signs.chunks(width).all(|run| run == &signs[..width]);
        if scope.rules.mask.is_some() || signs.is_some_and(|signs| !same(&signs)) {
            let what = format!("projection `{name}`, mask or signs of a shared block");
            return Err(NetworkError::value(
                what,
                "not the same for all copies",
                "no mask, and signs that repeat with the block",
            ));
        }
        let signs = signs.map(|signs| Signs::Source(signs[..width].to_vec()));
        let rules = Rules { signs, hold: scope.rules.hold, ..Rules::default() };
        let constraint = rules.constraint(height, width).map(Arc::new);
        self.held_directly("a shared block", name, constraint.as_deref())?;
        let array = Drawn::new(format!("{name}.W"), height, width, *law);
        let weights = self.push(Drawn { constraint, ..array }, self.ends.trained);
        self.plan.each.push(EachPart { weights, copies });
        Ok(())
    }

    /// Loadings m and n. With signs, m is not negative and a row of n has the sign of its source, so
    /// that `m nᵀ` obeys.
    fn loadings(
        &mut self,
        rank: usize,
        (m, n): (&Law, &Law),
        name: &str,
        scope: &Scope,
    ) -> Result<LowRankPart, NetworkError> {
        let (height, width) = scope.size(self.ends);
        let hold = scope.rules.hold;
        let signs = match (&scope.rules.signs, &scope.rules.mask) {
            (None, None) => None,
            (Some(Signs::Source(signs)), None) => Some(signs),
            _ => {
                self.unconstrained("low rank", name, scope)?;
                None
            }
        };
        let held = |signs: Vec<i8>| {
            let allowed = signs.iter().flat_map(|&sign| {
                let allowed = match sign {
                    0 => Allowed::Any,
                    sign if sign > 0 => Allowed::Positive,
                    _ => Allowed::Negative,
                };
                std::iter::repeat_n(allowed, rank)
            });
            Arc::new(Constraint::new(allowed.collect(), hold))
        };
        let of_m = signs.map(|_| held(vec![1; height]));
        let of_n = signs.map(|signs| held(signs.clone()));
        self.held_directly("low rank", name, of_m.as_deref())?;
        let trained = self.ends.trained;
        let array = Drawn::new(format!("{name}.m"), height, rank, *m);
        let m = self.push(Drawn { constraint: of_m, ..array }, trained);
        let array = Drawn::new(format!("{name}.n"), width, rank, *n);
        let n = self.push(Drawn { constraint: of_n, ..array }, trained);
        let Scope { rows, columns, .. } = scope.clone();
        let part = LowRankPart { m, n, rank, core: None, rows, columns };
        self.plan.low_rank.push(part.clone());
        Ok(part)
    }

    /// Low rank with loadings from a mixture of Gaussians, one per group.
    fn mixture(
        &mut self,
        rank: usize,
        components: &[Component],
        name: &str,
        scope: &Scope,
    ) -> Result<(), NetworkError> {
        self.check_rank(rank, name, scope)?;
        self.unconstrained("a mixture", name, scope)?;
        let what = |of: &str| format!("projection `{name}`, {of}");
        let square = self.ends.targets.population == self.ends.sources.population;
        if !square || scope.rows.is_some() {
            let expected = "all of a population and itself";
            return Err(NetworkError::value(what("ends of a mixture"), "others", expected));
        }
        let mut taken = vec![false; self.ends.targets.units];
        let mut parts = Vec::new();
        for (k, component) in components.iter().enumerate() {
            let units = match &component.group {
                Some(name) => group(&self.ends.targets, name)?,
                None => (0..taken.len()).collect(),
            };
            if let Some(unit) =
                units.iter().find(|unit| std::mem::replace(&mut taken[**unit], true))
            {
                let what = what("components of a mixture");
                let given = format!("unit {unit} in two groups");
                return Err(NetworkError::value(what, given, "groups that do not overlap"));
            }
            let size = 2 * rank;
            let factor = factor(&component.covariance).filter(|factor| factor.len() == size);
            let factor = factor.ok_or_else(|| {
                let what = what(&format!("covariance of component {k}"));
                let expected = format!("symmetric, not negative, {size} × {size}");
                NetworkError::value(what, format!("{:?}", component.covariance), expected)
            })?;
            let mean = component.mean.clone().unwrap_or_else(|| vec![0.0; size]);
            if mean.len() != size || mean.iter().any(|x| !x.is_finite()) {
                let what = what(&format!("mean of component {k}"));
                let expected = format!("{size} finite numbers");
                return Err(NetworkError::value(what, format!("{mean:?}"), expected));
            }
            parts.push(JointPart { units, mean, factor });
        }
        let standard = Law::Normal { sd: 1.0 };
        let part = self.loadings(rank, (&standard, &standard), name, scope)?;
        self.join(&part, parts);
        Ok(())
    }

    /// Lets the loadings that were pushed last be drawn jointly.
    fn join(&mut self, part: &LowRankPart, parts: Vec<JointPart>) {
        let joint = Joint { m: part.m.clone(), n: part.n.clone(), rank: part.rank, parts };
        self.drawn.last_mut().into_iter().for_each(|n| n.joint = Some(joint.clone()));
    }

    fn check_rank(&self, rank: usize, name: &str, scope: &Scope) -> Result<(), NetworkError> {
        let (height, width) = scope.size(self.ends);
        let most = height.min(width);
        if rank == 0 || rank > most {
            let what = format!("projection `{name}`, rank");
            let expected = format!("between 1 and {most}, the smaller side of {height} × {width}");
            return Err(NetworkError::value(what, rank, expected));
        }
        Ok(())
    }

    fn unconstrained(&self, kind: &str, name: &str, scope: &Scope) -> Result<(), NetworkError> {
        let rules = &scope.rules;
        let given = match (&rules.mask, &rules.signs) {
            (None, None) => return Ok(()),
            (Some(_), _) => "a mask",
            (None, Some(_)) => "signs",
        };
        let what = format!("projection `{name}`, constraint of {kind}");
        let expected = match kind {
            "low rank" => "signs by source: a mask would form the matrix",
            "a shared block" => "signs by source",
            _ => "none: constrain the other terms of the sum, or the loadings of a low rank",
        };
        Err(NetworkError::value(what, given, expected))
    }

    fn held_directly(
        &self,
        kind: &str,
        name: &str,
        constraint: Option<&Constraint>,
    ) -> Result<(), NetworkError> {
        if constraint.is_some_and(|c| c.how().transforms()) {
            let what = format!("projection `{name}`, hold of {kind}");
            return Err(NetworkError::value(what, "a transformation", "clip or reflect"));
        }
        Ok(())
    }

    fn push(&mut self, array: Drawn, trained: bool) -> Range<usize> {
        let shape = vec![array.rows, array.columns];
        let constraint = array.constraint.clone();
        let range = self.layout.push(array.name.clone(), shape, trained, array.limits, constraint);
        self.drawn.push(Drawn { range: range.clone(), ..array });
        range
    }
}
