//! Where the drive of a unit comes from: currents by source (current-based decomposition, Perich et al.
//! 2020, doi:10.1101/2020.12.18.423348).
//!
//! `current[target, source](t) = J[target, source] r[source](t)`: the sum over all sources is the whole
//! recurrent drive, and excitatory and inhibitory parts add up to each current. That a fit reproduces
//! the data does not make its currents those of the brain: compare restarts ([`agreement`]).

use std::collections::BTreeMap;

use crate::MeasureError;
use crate::correlation::pearson;
use crate::measure_error::{finite, same_length};

/// Named units: a region, a cell type, or a single unit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Group {
    /// What they are called.
    pub name: String,
    /// Their places.
    pub units: Vec<usize>,
}

/// Which weights a current goes through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Through {
    /// All.
    #[default]
    All,
    /// Positive ones.
    Excitatory,
    /// Negative ones.
    Inhibitory,
}

impl Through {
    fn part(self, weight: f64) -> f64 {
        match self {
            Through::All => weight,
            Through::Excitatory => weight.max(0.0),
            Through::Inhibitory => weight.min(0.0),
        }
    }
}

/// The groups of units with the same label, in the order in which labels first appear.
pub fn groups_of(labels: &[String]) -> Vec<Group> {
    let mut order: Vec<Group> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (unit, label) in labels.iter().enumerate() {
        let place = *places.entry(label).or_insert_with(|| {
            order.push(Group { name: label.clone(), units: Vec::new() });
            order.len() - 1
        });
        order[place].units.push(unit);
    }
    order
}

/// Every current between groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Currents {
    /// Samples.
    pub samples: usize,
    /// Names and sizes of the targets.
    pub targets: Vec<Group>,
    /// Names of the sources.
    pub sources: Vec<Group>,
    /// `[target group][source group]`, each `[sample, unit of the target]`.
    pub blocks: Vec<Vec<Vec<f64>>>,
}

/// Decomposes the recurrent drive of `targets` by `sources`: weights `[unit, unit]` (target, source),
/// rates `[sample, unit]`.
///
/// Cost: one product of weights and rates, whatever the number of groups.
///
/// ```
/// use attractor_analysis::{Through, currents, groups_of};
/// let labels: Vec<String> = ["A", "A", "B"].map(String::from).to_vec();
/// let groups = groups_of(&labels);
/// let weights = [0.0, 1.0, 2.0, -1.0, 0.0, 0.5, 1.0, 1.0, 0.0];
/// let found = currents(&weights, 3, &[1.0, 0.5, 2.0], &groups, &groups, Through::All)?;
/// assert_eq!(found.blocks[0][1], [4.0, 1.0]); // from B to the two units of A
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
///
/// # Errors
/// Weights or rates of another shape, values that are not finite, groups of units that are not there.
pub fn currents(
    weights: &[f64],
    units: usize,
    rates: &[f64],
    targets: &[Group],
    sources: &[Group],
    through: Through,
) -> Result<Currents, MeasureError> {
    let samples = rates.len() / units.max(1);
    same_length("weights [unit, unit]", units * units, weights.len())?;
    same_length("rates [sample, unit]", samples * units, rates.len())?;
    finite("weights", weights)?;
    finite("rates", rates)?;
    if let Some(unit) = targets.iter().chain(sources).flat_map(|g| &g.units).find(|&&u| u >= units)
    {
        let fix = "groups name units that are not there";
        return Err(MeasureError::Value { name: "group", value: unit.to_string(), fix });
    }
    let block = |target: &Group, source: &Group| -> Vec<f64> {
        let n = source.units.len();
        let rows = target
            .units
            .iter()
            .flat_map(|&i| source.units.iter().map(move |&j| through.part(weights[i * units + j])));
        let rows: Vec<f64> = rows.collect();
        let mut out = vec![0.0; samples * target.units.len()];
        let mut r = vec![0.0; n];
        for (out, rates) in
            out.chunks_exact_mut(target.units.len().max(1)).zip(rates.chunks_exact(units))
        {
            r.iter_mut().zip(&source.units).for_each(|(r, &j)| *r = rates[j]);
            for (out, row) in out.iter_mut().zip(rows.chunks_exact(n.max(1))) {
                *out = row.iter().zip(&r).map(|(w, r)| w * r).sum();
            }
        }
        out
    };
    let blocks = targets.iter().map(|t| sources.iter().map(|s| block(t, s)).collect()).collect();
    Ok(Currents { samples, targets: targets.to_vec(), sources: sources.to_vec(), blocks })
}

impl Currents {
    /// The sum over sources of what reaches a target group, `[sample, unit]`.
    ///
    /// # Panics
    /// If there is no such target.
    pub fn total(&self, target: usize) -> Vec<f64> {
        let mut total = vec![0.0; self.samples * self.targets[target].units.len()];
        for block in &self.blocks[target] {
            total.iter_mut().zip(block).for_each(|(sum, current)| *sum += current);
        }
        total
    }

    /// Mean magnitude of each current, `[target][source]`.
    pub fn magnitudes(&self) -> Vec<Vec<f64>> {
        let mean = |block: &Vec<f64>| {
            block.iter().map(|x| x.abs()).sum::<f64>() / block.len().max(1) as f64
        };
        self.blocks.iter().map(|row| row.iter().map(mean).collect()).collect()
    }
}

/// Effective connectivity: the weights times the mean slope of their source, `J_ij ⟨φ'(x_j)⟩`, which is
/// the mean Jacobian of the drives; `slopes` `[sample, unit]` (for tanh `1 - r²`).
///
/// # Errors
/// Shapes that do not fit, values that are not finite.
pub fn effective_connectivity(
    weights: &[f64],
    units: usize,
    slopes: &[f64],
) -> Result<Vec<f64>, MeasureError> {
    let samples = slopes.len() / units.max(1);
    same_length("weights [unit, unit]", units * units, weights.len())?;
    same_length("slopes [sample, unit]", samples * units, slopes.len())?;
    finite("slopes", slopes)?;
    let mut mean = vec![0.0; units];
    for row in slopes.chunks_exact(units.max(1)) {
        mean.iter_mut().zip(row).for_each(|(m, s)| *m += s / samples as f64);
    }
    Ok(weights.iter().enumerate().map(|(k, w)| w * mean[k % units]).collect())
}

/// How far two fits agree.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Agreement {
    /// Correlation of all weights but those of units on themselves.
    pub weights: f64,
    /// Correlation of each current, over samples and units, `[target][source]`; none where one of them
    /// does not vary.
    pub currents: Vec<Vec<Option<f64>>>,
    /// Correlation of the mean magnitudes of currents over pairs of groups.
    pub magnitudes: Option<f64>,
}

/// Correlations of weights and of currents of two fits, or of a fit and the truth.
///
/// # Errors
/// Weights of another number, currents of other groups.
pub fn agreement(
    weights: (&[f64], &[f64]),
    units: usize,
    currents: (&Currents, &Currents),
) -> Result<Agreement, MeasureError> {
    same_length("weights of the second fit", weights.0.len(), weights.1.len())?;
    let off = |w: &[f64]| -> Vec<f64> {
        let apart = w.iter().enumerate().filter(|(k, _)| k / units.max(1) != k % units.max(1));
        apart.map(|(_, w)| *w).collect()
    };
    let (a, b) = currents;
    same_length("targets of the second fit", a.targets.len(), b.targets.len())?;
    same_length("sources of the second fit", a.sources.len(), b.sources.len())?;
    let pairs = |(a, b): (&Vec<Vec<f64>>, &Vec<Vec<f64>>)| -> Vec<Option<f64>> {
        a.iter().zip(b).map(|(a, b)| pearson(a, b).ok()).collect()
    };
    let flat = |c: &Currents| c.magnitudes().concat();
    Ok(Agreement {
        weights: pearson(&off(weights.0), &off(weights.1))?,
        currents: a.blocks.iter().zip(&b.blocks).map(pairs).collect(),
        magnitudes: pearson(&flat(a), &flat(b)).ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0).collect()
    }

    fn labels() -> Vec<String> {
        (0..23).map(|i| ["A", "B", "C"][(i / 3) % 3].to_owned()).collect()
    }

    #[test]
    fn currents_add_up_to_the_whole_drive_and_to_their_parts() {
        let (n, samples) = (23, 40);
        let (weights, rates) = (numbers(n * n, 1), numbers(samples * n, 2));
        let groups = groups_of(&labels());
        assert_eq!(groups.iter().map(|g| g.units.len()).sum::<usize>(), n);
        let of = |through| currents(&weights, n, &rates, &groups, &groups, through).unwrap();
        let (all, e, i) = (of(Through::All), of(Through::Excitatory), of(Through::Inhibitory));
        for (target, group) in groups.iter().enumerate() {
            for (place, sum) in all.total(target).iter().enumerate() {
                let (t, unit) = (place / group.units.len(), group.units[place % group.units.len()]);
                let whole: f64 = (0..n).map(|j| weights[unit * n + j] * rates[t * n + j]).sum();
                assert!((sum - whole).abs() < 1e-10);
            }
            for source in 0..groups.len() {
                let parts = e.blocks[target][source].iter().zip(&i.blocks[target][source]);
                for ((e, i), all) in parts.zip(&all.blocks[target][source]) {
                    assert!((e + i - all).abs() < 1e-10);
                }
            }
        }
        // single units as sources
        let each: Vec<Group> =
            (0..n).map(|u| Group { name: format!("{u}"), units: vec![u] }).collect();
        let fine = currents(&weights, n, &rates, &groups, &each, Through::All).unwrap();
        let apart =
            fine.total(1).iter().zip(all.total(1)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-10);
    }

    #[test]
    fn agreement_is_full_with_itself_and_groups_must_exist() {
        let n = 23;
        let (weights, rates) = (numbers(n * n, 1), numbers(10 * n, 2));
        let groups = groups_of(&labels());
        let own = currents(&weights, n, &rates, &groups, &groups, Through::All).unwrap();
        let same = agreement((&weights, &weights), n, (&own, &own)).unwrap();
        assert!((same.weights - 1.0).abs() < 1e-12 && same.magnitudes.unwrap() > 1.0 - 1e-12);
        let other: Vec<f64> = weights.iter().map(|w| -w).collect();
        let turned = currents(&other, n, &rates, &groups, &groups, Through::All).unwrap();
        let against = agreement((&weights, &other), n, (&own, &turned)).unwrap();
        assert!((against.currents[2][0].unwrap() + 1.0).abs() < 1e-12);
        let wrong = [Group { name: "D".into(), units: vec![23] }];
        assert!(currents(&weights, n, &rates, &wrong, &groups, Through::All).is_err());
    }

    #[test]
    fn effective_connectivity_weighs_sources_by_their_slope() {
        let found =
            effective_connectivity(&[1.0, 2.0, 3.0, 4.0], 2, &[1.0, 0.5, 0.0, 0.5]).unwrap();
        assert_eq!(found, [0.5, 1.0, 1.5, 2.0]);
    }
}
