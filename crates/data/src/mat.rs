//! Reading arrays of numbers from MATLAB files of versions 5 to 7.2 (`.mat`; 7.3 is HDF5).
//!
//! The format is a header of 128 bytes and elements, each a type, a length and bytes; arrays may be
//! deflated one by one (<https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf>). Real arrays
//! of numbers and logicals of any number of axes are read; texts, cells, structures and sparse
//! arrays are left out. Nothing in a file is trusted: lengths are held against the bytes that are there.

use std::io::Read;
use std::path::{Path, PathBuf};

use attractor_numerics::Real;
use flate2::read::ZlibDecoder;
use ndarray::{Array, ArrayD, Dimension, IxDyn, ShapeBuilder};

use crate::error::closest;
use crate::{FileError, FileProblem};

const HEADER: usize = 128;
/// Deflated arrays larger than this are not read.
const MOST_BYTES: u64 = 1 << 31;
const MOST_AXES: usize = 64;

/// Types of elements.
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
/// Classes of arrays that hold numbers: double, single, and integers of 8 to 64 bits.
const NUMBERS: std::ops::RangeInclusive<u8> = 6..=15;
/// Flag of complex numbers.
const COMPLEX: u8 = 0x08;

/// The arrays of numbers in a file.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = attractor_data::Mat::open("QTDB_train.mat")?;
/// let x: ndarray::Array3<f32> = file.array("x", "[trial, time, channel]")?;
/// # Ok(()) }
/// ```
pub struct Mat {
    path: PathBuf,
    arrays: Vec<Variable>,
}

/// One array, still as bytes.
struct Variable {
    name: String,
    shape: Vec<usize>,
    kind: u32,
    bytes: Vec<u8>,
    big_endian: bool,
}

/// What is wrong, and in which array.
struct Problem(String, String);

impl Mat {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FileProblem::Missing`], [`FileProblem::Io`], [`FileProblem::NotMat`], [`FileProblem::Damaged`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => FileProblem::Missing.of(path),
            _ => FileProblem::Io { action: "reading", source }.of(path),
        })?;
        Mat::from_bytes(path, &bytes)
    }

    /// Reads a file that is in memory already; `name` stands for its path in messages.
    ///
    /// # Errors
    /// [`FileProblem::NotMat`], [`FileProblem::Damaged`].
    pub fn from_bytes(name: impl AsRef<Path>, bytes: &[u8]) -> Result<Self, FileError> {
        let path = name.as_ref();
        let not = |looks_like| FileProblem::NotMat { looks_like }.of(path);
        if bytes.starts_with(b"\x89HDF") || bytes.get(512..516) == Some(b"\x89HDF") {
            return Err(not("is an HDF5 file, as MATLAB 7.3 writes: save it with -v7"));
        }
        let big_endian = match bytes.get(HEADER - 4..HEADER) {
            Some([0, 1, b'I', b'M']) => false,
            Some([1, 0, b'M', b'I']) => true,
            Some(_) => return Err(not("has no header of one")),
            None => return Err(not("is too short")),
        };
        let mut arrays = Vec::new();
        let mut from = Elements { bytes: &bytes[HEADER..], big_endian, packed: true };
        let damaged = |Problem(key, problem)| FileProblem::Damaged { key, problem }.of(path);
        while let Some((kind, data)) = from.next().map_err(damaged)? {
            let found = match kind {
                MATRIX => matrix(data, big_endian),
                COMPRESSED => inflated(data, big_endian),
                _ => Ok(None),
            };
            arrays.extend(found.map_err(damaged)?);
        }
        Ok(Mat { path: path.to_owned(), arrays })
    }

    /// Names of the arrays of numbers, in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.arrays.iter().map(|array| array.name.as_str())
    }

    /// An array of finite numbers whose axes are known, such as `"[trial, time, channel]"`.
    ///
    /// # Errors
    /// [`FileProblem::MissingKey`], [`FileProblem::Rank`], [`FileProblem::Damaged`],
    /// [`FileProblem::NotFinite`].
    pub fn array<T: Real, D: Dimension>(
        &self,
        key: &str,
        axes: &'static str,
    ) -> Result<Array<T, D>, FileError> {
        let Some(variable) = self.arrays.iter().find(|array| array.name == key) else {
            let found: Vec<String> = self.keys().map(str::to_owned).collect();
            let meant = closest(key, self.keys());
            return Err(
                FileProblem::MissingKey { key: key.to_owned(), found, meant }.of(&self.path)
            );
        };
        let found = variable.shape.clone();
        let array = variable.numbers::<T>().map_err(|problem| {
            FileProblem::Damaged { key: key.to_owned(), problem }.of(&self.path)
        })?;
        if let Some((index, x)) = array.indexed_iter().find(|(_, x)| !x.is_finite()) {
            let (key, index, value) = (key.to_owned(), index.slice().to_vec(), x.to_f64());
            return Err(FileProblem::NotFinite { key, index, value }.of(&self.path));
        }
        array.into_dimensionality().map_err(|_| {
            FileProblem::Rank { key: key.to_owned(), expected: axes, found }.of(&self.path)
        })
    }
}

impl Variable {
    /// The numbers in C order. The bytes may be of a smaller type than the array's class.
    fn numbers<T: Real>(&self) -> Result<ArrayD<T>, String> {
        macro_rules! decode {
            ($t:ty) => {
                self.bytes
                    .chunks_exact(size_of::<$t>())
                    .map(|chunk| {
                        let mut raw = [0_u8; size_of::<$t>()];
                        raw.copy_from_slice(chunk);
                        let big = self.big_endian;
                        let x =
                            if big { <$t>::from_be_bytes(raw) } else { <$t>::from_le_bytes(raw) };
                        T::from_f64(x as f64)
                    })
                    .collect()
            };
        }
        let values: Vec<T> = match self.kind {
            1 => decode!(i8),
            2 => decode!(u8),
            3 => decode!(i16),
            4 => decode!(u16),
            5 => decode!(i32),
            6 => decode!(u32),
            7 => decode!(f32),
            9 => decode!(f64),
            12 => decode!(i64),
            13 => decode!(u64),
            kind => return Err(format!("elements are of type {kind}, which is no number")),
        };
        let found = values.len();
        let array = ArrayD::from_shape_vec(IxDyn(&self.shape).f(), values)
            .map_err(|_| format!("{found} elements for shape {:?}", self.shape))?;
        Ok(array.as_standard_layout().into_owned())
    }
}

/// Elements one after the other.
struct Elements<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    /// Top level: what is deflated is not padded to 8 bytes.
    packed: bool,
}

impl<'a> Elements<'a> {
    fn word(&self, at: usize) -> Option<u32> {
        Some(word(self.bytes.get(at..at + 4)?, self.big_endian))
    }

    /// Type and bytes of the next element; none at the end.
    fn next(&mut self) -> Result<Option<(u32, &'a [u8])>, Problem> {
        if self.bytes.iter().all(|&b| b == 0) {
            return Ok(None);
        }
        let cut = || Problem(String::new(), "an element is cut short".to_owned());
        let first = self.word(0).ok_or_else(cut)?;
        // up to four bytes fit into the tag itself
        if first >> 16 != 0 && first >> 16 <= 4 {
            let length = (first >> 16) as usize;
            let data = self.bytes.get(4..4 + length).ok_or_else(cut)?;
            self.bytes = self.bytes.get(8..).unwrap_or_default();
            return Ok(Some((first & 0xffff, data)));
        }
        let length = self.word(4).ok_or_else(cut)? as usize;
        let end = length.checked_add(8).ok_or_else(cut)?;
        let data = self.bytes.get(8..end).ok_or_else(cut)?;
        let packed = self.packed && first == COMPRESSED;
        let next = if packed { end } else { end.next_multiple_of(8) };
        self.bytes = self.bytes.get(next..).unwrap_or_default();
        Ok(Some((first, data)))
    }
}

fn inflated(data: &[u8], big_endian: bool) -> Result<Option<Variable>, Problem> {
    let problem = |problem: String| Problem(String::new(), problem);
    let mut bytes = Vec::new();
    let read = ZlibDecoder::new(data).take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| problem(error.to_string()))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(problem(format!("an array of more than {MOST_BYTES} bytes")));
    }
    let mut inside = Elements { bytes: &bytes, big_endian, packed: false };
    match inside.next()? {
        Some((MATRIX, data)) => matrix(data, big_endian),
        _ => Ok(None),
    }
}

/// An array of real numbers; none for anything else.
fn matrix(data: &[u8], big_endian: bool) -> Result<Option<Variable>, Problem> {
    let mut parts = Elements { bytes: data, big_endian, packed: false };
    let flags = match parts.next()? {
        Some((6, bytes)) if bytes.len() >= 8 => word(bytes, big_endian),
        _ => return Ok(None),
    };
    let (class, flags) = ((flags & 0xff) as u8, ((flags >> 8) & 0xff) as u8);
    if !NUMBERS.contains(&class) || flags & COMPLEX != 0 {
        return Ok(None);
    }
    let cut = |key: &str, what: &str| Problem(key.to_owned(), format!("it has no {what}"));
    let (_, axes) = parts.next()?.ok_or_else(|| cut("", "shape"))?;
    let (_, name) = parts.next()?.ok_or_else(|| cut("", "name"))?;
    let name = String::from_utf8_lossy(name).into_owned();
    let (kind, bytes) = match parts.next()? {
        Some(part) => part,
        // an array without elements may end here
        None => (9, &[][..]),
    };
    let shape: Vec<usize> =
        axes.chunks_exact(4).map(|axis| word(axis, big_endian) as usize).collect();
    if shape.len() > MOST_AXES {
        return Err(Problem(name, format!("more than {MOST_AXES} axes")));
    }
    Ok(Some(Variable { name, shape, kind, bytes: bytes.to_vec(), big_endian }))
}

fn word(bytes: &[u8], big_endian: bool) -> u32 {
    let mut raw = [0_u8; 4];
    raw.copy_from_slice(&bytes[..4]);
    if big_endian { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) }
}
