//! Reading MATLAB files of versions 5 to 7.2 (`.mat`; 7.3 is HDF5).
//!
//! The format is a header of 128 bytes and elements, each a type, a length and bytes; arrays may be
//! deflated one by one (<https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf>). Real arrays
//! of numbers and logicals of any number of axes, texts, cells and structures are read, nested as they
//! are; what else there is (sparse and complex arrays, objects, functions) is named in
//! [`MatValue::Unread`]. Nothing in a file is trusted: lengths are held against the bytes that are there.

mod parse;

use std::path::{Path, PathBuf};

use attractor_numerics::Real;
use ndarray::{Array, ArrayD, Dimension, IxDyn, ShapeBuilder};

use crate::error::closest;
use crate::{FileError, FileProblem};
use parse::{Problem, variables};

/// The variables of a file.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = attractor_data::Mat::open("QTDB_train.mat")?;
/// let x: ndarray::Array3<f32> = file.array("x", "[trial, time, channel]")?;
/// # Ok(()) }
/// ```
pub struct Mat {
    path: PathBuf,
    variables: Vec<(String, MatValue)>,
}

/// What a variable, a cell or a field holds.
#[derive(Debug, Clone)]
pub enum MatValue {
    /// Real numbers or logicals.
    Numbers(MatArray),
    /// A text; rows of a matrix of characters are joined by line feeds.
    Text(String),
    /// A cell array.
    Cell {
        /// Its axes.
        shape: Vec<usize>,
        /// Its cells, the first axis fastest.
        cells: Vec<MatValue>,
    },
    /// A structure, or an array of them.
    Struct {
        /// The axes of the array; `[1, 1]` for one structure.
        shape: Vec<usize>,
        /// For each field its name, and its value in every structure, the first axis fastest.
        fields: Vec<(String, Vec<MatValue>)>,
    },
    /// Something that is not read, and what it is.
    Unread(&'static str),
}

/// An array of numbers, decoded when it is asked for.
#[derive(Debug, Clone)]
pub struct MatArray {
    shape: Vec<usize>,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    /// Bytes of elements of a type, which may be smaller than the class of the array.
    Raw {
        kind: u32,
        bytes: Vec<u8>,
        big_endian: bool,
    },
    Values(ArrayD<f64>),
}

impl From<ArrayD<f64>> for MatArray {
    fn from(values: ArrayD<f64>) -> Self {
        MatArray { shape: values.shape().to_vec(), content: Content::Values(values) }
    }
}

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
        let variables = variables(&bytes[HEADER..], big_endian)
            .map_err(|Problem(key, problem)| FileProblem::Damaged { key, problem }.of(path))?;
        Ok(Mat { path: path.to_owned(), variables })
    }

    /// Names of the arrays of numbers, in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let numbers = |(_, value): &&(String, MatValue)| matches!(value, MatValue::Numbers(_));
        self.variables.iter().filter(numbers).map(|(name, _)| name.as_str())
    }

    /// All variables with their names, in the order of the file.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &MatValue)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value))
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
        let named = |(name, value): &(String, MatValue)| match value {
            MatValue::Numbers(array) if name == key => Some(array.clone()),
            _ => None,
        };
        let Some(variable) = self.variables.iter().find_map(named) else {
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

impl MatArray {
    /// Its axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers as they are, NaN included, in C order.
    ///
    /// # Errors
    /// What does not fit together, in words.
    pub fn numbers<T: Real>(&self) -> Result<ArrayD<T>, String> {
        let (kind, bytes, big_endian) = match &self.content {
            Content::Values(values) => return Ok(values.mapv(T::from_f64)),
            Content::Raw { kind, bytes, big_endian } => (*kind, bytes, *big_endian),
        };
        macro_rules! decode {
            ($t:ty) => {
                bytes
                    .chunks_exact(size_of::<$t>())
                    .map(|chunk| {
                        let mut raw = [0_u8; size_of::<$t>()];
                        raw.copy_from_slice(chunk);
                        let x = if big_endian {
                            <$t>::from_be_bytes(raw)
                        } else {
                            <$t>::from_le_bytes(raw)
                        };
                        T::from_f64(x as f64)
                    })
                    .collect()
            };
        }
        let values: Vec<T> = match kind {
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

const HEADER: usize = 128;
