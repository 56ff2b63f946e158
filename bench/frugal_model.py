"""Reads a Frugal model file (one safetensors file: weights, and the graph as JSON in its metadata) and rebuilds the
network for other systems: `to_onnx(model)` gives an ONNX file's bytes, `to_torch(model)` a torch.nn.Module."""
import json
import struct

import numpy as np

DTYPES = {"F32": np.float32, "I64": np.int64, "I32": np.int32, "F64": np.float64, "U8": np.uint8, "BOOL": np.bool_}
END = (1 << 63) - 1

# Attribute defaults, as a file leaves out what equals them (src/ops/*/op.cpp).
DEFAULTS = {
    "conv2d": {"stride": [1, 1], "padding": [0, 0, 0, 0], "dilation": [1, 1], "groups": 1},
    "batch_norm": {"eps": 1e-5},
    "max_pool2d": {"padding": [0, 0, 0, 0], "ceil_mode": False},
    "concat": {"axis": 1},
    "avg_pool2d": {"padding": [0, 0, 0, 0], "ceil_mode": False, "count_include_pad": True},
}


class Model:
    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        metadata = header.pop("__metadata__")
        graph = next(json.loads(v) for v in metadata.values() if v.startswith("{") and '"nodes"' in v)
        self.inputs, self.nodes, self.outputs = graph["inputs"], graph["nodes"], graph["outputs"]
        self.weights = {}
        for name, info in header.items():
            begin, end = info["data_offsets"]
            array = np.frombuffer(data[8 + length + begin : 8 + length + end], DTYPES[info["dtype"]])
            self.weights[name] = array.reshape(info["shape"])

    def input_shape(self, batch=1):
        return [d if isinstance(d, int) else batch for d in self.inputs[0]["shape"]]


def attrs(node):
    return {**DEFAULTS.get(node["op"], {}), **node["attrs"]}


def output_name(node):
    return node["name"]


def used_weights(model):
    names = {i for node in model.nodes for i in node["inputs"] if i}
    return {k: v for k, v in model.weights.items() if k in names}


# --- ONNX ---


def to_onnx(model, opset=17):
    import onnx
    from onnx import helper, numpy_helper

    nodes, extra = [], {}

    def constant(name, values, dtype=np.int64):
        extra[name] = np.array(values, dtype)
        return name

    def emit(op, node, inputs, **kwargs):
        nodes.append(helper.make_node(op, inputs, [output_name(node)], name=node["name"], **kwargs))

    simple = {"relu": "Relu", "add": "Add", "mul": "Mul", "sigmoid": "Sigmoid", "hard_swish": "HardSwish",
              "global_avg_pool": "GlobalAveragePool", "dropout": "Identity"}
    for node in model.nodes:
        op, a, name = node["op"], attrs(node), node["name"]
        x = [i for i in node["inputs"] if i]
        if op in simple:
            emit(simple[op], node, x)
        elif op == "conv2d":
            emit("Conv", node, x, strides=a["stride"], pads=a["padding"], dilations=a["dilation"], group=a["groups"],
                 kernel_shape=list(model.weights[x[1]].shape[2:]))
        elif op == "batch_norm":
            emit("BatchNormalization", node, x, epsilon=a["eps"])
        elif op == "linear":
            emit("Gemm", node, x, transB=1)
        elif op == "relu6":
            emit("Clip", node, [x[0], constant(name + ".lo", 0, np.float32), constant(name + ".hi", 6, np.float32)])
        elif op == "hard_sigmoid":
            emit("HardSigmoid", node, x, alpha=1 / 6, beta=0.5)
        elif op in ("max_pool2d", "avg_pool2d"):
            more = {"count_include_pad": int(a["count_include_pad"])} if op == "avg_pool2d" else {}
            emit("MaxPool" if op == "max_pool2d" else "AveragePool", node, x, kernel_shape=a["kernel"],
                 strides=a["stride"], pads=a["padding"], ceil_mode=int(a["ceil_mode"]), **more)
        elif op == "reshape":
            emit("Reshape", node, [x[0], constant(name + ".shape", a["shape"])])
        elif op == "concat":
            emit("Concat", node, x, axis=a["axis"])
        elif op == "slice":
            emit("Slice", node, [x[0]] + [constant(f"{name}.{k}", a[k]) for k in ("starts", "ends", "axes")]
                 + [constant(name + ".steps", a.get("steps") or [1] * len(a["axes"]))])
        elif op == "pad":
            emit("Pad", node, [x[0], constant(name + ".pads", a["pads"])])
        else:
            raise NotImplementedError(f"op {op} has no ONNX form here")
    initializers = [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in {**used_weights(model), **extra}.items()]
    shape = model.input_shape()
    graph = helper.make_graph(
        nodes, "frugal", [helper.make_tensor_value_info(model.inputs[0]["name"], onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(o["value"], onnx.TensorProto.FLOAT, ["batch", "classes"]) for o in model.outputs], initializers)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(proto)
    return proto.SerializeToString()


# --- LibTorch ---


def to_torch(model):
    import torch
    import torch.nn.functional as F

    weights = {k: torch.from_numpy(v.copy()) for k, v in used_weights(model).items()}

    def pad_conv(x, a):  # symmetric padding stays with the convolution
        top, left, bottom, right = a["padding"]
        if (top, left) == (bottom, right):
            return x, (top, left)
        return F.pad(x, (left, right, top, bottom)), (0, 0)

    def apply(node, x, a):
        op = node["op"]
        if op == "conv2d":
            data, padding = pad_conv(x[0], a)
            return F.conv2d(data, x[1], x[2] if len(x) > 2 else None, a["stride"], padding, a["dilation"], a["groups"])
        if op == "batch_norm":
            return F.batch_norm(x[0], x[3], x[4], x[1], x[2], False, 0.0, a["eps"])
        if op == "linear":
            return F.linear(*x)
        if op == "max_pool2d":
            data, padding = x[0], a["padding"][:2]
            return F.max_pool2d(data, a["kernel"], a["stride"], padding, ceil_mode=a["ceil_mode"])
        if op == "avg_pool2d":
            return F.avg_pool2d(x[0], a["kernel"], a["stride"], a["padding"][:2], a["ceil_mode"], a["count_include_pad"])
        if op == "reshape":
            return x[0].reshape([d or x[0].shape[i] for i, d in enumerate(a["shape"])])
        if op == "slice":
            out = x[0]
            for axis, begin, end, step in zip(a["axes"], a["starts"], a["ends"], a.get("steps") or [1] * len(a["axes"])):
                index = [slice(None)] * out.dim()
                index[axis] = slice(begin, None if end == END else end, step)
                out = out[tuple(index)]
            return out
        if op == "pad":
            half = len(a["pads"]) // 2
            return F.pad(x[0], [v for i in reversed(range(half)) for v in (a["pads"][i], a["pads"][half + i])])
        one = {"relu": F.relu, "relu6": F.relu6, "sigmoid": torch.sigmoid, "hard_swish": F.hardswish,
               "hard_sigmoid": F.hardsigmoid, "dropout": lambda t: t, "global_avg_pool": lambda t: F.adaptive_avg_pool2d(t, 1)}
        if op in one:
            return one[op](x[0])
        if op == "add":
            return x[0] + x[1]
        if op == "mul":
            return x[0] * x[1]
        if op == "concat":
            return torch.cat(x, a["axis"])
        raise NotImplementedError(f"op {op} has no LibTorch form here")

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for i, (name, value) in enumerate(weights.items()):
                self.register_buffer(f"w{i}", value)
            self.names = {name: f"w{i}" for i, name in enumerate(weights)}

        def forward(self, picture):
            values = {model.inputs[0]["name"]: picture}
            for node in model.nodes:
                x = [getattr(self, self.names[i]) if i in self.names else values[i] for i in node["inputs"] if i]
                values[output_name(node)] = apply(node, x, attrs(node))
            return values[model.outputs[0]["value"]]

    return Network().eval()
