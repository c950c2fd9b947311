//! Which unit serves which task or variable, in clusters.

use super::{activity_colors, unit_ticks};
use crate::{
    axis::Axis,
    color::Color,
    colormap::Colormap,
    figure::{Figure, Height, Width},
    guide::Rule,
    label::Label,
    mark::Heat,
    matrix::Matrix,
    panel::Panel,
};

/// Task variance or selectivity of units, `[unit, variable]`, sorted into clusters (Yang et al. 2019,
/// <https://doi.org/10.1038/s41593-018-0310-2>).
#[derive(Clone, Debug)]
pub struct UnitTuning {
    names: Vec<String>,
    values: Matrix,
    clusters: Vec<usize>,
    quantity: Label,
    width: Width,
}

impl UnitTuning {
    /// Values `[unit, variable]` of variables or tasks with these names. Signed values are drawn around zero.
    #[must_use]
    pub fn new<S: Into<String>>(
        quantity: impl Into<Label>,
        names: impl IntoIterator<Item = S>,
        values: Matrix,
    ) -> UnitTuning {
        UnitTuning {
            names: names.into_iter().map(Into::into).collect(),
            values,
            clusters: Vec::new(),
            quantity: quantity.into(),
            width: Width::Middle,
        }
    }

    /// The cluster of each unit, numbered from 0; units then stand cluster by cluster, in each as they came.
    #[must_use]
    pub fn clusters(mut self, clusters: impl IntoIterator<Item = usize>) -> Self {
        self.clusters = clusters.into_iter().collect();
        self
    }

    /// Another width than 114 mm.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// The figure: a column for each unit, a row for each variable.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let (units, rows) = (self.values.rows(), self.values.columns());
        let clustered = self.clusters.len() == units && units > 0;
        let mut order: Vec<usize> = (0..units).collect();
        if clustered {
            order.sort_by_key(|&u| self.clusters[u]);
        }
        let drawn = self.values.rows_in_order(&order).transposed();
        let count = self.clusters.iter().max().map_or(0, |m| m + 1);
        let sizes: Vec<usize> =
            (0..count).map(|k| self.clusters.iter().filter(|c| **c == k).count()).collect();
        let (n, m) = ((units as f64).max(1.0), (rows as f64).max(1.0));
        let name = |r: usize| Label::from(self.names.get(r).map_or("", String::as_str));
        let y = Axis::new("")
            .bare()
            .range(0.0, m)
            .ticks_at((0..rows).map(|r| (m - r as f64 - 0.5, name(r).fitted(7.0, 80.0))));
        let mut from = 0;
        let mut middles = Vec::new();
        let mut borders = Vec::new();
        for (k, size) in sizes.iter().enumerate().filter(|_| clustered) {
            middles.push((from as f64 + *size as f64 / 2.0, Label::from((k + 1).to_string())));
            from += size;
            borders.push(from as f64);
        }
        borders.pop();
        let x = if clustered {
            Axis::new("units by cluster").ticks_at(middles)
        } else {
            // Counted from the left, where that axis counts from the top.
            Axis::new("unit").ticks_at(unit_ticks(units).into_iter().map(|(at, l)| (n - at, l)))
        };
        let (map, lo, hi) = activity_colors(self.values.range());
        let lo = if map == Colormap::Viridis { 0.0f64.min(lo) } else { lo };
        let heat = Heat::new(drawn, (0.0, n), (0.0, m)).colors(map, lo, hi).at_most(64, 384);
        let mut panel = Panel::new(x.range(0.0, n), y).mark(heat).colorbar(self.quantity.clone());
        let border = if map == Colormap::Viridis { Color::WHITE } else { Color::INK };
        for at in borders {
            panel = panel.mark(Rule::at_x(at).color(border).width(0.6));
        }
        let told = if clustered {
            let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
            format!("{units} units in {count} clusters of {}.", sizes.join(", "))
        } else {
            format!("{units} units.")
        };
        let quantity = self.quantity.plain();
        Figure::new("Tuning of units", self.width)
            .rows([Height::Mm((rows as f64 * 4.2).clamp(16.0, 90.0))])
            .place(0, 0, panel)
            .caption(format!("Each unit (column): {quantity}. {told}"))
            .describe(format!("{quantity} of {rows} variables. {told}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_stand_by_cluster_and_the_caption_counts_them() {
        let m = Matrix::new(4, 2, &[0.0, 1.0, 1.0, 0.0, 0.2, 0.9, 0.8, 0.1]).unwrap();
        let tuning = UnitTuning::new("task variance", ["a", "b"], m).clusters([1, 0, 1, 0]);
        let figure = tuning.figure();
        assert!(figure.caption_label().plain().contains("4 units in 2 clusters of 2, 2."));
        // Clusters that do not name each unit are not followed.
        assert!(tuning.clusters([0]).figure().caption_label().plain().contains("4 units."));
    }
}
