"""Writes blocks.gguf, the reference of tests/formats/gguf_test.cpp, with the PyPI package gguf (0.19.0):
of every block-quantised type random blocks "TYPE" and their values "TYPE.f32"; of the types it can quantise
its blocks "TYPE.of_x" of the values "x"; and metadata of every kind."""
import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import quants

HALVES = {  # byte offsets of the halves in a block
    "Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def random_blocks(rng, type, rows, columns):
    elements, size = gguf.GGML_QUANT_SIZES[type]
    blocks = rng.integers(0, 256, (rows * columns // elements, size), dtype=np.uint8)
    for at in HALVES[type.name]:  # every exponent but that of infinity
        half = rng.integers(0, 0x7C00, len(blocks)) | rng.integers(0, 2, len(blocks)) << 15
        blocks[:, at:at + 2] = half.astype("<u2").view(np.uint8).reshape(-1, 2)
    return blocks.reshape(rows, -1)


def main():
    rng = np.random.default_rng(20)
    out = gguf.GGUFWriter(pathlib.Path(__file__).with_name("blocks.gguf"), "none")
    for kind, value in {"uint8": 200, "int8": -100, "uint16": 60000, "int16": -30000, "uint32": 4000000000,
                        "int32": -2000000000, "float32": 0.1, "uint64": 2**64 - 1, "int64": -2**63, "float64": 0.1,
                        "bool": True, "string": "x \u00e9 \U0001f600"}.items():
        getattr(out, "add_" + kind)("test." + kind, value)
    out.add_array("test.texts", ["a", "", "\u4e2d"])
    out.add_array("test.integers", [1, -2, 3])
    out.add_array("test.reals", [0.5, -1.5])
    out.add_array("test.flags", [True, False])
    out.add_array("test.nested", [[1, 2], [3]])
    x = (rng.standard_normal((4, 64)) * np.array([[1], [100], [1e-3], [1]])).astype(np.float32)
    x[3, :32], x[3, 32:] = 0, -3
    out.add_tensor("x", x)
    for name in HALVES:
        type = Type[name]
        blocks = random_blocks(rng, type, 2, max(64, gguf.GGML_QUANT_SIZES[type][0]))
        out.add_tensor(name, blocks, raw_dtype=type)
        out.add_tensor(name + ".f32", quants.dequantize(blocks, type))
        if not name.endswith("K"):
            out.add_tensor(name + ".of_x", quants.quantize(x, type), raw_dtype=type)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    main()
