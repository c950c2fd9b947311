use super::*;
use crate::{Isa, Real};

/// Repeatable numbers in −1..1 without short cycles.
fn numbers<T: Real>(n: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..n)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            T::from_f64((state >> 33) as f64 / (1u64 << 30) as f64 - 1.0)
        })
        .collect()
}

fn tolerance<T: Real>(terms: usize) -> f64 {
    let epsilon = if T::NAME == "f32" { f64::from(f32::EPSILON) } else { f64::EPSILON };
    epsilon * (terms as f64).max(8.0) // partial sums grow like √terms, and so do their rounding errors
}

const SIZES: [usize; 10] = [1, 2, 3, 8, 16, 17, 50, 64, 100, 131];

fn check_multiply<T: Real>(isa: Isa) {
    for targets in SIZES {
        for sources in [0, 1, 3, 8, 17, 50, 100, 257] {
            for rows in [1, 2, 3, 5, 8, 13, 40] {
                let (ldx, ldy, ldw) = (sources + 3, targets + 5, sources + 2);
                let w = numbers::<T>(targets * ldw, 1);
                let mut x = numbers::<T>(rows * ldx, 2);
                for row in x.chunks_mut(ldx) {
                    row[sources..].fill(T::from_f64(f64::NAN)); // padding is not read
                }
                let old = numbers::<T>(rows * ldy, 3);
                let mut packed = Packed::new(isa, targets, sources);
                packed.pack(&w, ldw);
                let mut transposed = Packed::new(isa, targets, sources);
                let mut wt = vec![T::ZERO; sources * (targets + 1)];
                for t in 0..targets {
                    for s in 0..sources {
                        wt[s * (targets + 1) + t] = w[t * ldw + s];
                    }
                }
                transposed.pack_transposed(&wt, targets + 1);
                let alpha = T::from_f64(0.75);
                for accumulate in [false, true] {
                    let (mut y, mut again) = (old.clone(), old.clone());
                    packed.multiply(&x, ldx, rows, &mut y, ldy, alpha, accumulate);
                    transposed.multiply(&x, ldx, rows, &mut again, ldy, alpha, accumulate);
                    assert_eq!(y, again);
                    // onto a row is onto copies of it
                    let bias = &old[..targets];
                    let mut copies = old.clone();
                    copies.chunks_mut(ldy).for_each(|y| y[..targets].copy_from_slice(bias));
                    let mut onto = copies.clone();
                    packed.multiply(&x, ldx, rows, &mut copies, ldy, alpha, true);
                    onto.chunks_mut(ldy).for_each(|y| y[..targets].fill(T::ONE)); // is not read
                    packed.multiply_onto(bias, &x, ldx, rows, &mut onto, ldy, alpha);
                    assert_eq!(onto, copies);
                    for r in 0..rows {
                        for t in 0..ldy {
                            let mut truth = if accumulate || t >= targets {
                                old[r * ldy + t].to_f64()
                            } else {
                                0.0
                            };
                            if t < targets {
                                for s in 0..sources {
                                    truth +=
                                        0.75 * x[r * ldx + s].to_f64() * w[t * ldw + s].to_f64();
                                }
                            }
                            let error = (y[r * ldy + t].to_f64() - truth).abs();
                            assert!(
                                error <= tolerance::<T>(sources),
                                "{isa} {targets} {sources} {rows} {r} {t}: {error:e}"
                            );
                        }
                        // a row does not depend on its neighbours
                        let mut one = old[r * ldy..][..ldy].to_vec();
                        packed.multiply(
                            &x[r * ldx..][..sources],
                            ldx,
                            1,
                            &mut one,
                            ldy,
                            alpha,
                            accumulate,
                        );
                        assert_eq!(one, y[r * ldy..][..ldy]);
                    }
                }
            }
        }
    }
}

fn check_outer<T: Real>(isa: Isa) {
    for targets in SIZES {
        for sources in SIZES {
            for rows in [0, 1, 7, 128, 301] {
                let (ldg, ldd, ldx) = (sources + 1, targets + 3, sources + 2);
                let (mut d, mut x) = (numbers::<T>(rows * ldd, 4), numbers::<T>(rows * ldx, 5));
                d.chunks_mut(ldd).for_each(|row| row[targets..].fill(T::from_f64(f64::NAN)));
                x.chunks_mut(ldx).for_each(|row| row[sources..].fill(T::from_f64(f64::NAN)));
                let old = numbers::<T>(targets * ldg, 6);
                let mut g = old.clone();
                accumulate_outer(isa, &mut g, ldg, &d, ldd, targets, &x, ldx, sources, rows);
                let mut truth: Vec<f64> = old.iter().map(|v| v.to_f64()).collect();
                for r in 0..rows {
                    for t in 0..targets {
                        for s in 0..sources {
                            truth[t * ldg + s] += d[r * ldd + t].to_f64() * x[r * ldx + s].to_f64();
                        }
                    }
                }
                for (mine, truth) in g.iter().zip(truth) {
                    let error = (mine.to_f64() - truth).abs();
                    assert!(
                        error <= tolerance::<T>(rows),
                        "{isa} {targets} {sources} {rows}: {error:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn multiply_agrees_with_the_definition() {
    for isa in Isa::available() {
        check_multiply::<f32>(isa);
        check_multiply::<f64>(isa);
    }
}

#[test]
fn outer_products_agree_with_the_definition() {
    for isa in Isa::available() {
        check_outer::<f32>(isa);
        check_outer::<f64>(isa);
    }
}

/// Sets all but about one value in `keep` to 0.
fn silence<T: Real>(x: &mut [T], keep: usize) {
    let fires = |k: usize| (k as u32).wrapping_mul(2_654_435_761) >> 16;
    let silent = |k: usize| !(fires(k) as usize).is_multiple_of(keep);
    x.iter_mut().enumerate().filter(|(k, _)| silent(*k)).for_each(|(_, x)| *x = T::ZERO);
}

/// Zeros are skipped without a trace: the same bits as the dense kernels, which a row without zeros
/// beside them makes the choice; and a NaN is no zero.
fn check_silent<T: Real>(isa: Isa) {
    for (targets, sources) in [(17, 100), (48, 64), (100, 131), (131, 257)] {
        for keep in [6, 20, 1000] {
            let rows = 9;
            let (w, mut x) = (numbers::<T>(targets * sources, 1), numbers::<T>(rows * sources, 2));
            silence(&mut x, keep);
            let mut packed = Packed::new(isa, targets, sources);
            packed.pack(&w, sources);
            let mut y = numbers::<T>(rows * targets, 3);
            let mut dense = y.clone();
            packed.multiply(&x, sources, rows, &mut y, targets, T::ONE, true);
            let mut beside = x.clone();
            beside.extend(numbers::<T>(4 * rows * sources, 4));
            dense.resize(5 * rows * targets, T::ZERO);
            packed.multiply(&beside, sources, 5 * rows, &mut dense, targets, T::ONE, true);
            assert_eq!(y, dense[..y.len()], "{isa} {targets} × {sources}, 1 in {keep}");

            let d = numbers::<T>(300 * targets, 5);
            let mut x = numbers::<T>(300 * sources, 6);
            silence(&mut x, keep);
            let mut g = numbers::<T>(targets * sources, 7);
            let mut dense: Vec<f64> = g.iter().map(|v| v.to_f64()).collect();
            accumulate_outer(isa, &mut g, targets, &x, sources, sources, &d, targets, targets, 300);
            for r in 0..300 {
                for (s, row) in dense.chunks_mut(targets).enumerate() {
                    let x = x[r * sources + s].to_f64();
                    row.iter_mut().zip(&d[r * targets..]).for_each(|(g, d)| *g += x * d.to_f64());
                }
            }
            for (mine, truth) in g.iter().zip(dense) {
                assert!((mine.to_f64() - truth).abs() <= tolerance::<T>(300));
            }

            let mut x = vec![T::ZERO; sources];
            x[sources - 1] = T::from_f64(f64::NAN);
            let mut y = vec![T::ZERO; targets];
            packed.multiply(&x, sources, 1, &mut y, targets, T::ONE, true);
            assert!(y.iter().all(|y| y.to_f64().is_nan()));
        }
    }
}

#[test]
fn zeros_are_skipped_without_a_trace() {
    for isa in Isa::available() {
        check_silent::<f32>(isa);
        check_silent::<f64>(isa);
    }
}

#[test]
fn many_rows_go_through_several_blocks() {
    let (n, rows) = (40, 5000);
    let ld = padded(n);
    let (w, x) = (numbers::<f32>(n * n, 7), numbers::<f32>(rows * ld, 8));
    for isa in Isa::available() {
        let mut packed = Packed::new(isa, n, n);
        packed.pack(&w, n);
        let mut y = vec![0.0f32; rows * ld];
        packed.multiply(&x, ld, rows, &mut y, ld, 1.0, true);
        for r in (0..rows).step_by(97) {
            let truth: f32 = (0..n).map(|s| x[r * ld + s] * w[5 * n + s]).sum();
            assert!((y[r * ld + 5] - truth).abs() < 1e-5);
            assert!(y[r * ld + n..(r + 1) * ld].iter().all(|&v| v == 0.0));
        }
    }
}

#[test]
fn padding_is_a_multiple_of_16_off_powers_of_two() {
    assert_eq!([1, 16, 50, 128, 256, 500, 1024].map(padded), [16, 16, 64, 128, 272, 528, 1040]);
}

#[test]
fn peak_is_positive() {
    assert!(peak::<f64>(Isa::best(), 1) > 1e8);
}
