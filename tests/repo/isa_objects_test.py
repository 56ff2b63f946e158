"""Objects compiled for an instruction set must not export inline functions: the linker keeps one copy of each for the
whole program, and if it keeps theirs, the program dies on a machine without that instruction set."""
import os
import pathlib
import re
import subprocess
import unittest

BUILD = pathlib.Path(os.environ["FRUGAL_BUILD"])


class IsaObjects(unittest.TestCase):
    def test_no_weak_symbols(self):
        objects = [path for isa in ("avx2", "avx512") for path in (BUILD / "src").rglob(f"kernels/{isa}/*.o")]
        self.assertTrue(objects)
        weak = []
        for path in objects:
            symbols = subprocess.run(["nm", "-C", path], capture_output=True, text=True, check=True).stdout
            weak += [f"{path.parent.name}/{path.name}: {name}" for name in re.findall(r" [WV] (.*)", symbols)
                     if not re.search(r"\bfrugal::avx(2|512)::", name) and "DW.ref" not in name]
        self.assertEqual(weak, [])


if __name__ == "__main__":
    unittest.main()
