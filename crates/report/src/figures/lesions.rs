//! What lesions in chosen periods do: a table of scores, coloured by how far they fall.

use crate::{
    axis::Axis,
    color::Color,
    colormap::Colormap,
    figure::{Figure, Height, Width},
    guide::Words,
    label::Label,
    mark::Heat,
    matrix::Matrix,
    panel::Panel,
    ticks::number,
};

/// Scores under lesions, a row for each, in columns of periods. The first is what is left alone.
///
/// ```
/// use attractor_report::Lesions;
/// let figure = Lesions::new("fraction correct", ["whole trial", "delay"])
///     .effect("none", 0, 0.97)
///     .effect("silence E", 0, 0.55)
///     .effect("silence E", 1, 0.81)
///     .figure();
/// assert!(figure.caption_label().plain().contains("silence E: 0.55, 0.81"));
/// ```
#[derive(Clone, Debug)]
pub struct Lesions {
    measure: String,
    periods: Vec<String>,
    rows: Vec<(String, Vec<f64>)>,
    width: Width,
}

impl Lesions {
    /// Scores by this measure, in these periods.
    #[must_use]
    pub fn new<S: Into<String>>(
        measure: impl Into<String>,
        periods: impl IntoIterator<Item = S>,
    ) -> Lesions {
        Lesions {
            measure: measure.into(),
            periods: periods.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
            width: Width::Middle,
        }
    }

    /// The score under a lesion in a period, by number. A period that is not there is left out.
    #[must_use]
    pub fn effect(mut self, lesion: impl Into<String>, period: usize, score: f64) -> Self {
        let lesion = lesion.into();
        let row = match self.rows.iter().position(|(name, _)| *name == lesion) {
            Some(row) => row,
            None => {
                self.rows.push((lesion, vec![f64::NAN; self.periods.len()]));
                self.rows.len() - 1
            }
        };
        if let Some(cell) = self.rows[row].1.get_mut(period) {
            *cell = score;
        }
        self
    }

    /// Another width than 120 mm.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let (rows, columns) = (self.rows.len(), self.periods.len());
        let (n, m) = (rows as f64, columns as f64);
        let alone = self.rows.first().and_then(|(_, scores)| scores.first().copied());
        let alone = alone.unwrap_or(f64::NAN);
        let change: Vec<f64> =
            self.rows.iter().flat_map(|(_, scores)| scores.iter().map(|s| s - alone)).collect();
        let most = change.iter().filter(|c| c.is_finite()).fold(0.0f64, |m, c| m.max(c.abs()));
        let most = if most > 0.0 { most } else { 1.0 };
        let middle = |k: usize| k as f64 + 0.5;
        let x = Axis::new("")
            .ticks_at(
                self.periods
                    .iter()
                    .enumerate()
                    .map(|(k, name)| (middle(k), Label::from(name)))
                    .collect::<Vec<_>>(),
            )
            .range(0.0, m.max(1.0));
        let y = Axis::new("")
            .ticks_at(
                self.rows
                    .iter()
                    .enumerate()
                    .map(|(k, (name, _))| (n - middle(k), Label::from(name).fitted(7.0, 150.0)))
                    .collect::<Vec<_>>(),
            )
            .range(0.0, n.max(1.0));
        let mut panel = Panel::new(x, y);
        if let Ok(matrix) = Matrix::new(rows, columns, &change) {
            let heat = Heat::new(matrix, (0.0, m), (0.0, n)).colors(Colormap::RedBlue, -most, most);
            panel = panel.mark(heat).colorbar(format!("change in {}", self.measure));
        }
        for (r, (_, scores)) in self.rows.iter().enumerate() {
            for (c, &score) in scores.iter().enumerate().filter(|(_, s)| s.is_finite()) {
                // dark cells carry light numbers
                let dark = (score - alone).abs() > 0.6 * most;
                let color = if dark { Color::WHITE } else { Color::INK };
                let words = Words::new((middle(c), n - middle(r)), number(score, 2), -0.35);
                panel = panel.mark(words.centred().color(color));
            }
        }
        let told: Vec<String> = self
            .rows
            .iter()
            .map(|(name, scores)| {
                let scores: Vec<String> =
                    scores.iter().filter(|s| s.is_finite()).map(|&s| number(s, 2)).collect();
                format!("{name}: {}", scores.join(", "))
            })
            .collect();
        let told = told.join("; ");
        Figure::new("Lesions", self.width)
            .rows([Height::Mm((5.2 * n + 4.0).clamp(16.0, 180.0))])
            .place(0, 0, panel)
            .caption(format!(
                "Score ({}) under lesions, by the period they last ({}); blue: lower than without. {told}.",
                self.measure,
                self.periods.join(", ")
            ))
            .describe(format!("{}: {told}.", self.measure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_gather_their_periods() {
        let table = Lesions::new("score", ["all", "early"])
            .effect("none", 0, 0.9)
            .effect("cut", 1, 0.5)
            .effect("cut", 0, 0.4)
            .effect("cut", 7, 0.1);
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.rows[1].1, [0.4, 0.5]);
        assert!(table.rows[0].1[1].is_nan());
        assert!(roxmltree::Document::parse(&table.figure().svg()).is_ok());
        let none = Lesions::new("score", Vec::<String>::new()).figure();
        assert!(roxmltree::Document::parse(&none.svg()).is_ok());
    }
}
