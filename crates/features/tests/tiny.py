"""Makes tests/files/tiny.onnx, a network with the operations of small convolutional networks and random
weights, and tests/files/tiny.npz, what ONNX Runtime says of every layer for four images.

    pip install numpy onnx onnxruntime
    python crates/features/tests/tiny.py
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(1)
nodes, weights = [], []


def weight(name, *shape, scale=None):
    scale = 1 / np.sqrt(np.prod(shape[1:])) if scale is None else scale
    weights.append(numpy_helper.from_array((scale * rng.standard_normal(shape)).astype(np.float32), name))
    return name


def constant(name, values, kind=np.int64):
    weights.append(numpy_helper.from_array(np.asarray(values, kind), name))
    return name


def node(operation, inputs, output, **attributes):
    nodes.append(helper.make_node(operation, inputs, [output], **attributes))
    return output


def norm(x, channels, output):
    statistics = [weight(f"{output}.{k}", channels, scale=0.3) for k in ("scale", "bias", "mean")]
    variance = constant(f"{output}.var", rng.uniform(0.5, 2.0, channels), np.float32)
    return node("BatchNormalization", [x, *statistics, variance], output, epsilon=1e-5)


x = node("Conv", ["image", weight("conv1.weight", 8, 3, 3, 3)], "conv1", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
x = one = node("Relu", [norm(x, 8, "bn1")], "relu1")
x = node("MaxPool", [x], "pool1", kernel_shape=[2, 2], strides=[2, 2])
# depthwise, hard swish, squeeze and excite
x = node("Conv", [x, weight("conv2.weight", 8, 1, 3, 3), weight("conv2.bias", 8, scale=0.1)], "conv2", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=8)
x = node("Mul", [x, node("HardSigmoid", [x], "gate2", alpha=1 / 6, beta=0.5)], "swish2")
mean = node("GlobalAveragePool", [x], "squeeze2")
mean = node("Conv", [mean, weight("excite2.weight", 8, 8, 1, 1)], "excite2", kernel_shape=[1, 1])
x = node("Mul", [x, node("Sigmoid", [mean], "gate3")], "scaled2")
x = node("Conv", [x, weight("conv3.weight", 12, 8, 3, 3)], "conv3", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
# every second pixel, channels padded with zeros: the short cut of small residual networks
every = [constant("slice.starts", [0, 0]), constant("slice.ends", [2**31, 2**31]), constant("slice.axes", [2, 3]), constant("slice.steps", [2, 2])]
short = node("Slice", [one, *every], "slice1")
short = node("Pad", [short, constant("pad.pads", [0, 2, 0, 0, 0, 2, 0, 0])], "pad1", mode="constant")
x = node("Relu", [node("Add", [norm(x, 12, "bn3"), short], "add3")], "relu3")
x = node("AveragePool", [x], "pool3", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
x = node("Clip", [x, constant("low", 0.0, np.float32), constant("high", 6.0, np.float32)], "clip3")
x = node("Flatten", [node("GlobalAveragePool", [x], "mean3")], "flat")
x = node("Gemm", [x, weight("fc.weight", 5, 12), weight("fc.bias", 5, scale=0.1)], "logits", transB=1)
node("Softmax", [x], "probabilities", axis=1)

values = [n.output[0] for n in nodes]


def model(outputs):
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 12, 10])
    graph = helper.make_graph(nodes, "tiny", [image], outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


files = Path(__file__).parent / "files"
tiny = model([helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 5])])
onnx.checker.check_model(tiny, full_check=True)
onnx.save(tiny, files / "tiny.onnx")
images = rng.standard_normal((4, 3, 12, 10)).astype(np.float32)
asked = model([helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in values])
session = onnxruntime.InferenceSession(asked.SerializeToString(), providers=["CPUExecutionProvider"])
found = session.run(values, {"image": images})
np.savez(files / "tiny.npz", images=images, layers=np.array(values), **{f"layers/{name}": a.reshape(4, -1) for name, a in zip(values, found)})
