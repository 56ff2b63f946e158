"""Every network of other people that the importer takes must agree with ONNX Runtime to 1e-3; those of CLAIMED must be
taken. tools/get-onnx-models brings the files; without them there is nothing to do."""
import importlib.util
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
import networks  # noqa: E402

CLAIMED = {"FastestDet"}


class Networks(unittest.TestCase):
    def test_against_onnx_runtime(self):
        if not importlib.util.find_spec("onnxruntime") or not importlib.util.find_spec("numpy"):
            self.skipTest("onnxruntime is not installed")
        paths = networks.models(networks.folder())
        if not paths:
            self.skipTest("no networks: tools/get-onnx-models brings them")
        for path in paths:
            with self.subTest(network=path.stem):
                difference, reason = networks.compare(path)
                print(f"{path.stem:45} {difference if reason is None else reason}", flush=True)
                if reason is None:
                    self.assertLessEqual(difference, 1e-3)
                else:
                    self.assertNotIn(path.stem, CLAIMED, reason)
