//! Noise that is recovered: a teacher that oscillates in noise, and a student fitted to what is seen of
//! it by variational sequential Monte Carlo (Pals et al. 2024, arXiv:2406.16749).

use std::f64::consts::TAU;
use std::sync::Arc;

use attractor::data::Trials;
use attractor::learn::constrained::Samples;
use attractor::learn::stochastic::{
    FilterOptions, Fit, FitOptions, Model, Observation, Phi, Proposal, Shape, Values,
};
use attractor::network::{Interventions, NoiseSource};
use attractor::numerics::law::Law;
use attractor::numerics::linalg::{ridge, thin_qr};
use attractor::numerics::random::stream;
use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use ndarray::{Array3, s};
use serde::Serialize;

use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::SeedView;

/// What the scale decides.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Settings {
    trials: usize,
    particles: usize,
    epochs: usize,
    /// Rate of Adam, at first and at the end.
    rate: f64,
    last_rate: f64,
}

// train_student_teacher_continuous.ipynb, and a scaled protocol: its 1500 updates reach nowhere at the
// published rates, whose sum they divide by twelve, so these are larger
pub(super) const PAPER: Settings =
    Settings { trials: 200, particles: 64, epochs: 1000, rate: 1e-3, last_rate: 1e-5 };
pub(super) const QUICK: Settings =
    Settings { trials: 100, particles: 16, epochs: 150, rate: 1e-2, last_rate: 1e-3 };
pub(super) const SMOKE: Settings = Settings { trials: 10, epochs: 2, particles: 4, ..QUICK };

/// Units of teacher and student, and their rank.
const UNITS: usize = 20;
const RANK: usize = 2;
/// Steps of a trial, and trials of a batch.
const STEPS: usize = 75;
const BATCH: usize = 10;
/// Noise of the teacher's latents each step, and of the observation.
const NOISE: f64 = 0.2;
const OBSERVATION: f64 = 0.1;

// the teacher's own weights are not published: one with a limit cycle is made, of these constants
/// Duration of a step, ms; nothing depends on it.
const DT: f64 = 10.0;
/// Steps of a period, and radius of the cycle.
const PERIOD: f64 = 25.0;
const RADIUS: f64 = 2.0;
/// Share of the distance from the cycle that a step makes good.
const PULL: f64 = 0.2;
const DECAY: f64 = 0.8;
/// Latents at which the weights are fitted to the cycle, and the penalty per sample.
const POINTS: usize = 2000;
const L2: f64 = 1e-5;

/// Steps before anything is kept, and steps and trials of the spectra.
const LEAD: usize = 100;
const LONG: usize = 2000;
const RUNS: usize = 25;
/// Spectra reach up to this frequency, per step, in bins of one over [`LONG`].
const HIGHEST: f64 = 0.16;

/// Fits a student and measures it.
pub(super) fn measure(
    context: &Context<'_>,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let seed = context.seed;
    let teacher = teacher(seed)?;
    let samples = recorded(context, &teacher, settings.trials)?;
    let Settings { particles, epochs, rate, last_rate, .. } = *settings;
    let options = FitOptions {
        particles,
        proposal: Proposal::Optimal,
        batch: BATCH,
        epochs,
        rate,
        last_rate,
        seed,
    };
    let mut fit = Fit::new(Model::drawn(*teacher.shape(), &samples, seed)?, &samples, &options)?;
    let mut deviations = vec![fit.model().noise_sd()?];
    while let Some(epoch) = fit.epoch()? {
        deviations.push(fit.model().noise_sd()?);
        context.within((epoch.number + 1) as f64 / epochs as f64, "stochastic student")?;
    }
    let student = fit.model();

    let found = student.noise_sd()?;
    let off = found.iter().map(|sd| (sd / NOISE - 1.0).abs());
    measured.set("noise_sd", off.fold(0.0, f64::max));
    for (axis, name) in ["student_noise_1", "student_noise_2"].into_iter().enumerate() {
        measured.set(name, found[axis]);
        measured.set_series(name, deviations.iter().map(|sd| sd[axis]));
    }
    let variance = student.values().variance;
    measured.set(
        "student_observation_noise",
        (variance.iter().sum::<f64>() / variance.len() as f64).sqrt(),
    );

    let of_teacher = spectrum(context, &teacher)?;
    measured.set("teacher_frequency", peak(&of_teacher));
    match spectrum(context, student) {
        Ok(of_student) => {
            measured.set("student_frequency", peak(&of_student));
            measured.set("frequency", (peak(&of_student) / peak(&of_teacher) - 1.0).abs());
            measured.set_series("student_spectrum", of_student);
        }
        // one that runs away oscillates at no frequency
        Err(error) if error.is_divergence() => measured.set("frequency", 1.0),
        Err(error) => return Err(error),
    }
    measured.set_series("teacher_spectrum", of_teacher);

    let likelihood = |model: &Model, particles, proposal| -> Result<f64, StudyError> {
        let options = FilterOptions { particles, proposal, seed };
        Ok(model.filter(&samples, options)?.per_sample(&samples))
    };
    let bootstrap = |particles| likelihood(student, particles, Proposal::Bootstrap);
    measured.set("particles", bootstrap(64)? - bootstrap(1)?);
    measured.set("student_log_likelihood", likelihood(student, 64, Proposal::Optimal)?);
    measured.set("teacher_log_likelihood", likelihood(&teacher, 64, Proposal::Optimal)?);
    measured.set("teacher_fixed_points", teacher.fixed_points(&[])?.len() as f64);
    measured.set("student_fixed_points", student.fixed_points(&[])?.len() as f64);
    Ok(())
}

/// ReLU units with orthonormal m and random thresholds, whose n makes the latents turn on a cycle as
/// nearly as it can: `z ← R(ω) z ((1 - η) + η ρ / |z|)`.
fn teacher(seed: u64) -> Result<Model, StudyError> {
    let mut rng = stream(seed, "stochastic teacher");
    let mut draw = |law: Law, rows, columns| law.sample(rows, columns, &mut rng);
    let (m, _) = thin_qr(&draw(Law::Normal { sd: 1.0 }, UNITS, RANK), UNITS, RANK)?;
    let threshold = draw(Law::Uniform { limit: 0.5 }, 1, UNITS);
    let (sin, cos) = (TAU / PERIOD).sin_cos();
    let (mut rates, mut changes) = (Vec::new(), Vec::new());
    for z in draw(Law::Normal { sd: RADIUS }, POINTS, RANK).chunks_exact(RANK) {
        let rows = m.chunks_exact(RANK).zip(&threshold);
        rates.extend(rows.map(|(m, h)| (m[0] * z[0] + m[1] * z[1] - h).max(0.0)));
        let gain = 1.0 - PULL + PULL * RADIUS / z[0].hypot(z[1]).max(RADIUS / 4.0);
        changes.push(gain * (cos * z[0] - sin * z[1]) - DECAY * z[0]);
        changes.push(gain * (sin * z[0] + cos * z[1]) - DECAY * z[1]);
    }
    let n = ridge(&rates, POINTS, UNITS, &changes, RANK, L2 * POINTS as f64)?;
    let covariance = vec![NOISE * NOISE, 0.0, 0.0, NOISE * NOISE];
    let values = Values {
        m,
        n: (0..RANK * UNITS).map(|at| n[at % UNITS * RANK + at / UNITS]).collect(),
        threshold,
        inputs: Vec::new(),
        decay: DECAY,
        start: vec![RADIUS, 0.0],
        start_covariance: covariance.clone(),
        covariance,
        bias: vec![0.0; UNITS],
        variance: vec![OBSERVATION * OBSERVATION; UNITS],
    };
    let (phi, observation) = (Phi::Relu, Observation::Gaussian);
    let shape = Shape { units: UNITS, rank: RANK, recorded: UNITS, channels: 0, phi, observation };
    Ok(Model::new(shape, DT, &values)?)
}

/// Means of observations, `[time, trial, unit]`, once the start is forgotten: the exported network,
/// simulated with its noise.
fn run(
    context: &Context<'_>,
    model: &Model,
    (steps, trials): (usize, usize),
    epoch: u64,
) -> Result<Array3<f32>, StudyError> {
    let (network, parameters) = model.network()?;
    let parameters: Vec<f32> = parameters.iter().map(|&value| value as f32).collect();
    let silent = Trials::new(DT, Array3::zeros((LEAD + steps, trials, 0)))?;
    let noise = NoiseSource { seed: context.seed, epoch, on: true };
    let mut found = context.run(
        &Arc::new(network),
        &parameters,
        &silent,
        noise,
        &Interventions::default(),
        &["rec.y"],
    )?;
    let y = found.pop().ok_or_else(|| StudyError::Study("no signal `rec.y`".to_owned()))?;
    Ok(y.slice(s![LEAD.., .., ..]).to_owned())
}

/// Trials of the teacher, with observation noise.
fn recorded(context: &Context<'_>, teacher: &Model, trials: usize) -> Result<Samples, StudyError> {
    let mut y = run(context, teacher, (STEPS, trials), 0)?;
    let mut rng = stream(context.seed, "stochastic observation");
    let noise = Law::Normal { sd: OBSERVATION }.sample(STEPS * trials, UNITS, &mut rng);
    y.iter_mut().zip(noise).for_each(|(y, noise)| *y += noise as f32);
    let none = Array3::zeros((STEPS, trials, 0));
    Ok(Samples::new(DT, y.view(), none.view(), &vec![STEPS; trials])?)
}

/// Power at `k / LONG` per step, k from 1 on, summed over units and runs.
fn spectrum(context: &Context<'_>, model: &Model) -> Result<Vec<f64>, StudyError> {
    let y = run(context, model, (LONG, RUNS), 1)?;
    let bins = (HIGHEST * LONG as f64) as usize;
    let turns: Vec<(f64, f64)> =
        (0..LONG).map(|t| (TAU * t as f64 / LONG as f64).sin_cos()).collect();
    let mut power = vec![0.0; bins];
    for (k, power) in power.iter_mut().enumerate() {
        let mut sums = vec![(0.0, 0.0); RUNS * UNITS];
        for (t, row) in y.outer_iter().enumerate() {
            let (sin, cos) = turns[t * (k + 1) % LONG];
            for (sum, &y) in sums.iter_mut().zip(row.iter()) {
                sum.0 += f64::from(y) * cos;
                sum.1 += f64::from(y) * sin;
            }
        }
        *power = sums.iter().map(|(a, b)| a * a + b * b).sum();
    }
    Ok(power)
}

/// Frequency of the peak of a spectrum, per step: the centre of mass of what is above half of it.
fn peak(power: &[f64]) -> f64 {
    let at = (0..power.len()).max_by(|&a, &b| power[a].total_cmp(&power[b])).unwrap_or(0);
    let high = |k: &usize| power[*k] > 0.5 * power[at];
    let around = (0..=at).rev().take_while(high).chain((at + 1..power.len()).take_while(high));
    let (mut mass, mut moment) = (0.0, 0.0);
    for k in around {
        mass += power[k];
        moment += power[k] * (k + 1) as f64 / LONG as f64;
    }
    moment / mass
}

/// Recovered noise over epochs, and spectra.
pub(super) fn figure(seeds: &[SeedView<'_>]) -> Figure {
    let title = |letter: &str, text: &str| Label::new().bold(letter).text(format!("  {text}"));
    let mut noise =
        Panel::new(Axis::new("epoch"), Axis::new("sd of the noise").log().range(0.1, 3.0))
            .title(title("a", "Noise of the student"));
    let mut spectra = Panel::new(Axis::new("frequency per step"), Axis::new("power").log())
        .title(title("b", "Left alone"));
    let mut epochs = 1;
    for (k, (seed, measured)) in seeds.iter().enumerate() {
        for (axis, name) in ["student_noise_1", "student_noise_2"].into_iter().enumerate() {
            let values = measured.series(name);
            epochs = epochs.max(values.len());
            let points = values.into_iter().enumerate().map(|(epoch, sd)| (epoch as f64, sd));
            let line = Line::new(points, Color::line(k));
            noise = noise.mark(if axis == 0 { line.name(format!("seed {seed}")) } else { line });
        }
        for (name, student) in [("student_spectrum", true), ("teacher_spectrum", false)] {
            let values = measured.series(name);
            let total: f64 = values.iter().sum();
            let points = values
                .iter()
                .enumerate()
                .map(|(k, power)| ((k as f64 + 1.0) / LONG as f64, power / total));
            let line = Line::new(points, Color::line(k));
            spectra = spectra.mark(match student {
                true => line.name(format!("student, seed {seed}")),
                false => line.dashed().name(format!("teacher, seed {seed}")),
            });
        }
    }
    let level = [(0.0, NOISE), ((epochs - 1) as f64, NOISE)];
    noise = noise.mark(Line::new(level, Color::GREY).dashed().name("teacher"));
    Figure::new("A stochastic student", Width::Double)
        .columns([1.0, 1.0])
        .rows([Height::Mm(46.0)])
        .place(0, 0, noise)
        .place(0, 1, spectra)
        .caption("a: standard deviation of the noise of the fitted network along its two axes. b: spectra of the currents of teacher and student, simulated without data.")
        .describe("Standard deviations of the latent noise against epochs, two lines for each seed, and power spectra of teacher and student.")
}
