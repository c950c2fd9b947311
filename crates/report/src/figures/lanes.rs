//! Several channels over time in one panel: each in its own lane with its name at the left, on one common scale.

use crate::{
    axis::Axis,
    color::Color,
    guide::Rule,
    label::Label,
    layout::TEXT,
    mark::{Line, Mark},
    panel::Panel,
};

/// Longest channel name, in points; longer ones end in an ellipsis.
const NAME: f64 = 62.0;

/// The geometry of lanes: `count` of them, each showing values from `lo` to `hi`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lanes {
    count: usize,
    lo: f64,
    hi: f64,
}

impl Lanes {
    /// Lanes for values in this range.
    pub(super) fn new(count: usize, range: Option<(f64, f64)>) -> Lanes {
        let (lo, hi) = range.unwrap_or((0.0, 1.0));
        // Channels that rest at zero need it on their scale; the others need some height.
        let (lo, hi) = (lo.min(0.0), hi.max(0.0));
        let (lo, hi) = if hi - lo > 1e-290 { (lo, hi) } else { (lo, lo + 1.0) };
        Lanes { count: count.max(1), lo, hi }
    }

    fn pitch(&self) -> f64 {
        (self.hi - self.lo) * 1.22
    }

    /// Where the value zero of lane `k` lies, the first lane on top.
    fn zero(&self, k: usize) -> f64 {
        (self.count - 1 - k.min(self.count - 1)) as f64 * self.pitch() - self.lo
    }

    /// The upright axis: names at the middle of their lanes.
    pub(super) fn axis(&self, names: &[String], shown: bool) -> Axis {
        let middle = |k: usize| self.zero(k) + (self.lo + self.hi) / 2.0;
        let ticks: Vec<(f64, Label)> = (0..self.count)
            .map(|k| {
                (middle(k), Label::from(names.get(k).map_or("", String::as_str)).fitted(TEXT, NAME))
            })
            .collect();
        let gap = 0.11 * (self.hi - self.lo);
        let axis = Axis::new("")
            .bare()
            .range(-gap, self.pitch() * self.count as f64 - gap)
            .ticks_at(ticks);
        if shown { axis } else { axis.without_numbers() }
    }

    /// The zero line of each lane.
    pub(super) fn zeros(&self) -> Vec<Mark> {
        (0..self.count)
            .map(|k| Rule::at_y(self.zero(k)).color(Color::SHADE).width(0.5).into())
            .collect()
    }

    /// A curve in its lane.
    pub(super) fn line(
        &self,
        k: usize,
        points: impl Iterator<Item = (f64, f64)>,
        color: Color,
    ) -> Line {
        let zero = self.zero(k);
        Line::new(points.map(|(x, v)| (x, v + zero)), color).raised(zero)
    }

    /// A scale bar of a round length, about half a lane.
    pub(super) fn scale_bar(&self, panel: Panel) -> Panel {
        let half = (self.hi - self.lo) / 1.6;
        let exponent = half.log10().floor();
        let length = [5.0, 2.0, 1.0]
            .map(|m| m * 10f64.powf(exponent))
            .into_iter()
            .find(|&l| l <= half * 1.001);
        match length {
            Some(length) if length.is_finite() && length > 0.0 => {
                panel.scale_bar(length, crate::ticks::number(length, 1))
            }
            _ => panel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_do_not_overlap() {
        let lanes = Lanes::new(3, Some((-1.0, 2.0)));
        let (top, bottom) = (lanes.zero(0), lanes.zero(1));
        assert!(top + lanes.lo > bottom + lanes.hi);
        assert!((lanes.zero(2) + lanes.lo).abs() < 1e-12);
    }

    #[test]
    fn a_flat_or_empty_channel_has_a_lane() {
        for range in [None, Some((0.0, 0.0)), Some((3.0, 3.0)), Some((-2.0, -2.0))] {
            let lanes = Lanes::new(0, range);
            assert!(lanes.pitch() > 0.0 && lanes.zero(0).is_finite());
        }
    }
}
