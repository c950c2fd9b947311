//! An HDF5 file: everything in it is read or refused, never a panic.

#![no_main]

use attractor_hdf5::{Hdf5, Kind, Node};
use libfuzzer_sys::fuzz_target;

fn read_all(node: &Node, depth: usize, left: &mut usize) {
    if depth > 8 || *left == 0 {
        return;
    }
    *left -= 1;
    let _ = (node.attributes(), node.shape());
    match node.kind() {
        Ok(Kind::Group) => {
            for name in node.members().unwrap_or_default() {
                if let Some(child) = node.child(&name) {
                    read_all(&child, depth + 1, left);
                }
            }
        }
        Ok(Kind::Numbers) => drop(node.values::<f32>()),
        Ok(Kind::Text) => drop(node.texts()),
        Ok(Kind::References) => {
            for node in node.referred().unwrap_or_default() {
                read_all(&node, depth + 1, left);
            }
        }
        _ => {}
    }
}

// a panic of the HDF5 library below is caught and made an error; only one that gets out is a finding
fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |bytes: &[u8]| {
    let Ok(file) = Hdf5::from_bytes("fuzz.h5", bytes.to_vec()) else { return };
    if let Ok(root) = file.node("") {
        read_all(&root, 0, &mut 1000);
    }
    let _ = (file.node("a/b"), file.node("group/soft"));
});
