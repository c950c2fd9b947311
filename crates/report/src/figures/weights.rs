//! A weight matrix as a heat-map, and the same matrix before training.

use super::lettered;
use crate::{
    axis::Axis,
    color::Color,
    colormap::Colormap,
    figure::{Figure, Height, Width},
    guide::Rule,
    label::Label,
    mark::Heat,
    matrix::{Matrix, quantile},
    panel::Panel,
    ticks::number,
};

/// Picture of a weight matrix `W[target, source]`: red excites, blue inhibits, white is zero.
///
/// The scale is symmetric and shared by the matrices shown. It ends at the largest magnitude or, where a few weights
/// tower above the rest, at the 99.5th percentile; the caption then says so.
#[derive(Clone, Debug)]
pub struct WeightMatrix {
    name: Label,
    after: Matrix,
    before: Option<Matrix>,
    targets: Vec<(String, usize)>,
    sources: Vec<(String, usize)>,
    sorted: Option<(String, Vec<usize>)>,
}

impl WeightMatrix {
    /// The matrix `[target, source]` under a name: `Label::new().italic("W").sub("rec")`.
    #[must_use]
    pub fn new(name: impl Into<Label>, weights: Matrix) -> WeightMatrix {
        WeightMatrix {
            name: name.into(),
            after: weights,
            before: None,
            targets: Vec::new(),
            sources: Vec::new(),
            sorted: None,
        }
    }

    /// The matrix before training, shown beside it on the same scale.
    #[must_use]
    pub fn before(mut self, weights: Matrix) -> Self {
        self.before = Some(weights);
        self
    }

    /// Names and sizes of the groups, in order, of both targets and sources.
    #[must_use]
    pub fn groups(mut self, groups: impl IntoIterator<Item = (String, usize)>) -> Self {
        self.targets = groups.into_iter().collect();
        self.sources = self.targets.clone();
        self
    }

    /// Names and sizes of the groups of the sources alone, where they differ from the targets.
    #[must_use]
    pub fn source_groups(mut self, groups: impl IntoIterator<Item = (String, usize)>) -> Self {
        self.sources = groups.into_iter().collect();
        self
    }

    /// Rows and columns of the square matrices in this order of the units, and by what they are sorted:
    /// `("selectivity for the context", order)`. Groups are those of the sorted units. What is not an order of the
    /// units is not followed.
    #[must_use]
    pub fn sorted(mut self, by: impl Into<String>, order: impl IntoIterator<Item = usize>) -> Self {
        self.sorted = Some((by.into(), order.into_iter().collect()));
        self
    }

    /// The order, if it names each unit of a square matrix once.
    fn order(&self) -> Option<(&str, &[usize])> {
        let (by, order) = self.sorted.as_ref()?;
        let mut named = order.clone();
        named.sort_unstable();
        let units = self.after.rows();
        let whole = named.iter().copied().eq(0..units) && self.after.columns() == units;
        whole.then_some((by.as_str(), order.as_slice()))
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let order = self.order();
        let arranged = |m: &Matrix| match order {
            Some((_, order)) => {
                m.rows_in_order(order).transposed().rows_in_order(order).transposed()
            }
            None => m.clone(),
        };
        let whole: Vec<Matrix> = self.before.iter().chain([&self.after]).map(arranged).collect();
        let shown: Vec<&Matrix> = whole.iter().collect();
        // Colours follow what is drawn: the mean of a block is smaller than the weights in it.
        let side = 256;
        let drawn: Vec<Matrix> = shown.iter().map(|m| m.reduced(side, side).0).collect();
        let magnitudes = || drawn.iter().flat_map(|m| m.values()).map(|v| v.abs());
        let most = magnitudes().filter(|v| v.is_finite()).fold(0.0, f64::max);
        let usual = quantile(magnitudes(), 0.995);
        let saturated = usual > 0.0 && most > 1.6 * usual;
        let limit = if saturated { usual } else { most };
        let limit = if limit > 0.0 { limit } else { 1.0 };
        let two = shown.len() == 2;
        let plain = self.name.plain();
        let mut figure = Figure::new(
            format!("Weights {plain}"),
            if two { Width::Double } else { Width::Single },
        )
        .columns(vec![1.0; shown.len()])
        .rows([Height::Square]);
        for (i, matrix) in shown.iter().enumerate() {
            let last = i + 1 == shown.len();
            let mut panel = self.panel(matrix, limit, i == 0);
            if last {
                let mut label = self.name.clone();
                label = label.text(if saturated {
                    format!(" (saturates at ±{})", number(limit, 2))
                } else {
                    String::new()
                });
                panel = panel.colorbar(label);
            }
            if two {
                panel = panel.title(lettered(
                    if last { 'b' } else { 'a' },
                    if last { "after training" } else { "before training" },
                ));
            }
            figure = figure.place(0, i, panel);
        }
        if saturated {
            figure = figure.note(format!(
                "Colours saturate at the 99.5th percentile of the magnitudes, {}; the largest is {}.",
                number(limit, 2),
                number(most, 2)
            ));
        }
        let mut told = self.told();
        if let Some((by, _)) = order {
            told += &format!(" Units are sorted by {by}.");
        }
        let caption = self.name.clone().text(format!(": a row for each target, a column for each source. Red is positive, blue negative. {told}"));
        figure.describe(told).caption(caption)
    }

    fn panel(&self, matrix: &Matrix, limit: f64, first: bool) -> Panel {
        let (rows, columns) = (matrix.rows() as f64, matrix.columns() as f64);
        let x = Axis::new("source unit")
            .ticks_at(ticks(matrix.columns(), &self.sources, false))
            .range(0.0, columns.max(1.0));
        let y = Axis::new("target unit")
            .ticks_at(ticks(matrix.rows(), &self.targets, true))
            .range(0.0, rows.max(1.0));
        let y = if first { y } else { y.without_numbers() };
        let heat = Heat::new(matrix.clone(), (0.0, columns), (0.0, rows))
            .colors(Colormap::RedBlue, -limit, limit)
            .at_most(256, 256);
        let mut panel = Panel::new(x, y).mark(heat);
        let thin = |r: Rule| r.color(Color::INK).width(0.35);
        for at in boundaries(&self.sources, matrix.columns()) {
            panel = panel.mark(thin(Rule::at_x(at as f64)));
        }
        for at in boundaries(&self.targets, matrix.rows()) {
            panel = panel.mark(thin(Rule::at_y(rows - at as f64)));
        }
        panel
    }

    fn told(&self) -> String {
        let w = &self.after;
        let finite: Vec<f64> = w.values().iter().copied().filter(|v| v.is_finite()).collect();
        let n = finite.len().max(1) as f64;
        let mean = finite.iter().sum::<f64>() / n;
        let sd = (finite.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        format!(
            "{} target by {} source units; the weights have mean {} and standard deviation {}.",
            w.rows(),
            w.columns(),
            number(mean, 2),
            number(sd, 2)
        )
    }
}

/// Group names at the middle of their groups; without groups, unit numbers.
fn ticks(units: usize, groups: &[(String, usize)], downwards: bool) -> Vec<(f64, Label)> {
    let n = units as f64;
    let place = |at: f64| if downwards { n - at } else { at };
    if fits(groups, units) {
        let mut start = 0;
        let middles = groups.iter().map(|(name, size)| {
            start += size;
            (place(start as f64 - *size as f64 / 2.0), Label::from(name))
        });
        return middles.collect();
    }
    match units {
        0 => Vec::new(),
        1 => vec![(0.5, Label::from("1"))],
        _ => {
            // 1, the last, and what a linear axis would label between them, away from both.
            let mut at: Vec<usize> =
                crate::ticks::linear(1.0, n, 5).major.iter().map(|t| t.0 as usize).collect();
            at.retain(|&t| t as f64 > 0.12 * n && (t as f64) < 0.86 * n);
            at.extend([1, units]);
            at.sort_unstable();
            at.into_iter().map(|t| (place(t as f64 - 0.5), Label::from(t.to_string()))).collect()
        }
    }
}

fn fits(groups: &[(String, usize)], units: usize) -> bool {
    !groups.is_empty() && groups.iter().map(|g| g.1).sum::<usize>() == units
}

fn boundaries(groups: &[(String, usize)], units: usize) -> Vec<usize> {
    if !fits(groups, units) {
        return Vec::new();
    }
    let mut ends: Vec<usize> = groups
        .iter()
        .scan(0, |end, g| {
            *end += g.1;
            Some(*end)
        })
        .collect();
    ends.pop();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_label_their_middles_if_they_cover_the_units() {
        let groups = [("E".to_owned(), 6), ("I".to_owned(), 2)];
        assert_eq!(ticks(8, &groups, false).iter().map(|t| t.0).collect::<Vec<_>>(), [3.0, 7.0]);
        assert_eq!(ticks(8, &groups, true)[0].0, 5.0);
        assert_eq!(boundaries(&groups, 8), [6]);
        assert!(boundaries(&groups, 9).is_empty());
        assert_eq!(
            ticks(128, &[], false).iter().map(|t| t.1.plain()).collect::<Vec<_>>(),
            ["1", "50", "100", "128"]
        );
    }

    #[test]
    fn rows_and_columns_follow_one_order() {
        let w = Matrix::new(2, 2, &[1.0, 2.0, 3.0, 4.0]).unwrap();
        let plain = WeightMatrix::new("W", Matrix::new(2, 2, &[4.0, 3.0, 2.0, 1.0]).unwrap());
        let sorted = WeightMatrix::new("W", w).sorted("peak", [1, 0]).figure();
        let image = |svg: String| svg.split("<image").nth(1).unwrap_or("").to_owned();
        assert_eq!(image(sorted.svg()), image(plain.clone().figure().svg()));
        assert!(sorted.caption_label().plain().ends_with("Units are sorted by peak."));
        assert!(!plain.sorted("x", [0, 0]).figure().caption_label().plain().contains("sorted"));
    }

    #[test]
    fn a_few_giants_do_not_bleach_the_rest() {
        let mut w = vec![0.1; 1000];
        w[7] = -50.0;
        let figure = WeightMatrix::new("W", Matrix::new(25, 40, &w).unwrap()).figure();
        assert!(figure.notes()[0].contains("the largest is 50"), "{:?}", figure.notes());
        let zero = WeightMatrix::new("W", Matrix::new(3, 3, &[0.0; 9]).unwrap()).figure();
        assert!(zero.notes().is_empty() && zero.svg().contains("<image"));
    }
}
