//! A MATLAB file: read or refused, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ndarray::IxDyn;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = attractor_data::Mat::from_bytes("fuzz.mat", bytes) {
        let keys: Vec<String> = file.keys().map(str::to_owned).collect();
        for key in keys {
            let _ = file.array::<f32, IxDyn>(&key, "[any]");
        }
    }
});
