//! Files of a connectome, edges, cells and places parted by a byte 0, the first byte choosing their endings:
//! read or refused, never a panic, and what is read holds together.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use attractor_data::{Connectome, ConnectomeFiles};
use libfuzzer_sys::fuzz_target;

/// One empty directory a process.
static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = std::env::temp_dir().join(format!("attractor-fuzz-connectome-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a directory for the files");
    place
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let endings = [["csv", "csv", "csv"], ["json", "csv", "nml"], ["csv", "txt", "nml"]];
    let mut parts = rest.splitn(3, |&byte| byte == 0);
    let mut written = endings[usize::from(first) % 3].into_iter().enumerate().map(|(k, ending)| {
        let file = PLACE.join(format!("{k}.{ending}"));
        parts.next().map(|part| {
            std::fs::write(&file, part).expect("room for the file");
            file
        })
    });
    let Some(Some(edges)) = written.next() else { return };
    let (cells, positions) = (written.next().flatten(), written.next().flatten());
    let files = ConnectomeFiles { edges, cells, positions, ..ConnectomeFiles::default() };
    let Ok(found) = Connectome::read(&files) else { return };
    let cells = found.cells.len();
    assert!(found.columns.values().all(|column| column.len() == cells));
    assert!(found.positions.as_ref().is_none_or(|places| places.len() == cells));
    assert!(found.triples().iter().all(|(from, to, _)| *from < cells && *to < cells));
});
