"""frugal compress: the list, a quantised network that every command takes, and what is refused."""
import json
import shutil
import unittest

from frugal_cli import SOURCE, CliTest, png, run


class Compress(CliTest):
    def test_list_names_methods_and_options(self):
        methods = {m["name"]: m for m in self.document("compress", "--list")}
        self.assertIn("calibration", [o["name"] for o in methods["ptq"]["options"]])
        self.assertIn("percentile", self.good("compress", "--list").stdout)

    def test_a_quantised_network_is_a_quarter_of_the_size_and_runs(self):
        folder = self.dir / "pictures"
        for i in range(6):
            self.write(f"pictures/{i}.png", png(32, 32, (40 * i, 255 - 40 * i, 120)))
        out = self.dir / "int8.safetensors"
        made = self.document("compress", self.model, "ptq", "--data", folder, "-o", out,
                             "--set", "calibration=minmax", "--set", "float_layers=1")
        self.assertLessEqual({"before", "after", "report"}, made.keys())
        for side in ("before", "after"):
            self.assertLessEqual({"params", "macs", "bytes"}, made[side].keys())
        self.assertLess(made["after"]["bytes"], made["before"]["bytes"] * 0.35)
        self.assertEqual((made["report"]["float_layers"], made["report"]["samples"]), (1, 6))
        worst = min(made["report"]["layers"], key=lambda layer: layer["snr_db"])
        self.assertEqual(worst["precision"], "float32")
        self.assertEqual(out.stat().st_size, made["after"]["bytes"])
        top = [json.loads(self.good("classify", m, folder / "3.png", "--json").stdout) for m in (self.model, out)]
        self.assertEqual(len(top), 2)
        self.assertTrue(self.document("bench", out, "--threads", "1")["runs"])
        self.assertTrue(self.document("info", out)["layers"])

    def test_a_detector_is_calibrated_on_what_it_sees(self):
        """Pictures come into the letterbox of detect, and in 8 bits it finds the same cells."""
        models, folder, out = SOURCE / "models", self.dir / "blood", self.dir / "blood8.safetensors"
        folder.mkdir()
        shutil.copy(models / "blood.jpg", folder)
        detector = models / "gold_yolo_pico_blood.safetensors"
        made = self.document("compress", detector, "ptq", "--data", folder, "-o", out, "--set", "float_layers=12")
        self.assertLess(made["after"]["bytes"], made["before"]["bytes"] * 0.7)
        self.assertGreater(made["report"]["output_snr_db"][0], 25)
        found = [self.document("detect", m, folder)["results"][0]["detections"] for m in (detector, out)]
        self.assertEqual(*([d["label"] for d in f].count("WBC") for f in found))
        for d in found[0]:
            if d["score"] > 0.5:
                close = [o for o in found[1] if max(abs(a - b) for a, b in zip(o["box"], d["box"])) < 12]
                self.assertIn(d["label"], [o["label"] for o in close])
        self.assertEqual(self.document("info", out)["metadata"]["task"]["fit"], "letterbox")
        self.refused(["compress", detector, "ptq", "--data", folder, "-o", out, "--mean", "0,0,0"], 2, "detector")

    def test_parallel_convolutions_become_one_without_data(self):
        out = self.dir / "deployed.safetensors"
        made = self.document("compress", "gold_yolo_pico", "reparameterize", "--classes", "3", "-o", out)
        self.assertEqual((made["report"]["batch_norm"]["after"], made["report"]["conv2d"]["after"]), (0, 98))
        self.assertLess(made["after"]["macs"], made["before"]["macs"])
        kept = self.document("compress", "gold_yolo_pico", "reparameterize", "--set", "batch_norm=keep", "-o", out)
        self.assertGreater(kept["report"]["batch_norm"]["after"], 0)
        self.refused(["compress", "gold_yolo_pico", "reparameterize", "--set", "batch_norm=drop", "-o", out], 2, "keep")

    def test_refusals_say_what_would_be_right(self):
        out = self.dir / "x.safetensors"
        self.refused(["compress", self.model, "ptqs", "-o", out], 2, "ptqs", "ptq")
        self.refused(["compress", self.model, "ptq", "-o", out], 2, "--data")
        self.refused(["compress", self.model, "ptq", "-o", out, "--set", "calibratio=minmax"], 2, "calibration")
        self.refused(["compress", self.model, "ptq", "-o", out, "--set", "calibration=best"], 2, "minmax")
        self.refused(["compress", self.model, "ptq", "-o", "x.onnx"], 2, ".safetensors")
        self.refused(["compress"], 2, "METHOD")
        self.assertFalse(out.exists())


if __name__ == "__main__":
    unittest.main()
