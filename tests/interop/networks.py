#!/usr/bin/env python3
"""Networks that nobody here wrote, through `frugal run` and through ONNX Runtime on the same input:

    .venv/bin/python tests/interop/networks.py [--json] [FOLDER]

FOLDER is what tools/get-onnx-models fills (default .venv/onnx-models). Prints for each network the largest difference,
relative to the largest element of each output, or why it was not imported.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("FRUGAL_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BIN = os.environ.get("FRUGAL_BIN", str(SOURCE / "build/frugal"))
SHARED = pathlib.Path(os.environ.get("FRUGAL_SHARED", SOURCE.parent / "shared"))

# Sizes for what a file leaves open.
OPEN = {"ppocrv5_cls": {"x": [2, 3, 80, 160]}, "det": {"x": [1, 3, 320, 480]}, "rec": {"x": [2, 3, 48, 320]},
        "cls": {"x": [2, 3, 48, 192]}, **{f"silero_vad{kind}": {"input": [1, 512], "state": [2, 1, 128]}
                                          for kind in ("", "_op18_ifless", "_16k_op15", "_half")}}
SAMPLING_RATE = 16000


def folder():
    return pathlib.Path(os.environ.get("FRUGAL_ONNX_MODELS", SOURCE / ".venv/onnx-models"))


def models(where):
    found = sorted(where.rglob("*.onnx")) if where.is_dir() else []
    return found + [path for path in [SHARED / "data/detection/weights/FastestDet.onnx"] if path.exists()]


def page(shape, random):
    """Dark strokes in rows: of noise a text detector finds nothing, and nothing has no digits to compare."""
    import numpy as np
    picture = np.full(shape, 2, np.float32)
    for top in range(30, shape[2] - 24, 48):
        for left in range(20, shape[3] - 40, 14):
            if random.random() < 0.8:
                picture[:, :, top:top + random.integers(10, 24), left:left + random.integers(3, 9)] = -2
    return picture


def feeds_of(session, path):
    import numpy as np
    random = np.random.default_rng(1)
    feeds = {}
    for value in session.get_inputs():
        shape = [d if isinstance(d, int) and d > 0 else (1 if i == 0 else 64) for i, d in enumerate(value.shape)]
        kind = next((k for k in OPEN if k == path.stem or k in path.stem.lower().split("_")[1:]), "")
        shape = OPEN.get(kind, {}).get(value.name, shape)
        if value.name == "sr":
            feeds[value.name] = np.array(SAMPLING_RATE, np.int64)
        elif "int" in value.type:
            feeds[value.name] = random.integers(0, 200, shape).astype(np.int64 if "64" in value.type else np.int32)
        elif kind == "det":
            feeds[value.name] = page(shape, random)
        else:
            feeds[value.name] = random.standard_normal(shape).astype(np.float32)
    return feeds


def compare(path):
    """(difference, None) or (None, why not)"""
    import numpy as np
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        feeds = feeds_of(session, path)
        wanted = session.run(None, feeds)
    except Exception as error:  # the other side's failure is not ours
        return None, f"ONNX Runtime: {str(error).splitlines()[0][:100]}"
    with tempfile.TemporaryDirectory() as scratch:
        command = [BIN, "run", str(path), "--threads", "1", "--output", f"{scratch}/out.npz"]
        for i, (name, value) in enumerate(feeds.items()):
            np.save(f"{scratch}/{i}.npy", value)
            command += ["--input", f"{name}={scratch}/{i}.npy"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            return None, (lines[1] if len(lines) > 1 and "not supported" in lines[0] else lines[0]).strip()[-160:]
        got = np.load(f"{scratch}/out.npz")
        worst = 0.0
        for value, reference in zip(session.get_outputs(), wanted):
            mine = got[value.name]
            if mine.shape != reference.shape:
                return float("inf"), None
            if reference.size:
                scale = max(1e-12, float(np.abs(reference).max()))
                worst = max(worst, float(np.abs(mine.astype(np.float64) - reference).max()) / scale)
        return worst, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=folder())
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = {}
    for path in models(given.folder):
        difference, reason = compare(path)
        rows[path.stem] = {"difference": difference, "reason": reason}
        if not given.json:
            print(f"{path.stem:45} {difference:.1e}" if reason is None else f"{path.stem:45} {reason}", flush=True)
    if given.json:
        print(json.dumps(rows))
    else:
        good = [row for row in rows.values() if row["reason"] is None and row["difference"] <= 1e-3]
        print(f"{len(good)} of {len(rows)} networks agree with ONNX Runtime to 1e-3")
    return 0


if __name__ == "__main__":
    sys.exit(main())
