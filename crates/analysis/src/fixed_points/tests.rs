//! Searches whose answer is known in closed form.

use attractor_numerics::law::Law;

use super::*;
use crate::stability::{Kind, StabilityOptions, stability};

/// A map of one point and its Jacobian.
struct Map<F, J> {
    n: usize,
    step: F,
    jacobian: J,
}

impl<F, J> Dynamics for Map<F, J>
where
    F: Fn(&[f64]) -> Vec<f64> + Sync,
    J: Fn(&[f64]) -> Vec<f64> + Sync,
{
    fn dimension(&self) -> usize {
        self.n
    }
    fn dt(&self) -> f64 {
        1.0
    }
    fn step(&self, x: &[f64], next: &mut [f64]) {
        for (x, next) in x.chunks_exact(self.n).zip(next.chunks_exact_mut(self.n)) {
            next.copy_from_slice(&(self.step)(x));
        }
    }
    fn jacobian(&self, x: &[f64], jacobian: &mut [f64]) {
        jacobian.copy_from_slice(&(self.jacobian)(x));
    }
}

/// `x ↦ tanh(W x)`: symmetric, if x is fixed so is -x.
fn tanh_network(n: usize, gain: f64, seed: u64) -> impl Dynamics {
    let w = Law::Gaussian { gain }.sample(n, n, &mut random::stream(seed, "weights"));
    let weights = w.clone();
    let rates = move |x: &[f64]| -> Vec<f64> {
        let rows = w.chunks_exact(n);
        rows.map(|w| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>().tanh()).collect()
    };
    let of_rates = rates.clone();
    let jacobian = move |x: &[f64]| -> Vec<f64> {
        let rows = of_rates(x).into_iter().zip(weights.chunks_exact(n));
        rows.flat_map(|(r, w)| w.iter().map(move |w| (1.0 - r * r) * w).collect::<Vec<_>>())
            .collect()
    };
    Map { n, step: rates, jacobian }
}

fn normal(count: usize, seed: u64) -> Vec<f64> {
    Law::Normal { sd: 0.8 }.sample(1, count, &mut random::stream(seed, "starts"))
}

/// A flow `dx/dt = f(x)` of radius and angle, `dr/dt = r (1 - r²)`, `dθ/dt = 0`, under Euler: the unit
/// circle is a continuum of fixed points, the origin is unstable.
fn ring(dt: f64) -> impl Dynamics {
    Map {
        n: 2,
        step: move |x: &[f64]| {
            let rest = dt * (1.0 - x[0] * x[0] - x[1] * x[1]);
            vec![x[0] + rest * x[0], x[1] + rest * x[1]]
        },
        jacobian: move |x: &[f64]| {
            let rest = 1.0 + dt * (1.0 - x[0] * x[0] - x[1] * x[1]);
            let cross = -2.0 * dt * x[0] * x[1];
            vec![rest - 2.0 * dt * x[0] * x[0], cross, cross, rest - 2.0 * dt * x[1] * x[1]]
        },
    }
}

/// `F(x) - x = exp(-x)` or `1 / (1 + x²)` is rounded to 0 far out, but nowhere 0. Beside it may stand a
/// unit that does have fixed points.
#[test]
fn where_a_map_falls_off_to_infinity_there_is_no_fixed_point() {
    type Function = fn(f64) -> f64;
    let falls: [(Function, Function); 2] = [
        (|x| (-x).exp(), |x| -(-x).exp()),
        (|x| 1.0 / (1.0 + x * x), |x| -2.0 * x / (1.0 + x * x).powi(2)),
    ];
    for (fall, slope) in falls {
        let alone = Map {
            n: 1,
            step: move |x: &[f64]| vec![x[0] + fall(x[0])],
            jacobian: move |x: &[f64]| vec![1.0 + slope(x[0])],
        };
        let beside = Map {
            n: 2,
            step: move |x: &[f64]| vec![x[0] + fall(x[0]), (2.0 * x[1]).tanh()],
            jacobian: move |x: &[f64]| {
                vec![1.0 + slope(x[0]), 0.0, 0.0, 2.0 * (1.0 - (2.0 * x[1]).tanh().powi(2))]
            },
        };
        for descent in [0, 50] {
            let options = SearchOptions { descent, steps: 500, ..SearchOptions::default() };
            for (map, starts) in [
                (&alone as &dyn Dynamics, vec![0.0, 0.5, 3.0, 12.0, 25.0]),
                (&beside, vec![0.1, 0.9, 3.0, -0.2, 12.0, 0.01, 25.0, 1.0]),
            ] {
                let found = fixed_points(map, &starts, &options).unwrap();
                assert_eq!(found.fixed().count(), 0, "{:?}", found.points);
                let far = found.states.iter().fold(0.0f64, |most, x| most.max(x.abs()));
                assert!(far > 30.0, "the search did run off: {far}");
            }
        }
    }
}

#[test]
fn a_bistable_unit_has_three_points() {
    // dx/dt = -x + 2 tanh(x) with dt/tau = 0.1: x* = ±1.9150080 (bisection), and 0 between them
    let map = Map {
        n: 1,
        step: |x: &[f64]| vec![0.9 * x[0] + 0.2 * x[0].tanh()],
        jacobian: |x: &[f64]| vec![0.9 + 0.2 * (1.0 - x[0].tanh().powi(2))],
    };
    let (mut low, mut high) = (1.0, 3.0);
    for _ in 0..60 {
        let middle: f64 = 0.5 * (low + high);
        if 2.0 * middle.tanh() > middle { low = middle } else { high = middle }
    }
    let starts: Vec<f64> = (-10..=10).map(|i| 0.25 * f64::from(i)).collect();
    let found = fixed_points(&map, &starts, &SearchOptions::default()).unwrap();
    let mut states: Vec<f64> = found.fixed().map(|p| p.state[0]).collect();
    states.sort_by(f64::total_cmp);
    assert_eq!(states.len(), 3, "{states:?}");
    for (state, truth) in states.iter().zip([-low, 0.0, low]) {
        assert!((state - truth).abs() < 1e-8, "{state} and {truth}");
    }
    let counted: usize = found.points.iter().map(|p| p.count).sum();
    let failed = found.outcomes.iter().filter(|o| o.label == Label::Failed).count();
    assert_eq!(counted + failed, starts.len());
    let kind = |x: f64| stability(&map, &[x], &StabilityOptions::default()).unwrap().kind;
    assert_eq!((kind(0.0), kind(low)), (Kind::UnstableNode, Kind::StableNode));
}

#[test]
fn a_ring_is_a_continuum_with_one_neutral_mode() {
    let ring = ring(0.1);
    let starts = normal(2 * 40, 1);
    let found = fixed_points(&ring, &starts, &SearchOptions::default()).unwrap();
    assert!(found.converged() > 0.95, "{}", found.converged());
    let on_ring: Vec<&Point> =
        found.fixed().filter(|p| p.state[0].hypot(p.state[1]) > 0.5).collect();
    assert!(on_ring.len() > 20, "{} points", on_ring.len());
    for point in on_ring {
        assert!((point.state[0].hypot(point.state[1]) - 1.0).abs() < 1e-7);
        let modes = stability(&ring, &point.state, &StabilityOptions::default()).unwrap();
        assert_eq!((modes.neutral, modes.unstable, modes.kind), (1, 0, Kind::Marginal));
        assert!((modes.modes[1].lambda.re - 0.8).abs() < 1e-6);
    }
}

#[test]
fn a_linear_map_has_the_point_of_its_equation() {
    let n = 6;
    let a = Law::Gaussian { gain: 0.7 }.sample(n, n, &mut random::stream(3, "linear"));
    let b = normal(n, 4);
    let mut left: Vec<f64> = a.iter().map(|a| -a).collect();
    (0..n).for_each(|i| left[i * n + i] += 1.0);
    let truth = attractor_numerics::linalg::solve(&left, n, &b, 1).unwrap();
    let matrix = a.clone();
    let step = move |x: &[f64]| -> Vec<f64> {
        let rows = a.chunks_exact(n).zip(&b);
        rows.map(|(a, b)| b + a.iter().zip(x).map(|(a, x)| a * x).sum::<f64>()).collect()
    };
    let map = Map { n, step, jacobian: move |_: &[f64]| matrix.clone() };
    let found = fixed_points(&map, &normal(5 * n, 5), &SearchOptions::default()).unwrap();
    assert_eq!((found.points.len(), found.points[0].count), (1, 5));
    for (x, truth) in found.points[0].state.iter().zip(&truth) {
        assert!((x - truth).abs() < 1e-10);
    }
}

#[test]
fn points_of_a_symmetric_network_come_in_pairs() {
    let network = tanh_network(12, 2.0, 7);
    let starts = normal(12 * 60, 8);
    let mirrored: Vec<f64> = starts.iter().map(|x| -x).collect();
    let options = SearchOptions { jitter: 0.0, retries: 0, ..SearchOptions::default() };
    let found = fixed_points(&network, &[starts, mirrored].concat(), &options).unwrap();
    assert!(found.fixed().count() >= 3, "{} points", found.fixed().count());
    for point in found.fixed().filter(|p| p.state.iter().any(|x| x.abs() > 1e-3)) {
        let mirror =
            |other: &Point| other.state.iter().zip(&point.state).all(|(a, b)| (a + b).abs() < 1e-7);
        let mirror = found.fixed().find(|p| mirror(p)).expect("a mirror image of its own");
        assert_eq!(mirror.count, point.count);
    }
}

#[test]
fn what_is_called_fixed_is_fixed() {
    let network = tanh_network(20, 1.6, 9);
    let options = SearchOptions::default();
    let found = fixed_points(&network, &normal(20 * 50, 10), &options).unwrap();
    let mut next = vec![0.0; 20];
    for (outcome, state) in found.outcomes.iter().zip(found.states.chunks_exact(20)) {
        network.step(state, &mut next);
        let residual = next.iter().zip(state).fold(0.0f64, |m, (y, x)| m.max((y - x).abs()));
        let q = 0.5 * next.iter().zip(state).map(|(y, x)| (y - x).powi(2)).sum::<f64>();
        assert_eq!((outcome.residual, outcome.q), (residual, q));
        match outcome.label {
            Label::Fixed => assert!(residual <= 1e-9 && outcome.correction <= 1e-6),
            Label::Slow => assert!(q <= options.slow),
            Label::Failed => assert!(q > options.slow),
        }
        assert_eq!(outcome.point.is_none(), outcome.label == Label::Failed);
    }
    assert!(found.converged() > 0.2, "{}", found.converged());
}

#[test]
fn a_point_at_infinity_is_not_fixed() {
    // x ↦ x + e^-x: the residual falls below any tolerance, but there is no point
    let map = Map {
        n: 1,
        step: |x: &[f64]| vec![x[0] + (-x[0]).exp()],
        jacobian: |x: &[f64]| vec![1.0 - (-x[0]).exp()],
    };
    let options = SearchOptions { descent: 0, steps: 20, ..SearchOptions::default() };
    let found = fixed_points(&map, &[0.0, 5.0], &options).unwrap();
    assert_eq!(found.fixed().count(), 0, "{:?}", found.outcomes);
    assert!(found.outcomes.iter().any(|o| o.residual < 1e-9), "{:?}", found.outcomes);
}

#[test]
fn a_ghost_is_slow() {
    // just before a saddle-node: dx/dt = 1e-3 + x²
    let map = Map {
        n: 1,
        step: |x: &[f64]| vec![x[0] + 1e-3 + x[0] * x[0]],
        jacobian: |x: &[f64]| vec![1.0 + 2.0 * x[0]],
    };
    let found = fixed_points(&map, &[-0.2, 0.1, 0.3], &SearchOptions::default()).unwrap();
    assert!(found.outcomes.iter().all(|o| o.label == Label::Slow), "{:?}", found.outcomes);
    let nearest = found.points.iter().map(|p| p.state[0].abs()).fold(f64::INFINITY, f64::min);
    assert!(nearest < 0.01, "{nearest}");
}

/// The ghost of above, and at 3 a fixed point: too far from these starts to be an answer about them,
/// near enough for others.
#[test]
fn what_is_out_of_reach_is_not_leapt_to() {
    let map = Map {
        n: 1,
        step: |x: &[f64]| vec![x[0] + (1e-3 + x[0] * x[0]) * (1.0 - x[0] / 3.0)],
        jacobian: |x: &[f64]| {
            vec![1.0 + 2.0 * x[0] * (1.0 - x[0] / 3.0) - (1e-3 + x[0] * x[0]) / 3.0]
        },
    };
    let options = SearchOptions { descent: 0, ..SearchOptions::default() };
    let found = fixed_points(&map, &[-0.2, 0.1, 0.3], &options).unwrap();
    assert!(found.outcomes.iter().all(|o| o.label == Label::Slow), "{:?}", found.outcomes);
    let found = fixed_points(&map, &[2.4, 2.5, 4.0], &options).unwrap();
    assert_eq!((found.converged(), found.points.len()), (1.0, 1), "{:?}", found.outcomes);
    assert!((found.points[0].state[0] - 3.0).abs() < 1e-8);
}

/// In a large network much that only lowers q ends at minima that are no fixed points.
#[test]
fn leaps_pass_over_minima_of_q() {
    let n = 64;
    let mut failed = [[0; 4]; 2];
    for seed in 0..4 {
        let network = tanh_network(n, 1.5, seed);
        let starts = normal(n * 30, seed);
        for (failed, leaps) in failed.iter_mut().zip([0, 40]) {
            let options = SearchOptions { descent: 0, leaps, ..SearchOptions::default() };
            let found = fixed_points(&network, &starts, &options).unwrap();
            let ends = found.outcomes.iter().map(|outcome| outcome.label);
            failed[seed as usize] = ends.filter(|label| *label != Label::Fixed).count();
        }
    }
    // of 30 each, measured: 15, 8, 8, 0 without and 10, 8, 2, 0 with
    let [without, with] = failed;
    assert!(without.iter().zip(&with).all(|(without, with)| with <= without), "{failed:?}");
    assert!(with.iter().sum::<usize>() + 8 <= without.iter().sum(), "{failed:?}");
}

#[test]
fn a_start_between_two_points_can_leave() {
    // dx/dt = x² - 1: q is symmetric, with a maximum at 0 between the points ±1
    let map = Map {
        n: 1,
        step: |x: &[f64]| vec![x[0] + 0.1 * (x[0] * x[0] - 1.0)],
        jacobian: |x: &[f64]| vec![1.0 + 0.2 * x[0]],
    };
    let exact = SearchOptions { jitter: 0.0, retries: 0, ..SearchOptions::default() };
    assert_eq!(fixed_points(&map, &[0.0], &exact).unwrap().converged(), 0.0);
    let jittered = SearchOptions { retries: 0, ..SearchOptions::default() };
    let found = fixed_points(&map, &[0.0; 8], &jittered).unwrap();
    let mut states: Vec<f64> = found.fixed().map(|p| p.state[0].round()).collect();
    states.sort_by(f64::total_cmp);
    assert_eq!((found.converged(), states), (1.0, vec![-1.0, 1.0]));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let network = tanh_network(16, 1.5, 11);
    let starts = normal(16 * 70, 12);
    let of = |threads| {
        fixed_points(&network, &starts, &SearchOptions { threads, ..SearchOptions::default() })
    };
    let one = of(1).unwrap();
    assert_eq!(one, of(3).unwrap());
    // nor do the starts beside it, but for their spread, the unit of jitter, rate and leaps
    let options =
        SearchOptions { jitter: 0.0, rate: 0.0, leaps: 0, retries: 0, ..SearchOptions::default() };
    let all = fixed_points(&network, &starts, &options).unwrap();
    let few = fixed_points(&network, &starts[..16 * 3], &options).unwrap();
    assert_eq!(all.states[..16 * 3], few.states[..]);
}

#[test]
fn what_cannot_be_searched_is_said() {
    let network = tanh_network(4, 1.0, 1);
    let of = |starts: &[f64], options| fixed_points(&network, starts, &options);
    let options = SearchOptions::default();
    assert!(matches!(of(&[0.0; 6], options), Err(SearchError::Starts { given: 6, dimension: 4 })));
    let wrong = [0.0, 0.0, f64::NAN, 0.0];
    assert_eq!(of(&wrong, options), Err(SearchError::NotFinite { start: 0, value: 2 }));
    let wrong = SearchOptions { tolerance: f64::NAN, ..options };
    assert!(matches!(of(&[0.0; 4], wrong), Err(SearchError::Option { what: "tolerance", .. })));
    assert_eq!(of(&[], options).unwrap().points.len(), 0);
}
