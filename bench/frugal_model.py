"""Reads a Frugal model file (one safetensors file: weights, and the graph as JSON in its metadata) and rebuilds the
network for other systems: `to_onnx(model)` gives an ONNX file's bytes."""
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
    "split": {"axis": 1},
    "softmax": {"axis": -1},
    "layer_norm": {"axis": -1, "eps": 1e-5},
    "matmul": {"transpose_b": False},
    "resize": {"coordinates": "half_pixel", "size": [], "scale": []},
    "conv_transpose2d": {"stride": [1, 1], "padding": [0, 0, 0, 0], "output_padding": [0, 0], "dilation": [1, 1], "groups": 1},
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


def outputs_of(node):
    count = len(node["attrs"]["sizes"]) if node["op"] == "split" else 1
    return [node["name"]] if count == 1 else [f"{node['name']}:{i}" for i in range(count)]


def ranks(model):
    """Of every value."""
    rank = {**{k: v.ndim for k, v in model.weights.items()}, **{i["name"]: len(i["shape"]) for i in model.inputs}}
    for node in model.nodes:
        most = max(rank[i] for i in node["inputs"] if i)
        first = rank[node["inputs"][0]]
        for name in outputs_of(node):
            rank[name] = len(node["attrs"]["shape"]) if node["op"] == "reshape" else most if node["op"] in ("add", "sub", "mul", "matmul") else first
    return rank


def to_onnx(model, opset=17):
    """Every op as the ops of ONNX that exporters of PyTorch write, so that peers find the patterns they know."""
    import onnx
    from onnx import helper, numpy_helper

    nodes, extra, rank = [], {}, ranks(model)

    def constant(name, values, dtype=np.int64):
        extra[name] = np.array(values, dtype)
        return name

    def emit(op, node, inputs, **kwargs):
        nodes.append(helper.make_node(op, inputs, outputs_of(node), name=node["name"], **kwargs))

    def part(op, name, inputs, **kwargs):  # of an op that takes several nodes in ONNX
        nodes.append(helper.make_node(op, inputs, [name], name=name, **kwargs))
        return name

    simple = {"relu": "Relu", "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "tanh": "Tanh", "sigmoid": "Sigmoid", "hard_swish": "HardSwish",
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
        elif op == "linear" and rank[x[0]] == 2:
            emit("Gemm", node, x, transB=1)
        elif op == "linear":
            extra[name + ".transposed"] = model.weights[x[1]].T
            product = [x[0], name + ".transposed"]
            if len(x) > 2:
                emit("Add", node, [part("MatMul", name + ".product", product), x[2]])
            else:
                emit("MatMul", node, product)
        elif op == "conv_transpose2d":
            emit("ConvTranspose", node, x, strides=a["stride"], pads=a["padding"], dilations=a["dilation"],
                 output_padding=a["output_padding"], group=a["groups"], kernel_shape=list(model.weights[x[1]].shape[2:]))
        elif op == "silu":
            emit("Mul", node, [x[0], part("Sigmoid", name + ".sigmoid", x)])
        elif op == "gelu":
            erf = part("Erf", name + ".erf", [part("Div", name + ".scaled", [x[0], constant(name + ".root2", 2**0.5, np.float32)])])
            one = part("Add", name + ".one", [erf, constant(name + ".1", 1, np.float32)])
            emit("Mul", node, [part("Mul", name + ".product", [x[0], one]), constant(name + ".half", 0.5, np.float32)])
        elif op == "prelu":
            extra[name + ".slope"] = model.weights[x[1]].reshape(-1, 1, 1)
            emit("PRelu", node, [x[0], name + ".slope"])
        elif op == "softmax":
            emit("Softmax", node, x, axis=a["axis"])
        elif op == "layer_norm":
            emit("LayerNormalization", node, x, axis=a["axis"], epsilon=a["eps"])
        elif op == "matmul":
            other = x[1]
            if a["transpose_b"]:
                perm = list(range(rank[x[1]]))
                perm[-2:] = perm[-1], perm[-2]
                other = part("Transpose", name + ".transposed", [x[1]], perm=perm)
            emit("MatMul", node, [x[0], other])
        elif op == "transpose":
            emit("Transpose", node, x, perm=a["perm"])
        elif op == "split":
            emit("Split", node, [x[0], constant(name + ".sizes", a["sizes"])], axis=a["axis"])
        elif op == "pixel_shuffle":
            emit("DepthToSpace", node, x, blocksize=a["factor"], mode="CRD")
        elif op == "resize":
            modes = {"nearest": "nearest", "bilinear": "linear", "bicubic": "cubic"}
            scales = constant(name + ".scales", [1, 1] + a["scale"], np.float32)
            emit("Resize", node, [x[0], "", scales], mode=modes[a["mode"]], nearest_mode="floor",
                 coordinate_transformation_mode=a["coordinates"])
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
    used = {i for node in nodes for i in node.input}
    initializers = [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in {**model.weights, **extra}.items() if k in used]
    shape = model.input_shape()
    graph = helper.make_graph(
        nodes, "frugal", [helper.make_tensor_value_info(model.inputs[0]["name"], onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(o["value"], onnx.TensorProto.FLOAT, [f"{o['name']}_{i}" for i in range(rank[o["value"]])]) for o in model.outputs], initializers)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(proto)
    return proto.SerializeToString()


