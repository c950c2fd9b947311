//! Writing named arrays as `numpy.savez` does.

use std::io::Write;
use std::path::Path;

use ndarray::{Array, ArrayBase, CowArray, Data, Dimension, IxDyn, arr0};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::files::write_atomically;
use crate::{FileError, npy};

/// An array to be written; made with `.into()` from `&Array`, a view, a number, or a list of names.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum NpzArray<'a> {
    /// Written as `<f4`.
    F32(CowArray<'a, f32, IxDyn>),
    /// Written as `<f8`.
    F64(CowArray<'a, f64, IxDyn>),
    /// Written as `<i8`.
    I64(CowArray<'a, i64, IxDyn>),
    /// Written as `<U`, one axis.
    Text(&'a [String]),
}

/// A number that [`write_npz`] can write: f32, f64 or i64.
pub trait NpzNumber: Copy {
    /// Puts an array of such numbers into its variant.
    fn array(array: CowArray<'_, Self, IxDyn>) -> NpzArray<'_>;
}

impl<'a, S: Data, D: Dimension> From<&'a ArrayBase<S, D>> for NpzArray<'a>
where
    S::Elem: NpzNumber,
{
    fn from(array: &'a ArrayBase<S, D>) -> Self {
        S::Elem::array(array.view().into_dyn().into())
    }
}

macro_rules! into_npz {
    ($t:ty, $variant:ident) => {
        impl NpzNumber for $t {
            fn array(array: CowArray<'_, Self, IxDyn>) -> NpzArray<'_> {
                NpzArray::$variant(array)
            }
        }
        impl<D: Dimension> From<Array<$t, D>> for NpzArray<'_> {
            fn from(array: Array<$t, D>) -> Self {
                NpzArray::$variant(array.into_dyn().into())
            }
        }
        impl From<$t> for NpzArray<'_> {
            fn from(number: $t) -> Self {
                NpzArray::$variant(arr0(number).into_dyn().into())
            }
        }
    };
}
into_npz!(f32, F32);
into_npz!(f64, F64);
into_npz!(i64, I64);

impl<'a> From<&'a [String]> for NpzArray<'a> {
    fn from(names: &'a [String]) -> Self {
        NpzArray::Text(names)
    }
}

/// Writes named arrays as `numpy.savez` would: uncompressed, in C order, in the order given.
///
/// The same arrays give the same bytes. The file is written aside and renamed
/// ([`write_atomically`]). Values are written as they are, NaN included.
///
/// # Errors
/// [`FileProblem::Io`](crate::FileProblem::Io) naming the path; also when a name is given twice.
pub fn write_npz(path: impl AsRef<Path>, arrays: &[(&str, NpzArray<'_>)]) -> Result<(), FileError> {
    write_atomically(path.as_ref(), |file| {
        let mut archive = ZipWriter::new(file);
        for (name, array) in arrays {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Stored)
                .large_file(bytes(array) > 0xF000_0000);
            archive.start_file(format!("{name}.npy"), options)?;
            write_array(&mut archive, array)?;
        }
        archive.finish()?;
        Ok(())
    })
}

/// Upper bound of the bytes of a member.
fn bytes(array: &NpzArray<'_>) -> usize {
    match array {
        NpzArray::F32(a) => 4 * a.len(),
        NpzArray::F64(a) => 8 * a.len(),
        NpzArray::I64(a) => 8 * a.len(),
        NpzArray::Text(names) => 4 * names.len() * widest(names),
    }
}

fn widest(names: &[String]) -> usize {
    names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(1)
}

fn write_array(to: &mut impl Write, array: &NpzArray<'_>) -> std::io::Result<()> {
    macro_rules! numbers {
        ($descr:expr, $array:expr) => {{
            npy::write_header(to, $descr, $array.shape())?;
            write_in_pieces(to, $array.iter().map(|x| x.to_le_bytes()))
        }};
    }
    match array {
        NpzArray::F32(a) => numbers!("<f4", a),
        NpzArray::F64(a) => numbers!("<f8", a),
        NpzArray::I64(a) => numbers!("<i8", a),
        NpzArray::Text(names) => {
            let width = widest(names);
            npy::write_header(to, &format!("<U{width}"), &[names.len()])?;
            let padded = |name: &'_ String| {
                let mut codes: Vec<u32> = name.chars().map(u32::from).collect();
                codes.resize(width, 0);
                codes
            };
            write_in_pieces(to, names.iter().flat_map(padded).map(u32::to_le_bytes))
        }
    }
}

fn write_in_pieces<const N: usize>(
    to: &mut impl Write,
    items: impl Iterator<Item = [u8; N]>,
) -> std::io::Result<()> {
    let mut piece = Vec::with_capacity(1 << 16);
    for item in items {
        if piece.len() + N > 1 << 16 {
            to.write_all(&piece)?;
            piece.clear();
        }
        piece.extend_from_slice(&item);
    }
    to.write_all(&piece)
}
