"""What ONNX Runtime makes of our ONNX files: every row of the op test table, and built-in networks."""
import os
import pathlib
import subprocess
import tempfile
import unittest

from frugal_cli import int8_sums_saturate, run

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError:
    onnxruntime = None

BUILD = pathlib.Path(os.environ.get("FRUGAL_BUILD", "build"))
TOLERANCE = 1e-4  # relative to the largest element that is expected (at least 1)
NETWORKS = ["fashion_cnn", "resnet20_cifar", "mobilenet_v2", "ghostnet_100", "deit_tiny"]
# Said by ONNX or its run time of an element type that they lack for an op which has it here, ...
TYPES = ("NOT_IMPLEMENTED", "unsupported type", "expected: (tensor")
# ... and of what it refuses: padding as wide as a (dilated) window, other ranks than 4 and an even size in LRN,
# rank 2 in InstanceNormalization, whole numbers modulo 0.
LIMITS = ("corresponding Numpy type", "pool_attributes.h", "lrn.cc", "lrn.h", "number of dimens", "Modulo by zero", "division by zero")


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    # Else floats are rounded to 8 bits before they meet quantised weights, where the processor has VNNI.
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    if int8_sums_saturate():  # as the file says: quantised floats, not fused into integers
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def difference(got, expected, steps=0):
    """nan and infinities must stand in the same places. Integers may differ by `steps`."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return f"{got.dtype}{got.shape} instead of {expected.dtype}{expected.shape}"
    if expected.dtype.kind in "biu":
        apart = np.abs(got.astype(np.int64) - expected.astype(np.int64)).max(initial=0)
        return None if apart <= steps else "other integers"
    tolerance = 2e-3 if expected.dtype == np.float16 else TOLERANCE
    if got.size == 0 or np.allclose(got, expected, rtol=0, atol=tolerance * max(1, finite_top(expected)), equal_nan=True):
        return None
    return f"differs by {np.nanmax(np.abs(got - expected))}"


def finite_top(array):
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) if finite.size else 1.0


@unittest.skipIf(onnxruntime is None, "onnx and onnxruntime are not installed")
class ForeignRunTime(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.dir = pathlib.Path(self._folder.name)

    def test_every_row_of_the_op_table(self):
        wrote = subprocess.run([BUILD / "tests" / "write_onnx", self.dir], capture_output=True, text=True)
        self.assertEqual(wrote.returncode, 0, wrote.stderr)
        rows, bad, own, theirs = sorted(self.dir.glob("*.onnx")), [], 0, 0
        written, refused = map(int, wrote.stdout.split())
        self.assertEqual(len(rows), written)
        self.assertLess(refused, written // 100, wrote.stderr)
        for path in rows:
            model = onnx.load(path)
            if any(node.domain == "frugal" for node in model.graph.node):
                own += 1
                continue
            arrays = dict(np.load(path.with_suffix(".npz")))
            # What is the mean of nothing? Here NaN, elsewhere refused: of such rows only the form is checked.
            empty = any(a.size == 0 for a in arrays.values())
            try:
                onnx.checker.check_model(model, full_check=not empty)
                if empty:
                    continue
                net = session(path)
                names = [o.name for o in net.get_outputs()]
                outputs = net.run(names, {i.name: arrays[i.name] for i in net.get_inputs()})
                # The engine's ops on bytes are written as the layers in floats that they are made of: sums in another
                # order are rounded to a neighbour where they lie between two.
                steps = 1 if "_int8_" in path.stem else 0
                found = [d for got, n in zip(outputs, names) if (d := difference(got, arrays[n], steps))]
            except Exception as problem:  # pylint: disable=broad-except
                typed = any(i.type.tensor_type.elem_type != onnx.TensorProto.FLOAT for i in model.graph.input)
                if any(w in str(problem) for w in LIMITS + (TYPES if typed else ())):
                    theirs += 1
                    continue
                found = [str(problem).splitlines()[0]]
            if found == ["other integers"] and path.stem.endswith("_cast"):
                theirs += 1  # numbers beyond an integer's range: not defined by the standard, saturated here
                continue
            if found:
                bad.append(f"{path.stem}: {found[0]}")
        print(f"{len(rows)} rows: {len(rows) - own - theirs - len(bad)} agree, {own} under the domain frugal, {theirs} beyond what ONNX Runtime takes, {len(bad)} differ, {refused} refused")
        self.assertEqual(bad, [], "\n".join(bad))

    def test_built_in_networks(self):
        for name in NETWORKS:
            ours, theirs = self.dir / f"{name}.safetensors", self.dir / f"{name}.onnx"
            for command in (["convert", name, ours], ["convert", ours, theirs]):
                result = run(*command)
                self.assertEqual(result.returncode, 0, result.stderr)
            onnx.checker.check_model(str(theirs), full_check=True)
            net = session(theirs)
            (feed,) = net.get_inputs()
            x = np.random.default_rng(0).standard_normal([2, *feed.shape[1:]]).astype(np.float32)
            np.save(self.dir / "x.npy", x)
            result = run("run", ours, "--input", f"{feed.name}={self.dir / 'x.npy'}", "--output", self.dir / "y.npz")
            self.assertEqual(result.returncode, 0, result.stderr)
            expected = np.load(self.dir / "y.npz")
            for output, value in zip(net.get_outputs(), net.run(None, {feed.name: x})):
                self.assertIsNone(difference(value, expected[output.name]), name)
            if name == "deit_tiny":
                continue
            # And back: the file as a MODEL of ours.
            result = run("run", theirs, "--input", f"{feed.name}={self.dir / 'x.npy'}", "--output", self.dir / "z.npz")
            self.assertEqual(result.returncode, 0, result.stderr)
            for key, value in np.load(self.dir / "z.npz").items():
                self.assertIsNone(difference(value, expected[key]), name)


if __name__ == "__main__":
    unittest.main()
