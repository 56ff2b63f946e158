"""Good input: what each command prints, and the JSON keys that stay stable."""
import json
import pathlib
import shutil
import subprocess
import unittest
import zipfile

from frugal_cli import BIN, CliTest, npy, png, run


class Models(CliTest):
    def test_lists_every_network_with_the_stable_keys(self):
        networks = self.document("models")
        names = [n["name"] for n in networks]
        self.assertEqual(names, sorted(names))
        self.assertIn("resnet18", names)
        for network in networks:
            self.assertLessEqual({"name", "task", "params", "macs", "input"}, network.keys())
        self.assertIn("resnet20_cifar", self.good("models").stdout)


class Info(CliTest):
    def test_counts_what_the_papers_say(self):
        for name, params, macs in [("resnet20_cifar", 272474, 40813184), ("resnet18", 11689512, 1814073344)]:
            info = self.document("info", name)
            self.assertEqual((info["name"], info["task"], info["params"], info["macs"]), (name, "classify", params, macs))
            self.assertEqual(sum(layer["params"] for layer in info["layers"]), params)
            self.assertEqual(sum(layer["macs"] for layer in info["layers"]), macs)
            for layer in info["layers"]:
                self.assertLessEqual({"name", "op", "params", "macs", "output"}, layer.keys())
        self.assertEqual(info["input"], [{"name": "input", "dtype": "float32", "shape": ["batch", 3, 224, 224]}])

    def test_a_shape_changes_the_costs(self):
        whole, half = (self.document("info", "resnet18", "--shape", f"input=1x3x{s}x{s}") for s in (224, 112))
        self.assertEqual(whole["params"], half["params"])
        self.assertLess(half["macs"], whole["macs"] / 3)
        wide = self.document("info", "fashion_cnn", "--option", "width=32", "--option", "depth=1")
        self.assertEqual(wide["params"], 94186)
        pair = self.document("info", "resnet18", "--shape", "input=2x3x224x224")
        self.assertEqual(pair["macs"], 2 * whole["macs"])

    def test_a_file_is_known_by_its_graph(self):
        info = self.document("info", self.model)
        self.assertEqual((info["params"], info["random_weights"]), (272474, False))
        self.assertEqual(info["metadata"]["task"]["input"], [3, 32, 32])
        self.assertEqual(info["metadata"]["task"]["mean"], [0.485, 0.456, 0.406])

    def test_tables_text_and_picture(self):
        picture = self.dir / "net.svg"
        text = self.good("info", self.model, "--layers", "--graph", "--picture", picture).stdout
        for word in ["272,474", "40,813,184", "layer1.0.conv1", "batch_norm"]:
            self.assertIn(word, text)
        self.assertTrue(picture.read_text().lstrip().startswith("<svg") or "<svg" in picture.read_text()[:300])


class Run(CliTest):
    def test_tensors_in_and_out(self):
        x = self.write("x.npy", npy([2, 3, 32, 32]))
        out = self.dir / "out.npz"
        document = self.document("run", self.model, "--input", f"input={x}", "--output", out)
        self.assertEqual(document, {"outputs": [{"name": "logits", "shape": [2, 10], "dtype": "float32"}]})
        with zipfile.ZipFile(out) as archive:
            self.assertEqual(archive.namelist(), ["logits.npy"])

    def test_the_input_s_name_may_be_left_out_and_results_repeat(self):
        x = self.write("x.npy", npy([1, 3, 32, 32]))
        first, second = (self.good("run", self.model, "--input", x, "--threads", t).stdout for t in (1, 2))
        self.assertEqual(first, second)
        self.assertIn("logits", first)

    def test_the_seed_makes_the_weights_of_a_built_in_network(self):
        x = self.write("x.npy", npy([1, 3, 32, 32]))
        one, same, other = (self.good("run", "resnet20_cifar", "--input", x, "--seed", s) for s in (1, 1, 2))
        self.assertEqual(one.stdout, same.stdout)
        self.assertNotEqual(one.stdout, other.stdout)
        self.assertIn("random", one.stderr)
        self.assertEqual(self.good("run", "resnet20_cifar", "--input", x, "--quiet").stderr, "")


class Bench(CliTest):
    def test_stable_keys_one_run_a_thread_count(self):
        document = self.document("bench", self.model, "--threads", "1,2", "--runs", "5")
        self.assertEqual([r["threads"] for r in document["runs"]], [1, 2])
        for r in document["runs"]:
            self.assertLessEqual({"threads", "median_ms", "min_ms", "gmac_per_s", "share_of_peak", "peak_bytes"}, r.keys())
            self.assertGreater(r["median_ms"], 0)
            self.assertLessEqual(r["min_ms"], r["median_ms"])
            self.assertGreater(r["peak_bytes"], 272474 * 4)

    def test_profile_and_trace_name_the_nodes(self):
        trace = self.dir / "trace.json"
        document = self.document("bench", self.model, "--threads", "1", "--runs", "1", "--profile", "--trace", trace)
        profile = document["runs"][0]["profile"]
        self.assertIn("conv2d", {node["op"] for node in profile})
        for node in profile:
            self.assertLessEqual({"name", "op", "algorithm", "ms", "macs", "gmac_per_s", "share_of_peak"}, node.keys())
        events = json.loads(trace.read_text())["traceEvents"]
        self.assertEqual(len([e for e in events if e["ph"] == "X"]), len(profile))
        self.assertIn("algorithm", self.good("bench", self.model, "--threads", "1", "--runs", "1", "--profile").stdout)


class Eval(CliTest):
    def test_metrics_samples_seconds(self):
        document = self.document("eval", self.model, "--data", self.cifar(count=12), "--batch", "5")
        self.assertEqual(document["samples"], 12)
        self.assertEqual(document["metrics"].keys(), {"top1", "top5", "loss"})
        self.assertGreaterEqual(document["metrics"]["top5"], document["metrics"]["top1"])
        # All pictures are equal, so exactly one class is ever answered.
        self.assertIn(document["metrics"]["top1"], [1 / 12, 2 / 12])
        self.assertGreater(document["seconds"], 0)
        self.assertEqual(sum(c["samples"] for c in document["classes"]), 12)

    def test_limit_table_and_sheet(self):
        sheet = self.dir / "sheet.png"
        text = self.good("eval", self.model, "--data", self.cifar(), "--limit", "3", "--sheet", sheet).stdout
        self.assertIn("top-1", text)
        self.assertIn("class2", text)
        self.assertNotIn("class3 ", text)
        self.assertTrue(sheet.read_bytes().startswith(b"\x89PNG"))

    def test_flags_change_the_preparation(self):
        data = self.cifar()
        usual, other = (self.document("eval", self.model, "--data", data, *f)["metrics"]["loss"]
                        for f in ([], ["--mean", "0,0,0", "--std", "1,1,1"]))
        self.assertNotEqual(usual, other)

    def test_bad_pictures_do_not_stop_a_measurement(self):
        for i, data in enumerate([png(8, 8, (1, 2, 3)), b"words", png(2000, 1, (9, 9, 9)), png(8, 8, (200, 2, 3)),
                                  png(8, 8, (1, 2, 3))[:60]]):
            self.write(f"some_bad/{'ab'[i % 2]}/{i}.png", data)
        got = self.partly(["eval", self.model, "--data", self.dir / "some_bad", "--batch", "1", "--sheet",
                           self.dir / "sheet.png"], "1.png: this is not a picture", "2.png: a picture of 2000x1", "4.png")
        self.assertEqual((got["samples"], [c["samples"] for c in got["classes"]]), (2, [1, 1]))
        self.assertEqual([pathlib.Path(e["image"]).name for e in got["errors"]], ["2.png", "4.png", "1.png"])
        for i in (0, 3):
            (self.dir / f"some_bad/{'ab'[i % 2]}/{i}.png").unlink()
        self.refused(["eval", self.model, "--data", self.dir / "some_bad"], 1, "none of the 3 pictures can be read")


class Classify(CliTest):
    def test_pictures_folders_and_a_sheet(self):
        for name, colour in [("p/red.png", (255, 0, 0)), ("p/deep/blue.png", (0, 0, 255)), ("p/notes.txt", (0, 0, 0))]:
            self.write(name, png(40, 30, colour))
        document = self.document("classify", self.model, self.dir / "p", "-o", self.dir / "out", "--top", "3")
        self.assertEqual([pathlib.Path(r["image"]).name for r in document["results"]], ["blue.png", "red.png"])
        self.assertEqual(document["errors"], [])
        for r in document["results"]:
            shares = [p["probability"] for p in r["predictions"]]
            self.assertEqual(shares, sorted(shares, reverse=True))
            self.assertEqual(len(shares), 3)
        self.assertTrue((self.dir / "out/contact_sheet.png").read_bytes().startswith(b"\x89PNG"))

    def test_an_unreadable_picture_among_good_ones(self):
        good, bad = self.write("good.png", png(8, 8, (1, 2, 3))), self.write("bad.png", png(8, 8, (1, 2, 3))[:60])
        narrow, missing = self.write("narrow.png", png(1, 100, (9, 9, 9))), self.dir / "missing.png"
        document = self.partly(["classify", self.model, bad, narrow, good, missing], "bad.png", "1x100 pixels is too narrow",
                               "missing.png")
        self.assertEqual([r["image"] for r in document["results"]], [str(good)])
        self.assertEqual([e["image"] for e in document["errors"]], [str(bad), str(narrow), str(missing)])


class Convert(CliTest):
    def test_there_and_back(self):
        npz, weights, again = self.dir / "w.npz", self.dir / "w.safetensors", self.dir / "again.safetensors"
        document = self.document("convert", self.model, npz)
        self.assertEqual(document["unsupported"], [])
        self.assertIn("conv2d", document["ops"])
        self.good("convert", npz, weights)
        self.good("convert", weights, again, "--arch", "resnet20_cifar")
        x = self.write("x.npy", npy([1, 3, 32, 32]))
        first, second = (self.good("run", m, "--input", x).stdout for m in (self.model, again))
        self.assertEqual(first, second)


class Train(CliTest):
    def test_without_libtorch_it_says_what_to_do(self):
        alone = self.dir / "alone" / "frugal"  # no frugal-train beside it
        alone.parent.mkdir(exist_ok=True)
        shutil.copy(BIN, alone)
        for args in [["train", "recipe.yaml"], ["--json", "train", "--help"]]:
            result = subprocess.run([alone, *args], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn("no LibTorch", result.stderr)
            self.assertIn("tools/setup", result.stderr)

    def test_hands_everything_over(self):
        seen = self.dir / "both" / "frugal-train"  # stands in for the program, and shows what it was given
        seen.parent.mkdir(exist_ok=True)
        seen.write_text('#!/bin/sh\necho "$@"\nexit 7\n')
        seen.chmod(0o755)
        shutil.copy(BIN, seen.parent / "frugal")
        result = subprocess.run([seen.parent / "frugal", "--quiet", "--threads", "2", "train", "r.yaml", "--set", "a=b", "--resume"],
                                capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout.split()),
                         (7, ["train", "r.yaml", "--set", "a=b", "--resume", "--quiet", "--threads", "2"]))


class Doctor(CliTest):
    def test_the_kernels_hold_on_this_machine(self):
        document = self.document("doctor")
        self.assertIn(document["isa"], ["scalar", "avx2", "avx512"])
        self.assertGreaterEqual(document["cores"], 1)
        for check in document["checks"]:
            self.assertTrue(check["ok"], check)
        if len(document["isa_supported"]) > 1:
            self.assertGreater(len(document["checks"]), 10)
        self.assertEqual(self.document("doctor", env={"FRUGAL_ISA": "scalar"})["isa"], "scalar")


if __name__ == "__main__":
    unittest.main()
