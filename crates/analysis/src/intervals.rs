//! Intervals of fractions and means.

use attractor_numerics::math;

/// Wilson's interval of a fraction at this level (Wilson 1927, doi:10.1080/01621459.1927.10502953); it
/// holds the fraction itself. `trials` must not be 0.
pub fn wilson(successes: usize, trials: usize, level: f64) -> [f64; 2] {
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let z2 = chi_square_quantile(level);
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = (z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n))).sqrt() / (1.0 + z2 / n);
    // of 0 and 1, one end is the fraction itself but for rounding
    [(middle - half).clamp(0.0, p), (middle + half).clamp(p, 1.0)]
}

/// The cumulative normal distribution.
pub(crate) fn normal_cdf(z: f64) -> f64 {
    0.5 * (1.0 + math::erf::<f64, false>(z * std::f64::consts::FRAC_1_SQRT_2))
}

/// The value that a squared normal number stays below with this probability.
pub(crate) fn chi_square_quantile(level: f64) -> f64 {
    let within = |z: f64| math::erf::<f64, false>(z * std::f64::consts::FRAC_1_SQRT_2);
    bisect(|z| within(z) < level, 0.0, 9.0).powi(2)
}

/// The t with `P(|T| < t) = level` for Student's distribution.
pub(crate) fn student_two_sided(level: f64, degrees: usize) -> f64 {
    let mut high = 1.0;
    while student_within(high, degrees) < level && high < 1e9 {
        high *= 2.0;
    }
    bisect(|t| student_within(t, degrees) < level, 0.0, high)
}

/// `P(|T| < t)` for Student's distribution with whole degrees of freedom: finite sums in
/// `θ = arctan(t / √ν)` (Abramowitz & Stegun 26.7.3 and 26.7.4).
fn student_within(t: f64, degrees: usize) -> f64 {
    let nu = degrees as f64;
    let (sin, cos) = {
        let length = nu.sqrt().hypot(t);
        (t / length, nu.sqrt() / length)
    };
    let odd = degrees % 2 == 1;
    let (mut term, mut sum, mut k) = (if odd { cos } else { 1.0 }, 0.0, if odd { 1 } else { 0 });
    while k + 2 <= degrees {
        sum += term;
        k += 2;
        // of even degrees (1/2) cos², (1·3)/(2·4) cos⁴ …, of odd ones (2/3) cos³, (2·4)/(3·5) cos⁵ …
        term *= cos * cos * (k as f64 - 1.0) / k as f64;
    }
    if odd { (t.atan2(nu.sqrt()) + sin * sum) * std::f64::consts::FRAC_2_PI } else { sin * sum }
}

/// The border between where a condition holds, below, and where it does not, to 12 digits.
pub(crate) fn bisect(below: impl Fn(f64) -> bool, mut low: f64, mut high: f64) -> f64 {
    while high - low > 1e-12 * high.abs().max(1e-3) {
        let middle = 0.5 * (low + high);
        if below(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_in_closed_form() {
        for level in [0.5, 0.9, 0.95, 0.99] {
            // Cauchy, and two degrees of freedom: t = p √(2 / (1 − p²))
            let one = (level * std::f64::consts::FRAC_PI_2).tan();
            let two = level * (2.0 / (1.0 - level * level)).sqrt();
            assert!((student_two_sided(level, 1) / one - 1.0).abs() < 1e-10);
            assert!((student_two_sided(level, 2) / two - 1.0).abs() < 1e-10);
            let many = student_two_sided(level, 100_000).powi(2);
            assert!((many / chi_square_quantile(level) - 1.0).abs() < 1e-4);
        }
        assert!((chi_square_quantile(0.95) - 3.841_458_820_694_124).abs() < 1e-9);
    }

    /// Wilson's ends are the fractions from which the observed one is z standard errors away.
    #[test]
    fn wilson_inverts_the_score_test() {
        let z2 = chi_square_quantile(0.9);
        for (k, n) in [(0, 5), (3, 10), (10, 10), (499, 1000)] {
            let p = k as f64 / n as f64;
            for (end, edge) in wilson(k, n, 0.9).into_iter().zip([0.0, 1.0]) {
                let score = (p - end).powi(2) - z2 * end * (1.0 - end) / n as f64;
                assert!(score.abs() < 1e-12 || end == edge, "{k} of {n}: {end}");
            }
        }
        assert_eq!((wilson(0, 5, 0.9)[0], wilson(5, 5, 0.9)[1]), (0.0, 1.0));
    }
}
