//! Weights under recursive least squares: one inverse correlation for all units of the same sources.

use std::collections::BTreeMap;

use attractor_numerics::product::{Changing, Symmetric, lanes};
use attractor_numerics::{Isa, Real};

use crate::constrained::{Constraint, FitError};

/// Most MiB that inverse correlations may take.
const MOST: usize = 4096;

/// All weights, in groups of units with the same sources.
pub(super) struct Plan<T> {
    groups: Vec<Group<T>>,
    targets: usize,
    features: usize,
    /// Whether each group takes all features and units in order: nothing is gathered.
    whole: bool,
}

struct Group<T> {
    rows: Vec<usize>,
    columns: Vec<usize>,
    w: Changing<T>,
    p: Symmetric<T>,
    features: Vec<T>,
    drives: Vec<T>,
    /// `-c e` and `k`, not yet taken by W; `-c`, not yet taken by P, with the same k.
    errors: Vec<T>,
    k: Vec<T>,
    k_next: Vec<T>,
    w_behind: bool,
    p_behind: Option<T>,
}

impl<T: Real> Plan<T> {
    /// Weights `[target, feature]`, and P as a function of the features of a group.
    pub(super) fn new(
        weights: &[f64],
        targets: usize,
        features: usize,
        constraint: &Constraint,
        p: impl Fn(&[usize]) -> Result<Symmetric<T>, FitError>,
    ) -> Result<Self, FitError> {
        let mut by_sources: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for target in 0..targets {
            let there = (0..features).filter(|&j| constraint.allows(target, j, features));
            by_sources.entry(there.collect()).or_default().push(target);
        }
        let bytes: usize = by_sources.keys().map(|c| c.len() * c.len() / 2 * size_of::<T>()).sum();
        if bytes >> 20 > MOST {
            let fix = "units whose sources differ need an inverse correlation each: leave `no_self` out or use masks by region";
            return Err(FitError::Memory { mib: bytes >> 20, fix });
        }
        let isa = Isa::best();
        let whole = by_sources.len() == 1 && by_sources.keys().all(|c| c.len() == features);
        let mut groups = Vec::new();
        for (columns, rows) in by_sources {
            let mut w = Changing::new(isa, rows.len(), columns.len());
            let own: Vec<f64> = rows
                .iter()
                .flat_map(|&i| columns.iter().map(move |&j| weights[i * features + j]))
                .collect();
            w.load(&own);
            let (m, n) = (lanes(rows.len()), lanes(columns.len()));
            groups.push(Group {
                w,
                p: p(&columns)?,
                features: vec![T::ZERO; n],
                drives: vec![T::ZERO; m],
                errors: vec![T::ZERO; m],
                k: vec![T::ZERO; n],
                k_next: vec![T::ZERO; n],
                w_behind: false,
                p_behind: None,
                rows,
                columns,
            });
        }
        Ok(Plan { groups, targets, features, whole })
    }

    /// `drives = W φ`.
    pub(super) fn multiply(&mut self, features: &[T], drives: &mut [T]) {
        for group in &mut self.groups {
            if self.whole {
                let n = lanes(self.features);
                group.multiply(&features[..n]);
                drives[..self.targets].copy_from_slice(&group.drives[..self.targets]);
                continue;
            }
            let mut own = std::mem::take(&mut group.features);
            own.iter_mut().zip(&group.columns).for_each(|(to, &j)| *to = features[j]);
            group.multiply(&own);
            group.features = own;
            group.rows.iter().zip(&group.drives).for_each(|(&i, &drive)| drives[i] = drive);
        }
    }

    /// One update by the errors `[target]` at these features.
    pub(super) fn update(&mut self, features: &[T], errors: &[T]) {
        for group in &mut self.groups {
            group.settle();
            if self.whole {
                group.update(&features[..lanes(self.features)], |p| errors[p]);
                continue;
            }
            let mut own = std::mem::take(&mut group.features);
            own.iter_mut().zip(&group.columns).for_each(|(to, &j)| *to = features[j]);
            let rows = std::mem::take(&mut group.rows);
            group.update(&own, |p| errors[rows[p]]);
            (group.features, group.rows) = (own, rows);
        }
    }

    /// P anew.
    pub(super) fn reset(
        &mut self,
        p: impl Fn(&[usize]) -> Result<Symmetric<T>, FitError>,
    ) -> Result<(), FitError> {
        for group in &mut self.groups {
            group.settle();
            group.p = p(&group.columns)?;
            group.p_behind = None;
        }
        Ok(())
    }

    /// `[target, feature]`.
    pub(super) fn weights(&mut self) -> Vec<f64> {
        let mut weights = vec![0.0; self.targets * self.features];
        for group in &mut self.groups {
            group.settle();
            let own = group.w.to_f64();
            for (row, &i) in own.chunks_exact(group.columns.len().max(1)).zip(&group.rows) {
                row.iter()
                    .zip(&group.columns)
                    .for_each(|(w, &j)| weights[i * self.features + j] = *w);
            }
        }
        weights
    }
}

impl<T: Real> Group<T> {
    fn multiply(&mut self, features: &[T]) {
        if self.w_behind {
            self.w.step_and_multiply(&self.errors, &self.k, features, &mut self.drives);
            self.w_behind = false;
        } else {
            self.w.multiply(features, &mut self.drives);
        }
    }

    /// Two updates without a product between them: W takes the first on its own.
    fn settle(&mut self) {
        if self.w_behind {
            let x = vec![T::ZERO; self.k.len()];
            let mut y = vec![T::ZERO; self.drives.len()];
            self.w.step_and_multiply(&self.errors, &self.k, &x, &mut y);
            self.w_behind = false;
        }
    }

    fn update(&mut self, features: &[T], error: impl Fn(usize) -> T) {
        match self.p_behind {
            Some(c) => self.p.step_and_multiply(c, &self.k, features, &mut self.k_next),
            None => self.p.multiply(features, &mut self.k_next),
        }
        std::mem::swap(&mut self.k, &mut self.k_next);
        let mut sum = [T::ZERO; 16];
        for (phi, k) in features.chunks_exact(16).zip(self.k.chunks_exact(16)) {
            (0..16).for_each(|l| sum[l] += phi[l] * k[l]);
        }
        let c = T::ONE / (T::ONE + sum.into_iter().fold(T::ZERO, |a, b| a + b));
        self.p_behind = Some(-c);
        for p in 0..self.w.rows() {
            self.errors[p] = -c * error(p);
        }
        self.w_behind = true;
    }
}
