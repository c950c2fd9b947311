//! Links of a group that are many: kept in a fractal heap, found by a tree of version 2 (HDF5 File
//! Format Specification 3.0, III.A.2, III.G).
//!
//! A record of the tree is a hash of the name (or a number, in the order of creation) and a place in
//! the heap, which is an address space of its own: blocks of growing size in rows of equal ones, each
//! at its place in the file. All records are handed over, in whatever order they have: whoever looks
//! for one name looks at all.

use crate::bytes::Bytes;

/// A tree deeper than this is damaged; every level multiplies.
const DEEPEST: u64 = 16;
/// Bytes of a node, or of a record or a place in the heap, that are believed at most.
const LARGEST_NODE: usize = 1 << 20;
const LONGEST_RECORD: usize = 64;
/// A tree of links by their names, and by the order of their creation.
const BY_NAME: u8 = 5;
const BY_ORDER: u8 = 6;

/// The bytes of a file, addresses counted from `base`, and how many parts may still be looked at.
pub(crate) struct Looked<'a> {
    pub(crate) bytes: &'a dyn Bytes,
    pub(crate) base: usize,
    pub(crate) left: usize,
}

impl Looked<'_> {
    /// Counts a look at something; none when there were too many.
    pub(crate) fn look(&mut self) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        Some(())
    }

    /// Where an address is in the file.
    pub(crate) fn place(&mut self, address: u64) -> Option<usize> {
        self.look()?;
        let at = usize::try_from(address).ok()?.checked_add(self.base)?;
        (at < self.bytes.count()).then_some(at)
    }

    fn word(&self, at: usize, width: usize) -> Option<u64> {
        self.bytes.word(at, width)
    }

    fn size(&self, at: usize, width: usize) -> Option<usize> {
        usize::try_from(self.word(at, width)?).ok()
    }
}

/// Hands over where each link message lies in the file: of the heap and the tree at these addresses.
/// None if they are damaged, or kept in a way that links never are.
pub(crate) fn links(
    file: &mut Looked<'_>,
    heap: u64,
    tree: u64,
    take: &mut dyn FnMut(&Looked<'_>, usize) -> Option<()>,
) -> Option<()> {
    let heap = Heap::at(file, heap)?;
    let tree = Tree::at(file, tree)?;
    let root = tree.root;
    tree.node(file, root, tree.depth, tree.records, &mut |file, record| {
        let message = heap.find(file, record.get(tree.key..)?)?;
        take(file, message)
    })
}

/// The bits that a number takes, less one.
fn log2(x: u64) -> u32 {
    63 - x.max(1).leading_zeros()
}

/// Bytes that numbers up to this one take.
fn width(most: u64) -> usize {
    log2(most) as usize / 8 + 1
}

/// A tree of version 2.
struct Tree {
    root: u64,
    depth: usize,
    /// Records in the root.
    records: usize,
    record: usize,
    /// Bytes of a record before the place in the heap.
    key: usize,
    /// Bytes of the counts in a pointer to a node of each depth: of its records, and of all below it.
    counts: Vec<(usize, usize)>,
}

impl Tree {
    fn at(file: &mut Looked<'_>, address: u64) -> Option<Tree> {
        let at = file.place(address)?;
        let kind = file.word(at + 5, 1)? as u8;
        let (node, record) = (file.size(at + 6, 4)?, file.size(at + 10, 2)?);
        let (depth, root) = (file.word(at + 12, 2)?, file.word(at + 16, 8)?);
        let records = file.size(at + 24, 2)?;
        let known = file.bytes.has(at, b"BTHD")
            && matches!(kind, BY_NAME | BY_ORDER)
            && (1..=LONGEST_RECORD).contains(&record)
            && (64..=LARGEST_NODE).contains(&node)
            && depth <= DEEPEST;
        if !known {
            return None;
        }
        // signature, version, type, checksum
        let room = (node - 10) as u64;
        let leaf = room / record as u64;
        let mut counts = vec![(width(leaf), 0)];
        let mut all = leaf;
        for _ in 0..depth {
            let (own, below) = counts[counts.len() - 1];
            let pointer = (8 + own + below) as u64;
            let most = room.checked_sub(pointer)? / (record as u64 + pointer);
            all = (most + 1).saturating_mul(all).saturating_add(most);
            counts.push((width(leaf), width(all)));
        }
        let key = if kind == BY_NAME { 4 } else { 8 };
        Some(Tree { root, depth: depth as usize, records, record, key, counts })
    }

    /// Hands over the records of a node and of those below it.
    fn node(
        &self,
        file: &mut Looked<'_>,
        address: u64,
        depth: usize,
        records: usize,
        take: &mut dyn FnMut(&mut Looked<'_>, &[u8]) -> Option<()>,
    ) -> Option<()> {
        if records == 0 {
            return Some(());
        }
        let at = file.place(address)?;
        let signature = if depth == 0 { b"BTLF" } else { b"BTIN" };
        if !file.bytes.has(at, signature) {
            return None;
        }
        let own = file.bytes.part(at + 6, records.checked_mul(self.record)?)?;
        for record in own.chunks_exact(self.record) {
            file.look()?;
            take(file, record)?;
        }
        if depth == 0 {
            return Some(());
        }
        let (count, below) = self.counts[depth - 1];
        let mut pointer = at + 6 + own.len();
        for _ in 0..=records {
            let (child, held) = (file.word(pointer, 8)?, file.size(pointer + 8, count)?);
            self.node(file, child, depth - 1, held, take)?;
            pointer += 8 + count + below;
        }
        Some(())
    }
}

/// A fractal heap.
struct Heap {
    /// Bytes of an offset and of a length in a place.
    offset: usize,
    length: usize,
    /// Blocks in a row, bytes of those in the first row, and rows of blocks that hold objects.
    columns: u64,
    first: u64,
    direct: u64,
    root: u64,
    /// Rows of the root; 0 if it holds objects itself.
    rows: u64,
}

impl Heap {
    fn at(file: &mut Looked<'_>, address: u64) -> Option<Heap> {
        let at = file.place(address)?;
        let filtered = file.word(at + 7, 2)? > 0;
        let largest = file.word(at + 10, 4)?;
        let (columns, first) = (file.word(at + 110, 2)?, file.word(at + 112, 8)?);
        let (largest_block, bits) = (file.word(at + 120, 8)?, file.word(at + 128, 2)?);
        let (root, rows) = (file.word(at + 132, 8)?, file.word(at + 140, 2)?);
        let known = file.bytes.has(at, b"FRHP")
            && !filtered
            && columns.is_power_of_two()
            && first.is_power_of_two()
            && largest_block.is_power_of_two()
            && largest_block >= first
            && (1..=64).contains(&bits)
            && rows <= 64;
        known.then(|| Heap {
            offset: (bits as usize).div_ceil(8),
            length: width(largest_block).min(width(largest)),
            columns,
            first,
            direct: u64::from(log2(largest_block) - log2(first)) + 2,
            root,
            rows,
        })
    }

    /// Where in the file an object of the heap is; none for what is too large, or small enough for the
    /// place itself, which links are not.
    fn find(&self, file: &mut Looked<'_>, id: &[u8]) -> Option<usize> {
        if id.first()? & 0xf0 != 0 {
            return None;
        }
        let number = |from: usize, width: usize| id.get(from..from + width)?.word(0, width);
        let (offset, length) = (number(1, self.offset)?, number(1 + self.offset, self.length)?);
        let at = self.inside(file, (self.root, self.rows), 0, offset, 0)?;
        (at.checked_add(usize::try_from(length).ok()?)? <= file.bytes.count()).then_some(at)
    }

    /// Bytes of each block in a row.
    fn block(&self, row: u64) -> Option<u64> {
        self.first.checked_shl(row.saturating_sub(1).try_into().ok()?).filter(|&size| size > 0)
    }

    /// Where an offset of the heap is, within the block at an address that begins at offset `begin`.
    fn inside(
        &self,
        file: &mut Looked<'_>,
        (address, rows): (u64, u64),
        begin: u64,
        offset: u64,
        depth: usize,
    ) -> Option<usize> {
        let at = file.place(address)?;
        if rows == 0 {
            let inside = usize::try_from(offset.checked_sub(begin)?).ok()?;
            return if file.bytes.has(at, b"FHDB") { at.checked_add(inside) } else { None };
        }
        if !file.bytes.has(at, b"FHIB") || depth > DEEPEST as usize {
            return None;
        }
        let (mut from, mut entry) = (begin, at + 13 + self.offset);
        for row in 0..rows {
            let size = self.block(row)?;
            let to = from.checked_add(size.checked_mul(self.columns)?)?;
            if offset < to {
                let column = (offset - from) / size;
                let child = file.word(entry + 8 * column as usize, 8)?;
                let rows = match row < self.direct {
                    true => 0,
                    false => {
                        u64::from(log2(size).checked_sub(log2(self.first * self.columns))?) + 1
                    }
                };
                return self.inside(file, (child, rows), from + column * size, offset, depth + 1);
            }
            (from, entry) = (to, entry + 8 * self.columns as usize);
        }
        None
    }
}
