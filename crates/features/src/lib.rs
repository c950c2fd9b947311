//! Features of images: what the layers of a convolutional network say. The one room that knows ONNX.
//!
//! [`Convnet`] reads a network in ONNX, as every framework exports it, and runs it on the CPU; any value
//! that it computes on the way can be asked for as a layer. [`Images`] come from arrays or PNG files.
//!
//! ```no_run
//! use attractor_features::{Convnet, FeatureOptions, Images};
//! # fn main() -> Result<(), attractor_features::FeatureError> {
//! let net = Convnet::read("resnet20.onnx")?;
//! let images = Images::read("stimuli.npz")?.standardised(&[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225])?;
//! let options = FeatureOptions { places: Some(4), ..FeatureOptions::default() };
//! let features = net.features(&images, &["layer2", "layer3"], &options, &mut |_| true)?;
//! assert_eq!(features[0].nrows(), images.count());
//! # Ok(()) }
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `convnet` | [`Convnet`]: reading, layers, features |
//! | `onnx` | which values of a graph depend on the image |
//! | `images` | [`Images`]: arrays and PNG files |
//! | `pool` | averages over places of a map |
//!
//! # Why rten
//!
//! It runs ONNX in Rust alone and brings eleven crates that nothing else here needs, 18 s of processor time in
//! a debug build and 59 s in a release build on two cores. tract-onnx 0.22 has 126 crates, candle-onnx 0.11
//! 147, candle-core alone 131. 0.24 is the last version of rten that Rust 1.89 builds.

mod convnet;
mod error;
mod images;
mod onnx;
mod pool;

pub use convnet::{Convnet, FeatureOptions};
pub use error::FeatureError;
pub use images::Images;
pub use onnx::Layer;
