"""What onnxruntime.quantization makes of a network, in every form it has, must compute here what it computes there."""
import json
import pathlib
import tempfile
import unittest

from frugal_cli import int8_sums_saturate, run

try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
except ImportError:
    onnxruntime = None

SHAPE = [2, 3, 12, 12]


def network(path):
    """Convolutions (one depthwise), a residual, a concat, poolings, a linear layer; ranges that are not symmetric."""
    random = np.random.default_rng(3)
    weights = []

    def weight(name, *shape):
        weights.append(numpy_helper.from_array((random.standard_normal(shape) * 0.3).astype(np.float32), name))
        return name

    def node(op, inputs, output, **attributes):
        return helper.make_node(op, inputs, [output], name=output, **attributes)

    nodes = [
        node("Conv", ["x", weight("w1", 16, 3, 3, 3), weight("b1", 16)], "c1", pads=[1] * 4),
        node("Relu", ["c1"], "r1"),
        node("Conv", ["r1", weight("w2", 16, 16, 3, 3), weight("b2", 16)], "c2", pads=[1] * 4),
        node("Add", ["c2", "r1"], "sum"),
        node("Conv", ["sum", weight("w3", 16, 1, 3, 3)], "c3", pads=[1] * 4, group=16),
        node("Sigmoid", ["c3"], "s3"),
        node("Concat", ["sum", "s3"], "cat", axis=1),
        node("AveragePool", ["cat"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["pool", weight("w4", 24, 32, 1, 1), weight("b4", 24)], "c4"),
        node("GlobalAveragePool", ["c4"], "gap"),
        node("Flatten", ["gap"], "flat"),
        node("Gemm", ["flat", weight("w5", 20, 24), weight("b5", 20)], "fc", transB=1),
        node("MatMul", ["fc", weight("w6", 20, 10)], "mm"),
        node("Add", ["mm", weight("b6", 10)], "y"),
    ]
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [SHAPE[0], 10])], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def reader():
    class Reader(CalibrationDataReader):
        def __init__(self):
            random = np.random.default_rng(5)
            self.left = [{"x": random.standard_normal(SHAPE).astype(np.float32) + 0.3} for _ in range(4)]

        def get_next(self):
            return self.left.pop() if self.left else None
    return Reader()


class Quantised(unittest.TestCase):
    def setUp(self):
        if onnxruntime is None:
            self.skipTest("onnxruntime and onnx are not installed")
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        network(self.path / "float.onnx")
        np.save(self.path / "x.npy", reader().get_next()["x"])

    def ours(self, name, isa):
        out = self.path / "out.npz"
        done = run("run", self.path / name, "--threads", "1", "--input", f"x={self.path / 'x.npy'}", "--output", out,
                   env={"FRUGAL_ISA": isa})
        self.assertEqual(done.returncode, 0, done.stderr)
        return np.load(out)["y"]

    def theirs(self, name):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(self.path / name), options, providers=["CPUExecutionProvider"])
        return session.run(None, {"x": np.load(self.path / "x.npy")})[0]

    def float_layers(self, name):
        """Layers that compute in floats."""
        done = run("bench", self.path / name, "--threads", "1", "--profile", "--json", "--shape", f"x={'x'.join(map(str, SHAPE))}",
                   "--runs", "1", env={"FRUGAL_ISA": "avx2"})
        self.assertEqual(done.returncode, 0, done.stderr)
        profile = json.loads(done.stdout)["runs"][0]["profile"]
        return [node["name"].split(" ")[0] for node in profile if node["op"] in ("conv2d", "linear", "matmul")]

    def check(self, name, tolerance, signed=True):
        exact, wanted = self.theirs("float.onnx"), self.theirs(name)
        scale = np.abs(exact).max()
        for isa in ("avx2", "scalar"):
            got = self.ours(name, isa)
            if not (signed and int8_sums_saturate()):
                self.assertLess(np.abs(got - wanted).max() / scale, tolerance, f"{name} {isa}")
            self.assertLess(np.abs(got - exact).max() / scale, 0.1, f"{name} {isa} against floats")

    def test_static(self):
        for form in (QuantFormat.QDQ, QuantFormat.QOperator):
            for activations in (QuantType.QUInt8, QuantType.QInt8):
                for per_channel in (False, True):
                    with self.subTest(form=form, activations=activations, per_channel=per_channel):
                        quantize_static(str(self.path / "float.onnx"), str(self.path / "static.onnx"), reader(),
                                        quant_format=form, per_channel=per_channel, activation_type=activations,
                                        weight_type=QuantType.QInt8)
                        # In QDQ form averages of bytes are ties, which floats round either way: ONNX Runtime without
                        # its optimiser differs from itself by 0.035.
                        self.check("static.onnx", 0.06 if form == QuantFormat.QDQ else 1e-3)

    def test_dynamic(self):
        for weights in (QuantType.QInt8, QuantType.QUInt8):
            for per_channel in (False, True):
                with self.subTest(weights=weights, per_channel=per_channel):
                    quantize_dynamic(str(self.path / "float.onnx"), str(self.path / "dynamic.onnx"),
                                     per_channel=per_channel, weight_type=weights)
                    self.check("dynamic.onnx", 1e-3, weights == QuantType.QInt8)
                    floats = self.float_layers("dynamic.onnx")
                    self.assertLessEqual(len(floats), 1, floats)  # a depthwise one, where its weights have zero points

    def test_weights_without_sign(self):
        quantize_static(str(self.path / "float.onnx"), str(self.path / "static.onnx"), reader(), quant_format=QuantFormat.QDQ,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8)
        self.check("static.onnx", 0.06, signed=False)
        self.assertLessEqual(len(self.float_layers("static.onnx")), 1)


if __name__ == "__main__":
    unittest.main()
