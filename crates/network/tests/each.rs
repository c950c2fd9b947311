//! One block shared by all units against the same matrix written out.

mod common;

use std::sync::Arc;

use attractor_network::*;
use attractor_numerics::law::Law;
use common::*;

/// Units of each copy: sources, hidden, targets.
const RUNS: [usize; 3] = [1, 3, 2];
const COPIES: usize = 4;

/// An input to each copy, hidden units of each copy on their own, a readout of each copy.
fn network(wiring: impl Fn(usize, usize) -> Wiring) -> Arc<Network> {
    let elman = library::elman(library::Nonlinearity::Tanh).unwrap();
    let [sources, hidden, targets] = RUNS;
    let populations = vec![
        Population::input("in", COPIES * sources),
        Population::of("hid", COPIES * hidden, &elman),
        Population::of("out", COPIES * targets, &library::linear().unwrap()),
    ];
    let projections = vec![
        Projection::new("in.u", "hid.I", wiring(hidden, sources)),
        Projection::new("hid.h", "hid.I", wiring(hidden, hidden)).lag(1),
        Projection::new("hid.h", "out.I", wiring(targets, hidden)),
    ];
    Arc::new(Network::new(Description::new(1.0, populations, projections)).unwrap())
}

#[test]
fn a_shared_block_is_the_matrix_it_stands_for() {
    let law = Law::Normal { sd: 0.7 };
    let shared = network(|_, _| Wiring::Each { copies: COPIES, law });
    let whole = network(|_, _| Wiring::Dense { law });
    let weights = shared.initial_parameters(3);
    // place of each entry of the block in the matrix, for every copy
    let mut written = vec![0.0; whole.layout().len()];
    let mut places: Vec<Vec<usize>> = Vec::new();
    for (small, large) in shared.layout().entries().iter().zip(whole.layout().entries()) {
        assert_eq!(small.name, large.name);
        let (height, width) = (small.shape[0], small.shape[1]);
        for k in 0..height * width {
            let place = |copy: usize| {
                let (row, column) = (copy * height + k / width, copy * width + k % width);
                large.range.start + row * large.shape[1] + column
            };
            let all: Vec<usize> = (0..COPIES).map(place).collect();
            all.iter().for_each(|&at| written[at] = weights[small.range.start + k]);
            places.push(all);
        }
    }
    let inputs = ndarray::Array3::from_shape_fn((40, 5, COPIES * RUNS[0]), |(t, b, c)| {
        number(t * 31 + b * 7 + c) as f32
    });
    let trials = attractor_data::Trials::new(1.0, inputs).unwrap();
    let gradient = |network: &Arc<Network>, parameters: &[f64]| {
        let loss = Quadratic { signals: vec![network.signal("out.y").unwrap()] };
        let mut gradient = vec![0.0; parameters.len()];
        let value = engine::<f64>(network)
            .gradient(parameters, &trials, &loss, NoiseSource::off(), None, &mut gradient)
            .unwrap();
        (value, gradient)
    };
    let (found, expected) = (gradient(&shared, &weights), gradient(&whole, &written));
    assert!((found.0 - expected.0).abs() < 1e-12 * expected.0);
    for (k, all) in places.iter().enumerate() {
        let sum: f64 = all.iter().map(|&at| expected.1[at]).sum();
        assert!((found.1[k] - sum).abs() < 1e-11 * sum.abs().max(1.0), "weight {k}");
    }
}

#[test]
fn copies_divide_both_sides() {
    let law = Law::Constant { value: 1.0 };
    let linear = library::linear().unwrap();
    for (sources, targets, copies) in [(6, 4, 3), (4, 6, 3), (6, 6, 0)] {
        let populations =
            vec![Population::input("in", sources), Population::of("out", targets, &linear)];
        let each = Projection::new("in.u", "out.I", Wiring::Each { copies, law });
        let error = Network::new(Description::new(1.0, populations, vec![each])).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("`in->out`, copies") && said.contains("a divisor of"), "{said}");
    }
}
