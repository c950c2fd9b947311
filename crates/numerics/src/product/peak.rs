//! What the machine can do at most.

use std::sync::Barrier;
use std::time::Instant;

use super::{Packed, padded};
use crate::{Isa, Real};

/// Measured peak of matrix products in floating-point operations per second: the best of several
/// products with 512 × 512 weights, `threads` at once, each with its own. Takes about half a second.
/// The roofline of benchmarks: no recurrent network runs faster.
pub fn peak<T: Real>(isa: Isa, threads: usize) -> f64 {
    const SIZE: usize = 512;
    const ROWS: usize = 64;
    const REPEATS: usize = 10;
    const ROUNDS: usize = 40;
    let threads = threads.max(1);
    let barrier = Barrier::new(threads);
    let best = || {
        let ld = padded(SIZE);
        let mut packed = Packed::new(isa, SIZE, SIZE);
        let weights = vec![T::from_f64(1e-3); SIZE * SIZE];
        packed.pack(&weights, SIZE);
        let x = vec![T::ONE; ROWS * ld];
        let mut y = vec![T::ZERO; ROWS * ld];
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            barrier.wait();
            let start = Instant::now();
            for _ in 0..REPEATS {
                packed.multiply(&x, ld, ROWS, &mut y, ld, T::ONE, false);
            }
            barrier.wait();
            best = best.min(start.elapsed().as_secs_f64());
        }
        best
    };
    let seconds = std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(best)).collect();
        let mine = best();
        // a round lasts until its last thread is through, so all measure the same
        workers
            .into_iter()
            .fold(mine, |seconds, worker| worker.join().map_or(seconds, |s| s.max(seconds)))
    });
    (2 * SIZE * SIZE * ROWS * REPEATS * threads) as f64 / seconds
}
