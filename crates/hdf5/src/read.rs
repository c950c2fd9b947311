//! Reading, by path.

use std::fs::File as Plain;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use attractor_data::{FileError, FileProblem, closest};
use attractor_numerics::Real;
use hdf5_pure::File;
use ndarray::ArrayD;

use crate::bytes::Paged;
use crate::node::{Kind, Node, Opened, guarded};

/// Files up to this size are read into memory; of larger ones only what is asked for.
const WHOLE: u64 = 1 << 24;
/// Bytes that show what kind of file it is, with the block of 512 that MATLAB puts before.
const START: u64 = 4096;

/// An open file.
pub struct Hdf5 {
    opened: Opened,
}

impl Hdf5 {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FileProblem::Missing`], [`FileProblem::Io`], [`FileProblem::NotHdf5`], [`FileProblem::Damaged`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let failed = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => FileProblem::Missing.of(path),
            _ => FileProblem::Io { action: "reading", source }.of(path),
        };
        let length = std::fs::metadata(path).map_err(failed)?.len();
        if length <= WHOLE {
            return Hdf5::from_bytes(path, std::fs::read(path).map_err(failed)?);
        }
        Hdf5::from_disk(path, length).map_err(failed)?
    }

    /// Opens a file of which only what is asked for is read.
    fn from_disk(path: &Path, bytes: u64) -> std::io::Result<Result<Self, FileError>> {
        let (mut start, plain) = (Vec::new(), Plain::open(path)?);
        (&plain).take(START).read_to_end(&mut start)?;
        let disk = Some(Arc::new(Paged::new(plain, bytes)));
        let file =
            recognise(path, &start).and_then(|()| guarded(path, "", || File::open_streaming(path)));
        let links = Arc::default();
        Ok(file.map(|file| Hdf5 { opened: Opened { path: path.into(), file, bytes, disk, links } }))
    }

    /// Reads a file that is in memory already; `name` stands for its path in messages.
    ///
    /// # Errors
    /// [`FileProblem::NotHdf5`], [`FileProblem::Damaged`].
    pub fn from_bytes(name: impl AsRef<Path>, bytes: Vec<u8>) -> Result<Self, FileError> {
        let path = name.as_ref();
        recognise(path, &bytes)?;
        let length = bytes.len() as u64;
        let file = guarded(path, "", || File::from_bytes(bytes))?;
        let (bytes, disk, links) = (length, None, Arc::default());
        Ok(Hdf5 { opened: Opened { path: path.into(), file, bytes, disk, links } })
    }

    /// The path, as given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.opened.path
    }

    /// The group or array at a path; the root is `""`.
    ///
    /// # Errors
    /// [`FileProblem::MissingKey`] if there is none, [`FileProblem::Link`] for a link that leads nowhere,
    /// [`FileProblem::Damaged`].
    pub fn node(&self, path: &str) -> Result<Node, FileError> {
        let object = self.opened.find(path).map_err(|error| match *error.problem {
            FileProblem::Link { .. } => error,
            _ => self.missing(path).unwrap_or(error),
        })?;
        Ok(Node { file: self.opened.clone(), key: path.to_owned(), object, by_path: true })
    }

    /// Names in a group, in alphabetical order; the root is `""`.
    ///
    /// # Errors
    /// [`FileProblem::MissingKey`] if there is no such group, [`FileProblem::Damaged`].
    pub fn members(&self, group: &str) -> Result<Vec<String>, FileError> {
        let node = self.node(group)?;
        match node.kind()? {
            Kind::Group => node.members(),
            _ => {
                let (found, expected) = ("an array".to_owned(), "a group");
                Err(FileProblem::Type { key: group.to_owned(), found, expected }.of(self.path()))
            }
        }
    }

    /// Whether a path leads to something.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.kind(path).is_ok()
    }

    /// What a path leads to.
    ///
    /// # Errors
    /// [`FileProblem::MissingKey`] if to nothing, [`FileProblem::Damaged`].
    pub fn kind(&self, path: &str) -> Result<Kind, FileError> {
        self.node(path)?.kind()
    }

    /// The shape of an array.
    ///
    /// # Errors
    /// As [`Hdf5::kind`], and [`FileProblem::Size`] for more than the file could hold.
    pub fn shape(&self, path: &str) -> Result<Vec<usize>, FileError> {
        self.node(path)?.shape()
    }

    /// An array of finite numbers, converted to `T`; a single number has no axes.
    ///
    /// # Errors
    /// As [`Hdf5::shape`], and [`FileProblem::Type`], [`FileProblem::NotFinite`].
    pub fn numbers<T: Real>(&self, path: &str) -> Result<ArrayD<T>, FileError> {
        self.node(path)?.numbers()
    }

    /// One number.
    ///
    /// # Errors
    /// As [`Hdf5::numbers`], and [`FileProblem::Rank`] if there are several.
    pub fn number(&self, path: &str) -> Result<f64, FileError> {
        let array = self.numbers::<f64>(path)?;
        self.single(path, array.shape(), array.iter().copied())
    }

    /// An array of texts.
    ///
    /// # Errors
    /// As [`Hdf5::shape`], and [`FileProblem::Type`] for what is no text.
    pub fn texts(&self, path: &str) -> Result<ArrayD<String>, FileError> {
        self.node(path)?.texts()
    }

    /// One text.
    ///
    /// # Errors
    /// As [`Hdf5::texts`], and [`FileProblem::Rank`] if there are several.
    pub fn text(&self, path: &str) -> Result<String, FileError> {
        let array = self.texts(path)?;
        let shape = array.shape().to_vec();
        self.single(path, &shape, array.into_iter())
    }

    fn single<T>(
        &self,
        path: &str,
        shape: &[usize],
        mut values: impl Iterator<Item = T>,
    ) -> Result<T, FileError> {
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            _ => {
                let (key, found) = (path.to_owned(), shape.to_vec());
                Err(FileProblem::Rank { key, expected: "[] (one)", found }.of(self.path()))
            }
        }
    }

    /// The error for a path that leads nowhere; none if its last name is there.
    fn missing(&self, path: &str) -> Option<FileError> {
        let (group, name) = path.rsplit_once('/').unwrap_or(("", path));
        let found = self.members(group);
        match found {
            Ok(names) if names.iter().any(|n| n == name) => None,
            Ok(names) => {
                let meant = closest(name, names.iter().map(String::as_str));
                let (key, found) = (path.to_owned(), names);
                Some(FileProblem::MissingKey { key, found, meant }.of(self.path()))
            }
            Err(error) => Some(error),
        }
    }
}

/// Refuses what does not begin as an HDF5 file.
fn recognise(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    if hdf5_pure::is_hdf5_bytes(bytes) {
        return Ok(());
    }
    let looks_like = match bytes.get(..4) {
        None => "is empty or cut short",
        Some(b"PK\x03\x04") => "is a zip archive (.npz?)",
        Some(b"MATL") => "is a MATLAB file before version 7.3",
        _ => "does not begin as one",
    };
    Err(FileProblem::NotHdf5 { looks_like }.of(path))
}

impl std::fmt::Debug for Hdf5 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hdf5").field("path", &self.path()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_in_a_file_on_disk() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/links_heap.h5");
        let length = std::fs::metadata(&file).unwrap().len();
        let disk = Hdf5::from_disk(&file, length).unwrap().unwrap();
        let memory = Hdf5::open(&file).unwrap();
        for path in ["chain", "few/up5", "many/soft0005", "many/hard0007"] {
            assert_eq!(disk.number(path).unwrap(), memory.number(path).unwrap(), "{path}");
        }
        for group in ["", "few", "many"] {
            assert_eq!(disk.members(group).unwrap(), memory.members(group).unwrap(), "{group}");
        }
        let said = disk.node("few/outside").err().unwrap().to_string();
        assert!(said.contains("another file, `other.h5`"), "{said}");
    }
}
