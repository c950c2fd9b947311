//! Soft links, which the library below passes over and NWB uses for time stamps that series share.
//!
//! Groups are read as they are stored (HDF5 File Format Specification 3.0): as symbol tables, which
//! h5py writes unless told otherwise (III.A, III.B, III.D), as links in the header (IV.A.2.g), or,
//! where they are many, as links in a heap ([`crate::dense`]). External links are not followed: what
//! they lead to is of another file.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};

use crate::bytes::Bytes;
use crate::dense::{self, Looked};
use crate::header::{self, Link, Message};

/// Soft links that are followed one after the other, at most; they may go in circles.
const MOST_LINKS: usize = 16;
/// Names of a path, those of its links included, that are looked for, at most.
const MOST_NAMES: usize = 256;
/// Trees in trees.
const DEEPEST: usize = 16;
/// Bytes that a link takes in memory, at least.
const EACH: usize = 128;
/// Bytes of links that are kept, a million or more; those of further groups take their place. A group of
/// more is not listed.
const MOST_KEPT: usize = 1 << 28;

/// The links of groups that were listed, by the group's address; none of a group whose links cannot be
/// told.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    groups: BTreeMap<u64, Option<Arc<Links>>>,
    bytes: usize,
}

type Links = BTreeMap<String, Link>;
/// Takes a link; none to stop.
type Take<'a> = dyn FnMut(String, Link) -> Option<()> + 'a;

/// Where a path leads when its soft links are followed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// To the object at this path, which has no soft links in it.
    There(String),
    /// Nowhere in this file: why.
    Nowhere(String),
}

/// Where a path leads; none if nothing is there, or if it cannot be told.
pub(crate) fn follow(bytes: &dyn Bytes, known: &Known, path: &str) -> Option<End> {
    let mut file = Search::of(bytes, known)?;
    match file.lead(path)? {
        Ok((_, real)) => Some(End::There(real)),
        Err(why) => Some(End::Nowhere(why)),
    }
}

/// Names of the links of a group, and whether they are links to objects themselves, where they can be
/// listed.
pub(crate) fn list(bytes: &dyn Bytes, known: &Known, path: &str) -> Option<Vec<(String, bool)>> {
    let mut file = Search::of(bytes, known)?;
    let (group, _) = file.lead(path)?.ok()?;
    let links = file.links(group)?;
    Some(links.iter().map(|(name, link)| (name.clone(), matches!(link, Link::Hard(_)))).collect())
}

/// Whether a member of a group is a link that leads on, rather than to an object itself.
pub(crate) fn leads(bytes: &dyn Bytes, known: &Known, group: &str, name: &str) -> bool {
    let links = || {
        let mut file = Search::of(bytes, known)?;
        let (group, _) = file.lead(group)?.ok()?;
        file.links(group)
    };
    links().is_some_and(|links| links.get(name).is_some_and(|link| !matches!(link, Link::Hard(_))))
}

fn names(path: &str) -> Vec<String> {
    path.split('/').filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect()
}

/// A search; what it looks at in a group is counted, because trees of a damaged file may go in circles.
struct Search<'a> {
    file: Looked<'a>,
    known: &'a Known,
}

impl<'a> Search<'a> {
    fn of(bytes: &'a dyn Bytes, known: &'a Known) -> Option<Self> {
        const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
        let base = [0, 512, 1024, 2048].into_iter().find(|&at| bytes.has(at, SIGNATURE))?;
        Some(Search { file: Looked { bytes, base, left: 0 }, known })
    }

    fn word(&self, at: usize, width: usize) -> Option<u64> {
        self.file.bytes.word(at, width)
    }

    /// The header of the root group; offsets and lengths of other than 8 bytes are not followed.
    fn root(&self) -> Option<u64> {
        let base = self.file.base;
        let (sizes, root) = match self.word(base + 8, 1)? {
            0 => (13, 64),
            1 => (13, 68),
            _ => (9, 36),
        };
        if self.file.bytes.has(base + sizes, &[8, 8]) { self.word(base + root, 8) } else { None }
    }

    /// Address and path of the object that a path leads to, or why it leads nowhere; none if that
    /// cannot be told, or has nothing to do with links.
    fn lead(&mut self, path: &str) -> Option<Result<(u64, String), String>> {
        let (mut real, mut at) = (Vec::new(), vec![self.root()?]);
        let mut rest = names(path);
        rest.reverse();
        let mut through: Option<(String, String)> = None;
        let (mut links, mut looked) = (0, 0);
        while let Some(name) = rest.pop() {
            looked += 1;
            if looked > MOST_NAMES {
                return Some(Err(format!("a path of more than {MOST_NAMES} names")));
            }
            let found = self.find(*at.last()?, &name)?;
            let here = || [&real[..], std::slice::from_ref(&name)].concat().join("/");
            match (found, &through) {
                (Some(Link::Hard(address)), _) => {
                    at.push(address);
                    real.push(name);
                }
                (Some(Link::Soft(target)), _) => {
                    links += 1;
                    if links > MOST_LINKS {
                        let said = format!(
                            "soft links that go in a circle, or over more than {MOST_LINKS} others"
                        );
                        return Some(Err(said));
                    }
                    through.get_or_insert_with(|| (here(), target.clone()));
                    if target.starts_with('/') {
                        at.truncate(1);
                        real.clear();
                    }
                    rest.extend(names(&target).into_iter().rev());
                }
                (Some(Link::External { file, path }), _) => {
                    return Some(Err(format!(
                        "`{}` is a link to `{path}` of another file, `{file}`: external links are not followed; copy what it leads to into this file",
                        here()
                    )));
                }
                (Some(Link::Other(kind)), _) => {
                    let said = format!("`{}` is a link of a kind of its own, {kind}", here());
                    return Some(Err(said));
                }
                (None, Some((link, target))) => {
                    let said = format!("`{link}` is a soft link to `{target}`, where nothing is");
                    return Some(Err(said));
                }
                (None, None) => return None,
            }
        }
        Some(Ok((*at.last()?, real.join("/"))))
    }

    /// A link of a group, by its name; none of none if it cannot be told whether there is one.
    fn find(&mut self, group: u64, name: &str) -> Option<Option<Link>> {
        Some(self.links(group)?.get(name).cloned())
    }

    /// The links of a group, the first of those of one name, listed once.
    fn links(&mut self, group: u64) -> Option<Arc<Links>> {
        if let Some(known) = self.known.0.lock().ok()?.groups.get(&group) {
            return known.clone();
        }
        // names and targets are stored for each link: together they are no longer than the file
        let (mut links, mut bytes) = (Links::new(), EACH);
        let mut left = self.file.bytes.count().min(MOST_KEPT);
        let listed = self.each(group, &mut |name, link| {
            let texts = name.len() + link.length();
            left = left.checked_sub(texts)?;
            if let Entry::Vacant(place) = links.entry(name) {
                bytes += texts + EACH;
                place.insert(link);
            }
            (bytes <= MOST_KEPT).then_some(())
        });
        // of a group that cannot be listed, nothing is kept but that
        let bytes = if listed.is_some() { bytes } else { EACH };
        let links = listed.map(|()| Arc::new(links));
        let mut kept = self.known.0.lock().ok()?;
        if kept.bytes + bytes > MOST_KEPT {
            *kept = Kept::default();
        }
        kept.bytes += bytes;
        kept.groups.insert(group, links.clone());
        links
    }

    /// Hands over the links of a group; none if it is damaged or kept in a way that is not followed.
    fn each(&mut self, group: u64, take: &mut Take<'_>) -> Option<()> {
        // a link is looked at less than 8 times, and takes more than 16 bytes; a file may be as long as it
        // says and yet have nothing in it
        self.file.left = 2000 + (self.file.bytes.count() / 2).min(8 * MOST_KEPT / EACH);
        let at = self.file.place(group)?;
        if self.file.bytes.has(at, b"OHDR") {
            return self.in_new_header(at, take);
        }
        // version 1: messages behind 16 bytes
        let size = usize::try_from(self.word(at + 8, 4)?).ok()?;
        let mut chunks = vec![(at + 16, size)];
        while let Some((mut at, size)) = chunks.pop() {
            let end = at.checked_add(size)?;
            while at + 8 <= end {
                self.file.look()?;
                let (kind, size) = (self.word(at, 2)?, self.word(at + 2, 2)? as usize);
                let body = at + 8;
                match kind {
                    0x10 => {
                        let place = self.word(body, 8)?;
                        let length = usize::try_from(self.word(body + 8, 8)?).ok()?;
                        chunks.push((self.file.place(place)?, length));
                    }
                    0x11 => {
                        let (tree, heap) = (self.word(body, 8)?, self.word(body + 8, 8)?);
                        let heap = self.heap(heap)?;
                        self.in_tree(tree, heap, take, 0)?;
                    }
                    // a group with external links, or whose order is kept, holds its links so
                    0x02 => self.many(body, take)?,
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
        let at = self.file.place(address)?;
        let named = self.file.bytes.has(at, b"HEAP");
        let data = self.word(at + 24, 8)?;
        if named { self.file.place(data) } else { None }
    }

    /// A text that ends with 0.
    fn text(&self, at: usize) -> Option<String> {
        let mut text = Vec::new();
        while text.len() < 4096 {
            let left = self.file.bytes.count().checked_sub(at + text.len())?;
            let part = self.file.bytes.part(at + text.len(), left.min(64))?;
            if let Some(end) = part.iter().position(|&byte| byte == 0) {
                text.extend(&part[..end]);
                return Some(String::from_utf8_lossy(&text).into_owned());
            }
            if part.is_empty() {
                return None;
            }
            text.extend(part);
        }
        None
    }

    fn in_tree(&mut self, tree: u64, heap: usize, take: &mut Take<'_>, depth: usize) -> Option<()> {
        let at = self.file.place(tree)?;
        if self.file.bytes.has(at, b"SNOD") {
            return self.in_symbols(at, heap, take);
        }
        if !self.file.bytes.has(at, b"TREE") || depth > DEEPEST {
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

    fn in_symbols(&mut self, at: usize, heap: usize, take: &mut Take<'_>) -> Option<()> {
        let count = self.word(at + 6, 2)? as usize;
        for entry in (0..count).map(|k| at + 8 + 40 * k) {
            self.file.look()?;
            let offset = usize::try_from(self.word(entry, 8)?).ok()?;
            let name = self.text(heap.checked_add(offset)?)?;
            let link = if self.word(entry + 16, 4)? == 2 {
                let value = self.word(entry + 24, 4)? as usize;
                Link::Soft(self.text(heap.checked_add(value)?)?)
            } else {
                Link::Hard(self.word(entry + 8, 8)?)
            };
            take(name, link)?;
        }
        Some(())
    }

    fn in_new_header(&mut self, at: usize, take: &mut Take<'_>) -> Option<()> {
        let (bytes, base) = (self.file.bytes, self.file.base);
        header::messages(bytes, base, at, &mut |Message { kind, body, .. }| {
            self.file.look()?;
            match kind {
                header::LINK => self.message(body, take),
                header::LINK_INFO => self.many(body, take),
                _ => Some(()),
            }
        })
    }

    /// Hands over the link of a link message.
    fn message(&self, at: usize, take: &mut Take<'_>) -> Option<()> {
        let (name, link) = header::link(self.file.bytes, at)?;
        take(name, link)
    }

    /// Hands over the links of a heap, if the message about links that is here names one.
    fn many(&mut self, at: usize, take: &mut Take<'_>) -> Option<()> {
        let counted = self.word(at + 1, 1)? & 1 != 0;
        let at = at + if counted { 10 } else { 2 };
        let (heap, tree) = (self.word(at, 8)?, self.word(at + 8, 8)?);
        if heap == u64::MAX {
            return Some(());
        }
        dense::links(&mut self.file, heap, tree, &mut |file, message| {
            let (name, link) = header::link(file.bytes, message)?;
            take(name, link)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const TABLE: &[u8] = include_bytes!("../tests/files/links_table.h5");
    const HEAP: &[u8] = include_bytes!("../tests/files/links_heap.h5");

    /// Bytes that count how often they are asked.
    struct Counted<'a>(&'a [u8], Cell<usize>);

    impl Bytes for Counted<'_> {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn fill(&self, at: usize, into: &mut [u8]) -> Option<()> {
            self.1.set(self.1.get() + 1);
            self.0.fill(at, into)
        }
    }

    #[test]
    fn a_group_is_listed_once() {
        for file in [TABLE, HEAP] {
            let (bytes, known) = (Counted(file, Cell::new(0)), Known::default());
            let asked = |path: &str| {
                bytes.1.set(0);
                let found = follow(&bytes, &known, path);
                (found, bytes.1.get())
            };
            let (first, listing) = asked("many/soft0005");
            let (second, after) = asked("many/soft0010");
            assert!(first.is_some() && second.is_some() && first != second);
            assert!(after < 20 && listing > 1000, "{listing}, then {after}");
            assert_eq!(second, follow(&bytes, &Known::default(), "many/soft0010"));
            assert!(leads(&bytes, &known, "many", "soft0010"));
            assert!(!leads(&bytes, &known, "many", "hard0007"));
        }
    }

    /// A file whose only group is a table of sixty links, their names at this offset of 1000 letters.
    fn table(offset: u64) -> Vec<u8> {
        let mut file = vec![0; 1408 + 40 * 60];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08");
        put(64, &96u64.to_le_bytes());
        // a header with one message: where the tree and the texts are
        put(96 + 8, &24u32.to_le_bytes());
        put(96 + 16, &[0x11, 0, 16, 0]);
        put(96 + 24, &1400u64.to_le_bytes());
        put(96 + 32, &200u64.to_le_bytes());
        put(200, b"HEAP");
        put(200 + 24, &300u64.to_le_bytes());
        put(300, &[b'a'; 1000]);
        put(1400, b"SNOD");
        put(1400 + 6, &[60, 0]);
        (0..60).for_each(|k| put(1408 + 40 * k, &offset.to_le_bytes()));
        file
    }

    /// A file that says it is this long, and has nothing but zeros after its first bytes.
    struct Sparse(Vec<u8>, usize);

    impl Bytes for Sparse {
        fn count(&self) -> usize {
            self.1
        }

        fn fill(&self, at: usize, into: &mut [u8]) -> Option<()> {
            for (k, byte) in into.iter_mut().enumerate() {
                *byte = self.0.get(at + k).copied().unwrap_or(0);
            }
            (at + into.len() <= self.1).then_some(())
        }
    }

    #[test]
    fn a_tree_in_a_circle_ends_in_files_of_any_length() {
        let mut file = table(999);
        // a tree of trees, each the same one
        file[1400..1404].copy_from_slice(b"TREE");
        for k in 0..60 {
            file[1424 + 16 * k + 8..][..8].copy_from_slice(&1400u64.to_le_bytes());
        }
        let known = Known::default();
        let bytes = Sparse(file, 1 << 42);
        assert!(Search::of(&bytes, &known).unwrap().links(96).is_none());
        assert!(known.0.lock().unwrap().groups.contains_key(&96), "and is not looked for again");
    }

    #[test]
    fn names_longer_than_their_file_are_refused() {
        let links = |offset| {
            let (file, known) = (table(offset), Known::default());
            let links = Search::of(&&file[..], &known).unwrap().links(96);
            (links.map(|links| links.len()), known.0.lock().unwrap().bytes)
        };
        assert_eq!(links(999).0, Some(1), "all have one name");
        let (found, kept) = links(0);
        assert!(found.is_none() && kept < 10_000, "{kept}");
    }
}
