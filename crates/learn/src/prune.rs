//! Pruning: weights taken away for good, at once or little by little.

use attractor_network::Layout;
use attractor_numerics::Real;
use rand::{Rng, RngExt, seq::SliceRandom};
use serde::{Deserialize, Serialize};

use crate::error::PhaseError;
use crate::pattern::{expect_some, fits};

/// What a phase takes away, and when; what is left is trained on.
///
/// At a cut, so many of the values that fit `parameters` become 0 that the fraction `sparsity` of them
/// is; those that were 0 before count, as where a mask or a projection put them. What is 0 then stays 0,
/// exactly, in this phase and in all later ones.
///
/// With `over` = 0 there is one cut, before update `start` of the phase (counted from 0): with 0,
/// pruning comes after the training of the phases before, and this one is fine-tuning. Otherwise there
/// is a cut every so many updates until `start + over`, and the sparsity rises as
/// `s (1 − (1 − (t − start) / over)³)` (Zhu & Gupta 2017, arXiv:1710.01878).
///
/// ```
/// use attractor_learn::Phase;
/// let phase: Phase = toml::from_str(r#"
///     prune = { parameters = "rec->rec.W", sparsity = 0.9, by = "top-probability" }
///     stop = { updates = 1200 }
/// "#)?;
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prune {
    /// Pattern of parameter names, such as `rec->rec.W`.
    pub parameters: String,
    /// Fraction of the values that are 0 in the end.
    pub sparsity: f64,
    /// Which values go.
    #[serde(default)]
    pub by: By,
    /// Update of the phase before which the first cut is made.
    #[serde(default)]
    pub start: u64,
    /// Updates from the first cut to the last; 0 for one cut.
    #[serde(default)]
    pub over: u64,
    /// Updates from a cut to the next.
    #[serde(default = "hundred")]
    pub every: u64,
}

fn hundred() -> u64 {
    100
}

/// Which values a cut takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The smallest; of equal ones, the first.
    #[default]
    Magnitude,
    /// Any, all alike.
    Random,
    /// Each on its own: a value w stays with probability `K abs(w)`, K such that the expected number
    /// of those that stay is what the sparsity says; what a probability has beyond 1 is shared equally
    /// among those below 1, until none is above (Balwani, Wang, Najafi & Choi 2025,
    /// doi:10.1101/2025.01.09.632231).
    TopProbability,
}

impl Prune {
    /// The sparsity that is due before update `number` of the phase, if there is a cut.
    pub(crate) fn due(&self, number: u64) -> Option<f64> {
        let since = number.checked_sub(self.start).filter(|&since| since <= self.over)?;
        if self.over == 0 {
            return Some(self.sparsity);
        }
        let left = 1.0 - since as f64 / self.over as f64;
        let due = since.is_multiple_of(self.every.max(1)) || since == self.over;
        due.then_some(self.sparsity * (1.0 - left.powi(3)))
    }

    /// Cuts the values that fit down to a sparsity, and returns the places of all that are 0 now.
    ///
    /// Nothing is cut if there are as many zeros already. Under [`By::TopProbability`] the sparsity is
    /// that of the expectation.
    pub fn cut<T: Real>(
        &self,
        layout: &Layout,
        parameters: &mut [T],
        sparsity: f64,
        rng: &mut impl Rng,
    ) -> Vec<usize> {
        let entries = layout.entries().iter().filter(|entry| fits(&self.parameters, entry));
        let places: Vec<usize> = entries.flat_map(|entry| entry.range.clone()).collect();
        let (there, mut zeros): (Vec<usize>, Vec<usize>) =
            places.iter().partition(|&&place| parameters[place] != T::ZERO);
        let kept = places.len() - (sparsity * places.len() as f64).round() as usize;
        if kept < there.len() {
            let sizes: Vec<f64> = there.iter().map(|&k| parameters[k].to_f64().abs()).collect();
            let goes = self.by.choose(&sizes, kept, rng);
            zeros.extend(goes.into_iter().map(|k| there[k]));
            zeros.sort_unstable();
            zeros.iter().for_each(|&place| parameters[place] = T::ZERO);
        }
        zeros
    }

    pub(crate) fn problems(&self, layout: &Layout, updates: u64) -> Vec<PhaseError> {
        let mut problems = Vec::new();
        problems.extend(expect_some(layout, "prune.parameters", &self.parameters, true).err());
        let mut expect = |field: &str, value: f64, right: bool, expected: &'static str| {
            if !right {
                let field = format!("prune.{field}");
                problems.push(PhaseError::Value { field, value, expected });
            }
        };
        let sparsity = self.sparsity;
        expect("sparsity", sparsity, sparsity > 0.0 && sparsity <= 1.0, "above 0 and at most 1");
        expect("every", self.every as f64, self.every > 0, "at least 1");
        let end = self.start.saturating_add(self.over);
        let (field, value) =
            if self.over == 0 { ("start", self.start) } else { ("over", self.over) };
        let expected = "such that the last cut (start + over) comes before `stop.updates`";
        expect(field, value as f64, end < updates, expected);
        for entry in layout.entries().iter().filter(|entry| fits(&self.parameters, entry)) {
            let (low, high) = entry.limits;
            if !(low <= 0.0 && high >= 0.0) {
                let (name, pattern) = (entry.name.clone(), self.parameters.clone());
                problems.push(PhaseError::NotZero { pattern, name, low, high });
            }
        }
        problems
    }
}

impl By {
    /// Indices of the values that go, so that `kept` stay.
    fn choose(self, sizes: &[f64], kept: usize, rng: &mut impl Rng) -> Vec<usize> {
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        match self {
            By::Magnitude => order.sort_by(|&a, &b| sizes[a].total_cmp(&sizes[b])),
            By::Random => order.shuffle(rng),
            By::TopProbability => {
                let stay = probabilities(sizes, kept);
                order.retain(|&k| !rng.random_bool(stay[k]));
                return order;
            }
        }
        order.truncate(sizes.len() - kept);
        order
    }
}

/// Probabilities of staying, in proportion to the sizes but at most 1, that add up to `kept`.
fn probabilities(sizes: &[f64], kept: usize) -> Vec<f64> {
    let total: f64 = sizes.iter().sum();
    let mut stay: Vec<f64> = sizes.iter().map(|size| kept as f64 * size / total).collect();
    loop {
        let excess: f64 = stay.iter().map(|p| (p - 1.0).max(0.0)).sum();
        stay.iter_mut().for_each(|p| *p = p.min(1.0));
        let below = stay.iter().filter(|p| **p < 1.0).count();
        // what is left is below rounding: fewer stay than there are, so some are below 1
        if below == 0 || excess < 1e-9 {
            return stay;
        }
        let share = excess / below as f64;
        stay.iter_mut().filter(|p| **p < 1.0).for_each(|p| *p += share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_numerics::random;

    fn sizes(n: usize) -> Vec<f64> {
        (0..n).map(|k| (1.0 + k as f64).powi(2) * if k % 7 == 0 { 20.0 } else { 1.0 }).collect()
    }

    #[test]
    fn probabilities_add_up_and_keep_the_order() {
        for kept in [1, 10, 60, 140, 199] {
            let sizes = sizes(200);
            let stay = probabilities(&sizes, kept);
            assert!((stay.iter().sum::<f64>() - kept as f64).abs() < 1e-6, "{kept}");
            assert!(stay.iter().all(|p| (0.0..=1.0).contains(p)));
            let mut order: Vec<usize> = (0..200).collect();
            order.sort_by(|&a, &b| sizes[a].total_cmp(&sizes[b]));
            assert!(order.windows(2).all(|pair| stay[pair[0]] <= stay[pair[1]]));
        }
        // without excess, exactly in proportion
        assert_eq!(probabilities(&[1.0, 2.0, 1.0], 1), [0.25, 0.5, 0.25]);
        // 3 (1, 2, 8)/11 = (.27, .55, 2.18): 1.18 is shared, .59 each: (.86, 1.14, 1); .14 more: (1, 1, 1)
        assert!(probabilities(&[1.0, 2.0, 8.0], 3).iter().all(|p| (p - 1.0).abs() < 1e-12));
        // 2 (1, 2, 7)/10 = (.2, .4, 1.4): (.4, .6, 1)
        let stay = probabilities(&[1.0, 2.0, 7.0], 2);
        assert!(stay.iter().zip([0.4, 0.6, 1.0]).all(|(p, q)| (p - q).abs() < 1e-12), "{stay:?}");
    }

    #[test]
    fn each_value_stays_as_often_as_its_probability_says() {
        let (sizes, kept, draws) = ([1.0, 2.0, 7.0, 0.5, 3.0], 3, 20_000);
        let expected = probabilities(&sizes, kept);
        let mut rng = random::stream(1, "prune");
        let mut stayed = [draws; 5];
        for _ in 0..draws {
            for gone in By::TopProbability.choose(&sizes, kept, &mut rng) {
                stayed[gone] -= 1;
            }
        }
        for (stayed, p) in stayed.iter().zip(&expected) {
            // four standard errors of a frequency
            let error = (p * (1.0 - p) / f64::from(draws)).sqrt();
            assert!(
                (f64::from(*stayed) / f64::from(draws) - p).abs() <= 4.0 * error,
                "{stayed} {p}"
            );
        }
    }

    #[test]
    fn the_smallest_go_first() {
        let mut rng = random::stream(1, "prune");
        let mut gone = By::Magnitude.choose(&[3.0, 1.0, 2.0, 1.0], 2, &mut rng);
        gone.sort_unstable();
        assert_eq!(gone, [1, 3]);
        let gone = By::Random.choose(&[1.0; 100], 30, &mut rng);
        assert_eq!(gone.len(), 70);
    }

    #[test]
    fn cuts_come_when_they_are_due() {
        let once = Prune {
            parameters: "*".into(),
            sparsity: 0.8,
            by: By::Magnitude,
            start: 5,
            over: 0,
            every: 100,
        };
        let cuts = |prune: &Prune| -> Vec<(u64, f64)> {
            (0..60).filter_map(|k| Some((k, prune.due(k)?))).collect()
        };
        assert_eq!(cuts(&once), [(5, 0.8)]);
        let gradual = Prune { over: 25, every: 10, ..once };
        let found = cuts(&gradual);
        assert_eq!(found.iter().map(|cut| cut.0).collect::<Vec<_>>(), [5, 15, 25, 30]);
        // 1 − (1 − 10/25)³ = .784
        assert!((found[1].1 - 0.8 * 0.784).abs() < 1e-12);
        assert_eq!((found[0].1, found[3].1), (0.0, 0.8));
    }
}
