"""The table of `peers.py --int8`: one quantised file in every system that takes it, beside our float32.

Two files a network: ours (`frugal compress ptq`, written as ONNX in QDQ form for the others), and one by ONNX Runtime's
quantiser (QDQ, per channel), which we read. Weights are random where the network is a built-in one, and ranges are
measured on random pictures: what is compared is speed, and that all compute the same."""
import os
import statistics
import struct
import subprocess
import zlib

import numpy as np

PEERS = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "ncnn": "ncnn"}
PICTURES = 8


def write_png(path, pixels):
    """uint8 [height, width, 3]."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *pixels.shape[1::-1], 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def quantise_ours(model, frugal, folder, shape):
    """As a model file, and as ONNX."""
    pictures = os.path.join(folder, "pictures")
    os.makedirs(pictures, exist_ok=True)
    random = np.random.default_rng(1)
    for i in range(PICTURES):
        write_png(os.path.join(pictures, f"{i}.png"), random.integers(0, 256, (*shape[2:], 3), np.uint8))
    ours, theirs = os.path.join(folder, "ptq.safetensors"), os.path.join(folder, "ptq.onnx")
    subprocess.run([frugal, "compress", model, "ptq", "--data", pictures, "--set", "calibration=minmax", "-o", ours, "--quiet"],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run([frugal, "convert", ours, theirs, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return ours, theirs


def quantise_theirs(model, frugal, folder, shape):
    """ONNX Runtime's quantiser; its file as a model file of ours, and as it is."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    name = onnx.load(model).graph.input[0].name
    random = np.random.default_rng(1)

    class Pictures(CalibrationDataReader):
        def __init__(self):
            self.left = PICTURES

        def get_next(self):
            self.left -= 1
            return {name: random.standard_normal(shape).astype(np.float32)} if self.left >= 0 else None

    folded, theirs, ours = (os.path.join(folder, f) for f in ("folded.onnx", "static.onnx", "static.safetensors"))
    quant_pre_process(model, folded, skip_symbolic_shape=True)
    quantize_static(folded, theirs, Pictures(), per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    subprocess.run([frugal, "convert", theirs, ours, "--shape", f"{name}={'x'.join(map(str, shape))}", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    return ours, theirs


def rows_of(files, start, measure, options, frugal, folder):
    """Rows of the table: each quantiser, each number of threads. `start` and `measure` are those of peers.py."""
    name, float_ours, float_theirs, _, shape = files
    rows = []
    for quantiser, (ours, theirs) in {"ptq": quantise_ours(float_ours, frugal, folder, shape),
                                      "ONNX Runtime's": quantise_theirs(float_theirs, frugal, folder, shape)}.items():
        for threads in map(int, options.threads.split(",")):
            systems = start({"float": float_ours, "int8": ours}, theirs, threads, shape)
            measure(systems)
            outputs = {k: s.output(folder) for k, s in systems.items() if not s.why}
            scale = max(float(np.abs(outputs["float"]).max()), 1e-30)

            def time(key, systems=systems):
                s = systems.get(key)
                return "-" if not s or s.why else f"{statistics.median(s.times):.2f} ({min(s.times):.2f})"

            def ratio(key, systems=systems):
                s, own = systems.get(key), systems["int8"]
                if not s or s.why:
                    return "cannot"
                return f"**{statistics.median(s.times) / statistics.median(own.times):.2f}** ({min(s.times) / min(own.times):.2f})"

            difference = "-" if "onnxruntime" not in outputs else f"{np.abs(outputs['int8'] - outputs['onnxruntime']).max() / scale:.0e}"
            rows.append([name, quantiser, str(threads), time("float"), time("int8"), *[time(k) for k in PEERS], ratio("float"),
                         *[ratio(k) for k in PEERS], difference])
            for system in systems.values():
                if not system.why:
                    system.close()
    return rows


HEAD = ["network", "quantiser", "threads", "Frugal float32", "Frugal int8", *PEERS.values(), "float32 / int8",
        *[f"{n} / Frugal" for n in PEERS.values()], "difference"]
