//! What can be wrong with a network, with images, or with what is asked of them.

use std::path::PathBuf;

use attractor_data::FileError;

/// Features that cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// A file that is no network in ONNX.
    #[error("{}: not an ONNX network: it {looks_like}; export it, with torch.onnx.export for instance", file.display())]
    NotOnnx {
        /// The file.
        file: PathBuf,
        /// What the first bytes suggest.
        looks_like: &'static str,
    },
    /// A network that cannot be read or run.
    #[error("{}: {problem}", file.display())]
    Network {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Not one image goes in.
    #[error(
        "{}: a network with one input [image, channel, y, x] is needed; its inputs are {}",
        file.display(),
        list(inputs)
    )]
    Inputs {
        /// The file.
        file: PathBuf,
        /// The inputs, with their shapes.
        inputs: Vec<String>,
    },
    /// No such layer.
    #[error("there is no layer `{asked}`{}; there are: {}", hint(meant), list(known))]
    Layer {
        /// The one asked for.
        asked: String,
        /// The nearest.
        meant: Option<String>,
        /// All there are.
        known: Vec<String>,
    },
    /// A layer that is not one row of numbers for each image.
    #[error("layer `{layer}` gives {found} for one image, not numbers [1, …]; choose another")]
    Shape {
        /// The layer.
        layer: String,
        /// What it gave.
        found: String,
    },
    /// Images of another size than the network takes.
    #[error(
        "the network takes images of [channel, y, x] = {expected}, these are {found:?}; resize them beforehand"
    )]
    Size {
        /// What the network takes; `?` is any number.
        expected: String,
        /// `[channel, y, x]` of the images.
        found: [usize; 3],
    },
    /// Images that cannot be read.
    #[error("{}: {problem}", file.display())]
    Images {
        /// The file or folder.
        file: PathBuf,
        /// What is wrong, and what would do.
        problem: String,
    },
    /// A number outside what it can be.
    #[error("`{name}` is {value}; {fix}")]
    Value {
        /// What it is called.
        name: &'static str,
        /// The value found.
        value: String,
        /// What is expected.
        fix: String,
    },
    /// Stopped by who watched.
    #[error("stopped after {done} images")]
    Stopped {
        /// Images done.
        done: usize,
    },
    /// A file of arrays that cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

fn hint(meant: &Option<String>) -> String {
    meant.as_ref().map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"))
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}
