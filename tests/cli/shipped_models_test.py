"""The networks in models/: every one runs, the detector finds what is on the picture beside it, and those for CIFAR-10
are as good as their page says where pictures are."""
import os
import pathlib
import shutil
import unittest

from frugal_cli import SOURCE, CliTest, png

SHARED = pathlib.Path(os.environ.get("FRUGAL_SHARED", SOURCE.parent / "shared"))
PICTURES = SHARED / "data" / "classification" / "cifar10_mini"
MODELS = SOURCE / "models"


class ShippedModels(CliTest):
    def test_every_network_names_what_it_sees(self):
        picture = self.write("picture.png", png(32, 32, (200, 30, 90)))
        files = sorted(MODELS.glob("*.safetensors"))
        self.assertGreaterEqual(len(files), 3)
        page = (MODELS / "README.md").read_text()
        for file in files:
            with self.subTest(file=file.name):
                self.assertIn(file.name, page)
                if file.name.startswith("gold_yolo"):
                    continue
                (answer,) = self.document("classify", file, picture)["results"]
                self.assertTrue(all(guess["label"] for guess in answer["predictions"]), answer)

    def test_the_detector_finds_blood_cells(self):
        (answer,) = self.document("detect", MODELS / "gold_yolo_pico_blood.safetensors", MODELS / "blood.jpg")["results"]
        found = [d["label"] for d in answer["detections"]]
        self.assertIn("WBC", found)
        self.assertGreaterEqual(found.count("RBC"), 5)

    @unittest.skipUnless(PICTURES.exists(), "the pictures of CIFAR-10 are not here")
    def test_accuracy_on_a_thousand_pictures(self):
        folder = self.dir / "cifar10"
        folder.mkdir()
        shutil.copy(PICTURES / "test_1000.bin", folder / "test_batch.bin")
        shutil.copy(PICTURES / "batches.meta.txt", folder)
        for name in ("adder_resnet20_8bit", "resnet20_cifar"):
            with self.subTest(name=name):
                top1 = self.document("eval", MODELS / f"{name}.safetensors", "--data", folder)["metrics"]["top1"]
                self.assertGreater(top1, 0.82)


if __name__ == "__main__":
    unittest.main()
