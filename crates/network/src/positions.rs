//! Where the units of a population are, in space of three dimensions.

use attractor_numerics::random;
use ndarray::Array2;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::error::NetworkError;
use crate::network::Network;

/// A place `[x, y, z]`, in whatever unit of length the model has.
pub type Point = [f64; 3];

/// Places of the units of a population: for penalties on wiring, masks and delays by distance.
///
/// ```
/// use attractor_network::Positions;
/// let lattice = Positions::Lattice { shape: [5, 5, 4], spacing: 1.0 };
/// let points = lattice.points("rec", 100)?;
/// assert_eq!((points[0], points[1], points[99]), ([0.0; 3], [0.0, 0.0, 1.0], [4.0, 4.0, 3.0]));
/// # Ok::<(), attractor_network::NetworkError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Positions {
    /// On a grid; the last axis runs fastest.
    Lattice {
        /// Units along each axis.
        shape: [usize; 3],
        /// Distance between neighbours.
        #[serde(default = "one")]
        spacing: f64,
    },
    /// Independent and uniform in a box with a corner at 0. The places belong to the network, not to a
    /// run: they have a seed of their own.
    Random {
        /// Length of each side; 0 makes it flat.
        size: Point,
        /// Seed.
        #[serde(default)]
        seed: u64,
    },
    /// One point per unit.
    Given {
        /// The points.
        points: Vec<Point>,
    },
}

fn one() -> f64 {
    1.0
}

impl Positions {
    /// The points of `units` units; `population` names the random stream and the culprit in errors.
    ///
    /// # Errors
    /// A number of points that is not that of the units, a length that is negative or not finite.
    pub fn points(&self, population: &str, units: usize) -> Result<Vec<Point>, NetworkError> {
        let wrong = |what: &str, value: String, expected: String| {
            Err(NetworkError::value(
                format!("positions of `{population}`, {what}"),
                value,
                expected,
            ))
        };
        match self {
            Positions::Lattice { spacing, .. } if !(spacing.is_finite() && *spacing > 0.0) => {
                wrong("spacing", spacing.to_string(), "a positive number".to_owned())
            }
            Positions::Lattice { shape, .. }
                if shape.iter().try_fold(1, |all: usize, &n| all.checked_mul(n)) != Some(units) =>
            {
                let expected =
                    format!("three numbers whose product is {units}, one point per unit");
                wrong("shape of the lattice", format!("{shape:?}"), expected)
            }
            Positions::Lattice { shape: [_, b, c], spacing } => {
                let place = |unit: usize| [unit / (b * c), unit / c % b, unit % c];
                Ok((0..units).map(|unit| place(unit).map(|k| k as f64 * spacing)).collect())
            }
            Positions::Random { size, .. } if !size.iter().all(|x| x.is_finite() && *x >= 0.0) => {
                wrong("size of the box", format!("{size:?}"), "0 or positive numbers".to_owned())
            }
            Positions::Random { size, seed } => {
                let mut rng = random::stream(*seed, &format!("{population}.positions"));
                Ok((0..units).map(|_| size.map(|side| side * rng.random::<f64>())).collect())
            }
            Positions::Given { points } if points.len() != units => wrong(
                "number of points",
                points.len().to_string(),
                format!("{units}, one per unit"),
            ),
            Positions::Given { points } => {
                match points.iter().position(|point| !point.iter().all(|x| x.is_finite())) {
                    Some(unit) => {
                        let what = format!("point of unit {unit}");
                        wrong(&what, format!("{:?}", points[unit]), "finite numbers".to_owned())
                    }
                    None => Ok(points.clone()),
                }
            }
        }
    }
}

/// Euclidean distances `[target, source]`.
pub fn distances(targets: &[Point], sources: &[Point]) -> Array2<f64> {
    Array2::from_shape_fn((targets.len(), sources.len()), |(i, j)| {
        let square = (0..3).map(|axis| (targets[i][axis] - sources[j][axis]).powi(2));
        square.sum::<f64>().sqrt()
    })
}

impl Network {
    /// The points of a population's units, if it has any.
    ///
    /// # Errors
    /// A population that does not exist.
    pub fn points(&self, population: &str) -> Result<Option<&[Point]>, NetworkError> {
        Ok(self.populations[self.population(population)?].points.as_deref())
    }

    /// Euclidean distances `[target, source]` between the units at the two ends of a projection.
    ///
    /// # Errors
    /// A projection that does not exist, or one with an end that has no positions.
    pub fn distances(&self, projection: &str) -> Result<Array2<f64>, NetworkError> {
        let link = self.link_of(projection)?;
        let end = |population: usize| {
            let population = &self.populations[population];
            population.points.as_deref().ok_or_else(|| {
                let what = format!("distances along projection `{projection}`");
                let value = format!("population `{}` without positions", population.name);
                NetworkError::value(what, value, "positions at both ends")
            })
        };
        Ok(distances(end(link.to.0)?, end(link.from.0)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{Description, Population, Projection, Wiring};
    use crate::library;
    use attractor_numerics::law::Law;

    #[test]
    fn distances_on_a_lattice_are_known() {
        let lattice = Positions::Lattice { shape: [2, 3, 2], spacing: 2.0 };
        let points = lattice.points("rec", 12).unwrap();
        let d = distances(&points, &points);
        assert_eq!(d, d.t());
        assert_eq!((d[[0, 0]], d[[0, 1]], d[[0, 2]], d[[0, 6]]), (0.0, 2.0, 2.0, 2.0));
        // the far corner: (1, 2, 1) · 2
        assert!((d[[0, 11]] - 2.0 * 6f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn random_points_fill_their_box_and_belong_to_the_network() {
        let random = |seed| Positions::Random { size: [1.0, 4.0, 0.0], seed };
        let points = random(3).points("rec", 2000).unwrap();
        assert_eq!(points, random(3).points("rec", 2000).unwrap());
        assert_ne!(points, random(4).points("rec", 2000).unwrap());
        let mean = |axis: usize| points.iter().map(|p| p[axis]).sum::<f64>() / 2000.0;
        // sd of a mean of 2000: 4 / √12 / √2000 = 0.026
        assert!((mean(0) - 0.5).abs() < 0.03 && (mean(1) - 2.0).abs() < 0.11 && mean(2) == 0.0);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let said = |positions: Positions| positions.points("rec", 5).unwrap_err().to_string();
        assert_eq!(
            said(Positions::Lattice { shape: [2, 2, 2], spacing: 1.0 }),
            "positions of `rec`, shape of the lattice: [2, 2, 2] given, three numbers whose product \
             is 5, one point per unit expected"
        );
        assert!(said(Positions::Given { points: vec![[0.0; 3]] }).contains("1 given, 5"));
        assert!(said(Positions::Given { points: vec![[f64::NAN; 3]; 5] }).contains("unit 0"));
        assert!(said(Positions::Random { size: [-1.0, 0.0, 0.0], seed: 0 }).contains("size"));
        assert!(said(Positions::Lattice { shape: [5, 1, 1], spacing: 0.0 }).contains("spacing"));
    }

    #[test]
    fn a_network_knows_the_distances_along_a_projection() {
        let zero = Law::Constant { value: 0.0 };
        let rec = Population::of("rec", 2, &library::linear().unwrap());
        let points = vec![[0.0; 3], [3.0, 4.0, 0.0]];
        let rec = Population { positions: Some(Positions::Given { points }), ..rec };
        let out = Population::of("out", 1, &library::linear().unwrap());
        let wires = ["rec", "out"].map(|to| {
            let to = format!("{to}.I");
            Projection::new("rec.y", &to, Wiring::Dense { law: zero }).lag(1)
        });
        let network = Network::new(Description::new(1.0, vec![rec, out], wires.to_vec())).unwrap();
        assert_eq!(network.distances("rec->rec").unwrap()[[1, 0]], 5.0);
        let said = network.distances("rec->out").unwrap_err().to_string();
        assert!(said.contains("`out` without positions"), "{said}");
        assert!(network.distances("rec->nowhere").is_err());
    }
}
