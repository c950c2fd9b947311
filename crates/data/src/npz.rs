//! Reading named arrays from one file, as `numpy.savez` writes them: a zip archive of `.npy` members.
//!
//! Reading accepts floats of 4 and 8 bytes, integers, booleans and text, of either byte order, in C
//! or Fortran order, stored or deflated. Nothing in a file is trusted: an array is allocated only
//! after its claimed shape has been found to agree with the bytes that are there, and a damaged file
//! gives an error, never a panic.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use attractor_numerics::Real;
use ndarray::{Array, ArrayD, Dimension};
use zip::{ZipArchive, result::ZipError};

use crate::error::closest;
use crate::npy::{self, Header, HeaderProblem};
use crate::{FileError, FileProblem, npy::Kind};

/// An open `.npz` file. Arrays are read when asked for, each call from the file.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("a.npz");
/// use attractor_data::{Npz, write_npz};
/// let activity = ndarray::Array2::<f32>::zeros((5, 3));
/// write_npz(&path, &[("activity", (&activity).into()), ("rate_hz", 30.0.into())])?;
///
/// let mut file = Npz::open(&path)?;
/// assert_eq!(file.keys(), ["activity", "rate_hz"]);
/// let activity: ndarray::Array2<f32> = file.array("activity", "[time, unit]")?;
/// assert_eq!(file.scalar("rate_hz")?, 30.0);
/// # Ok(()) }
/// ```
pub struct Npz<R = BufReader<File>> {
    path: PathBuf,
    archive: ZipArchive<R>,
    keys: Vec<String>,
    /// The member of each key.
    members: Vec<usize>,
}

impl Npz {
    /// Opens a file and reads its table of contents.
    ///
    /// # Errors
    /// [`FileProblem::Missing`], [`FileProblem::Io`], [`FileProblem::NotNpz`], [`FileProblem::Damaged`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let failed = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => FileProblem::Missing.of(path),
            _ => FileProblem::Io { action: "opening", source }.of(path),
        };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(FileProblem::NotNpz { looks_like: "is a directory" }.of(path));
        }
        Npz::read(path, BufReader::new(file))
    }
}

impl Npz<Cursor<Vec<u8>>> {
    /// Reads a file that is already in memory; `name` stands for its path in messages.
    ///
    /// # Errors
    /// [`FileProblem::NotNpz`], [`FileProblem::Damaged`].
    pub fn from_bytes(name: impl AsRef<Path>, bytes: Vec<u8>) -> Result<Self, FileError> {
        Npz::read(name.as_ref(), Cursor::new(bytes))
    }
}

impl<R: Read + Seek> Npz<R> {
    fn read(path: &Path, mut from: R) -> Result<Self, FileError> {
        let mut start = Vec::with_capacity(8);
        (&mut from)
            .take(8)
            .read_to_end(&mut start)
            .and_then(|_| from.seek(SeekFrom::Start(0)))
            .map_err(|source| FileProblem::Io { action: "reading", source }.of(path))?;
        if let Some(looks_like) = not_a_zip(&start) {
            return Err(FileProblem::NotNpz { looks_like }.of(path));
        }
        let archive = ZipArchive::new(from).map_err(|error| damaged(path, "", error))?;
        let (mut keys, mut members) = (Vec::new(), Vec::new());
        for index in 0..archive.len() {
            let Some(Ok(name)) = archive.name_for_index(index) else {
                continue;
            };
            if let Some(key) = name.strip_suffix(".npy") {
                keys.push(key.to_owned());
                members.push(index);
            }
        }
        Ok(Npz { path: path.to_owned(), archive, keys, members })
    }

    /// The path, as given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the arrays, in the order of the file.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Whether there is an array of this name.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|k| k == key)
    }

    /// The shape of an array, from its header alone.
    ///
    /// # Errors
    /// [`FileProblem::MissingKey`], [`FileProblem::Header`], [`FileProblem::Type`], [`FileProblem::Size`].
    pub fn shape(&mut self, key: &str) -> Result<Vec<usize>, FileError> {
        self.with_member(key, |_, _, shape| Ok(shape))
    }

    /// Whether the elements of an array are text.
    ///
    /// # Errors
    /// As [`Npz::shape`].
    pub fn is_text(&mut self, key: &str) -> Result<bool, FileError> {
        self.with_member(key, |_, header, _| Ok(matches!(header.kind, Kind::Unicode | Kind::Bytes)))
    }

    /// An array of numbers as they are, NaN and infinities included, of any number of axes, in C order,
    /// converted to `T`.
    ///
    /// # Errors
    /// As [`Npz::shape`], and [`FileProblem::Damaged`].
    pub fn values<T: Real>(&mut self, key: &str) -> Result<ArrayD<T>, FileError> {
        let path = self.path.clone();
        self.with_member(key, |member, header, shape| {
            let wrong = wrong_type(
                &path,
                key,
                &header.descr,
                "numbers (float32, float64, integers or booleans)",
            );
            if matches!(header.kind, Kind::Unicode | Kind::Bytes) {
                return Err(wrong);
            }
            let bytes = elements(&path, key, member, header)?;
            npy::numbers(header, &shape, &bytes).ok_or(wrong)
        })
    }

    /// An array of finite numbers of any number of axes, in C order, converted to `T`.
    ///
    /// # Errors
    /// As [`Npz::values`], and [`FileProblem::NotFinite`] for NaN, infinities and numbers that overflow
    /// `T`.
    pub fn numbers<T: Real>(&mut self, key: &str) -> Result<ArrayD<T>, FileError> {
        let array: ArrayD<T> = self.values(key)?;
        if array.iter().all(|x| x.is_finite()) {
            return Ok(array);
        }
        if let Some((index, value)) = array.indexed_iter().find(|(_, x)| !x.is_finite()) {
            let (key, index, value) = (key.to_owned(), index.slice().to_vec(), value.to_f64());
            return Err(FileProblem::NotFinite { key, index, value }.of(&self.path));
        }
        Ok(array)
    }

    /// An array of numbers whose axes are known, such as `"[time, unit]"` for a `D` of two axes.
    ///
    /// # Errors
    /// As [`Npz::numbers`], and [`FileProblem::Rank`].
    pub fn array<T: Real, D: Dimension>(
        &mut self,
        key: &str,
        axes: &'static str,
    ) -> Result<Array<T, D>, FileError> {
        let found = self.shape(key)?;
        // The header is enough to refuse: no need to read a large array of the wrong rank.
        if D::NDIM.is_some_and(|n| n != found.len()) {
            return Err(
                FileProblem::Rank { key: key.to_owned(), expected: axes, found }.of(&self.path)
            );
        }
        let array = self.numbers(key)?;
        array.into_dimensionality().map_err(|_| {
            FileProblem::Rank { key: key.to_owned(), expected: axes, found }.of(&self.path)
        })
    }

    /// One number: an array of no axes, or of one element.
    ///
    /// # Errors
    /// As [`Npz::numbers`], and [`FileProblem::Rank`] if there are more elements.
    pub fn scalar(&mut self, key: &str) -> Result<f64, FileError> {
        let found = self.shape(key)?;
        if found.iter().any(|&n| n != 1) {
            return Err(FileProblem::Rank {
                key: key.to_owned(),
                expected: "[] (one number)",
                found,
            }
            .of(&self.path));
        }
        Ok(self.numbers::<f64>(key)?.iter().copied().next().unwrap_or_default())
    }

    /// A list of texts, such as names of channels.
    ///
    /// # Errors
    /// As [`Npz::shape`]; [`FileProblem::Type`] if the elements are numbers, [`FileProblem::Rank`] if
    /// there is more than one axis.
    pub fn texts(&mut self, key: &str) -> Result<Vec<String>, FileError> {
        let path = self.path.clone();
        self.with_member(key, |member, header, shape| {
            let wrong = wrong_type(
                &path,
                key,
                &header.descr,
                "text: write it as numpy.array([\"a\", \"b\"])",
            );
            if !matches!(header.kind, Kind::Unicode | Kind::Bytes) {
                return Err(wrong);
            }
            if shape.len() > 1 {
                let key = key.to_owned();
                return Err(FileProblem::Rank { key, expected: "[name]", found: shape }.of(path));
            }
            let bytes = elements(&path, key, member, header)?;
            npy::texts(header, &shape, &bytes).map(|texts| texts.into_iter().collect()).ok_or(wrong)
        })
    }

    /// The error for an array that should be there.
    #[must_use]
    pub fn missing(&self, key: &str) -> FileError {
        FileProblem::MissingKey {
            key: key.to_owned(),
            found: self.keys.clone(),
            meant: closest(key, self.keys.iter().map(String::as_str)),
        }
        .of(&self.path)
    }

    /// The error for an array that means nothing here, where `known` do.
    #[must_use]
    pub fn unknown(&self, key: &str, known: &[&str]) -> FileError {
        FileProblem::UnknownKey {
            key: key.to_owned(),
            known: known.iter().map(|&k| k.to_owned()).collect(),
            meant: closest(key, known.iter().copied()),
        }
        .of(&self.path)
    }

    /// Opens a member, reads its header and checks that the claimed shape can be true.
    fn with_member<T>(
        &mut self,
        key: &str,
        then: impl FnOnce(&mut dyn Read, &Header, Vec<usize>) -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        let Some(position) = self.keys.iter().position(|k| k == key) else {
            return Err(self.missing(key));
        };
        let path = self.path.as_path();
        let mut member = self
            .archive
            .by_index(self.members[position])
            .map_err(|error| damaged(path, key, error))?;
        let held = member.size();
        let header = Header::read(&mut member).map_err(|problem| match problem {
            HeaderProblem::Io(source) => {
                FileProblem::Damaged { key: key.to_owned(), problem: source.to_string() }.of(path)
            }
            HeaderProblem::Malformed(problem) => {
                FileProblem::Header { key: key.to_owned(), problem }.of(path)
            }
            HeaderProblem::Type(found) => wrong_type(
                path,
                key,
                &found,
                "float32, float64, integers, booleans or text: convert with .astype(numpy.float32)",
            ),
        })?;
        let held = held.saturating_sub(header.offset);
        let (_, claimed) = header.size();
        match header.dimensions() {
            Some(shape) if claimed == u128::from(held) => then(&mut member, &header, shape),
            _ => {
                let (key, shape) = (key.to_owned(), header.shape.clone());
                Err(FileProblem::Size { key, shape, claimed, held }.of(path))
            }
        }
    }
}

/// The numbers of a `.npy` file that is in memory, NaN included, in C order; `name` stands for its path
/// in messages.
///
/// # Errors
/// [`FileProblem::Header`], [`FileProblem::Type`], [`FileProblem::Size`].
pub fn read_npy<T: Real>(name: impl AsRef<Path>, bytes: &[u8]) -> Result<ArrayD<T>, FileError> {
    let path = name.as_ref();
    let key = || path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
    let wanted = "numbers (float32, float64, integers or booleans)";
    let header = Header::read(&mut &*bytes).map_err(|problem| match problem {
        HeaderProblem::Io(error) => {
            FileProblem::Header { key: key(), problem: error.to_string() }.of(path)
        }
        HeaderProblem::Malformed(problem) => FileProblem::Header { key: key(), problem }.of(path),
        HeaderProblem::Type(found) => wrong_type(path, &key(), &found, wanted),
    })?;
    let elements = usize::try_from(header.offset).ok().and_then(|at| bytes.get(at..));
    let (held, (_, claimed)) = (elements.map_or(0, <[u8]>::len) as u64, header.size());
    match (header.dimensions(), elements) {
        (Some(shape), Some(elements)) if claimed == u128::from(held) => {
            npy::numbers(&header, &shape, elements)
                .ok_or_else(|| wrong_type(path, &key(), &header.descr, wanted))
        }
        _ => Err(FileProblem::Size { key: key(), shape: header.shape, claimed, held }.of(path)),
    }
}

fn not_a_zip(start: &[u8]) -> Option<&'static str> {
    Some(match start {
        [] => "is empty",
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => return None,
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => "is a single .npy array",
        [0x89, b'H', b'D', b'F', ..] => "is an HDF5 file (NWB, or MATLAB 7.3)",
        [b'M', b'A', b'T', b'L', b'A', b'B', ..] => "is a MATLAB file",
        _ => "is not a zip archive",
    })
}

fn damaged(path: &Path, key: &str, error: ZipError) -> FileError {
    FileProblem::Damaged { key: key.to_owned(), problem: error.to_string() }.of(path)
}

fn wrong_type(path: &Path, key: &str, found: &str, expected: &'static str) -> FileError {
    FileProblem::Type { key: key.to_owned(), found: found.to_owned(), expected }.of(path)
}

/// All bytes after the header. The size in the table of contents is a claim too, so the buffer
/// grows with what really arrives.
fn elements(
    path: &Path,
    key: &str,
    member: &mut dyn Read,
    header: &Header,
) -> Result<Vec<u8>, FileError> {
    let problem = |problem: String| FileProblem::Damaged { key: key.to_owned(), problem }.of(path);
    let (_, claimed) = header.size();
    let claimed = u64::try_from(claimed).unwrap_or(u64::MAX);
    let mut bytes = Vec::with_capacity(claimed.min(1 << 22) as usize);
    // One byte more than claimed, so that the end is reached and with it the checksum compared.
    member
        .take(claimed.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|e| problem(e.to_string()))?;
    if bytes.len() as u64 == claimed {
        Ok(bytes)
    } else {
        Err(problem(format!("{} bytes of elements, expected {claimed}", bytes.len())))
    }
}
