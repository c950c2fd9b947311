//! A model file: read or refused, never a panic; what is read has as many weights as its network.

#![no_main]

use attractor_interop::load_bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(model) = load_bytes(bytes) else { return };
    assert_eq!(model.parameters.len(), model.network.layout().len());
});
