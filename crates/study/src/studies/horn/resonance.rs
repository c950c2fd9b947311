//! One oscillator, driven at many frequencies, against its closed form.

use std::f64::consts::TAU;
use std::sync::Arc;

use attractor::data::Trials;
use attractor::network::library::horn;
use attractor::network::{
    Description, Engine, EngineOptions, Interventions, Network, NoiseSource, Population,
    Projection, Wiring,
};
use attractor::numerics::law::Law;
use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use ndarray::{Array3, s};

use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView};

/// Frequency, damping and size of the drive (brainmass/horn/step.py).
const OMEGA: f64 = TAU / 28.0;
const GAMMA: f64 = 0.01;
const ALPHA: f64 = 0.04;
/// Size of the sine that drives it: so small that the saturation is linear.
const SIZE: f64 = 0.01;

/// The gain at a frequency, `α/√((ω² − Ω²)² + (2γΩ)²)`.
fn gain(frequency: f64) -> f64 {
    let (detuning, damping) = (OMEGA * OMEGA - frequency * frequency, 2.0 * GAMMA * frequency);
    ALPHA / detuning.hypot(damping)
}

/// Frequencies in units of the resonance, around it.
fn frequencies(count: usize) -> Vec<f64> {
    let peak = (OMEGA * OMEGA - 2.0 * GAMMA * GAMMA).sqrt();
    (0..count).map(|k| peak * (0.8 + 0.4 * k as f64 / (count - 1) as f64)).collect()
}

/// One trial per frequency, all at once; the amplitude is the largest displacement after 20 decay times,
/// of the Fourier component at the frequency.
pub(super) fn measure(context: &Context<'_>, measured: &mut Measured) -> Result<(), StudyError> {
    let count = if context.scale == Scale::Smoke { 41 } else { 401 };
    let (steps, settled) = (4000, 2000);
    let frequencies = frequencies(count);
    let inputs = Array3::from_shape_fn((steps, count, 1), |(t, b, _)| {
        (SIZE * (frequencies[b] * (t + 1) as f64).sin()) as f32
    });
    let one = Wiring::Dense { law: Law::Constant { value: 1.0 } };
    let populations = vec![Population::input("in", 1), Population::of("rec", 1, &horn()?)];
    let projections = vec![Projection::new("in.u", "rec.I", one)];
    let network = Network::new(Description::new(1.0, populations, projections))?;
    let (network, trials) = (Arc::new(network), Trials::new(1.0, inputs)?);
    let parameters = network.initial_parameters(context.seed);
    let mut engine = Engine::<f64>::new(network.clone(), EngineOptions::default())?;
    let (quiet, intact) = (NoiseSource::off(), Interventions::default());
    let signal = network.signal("rec.x")?;
    let x = engine.run(&parameters, &trials, quiet, &intact, &[signal])?;
    let x = x[0].slice(s![settled.., .., 0]);
    let amplitudes: Vec<f64> = frequencies
        .iter()
        .enumerate()
        .map(|(b, &frequency)| {
            // over whole periods, sine and cosine are orthogonal
            let period = TAU / frequency;
            let whole = ((x.nrows() as f64 / period).floor() * period).round() as usize;
            let part = |wave: fn(f64) -> f64| {
                let angle = |t: usize| frequency * (settled + t + 1) as f64;
                let sum: f64 = (0..whole).map(|t| x[[t, b]] * wave(angle(t))).sum();
                2.0 * sum / whole as f64
            };
            part(f64::sin).hypot(part(f64::cos)) / SIZE
        })
        .collect();
    let best = (0..count).max_by(|&a, &b| amplitudes[a].total_cmp(&amplitudes[b])).unwrap_or(0);
    let peak = (OMEGA * OMEGA - 2.0 * GAMMA * GAMMA).sqrt();
    let height = ALPHA / (2.0 * GAMMA * (OMEGA * OMEGA - GAMMA * GAMMA).sqrt());
    measured.set("peak_frequency", (frequencies[best] / peak - 1.0).abs());
    measured.set("peak_height", (amplitudes[best] / height - 1.0).abs());

    let point = Trials::new(1.0, Array3::zeros((1, 1, 1)))?;
    let j = engine.jacobian(&parameters, &point, &[0.0, 0.0])?;
    let (trace, determinant) =
        (j[[0, 0]] + j[[1, 1]], j[[0, 0]] * j[[1, 1]] - j[[0, 1]] * j[[1, 0]]);
    // the larger of the two moduli; a complex pair has the root of the determinant
    let discriminant = trace * trace / 4.0 - determinant;
    let modulus = match discriminant < 0.0 {
        true => determinant.sqrt(),
        false => trace.abs() / 2.0 + discriminant.sqrt(),
    };
    measured.set("pole_modulus", (modulus - (1.0 - 2.0 * GAMMA).sqrt()).abs());
    measured.set_series("resonance", amplitudes);
    Ok(())
}

/// Measured and exact gain.
pub(super) fn figure(seeds: &[SeedView<'_>]) -> Figure {
    let panel =
        Panel::new(Axis::new("frequency of the drive (radians per step)"), Axis::new("gain"));
    let measured = seeds.first().map(|(_, measured)| measured.series("resonance"));
    let measured = measured.unwrap_or_default();
    let frequencies = frequencies(measured.len().max(2));
    let exact = frequencies.iter().map(|&frequency| (frequency, gain(frequency)));
    let found = frequencies.iter().copied().zip(measured);
    let panel = panel
        .mark(Line::new(exact, Color::line(1)).dashed().name("closed form"))
        .mark(Line::new(found, Color::line(0)).name("steps of 1"))
        .title(Label::new().text("One oscillator"));
    Figure::new("Resonance", Width::Single)
        .columns([1.0])
        .rows([Height::Mm(50.0)])
        .place(0, 0, panel)
        .caption("Gain of one oscillator, from a small sine to the displacement: measured, and the closed form in continuous time.")
        .describe("Amplitude of one oscillator against the frequency that drives it, measured and in closed form.")
}
