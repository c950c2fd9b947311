//! The bytes of a file, in memory or on disk, for what is looked up besides the library below.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Mutex;

/// Bytes read at once from a disk.
const PAGE: usize = 4096;
/// Bytes that are taken at once, at most.
const MOST: usize = 1 << 20;

/// Bytes at places.
pub(crate) trait Bytes {
    /// How many there are.
    fn count(&self) -> usize;

    /// Fills the whole of `into` from a place on; none if the file ends before.
    fn fill(&self, at: usize, into: &mut [u8]) -> Option<()>;

    /// An unsigned number of up to eight bytes, the lowest first.
    fn word(&self, at: usize, width: usize) -> Option<u64> {
        let mut word = [0; 8];
        self.fill(at, word.get_mut(..width)?)?;
        Some(u64::from_le_bytes(word))
    }

    /// So many bytes.
    fn part(&self, at: usize, length: usize) -> Option<Vec<u8>> {
        let there = at.checked_add(length)? <= self.count() && length <= MOST;
        let mut taken = vec![0; if there { length } else { return None }];
        self.fill(at, &mut taken)?;
        Some(taken)
    }

    /// Whether these bytes stand at a place.
    fn has(&self, at: usize, bytes: &[u8]) -> bool {
        self.part(at, bytes.len()).is_some_and(|taken| taken == bytes)
    }
}

impl Bytes for &[u8] {
    fn count(&self) -> usize {
        self.len()
    }

    fn fill(&self, at: usize, into: &mut [u8]) -> Option<()> {
        into.copy_from_slice(self.get(at..at.checked_add(into.len())?)?);
        Some(())
    }
}

/// A file on disk, whose pages are kept as they are read.
pub(crate) struct Paged {
    file: Mutex<File>,
    length: usize,
    pages: Mutex<BTreeMap<usize, Vec<u8>>>,
}

impl Paged {
    /// Of so many bytes.
    pub(crate) fn new(file: File, length: u64) -> Self {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Paged { file: Mutex::new(file), length, pages: Mutex::default() }
    }

    fn page(&self, number: usize) -> Option<Vec<u8>> {
        let from = number.checked_mul(PAGE)?;
        let mut page = vec![0; PAGE.min(self.length.checked_sub(from)?)];
        let mut file = self.file.lock().ok()?;
        file.seek(SeekFrom::Start(from as u64)).ok()?;
        file.read_exact(&mut page).ok()?;
        Some(page)
    }
}

impl Bytes for Paged {
    fn count(&self) -> usize {
        self.length
    }

    fn fill(&self, at: usize, into: &mut [u8]) -> Option<()> {
        let mut pages = self.pages.lock().ok()?;
        let mut done = 0;
        while done < into.len() {
            let place = at.checked_add(done)?;
            let (number, offset) = (place / PAGE, place % PAGE);
            if let std::collections::btree_map::Entry::Vacant(entry) = pages.entry(number) {
                entry.insert(self.page(number)?);
            }
            let rest = pages.get(&number)?.get(offset..).filter(|rest| !rest.is_empty())?;
            let count = rest.len().min(into.len() - done);
            into[done..done + count].copy_from_slice(&rest[..count]);
            done += count;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_disk_has_the_bytes_of_memory() {
        let all: Vec<u8> = (0..3 * PAGE + 100).map(|k| (k * 7 % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&all).unwrap();
        let (disk, memory) = (Paged::new(file, all.len() as u64), &all[..]);
        for (at, length) in [(0, 8), (PAGE - 3, 6), (10, 2 * PAGE), (3 * PAGE + 92, 8), (5, 0)] {
            assert_eq!(disk.part(at, length), memory.part(at, length), "{at} {length}");
            assert!(disk.part(at, length).is_some());
        }
        assert_eq!(disk.word(PAGE - 1, 4), memory.word(PAGE - 1, 4));
        for (at, length) in [(3 * PAGE + 93, 8), (usize::MAX, 4), (1 << 40, 1)] {
            assert_eq!((disk.part(at, length), memory.part(at, length)), (None, None));
        }
        assert_eq!(disk.word(0, 9), None);
    }
}
