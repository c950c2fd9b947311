//! Every figure and the page, from synthetic data: `cargo run -p attractor-report --example gallery -- DIRECTORY`.
//!
//! Look at the result after any change to this crate; no test sees what is ugly.

mod analysis;
mod decision;
mod response;

use std::path::PathBuf;

use attractor_report::{
    Cell, Eigenvalues, Figure, FitFigure, FixedPoint, HorizonScores, Kind, Label, LearningCurves,
    Matrix, Mode, Page, Raster, ReportError, SampleTrials, SourceCurrents, SpatialNetwork,
    SpikingTrial, StateSpace, Table, TaskTrial, TaskTrials, Trajectory, Trial, UnitOrder,
    WeightMatrix, Width,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("gallery"), PathBuf::from);
    let space = decision::state_space()?;
    let mut named = figures()?;
    named.extend(analysis::figures(Width::Double)?);
    named.push(("state-space", space.figure(Width::Double)));
    for (name, figure) in &named {
        figure.write(&dir.join("figures"), name)?;
    }
    let network = analysis::in_space()?;
    page(&named, &space, &network).write(&dir.join("report.html"))?;
    odd_page().write(&dir.join("odd.html"))?;
    for width in [Width::Single, Width::Middle] {
        let place = dir.join(format!("{} mm", width.mm()));
        space.figure(width).write(&place, "state-space")?;
        for (name, figure) in analysis::figures(width)? {
            figure.write(&place, name)?;
        }
    }
    for (name, figure) in odd()? {
        figure.write(&dir.join("odd"), name)?;
    }
    Ok(())
}

/// A small generator, so that the pictures do not change from run to run.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 + 0.5) / f64::from(1u32 << 31)
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

fn figures() -> Result<Vec<(&'static str, Figure)>, ReportError> {
    Ok(vec![
        ("learning-curves", curves()),
        ("sample-trials", decisions()?),
        ("task-trials", task()?),
        ("weights", weights(128, true)?),
        ("eigenvalues", eigenvalues(128, true)),
        ("fit", fit()?),
        ("currents", currents()?),
        ("response", response::figure()),
        ("raster", spikes()?),
    ])
}

/// Leaky integrate-and-fire units under a drive that comes in waves.
fn spikes() -> Result<Figure, ReportError> {
    let mut r = Random(9);
    let (steps, units, drawn) = (400, 64, [3, 20, 41]);
    let mut figure = Raster::new(1.0).membranes(drawn, Label::new().italic("v"));
    for trial in 0..3 {
        let mut v = vec![0.0; units];
        let (mut spikes, mut membranes) = (Vec::new(), Vec::new());
        for t in 0..steps {
            let wave = 1.0 + (f64::from(t) / 30.0 + f64::from(trial)).sin();
            for v in &mut v {
                let fired = *v > 1.0;
                *v = if fired { 0.0 } else { 0.95 * *v + 0.05 * (wave + 0.9 * r.normal()) };
            }
            spikes.extend(v.iter().map(|&v| f64::from(u8::from(v > 1.0))));
            membranes.extend(drawn.iter().map(|&k| v[k]));
        }
        let steps = steps as usize;
        figure = figure.trial(SpikingTrial::new(
            format!("trial {}", trial + 1),
            Matrix::new(steps, units, &spikes)?,
            Matrix::new(steps, drawn.len(), &membranes)?,
        ));
    }
    Ok(figure.figure())
}

/// What is rarer: phases, three outputs in lanes, ring channels, groups, missing numbers, nothing at all.
fn odd() -> Result<Vec<(&'static str, Figure)>, ReportError> {
    let mut r = Random(5);
    let n = 24;
    let w: Vec<f64> =
        (0..n * n).map(|i| r.normal().abs() * if i % n < 19 { 0.2 } else { -0.7 }).collect();
    let groups = [("excitatory".to_owned(), 19), ("inhibitory".to_owned(), 5)];
    let mut holes = w.clone();
    holes[40..52].fill(f64::NAN);
    let empty = Matrix::new::<f64>(0, 0, &[])?;
    Ok(vec![
        ("phases", phases()),
        (
            "diverged",
            LearningCurves::new()
                .loss(
                    "training",
                    (0..90).map(|u| (f64::from(u), if u < 60 { 0.3 } else { f64::NAN })),
                )
                .loss("validation", [])
                .figure(),
        ),
        ("flip-flop", flip_flop(3)?),
        ("ring", flip_flop(16)?),
        (
            "groups",
            WeightMatrix::new(Label::new().italic("W").sub("rec"), Matrix::new(n, n, &holes)?)
                .groups(groups)
                .figure(),
        ),
        ("large", weights(1000, false)?),
        ("large-eigenvalues", eigenvalues(6000, false)),
        ("nothing", FitFigure::new(1.0, empty.clone(), empty.clone()).figure()),
        ("no-weights", WeightMatrix::new("W", empty).figure()),
        ("no-curves", LearningCurves::new().figure()),
    ])
}

fn curves() -> Figure {
    let mut r = Random(1);
    let loss = |u: f64| 0.42 / (1.0 + (u / 260.0).exp() * 0.06) + 0.011 + 0.09 * (-u / 120.0).exp();
    let training: Vec<(f64, f64)> =
        (0..1500).map(|u| (f64::from(u), loss(f64::from(u)) * (0.22 * r.normal()).exp())).collect();
    let checks: Vec<f64> = (0..=30).map(|k| f64::from(k) * 50.0).collect();
    let validation: Vec<(f64, f64)> =
        checks.iter().map(|&u| (u, loss(u) * 1.06 * (0.05 * r.normal()).exp())).collect();
    let score: Vec<(f64, f64)> = checks
        .iter()
        .map(|&u| (u, 0.5 + 0.48 / (1.0 + (-(u - 520.0) / 120.0).exp()) + 0.006 * r.normal()))
        .collect();
    LearningCurves::new()
        .loss("training", training)
        .loss("validation", validation)
        .loss_label("mean squared error")
        .score("validation", score)
        .score_label("fraction correct")
        .goal(0.95)
        .figure()
}

/// Trials as a task makes them, the second shorter than the first.
fn task() -> Result<Figure, ReportError> {
    let mut r = Random(9);
    let mut figure =
        TaskTrials::new("perceptual-decision", 20.0).inputs(["motion", "go"]).outputs(["choice"]);
    for (coherence, delay) in [(8i32, 20), (-4, 5)] {
        let (stimulus, end) = (45, 50 + delay);
        let periods = [
            ("fixation", 0, 5),
            ("stimulus", 5, stimulus),
            ("delay", stimulus, stimulus + delay),
            ("decision", stimulus + delay, end),
        ];
        let input = |t: usize| {
            let shown = f64::from(u8::from((5..stimulus).contains(&t))) * f64::from(coherence);
            [0.05 * shown + 0.1 * r.normal(), f64::from(u8::from(t >= stimulus + delay))]
        };
        let inputs: Vec<f64> = (0..end).flat_map(input).collect();
        let asked: Vec<f64> =
            (0..end).map(|t| f64::from(u8::from(t >= stimulus + delay))).collect();
        let targets: Vec<f64> = asked.iter().map(|a| a * f64::from(coherence.signum())).collect();
        figure = figure.trial(TaskTrial::new(
            format!("coherence {coherence}"),
            periods.map(|(name, from, to)| (name.to_owned(), from, to)).to_vec(),
            Matrix::new(end, 2, &inputs)?,
            Matrix::new(end, 1, &targets)?,
            asked,
        ));
    }
    Ok(figure.figure())
}

fn phases() -> Figure {
    let mut r = Random(2);
    let mut loss = |from: i32, level: f64| -> Vec<(f64, f64)> {
        (0..400)
            .map(|u| {
                (
                    f64::from(from + u),
                    level * (-f64::from(u) / 90.0).exp() + 0.02 * (0.2 * r.normal()).exp(),
                )
            })
            .collect()
    };
    let both: Vec<(f64, f64)> =
        loss(0, 0.5).into_iter().chain(loss(400, 2.0)).chain(loss(800, 0.1)).collect();
    LearningCurves::new()
        .loss("training", both)
        .phase("task A", 0.0)
        .phase("task B", 400.0)
        .phase("tune", 800.0)
        .figure()
}

/// Context-dependent decisions of a network whose units ramp with the evidence that matters.
fn decisions() -> Result<Figure, ReportError> {
    let (steps, units, dt) = (80, 128, 20.0);
    let mut r = Random(3);
    let kind: Vec<[f64; 4]> = (0..units)
        .map(|_| [r.normal() * 1.3, r.normal() * 0.5, r.normal() * 0.6, r.uniform()])
        .collect();
    let mut figure = SampleTrials::new(dt)
        .inputs(["motion evidence", "colour evidence", "motion context", "colour context"])
        .outputs(["choice"]);
    for (title, motion, colour, context) in [
        ("motion +, attend motion", 0.18, -0.12, 0),
        ("motion −, attend motion", -0.15, 0.14, 0),
        ("motion +, attend colour", 0.16, -0.18, 1),
        ("motion −, attend colour", -0.14, 0.17, 1),
    ] {
        let (mut inputs, mut targets, mut outputs, mut asked, mut activity) =
            (vec![], vec![], vec![], vec![], vec![]);
        let evidence = if context == 0 { motion } else { colour };
        let mut sum = 0.0;
        let mut slow = 0.0;
        for t in 0..steps {
            let ms = f64::from(t) * dt;
            let stimulus = f64::from(u8::from((350.0..1150.0).contains(&ms)));
            let cue = f64::from(u8::from((100.0..1250.0).contains(&ms)));
            let noise = [r.normal() * 0.06, r.normal() * 0.06];
            inputs.extend([
                motion * stimulus + noise[0] * stimulus,
                colour * stimulus + noise[1] * stimulus,
            ]);
            inputs.extend([cue * f64::from(1 - context), cue * f64::from(context)]);
            sum += stimulus * (evidence + noise[context as usize]) * dt * 0.012;
            slow += (sum - slow) * 0.15;
            let choice = slow.tanh();
            targets.push(if ms >= 1350.0 { evidence.signum() } else { 0.0 });
            asked.push(f64::from(u8::from(!(350.0..1350.0).contains(&ms))));
            outputs.push(choice * 0.98 + 0.015 * r.normal());
            for k in &kind {
                let gate = stimulus * if context == 0 { k[1] } else { -k[1] };
                let when = (-(ms / 1600.0 - k[3]).powi(2) / 0.02).exp();
                activity.push(
                    (k[0] * choice * (0.35 + when) + gate + k[2] * cue * 0.5 + 0.04 * r.normal())
                        .tanh(),
                );
            }
        }
        let steps = steps as usize;
        figure = figure.trial(Trial::new(
            title,
            Matrix::new(steps, 4, &inputs)?,
            Matrix::new(steps, 1, &targets)?,
            Matrix::new(steps, 1, &outputs)?,
            asked,
            Matrix::new(steps, units, &activity)?,
        ));
    }
    Ok(figure.figure())
}

fn flip_flop(bits: usize) -> Result<Figure, ReportError> {
    let (steps, units) = (300, 60);
    let mut r = Random(4);
    let mut figure = SampleTrials::new(10.0)
        .inputs((1..=bits).map(|b| format!("pulse {b}")))
        .outputs((1..=bits).map(|b| format!("bit {b}")))
        .order(UnitOrder::AsGiven);
    for trial in 1..=2 {
        let mut memory = vec![0.0; bits];
        let mut shown = vec![0.0; bits];
        let (mut inputs, mut targets, mut outputs, mut activity) = (vec![], vec![], vec![], vec![]);
        for _ in 0..steps {
            for b in 0..bits {
                let pulse = if r.uniform() < 0.012 { (r.uniform() - 0.5).signum() } else { 0.0 };
                if pulse != 0.0 {
                    memory[b] = pulse;
                }
                shown[b] += (memory[b] - shown[b]) * 0.2;
                inputs.push(pulse);
                targets.push(memory[b]);
                outputs.push(shown[b] + 0.02 * r.normal());
            }
            activity.extend((0..units).map(|u| {
                (shown[u % bits] + 0.4 * shown[(u * 7) % bits] + 0.05 * r.normal()).max(0.0)
            }));
        }
        figure = figure.trial(Trial::new(
            format!("trial {trial}"),
            Matrix::new(steps, bits, &inputs)?,
            Matrix::new(steps, bits, &targets)?,
            Matrix::new(steps, bits, &outputs)?,
            vec![1.0; steps],
            Matrix::new(steps, units, &activity)?,
        ));
    }
    Ok(figure.figure())
}

fn weights(n: usize, before: bool) -> Result<Figure, ReportError> {
    let mut r = Random(6);
    let first: Vec<f64> = (0..n * n).map(|_| r.normal() * 0.9 / (n as f64).sqrt()).collect();
    let (m, v): (Vec<f64>, Vec<f64>) = (0..n).map(|_| (r.normal(), r.normal())).unzip();
    let last: Vec<f64> = (0..n * n)
        .map(|i| first[i] + 1.6 * m[i / n] * (0.7 * m[i % n] + 0.6 * v[i % n]) / n as f64)
        .collect();
    let figure = WeightMatrix::new(Label::new().italic("W").sub("rec"), Matrix::new(n, n, &last)?);
    Ok(if before { figure.before(Matrix::new(n, n, &first)?) } else { figure }.figure())
}

fn eigenvalues(n: usize, before: bool) -> Figure {
    let mut r = Random(7);
    let mut disc = |g: f64| -> Vec<(f64, f64)> {
        let half: Vec<(f64, f64)> = (0..n / 2)
            .map(|_| {
                let (radius, angle) = (g * r.uniform().sqrt(), std::f64::consts::PI * r.uniform());
                (radius * angle.cos(), radius * angle.sin())
            })
            .collect();
        half.iter().copied().chain(half.iter().map(|&(a, b)| (a, -b))).collect()
    };
    let first = disc(0.9);
    let mut last = disc(0.91);
    last.extend([(1.34, 0.0), (1.02, 0.21), (1.02, -0.21)]);
    let figure =
        Eigenvalues::new(Label::new().italic("W").sub("rec"), last).radius(0.9).boundary(1.0);
    if before { figure.before(first) } else { figure }.figure()
}

/// A recording of 75 units that fire in sequence, 22 s at 30 Hz, and a model that loses the thread slowly.
/// Three regions: waves within, weak and late between.
fn currents() -> Result<Figure, ReportError> {
    let names = ["PFC", "M1", "Str"];
    let (samples, dt) = (300, 10.0);
    let mut r = Random(21);
    let mut figure = SourceCurrents::new(dt, names);
    for (target, units) in [40, 25, 60].into_iter().enumerate() {
        let blocks = (0..names.len()).map(|source| {
            let (size, lag) = if source == target { (1.0, 0.0) } else { (0.35, 0.8) };
            let values: Vec<f64> = (0..samples * units)
                .map(|k| {
                    let (t, u) =
                        ((k / units) as f64 * dt / 1000.0, (k % units) as f64 / units as f64);
                    let phase = 4.0 * (t - lag) - 6.0 * u + source as f64;
                    size * phase.sin() + 0.05 * r.normal()
                })
                .collect();
            Matrix::new(samples, units, &values)
        });
        figure = figure.target(names[target], blocks.collect::<Result<_, _>>()?);
    }
    Ok(figure.figure())
}

fn fit() -> Result<Figure, ReportError> {
    let (frames, units, dt) = (660, 75, 1000.0 / 30.0);
    let mut r = Random(8);
    let centres: Vec<f64> = (0..units).map(|_| r.uniform()).collect();
    let heights: Vec<f64> = (0..units).map(|_| 0.4 + r.uniform()).collect();
    let (mut recorded, mut model) = (vec![], vec![]);
    for t in 0..frames {
        let s = f64::from(t) * dt / 1000.0;
        for u in 0..units {
            let bump = |phase: f64, width: f64| {
                let d = (phase - centres[u]).rem_euclid(1.0);
                let d = d.min(1.0 - d);
                heights[u] * (-(d / width).powi(2)).exp()
            };
            recorded.push((bump(s / 5.5, 0.05) + 0.05 * r.normal()).max(0.0));
            model.push(
                (bump(s / 5.5 + 0.0011 * s * s / 5.5, 0.056) * 0.95 + 0.02 * r.normal()).max(0.0),
            );
        }
    }
    let scores = HorizonScores::new(["network", "ridge", "last value", "mean"])
        .horizon("1 frame", true, [0.93, 0.95, 0.91, 0.0])
        .horizon("3 frames", true, [0.86, 0.81, 0.62, 0.0])
        .horizon("10 frames", true, [0.71, 0.42, -0.83, 0.0])
        .horizon("free run", false, [0.48, -0.12, -1.42, 0.0]);
    let frames = frames as usize;
    Ok(FitFigure::new(
        dt,
        Matrix::new(frames, units, &recorded)?,
        Matrix::new(frames, units, &model)?,
    )
    .held_out(16_500.0, 22_000.0)
    .scores(scores)
    .quantity("ΔF/F, normalised")
    .figure())
}

/// State spaces of nothing, of a path without trials that never moves, of a point alone.
fn odd_page() -> Page {
    let axes = ["x", "y", "z"];
    let still = Trajectory::new("at rest", [[1.0, 2.0, 3.0]; 4]).trial(7);
    let gone = Trajectory::new("not finite", [[f64::NAN, 0.0, 0.0]]);
    let alone =
        FixedPoint::new([0.0, 1.0, 2.0], Kind::Unstable).mode(Mode::of_map((1.2, 0.3), 1.0));
    Page::new("odd")
        .state_space(&StateSpace::new(axes))
        .state_space(&StateSpace::new(axes).trajectory(gone).trajectory(still))
        .state_space(&StateSpace::new(axes).point(alone))
}

fn page(figures: &[(&'static str, Figure)], space: &StateSpace, network: &SpatialNetwork) -> Page {
    let figure = |name: &str| figures.iter().find(|f| f.0 == name).map(|f| &f.1);
    let mut page = Page::new("context-decision")
        .summary("A leaky tanh network of 128 units learned context-dependent decisions to 97.8 % correct on 2,000 fresh trials in 9.4 s.")
        .command("attractor train context-decision network.units=128 --seed 1 --out runs/context-decision-1")
        .figure_of_merit("97.8 %", "correct on fresh trials")
        .figure_of_merit("0.0114", "validation loss")
        .figure_of_merit("1,500", "updates")
        .figure_of_merit("9.4 s", "training time")
        .fact("seed", "1")
        .fact("attractor", "0.1.0")
        .fact("instruction set", "avx512")
        .fact("threads", "2")
        .fact("finished", "2026-01-05 14:02 UTC")
        .section("Learning");
    if let Some(f) = figure("learning-curves") {
        page = page.figure(f);
    }
    page = page.table(
        Table::new(
            "Correct choices on 2,000 fresh trials, by context and strength of the evidence",
        )
        .columns(["context", "evidence", "trials", "correct", "mean output"])
        .row([
            Cell::text("motion"),
            Cell::fixed(0.04, 2),
            Cell::integer(251),
            Cell::fixed(0.861, 3),
            Cell::fixed(0.62, 3),
        ])
        .row([
            Cell::text("motion"),
            Cell::fixed(0.08, 2),
            Cell::integer(262),
            Cell::fixed(0.973, 3),
            Cell::fixed(0.83, 3),
        ])
        .row([
            Cell::text("motion"),
            Cell::fixed(0.16, 2),
            Cell::integer(490),
            Cell::fixed(1.0, 3),
            Cell::fixed(0.97, 3),
        ])
        .row([
            Cell::text("colour"),
            Cell::fixed(0.04, 2),
            Cell::integer(248),
            Cell::fixed(0.847, 3),
            Cell::fixed(0.59, 3),
        ])
        .row([
            Cell::text("colour"),
            Cell::fixed(0.08, 2),
            Cell::integer(254),
            Cell::fixed(0.969, 3),
            Cell::fixed(0.82, 3),
        ])
        .row([
            Cell::text("colour"),
            Cell::fixed(0.16, 2),
            Cell::integer(495),
            Cell::fixed(1.0, 3),
            Cell::fixed(f64::NAN, 3),
        ]),
    );
    let shown = |page: Page, names: &[&str]| {
        names.iter().filter_map(|name| figure(name)).fold(page, |page, f| page.figure(f))
    };
    page = shown(page.section("Behaviour and activity"), &["behaviour", "sample-trials"]);
    page =
        page.section("State space").state_space(space).section("Network in space").network(network);
    page = shown(page, &["stability", "dimensions", "decoding"]);
    page = shown(
        page.section("Units and connectivity"),
        &["task-variance", "perturbations", "connectivity", "weights", "eigenvalues"],
    );
    page = page.table(analysis::silenced()).section("Claims").table(analysis::claims());
    page = page.section("Fit to a recording").paragraph(
        "Scores on held-out time, beside baselines given the same inputs and smoothing.",
    );
    page = shown(page, &["fit", "currents"]);
    page.warning("The colour context was seen in 49 % of the trials; <50 % & no rebalancing.")
        .section("Configuration")
        .code("config.toml", "[network]\nunits = 128\nneuron = \"leaky-tanh\"\n\n[learner]\nname = \"adam\"\nrate = 1e-3\nclip = 1.0\n")
}
