//! A recording in any format, the first byte choosing the name: read or refused, never a panic, and what
//! is read is sound and can be written.

#![no_main]

use attractor_recording::{NwbOptions, SessionOptions, nwb_bytes, session_from_bytes};
use libfuzzer_sys::fuzz_target;

// a panic of the HDF5 library below is caught and made an error; only one that gets out is a finding
fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let name = ["a.nwb", "a.mat", "a.npz", "a.npy", "a.csv", "a.parquet"][first as usize % 6];
    let options = SessionOptions { most: 1 << 20, ..SessionOptions::default() };
    let Ok(session) = session_from_bytes(name, rest.to_vec(), &options) else { return };
    assert!(session.spikes.times().iter().all(|t| t.is_finite()));
    assert!(session.spikes.ends().is_sorted());
    let _ = (session.span(), session.rates(), session.doubts());
    let _ = nwb_bytes(&session, &NwbOptions::default());
});
