//! Figures of behaviour and of reverse engineering, from invented numbers of the usual size.

use attractor_report::{
    Behaviour, Cell, Claim, Decoding, Dimensions, Figure, Kind, Label, Lesions, Matrix,
    Perturbations, ReportError, ResponseCurve, SpatialNetwork, Stability, Table, TaskAxes,
    UnitTuning, WeightMatrix, Width,
};

use crate::Random;

/// Every figure of an analysis at this width.
pub(crate) fn figures(width: Width) -> Result<Vec<(&'static str, Figure)>, ReportError> {
    Ok(vec![
        ("behaviour", behaviour(width)),
        ("stability", stability(width)),
        ("dimensions", dimensions(width)),
        ("decoding", decoding(width)?),
        ("task-variance", task_variance(width)?),
        ("task-axes", task_axes(width)),
        ("perturbations", perturbations(width)),
        ("lesions", lesions(width)),
        ("network", in_space()?.figure(width)),
        ("connectivity", connectivity()?),
    ])
}

fn behaviour(width: Width) -> Figure {
    let logistic =
        |x: f64, bias: f64, slope: f64| 0.02 + 0.96 / (1.0 + (-(x - bias) / slope).exp());
    let strengths = [-0.32, -0.16, -0.08, -0.04, 0.0, 0.04, 0.08, 0.16, 0.32];
    let mut r = Random(41);
    let mut figure = Behaviour::new("motion coherence").choice("choices to the right").width(width);
    for (name, bias, slope) in [("attend motion", 0.006, 0.045), ("attend colour", -0.01, 1.9)] {
        let mut choices = ResponseCurve::new(name)
            .fit((-64..=64).map(|i| f64::from(i) / 200.0).map(|x| (x, logistic(x, bias, slope))));
        let mut times = ResponseCurve::new(name)
            .fit((-64..=64).map(|i| f64::from(i) / 200.0).map(|x| (x, seconds(x, slope))));
        for x in strengths {
            let p = (logistic(x, bias, slope) + 0.015 * r.normal()).clamp(0.0, 1.0);
            let half = 1.96 * (p * (1.0 - p) / 220.0f64).sqrt() + 0.006;
            choices = choices.point(x, p, ((p - half).max(0.0), (p + half).min(1.0)));
            let t = seconds(x, slope) + 7.0 * r.normal();
            times = times.point(x, t, (t - 16.0, t + 16.0));
        }
        let words = format!("bias {bias:+.3}, slope {slope:.3}, lapse 0.02").replace('-', "−");
        figure = figure.psychometric(choices.parameters(words)).chronometric(times);
    }
    figure.figure()
}

fn seconds(x: f64, slope: f64) -> f64 {
    let drift = (x / slope / 2.0).abs().max(1e-3);
    310.0 + 420.0 * drift.tanh() / drift
}

fn stability(width: Width) -> Figure {
    let mut r = Random(42);
    let mut bulk = |n: usize, edge: f64| -> Vec<(f64, f64)> {
        (0..n)
            .flat_map(|_| {
                let (a, b) = (edge * r.uniform().sqrt(), std::f64::consts::PI * r.uniform());
                [(0.55 + a * b.cos(), a * b.sin()), (0.55 + a * b.cos(), -a * b.sin())]
            })
            .collect()
    };
    let mut figure = Stability::new(20.0).width(width);
    for lead in [0.962, 0.958] {
        let mut values = bulk(30, 0.33);
        values.push((lead, 0.0));
        figure = figure.point(Kind::Stable, values);
    }
    let mut saddle = bulk(30, 0.33);
    saddle.extend([(1.041, 0.0), (0.9, 0.19), (0.9, -0.19)]);
    let mut spiral = bulk(20, 0.33);
    spiral.extend([(1.04, 0.16), (1.04, -0.16), (1.02, 0.0)]);
    let mut slow = bulk(20, 0.3);
    slow.push((0.9985, 0.0));
    figure
        .point(Kind::Saddle, saddle)
        .point(Kind::Unstable, spiral)
        .point(Kind::Slow, slow)
        .figure()
}

fn dimensions(width: Width) -> Figure {
    let fall = |rate: f64, floor: f64| {
        (0..128).map(move |k| (-f64::from(k) * rate).exp() + floor).collect::<Vec<_>>()
    };
    Dimensions::new()
        .spectrum("before training", fall(0.16, 0.004))
        .spectrum("after training", fall(0.75, 0.0006))
        .width(width)
        .figure()
}

fn decoding(width: Width) -> Result<Figure, ReportError> {
    let mut r = Random(43);
    let rise = |ms: f64, at: f64, top: f64| 0.5 + top / (1.0 + (-(ms - at) / 70.0).exp());
    let times: Vec<f64> = (0..64).map(|t| (f64::from(t) + 0.5) * 25.0).collect();
    let mut figure = Decoding::new(1600.0, 0.5).period("stimulus", 350.0, 1150.0).width(width);
    for (name, at, top, end) in [
        ("choice", 690.0, 0.46, 9e9),
        ("motion", 420.0, 0.44, 1210.0),
        ("colour", 430.0, 0.3, 1180.0),
    ] {
        let points = times.iter().map(|&t| {
            let gone = if t > end { (-(t - end) / 160.0).exp() } else { 1.0 };
            let v = 0.5 + (rise(t, at, top) - 0.5) * gone + 0.008 * r.normal();
            (t, v, v - 0.03, (v + 0.03).min(1.0))
        });
        figure = figure.curve(name, points.collect::<Vec<_>>());
    }
    let n = times.len();
    let cells: Vec<f64> = (0..n * n)
        .map(|i| {
            let (a, b) = (times[i / n], times[i % n]);
            let both = (rise(a, 690.0, 0.46) - 0.5) * (rise(b, 690.0, 0.46) - 0.5) / 0.46;
            0.5 + both * (0.35 + 0.65 * (-((a - b) / 420.0).powi(2)).exp()) + 0.01 * r.normal()
        })
        .collect();
    Ok(figure.across("choice", Matrix::new(n, n, &cells)?).figure())
}

fn task_variance(width: Width) -> Result<Figure, ReportError> {
    let tasks = [
        "go",
        "reaction go",
        "delay go",
        "anti",
        "reaction anti",
        "delay anti",
        "decision 1",
        "decision 2",
        "context 1",
        "context 2",
        "multisensory",
        "match",
        "non-match",
    ];
    let mut r = Random(44);
    let clusters: Vec<usize> = (0..160).map(|_| (r.uniform() * 6.0) as usize).collect();
    let groups: [&[usize]; 6] = [&[0, 1, 2], &[3, 4, 5], &[6, 7], &[8, 9, 10], &[11, 12], &[2, 5]];
    let mut values = Vec::new();
    for &c in &clusters {
        for t in 0..tasks.len() {
            let own = if groups[c].contains(&t) { 0.65 + 0.3 * r.uniform() } else { 0.0 };
            values.push((own + 0.12 * r.normal().abs()).min(1.0));
        }
    }
    let values = Matrix::new(clusters.len(), tasks.len(), &values)?;
    Ok(UnitTuning::new("task variance (normalised)", tasks, values)
        .clusters(clusters)
        .width(width)
        .figure())
}

fn task_axes(width: Width) -> Figure {
    let ramp = |ms: f64| ((ms - 350.0) / 800.0).clamp(0.0, 1.0);
    let bump = |ms: f64| ramp(ms) * (-((ms - 900.0).max(0.0) / 260.0)).exp();
    let course = |f: &dyn Fn(f64) -> f64| (0..80).map(|t| f(f64::from(t) * 20.0)).collect();
    let choice = |k: i32| move |ms: f64| 6.0 * f64::from(k) * ramp(ms);
    let motion = |c: f64| move |ms: f64| 9.0 * c * bump(ms);
    let strengths = [-0.5, -0.25, -0.12, -0.06, 0.06, 0.12, 0.25, 0.5];
    let path = |k: i32, c: f64| -> Vec<(f64, f64)> {
        let at = |t: i32| (choice(k)(f64::from(t) * 20.0), motion(c)(f64::from(t) * 20.0));
        (0..80).map(at).collect()
    };
    let signed = |c: f64| format!("{c:+}").replace('-', "−");
    let paths = [(-1, -0.5), (-1, -0.12), (1, 0.12), (1, 0.5)];
    TaskAxes::new(20.0)
        .axis("choice", 1100.0, [-1, 1].map(|k| (signed(f64::from(k)), course(&choice(k)))))
        .axis("motion", 880.0, strengths.map(|c| (signed(c), course(&motion(c)))))
        .axis(
            "context",
            300.0,
            [("motion", 1.0), ("colour", -1.0)].map(|(name, side)| {
                (name.to_owned(), course(&|ms: f64| side * 3.0 * (1.0 - (-ms / 120.0).exp())))
            }),
        )
        .plane(
            ["choice", "motion"],
            paths.map(|(k, c)| (format!("motion {}", signed(c)), path(k, c))),
        )
        .width(width)
        .figure()
}

fn perturbations(width: Width) -> Figure {
    Perturbations::new("fraction correct")
        .control(0.971, (0.96, 0.98))
        .effect("silence cluster 1 (41 units)", 0.93, (0.9, 0.95))
        .effect("silence cluster 2 (23 units)", 0.64, (0.6, 0.68))
        .effect("silence cluster 3 (64 units)", 0.52, (0.48, 0.56))
        .effect("halve the recurrence", 0.58, (0.54, 0.62))
        .width(width)
        .figure()
}

/// Units on a lattice, wired at random before training and to their neighbours after.
pub(crate) fn in_space() -> Result<SpatialNetwork, ReportError> {
    let (side, layers) = (5usize, 4usize);
    let n = side * side * layers;
    let place = |i: usize| [i % side, i / side % side, i / side / side].map(|v| v as f64);
    let mut r = Random(51);
    let mut weights = |reach: f64| -> Vec<f64> {
        (0..n * n)
            .map(|k| {
                let (a, b) = (place(k / n), place(k % n));
                let apart = (0..3).map(|d| (a[d] - b[d]).powi(2)).sum::<f64>().sqrt();
                r.normal() * (-apart / reach).exp()
            })
            .collect()
    };
    let (before, after) = (weights(1e9), weights(0.9));
    let module = |i: usize| {
        let [x, y, _] = place(i);
        usize::from(x > 2.0) + 2 * usize::from(y > 2.0)
    };
    Ok(SpatialNetwork::new((0..n).map(place), Matrix::new(n, n, &after)?)
        .colored("module", ["module 1", "module 2", "module 3", "module 4"], (0..n).map(module))
        .before(Matrix::new(n, n, &before)?)
        .before_colored((0..n).map(|i| i * 7 % 4)))
}

fn lesions(width: Width) -> Figure {
    let mut figure =
        Lesions::new("fraction correct", ["whole trial", "until 850 ms", "from 850 ms"])
            .width(width);
    figure = figure.effect("none", 0, 0.971);
    for (name, scores) in [
        ("silence E (80 units)", [0.5, 0.52, 0.61]),
        ("silence I (20 units)", [0.72, 0.74, 0.93]),
        ("silence module 1 (34 units)", [0.55, 0.81, 0.58]),
        ("silence module 2 (41 units)", [0.93, 0.95, 0.97]),
        ("cut the recurrence", [0.49, 0.5, 0.66]),
        ("cut in->rec.I", [0.5, 0.5, 0.97]),
    ] {
        for (period, score) in scores.into_iter().enumerate() {
            figure = figure.effect(name, period, score);
        }
    }
    figure.figure()
}

fn connectivity() -> Result<Figure, ReportError> {
    let (n, groups) = (120usize, 3usize);
    let mut r = Random(45);
    let of: Vec<usize> = (0..n).map(|_| (r.uniform() * groups as f64) as usize).collect();
    let weights: Vec<f64> = (0..n * n)
        .map(|i| {
            let (a, b) = (of[i / n], of[i % n]);
            let mean = if a == b {
                0.1
            } else if (a + b) % 2 == 1 {
                -0.07
            } else {
                0.0
            };
            mean + 0.09 * r.normal()
        })
        .collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&u| of[u]);
    let size = |g: usize| of.iter().filter(|&&c| c == g).count();
    let names = ["choice left", "choice right", "context"];
    Ok(WeightMatrix::new(Label::new().italic("W").sub("rec"), Matrix::new(n, n, &weights)?)
        .sorted("selectivity", order)
        .groups((0..groups).map(|g| (names[g].to_owned(), size(g))))
        .figure())
}

/// A table too long to stand in full: correct choices in periods and groups that were silenced.
pub(crate) fn silenced() -> Table {
    let mut table = Table::new("Correct choices, one group silenced in one period")
        .columns(["group", "period", "correct"]);
    for (k, group) in (0..40).zip(["E1", "E2", "I1", "I2"].into_iter().cycle()) {
        let period = ["fixation", "stimulus", "delay", "decision"][k / 4 % 4];
        let correct = 0.5 + 0.45 * (k as f64 * 0.7).sin().abs();
        table = table.row([Cell::text(group), Cell::text(period), Cell::fixed(correct, 3)]);
    }
    table
}

/// The claims of a study.
pub(crate) fn claims() -> Table {
    Table::claims(
        "Claims over three seeds at quick scale",
        [
            Claim::new(
                "rank-two",
                "Trained connectivity is well described by a matrix of rank two.",
            )
            .source("figure 2c")
            .expected("R² ≥ 0.90")
            .measured("0.967 (0.961 to 0.972)", "3 of 3", true),
            Claim::new(
                "line",
                "Slow points lie along a line that the choice axis explains, in each context.",
            )
            .source("figure 5a")
            .expected("angle ≤ 20°")
            .measured("11.4° (9.8° to 13.1°)", "3 of 3", true),
            Claim::new(
                "selection",
                "Irrelevant evidence is integrated less than a tenth as well as the relevant.",
            )
            .source("figure 6")
            .expected("≤ 0.10")
            .measured("0.13 (0.09 to 0.17)", "1 of 3", false),
        ],
    )
}
