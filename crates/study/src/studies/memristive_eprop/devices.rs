//! Statistics of the device model by itself.

use attractor::learn::optimiser::{Crossbar, Devices, Pcm, Plan, Scheme, Segment};

/// Pulses after which devices were measured.
const PULSES: [usize; 7] = [1, 2, 3, 5, 10, 15, 20];
/// Mean conductances of 20 000 devices of the published model then, µS.
const MEANS: [(f64, [f64; 7]); 2] = [
    (12.0, [2.06, 3.43, 4.46, 5.89, 7.69, 8.51, 8.91]),
    (20.0, [2.06, 3.45, 4.50, 5.93, 7.86, 8.82, 9.40]),
];

/// The largest distance of mean conductances from those measured.
///
/// Devices are brought to 0.1 µS as by RESET, and one side of each is pulsed by the sign of a constant
/// gradient.
pub(super) fn worst_mean(count: usize, seed: u64) -> f64 {
    let mut worst = 0.0_f64;
    for (largest, means) in MEANS {
        let device = Pcm { largest, ..Pcm::default() };
        let scheme = Scheme::Sign { threshold: 0.0 };
        let crossbar = Crossbar { scheme, start: 0.1, device, seed, ..Crossbar::default() };
        let mut devices: Devices<f64> = crossbar.build(count);
        devices.program(&vec![0.0; count]);
        let (rate, limits) = (1.0, (f64::NEG_INFINITY, f64::INFINITY));
        let plan =
            Plan::from_segments(vec![Segment { range: 0..count, rate, limits, decays: false }]);
        for pulse in 1..=20 {
            devices.write(&vec![-1.0; count], &plan, 1.0, 1.0);
            if let Some(k) = PULSES.iter().position(|&n| n == pulse) {
                let mean = devices.conductances(true).iter().sum::<f64>() / count as f64;
                worst = worst.max((mean - means[k]).abs());
            }
        }
    }
    worst
}

/// The largest distance of drifts from their closed form.
pub(super) fn drift_error() -> f64 {
    let drift = |seconds: f64| Pcm::default().drift(seconds);
    (drift(3600.0) - 0.834).abs().max((drift(86_400.0) - 0.735).abs())
}
