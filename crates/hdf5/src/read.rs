//! Reading.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use attractor_data::{FileError, FileProblem, closest};
use attractor_numerics::Real;
use hdf5_pure::{DType, Dataset, File};
use ndarray::{ArrayD, Dimension, IxDyn};

/// Deflate makes at most 1032 bytes of one; what claims to hold more than the file could is not read.
const MOST_PER_BYTE: u64 = 1100;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A group of further members.
    Group,
    /// An array of numbers, or one.
    Numbers,
    /// An array of texts, or one.
    Text,
    /// Compounds, references and others that are not read.
    Other,
}

/// An open file, held in memory.
pub struct Hdf5 {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Hdf5 {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FileProblem::Missing`], [`FileProblem::Io`], [`FileProblem::NotHdf5`], [`FileProblem::Damaged`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => FileProblem::Missing.of(path),
            _ => FileProblem::Io { action: "reading", source }.of(path),
        })?;
        Hdf5::from_bytes(path, bytes)
    }

    /// Reads a file that is in memory already; `name` stands for its path in messages.
    ///
    /// # Errors
    /// [`FileProblem::NotHdf5`], [`FileProblem::Damaged`].
    pub fn from_bytes(name: impl AsRef<Path>, bytes: Vec<u8>) -> Result<Self, FileError> {
        let path = name.as_ref();
        if !hdf5_pure::is_hdf5_bytes(&bytes) {
            let looks_like = match bytes.get(..4) {
                None => "is empty or cut short",
                Some(b"PK\x03\x04") => "is a zip archive (.npz?)",
                Some(b"MATL") => "is a MATLAB file before version 7.3",
                _ => "does not begin as one",
            };
            return Err(FileProblem::NotHdf5 { looks_like }.of(path));
        }
        let length = bytes.len() as u64;
        let file = guarded(path, "", || File::from_bytes(bytes))?;
        Ok(Hdf5 { path: path.to_owned(), file, bytes: length })
    }

    /// The path, as given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names in a group, in alphabetical order; the root is `""`.
    ///
    /// # Errors
    /// [`FileProblem::MissingKey`] if there is no such group, [`FileProblem::Damaged`].
    pub fn members(&self, group: &str) -> Result<Vec<String>, FileError> {
        let found = guarded(&self.path, group, || {
            let group = match group {
                "" => self.file.root(),
                _ => self.file.group(group)?,
            };
            let mut names = group.groups()?;
            names.extend(group.datasets()?);
            Ok::<_, hdf5_pure::Error>(names)
        });
        match found {
            Ok(mut names) => {
                names.sort_unstable();
                Ok(names)
            }
            Err(error) if group.is_empty() => Err(error),
            Err(error) => Err(self.missing(group).unwrap_or(error)),
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
        let group = guarded(&self.path, path, || self.file.group(path).map(|_| ()));
        if path.is_empty() || group.is_ok() {
            return Ok(Kind::Group);
        }
        Ok(match self.with(path, Dataset::dtype)? {
            DType::String | DType::VariableLengthString => Kind::Text,
            DType::F32
            | DType::F64
            | DType::I8
            | DType::I16
            | DType::I32
            | DType::I64
            | DType::U8
            | DType::U16
            | DType::U32
            | DType::U64 => Kind::Numbers,
            DType::Enum(names) if names == ["FALSE", "TRUE"] => Kind::Numbers,
            _ => Kind::Other,
        })
    }

    /// The shape of an array.
    ///
    /// # Errors
    /// As [`Hdf5::kind`], and [`FileProblem::Size`] for more than the file could hold.
    pub fn shape(&self, path: &str) -> Result<Vec<usize>, FileError> {
        let (shape, width) =
            self.with(path, |array| Ok((array.shape()?, array.element_size()?)))?;
        let claimed =
            shape.iter().fold(u128::from(width), |size, &n| size.saturating_mul(u128::from(n)));
        let most = u128::from(self.bytes) * u128::from(MOST_PER_BYTE);
        let axes: Option<Vec<usize>> = shape.iter().map(|&n| usize::try_from(n).ok()).collect();
        match axes {
            Some(axes) if claimed <= most => Ok(axes),
            _ => {
                let key = path.to_owned();
                Err(FileProblem::Size { key, shape, claimed, held: self.bytes }.of(&self.path))
            }
        }
    }

    /// An array of finite numbers, converted to `T`; a single number has no axes.
    ///
    /// # Errors
    /// As [`Hdf5::shape`], and [`FileProblem::Type`], [`FileProblem::NotFinite`].
    pub fn numbers<T: Real>(&self, path: &str) -> Result<ArrayD<T>, FileError> {
        self.expect(path, Kind::Numbers, "numbers")?;
        let shape = self.shape(path)?;
        let values = self.with(path, Dataset::read_f64)?;
        let values: Vec<T> = values.into_iter().map(T::from_f64).collect();
        let array = self.arrange(path, &shape, values)?;
        match array.indexed_iter().find(|(_, x)| !x.is_finite()) {
            None => Ok(array),
            Some((index, value)) => {
                let (key, index) = (path.to_owned(), index.slice().to_vec());
                Err(FileProblem::NotFinite { key, index, value: value.to_f64() }.of(&self.path))
            }
        }
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
        self.expect(path, Kind::Text, "text")?;
        let shape = self.shape(path)?;
        let values = self.with(path, Dataset::read_string)?;
        self.arrange(path, &shape, values)
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
                Err(FileProblem::Rank { key, expected: "[] (one)", found }.of(&self.path))
            }
        }
    }

    fn arrange<T>(
        &self,
        path: &str,
        shape: &[usize],
        values: Vec<T>,
    ) -> Result<ArrayD<T>, FileError> {
        let found = values.len();
        ArrayD::from_shape_vec(IxDyn(shape), values).map_err(|_| {
            let problem = format!("{found} elements for shape {shape:?}");
            FileProblem::Damaged { key: path.to_owned(), problem }.of(&self.path)
        })
    }

    fn expect(&self, path: &str, kind: Kind, expected: &'static str) -> Result<(), FileError> {
        let found = self.kind(path)?;
        if found == kind {
            return Ok(());
        }
        let found = match found {
            Kind::Group => "a group".to_owned(),
            Kind::Numbers => "numbers".to_owned(),
            Kind::Text => "text".to_owned(),
            Kind::Other => self.with(path, Dataset::dtype)?.to_string(),
        };
        Err(FileProblem::Type { key: path.to_owned(), found, expected }.of(&self.path))
    }

    /// Something of an array that should be there.
    fn with<T>(
        &self,
        path: &str,
        read: impl FnOnce(&Dataset) -> Result<T, hdf5_pure::Error>,
    ) -> Result<T, FileError> {
        guarded(&self.path, path, || read(&self.file.dataset(path)?))
            .map_err(|error| self.missing(path).unwrap_or(error))
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
                Some(FileProblem::MissingKey { key, found, meant }.of(&self.path))
            }
            Err(error) => Some(error),
        }
    }
}

/// What the reader makes of bytes that may be damaged: its errors, and its panics, as errors.
fn guarded<T>(
    path: &Path,
    key: &str,
    read: impl FnOnce() -> Result<T, hdf5_pure::Error>,
) -> Result<T, FileError> {
    let damaged = |problem: String| FileProblem::Damaged { key: key.to_owned(), problem }.of(path);
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(outcome) => outcome.map_err(|error| damaged(error.to_string())),
        Err(panic) => Err(damaged(said(&*panic))),
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it makes no sense").to_owned()
}
