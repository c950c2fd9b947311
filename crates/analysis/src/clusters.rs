//! Groups of points: k-means, and how many groups.

use attractor_numerics::random::stream;
use rand::{Rng, RngExt};
use serde::Serialize;

use crate::MeasureError;
use crate::measure_error::{enough, finite, same_length};

/// Starts of k-means; the best counts.
const STARTS: usize = 20;
/// Rounds of one start; it settles well before on hundreds of points.
const ROUNDS: usize = 300;

/// A division of points into clusters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clusters {
    /// The cluster of each point; clusters are numbered by size, the largest 0.
    pub labels: Vec<usize>,
    /// Mean of each cluster.
    pub centres: Vec<Vec<f64>>,
    /// Sum of squared distances to the centres.
    pub inertia: f64,
    /// Mean silhouette, from −1 to 1.
    pub silhouette: f64,
    /// Mean silhouette for every number of clusters tried, from 2.
    pub tried: Vec<f64>,
}

/// k-means with as many clusters, of 2 to `most`, as give the largest mean silhouette.
///
/// Cost: 20 starts × rounds × n k d for n points in d dimensions, for every k, and n² d for the
/// distances: milliseconds for some hundred points.
///
/// # Errors
/// Fewer than three points, points of different dimension or that are not finite, `most` below 2,
/// points that are all the same.
pub fn cluster(points: &[Vec<f64>], most: usize, seed: u64) -> Result<Clusters, MeasureError> {
    check(points)?;
    enough("points", 3, points.len())?;
    enough("clusters to try", 2, most)?;
    if points.iter().all(|p| *p == points[0]) {
        return Err(MeasureError::Constant { what: "the points" });
    }
    let distances = distances(points);
    let mut best: Option<Clusters> = None;
    let mut tried = Vec::new();
    for k in 2..=most.min(points.len() - 1) {
        let found = k_means(points, k, seed)?;
        let silhouette = mean_silhouette(&distances, &found.labels, k);
        tried.push(silhouette);
        if best.as_ref().is_none_or(|b| silhouette > b.silhouette) {
            let KMeans { labels, centres, inertia } = found;
            best = Some(Clusters { labels, centres, inertia, silhouette, tried: Vec::new() });
        }
    }
    let best =
        best.ok_or(MeasureError::TooFew { what: "points", needed: 3, found: points.len() })?;
    Ok(Clusters { tried, ..best })
}

/// A division into a given number of clusters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KMeans {
    /// The cluster of each point; clusters are numbered by size, the largest 0.
    pub labels: Vec<usize>,
    /// Mean of each cluster.
    pub centres: Vec<Vec<f64>>,
    /// Sum of squared distances to the centres.
    pub inertia: f64,
}

/// The division into k clusters with the least sum of squared distances to their means, of 20 starts
/// drawn by k-means++ (Arthur & Vassilvitskii 2007) and improved by Lloyd's iteration.
///
/// # Errors
/// Fewer points than clusters, no cluster, points of different dimension or that are not finite.
pub fn k_means(points: &[Vec<f64>], k: usize, seed: u64) -> Result<KMeans, MeasureError> {
    check(points)?;
    enough("clusters", 1, k)?;
    enough("points, one per cluster", k, points.len())?;
    let mut rng = stream(seed, "analysis/k-means");
    let mut best = lloyd(points, spread(points, k, &mut rng));
    for _ in 1..STARTS {
        let found = lloyd(points, spread(points, k, &mut rng));
        if found.inertia < best.inertia {
            best = found;
        }
    }
    Ok(by_size(best))
}

/// Mean silhouette of a division: of each point `(b − a) / max(a, b)` with a its mean distance to the
/// others of its cluster, b the least mean distance to those of another; 0 for a cluster of one
/// (Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7).
///
/// # Errors
/// One label per point; two clusters at least; points of different dimension or that are not finite.
pub fn silhouette(points: &[Vec<f64>], labels: &[usize]) -> Result<f64, MeasureError> {
    check(points)?;
    same_length("labels", points.len(), labels.len())?;
    let clusters = labels.iter().max().map_or(0, |&most| most.saturating_add(1));
    enough("clusters", 2, clusters)?;
    enough("points, one per cluster", clusters, points.len())?;
    Ok(mean_silhouette(&distances(points), labels, clusters))
}

pub(crate) fn check(points: &[Vec<f64>]) -> Result<(), MeasureError> {
    for point in points {
        same_length("coordinates of a point", points[0].len(), point.len())?;
        finite("coordinates of a point", point)?;
    }
    Ok(())
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn distances(points: &[Vec<f64>]) -> Vec<Vec<f64>> {
    points.iter().map(|a| points.iter().map(|b| squared(a, b).sqrt()).collect()).collect()
}

/// First centres: each further one a point drawn in proportion to its squared distance to the nearest.
fn spread(points: &[Vec<f64>], k: usize, rng: &mut impl Rng) -> Vec<Vec<f64>> {
    let mut centres = vec![points[rng.random_range(0..points.len())].clone()];
    let mut nearest: Vec<f64> = points.iter().map(|p| squared(p, &centres[0])).collect();
    while centres.len() < k {
        let mut left = rng.random::<f64>() * nearest.iter().sum::<f64>();
        let chosen = nearest.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        // fewer distinct points than clusters: any point will do
        let centre = points[chosen.unwrap_or(centres.len())].clone();
        for (d, point) in nearest.iter_mut().zip(points) {
            *d = d.min(squared(point, &centre));
        }
        centres.push(centre);
    }
    centres
}

/// Points to the nearest centre, centres to the mean of their points, until nothing changes. A centre
/// without points stays where it is.
fn lloyd(points: &[Vec<f64>], mut centres: Vec<Vec<f64>>) -> KMeans {
    let mut labels = vec![usize::MAX; points.len()];
    for _ in 0..ROUNDS {
        let mut changed = false;
        for (label, point) in labels.iter_mut().zip(points) {
            let to = |c: usize| squared(point, &centres[c]);
            let near =
                (1..centres.len()).fold(0, |best, c| if to(c) < to(best) { c } else { best });
            changed |= *label != near;
            *label = near;
        }
        if !changed {
            break;
        }
        for (c, centre) in centres.iter_mut().enumerate() {
            let own = || points.iter().zip(&labels).filter(|(_, l)| **l == c).map(|(p, _)| p);
            let count = own().count() as f64;
            if count > 0.0 {
                centre.fill(0.0);
                own().for_each(|p| centre.iter_mut().zip(p).for_each(|(x, p)| *x += p / count));
            }
        }
    }
    let inertia = points.iter().zip(&labels).map(|(p, &l)| squared(p, &centres[l])).sum();
    KMeans { labels, centres, inertia }
}

/// The largest cluster first; of equals, that of the first point.
fn by_size(found: KMeans) -> KMeans {
    let size = |c: usize| found.labels.iter().filter(|&&l| l == c).count();
    let first = |c: usize| found.labels.iter().position(|&l| l == c);
    let mut order: Vec<usize> = (0..found.centres.len()).collect();
    order.sort_by_key(|&c| (std::cmp::Reverse(size(c)), first(c)));
    let place = |c: usize| order.iter().position(|&o| o == c).unwrap_or(c);
    KMeans {
        labels: found.labels.iter().map(|&l| place(l)).collect(),
        centres: order.iter().map(|&c| found.centres[c].clone()).collect(),
        inertia: found.inertia,
    }
}

fn mean_silhouette(distances: &[Vec<f64>], labels: &[usize], clusters: usize) -> f64 {
    let mut sizes = vec![0usize; clusters];
    labels.iter().for_each(|&l| sizes[l] += 1);
    let of_point = |(i, row): (usize, &Vec<f64>)| {
        let own = labels[i];
        if sizes[own] < 2 {
            return 0.0;
        }
        let mut sums = vec![0.0; clusters];
        row.iter().zip(labels).for_each(|(d, &l)| sums[l] += d);
        let within = sums[own] / (sizes[own] as f64 - 1.0);
        let others = (0..clusters).filter(|&c| c != own && sizes[c] > 0);
        let between = others.map(|c| sums[c] / sizes[c] as f64).fold(f64::INFINITY, f64::min);
        let larger = within.max(between);
        if larger > 0.0 && larger.is_finite() { (between - within) / larger } else { 0.0 }
    };
    distances.iter().enumerate().map(of_point).sum::<f64>() / labels.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution, StandardNormal};

    fn blobs(centres: &[[f64; 2]], each: usize, sd: f64, seed: u64) -> Vec<Vec<f64>> {
        let mut rng = stream(seed, "blobs");
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        (0..centres.len() * each)
            .map(|k| {
                let centre = centres[k % centres.len()];
                vec![centre[0] + sd * normal(), centre[1] + sd * normal()]
            })
            .collect()
    }

    #[test]
    fn as_many_clusters_as_there_are() {
        let centres = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]];
        for seed in 0..5 {
            let points = blobs(&centres, 25, 1.0, seed);
            let found = cluster(&points, 8, seed).unwrap();
            assert_eq!((found.centres.len(), found.tried.len()), (4, 7));
            (0..100).for_each(|k| assert_eq!(found.labels[k], found.labels[k % 4]));
            assert_eq!(cluster(&points, 8, seed).unwrap(), found);
            let alone = silhouette(&points, &found.labels).unwrap();
            assert_eq!(alone, found.silhouette);
        }
    }

    #[test]
    fn silhouette_by_hand() {
        // 0 and 1 against 5: (5 − 1) / 5, (4 − 1) / 4, and 0 for the cluster of one
        let points = vec![vec![0.0], vec![1.0], vec![5.0]];
        let found = silhouette(&points, &[0, 0, 1]).unwrap();
        assert!((found - (0.8 + 0.75) / 3.0).abs() < 1e-15);
        let best = cluster(&points, 5, 0).unwrap();
        assert_eq!((best.labels, best.inertia, best.tried.len()), (vec![0, 0, 1], 0.5, 1));
        assert_eq!(best.centres, [[0.5], [5.0]]);
    }

    #[test]
    fn few_or_equal_points() {
        let same = vec![vec![1.0]; 4];
        assert!(matches!(cluster(&same, 3, 0), Err(MeasureError::Constant { .. })));
        let found = k_means(&same, 3, 0).unwrap();
        assert_eq!((found.inertia, found.centres.len()), (0.0, 3));
        assert!(k_means(&same, 5, 0).is_err() && k_means(&same, 0, 0).is_err());
        assert!(cluster(&[vec![1.0], vec![2.0]], 3, 0).is_err());
        assert!(cluster(&[vec![1.0], vec![2.0], vec![1.0, 2.0]], 3, 0).is_err());
        assert!(silhouette(&same, &[0, 0, 0, 0]).is_err());
        assert!(silhouette(&same, &[0, 0, 9, 0]).is_err());
    }
}
