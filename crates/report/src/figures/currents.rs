//! Currents by source: a grid of heat-maps, a row for each target, a column for each source.

use super::{lettered, time_unit, unit_ticks};
use crate::{
    axis::Axis,
    colormap::Colormap,
    figure::{Figure, Height, Width},
    label::Label,
    mark::Heat,
    matrix::{Matrix, quantile},
    panel::Panel,
    ticks::number,
};

/// Most targets and sources that have room on a page.
const MOST: usize = 5;

/// What each source sends to each target over time, and the sum that reaches it.
///
/// Units of a target stand in one order in all its panels, by the peak of the sum. One symmetric scale
/// serves all: white is none.
#[derive(Clone, Debug)]
pub struct SourceCurrents {
    dt: f64,
    sources: Vec<String>,
    targets: Vec<(String, Vec<Matrix>)>,
}

impl SourceCurrents {
    /// Sources by name, and samples of `dt_ms`.
    #[must_use]
    pub fn new<S: Into<String>>(
        dt_ms: f64,
        sources: impl IntoIterator<Item = S>,
    ) -> SourceCurrents {
        let dt = if dt_ms.is_finite() && dt_ms > 0.0 { dt_ms } else { 1.0 };
        let sources = sources.into_iter().map(Into::into).collect();
        SourceCurrents { dt, sources, targets: Vec::new() }
    }

    /// A target: what each source sends, `[time, unit]` each, in the order of the sources.
    #[must_use]
    pub fn target(mut self, name: impl Into<String>, currents: Vec<Matrix>) -> Self {
        self.targets.push((name.into(), currents));
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let (rows, columns) = (self.targets.len().min(MOST), self.sources.len().min(MOST));
        let targets = &self.targets[..rows];
        let sums: Vec<Matrix> = targets.iter().map(|(_, blocks)| sum(blocks)).collect();
        let magnitudes =
            sums.iter().chain(targets.iter().flat_map(|(_, b)| b)).flat_map(Matrix::values);
        let limit = quantile(magnitudes.map(|v| v.abs()), 0.995);
        let limit = if limit.is_finite() && limit > 0.0 { limit } else { 1.0 };
        let mut figure = Figure::new("Currents by source", Width::Double)
            .columns(vec![1.0; columns + 1])
            .rows(vec![Height::Mm(if rows > 3 { 22.0 } else { 28.0 }); rows]);
        // thirty panels of noise stay below the limit of a file
        let pixels = if rows * (columns + 1) > 16 { (62, 100) } else { (100, 160) };
        let mut letters = ('a'..='z').chain('A'..='Z');
        for (row, ((name, blocks), sum)) in targets.iter().zip(&sums).enumerate() {
            let order = sum.transposed().order_by_peak();
            let panels = blocks.iter().take(columns).enumerate();
            let panels = panels.map(|(k, block)| (format!("from {}", self.sources[k]), block));
            for (column, (from, block)) in panels.chain([("all".to_owned(), sum)]).enumerate() {
                let units = block.transposed().rows_in_order(&order);
                let (factor, time) = time_unit(block.rows() as f64 * self.dt);
                let end = block.rows().max(1) as f64 * self.dt * factor;
                let n = units.rows() as f64;
                let y = Axis::new(format!("unit of {name}"));
                let y = y.ticks_at(unit_ticks(units.rows())).range(0.0, n.max(1.0));
                let x = Axis::new(if row + 1 == rows { time } else { "" }).range(0.0, end);
                let heat = Heat::new(units, (0.0, end), (0.0, n.max(1.0)))
                    .colors(Colormap::RedBlue, -limit, limit)
                    .at_most(pixels.0, pixels.1);
                let y = if column == 0 { y } else { y.without_numbers() };
                let title = match row {
                    0 => lettered(letters.next().unwrap_or('z'), from),
                    _ => lettered(letters.next().unwrap_or('z'), String::new()),
                };
                let mut panel = Panel::new(x, y).title(title).mark(heat);
                if column == columns {
                    panel = panel.colorbar(Label::from("current"));
                }
                figure = figure.place(row, column, panel);
            }
        }
        for (count, what) in [(self.targets.len(), "targets"), (self.sources.len(), "sources")] {
            if count > MOST {
                figure = figure.note(format!("The first {MOST} of {count} {what} are shown."));
            }
        }
        figure
            .note(format!("Colours saturate at the 99.5th percentile, ±{}.", number(limit, 2)))
            .describe(self.told(targets))
            .caption("Currents into the units of each target (rows) from each source (columns), and their sum on the right; units in the order of the peak of the sum. Red excites, blue inhibits.")
    }

    fn told(&self, targets: &[(String, Vec<Matrix>)]) -> String {
        let mut told = String::new();
        for (name, blocks) in targets {
            let mean = |m: &Matrix| {
                m.values().iter().map(|v| v.abs()).sum::<f64>() / m.values().len().max(1) as f64
            };
            let each = blocks.iter().zip(&self.sources);
            let each: Vec<String> =
                each.map(|(b, s)| format!("{} from {s}", number(mean(b), 2))).collect();
            told += &format!("Mean magnitude into {name}: {}. ", each.join(", "));
        }
        told.trim_end().to_owned()
    }
}

/// The sum of matrices of one shape; those of another are left out.
fn sum(blocks: &[Matrix]) -> Matrix {
    let Some(first) = blocks.first() else { return empty() };
    let (rows, columns) = (first.rows(), first.columns());
    let mut values = vec![0.0; rows * columns];
    for block in blocks.iter().filter(|b| (b.rows(), b.columns()) == (rows, columns)) {
        values.iter_mut().zip(block.values()).for_each(|(sum, v)| *sum += v);
    }
    Matrix::new(rows, columns, &values).unwrap_or_else(|_| empty())
}

fn empty() -> Matrix {
    Matrix::new::<f64>(0, 0, &[]).unwrap_or_else(|_| unreachable!("no values for an empty matrix"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_targets_and_the_sum_comes_last() {
        let block = |factor: f64| {
            let values: Vec<f64> = (0..40 * 7).map(|k| factor * f64::from(k % 11)).collect();
            Matrix::new(40, 7, &values).unwrap()
        };
        let total = sum(&[block(1.0), block(-3.0)]);
        assert!(
            total.values().iter().zip(block(-2.0).values()).all(|(a, b)| (a - b).abs() < 1e-12)
        );
        let figure = SourceCurrents::new(10.0, ["A", "B"])
            .target("A", vec![block(1.0), block(-3.0)])
            .target("B", vec![block(0.1), block(0.2)])
            .figure();
        let svg = figure.svg();
        assert!(svg.contains("from A") && svg.contains("from B") && svg.contains("unit of B"));
        let many = (0..7).map(|k| format!("region {k}")).collect::<Vec<_>>();
        let wide = SourceCurrents::new(10.0, many).target("A", vec![block(1.0); 7]).figure();
        assert!(wide.notes().iter().any(|n| n.contains("first 5 of 7 sources")));
        assert!(SourceCurrents::new(10.0, Vec::<String>::new()).figure().svg().contains("svg"));
    }
}
