//! Object headers of version 2 and the links in them (HDF5 File Format Specification 3.0, IV.A).

use crate::bytes::Bytes;

/// Types of messages in an object header.
pub(crate) const LINK_INFO: u8 = 0x02;
pub(crate) const LINK: u8 = 0x06;
pub(crate) const ATTRIBUTE: u8 = 0x0c;
const CONTINUATION: u8 = 0x10;

/// Where a link of a group leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    /// To an object, by its address.
    Hard(u64),
    /// To a path.
    Soft(String),
    /// To a path of another file.
    External { file: String, path: String },
    /// Somewhere, in a way that only those know who made it.
    Other(u8),
}

impl Link {
    /// Bytes of the texts that say where it leads.
    pub(crate) fn length(&self) -> usize {
        match self {
            Link::Soft(target) => target.len(),
            Link::External { file, path } => file.len() + path.len(),
            Link::Hard(_) | Link::Other(_) => 0,
        }
    }
}

/// A message of an object header.
pub(crate) struct Message {
    pub(crate) kind: u8,
    /// Where its content begins.
    pub(crate) body: usize,
    /// The bytes of the chunk it is in that the checksum behind them is of.
    pub(crate) chunk: (usize, usize),
}

/// Hands over the messages of the header at a place. Addresses are counted from `base`. None if it is cut
/// short, or `take`, which is asked about continuations too, says so.
pub(crate) fn messages(
    bytes: &dyn Bytes,
    base: usize,
    from: usize,
    take: &mut dyn FnMut(Message) -> Option<()>,
) -> Option<()> {
    let word = |at, width| bytes.word(at, width);
    let flags = word(from + 5, 1)? as u8;
    let times = if flags & 0x20 != 0 { 16 } else { 0 };
    let phases = if flags & 0x10 != 0 { 4 } else { 0 };
    let (size_at, width) = (from + 6 + times + phases, 1 << (flags & 3));
    let size = usize::try_from(word(size_at, width)?).ok()?;
    let begin = size_at + width;
    // kind, size, flags, and the order of creation if it is kept
    let head = if flags & 0x04 != 0 { 6 } else { 4 };
    let mut chunks = vec![(from, begin, begin.checked_add(size)?)];
    while let Some((chunk, mut at, end)) = chunks.pop() {
        while at + head <= end {
            let (kind, size) = (word(at, 1)? as u8, word(at + 1, 2)? as usize);
            let body = at + head;
            take(Message { kind, body, chunk: (chunk, end) })?;
            if kind == CONTINUATION {
                let place = usize::try_from(word(body, 8)?).ok()?.checked_add(base)?;
                let length = usize::try_from(word(body + 8, 8)?).ok()?;
                // between a signature and a checksum
                let end = place.checked_add(length)?.saturating_sub(4);
                chunks.push((place, place.checked_add(4)?, end));
            }
            at = body + size;
        }
    }
    Some(())
}

/// Name and end of the link in a link message. None if it is cut short.
pub(crate) fn link(bytes: &dyn Bytes, body: usize) -> Option<(String, Link)> {
    let flags = bytes.word(body + 1, 1)?;
    let mut at = body + 2;
    let mut kind = 0;
    if flags & 0x08 != 0 {
        kind = bytes.word(at, 1)? as u8;
        at += 1;
    }
    at += if flags & 0x04 != 0 { 8 } else { 0 };
    at += if flags & 0x10 != 0 { 1 } else { 0 };
    let width = 1 << (flags & 3);
    let length = usize::try_from(bytes.word(at, width)?).ok()?;
    let text =
        |at, length| bytes.part(at, length).map(|text| String::from_utf8_lossy(&text).into_owned());
    let (name, value) = (text(at + width, length)?, at + width + length);
    let long = |at: usize| bytes.word(at, 2).map(|length| length as usize);
    let link = match kind {
        0 => Link::Hard(bytes.word(value, 8)?),
        1 => Link::Soft(text(value + 2, long(value)?)?),
        64 => {
            // version and flags, then two texts that end with 0
            let both = text(value + 3, long(value)?.checked_sub(1)?)?;
            let mut parts = both.split('\0').map(str::to_owned);
            Link::External { file: parts.next()?, path: parts.next()? }
        }
        other => Link::Other(other),
    };
    Some((name, link))
}
