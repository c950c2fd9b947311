//! Which values of a network in ONNX depend on the image: its layers.

use std::collections::BTreeSet;

use rten_onnx::onnx::{GraphProto, ModelProto, NodeProto, ValueInfoProto, is_onnx_model};
use rten_onnx::protobuf::ValueReader;

/// A value that a network computes from an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its name in the file.
    pub name: String,
    /// The operation that gives it, such as `Relu`.
    pub operation: String,
}

/// What is read of a graph besides what running it needs.
#[derive(Debug)]
pub(crate) struct Outline {
    /// Values from outside that are no weights: name, and length of each axis where it is fixed.
    pub(crate) inputs: Vec<(String, Vec<Option<usize>>)>,
    /// In the order of the file, which is one in which they can be computed.
    pub(crate) layers: Vec<Layer>,
}

/// What the first bytes say of a file that is no ONNX.
pub(crate) fn looks_like(bytes: &[u8]) -> Option<&'static str> {
    let known = match bytes {
        [] => "is empty",
        [b'P', b'K', 3, 4, ..] => "is a zip archive, such as a PyTorch checkpoint or .npz",
        [0x80, 2..=5, ..] => "is a Python pickle, such as an old PyTorch checkpoint",
        [0x89, b'H', b'D', b'F', ..] => "is an HDF5 file, such as a Keras model",
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => "is a TensorFlow Lite model",
        [_, _, _, _, _, _, _, _, b'{', ..] => "is a safetensors file: weights without a network",
        _ if is_onnx_model(ValueReader::from_buf(bytes)) => return None,
        _ => "is something else, or damaged",
    };
    Some(known)
}

/// Reads inputs and layers.
pub(crate) fn outline(bytes: &[u8]) -> Result<Outline, String> {
    let model = ModelProto::parse_buf(bytes).map_err(|error| error.to_string())?;
    let graph = model.graph.ok_or_else(|| "it has no graph".to_owned())?;
    let weights: BTreeSet<&str> =
        graph.initializer.iter().filter_map(|weight| weight.name.as_deref()).collect();
    let inputs: Vec<_> = (graph.input.iter())
        .filter_map(|input| Some((input.name.clone()?, axes(input))))
        .filter(|(name, _)| !weights.contains(name.as_str()))
        .collect();
    let bare = |node: &&NodeProto| {
        let convolution = node.op_type.as_deref().is_some_and(|kind| kind.starts_with("Conv"));
        convolution && !node.attribute.iter().any(|of| of.name.as_deref() == Some("kernel_shape"))
    };
    if let Some(output) = graph.node.iter().find(bare).and_then(|node| node.output.first()) {
        // optional in the format, but not for the runtime
        return Err(format!(
            "the convolution `{output}` does not say its kernel_shape; export it so"
        ));
    }
    let layers = layers(&graph, inputs.iter().map(|(name, _)| name.as_str()));
    Ok(Outline { inputs, layers })
}

/// Values that follow from the inputs; what follows from their shapes alone is none. A value that has the
/// name of an operation is left out: the runtime finds the operation under it.
fn layers<'a>(graph: &'a GraphProto, inputs: impl Iterator<Item = &'a str>) -> Vec<Layer> {
    let operations: BTreeSet<&str> =
        graph.node.iter().filter_map(|node| node.name.as_deref()).collect();
    let mut reached: BTreeSet<&str> = inputs.collect();
    let mut layers = Vec::new();
    for node in &graph.node {
        let operation = node.op_type.as_deref().unwrap_or_default();
        let follows = node.input.iter().any(|input| reached.contains(input.as_str()));
        // the first output alone: others of a convolutional network are masks and indices
        if let (true, Some(name)) = (follows && operation != "Shape", node.output.first()) {
            reached.insert(name);
            if !operations.contains(name.as_str()) {
                layers.push(Layer { name: name.clone(), operation: operation.to_owned() });
            }
        }
    }
    layers
}

fn axes(input: &ValueInfoProto) -> Vec<Option<usize>> {
    let tensor = input.r#type.as_ref().and_then(|of| of.tensor_type.as_ref());
    let shape = tensor.and_then(|tensor| tensor.shape.as_ref());
    let axis = |value: Option<i64>| value.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    shape.map_or_else(Vec::new, |shape| shape.dim.iter().map(|d| axis(d.dim_value)).collect())
}
