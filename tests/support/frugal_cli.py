"""Runs the real `frugal` binary for the command line's tests, and makes the small files they need."""
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest
import zlib

BIN = os.environ.get("FRUGAL_BIN", "build/frugal")
SOURCE = pathlib.Path(os.environ.get("FRUGAL_SOURCE", pathlib.Path(__file__).resolve().parents[2]))


def clean_environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("FRUGAL_") and k not in ("NO_COLOR",)}
    env.update(more)
    return env


def int8_sums_saturate():
    """Without VNNI, ONNX Runtime's integer kernels let sums of two products with signed weights saturate at 16 bits:
    they are off by up to 0.3 of the largest output, and nothing to compare with."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return "vnni" not in file.read()


def run(*args, timeout=300, env=None, cwd=None):
    return subprocess.run([BIN, *map(str, args)], capture_output=True, text=True, timeout=timeout, cwd=cwd,
                          env=clean_environment(**(env or {})))


def png(width, height, rgb):
    """A PNG of one colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\0" + bytes(rgb) * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def npy(shape, value=0.5):
    count = 1
    for dim in shape:
        count *= dim
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple(shape)}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + struct.pack("<f", value) * count


class CliTest(unittest.TestCase):
    """A scratch folder for the class with a small model file in it."""

    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.dir = pathlib.Path(cls._folder.name)
        cls.model = cls.dir / "model.safetensors"
        made = run("convert", "resnet20_cifar", cls.model)
        assert made.returncode == 0, made.stderr

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    def good(self, *args, **keywords):
        result = run(*args, **keywords)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def document(self, *args, **keywords):
        """stdout of a --json call, which must be one JSON document."""
        return json.loads(self.good(*args, "--json", **keywords).stdout)

    def refused(self, args, code, *words, **keywords):
        result = run(*args, **keywords)
        with self.subTest(args=args):
            self.assertEqual(result.returncode, code, result.stderr)
            self.assertTrue(result.stderr.splitlines()[-1].startswith("error: "), result.stderr)
            for word in words:
                self.assertIn(word, result.stderr)
            self.assertEqual(result.stdout, "")

    def partly(self, args, *words):
        """stdout of a --json call that told of what is wrong, a sentence with each of `words`, and did the rest."""
        result = run(*args, "--json")
        self.assertEqual(result.returncode, 1, result.stderr)
        errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
        for word in words:
            self.assertEqual(sum(word in line for line in errors), 1, (word, result.stderr))
        return json.loads(result.stdout)

    def write(self, name, data):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def cifar(self, name="cifar", count=12):
        """A folder of random-looking CIFAR records, a test split only."""
        record = bytes((i * 37 + i * i // 7) % 256 for i in range(3072))
        self.write(f"{name}/batches.meta.txt", b"\n".join(b"class%d" % i for i in range(10)) + b"\n")
        return self.write(f"{name}/test_batch.bin", b"".join(bytes([i % 10]) + record for i in range(count))).parent
