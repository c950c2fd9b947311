//! Soft links, which the library below passes over and NWB uses for time stamps that series share.
//!
//! Groups are read as they are stored (HDF5 File Format Specification 3.0): as symbol tables, which
//! h5py writes unless told otherwise (III.A, III.B, III.D), or as links in the header (IV.A.2.g).
//! Links kept in fractal heaps (many in one group, in new files) and external links are not followed.

use crate::header::{self, Link, Message};

/// Parts of a file, messages and links that one search looks at, at most; links may go in circles.
const MOST_PARTS: usize = 2000;

/// Links of a group that are listed, at most; each is looked up in turn.
const MOST_LISTED: usize = 256;

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

/// Names of the links of a group, where they can be listed.
pub(crate) fn list(bytes: &[u8], path: &str) -> Option<Vec<String>> {
    let mut file = Search { bytes, base: base(bytes)?, parts: 0 };
    let mut group = file.root()?;
    for name in names(path) {
        match file.find(group, &name)? {
            Link::Hard(address) => group = address,
            Link::Soft(_) => return None,
        }
    }
    let mut found = Vec::new();
    file.each(group, &mut |name, _| found.push(name))?;
    found.sort_unstable();
    found.dedup();
    (found.len() <= MOST_LISTED).then_some(found)
}

fn names(path: &str) -> Vec<String> {
    path.split('/').filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect()
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
        header::word(self.bytes, at, width)
    }

    /// Counts a look at something; none when there were too many.
    fn look(&mut self) -> Option<()> {
        self.parts += 1;
        (self.parts <= MOST_PARTS).then_some(())
    }

    /// Where an address is in memory.
    fn place(&mut self, address: u64) -> Option<usize> {
        self.look()?;
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
        let mut found = None;
        self.each(group, &mut |other, link| {
            if other == name && found.is_none() {
                found = Some(link);
            }
        })?;
        found
    }

    /// Hands over the links of a group; none if it is damaged or kept in a way that is not followed.
    fn each(&mut self, group: u64, take: &mut dyn FnMut(String, Link)) -> Option<()> {
        let at = self.place(group)?;
        if self.bytes.get(at..at + 4)? == b"OHDR" {
            return self.in_new_header(at, take);
        }
        // version 1: messages behind 16 bytes
        let size = usize::try_from(self.word(at + 8, 4)?).ok()?;
        let mut chunks = vec![(at + 16, size)];
        while let Some((mut at, size)) = chunks.pop() {
            let end = at.checked_add(size)?;
            while at + 8 <= end {
                self.look()?;
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
                        self.in_tree(tree, heap, take, 0)?;
                    }
                    // a group with external links, or whose order is kept, holds all its links so
                    0x06 => self.message(body, take)?,
                    _ => {}
                }
                at = body + size;
            }
        }
        Some(())
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

    fn in_tree(
        &mut self,
        tree: u64,
        heap: usize,
        take: &mut dyn FnMut(String, Link),
        depth: usize,
    ) -> Option<()> {
        let at = self.place(tree)?;
        if self.bytes.get(at..at + 4)? == b"SNOD" {
            return self.in_symbols(at, heap, take);
        }
        if self.bytes.get(at..at + 4)? != b"TREE" || depth > 16 {
            return None;
        }
        let count = self.word(at + 6, 2)? as usize;
        for k in 0..count {
            // a key before each child
            let child = self.word(at + 24 + 16 * k + 8, 8)?;
            self.in_tree(child, heap, take, depth + 1)?;
        }
        Some(())
    }

    fn in_symbols(
        &mut self,
        at: usize,
        heap: usize,
        take: &mut dyn FnMut(String, Link),
    ) -> Option<()> {
        let count = self.word(at + 6, 2)? as usize;
        for entry in (0..count).map(|k| at + 8 + 40 * k) {
            self.look()?;
            let offset = usize::try_from(self.word(entry, 8)?).ok()?;
            let name = self.text(heap.checked_add(offset)?)?;
            let link = if self.word(entry + 16, 4)? == 2 {
                let value = self.word(entry + 24, 4)? as usize;
                Link::Soft(self.text(heap.checked_add(value)?)?)
            } else {
                Link::Hard(self.word(entry + 8, 8)?)
            };
            take(name, link);
        }
        Some(())
    }

    fn in_new_header(&mut self, at: usize, take: &mut dyn FnMut(String, Link)) -> Option<()> {
        header::messages(self.bytes, self.base, at, &mut |Message { kind, body, .. }| {
            self.look()?;
            if kind == header::LINK { self.message(body, take) } else { Some(()) }
        })
    }

    /// Hands over the link of a link message, unless it leads out of the file.
    fn message(&self, at: usize, take: &mut dyn FnMut(String, Link)) -> Option<()> {
        let (name, link) = header::link(self.bytes, at)?;
        if let Some(link) = link {
            take(name, link);
        }
        Some(())
    }
}
