"""`frugal train` as a person meets it: the real program, signals, several processes."""
import csv
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree
from pathlib import Path

BUILD = Path(os.environ.get("FRUGAL_BUILD", "build"))
FRUGAL = BUILD / "frugal"
TRAIN = BUILD / "frugal-train"
SIZE, CLASSES = 12, 4

RECIPE = """
model: {{name: fashion_cnn, options: {{width: 4}}}}
data: {{name: {data}}}
augment: {{crop: 1, flip: true, mean: 0.3, std: 0.3}}
optimizer: {{lr: 0.05}}
ema: {{decay: 0.9}}
batch: 16
epochs: 3
seed: 3
threads: 1
output: {output}
"""


def write_data(folder, prefix, count, seed):
    """MNIST's layout; each class is a bright bar at its own height, in noise."""
    draw = random.Random(seed)
    labels = bytes(i % CLASSES for i in range(count))
    images = bytes(min(255, draw.randrange(100) + (100 if y // 3 == label else 0))
                   for label in labels for y in range(SIZE) for _ in range(SIZE))
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, SIZE, SIZE) + images)
    (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + labels)


@unittest.skipUnless(TRAIN.exists(), "built without LibTorch")
class TrainCommand(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="frugal-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "data").mkdir()
        write_data(self.folder / "data", "train", 96, 1)
        write_data(self.folder / "data", "t10k", 32, 2)

    def recipe(self, output, extra=""):
        path = self.folder / f"{output}.yaml"
        path.write_text(RECIPE.format(data=self.folder / "data", output=self.folder / output) + extra)
        return str(path)

    def run_train(self, *arguments, launcher=(), timeout=240):
        return subprocess.run([*launcher, str(TRAIN), "train", *arguments], capture_output=True, text=True, timeout=timeout)

    def rows(self, output):
        with open(self.folder / output / "metrics.csv", newline="") as file:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]

    def test_json_document(self):
        done = self.run_train(self.recipe("a"), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(sorted(document), ["epochs", "metrics", "model", "seconds"])
        self.assertEqual(document["epochs"], 3)
        self.assertTrue(0 <= document["metrics"]["accuracy"] <= 1)
        self.assertTrue(Path(document["model"]).exists())
        self.assertEqual(len(self.rows("a")), 3)
        xml.etree.ElementTree.parse(self.folder / "a" / "curves.svg")
        self.assertIn("epoch 3/3", done.stderr)
        self.assertNotIn("\x1b", done.stderr, "no drawing where there is no terminal")

    @unittest.skipUnless(FRUGAL.exists(), "the frugal program is not built")
    def test_frugal_hands_over(self):
        done = subprocess.run([str(FRUGAL), "train", self.recipe("a"), "--set", "epochs=1", "--json", "--quiet"],
                              capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["epochs"], 1)
        self.assertEqual(done.stderr, "")

    def test_mistakes(self):
        good = self.recipe("a")
        for arguments, code, word in [
            ([], 2, "name a recipe"),
            (["/nowhere.yaml"], 1, "/nowhere.yaml"),
            ([good, "--set", "optimizer.learning=1"], 2, "optimizer.learning"),
            ([good, "--set", "epochs=lots"], 2, "whole number"),
            ([good, "--set", "model.name=fashion_cn"], 2, "did you mean 'fashion_cnn'"),
            ([good, "--set", "data.name=/nowhere"], 1, "/nowhere"),
            ([good, "--set", "method.name=magic"], 2, "no training method 'magic'"),
            ([good, "--device", "gpu"], 2, "cpu, cuda"),
            ([good, "--threads", "none"], 2, "--set threads"),
            ([good, "--resume"], 1, "no checkpoint"),
            ([good, "--frobnicate"], 2, "--frobnicate"),
            ([self.recipe("b", "speed: 3\n")], 2, "b.yaml:12"),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_train(*arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(word, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_keys_and_help(self):
        self.assertIn("label_smoothing", self.run_train("--keys").stdout)
        self.assertIn("--resume", self.run_train("--help").stdout)

    def test_stop_and_resume(self):
        whole = self.recipe("whole", "checkpoint_every: 3\n")
        self.assertEqual(self.run_train(whole, "--set", "epochs=60").returncode, 0)
        for sent, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            with self.subTest(signal=sent):
                output = f"parts{code}"
                arguments = [self.recipe(output, "checkpoint_every: 3\n"), "--set", "epochs=60"]
                running = subprocess.Popen([str(TRAIN), "train", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                self.addCleanup(running.kill)
                deadline = time.time() + 120
                while not (self.folder / output / "metrics.csv").exists() and time.time() < deadline:
                    time.sleep(0.02)
                running.send_signal(sent)
                _, notes = running.communicate(timeout=120)
                self.assertEqual(running.returncode, code, notes)
                self.assertIn("--resume", notes)
                done = self.run_train(*arguments, "--resume")
                self.assertEqual(done.returncode, 0, done.stderr)
                for name in ["model", "last"]:
                    ours, theirs = ((self.folder / o / f"{name}.safetensors").read_bytes() for o in (output, "whole"))
                    header = struct.unpack("<Q", ours[:8])[0], struct.unpack("<Q", theirs[:8])[0]
                    self.assertEqual(ours[8 + header[0]:], theirs[8 + header[1]:], f"{name} differs from the unbroken run's")

    def test_two_processes_learn_what_one_does(self):
        mpirun = shutil.which("mpirun")
        if not mpirun:
            self.skipTest("no mpirun")
        environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        extra = "schedule: {kind: constant}\n"
        self.assertEqual(self.run_train(self.recipe("one", extra)).returncode, 0)
        for count in (2, 3):
            output = f"n{count}"
            done = subprocess.run([mpirun, "--oversubscribe", "-n", str(count), str(TRAIN), "train", self.recipe(output, extra), "--json"],
                                  capture_output=True, text=True, timeout=240, env=environment)
            if "has no MPI" in done.stderr:
                self.skipTest("built without MPI")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["epochs"], 3, "one document, of the first process")
            for alone, together in zip(self.rows("one"), self.rows(output), strict=True):
                for key in ("train_loss", "test_loss"):
                    self.assertAlmostEqual(alone[key], together[key], delta=1e-4 * max(1, alone[key]), msg=f"{key} of epoch {alone['epoch']}")
        # Shared out without common statistics, the curves part in the first epoch already: the bound above would see it.
        self.assertGreater(abs(self.rows("one")[0]["train_loss"] - self.rows("one")[-1]["train_loss"]), 0.01)

    def test_a_failing_process_ends_all(self):
        mpirun = shutil.which("mpirun")
        if not mpirun:
            self.skipTest("no mpirun")
        environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        done = subprocess.run([mpirun, "--oversubscribe", "-n", "2", str(TRAIN), "train", self.recipe("a"), "--set", "optimizer.lr=1000",
                               "--set", "optimizer.weight_decay=10", "--set", "epochs=50"], capture_output=True, text=True, timeout=120, env=environment)
        self.assertNotEqual(done.returncode, 0)

    def compare(self, model, *arguments):
        done = subprocess.run([str(TRAIN), "compare", model, *map(str, arguments), "--json"], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_quantised_adders_are_equal_where_floats_are_summed_in_one_order(self):
        model = Path(__file__).resolve().parents[2] / "models" / "adder_resnet20_8bit.safetensors"
        document = self.compare(str(model), "--shape", "input=32x3x32x32", "--in-order")
        self.assertEqual(document["same_class"], 32)
        self.assertLess(document["max_difference"], 1e-3)

    def test_compare_and_bench(self):
        self.assertEqual(self.run_train(self.recipe("a"), "--set", "epochs=1").returncode, 0)
        model = str(self.folder / "a" / "model.safetensors")
        for more in ([], ["--in-order"]):
            document = self.compare(model, "--data", self.folder / "data", *more)
            self.assertEqual([document["samples"], document["same_class"]], [32, 32])
            self.assertLess(document["max_difference"], 1e-4)
        done = subprocess.run([str(TRAIN), "bench-torch", model, "--threads", "1,2", "--seconds", "0.05", "--shape", "input=2x1x12x12", "--json"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        runs = json.loads(done.stdout)["runs"]
        self.assertEqual([run["threads"] for run in runs], [1, 2])
        self.assertTrue(all(0 < run["min_ms"] <= run["median_ms"] for run in runs))


if __name__ == "__main__":
    unittest.main()
