//! Every figure, from ordinary and from hostile numbers: well-formed, within its limits, of the right size.

use std::sync::LazyLock;

use attractor_report::{
    Axis, Behaviour, Color, Decoding, Dimensions, Dots, Eigenvalues, Figure, FitFigure, FixedPoint,
    Heat, Height, HorizonScores, Kind, Label, LearningCurves, Line, MAX_BYTES, Marker, Matrix,
    Mode, Page, Panel, Perturbations, ResponseCurve, Ribbon, SampleTrials, SourceCurrents,
    Stability, StateSpace, TaskAxes, Trajectory, Trial, UnitOrder, UnitTuning, WeightMatrix,
    Whiskers, Width,
};
use proptest::prelude::*;

/// Numbers without pattern, the worst case for compression.
fn noise(n: usize) -> Vec<f64> {
    let mut state = 0x1234_5678_9abc_def0u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

fn matrix(rows: usize, columns: usize) -> Matrix {
    Matrix::new(rows, columns, &noise(rows * columns)).unwrap()
}

/// All figures at sizes far above those of the default run.
static HEAVY: LazyLock<Vec<Figure>> = LazyLock::new(heavy);

fn heavy() -> Vec<Figure> {
    let curve =
        |n: usize| noise(n).into_iter().enumerate().map(|(i, v)| (i as f64, v.abs() + 1e-6));
    let trial = |t: usize| {
        Trial::new(
            format!("trial {t}"),
            matrix(1000, 8),
            matrix(1000, 8),
            matrix(1000, 8),
            (0..1000).map(|t| f64::from(t / 200 % 2)).collect(),
            matrix(1000, 512),
        )
    };
    let ring = Trial::new(
        "ring",
        matrix(500, 64),
        matrix(500, 33),
        matrix(500, 33),
        noise(500),
        matrix(500, 256),
    );
    let plane = |n: usize| noise(2 * n).chunks(2).map(|c| (c[0], c[1])).collect::<Vec<_>>();
    let scores = HorizonScores::new((0..6).map(|m| format!("method {m}")));
    let scores = (0..8).fold(scores, |s, h| s.horizon(format!("{h} frames"), h % 2 == 0, noise(6)));
    vec![
        LearningCurves::new()
            .loss("training", curve(100_000))
            .loss("validation", curve(5_000))
            .score("validation", curve(5_000))
            .figure(),
        (0..4).fold(SampleTrials::new(1.0), |s, t| s.trial(trial(t))).figure(),
        SampleTrials::new(1.0).trial(ring).figure(),
        WeightMatrix::new(Label::new().italic("W").sub("rec"), matrix(1024, 1024))
            .before(matrix(1024, 1024))
            .figure(),
        Eigenvalues::new("W", plane(4096)).before(plane(4096)).radius(1.2).boundary(1.0).figure(),
        FitFigure::new(33.3, matrix(5000, 300), matrix(5000, 300))
            .held_out(100_000.0, 160_000.0)
            .scores(scores)
            .figure(),
        (0..6)
            .fold(SourceCurrents::new(10.0, (0..6).map(|k| format!("region {k}"))), |f, k| {
                f.target(format!("region {k}"), vec![matrix(3000, 300); 6])
            })
            .figure(),
    ]
}

/// Twenty-four trials of 512 units and as many paths without any order: far above the default run.
static SPACE: LazyLock<StateSpace> = LazyLock::new(|| {
    let paths = noise(24 * 600);
    let path = |t: usize| paths[600 * t..600 * (t + 1)].chunks(3).map(|c| [c[0], c[1], 3.0 * c[2]]);
    let trial = |t: usize| {
        Trial::new(
            format!("trial {t}"),
            matrix(200, 4),
            matrix(200, 2),
            matrix(200, 2),
            vec![1.0; 200],
            matrix(200, 512),
        )
    };
    let modes = |p: FixedPoint| (0..8).fold(p, |p, _| p.mode(Mode::of_map((0.9, 0.1), 10.0)));
    let space = (0..24).fold(StateSpace::new(["PC1", "PC2", "PC3"]), |s, t| {
        s.trajectory(Trajectory::new(format!("condition {}", t % 6), path(t)).trial(t))
            .point(modes(FixedPoint::new([paths[t], paths[t + 1], 0.0], Kind::Saddle)))
    });
    let trials = (0..24).fold(SampleTrials::new(1.0), |s, t| s.trial(trial(t)));
    space.trials(trials).loadings(matrix(3, 512))
});

/// The figures of an analysis, heavy, at one width.
fn analysis(width: Width) -> Vec<Figure> {
    let plane = |n: usize| noise(2 * n).chunks(2).map(|c| (c[0], c[1])).collect::<Vec<_>>();
    let curve = || {
        let points = noise(60).chunks(3).fold(ResponseCurve::new("a condition"), |c, v| {
            c.point(v[0], v[1].abs(), (v[1].abs() - 0.1, v[1].abs() + 0.1))
        });
        points.fit((0..500).map(|i| (f64::from(i) / 500.0, 0.5)))
    };
    let behaviour = (0..4).fold(Behaviour::new("coherence").width(width), |b, _| {
        b.psychometric(curve()).chronometric(curve())
    });
    let stability = [Kind::Stable, Kind::Saddle, Kind::Unstable, Kind::Slow]
        .into_iter()
        .fold(Stability::new(10.0).width(width), |s, kind| s.point(kind, plane(256)));
    let pairs = noise(400);
    let time =
        |(t, v): (usize, &[f64])| (10.0 * t as f64, v[0].abs(), v[0].abs() - 0.1, v[0].abs() + 0.1);
    let times: Vec<_> = pairs.chunks(2).enumerate().map(time).collect();
    let decoding = (0..4).fold(Decoding::new(2000.0, 0.5).width(width), |d, i| {
        d.curve(format!("variable {i}"), times.clone())
    });
    let perturbed = (0..6).fold(Perturbations::new("score").width(width), |p, i| {
        p.effect(format!("silence group {i}"), 0.1 * f64::from(i), (0.0, 0.7))
    });
    vec![
        behaviour.figure(),
        stability.figure(),
        Dimensions::new().spectrum("a", noise(200).iter().map(|v| v.abs())).width(width).figure(),
        decoding.across("choice", matrix(200, 200)).period("stimulus", 200.0, 900.0).figure(),
        UnitTuning::new("task variance", (0..20).map(|t| format!("task {t}")), matrix(512, 20))
            .clusters((0..512).map(|u| u * 7 % 9))
            .width(width)
            .figure(),
        (0..4)
            .fold(TaskAxes::new(20.0), |axes, v| {
                let levels = (0..8).map(|level| (format!("level {level}"), noise(200)));
                axes.axis(format!("variable {v}"), 900.0, levels)
            })
            .plane(
                ["variable 0", "variable 1"],
                (0..8).map(|k| {
                    (format!("condition {k}"), noise(200).into_iter().zip(noise(200)).collect())
                }),
            )
            .width(width)
            .figure(),
        perturbed.control(0.9, (0.8, 1.0)).figure(),
        SPACE.figure(width),
    ]
}

#[test]
fn figures_of_an_analysis_hold_at_every_journal_width() {
    for width in [Width::Single, Width::Middle, Width::Double] {
        for figure in analysis(width) {
            let svg = figure.svg();
            assert!(svg.len() <= MAX_BYTES, "{}: {} bytes", figure.title(), svg.len());
            let doc = roxmltree::Document::parse(&svg).unwrap();
            let expected = format!("width=\"{}mm\"", width.mm());
            assert!(svg.contains(&expected), "{}: {expected}", figure.title());
            let sizes = doc.descendants().filter(|e| e.has_tag_name("text"));
            for size in sizes.filter_map(|e| e.attribute("font-size")) {
                assert!(["6", "7"].contains(&size), "{}: text of {size} pt", figure.title());
            }
            let spoken = doc.descendants().find(|e| e.has_tag_name("desc")).unwrap();
            assert!(spoken.text().unwrap_or("").len() > 30, "{}", figure.title());
            check(&figure);
        }
    }
}

#[test]
fn the_heaviest_state_space_leaves_room_on_the_page() {
    let html = Page::new("space").state_space(&SPACE).html();
    assert!(html.len() < 1_300_000, "{}", html.len());
    assert_eq!(html.matches("type=\"application/json\"").count(), 1);
}

#[test]
fn files_stay_below_their_limit_even_for_noise() {
    let dir = tempfile::tempdir().unwrap();
    for (i, figure) in HEAVY.iter().enumerate() {
        for path in figure.write(dir.path(), &format!("f{i}")).unwrap() {
            let size = std::fs::metadata(&path).unwrap().len() as usize;
            assert!(size <= MAX_BYTES, "{}: {} has {size} bytes", figure.title(), path.display());
        }
    }
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2 * HEAVY.len(), "{left:?}");
    assert!(!left.iter().any(|n| n.to_string_lossy().ends_with(".part")));
}

#[test]
fn a_page_of_the_heaviest_figures_stays_below_two_megabytes() {
    let page = HEAVY.iter().fold(Page::new("heavy"), |p, f| p.figure(f));
    assert!(page.html().len() < 2_000_000, "{}", page.html().len());
}

#[test]
fn every_svg_is_well_formed_with_a_name_a_description_and_sizes() {
    for figure in HEAVY.iter() {
        let svg = figure.svg();
        let doc = roxmltree::Document::parse(&svg).unwrap();
        let root = doc.root_element();
        assert_eq!(root.attribute("width"), Some(format!("{}mm", figure.width_mm()).as_str()));
        let child = |tag| {
            root.children().find(|e| e.has_tag_name(tag)).and_then(|e| e.text()).unwrap_or("")
        };
        assert_eq!(child("title"), figure.title());
        assert!(child("desc").len() > 20, "{}: {}", figure.title(), child("desc"));
        assert!(
            doc.descendants().all(|e| e.attribute("id").is_none()),
            "ids would clash when figures share a page"
        );
        assert!(!svg.contains("NaN") && !svg.contains("inf\""));
        let sizes = doc
            .descendants()
            .filter(|e| e.has_tag_name("text"))
            .filter_map(|e| e.attribute("font-size"));
        assert!(sizes.map(|s| s.parse::<f64>().unwrap()).all(|s| (6.0..=7.0).contains(&s)));
    }
}

#[test]
fn heat_maps_are_one_picture_each() {
    let svg = WeightMatrix::new("W", matrix(128, 128)).figure().svg();
    assert_eq!(svg.matches("<image").count(), 2); // the matrix and its colour bar
    assert!(svg.matches("<rect").count() < 3);
}

#[test]
fn the_png_has_the_pixels_its_millimetres_ask_for() {
    let figure = LearningCurves::new()
        .loss("training", [(0.0, 1.0), (1.0, 0.1)])
        .score("validation", [(0.0, 0.5)])
        .figure();
    for (dpi, width) in [(100.0, 685), (300.0, 2055), (600.0, 4110)] {
        let mut reader =
            png::Decoder::new(std::io::Cursor::new(figure.png(dpi))).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let info = reader.info();
        assert_eq!(info.width, width);
        assert_eq!(info.height, (figure.height_mm() / 25.4 * dpi).round() as u32);
        assert_eq!(info.pixel_dims.unwrap().xppu, (dpi / 0.0254).round() as u32);
        assert!(pixels.iter().any(|&p| p < 100), "nothing was drawn");
        assert!(pixels[..30].iter().all(|&p| p == 255), "the ground is not white");
    }
    // Resolutions without sense still give a picture.
    for dpi in [f64::NAN, 0.0, -5.0, f64::INFINITY] {
        assert!(png::Decoder::new(std::io::Cursor::new(figure.png(dpi))).read_info().is_ok());
    }
}

#[test]
fn the_three_journal_widths() {
    for (width, mm) in [(Width::Single, "85mm"), (Width::Middle, "114mm"), (Width::Double, "174mm")]
    {
        let panel = Panel::new(Axis::new("x"), Axis::new("y"))
            .mark(Line::new([(0.0, 0.0), (1.0, 1.0)], Color::BLUE));
        assert!(
            Figure::new("t", width).place(0, 0, panel).svg().contains(&format!("width=\"{mm}\""))
        );
    }
}

#[test]
fn the_same_figure_gives_the_same_bytes() {
    let figure = || WeightMatrix::new("W", matrix(40, 40)).figure();
    assert_eq!(figure().svg(), figure().svg());
    assert_eq!(figure().png(150.0), figure().png(150.0));
}

/// Any number, with a liking for those that break things.
fn hostile() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0f64,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE]),
    ]
}

fn check(figure: &Figure) {
    let svg = figure.svg();
    let doc = roxmltree::Document::parse(&svg).unwrap();
    for node in doc.descendants() {
        for attribute in node
            .attributes()
            .filter(|a| matches!(a.name(), "x" | "y" | "cx" | "cy" | "width" | "height" | "r"))
        {
            let v = attribute.value().trim_end_matches("mm").parse::<f64>();
            assert!(v.is_ok_and(f64::is_finite), "{}={}", attribute.name(), attribute.value());
        }
        if let Some(path) = node.attribute("d") {
            let numbers =
                path.split(|c: char| c.is_ascii_alphabetic() || c == ' ').filter(|s| !s.is_empty());
            assert!(
                numbers.map(str::parse::<f64>).all(|v| v.is_ok_and(|v| v.abs() < 1e4)),
                "{path}"
            );
        }
    }
    assert!(figure.png(40.0).starts_with(b"\x89PNG"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_numbers_break_a_picture(values in prop::collection::vec(hostile(), 0..80), columns in 1usize..9, name in "\\PC{0,12}", at in hostile()) {
        let rows = values.len() / columns;
        let m = Matrix::new(rows, columns, &values[..rows * columns]).unwrap();
        let points = || values.iter().copied().zip(values.iter().rev().copied());
        check(&LearningCurves::new().loss(&name, points()).score(&name, points()).goal(at).phase("a", at).phase(&name, 1.0).figure());
        check(&WeightMatrix::new(name.as_str(), m.clone()).before(m.clone()).groups([(name.clone(), rows)]).figure());
        check(&Eigenvalues::new(name.as_str(), points()).before(points()).radius(at).boundary(at).figure());
        let trial = Trial::new(&name, m.clone(), m.clone(), m.clone(), values.clone(), m.clone());
        check(&SampleTrials::new(at).inputs([&name]).outputs([&name]).order(UnitOrder::Given(vec![0])).trial(trial).figure());
        let scores = HorizonScores::new([&name]).horizon(&name, true, values.iter().copied().take(3));
        check(&FitFigure::new(at, m.clone(), m.transposed()).held_out(at, at).examples([0, 1, 99]).scores(scores).figure());
        let spans = || values.windows(3).map(|v| (v[0], v[1], v[2]));
        let curve = spans().fold(ResponseCurve::new(&name), |c, v| c.point(v.0, v.1, (v.2, at)));
        let curve = curve.fit(points());
        check(&Behaviour::new(&name).psychometric(curve.clone()).chronometric(curve).figure());
        check(&Stability::new(at).point(Kind::Saddle, points()).figure());
        check(&Dimensions::new().spectrum(&name, values.iter().copied()).figure());
        check(&Decoding::new(at, at).curve(&name, spans().map(|v| (v.0, v.1, v.2, at))).across(&name, m.clone()).period(&name, at, 3.0).figure());
        check(&UnitTuning::new(&name, [&name], m.clone()).clusters((0..rows).map(|r| r % 2)).figure());
        check(&TaskAxes::new(at).axis(&name, at, [(&name, values.to_vec())]).plane([name.as_str(); 2], [(&name, points().collect())]).figure());
        check(&Perturbations::new(&name).control(at, (at, 1.0)).effect(&name, at, (0.0, at)).figure());
        let path = spans().map(|v| [v.0, v.1, v.2]);
        let space = StateSpace::new([&name, &name, &name])
            .trajectory(Trajectory::new(&name, path))
            .point(FixedPoint::new([at, 1.0, 0.0], Kind::Slow).direction([at, at, 1.0]))
            .view(at, at);
        check(&space.figure(Width::Mm(at)));
        prop_assert!(Page::new(&name).state_space(&space).html().len() < 300_000);
        let panel = Panel::new(Axis::new("x").log(), Axis::new("y").range(at, 1.0))
            .mark(Ribbon::new(spans(), Color::BLUE))
            .mark(Whiskers::new(spans(), Color::BLUE))
            .mark(Dots::new(points(), Color::INK).marker(Marker::Triangle).edge(Color::WHITE))
            .equal()
            .mark(Dots::new(points(), Color::BLUE).open())
            .mark(Heat::new(m, (at, 1.0), (0.0, at)))
            .colorbar(name.as_str());
        check(&Figure::new(&name, Width::Mm(at)).columns([at]).rows([Height::Mm(at)]).place(0, 0, panel));
    }
}
