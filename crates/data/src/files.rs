//! Files appear whole or not at all: written aside as `NAME.part`, synchronised, then renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{FileError, FileProblem};

/// Writes a file so that a reader, or a crash, never sees half of it.
///
/// `fill` writes into `PATH.part`; then the bytes are flushed and synchronised to the disk, and the
/// file is renamed to `path`, replacing what was there. If anything fails, `PATH.part` is removed and
/// `path` is left as it was. The directory must exist.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// use std::io::Write;
/// let path = dir.path().join("metrics.csv");
/// attractor_data::files::write_atomically(&path, |file| writeln!(file, "step,loss"))?;
/// assert_eq!(std::fs::read_to_string(path)?, "step,loss\n");
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`FileProblem::Io`], naming the path, when the directory is missing or not writable, when the disk
/// is full, or when `fill` fails.
pub fn write_atomically(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), FileError> {
    let aside = aside(path);
    let written = write_aside(&aside, fill).and_then(|()| fs::rename(&aside, path));
    if let Err(source) = written {
        // The first failure is the one to report; the leftover may never have been created.
        let _ = fs::remove_file(&aside);
        return Err(FileProblem::Io { action: "writing", source }.of(path));
    }
    synchronise_directory(path);
    Ok(())
}

fn write_aside(
    aside: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(aside)?);
    fill(&mut file)?;
    file.flush()?;
    file.get_ref().sync_all()
}

/// `runs/a/config.toml` is written aside as `runs/a/config.toml.part`.
fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Makes the rename itself durable. Where directories cannot be opened (Windows) the rename still
/// is atomic, so a failure here is no error.
fn synchronise_directory(path: &Path) {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(directory) = File::open(parent) {
        let _ = directory.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_leftovers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        write_atomically(&path, |file| file.write_all(b"old")).unwrap();
        let error = write_atomically(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::Error::other("disk on fire"))
        })
        .unwrap_err();
        assert!(error.to_string().contains("a.txt"), "{error}");
        assert!(error.to_string().contains("disk on fire"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nowhere").join("a.txt");
        let error = write_atomically(&path, |_| Ok(())).unwrap_err();
        assert!(matches!(*error.problem, FileProblem::Io { .. }));
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
