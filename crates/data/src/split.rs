//! Training and held-out data: by trials, or by blocks of time for one continuous stretch.

use std::ops::Range;

use rand::seq::SliceRandom;

/// Which trials are trained on and which are held out; both in ascending order, disjoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Trials to train on.
    pub train: Vec<usize>,
    /// Trials to judge by.
    pub held_out: Vec<usize>,
}

/// Which stretches of time are trained on and which are held out, in steps, ascending, disjoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeSplit {
    /// Stretches to train on.
    pub train: Vec<Range<usize>>,
    /// Stretches to judge by.
    pub held_out: Vec<Range<usize>>,
}

/// A split that cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// The held-out part is nothing, everything, or no number.
    #[error(
        "held-out fraction is {fraction}; it must lie between 0 and 1, and leave at least one of {of} {what} on each side"
    )]
    Fraction {
        /// The fraction asked for.
        fraction: f64,
        /// How many there are to divide.
        of: usize,
        /// Of what: `"trials"` or `"blocks"`.
        what: &'static str,
    },
    /// Blocks that leave nothing to divide.
    #[error(
        "blocks of {block} steps with gaps of {gap} do not fit into {steps} steps; use block > 2 gap and at least two blocks"
    )]
    Blocks {
        /// Steps per block.
        block: usize,
        /// Steps dropped on either side of a border.
        gap: usize,
        /// Steps there are.
        steps: usize,
    },
    /// Too few for so many folds.
    #[error("{of} {what} cannot be divided into {folds} folds; folds must lie in 2..={of}")]
    Folds {
        /// The folds asked for.
        folds: usize,
        /// How many there are to divide.
        of: usize,
        /// Of what.
        what: &'static str,
    },
}

/// Holds out a random fraction of the trials (rounded, at least one on each side).
///
/// # Errors
/// [`SplitError::Fraction`].
pub fn by_trials(trials: usize, held_out: f64, seed: u64) -> Result<Split, SplitError> {
    let chosen = choose(trials, held_out, seed, "trials")?;
    Ok(Split {
        train: (0..trials).filter(|&t| !chosen[t]).collect(),
        held_out: (0..trials).filter(|&t| chosen[t]).collect(),
    })
}

/// Cuts `steps` into blocks of `block` steps (the last takes the remainder) and holds out a random
/// fraction of the blocks.
///
/// Neighbouring blocks of the same kind are joined. Where kinds meet, `gap` steps are dropped on
/// either side: data smoothed with a Gaussian of sd s need a gap of about 3 s, or the held-out part
/// has leaked into the training part. Stretches that the gaps consume are left out.
///
/// # Errors
/// [`SplitError::Blocks`], [`SplitError::Fraction`].
pub fn by_blocks(
    steps: usize,
    block: usize,
    held_out: f64,
    gap: usize,
    seed: u64,
) -> Result<TimeSplit, SplitError> {
    if block == 0 || block <= 2 * gap || steps / block < 2 {
        return Err(SplitError::Blocks { block, gap, steps });
    }
    let blocks = steps / block;
    let chosen = choose(blocks, held_out, seed, "blocks")?;
    let mut split = TimeSplit { train: Vec::new(), held_out: Vec::new() };
    let mut first = 0;
    while first < blocks {
        let last =
            (first..blocks).take_while(|&b| chosen[b] == chosen[first]).last().unwrap_or(first);
        let from = if first == 0 { 0 } else { first * block + gap };
        let to = if last + 1 == blocks { steps } else { (last + 1) * block - gap };
        if from < to {
            let side = if chosen[first] { &mut split.held_out } else { &mut split.train };
            side.push(from..to);
        }
        first = last + 1;
    }
    if split.train.is_empty() || split.held_out.is_empty() {
        return Err(SplitError::Blocks { block, gap, steps });
    }
    Ok(split)
}

/// Divides `count` things into `folds` contiguous parts of nearly equal size, for cross-validation.
///
/// # Errors
/// [`SplitError::Folds`].
pub fn folds(count: usize, folds: usize) -> Result<Vec<Range<usize>>, SplitError> {
    if folds < 2 || folds > count {
        return Err(SplitError::Folds { folds, of: count, what: "samples" });
    }
    Ok((0..folds).map(|f| f * count / folds..(f + 1) * count / folds).collect())
}

/// Marks the chosen ones.
fn choose(
    count: usize,
    fraction: f64,
    seed: u64,
    what: &'static str,
) -> Result<Vec<bool>, SplitError> {
    if !(fraction > 0.0 && fraction < 1.0) || count < 2 {
        return Err(SplitError::Fraction { fraction, of: count, what });
    }
    let held_out = ((fraction * count as f64).round() as usize).clamp(1, count - 1);
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut attractor_numerics::random::stream(seed, "data/split"));
    let mut chosen = vec![false; count];
    order[..held_out].iter().for_each(|&i| chosen[i] = true);
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_divided_once_and_the_same_way() {
        let split = by_trials(10, 0.2, 7).unwrap();
        assert_eq!((split.train.len(), split.held_out.len()), (8, 2));
        let mut all = [split.train.clone(), split.held_out.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(by_trials(10, 0.2, 7).unwrap(), split);
        assert!((1..20).any(|seed| by_trials(10, 0.2, seed).unwrap() != split));
        assert_eq!(by_trials(2, 0.01, 0).unwrap().held_out.len(), 1);
        assert!(by_trials(1, 0.5, 0).is_err());
        assert!(by_trials(10, 1.0, 0).is_err());
        assert!(by_trials(10, f64::NAN, 0).is_err());
    }

    #[test]
    fn blocks_keep_their_distance() {
        for seed in 0..50 {
            let split = by_blocks(666, 60, 0.25, 6, seed).unwrap();
            let mut all: Vec<(Range<usize>, bool)> =
                split.train.iter().map(|r| (r.clone(), false)).collect();
            all.extend(split.held_out.iter().map(|r| (r.clone(), true)));
            all.sort_by_key(|(range, _)| range.start);
            for pair in all.windows(2) {
                assert_ne!(pair[0].1, pair[1].1, "neighbours of one kind are joined");
                assert_eq!(pair[1].0.start - pair[0].0.end, 12);
            }
            assert_eq!((all[0].0.start, all[all.len() - 1].0.end), (0, 666));
        }
        assert!(matches!(by_blocks(100, 12, 0.2, 6, 0), Err(SplitError::Blocks { .. })));
        assert!(matches!(by_blocks(100, 100, 0.2, 0, 0), Err(SplitError::Blocks { .. })));
    }

    #[test]
    fn folds_cover_everything() {
        let parts = folds(11, 4).unwrap();
        assert_eq!(parts, [0..2, 2..5, 5..8, 8..11]);
        assert!(folds(3, 4).is_err());
    }
}
