//! Reading a session from a file: NWB, MATLAB, `.npz`, `.npy`, tables of spikes as text or Parquet.
//!
//! | format | is read |
//! |---|---|
//! | NWB 2 (HDF5) | units with spike times and columns, electrodes' regions, trials, epochs and other tables of intervals, events among their columns (`…_time`), every time series of up to two axes, regions of interest |
//! | MATLAB 5 to 7.3 | spike times in cells and structures, however nested; matrices as series without a clock |
//! | `.npz` | `activity` with its keys ([`crate::npz`]), or `spike_times` (s) with `spike_units` |
//! | `.npy` | one matrix, as a series without a clock |
//! | CSV, TSV, Parquet | columns of units and times, one row a spike; or a column of times and one per unit |
//! | HDF5 otherwise | matrices as series without a clock |
//!
//! What a file has and a session does not take is listed in [`Session::unread`], with the reason.
//! What was mended or guessed is listed in its provenance. Files are never trusted: they give a session
//! or an error.

mod arrays;
mod columns;
mod csv;
mod matlab;
mod nwb;
mod parquet;
mod series;
mod table;

use std::io::Read;
use std::path::Path;

use attractor_data::{FileError, FileProblem, Mat, Npz};
use attractor_hdf5::Hdf5;

use crate::session::Session;

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOptions {
    /// Series, by path or name, that are read however large they are.
    pub series: Vec<String>,
    /// Other series with more numbers than this are named, but not read.
    pub most: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        SessionOptions { series: Vec::new(), most: 100_000_000 }
    }
}

/// Reads what a file holds. Its first bytes tell the format; only tables go by their ending.
///
/// # Errors
/// [`FileError`], naming the file, the place, what was found and what to do.
pub fn read_session(
    path: impl AsRef<Path>,
    options: &SessionOptions,
) -> Result<Session, FileError> {
    let path = path.as_ref();
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => FileProblem::Missing.of(path),
        _ => FileProblem::Io { action: "reading", source }.of(path),
    };
    let mut start = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(2056).read_to_end(&mut start).map_err(failed)?;
    let mut session = match sniff(path, &start) {
        Format::Hdf5 => hierarchical(&Hdf5::open(path)?, options)?,
        Format::Mat => matlab::read(&Mat::open(path)?),
        Format::Npz => arrays::npz(&mut Npz::open(path)?)?,
        Format::Npy => {
            let bytes = std::fs::read(path).map_err(failed)?;
            arrays::npy(path, &bytes)?
        }
        Format::Parquet => parquet::read(path, std::fs::File::open(path).map_err(failed)?)?,
        Format::Table => csv::read(path)?,
    };
    session.provenance.file = path.display().to_string();
    Ok(session)
}

/// Reads what is in memory already; `name` stands for its path, and its ending tells tables.
///
/// # Errors
/// As [`read_session`].
pub fn session_from_bytes(
    name: impl AsRef<Path>,
    bytes: Vec<u8>,
    options: &SessionOptions,
) -> Result<Session, FileError> {
    let path = name.as_ref();
    let mut session = match sniff(path, &bytes) {
        Format::Hdf5 => hierarchical(&Hdf5::from_bytes(path, bytes)?, options)?,
        Format::Mat => matlab::read(&Mat::from_bytes(path, &bytes)?),
        Format::Npz => arrays::npz(&mut Npz::from_bytes(path, bytes)?)?,
        Format::Npy => arrays::npy(path, &bytes)?,
        Format::Parquet => parquet::read(path, bytes::Bytes::from(bytes))?,
        Format::Table => csv::from_text(path, &bytes[..])?,
    };
    session.provenance.file = path.display().to_string();
    Ok(session)
}

enum Format {
    Hdf5,
    Mat,
    Npz,
    Npy,
    Parquet,
    Table,
}

fn sniff(path: &Path, start: &[u8]) -> Format {
    const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    if [0, 512, 1024, 2048].iter().any(|&at| start.get(at..at + 8) == Some(HDF5)) {
        return Format::Hdf5;
    }
    match start {
        [b'P', b'K', ..] => Format::Npz,
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Format::Npy,
        [b'P', b'A', b'R', b'1', ..] => Format::Parquet,
        _ if matches!(start.get(124..128), Some([0, 1, b'I', b'M'] | [1, 0, b'M', b'I'])) => {
            Format::Mat
        }
        // a damaged file gets the error of what it is called
        _ => match ending.as_deref() {
            Some("nwb" | "h5" | "hdf5") => Format::Hdf5,
            Some("mat") => Format::Mat,
            Some("npz") => Format::Npz,
            Some("npy") => Format::Npy,
            Some("parquet") => Format::Parquet,
            _ => Format::Table,
        },
    }
}

/// HDF5 by what its root says.
fn hierarchical(file: &Hdf5, options: &SessionOptions) -> Result<Session, FileError> {
    let root = file.node("")?;
    let attributes = root.attributes()?;
    if attributes.text("nwb_version").is_some() || file.has("nwb_version") {
        return nwb::read(file, options);
    }
    Ok(matlab::read_hdf5(&root, options))
}
