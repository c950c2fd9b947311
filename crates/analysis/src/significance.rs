//! Which of many values are more than chance.

use attractor_numerics::random::stream;
use rand::seq::SliceRandom;

use crate::MeasureError;
use crate::cross_validation::members;
use crate::measure_error::{enough, finite};

/// p value of an observation against values of the same statistic under permutation,
/// `(1 + #{null ≥ observed}) / (1 + #null)`: the observed order is one of them, so it is never 0 (Phipson &
/// Smyth 2010, doi:10.2202/1544-6115.1585). What is not a number counts against the observation.
#[must_use]
pub fn permutation_p(observed: f64, null: &[f64]) -> f64 {
    let smaller = null.iter().filter(|value| **value < observed).count();
    let as_large = null.len() - smaller;
    (1 + as_large) as f64 / (1 + null.len()) as f64
}

/// Adjusted p values: those at or below q are discoveries of which a fraction q is false on average
/// (Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x).
///
/// With p₍₁₎ ≤ … ≤ p₍ₘ₎, the k-th smallest becomes `min over l ≥ k of m p₍ₗ₎ / l`.
///
/// # Errors
/// A value outside 0..1.
pub fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>, MeasureError> {
    finite("p values", p)?;
    if let Some(p) = p.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        let fix = "a p value lies in 0..1";
        return Err(MeasureError::Value { name: "p", value: p.to_string(), fix });
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
    let mut adjusted = vec![0.0; p.len()];
    let mut least = 1.0f64;
    for (k, at) in order.into_iter().enumerate() {
        least = least.min(p[at] * p.len() as f64 / (p.len() - k) as f64);
        adjusted[at] = least;
    }
    Ok(adjusted)
}

/// An order of the samples in which whole groups have changed places: sample j of a group gives way to
/// sample j of another. The number `index` tells permutations of one seed apart.
///
/// # Errors
/// Groups of different sizes, no sample.
pub fn permuted_groups(
    groups: &[usize],
    seed: u64,
    index: usize,
) -> Result<Vec<usize>, MeasureError> {
    enough("samples", 1, groups.len())?;
    let members = members(groups);
    let size = members[0].len();
    if let Some(other) = members.iter().find(|samples| samples.len() != size) {
        let what = "samples of a group, as many as of the first";
        return Err(MeasureError::Lengths { what, expected: size, found: other.len() });
    }
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.shuffle(&mut stream(seed, &format!("analysis/permuted-groups/{index}")));
    let mut permuted = vec![0; groups.len()];
    for (to, from) in members.iter().zip(order) {
        to.iter().zip(&members[from]).for_each(|(&to, &from)| permuted[to] = from);
    }
    Ok(permuted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper (Benjamini & Hochberg 1995, section 4): at 5 %, four of 15.
    #[test]
    fn the_example_of_the_paper() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0,
        ];
        let adjusted = benjamini_hochberg(&p).unwrap();
        assert_eq!(adjusted.iter().filter(|q| **q <= 0.05).count(), 4);
        assert!((adjusted[0] - 0.0015).abs() < 1e-12);
        // 15 · 0.0298 / 7 is below 15 · 0.0278 / 6
        assert!((adjusted[6] - 15.0 * 0.0298 / 7.0).abs() < 1e-12 && adjusted[5] == adjusted[6]);
        assert!(benjamini_hochberg(&[0.5, 1.5]).is_err());
        assert_eq!(benjamini_hochberg(&[]).unwrap(), Vec::<f64>::new());
    }

    #[test]
    fn p_counts_the_observation_itself() {
        assert_eq!(permutation_p(3.0, &[1.0, 2.0, 3.0]), 0.5);
        assert_eq!(permutation_p(4.0, &[1.0, 2.0, 3.0]), 0.25);
        assert_eq!(permutation_p(f64::NAN, &[1.0, 2.0, 3.0]), 1.0);
        assert_eq!(permutation_p(4.0, &[1.0, f64::NAN, 3.0]), 0.5);
    }

    #[test]
    fn groups_change_places_as_a_whole() {
        let groups = [7, 3, 7, 3, 9, 9];
        let mut moved = 0;
        for index in 0..20 {
            let order = permuted_groups(&groups, 1, index).unwrap();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4, 5]);
            for pair in [[0, 2], [1, 3], [4, 5]] {
                assert_eq!(groups[order[pair[0]]], groups[order[pair[1]]]);
                assert!(order[pair[0]] < order[pair[1]]);
            }
            moved += usize::from(order != [0, 1, 2, 3, 4, 5]);
        }
        assert!(moved > 10);
        assert!(permuted_groups(&[1, 1, 2], 1, 0).is_err());
    }
}
