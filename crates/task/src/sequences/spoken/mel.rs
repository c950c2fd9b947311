//! A bank of triangular filters, equally wide on the mel scale.
//!
//! `mel(f) = 2595 log₁₀(1 + f / 700 Hz)` (Davis & Mermelstein 1980, doi:10.1109/TASSP.1980.1163420, in the
//! form of O'Shaughnessy). Band `b` of `B` rises from edge `b` to edge `b + 1` and falls to edge `b + 2` of
//! `B + 2` edges, equally far apart in mel from 0 to half the sampling rate.

use std::f64::consts::PI;

use ndarray::Array2;

/// The filters for one rate of sampling.
#[derive(Debug, Clone)]
pub(super) struct Bank {
    /// Samples per second.
    rate: f64,
    /// The window over a frame.
    window: Vec<f64>,
    /// Length of the transform.
    size: usize,
    /// Weights `[band, frequency]`.
    filters: Array2<f64>,
}

pub(super) fn mel(hz: f64) -> f64 {
    2595.0 * (1.0 + hz / 700.0).log10()
}

pub(super) fn hz(mel: f64) -> f64 {
    700.0 * (10.0_f64.powf(mel / 2595.0) - 1.0)
}

impl Bank {
    /// So many bands over frames of `frame` ms of sound with `rate` samples per second.
    pub(super) fn new(bands: usize, frame: f64, rate: u32) -> Self {
        let rate = f64::from(rate);
        let samples = ((frame / 1000.0 * rate) as usize).max(2);
        let size = samples.next_power_of_two();
        // Hann's
        let window =
            (0..samples).map(|k| (PI * (k as f64 + 0.5) / samples as f64).sin().powi(2)).collect();
        let edges: Vec<f64> =
            (0..bands + 2).map(|k| hz(mel(rate / 2.0) * k as f64 / (bands + 1) as f64)).collect();
        let filters = Array2::from_shape_fn((bands, size / 2 + 1), |(band, k)| {
            let f = rate * k as f64 / size as f64;
            let [from, peak, to] = [edges[band], edges[band + 1], edges[band + 2]];
            ((f - from) / (peak - from)).min((to - f) / (to - peak)).max(0.0)
        });
        Bank { rate, window, size, filters }
    }

    /// Energy `[step, band]` of frames that begin `dt` ms apart; the last fits in whole.
    pub(super) fn energies(&self, samples: &[f32], dt: f64) -> Array2<f32> {
        let (hop, length) = (dt / 1000.0 * self.rate, self.window.len());
        let start = |step: usize| (step as f64 * hop) as usize;
        let steps = (0..).take_while(|&step| start(step) + length <= samples.len()).count();
        let bands = self.filters.nrows();
        let mut energies = Array2::zeros((steps, bands));
        let mut spectrum = vec![[0.0; 2]; self.size];
        for step in 0..steps {
            spectrum.fill([0.0; 2]);
            let frame = &samples[start(step)..start(step) + length];
            for ((x, &sample), w) in spectrum.iter_mut().zip(frame).zip(&self.window) {
                x[0] = f64::from(sample) * w;
            }
            transform(&mut spectrum);
            for band in 0..bands {
                let filter = self.filters.row(band);
                let energy =
                    filter.iter().zip(&spectrum).map(|(w, [re, im])| w * (re * re + im * im));
                energies[[step, band]] = energy.sum::<f64>() as f32;
            }
        }
        energies
    }
}

/// The discrete Fourier transform in place, of a power of two of complex numbers (Cooley & Tukey 1965).
fn transform(x: &mut [[f64; 2]]) {
    let n = x.len();
    if n < 2 {
        return;
    }
    let bits = n.trailing_zeros();
    for k in 0..n {
        let swapped = k.reverse_bits() >> (usize::BITS - bits);
        if k < swapped {
            x.swap(k, swapped);
        }
    }
    let mut half = 1;
    while half < n {
        for k in 0..half {
            let (sin, cos) = (-PI * k as f64 / half as f64).sin_cos();
            for start in (0..n).step_by(2 * half) {
                let ([a, b], [c, d]) = (x[start + k], x[start + k + half]);
                let [re, im] = [c * cos - d * sin, c * sin + d * cos];
                x[start + k] = [a + re, b + im];
                x[start + k + half] = [a - re, b - im];
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_that_of_the_definition() {
        let x: Vec<[f64; 2]> =
            (0..16).map(|k| [(0.7 * f64::from(k)).sin(), f64::from(k * k % 7)]).collect();
        let mut fast = x.clone();
        transform(&mut fast);
        for (f, found) in fast.iter().enumerate() {
            let mut sum = [0.0; 2];
            for (k, [a, b]) in x.iter().enumerate() {
                let (sin, cos) = (-2.0 * PI * (f * k) as f64 / 16.0).sin_cos();
                sum = [sum[0] + a * cos - b * sin, sum[1] + a * sin + b * cos];
            }
            assert!((sum[0] - found[0]).hypot(sum[1] - found[1]) < 1e-12);
        }
    }

    #[test]
    fn a_pure_tone_lands_in_its_band() {
        let bank = Bank::new(16, 25.0, 8000);
        let top = mel(4000.0);
        for band in 0..16 {
            let peak = hz(top * (band + 1) as f64 / 17.0);
            let tone: Vec<f32> =
                (0..4000).map(|k| (2.0 * PI * peak * f64::from(k) / 8000.0).sin() as f32).collect();
            let energies = bank.energies(&tone, 10.0);
            assert_eq!(energies.nrows(), 48, "frames of 200 samples, 80 apart, in 4000");
            for row in energies.rows() {
                let most = (0..16).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
                assert_eq!(most, band, "{peak} Hz: {row}");
                // Hann's window leaks less than a thousandth of the power beyond its neighbours
                let far: f32 = (0_usize..16).filter(|b| b.abs_diff(band) > 2).map(|b| row[b]).sum();
                assert!(far < 1e-3 * row.sum(), "{peak} Hz: {row}");
            }
        }
    }

    #[test]
    fn energy_is_that_of_parseval() {
        // a tone on frequency k of the transform has |X|² = (Σ window / 2)² there: bands of one filter
        // that is 1 around it hold that of the main lobe, 3/2 of the peak for Hann's window
        let bank = Bank::new(1, 32.0, 8000);
        let f = 8000.0 * 40.0 / 256.0;
        let tone: Vec<f32> =
            (0..256).map(|k| (2.0 * PI * f * f64::from(k) / 8000.0).sin() as f32).collect();
        let energy = f64::from(bank.energies(&tone, 10.0)[[0, 0]]);
        let weight = |f: f64| {
            let peak = hz(mel(4000.0) / 2.0);
            (f / peak).min((4000.0 - f) / (4000.0 - peak))
        };
        let lobe = [0.25, 1.0, 0.25].iter().zip([39.0, 40.0, 41.0]);
        let expected: f64 = lobe.map(|(p, k)| p * 64.0 * 64.0 * weight(8000.0 * k / 256.0)).sum();
        assert!((energy / expected - 1.0).abs() < 1e-6, "{energy} {expected}");
    }
}
