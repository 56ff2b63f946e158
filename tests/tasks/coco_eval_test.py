"""frugal eval --task detect gives the figures of pycocotools: beside it where it is installed, and recorded ones."""
import contextlib
import io
import json
import random
import unittest

from frugal_cli import CliTest

KEYS = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]

try:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
except ImportError:
    COCO = None


def labels(images, categories, objects):
    return {"images": [{"id": i, "file_name": f"{i}.jpg"} for i in images],
            "categories": [{"id": c, "name": f"kind {c}"} for c in categories],
            "annotations": [dict(o, id=n + 1) for n, o in enumerate(objects)]}


def made(rng, images=12, categories=4, objects=8, found=12, crowds=0.0, coarse=False, largest=200):
    """Objects, and detections some of which lie near them; `coarse`: many equal scores, boxes on a grid."""
    image_ids = rng.sample(range(1, 1000), images)  # in no order
    category_ids = sorted(rng.sample(range(1, 91), categories))
    truth, results = [], []
    for image in image_ids:
        for _ in range(rng.randrange(objects)):
            w, h = (rng.choice([16, 32, 64, 96, 100]) for _ in range(2)) if coarse else (
                rng.uniform(2, largest), rng.uniform(2, largest))
            box = [rng.randrange(0, 300), rng.randrange(0, 300), w, h]
            truth.append({"image_id": image, "category_id": rng.choice(category_ids), "bbox": box,
                          "area": w * h * (1 if coarse else rng.uniform(0.4, 1)), "iscrowd": int(rng.random() < crowds)})
        here = [t for t in truth if t["image_id"] == image]
        for _ in range(rng.randrange(found)):
            category = rng.choice(category_ids)
            if here and rng.random() < 0.8:
                near = rng.choice(here)
                shake = 4 if coarse else rng.choice([1, 6, 25])
                box = [v + (rng.choice([-shake, 0, shake]) if coarse else rng.uniform(-shake, shake))
                       for v in near["bbox"]]
                category = near["category_id"] if rng.random() < 0.8 else category
            else:
                box = [rng.uniform(0, 300), rng.uniform(0, 300), rng.uniform(1, 150), rng.uniform(1, 150)]
            box[2:] = [max(v, 0.5) for v in box[2:]]
            score = rng.randrange(4) / 4 if coarse else rng.random()
            results.append({"image_id": image, "category_id": category, "bbox": box, "score": score})
    return labels(image_ids, category_ids, truth), results


def box(image, category, left, top, width, height, **more):
    return {"image_id": image, "category_id": category, "bbox": [left, top, width, height], **more}


def thing(*args, crowd=0, area=None):
    o = box(*args, iscrowd=crowd)
    return dict(o, area=o["bbox"][2] * o["bbox"][3] if area is None else area)


def edge_cases():
    square = [thing(1, 1, 10, 10, 50, 50)]
    yield "nothing found", labels([1, 2], [1], square), [box(2, 1, 0, 0, 9, 9, score=0.5)]
    yield "perfect", labels([1, 2], [1], square), [box(1, 1, 10, 10, 50, 50, score=0.5)]
    yield "one of IoU 0.72", labels([1], [1], [thing(1, 1, 0, 0, 100, 100)]), [box(1, 1, 0, 0, 72, 100, score=1)]
    yield "no objects at all", labels([1], [1, 2], []), [box(1, 1, 10, 10, 50, 50, score=0.5)]
    yield "a category without objects", labels([1], [1, 2], square), [
        box(1, 1, 10, 10, 50, 50, score=0.5), box(1, 2, 10, 10, 50, 50, score=0.9)]
    crowd = [thing(1, 1, 0, 0, 200, 200, crowd=1), thing(1, 1, 20, 20, 40, 40)]
    yield "a crowd swallows several", labels([1], [1], crowd), [
        box(1, 1, 100, 100, 30, 30, score=0.9), box(1, 1, 120, 100, 30, 30, score=0.8),
        box(1, 1, 22, 20, 40, 40, score=0.7), box(1, 1, 300, 300, 10, 10, score=0.6)]
    yield "only a crowd", labels([1], [1], crowd[:1]), [box(1, 1, 100, 100, 30, 30, score=0.9)]
    areas = [thing(1, 1, 100 * i, 0, s, s) for i, s in enumerate([31, 32, 33, 95, 96, 97])]
    yield "areas at the borders", labels([1], [1], areas), [
        box(1, 1, *(v for v in a["bbox"]), score=0.9 - 0.1 * i) for i, a in enumerate(areas)]
    yield "the mask's area counts", labels([1], [1], [thing(1, 1, 0, 0, 100, 100, area=900)]), [
        box(1, 1, 1, 1, 100, 100, score=1), box(1, 1, 300, 1, 20, 20, score=0.5)]
    row = [thing(1, 1, 20 * i, 0, 15, 15) for i in range(130)]
    yield "more than 100", labels([1], [1], row), [
        box(1, 1, 20 * i, 0, 15, 15, score=i / 130) for i in range(130)]
    yield "more than 10 and ties", labels([1, 2], [1], row[:40] + [dict(r, image_id=2) for r in row[:40]]), [
        box(1 + i % 2, 1, 20 * (i // 2), i % 3, 15, 15, score=0.5) for i in range(80)]
    yield "empty boxes", labels([1], [1], [thing(1, 1, 5, 5, 0, 0)] + square), [
        box(1, 1, 5, 5, 0, 0, score=0.9), box(1, 1, 10, 10, 50, 50, score=0.5)]
    yield "images in no order", labels([9, 2, 5], [7, 3], [thing(i, c, 10, 10, 40, 40) for i in (9, 2, 5) for c in (7, 3)]), [
        box(i, c, 10 + i, 10, 40, 40, score=0.5) for i in (2, 9, 5) for c in (3, 7)]


def pycoco(truth, results):
    if not results:
        return None
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = json.loads(json.dumps(truth))
        coco.createIndex()
        measured = COCOeval(coco, coco.loadRes(json.loads(json.dumps(results))), "bbox")
        measured.evaluate()
        measured.accumulate()
        measured.summarize()
    return dict(zip(KEYS, measured.stats))


class CocoEval(CliTest):
    def write(self, name, data):
        return super().write(name, data if isinstance(data, bytes) else data.encode())

    def ours(self, truth, results):
        a, b = self.write("truth.json", json.dumps(truth)), self.write("results.json", json.dumps(results))
        return self.document("eval", "--task", "detect", "--truth", a, "--results", b)

    def check(self, name, truth, results, expected):
        got = self.ours(truth, results)["metrics"]
        self.assertEqual(list(got), KEYS)
        for key in KEYS:
            self.assertAlmostEqual(got[key], expected[key], delta=1e-6, msg=f"{name}: {key}")

    @unittest.skipIf(COCO is None, "pycocotools is not installed")
    def test_edge_cases_are_those_of_pycocotools(self):
        for name, truth, results in edge_cases():
            self.check(name, truth, results, pycoco(truth, results))

    @unittest.skipIf(COCO is None, "pycocotools is not installed")
    def test_random_cases_are_those_of_pycocotools(self):
        for seed in range(24):
            rng = random.Random(seed)
            truth, results = made(rng, crowds=0.15 * (seed % 3), coarse=seed % 2 == 1,
                                  found=12 if seed % 4 else 60, largest=120 if seed % 5 else 20)
            if results:
                self.check(f"seed {seed}", truth, results, pycoco(truth, results))

    @unittest.skipIf(COCO is None, "pycocotools is not installed")
    def test_a_large_case_is_that_of_pycocotools(self):
        truth, results = made(random.Random(77), images=60, categories=3, objects=30, found=400, crowds=0.05)
        self.check("large", truth, results, pycoco(truth, results))

    def test_recorded_figures(self):
        """Of pycocotools 2.0.11."""
        self.check("recorded", *made(random.Random(5), crowds=0.1), dict(zip(KEYS, RECORDED)))
        cases = {name: (truth, results) for name, truth, results in edge_cases()}
        for name, figures in RECORDED_EDGES.items():
            self.check(name, *cases[name], dict(zip(KEYS, figures)))

    def test_nothing_found_at_all(self):
        got = self.ours(labels([1], [1], [thing(1, 1, 10, 10, 50, 50)]), [])["metrics"]
        self.assertEqual((got["AP"], got["AR100"], got["APm"], got["APs"]), (0, 0, 0, -1))

    def test_what_else_is_told(self):
        truth, results = made(random.Random(5))
        got = self.ours(truth, results)
        self.assertEqual((got["samples"], got["detections"], got["objects"]),
                         (12, len(results), len(truth["annotations"])))
        self.assertEqual([c["label"] for c in got["categories"]], [c["name"] for c in truth["categories"]])
        text = self.good("eval", "--task", "detect", "--truth", self.dir / "truth.json", "--results",
                         self.dir / "results.json").stdout
        self.assertIn(f"kind {truth['categories'][0]['id']}", text)
        self.assertIn("AP50", text)

    def test_an_annotation_of_id_0_counts(self):
        truth = labels([1], [1], [thing(1, 1, 10, 10, 50, 50)])
        truth["annotations"][0]["id"] = 0
        self.assertAlmostEqual(self.ours(truth, [box(1, 1, 10, 10, 50, 50, score=0.5)])["metrics"]["AP"], 1)

    def test_area_and_iscrowd_may_be_missing(self):
        truth = labels([1], [1], [box(1, 1, 10, 10, 20, 20)])
        self.assertAlmostEqual(self.ours(truth, [box(1, 1, 10, 10, 20, 20, score=0.5)])["metrics"]["APs"], 1)

    def test_bad_files_get_one_sentence(self):
        good = labels([1], [1], [thing(1, 1, 10, 10, 50, 50)])
        found = box(1, 1, 10, 10, 50, 50, score=0.5)
        text = json.dumps

        def refused(truth, results, *words):
            a, b = self.write("t.json", truth), self.write("r.json", results)
            self.refused(["eval", "--task", "detect", "--truth", a, "--results", b], 1, *words)

        refused(text(good), text([found])[:-1], "r.json", "JSON")
        refused(text(good)[:40], text([found]), "t.json", "JSON")
        refused(text([found]), text([found]), "t.json", "annotations")
        refused(text(good), text(good), "r.json", "list")
        refused(text(good), "3", "r.json", "list")
        refused("{}", "[]", "t.json", "categories")
        refused(text(good), text([found, dict(found, image_id=3)]), "r.json", "detection 1", "no image 3")
        refused(text(good), text([dict(found, category_id=9)]), "detection 0", "no category 9")
        refused(text(good), text([dict(found, bbox=[1, 2, 3])]), "detection 0", "bbox", "not 3")
        refused(text(good), text([dict(found, bbox="1,2,3,4")]), "bbox", "4 numbers")
        refused(text(good), text([dict(found, bbox=[1, 2, -3, 4])]), "negative")
        refused(text(good), text([dict(found, score=float("nan"))]), "r.json", "NaN", "line 1")
        refused(text(good), text([dict(found, score=None)]), "score", "finite")
        refused(text(good), '[{"image_id":1,"category_id":1,"bbox":[1,2,3,4],"score":1e999}]', "too large")
        refused(text(good), text([{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]), "no \"score\"")
        refused(text(good), text([7]), "no object")
        refused(text(good), text([dict(found, image_id="1")]), "image_id", "whole number")
        for key, value, word in [("image_id", 5, "images"), ("category_id", 5, "categories")]:
            broken = dict(good, annotations=[dict(good["annotations"][0], **{key: value})])
            self.write("t.json", text(broken)), self.write("r.json", text([found]))
            got = self.partly(["eval", "--task", "detect", "--truth", self.dir / "t.json", "--results",
                               self.dir / "r.json"], word)
            self.assertEqual((got["objects"], len(got["errors"])), (0, 1))
            self.assertIn("annotation 0", got["errors"][0])
        refused(text(good), "[" * 100000, "nested")
        self.refused(["eval", "--task", "detect", "--truth", "none.json", "--results", "none.json"], 1, "none.json")
        self.refused(["eval", "--task", "detect", "--truth", "none.json"], 2, "--results")
        self.refused(["eval", "resnet18", "--data", "cifar10", "--truth", "t.json"], 2, "--task detect")


RECORDED = [0.109492574, 0.149339934, 0.113036304, 0.0, 0.136328678, 0.216666667, 0.25125, 0.364583333, 0.364583333, 0.0, 0.353333333, 0.333333333]
RECORDED_EDGES = {
    "nothing found": [0.0, 0.0, 0.0, -1.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0, 0.0, -1.0],
    "perfect": [1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, -1.0, 1.0, -1.0],
    "one of IoU 0.72": [0.5, 1.0, 0.0, -1.0, -1.0, 0.5, 0.5, 0.5, 0.5, -1.0, -1.0, 0.5],
    "no objects at all": [-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0],
    "a category without objects": [1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, -1.0, 1.0, -1.0],
    "a crowd swallows several": [0.9, 1.0, 1.0, -1.0, 0.9, -1.0, 0.0, 0.9, 0.9, -1.0, 0.9, -1.0],
    "only a crowd": [-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0],
    "areas at the borders": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.166666667, 1.0, 1.0, 1.0, 1.0, 1.0],
    "the mask's area counts": [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0],
    "more than 100": [0.762376238, 0.762376238, 0.762376238, 0.762376238, -1.0, -1.0, 0.007692308, 0.076923077, 0.769230769, 0.769230769, -1.0, -1.0],
    "more than 10 and ties": [0.721298141, 1.0, 1.0, 0.721298141, -1.0, -1.0, 0.0225, 0.2025, 0.8025, 0.8025, -1.0, -1.0],
    "empty boxes": [0.252475248, 0.252475248, 0.252475248, 0.0, 1.0, -1.0, 0.0, 0.5, 0.5, 0.0, 1.0, -1.0],
    "images in no order": [0.6, 1.0, 0.663366337, -1.0, 0.6, -1.0, 0.6, 0.6, 0.6, -1.0, 0.6, -1.0],
}

if __name__ == "__main__":
    unittest.main()
