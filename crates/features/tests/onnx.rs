//! Features against ONNX Runtime, and files that are damaged. `tiny.py` made the files.

use attractor_data::Npz;
use attractor_features::{Convnet, FeatureError, FeatureOptions, Images};
use ndarray::{Array2, Array4, Ix2, Ix4};
use proptest::prelude::*;

const NET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/tiny.onnx");
const SAID: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/tiny.npz");

fn images() -> Images {
    let values: Array4<f32> = Npz::open(SAID).unwrap().array::<f32, Ix4>("images", "").unwrap();
    Images::new(values).unwrap()
}

fn all(net: &Convnet) -> Vec<String> {
    net.layers().iter().map(|layer| layer.name.clone()).collect()
}

/// Every layer, to 1e-5 of its largest value.
#[test]
fn every_layer_is_that_of_onnx_runtime() {
    let net = Convnet::read(NET).unwrap();
    let mut said = Npz::open(SAID).unwrap();
    let layers = said.texts("layers").unwrap();
    assert_eq!(all(&net), layers);
    assert_eq!(net.size(), [Some(3), Some(12), Some(10)]);
    let mut done = Vec::new();
    let options = FeatureOptions::default();
    let found = net.features(&images(), &layers, &options, &mut |n| {
        done.push(n);
        true
    });
    assert_eq!(done, [1, 2, 3, 4]);
    for (found, layer) in found.unwrap().iter().zip(&layers) {
        let expected: Array2<f32> = said.array::<f32, Ix2>(&format!("layers/{layer}"), "").unwrap();
        assert_eq!(found.dim(), expected.dim(), "{layer}");
        let largest = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        let error =
            found.iter().zip(&expected).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(error <= 1e-5 * largest, "{layer}: {error} of {largest}");
    }
}

#[test]
fn threads_and_neighbours_do_not_change_features() {
    let net = Convnet::read(NET).unwrap();
    let layers = all(&net);
    let of = |images: &Images, threads| {
        let options = FeatureOptions { threads, ..FeatureOptions::default() };
        net.features(images, &layers, &options, &mut |_| true).unwrap()
    };
    let whole = of(&images(), Some(1));
    assert_eq!(whole, of(&images(), Some(3)));
    let last = images().values().slice(ndarray::s![3.., .., .., ..]).to_owned();
    for (whole, alone) in whole.iter().zip(of(&Images::new(last).unwrap(), None)) {
        assert_eq!(whole.row(3), alone.row(0));
    }
}

#[test]
fn maps_are_averaged_and_one_channel_stands_for_three() {
    let net = Convnet::read(NET).unwrap();
    let options = FeatureOptions { places: Some(1), ..FeatureOptions::default() };
    let found =
        net.features(&images(), &["clip3", "mean3", "flat"], &options, &mut |_| true).unwrap();
    let off = (&found[0] - &found[1]).mapv(f32::abs);
    assert!(off.iter().all(|x| *x < 1e-6));
    assert_eq!(found[1], found[2]);
    let grey =
        Array4::from_shape_fn((2, 1, 12, 10), |(n, _, y, x)| ((n + 1) * (y + x)) as f32 / 40.0);
    let three = grey.broadcast((2, 3, 12, 10)).unwrap().to_owned();
    let of = |values| {
        net.features(&Images::new(values).unwrap(), &["flat"], &options, &mut |_| true).unwrap()
    };
    assert_eq!(of(grey), of(three));
}

#[test]
fn messages_name_value_and_fix() {
    let net = Convnet::read(NET).unwrap();
    let options = FeatureOptions::default();
    let says = |images: &Images, layers: &[&str], options: &FeatureOptions, parts: &[&str]| {
        let said = net.features(images, layers, options, &mut |_| true).unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(said.contains(part), "`{part}` is not in: {said}"));
    };
    says(
        &images(),
        &["relu4"],
        &options,
        &["no layer `relu4`", "did you mean `relu", "conv1, bn1"],
    );
    says(&images(), &["conv1.weight"], &options, &["no layer `conv1.weight`"]);
    let small = Images::new(Array4::zeros((1, 3, 8, 10))).unwrap();
    says(&small, &["flat"], &options, &["[3, 12, 10]", "[3, 8, 10]", "resize"]);
    let none = FeatureOptions { places: Some(0), ..options.clone() };
    says(&images(), &["flat"], &none, &["`places` is 0"]);
    let stopped = net.features(&images(), &["flat"], &options, &mut |done| done < 2).unwrap_err();
    assert!(matches!(stopped, FeatureError::Stopped { done: 2 }));
    assert!(Images::new(Array4::zeros((0, 3, 8, 10))).is_err());

    let dir = tempfile::tempdir().unwrap();
    let read = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Convnet::read(path).unwrap_err().to_string()
    };
    for (bytes, part) in [
        (&b""[..], "is empty"),
        (b"PK\x03\x04 and so on", "PyTorch checkpoint"),
        (b"\x80\x02\x8a\nl\xfc", "pickle"),
        (b"\x10\x00\x00\x00\x00\x00\x00\x00{\"a\": 1}", "safetensors"),
        (b"some text", "something else"),
    ] {
        let said = read("a.onnx", bytes);
        assert!(said.contains("a.onnx: not an ONNX network") && said.contains(part), "{said}");
    }
    let said = read("a.net", &std::fs::read(NET).unwrap());
    assert!(said.contains("ends in .onnx"), "{said}");
    assert!(
        Convnet::read(dir.path().join("b.onnx")).unwrap_err().to_string().contains("no such file")
    );
}

proptest! {
    /// A damaged file is refused or read, but nothing panics. It is not run: a network is as trusted as
    /// its numbers are.
    #[test]
    fn damage_is_no_panic(at in 0usize..8000, byte: u8, cut in prop::option::of(0usize..8000)) {
        let mut bytes = std::fs::read(NET).unwrap();
        let place = at % bytes.len();
        bytes[place] = byte;
        bytes.truncate(cut.unwrap_or(bytes.len()));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.onnx");
        std::fs::write(&path, bytes).unwrap();
        let _ = Convnet::read(&path);
    }
}
