//! An `.npz` file of trials, or of a recording: read or refused, never a panic, and never more memory
//! than the file's size lets expect.

#![no_main]

use attractor_data::{Npz, trials_file::trials_from};
use attractor_recording::npz::{ReadOptions, read_from};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut file) = Npz::from_bytes("fuzz.npz", bytes.to_vec()) else { return };
    if let Ok(trials) = trials_from(&mut file, Some(20.0)) {
        trials.validate().expect("what is read is valid");
    }
    if let Ok(recording) = read_from(&mut file, &ReadOptions::default()) {
        recording.validate().expect("what is read is valid");
    }
    for key in file.keys().to_vec() {
        let _ = (file.numbers::<f32>(&key), file.texts(&key));
    }
});
