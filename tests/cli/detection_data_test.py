"""frugal eval --task detect --data: folders of pictures with boxes in the forms of COCO, YOLO and Pascal VOC."""
import json
import shutil
import unittest

from frugal_cli import SOURCE, CliTest

MODEL = SOURCE / "models" / "gold_yolo_pico_blood.safetensors"
PICTURE = SOURCE / "models" / "blood.jpg"
NAMES = ["Platelets", "RBC", "WBC"]


class DetectionData(CliTest):
    """The labels are what the shipped network is sure of, so it finds them again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("detections")
        cls.found = case.document("detect", MODEL, PICTURE, "--conf", "0.5")["results"][0]["detections"]
        cls.coco(cls.dir / "coco"), cls.yolo(cls.dir / "yolo"), cls.voc(cls.dir / "voc")

    def detections(self):
        pass

    @classmethod
    def coco(cls, root):
        (root / "images").mkdir(parents=True)
        (root / "annotations").mkdir()
        shutil.copy(PICTURE, root / "images" / "a.jpg")
        truth = {"images": [{"id": 5, "file_name": "a.jpg"}],
                 "categories": [{"id": i, "name": name} for i, name in enumerate(NAMES)],
                 "annotations": [{"id": i, "image_id": 5, "category_id": NAMES.index(d["label"]), "bbox": d["box"]}
                                 for i, d in enumerate(cls.found)]}
        (root / "annotations" / "val.json").write_text(json.dumps(truth))

    @classmethod
    def yolo(cls, root):
        (root / "images" / "val").mkdir(parents=True)
        (root / "labels" / "val").mkdir(parents=True)
        shutil.copy(PICTURE, root / "images" / "val" / "a.jpg")
        lines = []
        for d in cls.found:
            x, y, w, h = d["box"]
            lines.append(f"{NAMES.index(d['label'])} {(x + w / 2) / 640} {(y + h / 2) / 480} {w / 640} {h / 480}")
        (root / "labels" / "val" / "a.txt").write_text("\n".join(lines))
        (root / "data.yaml").write_text(f"val: images/val\nnames: {NAMES}\n")

    @classmethod
    def voc(cls, root):
        for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
            (root / part).mkdir(parents=True)
        shutil.copy(PICTURE, root / "JPEGImages" / "a.jpg")
        objects = "".join(
            f"<object><name>{d['label']}</name><bndbox><xmin>{d['box'][0]}</xmin><ymin>{d['box'][1]}</ymin>"
            f"<xmax>{d['box'][0] + d['box'][2]}</xmax><ymax>{d['box'][1] + d['box'][3]}</ymax></bndbox></object>"
            for d in cls.found)
        (root / "Annotations" / "a.xml").write_text(f"<annotation>{objects}</annotation>")
        (root / "ImageSets" / "Main" / "val.txt").write_text("a\n")
        (root / "labels.txt").write_text("\n".join(NAMES))

    def test_three_forms_give_one_figure(self):
        self.assertGreater(len(self.found), 5)
        figures = {}
        for form, data in (("coco", "coco"), ("yolo", "yolo"), ("yolo's file", "yolo/data.yaml"), ("voc", "voc")):
            got = self.document("eval", MODEL, "--task", "detect", "--data", self.dir / data, "--split", "val")
            self.assertEqual((got["samples"], got["objects"]), (1, len(self.found)), form)
            figures[form] = got["metrics"]["AP"]
        self.assertGreater(figures["coco"], 0.9)
        for form, figure in figures.items():
            self.assertAlmostEqual(figure, figures["coco"], delta=1e-3, msg=form)

    def test_results_are_measured_against_a_folder(self):
        results = [{"image_id": 1, "category_id": NAMES.index(d["label"]), "bbox": d["box"], "score": d["score"]}
                   for d in self.found]
        file = self.write("results.json", json.dumps(results).encode())
        got = self.document("eval", "--task", "detect", "--data", self.dir / "yolo", "--split", "val", "--results", file)
        self.assertGreater(got["metrics"]["AP"], 0.99)

    def test_what_is_wrong_is_said_with_file_and_line_and_left_out(self):
        base = ["eval", MODEL, "--task", "detect", "--split", "val", "--data"]
        labels = self.dir / "yolo/labels/val/a.txt"
        kept = labels.read_text()
        labels.write_text("0 .5 .5 .1 .1\n3 .5 .5 .1 .1\n")
        got = self.partly([*base, self.dir / "yolo"], "a.txt:2: there is no class 3")
        self.assertEqual((got["objects"], got["samples"], len(got["errors"])), (1, 1, 1))
        labels.write_text(kept)
        xml = self.dir / "voc/Annotations/a.xml"
        kept = xml.read_text()
        xml.write_text(kept.replace("</object>", "</objekt>", 1))
        self.refused([*base, self.dir / "voc"], 1, "a.xml:1", "XML")
        (self.dir / "voc/Annotations/b.xml").write_text(kept.replace("RBC", "ABC", 1))
        shutil.copy(PICTURE, self.dir / "voc/JPEGImages/b.jpg")
        (self.dir / "voc/ImageSets/Main/val.txt").write_text("a\nb\n")
        got = self.partly([*base, self.dir / "voc"], "a.xml:1: this is not valid XML", "b.xml:1: the class 'ABC'")
        self.assertEqual((got["objects"], got["samples"], len(got["errors"])), (len(self.found) - 1, 1, 2))
        xml.write_text(kept)
        self.refused([*base, self.dir / "nowhere"], 1, "nowhere")
        self.refused(["eval", MODEL, "--task", "detect", "--data", self.dir / "coco"], 1, "annotations/test.json")
        self.refused([*base, self.dir / "coco", "--truth", "t.json"], 2, "--data DIR or --truth")


if __name__ == "__main__":
    unittest.main()
