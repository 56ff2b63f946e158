"""frugal compress ... adder_quant, and tools/adder-ablation, on a network that was not trained."""
import json
import subprocess
import sys
import unittest

from frugal_cli import BIN, SOURCE, CliTest, clean_environment, png, run


class Adder(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.adder = cls.dir / "adder.safetensors"
        made = run("convert", "adder_resnet20_cifar", cls.adder, "--option", "width=4")
        assert made.returncode == 0, made.stderr
        for split in ("train", "test"):
            for label in range(2):
                for i in range(4):
                    path = cls.dir / "data" / split / str(label) / f"{i}.png"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(png(32, 32, (60 * i, 200 * label, 255 - 50 * i)))

    def test_a_file_of_four_bits_that_every_command_takes(self):
        out = self.dir / "adder4.safetensors"
        made = self.document("compress", self.adder, "adder_quant", "--data", self.dir / "data", "-o", out,
                             "--set", "bits=4", "--set", "groups=2")
        self.assertEqual(len(made["report"]["layers"]), 20)
        self.assertEqual(made["report"]["settings"]["groups"], "2")
        self.assertLess(made["report"]["bytes"], made["report"]["float_bytes"] / 2)
        self.assertEqual(made["before"]["macs"], made["after"]["macs"])
        layers = self.document("info", out)["layers"]
        self.assertEqual(sum(layer["op"] == "quantized_adder_conv2d" for layer in layers), 20)
        self.assertTrue(self.document("eval", out, "--data", self.dir / "data")["metrics"])

    def test_refusals(self):
        out = self.dir / "x.safetensors"
        data = ["--data", self.dir / "data", "-o", out]
        self.refused(["compress", self.adder, "adder_quant", *data, "--set", "bits=9"], 2, "bits", "2..8")
        self.refused(["compress", self.adder, "adder_quant", *data, "--set", "scheme=qssf", "--set", "clamp=none"], 2,
                     "clamp", "qssf")
        self.refused(["compress", self.model, "adder_quant", *data], 1, "no adder layers")
        self.assertFalse(out.exists())

    def test_the_ablation_writes_its_tables(self):
        folder = self.dir / "ablation"
        made = subprocess.run([sys.executable, SOURCE / "tools" / "adder-ablation", self.adder, "--data",
                               self.dir / "data", "-o", folder, "--samples", "4", "--seeds", "0,7", "--only", "4 bits, QSSF",
                               "--frugal", BIN], capture_output=True, text=True, env=clean_environment())
        self.assertEqual(made.returncode, 0, made.stderr)
        rows = json.loads((folder / "ablation.json").read_text())["rows"]
        self.assertEqual([r["name"] for r in rows], ["4 bits, QSSF by activations", "4 bits, QSSF by weights"])
        self.assertEqual([run["seed"] for run in rows[0]["runs"]], [0, 7])
        self.assertTrue(all(row["least"] <= row["top1"] <= row["most"] for row in rows))
        self.assertEqual((folder / "ablation.md").read_text(), made.stdout)
        self.assertIn("QSSF by weights", (folder / "ablation.svg").read_text())


if __name__ == "__main__":
    unittest.main()
