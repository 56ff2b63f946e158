"""frugal info and frugal convert on GGUF files."""
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from frugal_cli import SOURCE, run

BLOCKS = SOURCE / "tests/data/gguf/blocks.gguf"
SHARED = SOURCE.parent / "shared/data/language"


def document(*args):
    result = run(*args, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


class Gguf(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def usage(self, word, *args):
        result = run(*args)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn(word, result.stderr)

    def test_info_names_values_and_types(self):
        info = document("info", BLOCKS)
        self.assertEqual(info["metadata"]["test.uint64"], {"type": "u64", "value": 2**64 - 1})
        self.assertEqual(info["metadata"]["test.texts"], {"type": "array of string", "value": ["a", "", "中"]})
        self.assertEqual(info["metadata"]["test.nested"]["value"], [[1, 2], [3]])
        tensors = {t["name"]: t for t in info["tensors"]}
        self.assertEqual(tensors["Q4_K"], {"name": "Q4_K", "type": "Q4_K", "shape": [2, 256], "bytes": 288,
                                           "bits_per_weight": 4.5})
        self.assertEqual(info["params"], sum(t["shape"][0] * t["shape"][1] for t in info["tensors"]))
        text = run("info", BLOCKS, "--layers").stdout
        self.assertIn("test.float32 = 0.1\n", text)
        self.assertIn("Q6_K.f32", text)

    def test_convert_changes_types_and_says_so(self):
        out = self.folder / "out.gguf"
        # No name here is that of a layer's weight, so all becomes F32: the values of the blocks.
        done = document("convert", BLOCKS, out, "--type", "q8_0")
        self.assertEqual({t["to"] for t in done["tensors"]}, {"F32"})
        self.assertEqual(done["bytes_after"], sum(t["bytes"] for t in done["tensors"]))
        self.assertIn("quantised before", run("convert", BLOCKS, out, "--type", "Q8_0").stderr)
        same = self.folder / "same.gguf"
        run("convert", BLOCKS, same)
        before, after = document("info", BLOCKS), document("info", same)
        self.assertEqual((before.pop("name"), after.pop("name")), ("blocks", "same"))
        self.assertEqual(before, after)

    def test_bad_use_is_explained(self):
        out = self.folder / "out.gguf"
        self.usage("known types are F32, F16, BF16, Q8_0", "convert", BLOCKS, out, "--type", "Q4_K_M")
        self.usage("written as .gguf only", "convert", BLOCKS, self.folder / "out.npz")
        self.usage("only .gguf files and llama2.c", "convert", "resnet18", out)
        self.usage("--tokenizer", "convert", self.folder / "m.bin", out)
        self.usage("holds its own", "convert", BLOCKS, out, "--tokenizer", "t.bin")
        self.usage("goes with --type", "convert", BLOCKS, out, "--output-type", "F16")
        self.usage("go with .gguf", "convert", "resnet18", self.folder / "a.onnx", "--type", "F16")
        broken = self.folder / "broken.gguf"
        broken.write_bytes(BLOCKS.read_bytes()[:5000])
        for command in (["info", broken], ["convert", broken, out]):
            result = run(*command)
            self.assertEqual(result.returncode, 1)
            self.assertIn("beyond the file's", result.stderr)
        self.assertFalse(out.exists())

    @unittest.skipUnless(SHARED.is_dir(), "no shared reference data")
    def test_a_llama2c_checkpoint_becomes_the_same_model(self):
        out, quantised = self.folder / "out.gguf", self.folder / "q8.gguf"
        run("convert", SHARED / "stories260K.bin", out, "--tokenizer", SHARED / "tok512.bin")
        ours, theirs = document("info", out), document("info", SHARED / "stories260K-f32.gguf")
        del theirs["metadata"]["general.license"]
        self.assertEqual(ours, theirs)
        done = document("convert", out, quantised, "--type", "Q4_K")
        types = {t["name"]: t["to"] for t in done["tensors"]}
        self.assertEqual(types["token_embd.weight"], "Q8_0")  # 64 columns: Q6_K does not fit
        self.assertEqual(types["blk.0.attn_q.weight"], "Q5_0")
        self.assertEqual(types["blk.0.ffn_down.weight"], "F16")  # 172 columns
        self.assertEqual(types["blk.0.ffn_norm.weight"], "F32")

    @unittest.skipUnless(importlib.util.find_spec("gguf") and SHARED.is_dir(), "no package gguf, or no shared data")
    def test_the_reference_package_reads_a_converted_file(self):
        out = self.folder / "out.gguf"
        run("convert", SHARED / "stories260K-f32.gguf", out, "--type", "Q5_1", "--output-type", "Q5_1")
        program = """
import sys, numpy, gguf
from gguf import quants
ours, exact = (gguf.GGUFReader(p) for p in sys.argv[1:])
exact = {t.name: t for t in exact.tensors}
kinds = set()
for t in ours.tensors:
    kinds.add(t.tensor_type.name)
    a, b = quants.dequantize(t.data, t.tensor_type), exact[t.name].data
    assert t.shape.tolist() == exact[t.name].shape.tolist(), t.name
    assert numpy.abs(a - b).max() <= 0.05 * numpy.abs(b).max(), (t.name, numpy.abs(a - b).max())
assert kinds == {'F32', 'F16', 'Q5_1'}, kinds
assert ours.get_field('general.file_type').contents() == 9
"""
        subprocess.run([sys.executable, "-c", program, out, SHARED / "stories260K-f32.gguf"], check=True)


if __name__ == "__main__":
    unittest.main()
