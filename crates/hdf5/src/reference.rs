//! References in attributes, which tables of NWB need and the library below does not write.
//!
//! They are written as marks: fixed texts of eight bytes, which take the room that a reference takes
//! (a message of a datatype of eight bytes, and eight bytes). In the finished file the type of each
//! mark is made that of an object reference, the mark an address, and the checksum of the header around
//! it is computed anew. Addresses are those of the links in the groups' headers (HDF5 File Format
//! Specification 3.0, IV.A: versions 2 of object headers, links stored compactly).

use std::collections::BTreeMap;

use crate::bytes::Bytes;
use crate::header::{ATTRIBUTE, LINK, Link, Message, link, messages};

/// A datatype: a fixed text of eight bytes begins so, and an object reference is this.
const FIXED_TEXT: u8 = 0x13;
const OBJECT_REFERENCE: [u8; 8] = [0x17, 0, 0, 0, 8, 0, 0, 0];
/// Where a superblock of version 2 or 3 has the address of the root.
const ROOT: usize = 36;

/// The mark of a reference, eight letters.
pub(crate) fn mark(number: usize) -> String {
    format!("~{number:06x}~")
}

/// Makes references of marks: the one of number `k` refers to `targets[k]`.
pub(crate) fn resolve(mut bytes: Vec<u8>, targets: &[String]) -> Result<Vec<u8>, String> {
    if targets.is_empty() {
        return Ok(bytes);
    }
    let root = (&bytes[..]).word(ROOT, 8).ok_or("no superblock")?;
    let mut found = Found::default();
    found.object(&bytes, "", root, 0)?;
    let marks: BTreeMap<Vec<u8>, &String> =
        targets.iter().enumerate().map(|(k, path)| (mark(k).into_bytes(), path)).collect();
    let mut resolved = 0;
    for place in &found.texts {
        let Some(path) = bytes.get(place.data..place.data + 8).and_then(|m| marks.get(m)) else {
            continue;
        };
        let path = path.trim_matches('/');
        let address = found.addresses.get(path).ok_or(format!("a reference to nothing: {path}"))?;
        bytes[place.datatype..place.datatype + 8].copy_from_slice(&OBJECT_REFERENCE);
        bytes[place.data..place.data + 8].copy_from_slice(&address.to_le_bytes());
        let sum = lookup3(&bytes[place.chunk.0..place.chunk.1]);
        bytes[place.chunk.1..place.chunk.1 + 4].copy_from_slice(&sum.to_le_bytes());
        resolved += 1;
    }
    match resolved == targets.len() {
        true => Ok(bytes),
        false => Err(format!(
            "{} of {} references have no place",
            targets.len() - resolved,
            targets.len()
        )),
    }
}

/// An attribute that is a fixed text of eight bytes.
struct Place {
    datatype: usize,
    data: usize,
    /// The bytes that the checksum behind them is of.
    chunk: (usize, usize),
}

#[derive(Default)]
struct Found {
    addresses: BTreeMap<String, u64>,
    texts: Vec<Place>,
}

impl Found {
    /// The object at an address, and those it links to.
    fn object(&mut self, bytes: &[u8], path: &str, at: u64, depth: usize) -> Result<(), String> {
        let wrong = |what: &str| format!("`{path}`: {what}");
        if depth > 64 {
            return Err(wrong("groups more than 64 deep"));
        }
        self.addresses.insert(path.to_owned(), at);
        let from = usize::try_from(at).map_err(|_| wrong("an address beyond memory"))?;
        if bytes.get(from..from + 5) != Some(b"OHDR\x02") {
            return Err(wrong("no header of version 2"));
        }
        let (mut links, texts) = (Vec::new(), &mut self.texts);
        messages(&bytes, 0, from, &mut |Message { kind, body, chunk }| {
            match kind {
                LINK => links.extend(link(&bytes, body)),
                ATTRIBUTE => texts.extend(text(bytes, body, chunk)),
                _ => {}
            }
            Some(())
        })
        .ok_or_else(|| wrong("a header cut short"))?;
        let hard = links.into_iter().filter_map(|(name, link)| match link {
            Link::Hard(address) => Some((name, address)),
            _ => None,
        });
        for (name, address) in hard {
            let child = if path.is_empty() { name } else { format!("{path}/{name}") };
            self.object(bytes, &child, address, depth + 1)?;
        }
        Ok(())
    }
}

/// Where the type and the bytes of an attribute are, if it is a fixed text of eight bytes.
fn text(bytes: &[u8], at: usize, chunk: (usize, usize)) -> Option<Place> {
    let head = match *bytes.get(at)? {
        2 => 8,
        3 => 9,
        _ => return None,
    };
    let word = |at, width| bytes.word(at, width);
    let (name, datatype, space) = (word(at + 2, 2)?, word(at + 4, 2)?, word(at + 6, 2)?);
    let type_at = at + head + name as usize;
    let data = type_at + datatype as usize + space as usize;
    let fixed = datatype == 8
        && *bytes.get(type_at)? == FIXED_TEXT
        && word(type_at + 4, 4)? == 8
        && data + 8 <= chunk.1;
    fixed.then_some(Place { datatype: type_at, data, chunk })
}

/// Bob Jenkins' `lookup3` hash with a start of 0, the checksum of HDF5's metadata (public domain,
/// <http://burtleburtle.net/bob/c/lookup3.c>).
fn lookup3(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
    let (mut a, mut b, mut c) = (start, start, start);
    let mut rest = bytes;
    while rest.len() > 12 {
        let (block, after) = rest.split_at(12);
        a = a.wrapping_add(quarter(block, 0));
        b = b.wrapping_add(quarter(block, 4));
        c = c.wrapping_add(quarter(block, 8));
        for (by, step) in [4, 6, 8, 16, 19, 4].into_iter().enumerate() {
            let (x, y, z) = match by % 3 {
                0 => (&mut a, &mut c, &mut b),
                1 => (&mut b, &mut a, &mut c),
                _ => (&mut c, &mut b, &mut a),
            };
            *x = x.wrapping_sub(*y) ^ y.rotate_left(step);
            *y = y.wrapping_add(*z);
        }
        rest = after;
    }
    if rest.is_empty() {
        return c;
    }
    let mut last = [0_u8; 12];
    last[..rest.len()].copy_from_slice(rest);
    a = a.wrapping_add(quarter(&last, 0));
    b = b.wrapping_add(quarter(&last, 4));
    c = c.wrapping_add(quarter(&last, 8));
    for (by, step) in [14, 11, 25, 16, 4, 14, 24].into_iter().enumerate() {
        let (x, y) = match by % 3 {
            0 => (&mut c, b),
            1 => (&mut a, c),
            _ => (&mut b, a),
        };
        *x = (*x ^ y).wrapping_sub(y.rotate_left(step));
    }
    c
}

fn quarter(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_its_author() {
        // the driver of lookup3.c: hashlittle of these texts, start 0
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
    }
}
