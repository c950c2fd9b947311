"""Writes ResNet-20, trained on CIFAR-10, as ONNX: the network of the study mtl-encoding.

    pip install numpy onnx
    python crates/study/scripts/resnet20.py resnet20-12fca82f.th DIRECTORY/resnet20.onnx

The checkpoint is that of akamaster/pytorch_resnet_cifar10 (Idelbayev; BSD-2), folder pretrained_models: the
network of He et al. 2016, arXiv:1512.03385, with short cuts that leave out every second pixel and add
channels of zeros. Layers are `stem`, `layer1.0` to `layer3.2`, each after its rectification, `mean` and
`logits`. Only tensors are taken from the pickle, nothing in it is run.
"""

import pickle
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

KINDS = {"FloatStorage": np.float32, "LongStorage": np.int64, "CudaFloatStorage": np.float32}


class Tensor:
    """A view of a storage that is read later."""

    def __init__(self, storage, offset, size):
        self.storage, self.offset, self.size = storage, offset, size


class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        if name in KINDS:
            return name
        if name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, *rest: Tensor(storage, offset, size)
        if name == "_rebuild_parameter":
            return lambda tensor, *rest: tensor
        raise pickle.UnpicklingError(f"{module}.{name} is not expected in a checkpoint")

    def persistent_load(self, identity):
        _, kind, key, _, count = identity[:5]
        return key, KINDS[kind], count


def checkpoint(path):
    """The state of a network, as PyTorch wrote it before version 1.6."""
    with open(path, "rb") as file:
        for _ in range(3):  # magic number, version, sizes of integers
            pickle.load(file)
        content, kinds, storages = Unpickler(file).load(), {}, {}

        def note(item):
            if isinstance(item, Tensor):
                kinds[item.storage[0]] = item.storage[1]
            elif isinstance(item, dict):
                [note(value) for value in item.values()]

        note(content)
        for key in pickle.load(file):
            count = int(np.fromfile(file, np.int64, 1)[0])
            storages[key] = np.fromfile(file, kinds[key], count)
    state = content.get("state_dict", content)

    def values(tensor):
        count = int(np.prod(tensor.size))
        return storages[tensor.storage[0]][tensor.offset : tensor.offset + count].reshape(tensor.size)

    return {name.removeprefix("module."): values(tensor) for name, tensor in state.items()}


def build(state):
    nodes, weights = [], []

    def constant(name, value):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(operation, inputs, output, **attributes):
        nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        return output

    def convolution(x, name, norm, stride, output):
        x = node("Conv", [x, constant(f"{name}.weight", state[f"{name}.weight"])], f"{name}.conv", pads=[1, 1, 1, 1], strides=[stride, stride], kernel_shape=[3, 3])
        statistics = [constant(f"{norm}.{key}", state[f"{norm}.{key}"]) for key in ("weight", "bias", "running_mean", "running_var")]
        return node("BatchNormalization", [x, *statistics], output, epsilon=1e-5)

    integers = lambda name, values: constant(name, np.array(values, np.int64))
    every = [integers("every.starts", [0, 0]), integers("every.ends", [2**31, 2**31]), integers("every.axes", [2, 3]), integers("every.steps", [2, 2])]
    x = node("Relu", [convolution("image", "conv1", "bn1", 1, "bn1.out")], "stem")
    for stage in (1, 2, 3):
        for block in (0, 1, 2):
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            short = x
            if stride == 2:
                half = 4 * 2 ** (stage - 1)  # of the new channels, on either side
                short = node("Slice", [x, *every], f"{name}.every")
                short = node("Pad", [short, integers(f"{name}.pads", [0, half, 0, 0, 0, half, 0, 0])], f"{name}.short")
            x = node("Relu", [convolution(x, f"{name}.conv1", f"{name}.bn1", stride, f"{name}.bn1.out")], f"{name}.inner")
            x = convolution(x, f"{name}.conv2", f"{name}.bn2", 1, f"{name}.bn2.out")
            x = node("Relu", [node("Add", [x, short], f"{name}.sum")], name)
    x = node("Flatten", [node("GlobalAveragePool", [x], "mean")], "flat")
    node("Gemm", [x, constant("linear.weight", state["linear.weight"]), constant("linear.bias", state["linear.bias"])], "logits", transB=1)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 32, 32])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])
    graph = helper.make_graph(nodes, "resnet20", [image], [logits], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    onnx.save(build(checkpoint(sys.argv[1])), sys.argv[2])
