//! Low-rank networks fitted to the rates of a trained full-rank network.
//!
//! A full-rank teacher learns context-dependent decisions. Students of rank 1, 2, … of equal size are
//! fitted to its rates, and compared with cutting the teacher's connectivity down to the same rank.
//! What a student shows about mechanism is tested on the teacher, by silencing. A low-rank teacher
//! shows what of its connectivity can be recovered; one that is noisy, that its noise can be, too.

use attractor::analysis::pearson;
use attractor::network::Wiring;
use attractor::numerics::law::Law;
use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use attractor::task::create;
use serde::Serialize;

mod lab;
mod stochastic;

use crate::claim::{Expected, Over, Relation};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::net::low_rank;
use crate::study::{Scale, SeedView, Study};
use lab::{Lab, connectivity, mean_of};

/// The study.
pub(crate) struct LowRankInference;

const STORED: &str = "authors' repository, data/mante_fit_result.npz and mante_many_result.npz; acceptance of the study";
const SCALED: &str =
    "measured with N = 128 (1 seed) after notebooks/3_4_mante_fits; acceptance of the study";
const STOCHASTIC: &str =
    "Pals et al. 2024, arXiv:2406.16749, student and teacher; tolerance of the study";
const VALIDATION: &str = "authors' repository, notebooks/1_validation: ECC .988, raw correlation .506; acceptance of the study";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "fitted_r2", statement: "a rank-1 network fits the rates of the full-rank teacher: R² on held-out trials, noise in both", source: STORED, relation: Relation::AtLeast, value: 0.88, over: Over::Median },
    Expected { id: "fitted_accuracy", statement: "with the teacher's readout it solves the task: fraction correct on fresh trials", source: STORED, relation: Relation::AtLeast, value: 0.95, over: Over::Median },
    Expected { id: "truncated_r2", statement: "the teacher's connectivity cut down to rank 1 does not give its rates: R² without noise", source: STORED, relation: Relation::AtMost, value: 0.3, over: Over::Median },
    Expected { id: "truncated_accuracy", statement: "nor does it solve the task: fraction correct", source: STORED, relation: Relation::AtMost, value: 0.8, over: Over::Median },
    Expected { id: "rank_gain", statement: "the fit does not get worse with rank: smallest step of R² from one rank to the next", source: STORED, relation: Relation::AtLeast, value: -0.01, over: Over::Median },
    Expected { id: "kill_a", statement: "silencing in the teacher the units that context A drives most in the student harms context B more: loss of accuracy in B less that in A", source: SCALED, relation: Relation::AtLeast, value: 0.15, over: Over::Median },
    Expected { id: "kill_b", statement: "and those of context B harm context A more: loss of accuracy in A less that in B", source: SCALED, relation: Relation::AtLeast, value: 0.15, over: Over::Median },
    Expected { id: "kill_random", statement: "silencing as many random units harms little: loss of accuracy, mean of 5 draws", source: SCALED, relation: Relation::AtMost, value: 0.06, over: Over::Median },
    Expected { id: "ecc", statement: "of a rank-1 teacher's connectivity, what acts is recovered: correlation of effective connectivities", source: VALIDATION, relation: Relation::AtLeast, value: 0.95, over: Over::Median },
    Expected { id: "raw_correlation", statement: "but not its weights: correlation of connectivities", source: VALIDATION, relation: Relation::AtMost, value: 0.8, over: Over::Median },
    Expected { id: "noise_sd", statement: "a stochastic network of low rank recovers the noise of its teacher: relative error of its sd, on the axis where it is largest", source: STOCHASTIC, relation: Relation::AtMost, value: 0.25, over: Over::Median },
    Expected { id: "frequency", statement: "left alone, it oscillates as the teacher does: relative error of the dominant frequency", source: STOCHASTIC, relation: Relation::AtMost, value: 0.1, over: Over::Median },
    Expected { id: "particles", statement: "64 particles that follow the dynamics bound the likelihood better than one: log likelihood of a sample, difference, nats", source: STOCHASTIC, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
];

#[derive(Clone, Copy, Serialize)]
struct Settings {
    units: usize,
    /// Trials that teacher and students are trained on, four fifths, and validated on.
    trials: usize,
    test_trials: usize,
    batch: usize,
    /// Gain ρ of the teacher's initial connectivity.
    gain: f64,
    teacher_rate: f64,
    teacher_epochs: usize,
    /// The teacher may stop at this loss.
    teacher_loss: f64,
    student_rate: f64,
    student_epochs: usize,
    ranks: usize,
    stochastic: stochastic::Settings,
}

fn settings(scale: Scale) -> Settings {
    let quick = Settings {
        units: 128,
        trials: 1000,
        test_trials: 1000,
        batch: 32,
        gain: 0.1,
        teacher_rate: 1e-3,
        teacher_epochs: 60,
        teacher_loss: 0.005,
        student_rate: 1e-2,
        student_epochs: 150,
        ranks: 3,
        stochastic: stochastic::QUICK,
    };
    match scale {
        Scale::Smoke => Settings {
            units: 32,
            trials: 160,
            test_trials: 100,
            teacher_epochs: 4,
            student_epochs: 4,
            ranks: 2,
            stochastic: stochastic::SMOKE,
            ..quick
        },
        Scale::Quick => quick,
        // training_scripts/many_fit_mante
        Scale::Paper => Settings {
            units: 1024,
            teacher_rate: 1e-4,
            student_epochs: 500,
            ranks: 5,
            stochastic: stochastic::PAPER,
            ..quick
        },
    }
}

impl Study for LowRankInference {
    fn name(&self) -> &'static str {
        "low-rank-inference"
    }

    fn title(&self) -> &'static str {
        "Extracting computational mechanisms from neural data using low-rank RNNs"
    }

    fn reference(&self) -> &'static str {
        "Valente, Pillow & Ostojic, Advances in Neural Information Processing Systems 35, 2022, arXiv:2110.09804"
    }

    fn summary(&self) -> &'static str {
        "A full-rank network of leaky tanh units learns context-dependent decisions. Networks of low rank \
         and equal size are fitted to its noisy rates, all units and steps, and get its readout. The \
         teacher's connectivity is cut down to the same ranks by singular values. Units that a context \
         drives most in the rank-1 network are silenced in the teacher. A rank-1 network trained on \
         perceptual decisions is the teacher of another rank-1 network, and connectivities are compared. A stochastic network of rank 2 that \
         oscillates is the teacher of another one, which is fitted to its noisy currents by variational \
         sequential Monte Carlo."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let settings = settings(context.scale);
        let parts = settings.ranks + 4;
        let mut measured = Measured::default();
        context.part(0, parts, "teacher")?;
        let task = create("context-decision", &toml::Table::new())?;
        let lab = Lab { context, settings, task: &*task };
        let full = Wiring::Dense { law: Law::Gaussian { gain: settings.gain } };
        let teacher = lab.teacher(full, 1.0 / settings.units as f64, settings.teacher_rate, 1.0)?;
        let ([rates, quiet], split) = lab.recorded(&teacher)?;
        measured.set("teacher_accuracy", mean_of(lab.accuracy(&teacher, &[], true)?));

        let mut first = None;
        let (mut fitted, mut fitted_quiet, mut fitted_right) = (vec![], vec![], vec![]);
        let (mut truncated, mut truncated_right) = (vec![], vec![]);
        for rank in 1..=settings.ranks {
            context.part(rank, parts, &format!("rank {rank}"))?;
            let student = lab.student(&teacher, &rates, &split, rank)?;
            fitted.push(lab.r2(&student, &rates, &split, true)?);
            fitted_quiet.push(lab.r2(&student, &quiet, &split, false)?);
            fitted_right.push(mean_of(lab.accuracy(&student, &[], true)?));
            let cut = lab.truncated(&teacher, rank)?;
            truncated.push(lab.r2(&cut, &quiet, &split, false)?);
            truncated_right.push(mean_of(lab.accuracy(&cut, &[], false)?));
            first.get_or_insert(student);
        }
        for (name, values) in [
            ("fitted_r2", &fitted),
            ("fitted_accuracy", &fitted_right),
            ("truncated_r2", &truncated),
            ("truncated_accuracy", &truncated_right),
        ] {
            measured.set(name, values[0]);
        }
        measured
            .set("rank_gain", fitted.windows(2).map(|r| r[1] - r[0]).fold(f64::INFINITY, f64::min));
        measured.set_series("fitted_r2", fitted);
        measured.set_series("fitted_r2_without_noise", fitted_quiet);
        measured.set_series("fitted_accuracy", fitted_right);
        measured.set_series("truncated_r2", truncated);
        measured.set_series("truncated_accuracy", truncated_right);

        context.part(settings.ranks + 1, parts, "silencing")?;
        if let Some(student) = first {
            lab.silence(&teacher, &student, &mut measured)?;
        }

        context.part(settings.ranks + 2, parts, "rank-1 teacher")?;
        let task = create("perceptual-decision", &toml::Table::new())?;
        let lab = Lab { context, settings, task: &*task };
        // z = wᵀ r / N with w of sd 4: with Adam, a step of w is a step of w / N at rate 1/N
        let n = settings.units as f64;
        let teacher = lab.teacher(low_rank(1), 4.0 / n, settings.student_rate, 1.0 / n)?;
        let ([rates, _], split) = lab.recorded(&teacher)?;
        let student = lab.student(&teacher, &rates, &split, 1)?;
        measured.set("recovery_accuracy", mean_of(lab.accuracy(&teacher, &[], true)?));
        measured.set("recovery_r2", lab.r2(&student, &rates, &split, true)?);
        for (name, effective) in [("raw_correlation", false), ("ecc", true)] {
            let both = (connectivity(&teacher, effective)?, connectivity(&student, effective)?);
            measured.set(name, pearson(&both.0, &both.1)?);
        }
        context.part(settings.ranks + 3, parts, "stochastic student")?;
        stochastic::measure(context, &settings.stochastic, &mut measured)?;
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let panel = |letter: &str, title: &str, label: &str, names: [&str; 2], low: f64| {
            let axis = Axis::new(label).range(low, 1.02);
            let panel = Panel::new(Axis::new("rank"), axis)
                .title(Label::new().bold(letter).text(format!("  {title}")));
            seeds.iter().enumerate().fold(panel, |panel, (k, (seed, measured))| {
                let line = |name: &str| {
                    let values = measured.series(name).into_iter().enumerate();
                    Line::new(values.map(|(k, v)| (k as f64 + 1.0, v)), Color::line(k))
                };
                panel
                    .mark(line(names[0]).name(format!("fitted, seed {seed}")))
                    .mark(line(names[1]).dashed().name(format!("truncated, seed {seed}")))
            })
        };
        let figure = Figure::new("Fitted and truncated", Width::Double)
            .columns([1.0, 1.0])
            .rows([Height::Mm(42.0)])
            .place(0, 0, panel("a", "Rates", "R²", ["fitted_r2", "truncated_r2"], -1.0))
            .place(0, 1, panel("b", "Behaviour", "fraction correct", ["fitted_accuracy", "truncated_accuracy"], 0.4))
            .caption("Networks of low rank fitted to the rates of a full-rank teacher (solid) and its connectivity cut down to the same rank (dashed); R² below −1 is cut off.")
            .describe("R² and fraction correct against rank, fitted and truncated, one pair of lines per seed.");
        vec![("ranks", figure), ("stochastic", stochastic::figure(seeds))]
    }
}
