"""What the pages say of the tree is true: links lead somewhere, commands and files named exist."""
import os
import pathlib
import re
import subprocess
import unittest

SOURCE = pathlib.Path(os.environ["FRUGAL_SOURCE"])
FRUGAL = os.environ["FRUGAL_BIN"]
PAGES = sorted([*SOURCE.glob("*.md"), *(SOURCE / "docs").rglob("*.md")])
MADE = ("build/", "demo/", ".venv")  # not in the sources


class Docs(unittest.TestCase):
    def test_links(self):
        broken = [f"{page.name}: {target}" for page in PAGES
                  for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text())
                  if not target.startswith(MADE) and not (page.parent / target).exists()]
        self.assertEqual(broken, [])

    def test_files_named(self):
        pattern = r"`((?:src|tests|tools|cmake|recipes|include|bench)/[a-z0-9_/.-]+)`"
        missing = [f"{page.name}: {name}" for page in PAGES for name in re.findall(pattern, page.read_text())
                   if not (SOURCE / name).exists()]
        self.assertEqual(missing, [])

    def test_commands(self):
        text = (SOURCE / "README.md").read_text()
        commands = set(re.findall(r"^build/frugal (\w+)", text, re.M))
        self.assertGreater(len(commands), 4)
        for command in sorted(commands):
            result = subprocess.run([FRUGAL, command, "--help"], capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, f"{command}: {result.stderr}")
        for target in set(re.findall(r"^make (\w+)", text, re.M)):
            self.assertRegex((SOURCE / "Makefile").read_text(), rf"(?m)^{target}:")

    def test_documentation_index(self):
        index = (SOURCE / "docs/README.md").read_text()
        missing = [page.name for page in (SOURCE / "docs").glob("*.md") if page.name not in index]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
