"""The program without training stays small."""
import os
import pathlib
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["FRUGAL_BUILD"])
LIMIT = 8_000_000  # bytes


class Size(unittest.TestCase):
    def test_the_stripped_program(self):
        if "CMAKE_BUILD_TYPE:STRING=Release" not in (BUILD / "CMakeCache.txt").read_text():
            self.skipTest("not a Release build")
        with tempfile.NamedTemporaryFile() as stripped:
            subprocess.run(["strip", "-o", stripped.name, BUILD / "frugal"], check=True)
            self.assertLess(os.path.getsize(stripped.name), LIMIT)


if __name__ == "__main__":
    unittest.main()
