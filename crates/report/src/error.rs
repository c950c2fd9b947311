//! What can go wrong: shapes that do not fit, and files that cannot be written.

use std::path::{Path, PathBuf};

/// Why a figure or a page could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A slice does not have the length its shape asks for.
    #[error("`{what}` is {rows} x {columns} and needs {} values, but {found} were given", rows * columns)]
    Shape {
        /// What was being built.
        what: String,
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        columns: usize,
        /// Length of the slice.
        found: usize,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Write `bytes` to `path`: first to `<path>.part`, then renamed, so that no reader sees half a file.
pub(crate) fn write_aside(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let wrap = |source| ReportError::Write { path: path.to_path_buf(), source };
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(wrap)?;
    }
    let outcome = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    if outcome.is_err() {
        // The half-written file is of no use to anyone; that it may not exist is fine.
        let _ = std::fs::remove_file(&part);
    }
    outcome.map_err(wrap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_error_names_the_numbers() {
        let e = ReportError::Shape { what: "weights".into(), rows: 3, columns: 4, found: 7 };
        assert_eq!(e.to_string(), "`weights` is 3 x 4 and needs 12 values, but 7 were given");
    }

    #[test]
    fn writing_leaves_no_part_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.txt");
        write_aside(&path, b"x").unwrap();
        write_aside(&path, b"y").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"y");
        assert_eq!(std::fs::read_dir(dir.path().join("a")).unwrap().count(), 1);
        // A directory stands in the way: one error, nothing left.
        std::fs::create_dir(dir.path().join("c")).unwrap();
        assert!(matches!(write_aside(&dir.path().join("c"), b"z"), Err(ReportError::Write { .. })));
        assert!(!dir.path().join("c.part").exists());
    }
}
