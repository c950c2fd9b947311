//! Whatever the bytes, reading gives a value or an error: it never panics and never allocates what
//! a header merely claims.

use std::io::{Cursor, Write};

use attractor_data::{FileError, FileProblem, Npz, trials_file::trials_from};
use proptest::prelude::*;
use zip::{ZipWriter, write::SimpleFileOptions};

fn problem<T>(result: Result<T, FileError>) -> FileProblem {
    *result.err().expect("an error").problem
}

const PLAIN: &[u8] = include_bytes!("files/plain.npz");
const COMPRESSED: &[u8] = include_bytes!("files/compressed.npz");

/// Reads everything there is to read.
fn exercise(bytes: Vec<u8>) {
    let Ok(mut file) = Npz::from_bytes("mutated.npz", bytes) else {
        return;
    };
    for key in file.keys().to_vec() {
        let _ = file.shape(&key);
        let _ = file.is_text(&key);
        let _ = file.numbers::<f32>(&key);
        let _ = file.texts(&key);
        let _ = file.scalar(&key);
    }
    let _ = trials_from(&mut file, Some(1.0));
}

/// An archive of one member `inputs.npy` with this header text and these elements.
fn archive(header: &[u8], elements: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(
        "inputs.npy",
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored),
    )
    .unwrap();
    zip.write_all(b"\x93NUMPY\x02\x00").unwrap();
    zip.write_all(&(header.len() as u32).to_le_bytes()).unwrap();
    zip.write_all(header).unwrap();
    zip.write_all(elements).unwrap();
    zip.finish().unwrap().into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes(compressed: bool, flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = if compressed { COMPRESSED } else { PLAIN }.to_vec();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        exercise(bytes);
    }

    #[test]
    fn truncated_or_stretched(compressed: bool, at: prop::sample::Index, more in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut bytes = if compressed { COMPRESSED } else { PLAIN }.to_vec();
        bytes.truncate(at.index(bytes.len()));
        bytes.extend(more);
        exercise(bytes);
    }

    #[test]
    fn bytes_removed_or_repeated(from: prop::sample::Index, to: prop::sample::Index, twice: bool) {
        let (a, b) = (from.index(PLAIN.len()), to.index(PLAIN.len()));
        let (a, b) = (a.min(b), a.max(b));
        let mut bytes = PLAIN[..if twice { b } else { a }].to_vec();
        bytes.extend_from_slice(&PLAIN[if twice { a } else { b }..]);
        exercise(bytes);
    }

    #[test]
    fn noise_after_a_zip_signature(noise in prop::collection::vec(any::<u8>(), 0..600)) {
        exercise([b"PK\x03\x04".as_slice(), &noise].concat());
    }

    #[test]
    fn any_header(
        descr in prop::sample::select(vec!["<f4", ">f8", "<U3", "|S2", "|b1", "<i8", "<f2", "|V8", "<U99999999999", "é"]),
        fortran: bool,
        shape in prop::collection::vec(prop_oneof![0_u64..5, any::<u64>()], 0..5),
        elements in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let fortran = if fortran { "True" } else { "False" };
        let shape: String = shape.iter().map(|n| format!("{n},")).collect();
        exercise(archive(format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({shape})}}").as_bytes(), &elements));
    }

    #[test]
    fn any_header_text(text in "[{}()\\[\\]'\":, descrfotan_shpTuFl0-9]{0,80}") {
        exercise(archive(text.as_bytes(), &[0; 8]));
    }
}

#[test]
fn gigantic_claims_are_refused_by_size() {
    let header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000, 64)}";
    let mut file = Npz::from_bytes("huge.npz", archive(header, &[0; 16])).unwrap();
    let error = file.numbers::<f32>("inputs").unwrap_err();
    assert!(
        matches!(*error.problem, FileProblem::Size { claimed: 256_000_000_000_000, held: 16, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("[1000000, 1000000, 64]"), "{error}");
}

#[test]
fn long_and_deep_headers_are_refused() {
    let long = vec![b' '; 1 << 20];
    let mut file = Npz::from_bytes("long.npz", archive(&long, &[])).unwrap();
    assert!(matches!(problem(file.shape("inputs")), FileProblem::Header { .. }));
    let deep = [b"{'shape': ".as_slice(), &[b'('; 60_000]].concat();
    let mut file = Npz::from_bytes("deep.npz", archive(&deep, &[])).unwrap();
    assert!(matches!(problem(file.shape("inputs")), FileProblem::Header { .. }));
}

#[test]
fn every_truncation_is_an_error() {
    for length in 0..PLAIN.len() {
        assert!(Npz::from_bytes("cut.npz", PLAIN[..length].to_vec()).is_err(), "{length} bytes");
    }
}
