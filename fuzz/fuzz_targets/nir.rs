//! A NIR graph: read or refused, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = attractor_interop::nir::read_bytes(bytes.to_vec(), Some(1.0));
});
