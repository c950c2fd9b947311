//! Soft links, which the library below passes over and NWB uses for time stamps that series share.
//!
//! Groups are read as they are stored (HDF5 File Format Specification 3.0): as symbol tables, which
//! h5py writes unless told otherwise (III.A, III.B, III.D), as links in the header (IV.A.2.g), or,
//! where they are many, as links in a heap ([`crate::dense`]). External links are not followed: what
//! they lead to is of another file.

use crate::bytes::Bytes;
use crate::dense::{self, Looked};
use crate::header::{self, Link, Message};

/// Soft links that are followed one after the other, at most; they may go in circles.
const MOST_LINKS: usize = 16;
/// Names of a path, those of its links included, that are looked for, at most.
const MOST_NAMES: usize = 256;
/// Trees in trees.
const DEEPEST: usize = 16;

/// Where a path leads when its soft links are followed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// To the object at this path, which has no soft links in it.
    There(String),
    /// Nowhere in this file: why.
    Nowhere(String),
}

/// Where a path leads; none if there is no link to follow, or if it cannot be told.
pub(crate) fn follow(bytes: &dyn Bytes, path: &str) -> Option<End> {
    let mut file = Search::of(bytes)?;
    match file.lead(path)? {
        Ok((_, real)) => Some(End::There(real)),
        Err(why) => Some(End::Nowhere(why)),
    }
}

/// Names of the links of a group, and whether they are links to objects themselves, where they can be
/// listed.
pub(crate) fn list(bytes: &dyn Bytes, path: &str) -> Option<Vec<(String, bool)>> {
    let mut file = Search::of(bytes)?;
    let (group, _) = file.lead(path)?.ok()?;
    let mut found = Vec::new();
    file.each(group, &mut |name, link| found.push((name, matches!(link, Link::Hard(_)))))?;
    found.sort_unstable();
    found.dedup_by(|a, b| a.0 == b.0);
    Some(found)
}

fn names(path: &str) -> Vec<String> {
    path.split('/').filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect()
}

/// A search; what it looks at in a group is counted, because trees of a damaged file may go in circles.
struct Search<'a> {
    file: Looked<'a>,
}

impl<'a> Search<'a> {
    fn of(bytes: &'a dyn Bytes) -> Option<Self> {
        const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
        let base = [0, 512, 1024, 2048].into_iter().find(|&at| bytes.has(at, SIGNATURE))?;
        Some(Search { file: Looked { bytes, base, left: 0 } })
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
        let mut found = None;
        self.each(group, &mut |other, link| {
            if other == name && found.is_none() {
                found = Some(link);
            }
        })?;
        Some(found)
    }

    /// Hands over the links of a group; none if it is damaged or kept in a way that is not followed.
    fn each(&mut self, group: u64, take: &mut dyn FnMut(String, Link)) -> Option<()> {
        // a link is looked at less than 8 times, and takes more than 16 bytes
        self.file.left = 2000 + self.file.bytes.count() / 2;
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

    fn in_tree(
        &mut self,
        tree: u64,
        heap: usize,
        take: &mut dyn FnMut(String, Link),
        depth: usize,
    ) -> Option<()> {
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

    fn in_symbols(
        &mut self,
        at: usize,
        heap: usize,
        take: &mut dyn FnMut(String, Link),
    ) -> Option<()> {
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
            take(name, link);
        }
        Some(())
    }

    fn in_new_header(&mut self, at: usize, take: &mut dyn FnMut(String, Link)) -> Option<()> {
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
    fn message(&self, at: usize, take: &mut dyn FnMut(String, Link)) -> Option<()> {
        let (name, link) = header::link(self.file.bytes, at)?;
        take(name, link);
        Some(())
    }

    /// Hands over the links of a heap, if the message about links that is here names one.
    fn many(&mut self, at: usize, take: &mut dyn FnMut(String, Link)) -> Option<()> {
        let counted = self.word(at + 1, 1)? & 1 != 0;
        let at = at + if counted { 10 } else { 2 };
        let (heap, tree) = (self.word(at, 8)?, self.word(at + 8, 8)?);
        if heap == u64::MAX {
            return Some(());
        }
        dense::links(&mut self.file, heap, tree, &mut |file, message| {
            let (name, link) = header::link(file.bytes, message)?;
            take(name, link);
            Some(())
        })
    }
}
