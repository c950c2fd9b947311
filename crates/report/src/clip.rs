//! Curves cut to a rectangle, broken at gaps, and thinned to what can be seen.

/// The rectangle of a panel on the page: left, top, right, bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) x0: f64,
    pub(crate) y0: f64,
    pub(crate) x1: f64,
    pub(crate) y1: f64,
}

impl Frame {
    pub(crate) fn width(&self) -> f64 {
        self.x1 - self.x0
    }

    pub(crate) fn height(&self) -> f64 {
        self.y1 - self.y0
    }

    pub(crate) fn contains(&self, (x, y): (f64, f64)) -> bool {
        let slack = 1e-6;
        x >= self.x0 - slack && x <= self.x1 + slack && y >= self.y0 - slack && y <= self.y1 + slack
    }
}

/// The visible pieces of a curve given on the page, thinned to steps of `bin` points; `None` is a gap.
pub(crate) fn visible(
    points: impl Iterator<Item = Option<(f64, f64)>>,
    frame: &Frame,
    bin: f64,
) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut run: Vec<(f64, f64)> = Vec::new();
    for point in points.chain([None]) {
        match point {
            Some(p) => run.push(p),
            None => {
                if !run.is_empty() {
                    cut(&thinned(&run, bin), frame, &mut pieces);
                    run.clear();
                }
            }
        }
    }
    pieces
}

/// For each step of `bin` points along x: first, lowest, highest and last, in their order. Exact to the eye for any
/// curve that moves one way in x, and the identity for curves that are sparse or turn back.
fn thinned(run: &[(f64, f64)], bin: f64) -> Vec<(f64, f64)> {
    if run.len() < 8 || run.windows(2).any(|w| w[1].0 < w[0].0) {
        return run.to_vec();
    }
    let mut out = Vec::new();
    let mut from = 0;
    while from < run.len() {
        let cell = (run[from].0 / bin).floor();
        let to = from + run[from..].iter().take_while(|p| (p.0 / bin).floor() == cell).count();
        let group = from..to.max(from + 1);
        let mut keep = [group.start; 4];
        for i in group.clone() {
            if run[i].1 < run[keep[1]].1 {
                keep[1] = i;
            }
            if run[i].1 > run[keep[2]].1 {
                keep[2] = i;
            }
        }
        keep[3] = group.end - 1;
        keep.sort_unstable();
        for (k, &i) in keep.iter().enumerate() {
            if k == 0 || i != keep[k - 1] {
                out.push(run[i]);
            }
        }
        from = group.end;
    }
    // What lies on a straight line between its neighbours adds bytes, not shape.
    let mut lean: Vec<(f64, f64)> = Vec::with_capacity(out.len());
    for &p in &out {
        if let [.., a, b] = lean[..] {
            let area = (b.0 - a.0) * (p.1 - a.1) - (p.0 - a.0) * (b.1 - a.1);
            let forward = (b.0 - a.0) * (p.0 - b.0) + (b.1 - a.1) * (p.1 - b.1) >= 0.0;
            let length = (p.0 - a.0).hypot(p.1 - a.1);
            if forward && area.abs() <= 0.005 * length {
                lean.pop();
            }
        }
        lean.push(p);
    }
    lean
}

/// Liang-Barsky, segment by segment; pieces that continue are joined.
fn cut(run: &[(f64, f64)], frame: &Frame, pieces: &mut Vec<Vec<(f64, f64)>>) {
    if let [only] = run {
        if frame.contains(*only) {
            pieces.push(vec![*only]);
        }
        return;
    }
    let mut open: Vec<(f64, f64)> = Vec::new();
    for w in run.windows(2) {
        let Some((a, b)) = segment(w[0], w[1], frame) else {
            continue;
        };
        if open.last() != Some(&a) {
            if open.len() > 1 {
                pieces.push(std::mem::take(&mut open));
            }
            open = vec![a];
        }
        open.push(b);
    }
    if open.len() > 1 {
        pieces.push(open);
    }
}

fn segment(a: (f64, f64), b: (f64, f64), frame: &Frame) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut t0, mut t1) = (0.0f64, 1.0f64);
    for (p, q) in
        [(-dx, a.0 - frame.x0), (dx, frame.x1 - a.0), (-dy, a.1 - frame.y0), (dy, frame.y1 - a.1)]
    {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            t0 = t0.max(q / p);
        } else {
            t1 = t1.min(q / p);
        }
    }
    if t0 > t1 {
        return None;
    }
    let at = |t: f64| {
        if t == 0.0 {
            a
        } else if t == 1.0 {
            b
        } else {
            let p = (a.0 + t * dx, a.1 + t * dy);
            (p.0.clamp(frame.x0, frame.x1), p.1.clamp(frame.y0, frame.y1))
        }
    };
    Some((at(t0), at(t1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME: Frame = Frame { x0: 0.0, y0: 0.0, x1: 10.0, y1: 10.0 };

    #[test]
    fn a_gap_breaks_and_a_lone_point_stays() {
        let points = [
            Some((1.0, 1.0)),
            Some((2.0, 2.0)),
            None,
            Some((5.0, 5.0)),
            None,
            None,
            Some((6.0, 1.0)),
            Some((7.0, 1.0)),
        ];
        let pieces = visible(points.into_iter(), &FRAME, 0.2);
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 2]);
        assert!(visible(std::iter::empty(), &FRAME, 0.2).is_empty());
    }

    #[test]
    fn a_line_that_leaves_and_returns_is_two_pieces() {
        let points = [(1.0, 5.0), (5.0, 15.0), (9.0, 5.0)];
        let pieces = visible(points.into_iter().map(Some), &FRAME, 0.2);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0][1], (3.0, 10.0));
        assert_eq!(pieces[1][0], (7.0, 10.0));
    }

    #[test]
    fn thinning_keeps_the_peaks_of_a_dense_curve() {
        let run: Vec<(f64, f64)> = (0..100_000)
            .map(|i| {
                (f64::from(i) * 1e-4, if i == 54_321 { 9.0 } else { (f64::from(i) * 0.7).sin() })
            })
            .collect();
        let thin = thinned(&run, 0.2);
        assert!(thin.len() < 250, "{}", thin.len());
        assert!(thin.iter().any(|p| p.1 == 9.0));
        assert_eq!((thin[0], thin[thin.len() - 1]), (run[0], run[99_999]));
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_frame(points in prop::collection::vec((-50f64..50.0, -50f64..50.0), 0..60)) {
            for p in visible(points.into_iter().map(Some), &FRAME, 0.2).into_iter().flatten() {
                prop_assert!(FRAME.contains(p), "{p:?}");
            }
        }
    }
}
