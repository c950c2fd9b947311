//! Graph measures against NetworkX, igraph and bctpy: `graph.py` makes `graph.json`.

use attractor_analysis::graph::{
    Graph, LouvainOptions, Null, clustering, louvain, modularity, participation, paths, quantile,
    rich_club, shortest_paths, small_worldness, spectral_modules, within_module_degree,
};
use ndarray::Array2;
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("graph.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

#[track_caller]
fn all_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-12 * (1.0 + expected.abs()),
            "{found} for {expected}"
        );
    }
}

/// Each graph of the reference, with what was measured of it.
fn each(mut look: impl FnMut(&str, &Graph, &Value)) {
    let all = reference();
    for (name, case) in all["graphs"].as_object().unwrap() {
        let weights = matrix(&case["matrix"]);
        let read = if case["directed"] == true { Graph::directed } else { Graph::undirected };
        look(name, &read(weights.view()).unwrap(), case);
    }
}

#[test]
fn every_measure_of_every_graph() {
    each(|_, graph, case| {
        all_close(&clustering(graph), &numbers(&case["clustering"]));
        all_close(&[paths(graph).efficiency], &[number(&case["efficiency"])]);
        let found = shortest_paths(graph).mapv(|d| if d.is_finite() { d } else { -1.0 });
        let expected: Vec<f64> = matrix(&case["paths"]).iter().copied().collect();
        all_close(&found.iter().copied().collect::<Vec<_>>(), &expected);
        let labels: Vec<usize> = (0..graph.nodes()).map(|i| i % 3).collect();
        let found = [1.0, 2.0].map(|gamma| modularity(graph, &labels, gamma).unwrap());
        all_close(&found, &[number(&case["modularity"]), number(&case["modularity_2"])]);
        all_close(&participation(graph, &labels).unwrap(), &numbers(&case["participation"]));
        all_close(&within_module_degree(graph, &labels).unwrap(), &numbers(&case["within_module"]));
    });
}

#[test]
fn modules_are_as_good_as_the_best_of_others() {
    each(|name, graph, case| {
        let options = LouvainOptions { starts: 50, ..Default::default() };
        let found = louvain(graph, &options).unwrap().modularity;
        for (peer, best) in case["louvain"].as_object().unwrap() {
            let best = number(best);
            assert!(found > best - 0.005, "{name}: {found}, {peer} {best}");
        }
        let spectral = spectral_modules(graph, 1.0).unwrap().modularity;
        let other = number(&case["newman"]);
        assert!(spectral > other - 0.01, "{name}, spectral: {spectral} for {other}");
    });
}

/// The largest modularity of the karate club is 0.4198 (Brandes et al. 2008, doi:10.1109/TKDE.2007.190689).
#[test]
fn the_karate_club() {
    each(|name, graph, _| {
        if name == "karate" {
            let found = louvain(graph, &LouvainOptions::default()).unwrap();
            assert!((found.modularity - 0.4198).abs() < 5e-5, "{}", found.modularity);
            assert_eq!(found.count(), 4);
            // 0.419 in Newman 2006
            let spectral = spectral_modules(graph, 1.0).unwrap().modularity;
            assert!((spectral - 0.419).abs() < 5e-4 + 5e-4, "{spectral}");
        }
    });
}

#[test]
fn rich_clubs() {
    each(|_, graph, case| {
        if !graph.is_directed() {
            let found = rich_club(graph, 0, 0).unwrap().coefficients;
            // NetworkX stops where no two nodes are left
            let expected = numbers(&case["rich_club"]);
            all_close(&found[..expected.len().min(found.len())], &expected);
        }
    });
}

#[test]
fn a_small_world() {
    let all = reference();
    let graph =
        Graph::undirected(matrix(&all["graphs"]["watts_strogatz"]["matrix"]).view()).unwrap();
    let expected = &all["small_world"];
    let found = small_worldness(&graph, Null::Density, 2000, 1).unwrap();
    all_close(
        &[found.clustering, found.efficiency],
        &[number(&expected["clustering"]), number(&expected["efficiency"])],
    );
    // means of 2000 draws each: four standard errors of their difference
    let (mean, se) = (numbers(&expected["null"]), numbers(&expected["null_se"]));
    for (found, k) in [(found.null_clustering, 0), (found.null_efficiency, 1)] {
        assert!((found - mean[k]).abs() < 4.0 * 2f64.sqrt() * se[k], "{found} for {}", mean[k]);
    }
    let told = found.small_worldness.unwrap();
    assert!((told - number(&expected["small_worldness"])).abs() < 0.03, "{told}");
}

#[test]
fn quantiles() {
    let all = reference();
    let values = numbers(&all["quantile"]["values"]);
    all_close(&[quantile(&values, 0.9).unwrap()], &[number(&all["quantile"]["0.9"])]);
}
