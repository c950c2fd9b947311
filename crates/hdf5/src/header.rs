//! Object headers of version 2 and the links in them (HDF5 File Format Specification 3.0, IV.A).

/// Types of messages in an object header.
pub(crate) const LINK: u8 = 0x06;
pub(crate) const ATTRIBUTE: u8 = 0x0c;
const CONTINUATION: u8 = 0x10;

/// Where a link of a group leads.
pub(crate) enum Link {
    Hard(u64),
    Soft(String),
}

/// A message of an object header.
pub(crate) struct Message {
    pub(crate) kind: u8,
    /// Where its content begins.
    pub(crate) body: usize,
    /// The bytes of the chunk it is in that the checksum behind them is of.
    pub(crate) chunk: (usize, usize),
}

/// An unsigned number of so many bytes.
pub(crate) fn word(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)))
}

/// Hands over the messages of the header at a place. Addresses are counted from `base`. None if it is cut
/// short, or `take`, which is asked about continuations too, says so.
pub(crate) fn messages(
    bytes: &[u8],
    base: usize,
    from: usize,
    take: &mut dyn FnMut(Message) -> Option<()>,
) -> Option<()> {
    let flags = *bytes.get(from + 5)?;
    let times = if flags & 0x20 != 0 { 16 } else { 0 };
    let phases = if flags & 0x10 != 0 { 4 } else { 0 };
    let (size_at, width) = (from + 6 + times + phases, 1 << (flags & 3));
    let size = usize::try_from(word(bytes, size_at, width)?).ok()?;
    let begin = size_at + width;
    // kind, size, flags, and the order of creation if it is kept
    let head = if flags & 0x04 != 0 { 6 } else { 4 };
    let mut chunks = vec![(from, begin, begin.checked_add(size)?)];
    while let Some((chunk, mut at, end)) = chunks.pop() {
        while at + head <= end {
            let (kind, size) = (*bytes.get(at)?, word(bytes, at + 1, 2)? as usize);
            let body = at + head;
            take(Message { kind, body, chunk: (chunk, end) })?;
            if kind == CONTINUATION {
                let place = usize::try_from(word(bytes, body, 8)?).ok()?.checked_add(base)?;
                let length = usize::try_from(word(bytes, body + 8, 8)?).ok()?;
                // between a signature and a checksum
                let end = place.checked_add(length)?.saturating_sub(4);
                chunks.push((place, place.checked_add(4)?, end));
            }
            at = body + size;
        }
    }
    Some(())
}

/// Name and end of the link in a link message; no end if it leads out of the file. None if it is cut short.
pub(crate) fn link(bytes: &[u8], body: usize) -> Option<(String, Option<Link>)> {
    let flags = *bytes.get(body + 1)?;
    let mut at = body + 2;
    let mut kind = 0;
    if flags & 0x08 != 0 {
        kind = *bytes.get(at)?;
        at += 1;
    }
    at += if flags & 0x04 != 0 { 8 } else { 0 };
    at += if flags & 0x10 != 0 { 1 } else { 0 };
    let width = 1 << (flags & 3);
    let length = usize::try_from(word(bytes, at, width)?).ok()?;
    let value = (at + width).checked_add(length)?;
    let name = String::from_utf8_lossy(bytes.get(at + width..value)?).into_owned();
    let link = match kind {
        0 => Some(Link::Hard(word(bytes, value, 8)?)),
        1 => {
            let length = word(bytes, value, 2)? as usize;
            let target = bytes.get(value + 2..value + 2 + length)?;
            Some(Link::Soft(String::from_utf8_lossy(target).into_owned()))
        }
        _ => None,
    };
    Some((name, link))
}
