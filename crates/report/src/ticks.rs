//! Where the ticks of an axis go and how they read.
//!
//! Linear axes step by 1, 2 or 5 times a power of ten, the smallest step that leaves at most the number of labels
//! there is room for. Logarithmic axes label decades, every k-th where they crowd; below two decades they fall back
//! to 1-2-5 and then to linear steps.

use crate::label::Label;

/// Labelled ticks, and unlabelled ones between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ticks {
    pub(crate) major: Vec<(f64, Label)>,
    pub(crate) minor: Vec<f64>,
}

/// Ticks of a linear axis from `lo` to `hi`, at most `most` (two at the least).
pub(crate) fn linear(lo: f64, hi: f64, most: usize) -> Ticks {
    let (values, step) = linear_values(lo, hi, most);
    Ticks { major: with_labels(&values, step), minor: Vec::new() }
}

/// Ticks of a logarithmic axis from `lo` to `hi`, both positive, about `most` labels.
pub(crate) fn logarithmic(lo: f64, hi: f64, most: usize) -> Ticks {
    let most = most.max(2);
    let slack = 1e-9;
    let first = (lo.log10() - slack).ceil() as i32;
    let last = (hi.log10() + slack).floor() as i32;
    let inside = |v: f64| v >= lo * (1.0 - 1e-9) && v <= hi * (1.0 + 1e-9);
    if last - first >= 1 {
        let widest = (((last - first) as usize + 1).div_ceil(most)).max(1) as i32;
        let multiples = |every: i32| -> Vec<i32> {
            (first..=last).filter(|d| d.rem_euclid(every) == 0).collect()
        };
        // Multiples of `every` may hit the axis once only; a denser choice then hits it twice.
        let spaced =
            (1..=widest).rev().map(|every| (every, multiples(every))).find(|(_, d)| d.len() >= 2);
        if let Some((every, decades)) = spaced {
            let major = decades.iter().map(|&d| (10f64.powi(d), power(d))).collect();
            let minor = if every == 1 {
                (first - 1..=last)
                    .flat_map(|d| (2..=9).map(move |m| f64::from(m) * 10f64.powi(d)))
                    .filter(|&v| inside(v))
                    .collect()
            } else {
                (first..=last).filter(|d| !decades.contains(d)).map(|d| 10f64.powi(d)).collect()
            };
            return Ticks { major, minor };
        }
    }
    let mut sparse: Vec<f64> = (first - 1..=last)
        .flat_map(|d| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(d)))
        .filter(|&v| inside(v))
        .collect();
    sparse.dedup();
    if (2..=most.max(3)).contains(&sparse.len()) {
        // Each label with the decimals it needs: 0.02, 0.1, 0.5.
        let major = sparse.iter().map(|&v| (v, step_label(v, decade(v), v))).collect();
        let minor = (first - 1..=last)
            .flat_map(|d| (2..=9).map(move |m| f64::from(m) * 10f64.powi(d)))
            .filter(|&v| inside(v))
            .collect();
        return Ticks { major, minor };
    }
    linear(lo, hi, most)
}

/// A power of ten as a label.
fn power(exponent: i32) -> Label {
    match exponent {
        0 => Label::from("1"),
        1 => Label::from("10"),
        e => Label::from("10").sup(signed(&e.to_string())),
    }
}

fn linear_values(lo: f64, hi: f64, most: usize) -> (Vec<f64>, f64) {
    let most = most.max(2);
    let mut exponent = decade((hi - lo) / most as f64) - 1;
    let mut finer = None;
    loop {
        for m in [1.0, 2.0, 5.0] {
            let step = m * 10f64.powi(exponent);
            // A rounding error in lo or hi must not cost the tick that stands on the end of the axis.
            let slack = 1e-9 * (hi - lo) / step;
            let (from, to) = ((lo / step - slack).ceil(), (hi / step + slack).floor());
            let count = (to - from + 1.0).max(0.0) as usize;
            if count <= most {
                let (from, count, step) = if count < 2 {
                    finer.unwrap_or((from, count, step))
                } else {
                    (from, count, step)
                };
                // i * step, but with the division exact where the step is below one: 3 / 10 rather than 3 * 0.1.
                let value = |i: f64| {
                    if step < 1.0 { i / (1.0 / step).round() } else { i * step }
                };
                let exact = (1.0 / step).is_finite() && step > 1e-15;
                return (
                    (0..count)
                        .map(
                            |k| {
                                if exact {
                                    value(from + k as f64)
                                } else {
                                    (from + k as f64) * step
                                }
                            },
                        )
                        .collect(),
                    step,
                );
            }
            finer = Some((from, count, step));
        }
        exponent += 1;
    }
}

/// Labels with exactly the decimals the step asks for.
fn with_labels(values: &[f64], step: f64) -> Vec<(f64, Label)> {
    let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    values.iter().map(|&v| (v, step_label(v, decade(step), largest))).collect()
}

/// One tick label; `step` is the decade of the distance between ticks, `largest` the largest magnitude on the axis.
fn step_label(v: f64, step: i32, largest: f64) -> Label {
    if v == 0.0 {
        return Label::from("0");
    }
    if largest >= 1e6 || step < -4 {
        let e = decade(largest);
        let decimals = (e - step).clamp(0, 12) as usize;
        // Two steps: 10^e itself may be beyond the range of numbers.
        let mantissa = v / 10f64.powi(e / 2) / 10f64.powi(e - e / 2);
        return Label::from(signed(&format!("{mantissa:.decimals$}")))
            .text("×10")
            .sup(signed(&e.to_string()));
    }
    Label::from(grouped(&format!("{v:.*}", (-step).max(0) as usize)))
}

/// The exponent of the leading digit.
fn decade(v: f64) -> i32 {
    if !(v.is_finite() && v > 0.0) {
        return 0;
    }
    // 9.999e-4 and 1e-3 must not be confused by the rounding of the logarithm.
    format!("{v:e}").rsplit_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0)
}

/// A number with `digits` significant digits, for tables, captions and notes: 0.0123, 12,345, 1.2e−7 as 1.2×10⁻⁷.
#[must_use]
pub fn number(v: f64, digits: usize) -> String {
    let digits = digits.clamp(1, 15);
    if v.is_nan() {
        return "–".to_owned();
    }
    if v.is_infinite() {
        return if v > 0.0 { "∞".to_owned() } else { "−∞".to_owned() };
    }
    if v == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{v:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.rsplit_once('e').unwrap_or((&scientific, "0"));
    let e: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&e) {
        let superscript: String = exponent
            .chars()
            .map(|c| match c {
                '-' => '⁻',
                c => c.to_digit(10).and_then(|d| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(d as usize)).unwrap_or(c),
            })
            .collect();
        return format!("{}×10{superscript}", signed(mantissa));
    }
    grouped(&format!("{v:.*}", (digits as i32 - 1 - e).max(0) as usize))
}

/// The same without trailing zeros: 0.95 rather than 0.950.
#[must_use]
pub(crate) fn short(v: f64, digits: usize) -> String {
    let s = number(v, digits);
    if !s.contains('.') || s.contains('×') {
        return s;
    }
    s.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Hyphen to minus sign.
fn signed(s: &str) -> String {
    s.replace('-', "−")
}

/// Minus sign, and commas between thousands from 10,000 up.
fn grouped(s: &str) -> String {
    let (sign, rest) = s.strip_prefix('-').map_or(("", s), |r| ("−", r));
    let (whole, fraction) = rest.find('.').map_or((rest, ""), |p| rest.split_at(p));
    let mut out = sign.to_owned();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && whole.len() > 4 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out + fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(t: &Ticks) -> Vec<String> {
        t.major.iter().map(|(_, l)| l.plain()).collect()
    }

    #[test]
    fn familiar_axes_read_as_expected() {
        assert_eq!(texts(&linear(0.0, 1000.0, 6)), ["0", "200", "400", "600", "800", "1000"]);
        assert_eq!(texts(&linear(-1.0, 1.0, 5)), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
        assert_eq!(texts(&linear(0.0, 20_000.0, 3)), ["0", "10,000", "20,000"]);
        assert_eq!(texts(&linear(0.0, 4e-6, 3)), ["0", "2×10−6", "4×10−6"]);
        assert_eq!(texts(&logarithmic(1e-4, 1.0, 9)), ["10−4", "10−3", "10−2", "10−1", "1"]);
        assert_eq!(texts(&logarithmic(0.02, 0.6, 5)), ["0.02", "0.05", "0.1", "0.2", "0.5"]);
        assert_eq!(texts(&logarithmic(1e-12, 1.0, 4)), ["10−12", "10−8", "10−4", "1"]);
        assert_eq!(logarithmic(1.0, 100.0, 5).minor.len(), 16);
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        for (v, s) in [
            (0.01234, "0.0123"),
            (12345.6, "12,346"),
            (-0.5, "−0.500"),
            (1.2e-7, "1.20×10⁻⁷"),
            (9.9999e5, "1.00×10⁶"),
            (97.25, "97.2"),
            (f64::NAN, "–"),
            (f64::NEG_INFINITY, "−∞"),
            (0.0, "0"),
        ] {
            assert_eq!(number(v, 3), s);
        }
    }

    /// Reads a label back, scientific or plain.
    fn value(label: &Label) -> f64 {
        let plain = label.plain().replace('−', "-").replace(',', "");
        if let Some((m, e)) = plain.split_once("×10") {
            return m.parse::<f64>().unwrap() * 10f64.powi(e.parse::<i32>().unwrap());
        }
        match (&label.spans[..], plain.strip_prefix("10")) {
            ([_, _], Some(e)) => 10f64.powi(e.parse().unwrap()),
            _ => plain.parse().unwrap(),
        }
    }

    proptest! {
        #[test]
        fn linear_ticks_are_few_even_inside_and_labelled_truly(
            lo in -1e5f64..1e5, span in -8f64..8.0, most in 2usize..12,
        ) {
            let width = 10f64.powf(span).max(lo.abs() * 1e-6);
            let hi = lo + width;
            let t = linear(lo, hi, most);
            // Two ticks are not always possible with a 1-2-5 step and room for only two; one step finer then gives up to five.
            prop_assert!(t.major.len() >= 2 && t.major.len() <= most.max(6), "{t:?}");
            let v: Vec<f64> = t.major.iter().map(|m| m.0).collect();
            let step = v[1] - v[0];
            prop_assert!(v.windows(2).all(|w| w[1] > w[0] && ((w[1] - w[0]) / step - 1.0).abs() < 1e-3));
            prop_assert!(v.iter().all(|&x| x >= lo - 1e-6 * width && x <= hi + 1e-6 * width));
            for (x, label) in &t.major {
                prop_assert!((value(label) - x).abs() <= 1e-6 * step.max(x.abs() * 1e-6) + 1e-3 * step, "{x} as {}", label.plain());
            }
            let mut seen: Vec<String> = t.major.iter().map(|m| m.1.plain()).collect();
            seen.dedup();
            prop_assert_eq!(seen.len(), t.major.len());
        }

        #[test]
        fn logarithmic_ticks_are_inside_rising_and_labelled_truly(lo in -30f64..30.0, decades in 0.01f64..40.0, most in 2usize..10) {
            let (a, b) = (10f64.powf(lo), 10f64.powf(lo + decades));
            let t = logarithmic(a, b, most);
            prop_assert!(t.major.len() >= 2 && t.major.len() <= most.max(6) + 1, "{t:?}");
            for v in t.major.iter().map(|m| m.0).chain(t.minor.iter().copied()) {
                prop_assert!(v >= a * (1.0 - 1e-6) && v <= b * (1.0 + 1e-6), "{v} outside {a}..{b}");
            }
            prop_assert!(t.major.windows(2).all(|w| w[1].0 > w[0].0));
            for (x, label) in &t.major {
                prop_assert!((value(label) / x - 1.0).abs() < 1e-2, "{x} as {}", label.plain());
            }
        }

        #[test]
        fn a_number_with_six_digits_is_right_to_six_digits(m in -9.99f64..9.99, e in -12i32..12) {
            let v = m * 10f64.powi(e);
            let s = number(v, 6);
            let plain: String = s.replace('−', "-").replace(',', "");
            let back = match plain.split_once("×10") {
                None => plain.parse::<f64>().unwrap(),
                Some((m, e)) => {
                    let e: String = e.chars().map(|c| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|d| d == c).map_or('-', |d| char::from(b'0' + d as u8))).collect();
                    m.parse::<f64>().unwrap() * 10f64.powi(e.parse().unwrap())
                }
            };
            prop_assert!((back - v).abs() <= 1e-5 * v.abs(), "{v} as {s}");
        }
    }
}
