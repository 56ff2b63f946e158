"""tools/check-levels refuses each kind of bad file in a fabricated tree, and accepts a good one."""
import os
import pathlib
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("FRUGAL_SOURCE", pathlib.Path(__file__).resolve().parents[2]))

GOOD = {
    "include/frugal/error.h": "#pragma once\n#include <string>\n",
    "include/frugal/tensor.h": '#pragma once\n#include "frugal/error.h"\n',
    "src/base/check.h": '#include "frugal/error.h"\n',
    "src/graph/graph.cpp": '#include "graph/graph.h"\n#include "base/check.h"\n#include <fmt/core.h>\n',
    "src/engine/run.cpp": '#include "graph/graph.h"\n#include "formats/x.h"\n',
    "src/train/trainer.cpp": "#include <torch/torch.h>\n",
    "src/ops/relu/op.cpp": '#include "graph/op.h"\n',
    "src/ops/relu/engine.cpp": '#include "engine/engine_op.h"\n#include "kernels/relu.h"\n',
    "src/ops/relu/torch.cpp": '#include "train/torch_op.h"\n',
    "src/cli/train/main.cpp": '#include "train/trainer.h"\n',
}


class CheckLevels(unittest.TestCase):
    def check(self, **extra):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**GOOD, **extra.get("files", {})}.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return subprocess.run([SOURCE / "tools/check-levels", "--root", folder], capture_output=True, text=True)

    def refused(self, name, text, word):
        result = self.check(files={name: text})
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn(word, result.stderr)
        self.assertIn(name, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)

    def test_good_tree(self):
        result = self.check()
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_the_project_itself(self):
        result = subprocess.run([SOURCE / "tools/check-levels"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_upward_includes(self):
        self.refused("src/base/a.cpp", '#include "tensor/half.h"\n', "base stands below tensor")
        self.refused("src/base/a.cpp", '#include "frugal/tensor.h"\n', "base stands below tensor")
        self.refused("src/graph/a.h", '\n\n#  include "engine/session.h"\n', "src/graph/a.h:3: includes engine/session.h")
        self.refused("src/formats/a.cpp", '#include "ops/x.h"\n', "formats stands below ops")
        self.refused("include/frugal/error.h", '#include "frugal/tensor.h"\n', "base stands below tensor")

    def test_training_stays_apart(self):
        self.refused("src/models/a.cpp", "#include <torch/torch.h>\n", "LibTorch")
        self.refused("src/ops/relu/engine.cpp", '#include "train/torch_op.h"\n', "LibTorch")
        self.refused("src/cli/main.cpp", '#include "train/trainer.h"\n', "LibTorch")

    def test_graphs_do_not_run(self):
        self.refused("src/models/a.cpp", '#include "engine/session.h"\n', "does not run")
        self.refused("src/ops/relu/op.cpp", '#include "engine/engine_op.h"\n', "does not run")

    def test_public_headers(self):
        self.refused("include/frugal/tensor.h", '#include "tensor/half.h"\n', "public headers only")
        self.refused("include/frugal/surprise.h", "#pragma once\n", "without a level")

    def test_places(self):
        self.refused("src/wild/a.cpp", "int x;\n", "no level")
        self.refused("src/base/b.cpp", '#include "check.h"\n', "without its folder")

    def test_long_files(self):
        self.refused("src/base/long.cpp", "\n" * 801, "801 lines")
        self.refused("tests/base/long_test.cpp", "\n" * 801, "801 lines")
        self.assertEqual(self.check(files={"src/base/long.cpp": "\n" * 800}).returncode, 0)


if __name__ == "__main__":
    unittest.main()
