//! Soft links, which the library below passes over and NWB uses for time stamps that series share.
//!
//! Groups are read as they are stored (HDF5 File Format Specification 3.0): as symbol tables, which
//! h5py writes unless told otherwise (III.A, III.B, III.D), or as links in the header (IV.A.2.g).
//! Links kept in fractal heaps (many in one group, in new files) and external links are not followed.

/// Parts of a file that one search looks at, at most; links may go in circles.
const MOST_PARTS: usize = 10_000;

/// The path of the object that a path leads to when its soft links are followed; none if they lead
/// nowhere, or there are none to follow.
pub(crate) fn follow(bytes: &[u8], path: &str) -> Option<String> {
    let mut file = Search { bytes, base: base(bytes)?, parts: 0 };
    let mut real: Vec<String> = Vec::new();
    let mut rest: Vec<String> = names(path);
    rest.reverse();
    let mut at = vec![file.root()?];
    while let Some(name) = rest.pop() {
        match file.find(*at.last()?, &name)? {
            Link::Hard(address) => {
                at.push(address);
                real.push(name);
            }
            Link::Soft(target) => {
                if target.starts_with('/') {
                    at.truncate(1);
                    real.clear();
                }
                rest.extend(names(&target).into_iter().rev());
            }
        }
    }
    Some(real.join("/"))
}

fn names(path: &str) -> Vec<String> {
    path.split('/').filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect()
}

enum Link {
    Hard(u64),
    Soft(String),
}

struct Search<'a> {
    bytes: &'a [u8],
    /// Where the superblock is: addresses are counted from there.
    base: usize,
    parts: usize,
}

fn base(bytes: &[u8]) -> Option<usize> {
    [0, 512, 1024, 2048].into_iter().find(|&at| bytes.get(at..at + 8) == Some(b"\x89HDF\r\n\x1a\n"))
}

impl Search<'_> {
    fn word(&self, at: usize, width: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(width)?)?;
        Some(bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)))
    }

    /// Where an address is in memory. Every look at one counts.
    fn place(&mut self, address: u64) -> Option<usize> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return None;
        }
        let at = usize::try_from(address).ok()?.checked_add(self.base)?;
        (at < self.bytes.len()).then_some(at)
    }

    /// The header of the root group; offsets and lengths of other than 8 bytes are not followed.
    fn root(&self) -> Option<u64> {
        let version = *self.bytes.get(self.base + 8)?;
        let (sizes, root) = match version {
            0 => (13, 64),
            1 => (13, 68),
            _ => (9, 36),
        };
        let eight = self.bytes.get(self.base + sizes..self.base + sizes + 2)? == [8, 8];
        if eight { self.word(self.base + root, 8) } else { None }
    }

    /// A link of a group, by its name.
    fn find(&mut self, group: u64, name: &str) -> Option<Link> {
        let at = self.place(group)?;
        if self.bytes.get(at..at + 4)? == b"OHDR" {
            return self.in_new_header(at, name);
        }
        // version 1: messages behind 16 bytes
        let size = usize::try_from(self.word(at + 8, 4)?).ok()?;
        let mut chunks = vec![(at + 16, size)];
        while let Some((mut at, size)) = chunks.pop() {
            let end = at.checked_add(size)?;
            while at + 8 <= end {
                let (kind, size) = (self.word(at, 2)?, self.word(at + 2, 2)? as usize);
                let body = at + 8;
                match kind {
                    0x10 => {
                        let place = self.word(body, 8)?;
                        let length = usize::try_from(self.word(body + 8, 8)?).ok()?;
                        chunks.push((self.place(place)?, length));
                    }
                    0x11 => {
                        let (tree, heap) = (self.word(body, 8)?, self.word(body + 8, 8)?);
                        let heap = self.heap(heap)?;
                        return self.in_tree(tree, heap, name, 0);
                    }
                    _ => {}
                }
                at = body + size;
            }
        }
        None
    }

    /// Where the texts of a local heap begin.
    fn heap(&mut self, address: u64) -> Option<usize> {
        let at = self.place(address)?;
        let named = self.bytes.get(at..at + 4)? == b"HEAP";
        let data = self.word(at + 24, 8)?;
        if named { self.place(data) } else { None }
    }

    fn text(&self, at: usize) -> Option<String> {
        let rest = self.bytes.get(at..)?;
        let end = rest.iter().take(4096).position(|&byte| byte == 0)?;
        Some(String::from_utf8_lossy(&rest[..end]).into_owned())
    }

    fn in_tree(&mut self, tree: u64, heap: usize, name: &str, depth: usize) -> Option<Link> {
        let at = self.place(tree)?;
        if self.bytes.get(at..at + 4)? == b"SNOD" {
            return self.in_symbols(at, heap, name);
        }
        if self.bytes.get(at..at + 4)? != b"TREE" || depth > 16 {
            return None;
        }
        let count = self.word(at + 6, 2)? as usize;
        // a key before each child
        let children: Vec<u64> =
            (0..count).map_while(|k| self.word(at + 24 + 16 * k + 8, 8)).collect();
        children.into_iter().find_map(|child| self.in_tree(child, heap, name, depth + 1))
    }

    fn in_symbols(&mut self, at: usize, heap: usize, name: &str) -> Option<Link> {
        let count = self.word(at + 6, 2)? as usize;
        for entry in (0..count).map(|k| at + 8 + 40 * k) {
            let offset = usize::try_from(self.word(entry, 8)?).ok()?;
            if self.text(heap.checked_add(offset)?)? != name {
                continue;
            }
            if self.word(entry + 16, 4)? == 2 {
                let value = self.word(entry + 24, 4)? as usize;
                return self.text(heap.checked_add(value)?).map(Link::Soft);
            }
            return self.word(entry + 8, 8).map(Link::Hard);
        }
        None
    }

    fn in_new_header(&mut self, at: usize, name: &str) -> Option<Link> {
        let flags = *self.bytes.get(at + 5)?;
        let begin =
            at + 6 + if flags & 0x20 != 0 { 16 } else { 0 } + if flags & 0x10 != 0 { 4 } else { 0 };
        let width = 1 << (flags & 3);
        let size = usize::try_from(self.word(begin, width)?).ok()?;
        let head = if flags & 0x04 != 0 { 6 } else { 4 };
        let mut chunks = vec![(begin + width, size)];
        while let Some((mut at, size)) = chunks.pop() {
            let end = at.checked_add(size)?;
            while at + head <= end {
                let (kind, size) = (*self.bytes.get(at)?, self.word(at + 1, 2)? as usize);
                let body = at + head;
                if kind == 0x10 {
                    let place = self.word(body, 8)?;
                    let length = usize::try_from(self.word(body + 8, 8)?).ok()?;
                    // between a signature and a checksum
                    chunks.push((self.place(place)? + 4, length.saturating_sub(8)));
                } else if kind == 0x06
                    && let Some(link) = self.message(body, name)
                {
                    return Some(link);
                }
                at = body + size;
            }
        }
        None
    }

    /// A link message, if it is the one of this name.
    fn message(&self, at: usize, name: &str) -> Option<Link> {
        let flags = *self.bytes.get(at + 1)?;
        let mut at = at + 2;
        let mut kind = 0;
        if flags & 0x08 != 0 {
            kind = *self.bytes.get(at)?;
            at += 1;
        }
        at += if flags & 0x04 != 0 { 8 } else { 0 } + if flags & 0x10 != 0 { 1 } else { 0 };
        let width = 1 << (flags & 3);
        let length = usize::try_from(self.word(at, width)?).ok()?;
        let value = (at + width).checked_add(length)?;
        if self.bytes.get(at + width..value)? != name.as_bytes() {
            return None;
        }
        match kind {
            0 => self.word(value, 8).map(Link::Hard),
            1 => {
                let length = self.word(value, 2)? as usize;
                let target = self.bytes.get(value + 2..value + 2 + length)?;
                Some(Link::Soft(String::from_utf8_lossy(target).into_owned()))
            }
            _ => None,
        }
    }
}
