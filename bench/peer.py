#!/usr/bin/env python3
"""One of the other systems in a process of its own, driven by bench/peers.py in the way of engine_runner:

    peer.py onnxruntime|openvino|ncnn MODEL THREADS       MODEL: an .onnx file; for ncnn, NAME.ncnn.param
prints "ready LOAD_MS" or "cannot REASON", then answers each line on stdin: "run N" the milliseconds of N inferences,
"output FILE" writes the first output as raw float32, "memory" the MiB that loading and running took at most."""
import os
import sys
import time

import numpy as np


def test_picture(shape):  # the same numbers in bench/engine_runner.cpp
    i = np.arange(int(np.prod(shape)), dtype=np.uint32)
    return ((i * np.uint32(2654435761)).astype(np.float32) / np.float32(2147483648.0) - np.float32(1.0)).reshape(shape)


def status_mib(key):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(key))


def onnxruntime(path, shape, threads):
    import onnxruntime as ort

    yield
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: test_picture(shape)}
    yield lambda: session.run(None, feed)[0]


def openvino(path, shape, threads):
    import openvino as ov

    yield
    core = ov.Core()
    model = core.read_model(path)
    model.reshape(shape)
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(model, "CPU", config).create_infer_request()
    request.set_input_tensor(ov.Tensor(test_picture(shape)))

    def run():
        request.infer()
        return request.get_output_tensor(0).data

    yield run


def ncnn(path, shape, threads):
    import ncnn as nn

    yield
    net = nn.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    if net.load_param(path) or net.load_model(path.removesuffix("param") + "bin"):
        raise RuntimeError("the converted network cannot be loaded")
    array = np.ascontiguousarray(test_picture(shape)[0])  # which the Mat refers to
    picture = nn.Mat(array)
    inputs, outputs = net.input_names(), net.output_names()

    def run():
        extractor = net.create_extractor()
        extractor.input(inputs[0], picture)
        rc, out = extractor.extract(outputs[0])
        if rc:
            raise RuntimeError("ncnn's extract failed")
        return out

    yield run


def main():
    system, path, threads, shape = sys.argv[1], sys.argv[2], int(sys.argv[3]), [int(v) for v in sys.argv[4].split("x")]
    steps = {"onnxruntime": onnxruntime, "openvino": openvino, "ncnn": ncnn}[system](path, shape, threads)
    next(steps)
    before = status_mib("VmRSS")
    start = time.perf_counter()
    try:
        call = next(steps)
        call()
    except Exception as error:  # pylint: disable=broad-except  # what a system refuses is a result
        print("cannot", " ".join(str(error).split())[:200], flush=True)
        return
    print("ready", (time.perf_counter() - start) * 1e3, flush=True)
    for line in sys.stdin:
        verb, value = (line.split() + [""])[:2]
        if verb == "run":
            times = []
            for _ in range(int(value)):
                start = time.perf_counter()
                call()
                times.append((time.perf_counter() - start) * 1e3)
            print(*times, flush=True)
        elif verb == "output":
            np.array(call(), np.float32).tofile(value)
            print(flush=True)
        elif verb == "memory":
            print(status_mib("VmHWM") - before, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", sys.argv[3])
    main()
