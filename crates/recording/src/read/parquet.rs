//! Parquet: the tables that CSV files have, with a type for each column.

use std::path::Path;
use std::sync::Arc;

use attractor_data::{FileError, FileProblem, guarded};
use csv::StringRecord;
use parquet::basic::{Compression, Repetition};
use parquet::data_type::AsBytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;

use super::table::{self, damaged};
use crate::session::Session;

/// Rows that a byte of a file stands for, at most: the times of spikes differ, and rates too.
const MOST_ROWS: u64 = 64;

/// Reads a table from a file, or from what is in memory.
pub(super) fn read(path: &Path, from: impl ChunkReader + 'static) -> Result<Session, FileError> {
    guarded(|| columns(path, from)).unwrap_or_else(|said| Err(damaged(path, said)))
}

fn columns(path: &Path, from: impl ChunkReader + 'static) -> Result<Session, FileError> {
    let refused = |error: ParquetError| damaged(path, error);
    let bytes = from.len();
    let reader = SerializedFileReader::new(from).map_err(refused)?;
    let groups = reader.metadata().row_groups();
    let rows = groups.iter().try_fold(0_u64, |sum, group| {
        u64::try_from(group.num_rows()).ok().and_then(|rows| sum.checked_add(rows))
    });
    if rows.is_none_or(|rows| rows > bytes.saturating_mul(MOST_ROWS)) {
        return Err(damaged(path, format!("more rows than {bytes} bytes can hold")));
    }
    let chunks = groups.iter().flat_map(|group| group.columns());
    let compressed = chunks.map(|chunk| chunk.compression()).find(|compression| {
        !matches!(
            compression,
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_)
        )
    });
    if let Some(compression) = compressed {
        let (key, value) = ("compression".to_owned(), compression.to_string());
        let fix = "write it with snappy or gzip, or without compression".to_owned();
        return Err(FileProblem::Value { key, value, fix }.of(path));
    }
    let schema = reader.metadata().file_metadata().schema();
    let flat = |field: &Arc<Type>| {
        let info = field.get_basic_info();
        let repeated = info.has_repetition() && info.repetition() == Repetition::REPEATED;
        field.is_primitive() && !repeated
    };
    let (kept, left): (Vec<_>, Vec<_>) = schema.get_fields().iter().cloned().partition(flat);
    let header: Vec<String> = kept.iter().map(|field| field.name().to_owned()).collect();
    let columns = Type::group_type_builder(schema.name()).with_fields(kept).build();
    let rows = reader.get_row_iter(Some(columns.map_err(refused)?)).map_err(refused)?;
    let rows = rows.map(|row| {
        let row = row.map_err(refused)?;
        Ok(row.get_column_iter().map(|(_, field)| text(field)).collect::<StringRecord>())
    });
    let mut session = table::read(path, "Parquet", &header, rows)?;
    for field in left {
        session.leave(field.name().to_owned(), "a list or a structure in each row");
    }
    Ok(session)
}

/// A cell as a table of text has it.
fn text(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Float16(x) => x.to_string(),
        Field::Float(x) => x.to_string(),
        Field::Double(x) => x.to_string(),
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.as_bytes()).into_owned(),
        other => other.to_string(),
    }
}
