//! Matrix products of recurrent networks: few rows (trials), weights that stand still for many steps.
//!
//! Activity is row-major, row = trial, column = unit, with a leading dimension of at least the number
//! of columns, best [`padded`]. Weights are `W[target, source]`. Three products make up a training step:
//!
//! | | | |
//! |---|---|---|
//! | forward | `y += x Wᵀ` | [`Packed::pack`], [`Packed::multiply`] |
//! | backward | `x̄ += ȳ W` | [`Packed::pack_transposed`], [`Packed::multiply`] |
//! | weight gradient | `G += ȳᵀ x` over all steps and trials | [`accumulate_outer`] |
//!
//! Where few weights differ from 0, [`Sparse`] and [`accumulate_pattern`] do the same.
//!
//! One thread each: parallelism is over shards of trials, outside. For given arguments and instruction
//! set the bits of the result are always the same; a row of `y` does not depend on how many rows there are.
//!
//! The register tile follows K. Goto and R. van de Geijn, *Anatomy of high-performance matrix
//! multiplication*, ACM Trans. Math. Softw. 34 (2008), doi:10.1145/1356052.1356053; packing weights
//! once for many steps removes the cost that keeps general libraries slow at these sizes.

mod lines;
mod outer;
mod packed;
mod pattern;
mod peak;
mod rank_one;
mod skip;
mod sparse;
mod tile;
mod turn;

pub(crate) use outer::Outer;
pub use outer::accumulate_outer;
pub use packed::Packed;
pub(crate) use packed::Product;
pub use pattern::Pattern;
pub use peak::peak;
pub(crate) use rank_one::Pass;
pub use rank_one::{Changing, Symmetric, lanes};
pub use sparse::{Sparse, accumulate_pattern};
pub(crate) use sparse::{SparseOuter, SparseProduct};

/// Leading dimension for rows of `n` values: a multiple of 16, and no multiple of 256, so that
/// the same column of neighbouring rows does not compete for the same cache lines.
pub fn padded(n: usize) -> usize {
    let multiple = n.div_ceil(16) * 16;
    if multiple > 0 && multiple.is_multiple_of(256) { multiple + 16 } else { multiple }
}

/// Whether `length` values hold `rows` rows of `columns` with leading dimension `ld`.
fn holds(length: usize, rows: usize, columns: usize, ld: usize) -> bool {
    columns <= ld && (rows == 0 || length >= (rows - 1) * ld + columns)
}

#[cfg(test)]
mod tests;
