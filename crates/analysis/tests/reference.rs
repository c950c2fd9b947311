//! Against NumPy, SciPy and scikit-learn: `reference.py` makes `reference.json`.

use attractor_analysis::{
    Estimate, PsychometricOptions, Shape, cca, chronometric, contrasts, k_means, output_dimension,
    pca, pearson, procrustes, psychometric, silhouette, spearman,
};
use ndarray::{Array2, Array3};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn array3(value: &Value) -> Array3<f64> {
    let dim = [value, &value[0], &value[0][0]].map(|v| v.as_array().unwrap().len());
    Array3::from_shape_fn(dim, |(t, k, i)| number(&value[t][k][i]))
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "{found} for {expected}"
    );
}

#[test]
fn populations() {
    let all = reference();
    let expected = &all["populations"];
    let [x, y, z] = ["x", "y", "z"].map(|name| array3(&expected[name]));
    let found = pca(x.view()).unwrap();
    for (found, expected) in found.variances.iter().zip(numbers(&expected["variances"])) {
        close(*found, expected, 1e-12);
    }
    let outputs = output_dimension(x.view(), z.view(), 0.9, number(&expected["ridge"])).unwrap();
    for (found, expected) in outputs.r2[1..].iter().zip(numbers(&expected["r2"])) {
        close(*found, expected, 1e-10);
    }
    assert_eq!(outputs.dimension, Some(2));
    let canonical = cca(x.view(), y.view(), 1.0).unwrap();
    assert_eq!(canonical.components, [4, 3]);
    for (found, expected) in canonical.correlations.iter().zip(numbers(&expected["canonical"])) {
        close(*found, expected, 1e-10);
    }
    let turned = procrustes(x.view(), y.view(), 1.0).unwrap();
    close(1.0 - turned.similarity.powi(2), number(&expected["disparity"]), 1e-10);
}

#[test]
fn correlations() {
    let all = reference();
    let expected = &all["correlation"];
    let (a, b) = (numbers(&expected["a"]), numbers(&expected["b"]));
    close(pearson(&a, &b).unwrap(), number(&expected["pearson"]), 1e-14);
    close(spearman(&a, &b).unwrap(), number(&expected["spearman"]), 1e-14);
    let responses = Array2::from_shape_fn((25, 1), |(k, _)| a[k]);
    let (first, second): (Vec<usize>, Vec<usize>) = (0..25).partition(|k| *k < 10);
    let found = contrasts(responses.view(), &first, &second).unwrap();
    close(found[0].auc, number(&expected["auc"]), 1e-14);
}

#[test]
fn clusters() {
    let all = reference();
    let expected = &all["clusters"];
    let points: Vec<Vec<f64>> =
        expected["points"].as_array().unwrap().iter().map(numbers).collect();
    for k in 2..5 {
        let found = k_means(&points, k, 0).unwrap();
        close(found.inertia, number(&expected["inertia"][k - 2]), 1e-12);
        let silhouette = silhouette(&points, &found.labels).unwrap();
        close(silhouette, number(&expected["silhouette"][k - 2]), 1e-12);
    }
}

#[test]
fn intervals() {
    let all = reference();
    for row in all["wilson"].as_array().unwrap() {
        let [k, n] = [0, 1].map(|i| row[i].as_u64().unwrap() as usize);
        // the counts at one stimulus, and two trials more so that there is a curve
        let chosen: Vec<bool> = (0..n + 2).map(|trial| trial < k || trial == n).collect();
        let stimulus: Vec<f64> =
            (0..n + 2).map(|trial| if trial < n { 0.0 } else { (trial - n + 1) as f64 }).collect();
        let found = psychometric(&stimulus, &chosen, &PsychometricOptions::default()).unwrap();
        close(found.points[0].interval[0], number(&row[2]), 1e-9);
        close(found.points[0].interval[1], number(&row[3]), 1e-9);
    }
    for row in all["student"].as_array().unwrap() {
        let (level, degrees) = (number(&row[0]), row[1].as_u64().unwrap() as usize);
        // half the interval over the standard error
        let times: Vec<f64> = (0..=degrees).map(|k| (k * k) as f64).collect();
        let found = chronometric(&vec![1.0; degrees + 1], &times, level).unwrap();
        let point = &found.points[0];
        let t = (point.interval.unwrap()[1] - point.mean) / point.error.unwrap();
        close(t, number(&row[2]), 1e-8);
    }
}

#[test]
fn psychometric_fits() {
    let all = reference();
    let expected = &all["psychometric"];
    let trials: Vec<usize> = numbers(&expected["trials"]).iter().map(|&n| n as usize).collect();
    let strengths = numbers(&expected["stimulus"]);
    for fit in expected["fits"].as_array().unwrap() {
        let (mut stimulus, mut chosen) = (Vec::new(), Vec::new());
        for (i, &k) in numbers(&fit["chosen"]).iter().enumerate() {
            for trial in 0..trials[i] {
                stimulus.push(strengths[i]);
                chosen.push(trial < k as usize);
            }
        }
        let shape = match fit["shape"].as_str() {
            Some("logistic") => Shape::Logistic,
            _ => Shape::Gaussian,
        };
        let largest_lapse = number(&fit["largest_lapse"]);
        let options = PsychometricOptions { shape, largest_lapse, level: 0.95 };
        let found = psychometric(&stimulus, &chosen, &options).unwrap();
        // both maximise to about 1e-9 of the likelihood, which is flat there: 1e-4 in the parameters
        close(found.log_likelihood, number(&fit["log_likelihood"]), 1e-9);
        for (i, lapse) in found.lapses.into_iter().enumerate() {
            close(lapse, number(&fit["lapses"][i]), 1e-4);
        }
        let same = |found: &Estimate, expected: &Value| {
            let scale = number(&expected[0]).abs().max(0.1);
            close(found.value / scale, number(&expected[0]) / scale, 1e-3);
            close(found.low.unwrap() / scale, number(&expected[1]) / scale, 1e-3);
            close(found.high.unwrap() / scale, number(&expected[2]) / scale, 1e-3);
        };
        same(&found.threshold, &fit["threshold"]);
        same(&found.slope, &fit["slope"]);
    }
}

#[test]
fn chronometric_fit() {
    let all = reference();
    let expected = &all["chronometric"];
    let (stimulus, times) = (numbers(&expected["stimulus"]), numbers(&expected["times"]));
    let found = chronometric(&stimulus, &times, 0.95).unwrap();
    for (i, point) in found.points.iter().enumerate() {
        close(point.mean, number(&expected["means"][i]), 1e-12);
        close(point.error.unwrap(), number(&expected["errors"][i]), 1e-12);
    }
    let fit = found.fit.unwrap();
    for (i, found) in [fit.bound, fit.sensitivity, fit.non_decision].into_iter().enumerate() {
        close(found[0], number(&expected["parameters"][i]), 1e-4);
        close(found[1], number(&expected["standard_errors"][i]), 1e-3);
    }
}
