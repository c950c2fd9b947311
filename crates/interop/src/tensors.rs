//! Named arrays and text in one safetensors file.
//!
//! The file is `u64` (little-endian, length of the header), the header (JSON: per tensor its type,
//! shape and place, and `__metadata__`, text by key), then the tensors one after another, row-major,
//! little-endian: <https://huggingface.co/docs/safetensors>. Reading goes through the `safetensors`
//! crate; writing is done here, because the same tensors should give the same bytes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use attractor_data::files::write_atomically;
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors};
use serde_json::json;

use crate::error::{TensorError, TensorProblem};

/// Largest header the format allows, bytes.
const MOST_HEADER: u64 = 100_000_000;

/// Numbers in single or double precision.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Single precision, `F32`.
    F32(Vec<f32>),
    /// Double precision, `F64`.
    F64(Vec<f64>),
}

impl Values {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
        }
    }

    /// No values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values in double precision, which changes none of them.
    #[must_use]
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Values::F32(values) => values.iter().map(|&x| f64::from(x)).collect(),
            Values::F64(values) => values.clone(),
        }
    }

    fn kind(&self) -> (&'static str, usize) {
        match self {
            Values::F32(_) => ("F32", 4),
            Values::F64(_) => ("F64", 8),
        }
    }

    fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        match self {
            Values::F32(values) => values.iter().try_for_each(|x| to.write_all(&x.to_le_bytes())),
            Values::F64(values) => values.iter().try_for_each(|x| to.write_all(&x.to_le_bytes())),
        }
    }
}

/// A named array.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its shape, row-major.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Values,
}

/// What a safetensors file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorFile {
    /// Text by key.
    pub metadata: BTreeMap<String, String>,
    /// The arrays; by name, once read.
    pub tensors: Vec<Tensor>,
}

impl TensorFile {
    /// The array of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// Writes the file aside, synchronises it, and renames it. The same contents give the same bytes.
    ///
    /// # Errors
    /// [`TensorProblem::Write`].
    pub fn write(&self, path: &Path) -> Result<(), TensorError> {
        let written = write_atomically(path, |file| self.write_to(file));
        written.map_err(|error| TensorProblem::Write(error).of(path))
    }

    /// The bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // writing to memory does not fail
        let _ = self.write_to(&mut bytes);
        bytes
    }

    fn write_to(&self, to: &mut impl Write) -> std::io::Result<()> {
        let mut header = serde_json::Map::new();
        if !self.metadata.is_empty() {
            header.insert("__metadata__".to_owned(), json!(self.metadata));
        }
        let mut at = 0;
        for tensor in &self.tensors {
            let (kind, size) = tensor.values.kind();
            let end = at + tensor.values.len() * size;
            let info = json!({ "dtype": kind, "shape": tensor.shape, "data_offsets": [at, end] });
            header.insert(tensor.name.clone(), info);
            at = end;
        }
        let mut header = serde_json::to_vec(&header)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        to.write_all(&(header.len() as u64).to_le_bytes())?;
        to.write_all(&header)?;
        self.tensors.iter().try_for_each(|tensor| tensor.values.write(to))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`TensorError`] for a file that cannot be read, is truncated, damaged or of another format, and
    /// for tensors that are neither `F32` nor `F64`.
    pub fn read(path: &Path) -> Result<Self, TensorError> {
        let bytes = std::fs::read(path).map_err(|error| TensorProblem::Read(error).of(path))?;
        Self::from_bytes(path, &bytes)
    }

    /// Reads the bytes of a file; `path` names it in errors.
    ///
    /// # Errors
    /// As [`TensorFile::read`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, TensorError> {
        parse(bytes).map_err(|problem| problem.of(path))
    }
}

fn parse(bytes: &[u8]) -> Result<TensorFile, TensorProblem> {
    let found = bytes.len() as u64;
    let Some(length) = bytes.first_chunk::<8>() else {
        return Err(TensorProblem::Truncated { expected: 8, found });
    };
    let length = u64::from_le_bytes(*length);
    if length > MOST_HEADER {
        return Err(TensorProblem::HugeHeader { found: length, limit: MOST_HEADER });
    }
    if length + 8 > found {
        return Err(TensorProblem::Truncated { expected: length + 8, found });
    }
    let metadata = SafeTensors::read_metadata(bytes);
    let (_, header) = match metadata {
        Ok(metadata) => metadata,
        Err(error) => return Err(of_crate(&error, &bytes[8..8 + length as usize], length, found)),
    };
    let tensors = SafeTensors::deserialize(bytes)
        .map_err(|e| TensorProblem::Header { reason: e.to_string() })?;
    let mut file = TensorFile::default();
    if let Some(texts) = header.metadata() {
        file.metadata = texts.iter().map(|(key, text)| (key.clone(), text.clone())).collect();
    }
    for (name, view) in tensors.iter() {
        let values = match view.dtype() {
            Dtype::F32 => Values::F32(numbers(view.data(), f32::from_le_bytes)),
            Dtype::F64 => Values::F64(numbers(view.data(), f64::from_le_bytes)),
            other => {
                let (tensor, found) = (name.to_owned(), other.to_string());
                return Err(TensorProblem::Type { tensor, found });
            }
        };
        file.tensors.push(Tensor { name: name.to_owned(), shape: view.shape().to_vec(), values });
    }
    file.tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(file)
}

/// What the crate found wrong. It does not say by how much a file is too short, which is what people
/// want to know, so that is looked up in the header.
fn of_crate(error: &SafeTensorError, header: &[u8], length: u64, found: u64) -> TensorProblem {
    if matches!(error, SafeTensorError::MetadataIncompleteBuffer)
        && let Some(end) = last_offset(header)
        && let Some(expected) = end.checked_add(8 + length)
    {
        return match expected > found {
            true => TensorProblem::Truncated { expected, found },
            false => TensorProblem::Trailing { extra: found - expected },
        };
    }
    TensorProblem::Header { reason: error.to_string() }
}

fn last_offset(header: &[u8]) -> Option<u64> {
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).ok()?;
    let ends = header.values().filter_map(|tensor| tensor.get("data_offsets")?.get(1)?.as_u64());
    Some(ends.max().unwrap_or(0))
}

fn numbers<T, const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
}

/// A path for errors about bytes that come from nowhere.
pub(crate) fn nameless() -> PathBuf {
    PathBuf::from("model.safetensors")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> TensorFile {
        let tensor = |name: &str, shape: &[usize], values| Tensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values,
        };
        TensorFile {
            metadata: [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "\"x\"".to_owned())]
                .into(),
            tensors: vec![
                tensor("odd", &[3], Values::F32(vec![1.0, -0.5, 1e-30])),
                tensor("wide", &[1, 2], Values::F64(vec![0.1, f64::MIN_POSITIVE])),
            ],
        }
    }

    fn problem(bytes: &[u8]) -> String {
        TensorFile::from_bytes(&nameless(), bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let read = TensorFile::from_bytes(&nameless(), &file().bytes()).unwrap();
        assert_eq!(read, file());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.safetensors");
        file().write(&path).unwrap();
        assert_eq!(TensorFile::read(&path).unwrap(), file());
        assert_eq!(std::fs::read(&path).unwrap(), file().bytes());
    }

    #[test]
    fn every_kind_of_damage_has_its_sentence() {
        let bytes = file().bytes();
        let said = problem(&bytes[..bytes.len() - 3]);
        let (expected, found) = (bytes.len(), bytes.len() - 3);
        assert!(said.contains(&format!("{expected} bytes expected, {found} found")), "{said}");
        assert!(problem(&bytes[..5]).contains("8 bytes expected, 5 found"));
        assert!(problem(&bytes[..20]).contains("truncated"));
        let longer = [&bytes[..], &[0, 0]].concat();
        assert!(problem(&longer).contains("2 bytes follow"));
        let mut huge = bytes.clone();
        huge[7] = 1;
        assert!(problem(&huge).contains("claims"));
        let mut broken = bytes.clone();
        broken[8] = b'x';
        assert!(problem(&broken).contains("header cannot be read"));
        let missing = TensorFile::read(Path::new("/nowhere/x")).unwrap_err().to_string();
        assert!(missing.starts_with("/nowhere/x: cannot be read"), "{missing}");
    }
}
