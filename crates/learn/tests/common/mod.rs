//! A network small enough to see through: `r = max(0, U u + b + noise)`, `y = W r`, no recurrence.

#![allow(dead_code)]

use attractor_data::{Target, Trials};
use attractor_learn::{Model, Names, Signal, Units};
use attractor_network::{
    Credit, Description, Layout, Loss, Network, NoiseSource, Part, Quantity, RunError, SignalId,
    SignalView, SignalViewMut,
};
use attractor_numerics::Real;
use ndarray::{Array2, Array3};

pub(crate) const INPUTS: usize = 3;
pub(crate) const UNITS: usize = 21;
pub(crate) const OUTPUTS: usize = 2;
/// Padding of rows, filled with a value that must never be read.
const LD: usize = 32;

pub(crate) const HIDDEN: SignalId = SignalId { population: 1, quantity: Quantity::Emission(0) };
pub(crate) const READOUT: SignalId = SignalId { population: 2, quantity: Quantity::Emission(0) };

pub(crate) struct Toy {
    pub(crate) layout: Layout,
    /// Number of shards a batch is cut into; any must give the same loss up to rounding.
    pub(crate) shards: usize,
    /// Steps per part.
    pub(crate) segment: usize,
    pub(crate) noise: f64,
    /// Makes the gradient of this parameter NaN in this epoch.
    pub(crate) poison: Option<(u64, usize)>,
}

impl Toy {
    pub(crate) fn new() -> Self {
        Toy { layout: layout(), shards: 2, segment: 3, noise: 0.05, poison: None }
    }

    pub(crate) fn initial<T: Real>(&self, seed: u64) -> Vec<T> {
        (0..self.layout.len()).map(|k| T::from_f64(0.5 * hash(&[seed, k as u64]))).collect()
    }

    fn forward<T: Real>(&self, p: &[T], trials: &Trials, noise: NoiseSource) -> [Array3<T>; 2] {
        let (u, b, w) = (self.at("in->rec.W"), self.at("rec.theta"), self.at("rec->out.W"));
        let (steps, count) = (trials.steps(), trials.len());
        let r = Array3::from_shape_fn((steps, count, UNITS), |(t, k, i)| {
            let mut sum = p[b + i];
            for c in 0..INPUTS {
                sum += p[u + i * INPUTS + c] * T::from_f64(f64::from(trials.inputs[[t, k, c]]));
            }
            if noise.on {
                let place = [noise.seed, noise.epoch, t as u64, k as u64, i as u64];
                sum += T::from_f64(self.noise * hash(&place));
            }
            if sum < T::ZERO { T::ZERO } else { sum }
        });
        let y = Array3::from_shape_fn((steps, count, OUTPUTS), |(t, k, o)| {
            (0..UNITS).map(|i| p[w + o * UNITS + i] * r[[t, k, i]]).sum()
        });
        [r, y]
    }

    pub(crate) fn at(&self, name: &str) -> usize {
        self.layout.get(name).unwrap().range.start
    }
}

/// A number in −1..1, a pure function of its key.
pub(crate) fn hash(key: &[u64]) -> f64 {
    let mut h = 0x9e37_79b9_7f4a_7c15_u64;
    for &k in key {
        h = (h ^ k).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        h ^= h >> 31;
        h = h.wrapping_mul(0x94d0_49bb_1331_11eb);
        h ^= h >> 29;
    }
    (h >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// The layout of a network that looks like the toy.
pub(crate) fn layout() -> Layout {
    Network::new(description()).unwrap().layout().clone()
}

pub(crate) fn description() -> Description {
    toml::from_str(
        r#"
        dt = 10.0

        [[populations]]
        name = "in"
        units = 3

        [[populations]]
        name = "rec"
        units = 21
        groups = { A = [4, 0, 17], B = [2, 3] }
        [populations.neuron]
        name = "relu"
        drives = ["I"]
        equations = ["dx/dt = (I + theta + 0.1*xi - x)/tau", "r = max(after(x), 0)"]
        noise = { xi = "normal" }
        [populations.neuron.parameters]
        theta = { default = 0.1, per_unit = true, trained = true, range = [-0.3, 0.3] }
        tau = { default = 20.0, unit = "ms", range = [10.0, 100.0] }

        [[populations]]
        name = "out"
        units = 2
        [populations.neuron]
        name = "linear"
        drives = ["I"]
        equations = ["x[t+1] = I", "y = after(x)"]

        [[projections]]
        from = "in.u"
        to = "rec.I"
        wiring = { kind = "dense", law = { kind = "normal", sd = 0.5 } }

        [[projections]]
        from = "rec.r"
        to = "rec.I"
        lag = 1
        trained = false
        wiring = { kind = "dense", law = { kind = "gaussian", gain = 0.9 } }

        [[projections]]
        from = "rec.r"
        to = "out.I"
        wiring = { kind = "dense", law = { kind = "normal", sd = 0.2 } }
        "#,
    )
    .unwrap()
}

impl Names for Toy {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn signal(&self, name: &str) -> Result<Signal, String> {
        match name {
            "rec.r" => Ok(Signal { id: HIDDEN, units: Units::Range(0..UNITS) }),
            "rec.r[A]" => Ok(Signal { id: HIDDEN, units: Units::from_list(&[4, 0, 17]) }),
            "rec.r[B]" => Ok(Signal { id: HIDDEN, units: Units::from_list(&[2, 3]) }),
            "out.y" => Ok(Signal { id: READOUT, units: Units::Range(0..OUTPUTS) }),
            _ => Err(format!("no signal `{name}`")),
        }
    }
}

impl<T: Real> Model<T> for Toy {
    fn gradient(
        &mut self,
        p: &[T],
        trials: &Trials,
        loss: &dyn Loss<T>,
        noise: NoiseSource,
        _: &Credit<T>,
        gradient: &mut [T],
    ) -> Result<f64, RunError> {
        let [r, y] = self.forward(p, trials, noise);
        let (value, [dr, dy]) =
            evaluate(loss, &[(HIDDEN, &r), (READOUT, &y)], self.shards, self.segment);
        let (u, b, w) = (self.at("in->rec.W"), self.at("rec.theta"), self.at("rec->out.W"));
        gradient.fill(T::ZERO);
        for ((t, k, o), &d) in dy.indexed_iter() {
            for i in 0..UNITS {
                gradient[w + o * UNITS + i] += d * r[[t, k, i]];
            }
        }
        for ((t, k, i), &d) in dr.indexed_iter() {
            let mut d = d;
            for o in 0..OUTPUTS {
                d += dy[[t, k, o]] * p[w + o * UNITS + i];
            }
            if r[[t, k, i]] > T::ZERO {
                gradient[b + i] += d;
                for c in 0..INPUTS {
                    gradient[u + i * INPUTS + c] +=
                        d * T::from_f64(f64::from(trials.inputs[[t, k, c]]));
                }
            }
        }
        if let Some((epoch, place)) = self.poison
            && epoch == noise.epoch
        {
            gradient[place] = T::from_f64(f64::NAN);
        }
        Ok(value)
    }

    fn run(
        &mut self,
        p: &[T],
        trials: &Trials,
        noise: NoiseSource,
        record: &[SignalId],
    ) -> Result<Vec<Array3<T>>, RunError> {
        let [r, y] = self.forward(p, trials, noise);
        Ok(record.iter().map(|&id| if id == HIDDEN { r.clone() } else { y.clone() }).collect())
    }
}

/// Evaluates a loss on two signals as an engine does: in shards of trials, segments of time backwards,
/// on padded rows.
pub(crate) fn evaluate<T: Real>(
    loss: &dyn Loss<T>,
    signals: &[(SignalId, &Array3<T>); 2],
    shards: usize,
    segment: usize,
) -> (f64, [Array3<T>; 2]) {
    let (steps, count, _) = signals[0].1.dim();
    let mut slopes = [signals[0].1.map(|_| T::ZERO), signals[1].1.map(|_| T::ZERO)];
    let mut value = 0.0;
    let place = |id: &SignalId| signals.iter().position(|(known, _)| known == id).unwrap();
    for shard in 0..shards {
        let trials = shard * count / shards..(shard + 1) * count / shards;
        let parts: Vec<Part> = (0..steps)
            .step_by(segment)
            .map(|first| Part {
                trials: trials.clone(),
                steps: first..(first + segment).min(steps),
            })
            .collect();
        // rows of a signal in a part, with their place in the padded stream
        let rows = |part: &Part| {
            let rows = part.steps.clone().flat_map(|s| trials.clone().map(move |k| (s, k)));
            rows.enumerate().map(|(n, at)| (n * LD, at)).collect::<Vec<_>>()
        };
        let padded = |part: &Part| -> Vec<Vec<T>> {
            let of = |id: &SignalId| {
                let array = signals[place(id)].1;
                let mut padded = vec![T::from_f64(f64::NAN); rows(part).len() * LD];
                for (n, (s, k)) in rows(part) {
                    (0..array.dim().2).for_each(|i| padded[n + i] = array[[s, k, i]]);
                }
                padded
            };
            loss.signals().iter().map(of).collect()
        };
        let units = |id: &SignalId| signals[place(id)].1.dim().2;
        let widths: Vec<usize> = loss.signals().iter().map(units).collect();
        let count = trials.len();
        for part in parts.iter().filter(|_| loss.observes()) {
            let values = padded(part);
            let views = views(&values, &widths, count);
            loss.observe(part, &views);
        }
        for part in parts.iter().rev() {
            let values = padded(part);
            let views = views(&values, &widths, count);
            let mut cotangents: Vec<Vec<T>> =
                values.iter().map(|v| vec![T::ZERO; v.len()]).collect();
            let mut outs: Vec<SignalViewMut<'_, T>> = (cotangents.iter_mut().zip(loss.signals()))
                .map(|(values, id)| SignalViewMut {
                    values,
                    units: units(id),
                    ld: LD,
                    trials: count,
                })
                .collect();
            value += loss.evaluate(part, &views, &mut outs);
            for (cotangent, id) in cotangents.iter().zip(loss.signals()) {
                let slope = &mut slopes[place(id)];
                for (n, (s, k)) in rows(part) {
                    (0..slope.dim().2).for_each(|i| slope[[s, k, i]] += cotangent[n + i]);
                }
            }
        }
    }
    (value, slopes)
}

fn views<'a, T>(values: &'a [Vec<T>], units: &[usize], trials: usize) -> Vec<SignalView<'a, T>> {
    let pairs = values.iter().zip(units);
    pairs.map(|(values, &units)| SignalView { values, units, ld: LD, trials }).collect()
}

/// Trials whose target is a fixed linear function of the inputs; the last trial is shorter.
pub(crate) fn trials(seed: u64, count: usize) -> Trials {
    let steps = 8;
    let inputs = Array3::from_shape_fn((steps, count, INPUTS), |(t, k, c)| {
        hash(&[seed, t as u64, k as u64, c as u64]) as f32
    });
    let mut values = Array3::zeros((steps, count, OUTPUTS));
    for ((t, k, o), value) in values.indexed_iter_mut() {
        *value = if o == 0 { inputs[[t, k, 0]] } else { inputs[[t, k, 1]] - inputs[[t, k, 2]] };
    }
    let mut trials = Trials::new(10.0, inputs).unwrap();
    trials.lengths[count - 1] = 5;
    let weights = Array2::from_shape_fn((steps, count), |(t, k)| {
        let asked = t > 1 && t < trials.lengths[k];
        if asked { 1.0 + ((t + k) % 2) as f32 } else { 0.0 }
    });
    trials.targets.push(Target { signal: "out.y".into(), values, weights });
    trials.validate().unwrap();
    trials
}
