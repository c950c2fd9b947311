//! A network in space: units where they are, coloured by what they belong to, joined by the strongest weights.

use super::{
    data::{head, path, real, text},
    figure::boxed,
    frame::{Bounds, Projection},
};
use crate::{
    color::Color,
    figure::{Figure, Height, Width},
    figures::lettered,
    label::Label,
    mark::{Dots, Line, Mark},
    matrix::Matrix,
    panel::Legend,
    ticks::number,
};

/// Weights drawn unless told.
const EDGES: usize = 250;
/// What lines mean, and their colours.
const SIGNS: [(&str, Color); 2] = [("positive", Color::VERMILLION), ("negative", Color::BLUE)];
/// Colours of groups: none of those of the lines.
const GROUPS: [Color; 8] = [
    Color::GREEN,
    Color::ORANGE,
    Color::PURPLE,
    Color::SKY,
    Color::YELLOW,
    Color::INK,
    Color::GREY,
    Color::WHITE,
];

/// A network whose units have places, after training and, if given, before.
///
/// On a [`Page`](crate::Page) it is a view that turns, where a unit under the pointer shows its own connections; as a
/// [`Figure`] it is a projection, with that before training beside it.
///
/// ```
/// use attractor_report::{Matrix, Page, SpatialNetwork};
/// let places = (0..8).map(|i| [i % 2, i / 2 % 2, i / 4].map(f64::from));
/// let weights: Vec<f64> = (0..64).map(|k| f64::from(k % 5) - 2.0).collect();
/// let network = SpatialNetwork::new(places, Matrix::new(8, 8, &weights)?)
///     .colored("module", ["module 1", "module 2"], (0..8).map(|i| i % 2));
/// assert!(Page::new("sernn").network(&network).html().contains("module 2"));
/// # Ok::<(), attractor_report::ReportError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SpatialNetwork {
    axes: [Label; 3],
    positions: Vec<[f64; 3]>,
    weights: Matrix,
    before: Option<Matrix>,
    colored: Option<Groups>,
    before_colored: Option<Groups>,
    edges: usize,
    view: (f64, f64),
}

#[derive(Clone, Debug)]
struct Groups {
    by: String,
    names: Vec<String>,
    of: Vec<usize>,
}

/// A weight that is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    from: usize,
    to: usize,
    weight: f64,
    /// Its size over that of the strongest.
    size: f64,
}

impl SpatialNetwork {
    /// The place of each unit and the weights `[target, source]` between them. A unit whose place is not finite is
    /// not drawn.
    #[must_use]
    pub fn new(positions: impl IntoIterator<Item = [f64; 3]>, weights: Matrix) -> SpatialNetwork {
        SpatialNetwork {
            axes: ["x", "y", "z"].map(|name| Label::new().italic(name)),
            positions: positions.into_iter().collect(),
            weights,
            before: None,
            colored: None,
            before_colored: None,
            edges: EDGES,
            view: (-58.0, 24.0),
        }
    }

    /// Colour units by what they belong to: what that is, the names of the groups, and the group of each unit.
    #[must_use]
    pub fn colored<S: Into<String>>(
        mut self,
        by: impl Into<String>,
        names: impl IntoIterator<Item = S>,
        of: impl IntoIterator<Item = usize>,
    ) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        self.colored = Some(Groups { by: by.into(), names, of: of.into_iter().collect() });
        self
    }

    /// The weights before training.
    #[must_use]
    pub fn before(mut self, weights: Matrix) -> Self {
        self.before = Some(weights);
        self
    }

    /// The group of each unit before training, where that is another than after; names are those of
    /// [`colored`](SpatialNetwork::colored), which comes first.
    #[must_use]
    pub fn before_colored(mut self, of: impl IntoIterator<Item = usize>) -> Self {
        self.before_colored =
            self.colored.clone().map(|groups| Groups { of: of.into_iter().collect(), ..groups });
        self
    }

    /// How many of the strongest weights are drawn; 250 unless told. A unit's weight to itself is none of them.
    #[must_use]
    pub fn edges(mut self, count: usize) -> Self {
        self.edges = count;
        self
    }

    /// The projection as a figure of this width; with weights before training beside those after at two columns.
    #[must_use]
    pub fn figure(&self, width: Width) -> Figure {
        let two = self.before.is_some() && width.mm() > 140.0;
        let room = if two { 0.5 * width.mm() - 5.0 } else { width.mm() - 5.0 };
        let bounds = Bounds::around(self.positions.iter().copied());
        let view = Projection::new(self.view);
        let panel = |weights: &Matrix, groups: Option<&Groups>| {
            let marks = self.marks(&self.strongest(weights), groups, &bounds, &view);
            boxed(&self.axes, &bounds, &view, room, marks)
        };
        let (after, aspect) = panel(&self.weights, self.colored.as_ref());
        let height = (room * aspect).clamp(30.0, 90.0);
        let figure = Figure::new("Network in space", width).rows([Height::Mm(height)]);
        let figure = match self.before.as_ref().filter(|_| two) {
            Some(before) => {
                let groups = self.before_colored.as_ref().or(self.colored.as_ref());
                let (before, _) = panel(before, groups);
                figure
                    .columns([1.0, 1.0])
                    .place(
                        0,
                        0,
                        before.title(lettered('a', "before training")).legend(Legend::None),
                    )
                    .place(0, 1, after.title(lettered('b', "after training")))
            }
            None => figure.place(0, 0, after),
        };
        let told = self.told();
        figure
            .caption(format!(
                "Units in space. {told} A line is drawn thicker, the stronger the weight; what is far is pale."
            ))
            .describe(told)
    }

    /// What there is, in words.
    pub(crate) fn told(&self) -> String {
        let edges = self.strongest(&self.weights);
        let apart = |e: &Edge| {
            let (a, b) = (self.positions[e.from], self.positions[e.to]);
            (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
        };
        let lengths: Vec<f64> = edges.iter().map(apart).filter(|d| d.is_finite()).collect();
        let mean = lengths.iter().sum::<f64>() / lengths.len() as f64;
        let colored =
            self.colored.as_ref().map_or(String::new(), |g| format!(", coloured by {}", g.by));
        let length = if lengths.is_empty() {
            String::new()
        } else {
            format!(", of mean length {}", number(mean, 2))
        };
        format!(
            "{} units{colored}, and the {} strongest weights{length}.",
            self.positions.len(),
            edges.len()
        )
    }

    /// The strongest weights between different units that have places, the strongest first.
    fn strongest(&self, weights: &Matrix) -> Vec<Edge> {
        let units = self.positions.len().min(weights.rows()).min(weights.columns());
        let whole = |unit: usize| self.positions[unit].iter().all(|v| v.is_finite());
        let mut all = Vec::new();
        for to in (0..units).filter(|&unit| whole(unit)) {
            for from in (0..units).filter(|&unit| unit != to && whole(unit)) {
                let weight = weights.at(to, from);
                if weight.is_finite() && weight != 0.0 {
                    all.push(Edge { from, to, weight, size: 0.0 });
                }
            }
        }
        all.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        all.truncate(self.edges);
        let most = all.first().map_or(1.0, |edge| edge.weight.abs());
        all.iter_mut().for_each(|edge| edge.size = edge.weight.abs() / most);
        all
    }

    /// Lines from far to near, then units from far to near.
    fn marks(
        &self,
        edges: &[Edge],
        groups: Option<&Groups>,
        bounds: &Bounds,
        view: &Projection,
    ) -> Vec<Mark> {
        let placed: Vec<Option<[f64; 3]>> =
            self.positions.iter().map(|p| bounds.place(p)).collect();
        let depth = |unit: usize| placed[unit].map_or(f64::NAN, |p| view.depth(&p));
        let far = |depth: f64| (0.62 - 0.36 * depth).clamp(0.0, 0.85);
        let mut marks: Vec<Mark> = Vec::new();
        let drawn = |sign: usize| edges.iter().any(|e| usize::from(e.weight < 0.0) == sign);
        for (_, (name, color)) in SIGNS.iter().enumerate().filter(|(sign, _)| drawn(*sign)) {
            marks.push(Line::new([], *color).width(1.0).name(*name).into());
        }
        let mut order: Vec<&Edge> = edges.iter().collect();
        order.sort_by(|a, b| {
            (depth(a.from) + depth(a.to)).total_cmp(&(depth(b.from) + depth(b.to)))
        });
        for edge in order {
            let (Some(a), Some(b)) = (placed[edge.from], placed[edge.to]) else { continue };
            let color = SIGNS[usize::from(edge.weight < 0.0)].1;
            let pale = color.tint(far(0.5 * (depth(edge.from) + depth(edge.to))));
            let width = 0.2 + 0.9 * edge.size;
            marks.push(Line::new([view.flat(&a), view.flat(&b)], pale).width(width).into());
        }
        if let Some(groups) = groups {
            for (k, name) in groups.names.iter().enumerate() {
                let key = Dots::new([], color_of(k)).radius(1.8).edge(Color::INK);
                marks.push(key.name(name.as_str()).into());
            }
        }
        let mut units: Vec<usize> = (0..placed.len()).filter(|&u| placed[u].is_some()).collect();
        units.sort_by(|&a, &b| depth(a).total_cmp(&depth(b)));
        for unit in units {
            let Some(p) = placed[unit] else { continue };
            let group = groups.and_then(|g| g.of.get(unit)).map_or(Color::GREY, |&k| color_of(k));
            let pale = 0.45 * far(depth(unit));
            let dot = Dots::new([view.flat(&p)], group.tint(pale)).radius(1.8);
            marks.push(dot.edge(Color::INK.tint(pale)).into());
        }
        marks
    }

    /// The data of the view, in the form of that of a state space: lines are weights, points are units.
    pub(crate) fn json(&self) -> String {
        let bounds = Bounds::around(self.positions.iter().copied());
        let edges = self.strongest(&self.weights);
        let mut out = head(&self.axes, &bounds, self.view, &SIGNS);
        let shown: Vec<usize> = (0..self.positions.len())
            .filter(|&unit| bounds.place(&self.positions[unit]).is_some())
            .collect();
        let point = |unit: usize| shown.binary_search(&unit).unwrap_or(0);
        let lines: Vec<String> = edges
            .iter()
            .map(|e| {
                let ends = path(&[self.positions[e.from], self.positions[e.to]], &bounds);
                let sign = usize::from(e.weight < 0.0);
                let (from, to) = (point(e.from), point(e.to));
                format!(
                    r#"[{sign},null,"{ends}",{},[{from},{to}]]"#,
                    real((e.size * 100.0).round() / 100.0)
                )
            })
            .collect();
        out += &format!(r#","network":true,"lines":[{}]"#, lines.join(","));
        let points: Vec<String> = shown.iter().map(|&unit| self.point(unit, &edges)).collect();
        out += &format!(r#","points":[{}]"#, points.join(","));
        out += r##","inputs":[],"outputs":[],"quantity":"","ranges":[[0,1],[0,1],[0,1]],"map":["#ffffff","#000000"],"units":0,"order":[],"trials":[]}"##;
        out
    }

    fn point(&self, unit: usize, edges: &[Edge]) -> String {
        let at: Vec<String> = self.positions[unit].iter().map(|&v| real(v)).collect();
        let group = self.colored.as_ref().and_then(|g| Some((g, *g.of.get(unit)?)));
        let kind = group.and_then(|(g, k)| g.names.get(k)).map_or("unit", String::as_str);
        let color = group.map_or(Color::GREY, |(_, k)| color_of(k));
        let ends = |of: fn(&Edge) -> usize| edges.iter().filter(|e| of(e) == unit).count();
        let row = |from: &dyn Fn(usize) -> f64| -> f64 {
            let sizes = (0..self.weights.rows()).filter(|&k| k != unit).map(from);
            sizes.filter(|w| w.is_finite()).map(f64::abs).sum()
        };
        let details = [
            ("strong weights in", ends(|e| e.to).to_string()),
            ("strong weights out", ends(|e| e.from).to_string()),
            ("sum of sizes in", number(row(&|k| self.weights.at(unit, k)), 3)),
            ("sum of sizes out", number(row(&|k| self.weights.at(k, unit)), 3)),
        ];
        let details: Vec<String> = details
            .iter()
            .map(|(name, value)| format!("[{},{}]", text(name), text(value)))
            .collect();
        format!(
            r#"{{"kind":{},"shape":"circle","fill":{},"at":[{}],"label":{},"details":[{}],"modes":[],"direction":null}}"#,
            text(kind),
            text(&color.hex()),
            at.join(","),
            text(&format!("unit {}", unit + 1)),
            details.join(",")
        )
    }
}

fn color_of(group: usize) -> Color {
    GROUPS[group % GROUPS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> SpatialNetwork {
        let places = [[0.0, 0.0, 0.0], [3.0, 4.0, 0.0], [f64::NAN, 0.0, 0.0], [0.0, 0.0, 1.0]];
        let w = [
            9.0,
            1.0,
            8.0,
            -0.5,
            -2.0,
            0.0,
            0.0,
            0.0,
            5.0,
            0.0,
            0.0,
            0.0,
            0.25,
            0.0,
            0.0,
            f64::NAN,
        ];
        SpatialNetwork::new(places, Matrix::new(4, 4, &w).unwrap())
    }

    #[test]
    fn the_strongest_between_units_that_have_places() {
        let network = network().edges(3);
        let found = network.strongest(&network.weights);
        let of: Vec<(usize, usize, f64, f64)> =
            found.iter().map(|e| (e.from, e.to, e.weight, e.size)).collect();
        assert_eq!(of, [(0, 1, -2.0, 1.0), (1, 0, 1.0, 0.5), (3, 0, -0.5, 0.25)]);
        assert!(
            network.told().contains("4 units, and the 3 strongest weights, of mean length 3.7")
        );
    }

    #[test]
    fn before_stands_beside_after() {
        let network = network().colored("class", ["a", "b"], [0, 1, 0, 1]);
        assert!(!network.figure(Width::Double).svg().contains("before training"));
        let both = network.clone().before(network.weights.clone()).before_colored([1, 1, 1, 0]);
        let svg = both.figure(Width::Double).svg();
        assert!(svg.contains("before training") && svg.contains("after training"));
        assert!(!both.figure(Width::Single).svg().contains("before training"));
        assert!(roxmltree::Document::parse(&svg).is_ok());
    }

    #[test]
    fn data_are_json_that_stays_in_its_element() {
        let evil = "</script>";
        let json = network().colored(evil, [evil, "b"], [0, 1, 0, 1]).json();
        assert!(!json.contains('<') && json.contains(r#""network":true"#), "{json}");
        assert_eq!(json.matches("\"kind\"").count(), 3);
        assert_eq!(json.matches("unit 4").count(), 1);
        assert!(
            SpatialNetwork::new([], Matrix::new::<f64>(0, 0, &[]).unwrap()).json().ends_with('}')
        );
    }
}
