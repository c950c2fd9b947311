//! Structured wirings: what they are made of, what they obey, what is wrong with them.

mod common;

use std::collections::BTreeMap;

use attractor_network::*;
use attractor_numerics::law::Law;
use common::*;
use ndarray::Array2;

/// A network of one population `rec` with groups, a lattice and graphs.
fn described(wiring: Wiring) -> Description {
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    let mut rec = Population::of("rec", UNITS, &neuron).group("a", [0, 2, 4]).group("b", [1, 3]);
    rec.positions = Some(Positions::Lattice { shape: [UNITS, 1, 1], spacing: 1.0 });
    let wires = vec![Projection::new("rec.h", "rec.I", wiring).lag(1)];
    let graphs = [("counts", false), ("signed", true)];
    let graphs = graphs.map(|(name, signed)| (name.to_owned(), graph(signed)));
    Description { graphs: BTreeMap::from(graphs), ..Description::new(1.0, vec![rec], wires) }
}

fn matrix(wiring: Wiring) -> Array2<f64> {
    let network = Network::new(described(wiring)).unwrap();
    network.matrix("rec->rec", &network.initial_parameters(3)).unwrap()
}

fn problems(wiring: Wiring) -> Vec<String> {
    let error = Network::new(described(wiring)).unwrap_err();
    error.each().into_iter().map(ToString::to_string).collect()
}

fn dense() -> Wiring {
    Wiring::Dense { law: Law::Gaussian { gain: 1.0 } }
}

fn count(w: &Array2<f64>) -> usize {
    w.iter().filter(|w| **w != 0.0).count()
}

#[test]
fn masks_are_what_they_say() {
    let w = matrix(dense().within(Mask::Degree { degree: 3, seed: 1 }));
    assert!(w.rows().into_iter().all(|row| row.iter().filter(|w| **w != 0.0).count() == 3));
    // neighbours on a line of 7, without oneself
    let w = matrix(dense().within(Mask::Distance { least: 0.5, most: Some(1.5) }));
    let near = |i: usize, j: usize| i.abs_diff(j) == 1;
    assert!(w.indexed_iter().all(|((i, j), w)| (*w != 0.0) == near(i, j)));
    let w = matrix(dense().within(Mask::NoSelf));
    assert!(w.indexed_iter().all(|((i, j), w)| (*w != 0.0) == (i != j)));
    let edges = graph(false).edges;
    let w = matrix(dense().within(Mask::Graph { graph: "counts".into() }));
    assert!(count(&w) == edges.len() && edges.iter().all(|&(i, j, _)| w[[i, j]] != 0.0));
    let pair = |from: &str, to: &str| Between { from: from.into(), to: to.into(), density: 1.0 };
    let w = matrix(dense().within(Mask::Groups { between: vec![pair("a", "b")], seed: 0 }));
    assert_eq!(count(&w), 6);
    assert!([1, 3].iter().all(|&i| [0, 2, 4].iter().all(|&j| w[[i, j]] != 0.0)));
    // of several masks, what all allow
    let both = Wiring::Constrained {
        wiring: Box::new(dense()),
        masks: vec![Mask::NoSelf, Mask::Distance { least: 0.0, most: Some(1.5) }],
        sign: None,
        hold: Hold::Clip,
    };
    assert!(matrix(both).indexed_iter().all(|((i, j), w)| (*w != 0.0) == near(i, j)));
}

#[test]
fn masks_have_their_probabilities() {
    let units = 400;
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    let density = |mask: Mask| {
        let mut rec = Population::of("rec", units, &neuron);
        rec.positions = Some(Positions::Random { size: [1.0, 2.0, 0.5], seed: 7 });
        let wires = vec![Projection::new("rec.h", "rec.I", dense().within(mask)).lag(1)];
        let network = Network::new(Description::new(1.0, vec![rec], wires)).unwrap();
        let w = network.matrix("rec->rec", &network.initial_parameters(1)).unwrap();
        let places = network.points("rec").unwrap().unwrap().to_vec();
        (count(&w) as f64 / (units * units) as f64, places)
    };
    // sd of the fraction below .0013
    let (found, places) = density(Mask::Random { density: 0.1, seed: 2 });
    assert!((found - 0.1).abs() < 4.0 * 0.0008, "{found}");
    let inside =
        |p: &[f64; 3]| p.iter().zip([1.0, 2.0, 0.5]).all(|(x, side)| (0.0..side).contains(x));
    assert!(places.iter().all(inside));
    let (found, places) = density(Mask::Nearby { length: 0.4, peak: 0.8, seed: 2 });
    let chance = |a: &[f64; 3], b: &[f64; 3]| {
        let d = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        0.8 * (-d / 0.4).exp()
    };
    let expected: f64 = places.iter().flat_map(|a| places.iter().map(move |b| chance(a, b))).sum();
    let expected = expected / (units * units) as f64;
    assert!((found - expected).abs() < 4.0 * 0.0013, "{found} {expected}");
}

#[test]
fn signs_are_those_of_sources() {
    let columns = |w: &Array2<f64>| -> Vec<i8> {
        let of = |column: ndarray::ArrayView1<'_, f64>| {
            let (low, high) =
                column.iter().fold((0.0f64, 0.0f64), |(l, h), &w| (l.min(w), h.max(w)));
            match (low < 0.0, high > 0.0) {
                (true, true) => 0,
                (true, false) => -1,
                _ => 1,
            }
        };
        w.columns().into_iter().map(of).collect()
    };
    for hold in [Hold::Clip, Hold::Reflect, Hold::Magnitude, Hold::Rectify] {
        let dale = Sign::Dale { excitatory: 0.7, seed: None };
        assert_eq!(columns(&matrix(dense().signed(dale, hold))), [1, 1, 1, 1, 1, -1, -1]);
        let groups = Sign::Groups { excitatory: vec!["b".into()], inhibitory: vec!["*".into()] };
        assert_eq!(columns(&matrix(dense().signed(groups, hold))), [-1, 1, -1, 1, -1, -1, -1]);
        let given = Sign::Given { signs: vec![1, 0, -1, 0, 1, 0, 1] };
        let w = columns(&matrix(dense().signed(given, hold)));
        assert_eq!(w, [1, 0, -1, 0, 1, 0, 1], "{hold:?}");
    }
    // sizes stay those of the law
    let (free, signed) = (matrix(dense()), matrix(dense().signed(Sign::Inhibitory, Hold::Clip)));
    assert!(free.iter().zip(&signed).all(|(free, signed)| *signed == -free.abs()));
    let low = Wiring::LowRank {
        rank: 2,
        m: Law::Normal { sd: 1.0 },
        n: Law::Normal { sd: 1.0 },
        covariance: None,
    };
    let dale = Sign::Dale { excitatory: 0.7, seed: None };
    assert_eq!(columns(&matrix(low.signed(dale, Hold::Clip))), [1, 1, 1, 1, 1, -1, -1]);
}

#[test]
fn a_population_has_one_set_of_signs() {
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    let signed = || dense().signed(Sign::Dale { excitatory: 0.5, seed: Some(3) }, Hold::Clip);
    let populations =
        vec![Population::of("rec", 40, &neuron), Population::of("other", 30, &neuron)];
    let wires = vec![
        Projection::new("rec.h", "rec.I", signed()).lag(1),
        Projection::new("rec.h", "other.I", signed()),
    ];
    let network = Network::new(Description::new(1.0, populations, wires)).unwrap();
    let parameters = network.initial_parameters(1);
    let [a, b] = ["rec->rec", "rec->other"].map(|n| network.matrix(n, &parameters).unwrap());
    let mut excitatory = 0;
    for (a, b) in a.columns().into_iter().zip(b.columns()) {
        let positive = a.iter().all(|w| *w >= 0.0);
        excitatory += usize::from(positive);
        assert!(a.iter().chain(b).all(|w| (*w >= 0.0) == positive || *w == 0.0));
    }
    assert!((10..=30).contains(&excitatory), "{excitatory}");
}

#[test]
fn a_mixture_has_its_moments() {
    let units = 6000;
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    let component = |group: &str, mean: [f64; 2], c: f64| Component {
        group: Some(group.into()),
        mean: Some(mean.to_vec()),
        covariance: vec![vec![1.0, c], vec![c, 2.0]],
    };
    let components = vec![component("a", [0.0, 1.0], 0.6), component("b", [-2.0, 0.0], -1.0)];
    let rec = Population::of("rec", units, &neuron).group("a", 0..3000).group("b", 3000..5500);
    let wiring = Wiring::Mixture { rank: 1, components };
    let wires = vec![Projection::new("rec.h", "rec.I", wiring).lag(1)];
    let network = Network::new(Description::new(1.0, vec![rec], wires)).unwrap();
    let parameters = network.initial_parameters(5);
    let [m, n] = ["m", "n"]
        .map(|x| network.layout().array(&format!("rec->rec.{x}"), &parameters).unwrap().to_vec());
    for (units, mean, c) in [(0..3000, [0.0, 1.0], 0.6), (3000..5500, [-2.0, 0.0], -1.0)] {
        let count = units.len() as f64;
        let of = |x: &[f64]| x[units.clone()].iter().sum::<f64>() / count;
        let (a, b) = (of(&m), of(&n));
        let covariance = units.clone().map(|u| (m[u] - a) * (n[u] - b)).sum::<f64>() / count;
        // five standard errors
        assert!((a - mean[0]).abs() < 0.1 && (b - mean[1]).abs() < 0.14, "{a} {b}");
        assert!((covariance - c).abs() < 0.17, "{covariance} {c}");
    }
    assert!(m[5500..].iter().chain(&n[5500..]).all(|x| *x == 0.0));
}

#[test]
fn parameters_differ_by_group() {
    let neuron = library::leaky(library::Nonlinearity::Tanh, library::NoisePlace::None).unwrap();
    let mut rec = Population::of("rec", 6, &neuron)
        .group("P", [1, 4])
        .per_unit("tau", Law::Constant { value: 100.0 });
    rec.params.insert("tau[P]".into(), Law::Constant { value: 500.0 });
    let wires = vec![Projection::new("rec.r", "rec.I", dense()).lag(1)];
    let described = |rec: Population| Description::new(20.0, vec![rec], wires.clone());
    let network = Network::new(described(rec.clone())).unwrap();
    let parameters = network.initial_parameters(1);
    let tau = network.layout().array("rec.tau", &parameters).unwrap();
    assert_eq!(tau, [100.0, 500.0, 100.0, 100.0, 500.0, 100.0]);
    // what dt does not resolve is found there, too
    rec.params.insert("tau[P]".into(), Law::Constant { value: 1.0 });
    assert!(Network::new(described(rec.clone())).is_err());
    rec.params.remove("tau[P]");
    rec.params.insert("tau[Q]".into(), Law::Constant { value: 200.0 });
    let said = Network::new(described(rec)).unwrap_err().to_string();
    assert!(said.contains("group `Q`"), "{said}");
}

#[test]
fn every_problem_is_named() {
    let low = |rank| Wiring::LowRank {
        rank,
        m: Law::Normal { sd: 1.0 },
        n: Law::Normal { sd: 1.0 },
        covariance: None,
    };
    let block = |from: &str, to: &str, wiring| Block { from: from.into(), to: to.into(), wiring };
    let blocks = Wiring::Blocks {
        blocks: vec![block("a", "A1", dense()), block("V1", "b", dense()), block("a", "b", low(9))],
    };
    let said = problems(Wiring::Sum { terms: vec![blocks, low(8), low(2).within(Mask::NoSelf)] });
    let expected = [
        "group `A1` does not exist",
        "group `V1` does not exist",
        "projection `rec->rec.0.b<-a`, rank: 9 given, between 1 and 2, the smaller side of 2 × 3",
        "projection `rec->rec.1`, rank: 8 given, between 1 and 7",
        "projection `rec->rec.2`, constraint of low rank: a mask given",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}");
    }

    let signed =
        |sign| dense().within(Mask::Graph { graph: "signed".into() }).signed(sign, Hold::Clip);
    let said = problems(signed(Sign::Excitatory));
    assert!(said.len() == 1 && said[0].contains("the opposite of graph `signed` at"), "{said:?}");
    let graph =
        |sign| Wiring::Graph { graph: "signed".into(), scale: 1.0 }.signed(sign, Hold::Clip);
    assert!(problems(graph(Sign::Inhibitory))[0].contains("the opposite of graph"));
    let right = (0..UNITS).map(|j| if j % 3 == 1 { -1 } else { 1 }).collect();
    matrix(graph(Sign::Given { signs: right }));
    let named = |graph: &str| Sign::Graph { graph: graph.into() };
    assert!(problems(dense().signed(named("counts"), Hold::Clip))[0].contains("a signed graph"));
    assert!(
        problems(dense().signed(named("count"), Hold::Clip))[0].contains("did you mean `counts`")
    );
    let twice = dense().signed(Sign::Inhibitory, Hold::Clip).signed(Sign::Excitatory, Hold::Clip);
    assert!(problems(twice)[0].contains("the same sign from every constraint"));
    let given = Sign::Given { signs: vec![1, 2] };
    assert!(problems(dense().signed(given, Hold::Clip))[0].contains("7, one per source"));
    let pairs = Mask::Pairs { pairs: vec![[0, 0], [7, 0], [0, 9]] };
    assert!(problems(dense().within(pairs))[0].contains("[7, 0] and 1 more"));
    assert!(problems(dense().within(Mask::Degree { degree: 8, seed: 0 }))[0].contains("at most 7"));
    let transformed = problems(low(2).signed(Sign::Excitatory, Hold::Magnitude));
    assert!(transformed[0].contains("clip or reflect"), "{transformed:?}");

    let mut description = described(dense());
    description.populations[0].positions =
        Some(Positions::Lattice { shape: [5, 5, 4], spacing: 1.0 });
    let said = Network::new(description.clone()).unwrap_err().to_string();
    assert!(said.contains("[5, 5, 4] given, three numbers whose product is 7"), "{said}");
    description.populations[0].positions = Some(Positions::Given { points: vec![[0.0; 3]; 6] });
    assert!(
        Network::new(description.clone())
            .unwrap_err()
            .to_string()
            .contains("number of points: 6 given")
    );
    description.populations[0].positions = None;
    let near = Mask::Distance { least: 0.0, most: Some(1.0) };
    description.projections[0].wiring = dense().within(near);
    assert!(Network::new(description).unwrap_err().to_string().contains("without positions"));
    let mut description = described(Wiring::Graph { graph: "counts".into(), scale: 1.0 });
    description.graphs.get_mut("counts").unwrap().edges.push((0, 7, 1.0));
    let said = Network::new(description).unwrap_err().to_string();
    assert!(said.contains("(0, 7, 1), one of 1 that do not fit"), "{said}");
}

#[test]
fn a_constraint_holds_after_any_change() {
    for (name, wiring) in products().into_iter().chain(within_a_population()) {
        let network = Network::new(described(wiring)).unwrap();
        let mut parameters = network.initial_parameters(1);
        let before = parameters.clone();
        network.layout().hold(&mut parameters).unwrap();
        assert_eq!(parameters, before, "{name}: what is drawn obeys");
        let w = network.matrix("rec->rec", &parameters).unwrap();
        for (k, p) in parameters.iter_mut().enumerate() {
            *p = 3.0 * number(k + 9);
        }
        network.layout().hold(&mut parameters).unwrap();
        let moved = network.matrix("rec->rec", &parameters).unwrap();
        for ((place, w), moved) in w.indexed_iter().zip(&moved) {
            let free = name.starts_with("given") && place.1 == 2 || name == "blocks of all kinds";
            let free = free || name == "mixture";
            assert!(free || w * moved >= 0.0, "{name} {place:?}: {w} {moved}");
            assert!(*w != 0.0 || *moved == 0.0 || free, "{name} {place:?}: {moved}");
        }
        for entry in network.layout().entries() {
            let Some(constraint) = &entry.constraint else { continue };
            let values = &parameters[entry.range.clone()];
            assert!(values.iter().enumerate().all(|(k, &x)| constraint.allows(k, x)), "{name}");
        }
    }
}
