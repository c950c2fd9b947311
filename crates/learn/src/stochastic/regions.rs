//! All fixed points, exactly: the dynamics are linear between the planes at which units switch.

use std::collections::BTreeSet;

use attractor_numerics::linalg::solve;

use super::model::{Model, Phi};
use super::small::dot;
use crate::constrained::FitError;

/// Most systems of equations that are solved.
const MOST: f64 = 2e7;
/// Distance from a plane, relative to its offset and normal, at which a point counts as on it.
const ON: f64 = 1e-9;

/// `normal · z = offset`, where a unit switches.
struct Plane<'m> {
    normal: &'m [f64],
    offset: f64,
}

impl Model {
    /// All fixed points of the latents without noise, `[latent]` each, at a constant input.
    ///
    /// Between planes on which a unit switches, `z = d z + n (a x + c)`, `x = m z + W_in u`, is linear. Every region
    /// has a corner, so the regions are those at the corners: at most `2ᴿ (H over R)` for H planes, N
    /// or, clipped, 2 N. In each one system of R equations is solved, and its solution is a fixed point
    /// if it lies in the region. Pals et al. 2024, arXiv:2406.16749, proposition 1.
    ///
    /// # Errors
    /// Another number of channels; more regions than can be gone through; a connectivity m whose
    /// columns depend on each other.
    pub fn fixed_points(&self, input: &[f64]) -> Result<Vec<Vec<f64>>, FitError> {
        let (shape, rank) = (&self.shape, self.shape.rank);
        if input.len() != shape.channels {
            let (given, expected) = (input.len(), shape.channels);
            return Err(FitError::Length { what: "input channels", given, expected });
        }
        let m = self.take(&self.places.m);
        let w = self.take(&self.places.inputs);
        let driven: Vec<f64> = match shape.channels {
            0 => vec![0.0; shape.units],
            channels => w.chunks_exact(channels).map(|w| dot(w, input)).collect(),
        };
        let planes = self.planes(m, &driven);
        let systems = choices(planes.len(), rank) * 2f64.powi(rank as i32);
        if systems > MOST {
            let fix = "there are too many regions to go through: search for fixed points instead";
            return Err(FitError::Value { name: "units", value: shape.units as f64, fix });
        }
        let mut seen = BTreeSet::new();
        let mut points: Vec<Vec<f64>> = Vec::new();
        let mut corner: Vec<usize> = (0..rank).collect();
        loop {
            for region in regions_at(&planes, &corner, rank) {
                if seen.contains(&region) {
                    continue;
                }
                if let Some(z) = self.solution(&region, &driven)
                    && planes.iter().zip(&region).all(|(plane, above)| plane.agrees(&z, *above))
                    && !points.iter().any(|other| near(other, &z))
                {
                    points.push(z);
                }
                seen.insert(region);
            }
            if !advance(&mut corner, planes.len()) {
                break;
            }
        }
        match seen.is_empty() {
            false => Ok(points),
            true => {
                let fix = "the columns of m depend on each other: give a smaller rank";
                Err(FitError::Value { name: "rank", value: rank as f64, fix })
            }
        }
    }

    /// Planes of all units; of clipped ones first all lower, then all upper thresholds.
    fn planes<'m>(&self, m: &'m [f64], driven: &[f64]) -> Vec<Plane<'m>> {
        let rank = self.shape.rank;
        let threshold = self.take(&self.places.threshold);
        let rows = || m.chunks_exact(rank).zip(driven).zip(threshold);
        let at = |switch: fn(f64) -> f64| {
            rows().map(move |((normal, driven), h)| Plane { normal, offset: switch(*h) - driven })
        };
        match self.shape.phi {
            Phi::Relu => at(|h| h).collect(),
            Phi::Clipped => at(|h| -h).chain(at(|_| 0.0)).collect(),
        }
    }

    /// The fixed point of the linear dynamics of a region.
    fn solution(&self, region: &[bool], driven: &[f64]) -> Option<Vec<f64>> {
        let (units, rank) = (self.shape.units, self.shape.rank);
        let (m, n) = (self.take(&self.places.m), self.take(&self.places.n));
        let threshold = self.take(&self.places.threshold);
        let one = |above: bool| f64::from(u8::from(above));
        let (mut a, mut b) = (vec![0.0; rank * rank], vec![0.0; rank]);
        (0..rank).for_each(|k| a[k * rank + k] = 1.0 - self.decay());
        for i in 0..units {
            // φ = slope x + constant
            let (slope, constant) = match self.shape.phi {
                Phi::Relu => (one(region[i]), -one(region[i]) * threshold[i]),
                Phi::Clipped => {
                    (one(region[i]) - one(region[units + i]), one(region[i]) * threshold[i])
                }
            };
            for k in 0..rank {
                let n = n[k * units + i];
                b[k] += n * (slope * driven[i] + constant);
                for j in 0..rank {
                    a[k * rank + j] -= n * slope * m[i * rank + j];
                }
            }
        }
        solve(&a, rank, &b, 1).ok()
    }
}

impl Plane<'_> {
    /// How far above the plane a point is.
    fn above(&self, z: &[f64]) -> f64 {
        dot(self.normal, z) - self.offset
    }

    /// Whether a point is on this side of the plane, or on it.
    fn agrees(&self, z: &[f64], above: bool) -> bool {
        let size = dot(self.normal, self.normal).sqrt() * dot(z, z).sqrt() + self.offset.abs();
        let distance = self.above(z);
        (distance > 0.0) == above || distance.abs() <= ON * size
    }
}

/// The regions that meet at the corner of R planes: on either side of each.
fn regions_at(planes: &[Plane<'_>], corner: &[usize], rank: usize) -> Vec<Vec<bool>> {
    let normals: Vec<f64> =
        corner.iter().flat_map(|&plane| planes[plane].normal.iter().copied()).collect();
    let offsets: Vec<f64> = corner.iter().map(|&plane| planes[plane].offset).collect();
    let Ok(z) = solve(&normals, rank, &offsets, 1) else { return Vec::new() };
    let around: Vec<bool> = planes.iter().map(|plane| plane.above(&z) > 0.0).collect();
    let side = |sides: usize| {
        let mut region = around.clone();
        corner.iter().enumerate().for_each(|(k, &plane)| region[plane] = sides >> k & 1 == 1);
        region
    };
    (0..1 << rank).map(side).collect()
}

fn near(a: &[f64], b: &[f64]) -> bool {
    let size = 1.0 + dot(a, a).sqrt();
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= ON * size)
}

/// `n over k`.
fn choices(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i.min(n)) as f64 / (i + 1) as f64).product()
}

/// The next choice of some of `count` in lexicographic order, if there is one.
fn advance(chosen: &mut [usize], count: usize) -> bool {
    let most = |k: usize| count + k - chosen.len();
    let Some(k) = (0..chosen.len()).rev().find(|&k| chosen[k] < most(k)) else { return false };
    chosen[k] += 1;
    for later in k + 1..chosen.len() {
        chosen[later] = chosen[later - 1] + 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_comes_once() {
        let mut chosen = [0, 1, 2];
        let mut all = vec![chosen];
        while advance(&mut chosen, 6) {
            all.push(chosen);
        }
        assert_eq!(all.len(), choices(6, 3) as usize);
        assert!(all.is_sorted() && all.iter().all(|c| c[0] < c[1] && c[1] < c[2] && c[2] < 6));
    }
}
