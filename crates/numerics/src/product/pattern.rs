//! Where the weights of a sparse matrix are.

/// Sources of a block, at least: their turned activity stays in a first-level cache.
const BLOCK: usize = 256;
/// Weights of a target within a block, on average at least: fewer, and the loop over them costs more
/// than they do.
const WEIGHTS: usize = 24;

/// Which weights of a matrix `[target, source]` there are: by block of sources, then by target, then
/// by source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub(super) targets: usize,
    pub(super) sources: usize,
    /// Sources of a block.
    pub(super) block: usize,
    /// Where the weights of each target start, block by block; one more than targets times blocks.
    pub(super) starts: Vec<usize>,
    /// The source of each weight, within its block.
    pub(super) columns: Vec<u32>,
}

impl Pattern {
    /// The pattern of places `target · sources + source`, in any order; a place counts once.
    ///
    /// # Panics
    /// If a place is not within the matrix, or there are 2³² sources or more.
    pub fn new(targets: usize, sources: usize, places: impl IntoIterator<Item = usize>) -> Self {
        assert!(u32::try_from(sources).is_ok(), "{sources} sources");
        let mut places: Vec<usize> = places.into_iter().collect();
        let of_weights = (targets * sources * WEIGHTS).checked_div(places.len());
        let block = of_weights.map_or(BLOCK, |sources| sources.next_multiple_of(BLOCK));
        let run = |place: usize| (place % sources / block) * targets + place / sources;
        places.sort_unstable();
        places.dedup();
        let mut starts = vec![0; targets * sources.div_ceil(block) + 1];
        for &place in &places {
            assert!(place / sources < targets, "place {place} in {targets} × {sources}");
            starts[run(place) + 1] += 1;
        }
        (1..starts.len()).for_each(|k| starts[k] += starts[k - 1]);
        let (mut next, mut columns) = (starts.clone(), vec![0; places.len()]);
        for &place in &places {
            let at = &mut next[run(place)];
            columns[*at] = (place % sources % block) as u32;
            *at += 1;
        }
        Pattern { targets, sources, block, starts, columns }
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// No weights.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Whether a product with so many weights alone is faster than one with the zeros as well.
    pub fn pays(weights: usize, targets: usize, sources: usize) -> bool {
        // measured by `attractor bench --structures`
        targets.min(sources) >= 256 && weights.saturating_mul(5) <= targets * sources
    }

    /// The pattern of the transpose, and for each of its weights the place of it in this one.
    pub fn transposed(&self) -> (Pattern, Vec<usize>) {
        let pairs: Vec<(usize, usize)> = self.pairs().collect();
        let turned = pairs.iter().map(|&(target, source)| source * self.targets + target);
        let turned = Pattern::new(self.sources, self.targets, turned);
        let mut places = vec![0; self.len()];
        for (k, &(target, source)) in pairs.iter().enumerate() {
            if let Some(at) = turned.place(source, target) {
                places[at] = k;
            }
        }
        (turned, places)
    }

    /// Target and source of each weight.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let runs = self.starts.windows(2).enumerate();
        runs.flat_map(move |(run, range)| {
            let (block, target) = (run / self.targets, run % self.targets);
            self.columns[range[0]..range[1]]
                .iter()
                .map(move |&column| (target, block * self.block + column as usize))
        })
    }

    /// The place of the weight of a pair, if there is one.
    pub fn place(&self, target: usize, source: usize) -> Option<usize> {
        let run = source / self.block * self.targets + target;
        let range = self.starts[run]..self.starts[run + 1];
        let column = (source % self.block) as u32;
        let found = self.columns[range.clone()].binary_search(&column);
        found.ok().map(|k| range.start + k)
    }
}
