"""Others can use an installed Frugal: by CMake's package config and by pkg-config; and as a folder of their build."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["FRUGAL_SOURCE"])
BUILD = pathlib.Path(os.environ["FRUGAL_BUILD"])
CONSUMER = SOURCE / "tests/consumer"


def run(*command, **extra):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, **extra)
    if result.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}\n{result.stdout}")
    return result.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.prefix = pathlib.Path(cls.folder.name, "prefix")
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)
        cls.lib = next(cls.prefix.glob("lib*/**/cmake/frugal")).parent.parent

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_only_public_headers(self):
        headers = sorted(path.relative_to(self.prefix / "include") for path in self.prefix.rglob("*.h"))
        public = sorted(path.relative_to(SOURCE / "include") for path in (SOURCE / "include").rglob("*.h"))
        self.assertEqual(headers, public)

    def test_installed_consumer(self):
        build = pathlib.Path(self.folder.name, "build")
        run("cmake", "-S", CONSUMER, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", build)
        self.check(run(build / "consumer"))

    def compile(self, source, program):
        env = {**os.environ, "PKG_CONFIG_PATH": str(self.lib / "pkgconfig")}
        flags = run("pkg-config", f"--define-variable=prefix={self.prefix}", "--cflags", "--libs", "frugal", env=env)
        run("g++", "-std=c++20", source, "-o", program, *flags.split())

    def test_pkg_config(self):
        program = pathlib.Path(self.folder.name, "by-pkg-config")
        self.compile(CONSUMER / "main.cpp", program)
        self.check(run(program, env={**os.environ, "LD_LIBRARY_PATH": str(self.lib)}))

    def test_readme_example(self):
        (example,) = re.findall(r"```cpp\n(.*?)```", (SOURCE / "README.md").read_text(), re.S)
        source = pathlib.Path(self.folder.name, "readme.cpp")
        source.write_text(example + "int main() { look(); }\n")
        self.compile(source, pathlib.Path(self.folder.name, "readme"))

    def test_missing_component_is_refused(self):
        script = pathlib.Path(self.folder.name, "CMakeLists.txt")
        script.write_text("cmake_minimum_required(VERSION 3.20)\nproject(x CXX)\n"
                          "find_package(frugal CONFIG REQUIRED COMPONENTS teleport)\n")
        with self.assertRaisesRegex(AssertionError, "teleport"):
            run("cmake", "-S", self.folder.name, "-B", f"{self.folder.name}/refused",
                f"-DCMAKE_PREFIX_PATH={self.prefix}")

    def test_as_a_folder_of_another_build(self):
        build = pathlib.Path(self.folder.name, "nested")
        run("cmake", "-G", "Ninja", "-S", CONSUMER, "-B", build, f"-DFRUGAL_FROM_SOURCE={SOURCE}", "-DFRUGAL_TRAIN=OFF")
        targets = run("ninja", "-C", build, "-t", "targets", "all")
        self.assertIn("libfrugal_core", targets)
        self.assertNotIn("test_base", targets)
        self.assertNotIn("install_test", run("ctest", "-N", cwd=build))

    def check(self, output):
        self.assertRegex(output, r"\Arefused: .*reluu.*relu.*\n1x4: 0 2 0 4\n\Z")


if __name__ == "__main__":
    unittest.main()
