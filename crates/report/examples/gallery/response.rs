//! A unit that rings: its answer to a step, to currents, and to frequencies.

use attractor_report::{Figure, UnitResponse};

pub(crate) fn figure() -> Figure {
    let after = |t: i32| f64::from((t - 50).max(0));
    let ring = |t: i32| (-after(t) / 80.0).exp() * (after(t) * 0.22).cos();
    let gain = |f: f64| 1.0 / ((1.0 - f * f).powi(2) + (0.1 * f).powi(2)).sqrt();
    UnitResponse::new("A unit that rings", 1.0)
        .trace("I", (0..400).map(|t| f64::from(u8::from(t > 50))).collect())
        .trace("x", (0..400).map(|t| 1.0 - ring(t)).collect())
        .curve("I", "x, steady", (-20..=20).map(|k| (f64::from(k) / 10.0, f64::from(k).tanh())))
        .resonance(
            "frequency (Hz)",
            "gain of x",
            (10..60).map(|k| (f64::from(k), gain(f64::from(k) / 35.0))),
        )
        .figure()
}
