//! Recursive least squares: against the algorithm written out, in both precisions, and with masks.

use attractor_learn::constrained::{
    Constraint, RateUnit, Samples, Setting, ThreeRegionsOptions, three_regions,
};
use attractor_learn::force::{Force, ForceOptions, Noise, Prior};
use attractor_network::library::{NoisePlace, Nonlinearity, leaky, rate};
use attractor_numerics::Isa;
use attractor_numerics::law::Law;
use attractor_numerics::random::{NoiseKey, fill_normal_rows, stream, stream_of};

fn tanh(samples: &Samples, constraint: Constraint) -> Setting {
    let neuron = leaky(Nonlinearity::Tanh, NoisePlace::None).unwrap();
    let unit = RateUnit::new(&neuron, samples.dt(), &[("tau", 100.0)]).unwrap();
    Setting { unit, bias: false, constraint }
}

fn regions(units: usize, between: f64, seed: u64) -> Samples {
    let options = ThreeRegionsOptions { units, between, seed, ..Default::default() };
    three_regions(&options).unwrap().samples.scaled(0.999).0
}

/// The published algorithm with whole matrices, one operation after the other.
struct WrittenOut {
    j: Vec<f64>,
    /// One for each unit, over the units that it hears.
    p: Vec<Vec<f64>>,
    noise: Vec<f64>,
    n: usize,
}

impl WrittenOut {
    fn new(samples: &Samples, seed: u64, constraint: &Constraint) -> Self {
        let n = samples.units();
        let sd = 1.5 / (n as f64).sqrt();
        let mut j = Law::Normal { sd }.sample(n, n, &mut stream(seed, "force/weights"));
        let mut p = vec![vec![0.0; n * n]; n];
        for k in 0..n * n {
            match constraint.allows(k / n, k % n, n) {
                true => p[k / n][k % n * (n + 1)] = 1.0,
                false => j[k] = 0.0,
            }
        }
        let steps = 5 * (samples.lengths()[0] - 1);
        let (mut noise, mut y) = (Vec::new(), vec![1.0; n]);
        let key = NoiseKey { seed, stream: stream_of("force/noise"), epoch: 0 };
        for step in 0..steps {
            let mut white = vec![0.0; n.next_multiple_of(64)];
            let ld = white.len();
            fill_normal_rows(Isa::best(), key, step as u32, 0, n, ld, &mut white);
            for i in 0..n {
                let white = (100.0f64 / 2.0).sqrt() * white[i];
                y[i] = white + (y[i] - white) * (-2.0f64 / 100.0).exp();
            }
            noise.extend(y.iter().map(|y| 0.01 * y));
        }
        WrittenOut { j, p, noise, n }
    }

    /// One pass; pVar.
    fn pass(&mut self, data: &[f64], learn: bool) -> f64 {
        let n = self.n;
        let times = |a: &[f64], x: &[f64]| -> Vec<f64> {
            a.chunks(n).map(|row| row.iter().zip(x).map(|(a, x)| a * x).sum()).collect()
        };
        let mut h = data[..n].to_vec();
        let mut error = 0.0;
        let first: Vec<f64> = h.iter().map(|h| h.tanh()).collect();
        error += first.iter().zip(data).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        for t in 1..=5 * (data.len() / n - 1) {
            let r: Vec<f64> = h.iter().map(|h| h.tanh()).collect();
            let jr = times(&self.j, &r);
            for i in 0..n {
                h[i] += 2.0 / 100.0 * (jr[i] + self.noise[(t - 1) * n + i] - h[i]);
            }
            if t % 5 == 0 {
                let sample = t / 5;
                let now = &data[sample * n..];
                error += r.iter().zip(now).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
                if !learn {
                    continue;
                }
                let late = &data[(sample - 1) * n..];
                for (i, p) in self.p.iter_mut().enumerate() {
                    let k = times(p, &r);
                    let c = 1.0 / (1.0 + r.iter().zip(&k).map(|(r, k)| r * k).sum::<f64>());
                    let e = r[i] - late[i];
                    for j in 0..n {
                        (0..n).for_each(|l| p[j * n + l] -= c * k[j] * k[l]);
                        self.j[i * n + j] -= c * e * k[j];
                    }
                }
            }
        }
        let mean = data.iter().sum::<f64>() / data.len() as f64;
        1.0 - error / data.iter().map(|x| (x - mean).powi(2)).sum::<f64>()
    }
}

#[test]
fn the_published_algorithm_is_reproduced() {
    let samples = regions(8, 0.2, 3);
    let n = samples.units();
    // region C hears itself and A only, and nobody himself
    let mask: Vec<bool> = (0..n * n).map(|k| k / n < 16 || !(8..16).contains(&(k % n))).collect();
    let masked = Constraint { mask: Some(mask), no_self: true, signs: None };
    for constraint in [Constraint::default(), masked] {
        let mut written = WrittenOut::new(&samples, 5, &constraint);
        let setting = tanh(&samples, constraint.clone());
        let options = ForceOptions::published(5);
        let mut force = Force::<f64>::new(&setting, &samples, &options).unwrap();
        for _ in 0..2 {
            let expected = written.pass(samples.rates(0), true);
            // rounding errors grow along a trajectory of 6000 steps
            assert!((force.pass().unwrap().explained - expected).abs() < 1e-6);
        }
        let largest = written.j.iter().fold(0.0f64, |m, j| m.max(j.abs()));
        for (k, (own, expected)) in force.model().weights.iter().zip(&written.j).enumerate() {
            assert!((own - expected).abs() < 1e-5 * largest, "{own} {expected}");
            assert_eq!(*own != 0.0, constraint.allows(k / n, k % n, n), "{k}");
        }
        let free = written.pass(samples.rates(0), false);
        assert!((force.free(true).1 - free).abs() < 1e-4, "{} {free}", force.free(true).1);
        assert_ne!(force.free(false).1, force.free(true).1);
    }
}

#[test]
fn single_precision_fits_as_well() {
    let samples = regions(50, 0.2, 1);
    let setting = tanh(&samples, Constraint::default());
    let options = ForceOptions { seed: 2, ..ForceOptions::default() };
    let mut double = Force::<f64>::new(&setting, &samples, &options).unwrap();
    let mut single = Force::<f32>::new(&setting, &samples, &options).unwrap();
    for _ in 0..3 {
        let (double, single) = (double.pass().unwrap(), single.pass().unwrap());
        assert!((double.explained - single.explained).abs() < 1e-3, "{double:?} {single:?}");
    }
}

#[test]
fn any_rate_unit_with_inputs_and_trials_learns() {
    let (dt, units, channels, frames, trials) = (10.0, 6, 2, 80, 3);
    let wave = |t: usize, trial: usize, u: usize| {
        (0.4 + 0.3 * ((t as f64 * 0.1) + u as f64 + trial as f64 * 0.5).sin()) as f32
    };
    let rates = ndarray::Array3::from_shape_fn((frames, trials, units), |(t, k, u)| wave(t, k, u));
    let inputs =
        ndarray::Array3::from_shape_fn((frames, trials, channels), |(t, k, c)| wave(t, k, c + 9));
    let samples = Samples::new(dt, rates.view(), inputs.view(), &[80, 60, 80]).unwrap();
    let place = NoisePlace::None;
    let neurons = [
        leaky(Nonlinearity::Softplus, place).unwrap(),
        rate(Nonlinearity::Sigmoid, place).unwrap(),
        rate(Nonlinearity::Tanh, place).unwrap(),
    ];
    for neuron in neurons {
        let unit = RateUnit::new(&neuron, dt, &[("tau", 50.0)]).unwrap();
        let setting = Setting { unit, bias: true, constraint: Constraint::default() };
        let options = ForceOptions { steps: 2, noise: Noise::None, ..ForceOptions::default() };
        let mut force = Force::<f64>::new(&setting, &samples, &options).unwrap();
        (0..40).for_each(|_| {
            force.pass().unwrap();
        });
        let (runs, free) = force.free(false);
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [480, 360, 480]);
        assert!(free > 0.8, "{} {free}", neuron.name);
        // the model as it is handed on runs the same way
        let again = force.model().free(&samples, Default::default()).unwrap();
        let apart = runs[1].iter().zip(&again[1]).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
        assert!(apart < 1e-9, "{} {apart}", neuron.name);
    }
}

#[test]
fn a_warm_start_needs_its_regression_and_options_their_range() {
    let samples = regions(4, 0.2, 1);
    let setting = tanh(&samples, Constraint::default());
    let warm = ForceOptions { prior: Prior::Samples(1e-3), ..ForceOptions::default() };
    let said = Force::<f64>::new(&setting, &samples, &warm).err().unwrap().to_string();
    assert!(said.contains("Force::warm"), "{said}");
    let none = ForceOptions { steps: 0, ..ForceOptions::default() };
    assert!(Force::<f64>::new(&setting, &samples, &none).is_err());
    let slow = Setting { unit: setting.unit.at(5.0).unwrap(), ..setting };
    assert!(Force::<f64>::new(&slow, &samples, &ForceOptions::default()).is_err());
}
