//! What layers say of images: those of a convolutional network, or of a bank of filters that has seen none.

use std::f64::consts::PI;

use attractor::features::{Convnet, FeatureOptions, Images};
use attractor::numerics::law::Law;
use attractor::numerics::random;
use ndarray::{Array1, Array2, Array3, Array4, ArrayView3, Axis, s};

use crate::context::Context;
use crate::error::StudyError;

/// The network of `--data`; its layers here, with the places that are left along each side of a map, so that
/// there are as many features as in the bank; and what its images were standardised by.
const NETWORK: &str = "resnet20.onnx";
const TRAINED: [(&str, usize); 3] = [("layer1.2", 4), ("layer2.2", 4), ("layer3.2", 2)];
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const SD: [f32; 3] = [0.229, 0.224, 0.225];

/// Names of the layers, from pixels on.
pub(super) const CONVNET: [&str; 4] = ["pixels", "stage 1", "stage 2", "stage 3"];
pub(super) const BANK: [&str; 4] = ["pixels", "Gabor", "random 1", "random 2"];

/// Features `[image, feature]` of each layer, and whether they are those of the network.
pub(super) fn layers(
    context: &Context<'_>,
    images: &Array3<f64>,
) -> Result<(Vec<Array2<f64>>, bool), StudyError> {
    let bank = bank(images, context.seed);
    let Some(file) = context.data(NETWORK) else { return Ok((bank, false)) };
    let net = Convnet::read(&file)?;
    let grey = images.mapv(|pixel| pixel as f32).insert_axis(Axis(1));
    let images = Images::new(grey)?.standardised(&MEAN, &SD)?;
    let mut layers = vec![bank[0].clone()];
    for (layer, places) in TRAINED {
        let options = FeatureOptions { places: Some(places), threads: Some(1) };
        let found = net.features(&images, &[layer], &options, &mut |_| true)?;
        layers.extend(found.into_iter().map(|features| features.mapv(f64::from)));
    }
    Ok((layers, true))
}

/// Features `[image, feature]` of each layer: pixels in blocks of 2 × 2; energies of Gabor filters, eight
/// orientations at two wavelengths; and two layers of random filters of 3 × 3 with rectification on top of
/// these. Maps are averaged in blocks between layers and for the features.
fn bank(images: &Array3<f64>, seed: u64) -> Vec<Array2<f64>> {
    let gabor = gabor();
    let mut rng = random::stream(seed, "mtl/filters");
    let mut filters = |from: usize, to: usize| {
        let law = Law::Normal { sd: (2.0 / (9 * from) as f64).sqrt() };
        let values = law.sample(to, 9 * from, &mut rng);
        Array4::from_shape_fn((to, from, 3, 3), |(o, i, y, x)| {
            values[o * 9 * from + 9 * i + 3 * y + x]
        })
    };
    let (first, second) = (filters(16, 32), filters(32, 64));
    let mut features: Vec<Vec<Array1<f64>>> = vec![Vec::new(); BANK.len()];
    for image in images.outer_iter() {
        let pixels = image.insert_axis(Axis(0));
        let energies = pool(energy(&convolve(pixels, &gabor)).view(), 2);
        let one = pool(rectified(convolve(energies.view(), &first)).view(), 2);
        let two = pool(rectified(convolve(one.view(), &second)).view(), 2);
        let maps =
            [pool(pixels, 2), pool(energies.view(), 4), pool(one.view(), 2), pool(two.view(), 2)];
        for (features, maps) in features.iter_mut().zip(maps) {
            features.push(maps.flatten().to_owned());
        }
    }
    features.iter().map(|rows| stacked(rows)).collect()
}

fn stacked(rows: &[Array1<f64>]) -> Array2<f64> {
    let columns = rows.first().map_or(0, Array1::len);
    Array2::from_shape_fn((rows.len(), columns), |(row, column)| rows[row][column])
}

/// Even and odd filters in turn, `[filter, 1, y, x]`, without a mean.
fn gabor() -> Array4<f64> {
    let mut bank = Array4::zeros((32, 1, 9, 9));
    for (k, mut filter) in bank.outer_iter_mut().enumerate() {
        let (orientation, rest) = (k / 4, k % 4);
        let (wavelength, odd) = ([4.0, 8.0][rest / 2], rest % 2 == 1);
        let angle = PI * orientation as f64 / 8.0;
        for ((_, y, x), value) in filter.indexed_iter_mut() {
            let (dx, dy) = (x as f64 - 4.0, y as f64 - 4.0);
            let along = 2.0 * PI * (dx * angle.cos() + dy * angle.sin()) / wavelength;
            let envelope = (-(dx * dx + dy * dy) / (2.0 * 2.0f64.powi(2))).exp();
            *value = envelope * if odd { along.sin() } else { along.cos() };
        }
        let mean = filter.sum() / filter.len() as f64;
        filter -= mean;
    }
    bank
}

/// Maps `[channel, y, x]` through filters `[filter, channel, y, x]`, zeros around, same size.
fn convolve(maps: ArrayView3<'_, f64>, filters: &Array4<f64>) -> Array3<f64> {
    let (channels, height, width) = maps.dim();
    let (count, _, rows, columns) = filters.dim();
    let mut padded = Array3::zeros((channels, height + rows - 1, width + columns - 1));
    let (top, left) = (rows / 2, columns / 2);
    padded.slice_mut(s![.., top..top + height, left..left + width]).assign(&maps);
    let mut out = Array3::zeros((count, height, width));
    for (mut out, filter) in out.outer_iter_mut().zip(filters.outer_iter()) {
        for ((channel, y, x), &weight) in filter.indexed_iter() {
            out.scaled_add(weight, &padded.slice(s![channel, y..y + height, x..x + width]));
        }
    }
    out
}

/// Lengths of pairs of even and odd responses.
fn energy(maps: &Array3<f64>) -> Array3<f64> {
    let (even, odd) = (maps.slice(s![..;2, .., ..]), maps.slice(s![1..;2, .., ..]));
    ndarray::Zip::from(&even).and(&odd).map_collect(|e, o| e.hypot(*o))
}

fn rectified(maps: Array3<f64>) -> Array3<f64> {
    maps.mapv_into(|x| x.max(0.0))
}

/// Means of blocks of `size` × `size`.
fn pool(maps: ArrayView3<'_, f64>, size: usize) -> Array3<f64> {
    let (channels, height, width) = maps.dim();
    Array3::from_shape_fn((channels, height / size, width / size), |(channel, y, x)| {
        let block = s![channel, y * size..(y + 1) * size, x * size..(x + 1) * size];
        maps.slice(block).sum() / (size * size) as f64
    })
}
