#!/usr/bin/env python3
"""Frugal against ONNX Runtime and LibTorch on the same networks, weights and picture, batch 1.

    .venv/bin/python bench/peers.py [--networks resnet18,...] [--threads 1,2] [--rounds 12] [--build build]

All systems are alive at once and take turns in short bursts, so that noise of a shared machine hits all of them;
between bursts there is a pause, so that nobody's spinning worker threads disturb the next. Reported are the medians
over all runs and the ratio of each peer's median to ours (above 1: Frugal is faster), as a Markdown table.
LibTorch is a traced module, frozen and passed through optimize_for_inference (batch norm folded, oneDNN)."""
import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import frugal_model  # noqa: E402

NETWORKS = "resnet18,resnet50,mobilenet_v2,ghostnet_100,resnet20_cifar"


def test_picture(shape):
    i = np.arange(int(np.prod(shape)), dtype=np.uint32)
    return ((i * np.uint32(2654435761)).astype(np.float32) / np.float32(2147483648.0) - np.float32(1.0)).reshape(shape)


class Frugal:
    name = "Frugal"

    def __init__(self, runner, network, threads, save_to="-"):
        self.process = subprocess.Popen([runner, network, str(threads), save_to], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline().split()
        if not ready:
            raise SystemExit(f"{runner} {network} did not start")
        self.isa = ready[1]

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return [float(v) for v in self.process.stdout.readline().split()]

    def run(self, count):
        return self.ask(f"run {count}")

    def output(self):
        return np.array(self.ask("output"), np.float32)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(call, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return times


class OnnxRuntime:
    name = "ONNX Runtime"

    def __init__(self, model, picture, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(frugal_model.to_onnx(model), options, providers=["CPUExecutionProvider"])
        self.feed = {model.inputs[0]["name"]: picture}

    def run(self, count):
        return timed(lambda: self.session.run(None, self.feed), count)

    def output(self):
        return self.session.run(None, self.feed)[0].ravel()

    def close(self):
        del self.session


class LibTorch:
    name = "LibTorch"

    def __init__(self, model, picture, threads):
        import torch

        torch.set_num_threads(threads)
        self.torch, self.picture = torch, torch.from_numpy(picture)
        with torch.no_grad():
            module = torch.jit.freeze(torch.jit.trace(frugal_model.to_torch(model), self.picture))
            self.module = torch.jit.optimize_for_inference(module)
            for _ in range(3):
                self.module(self.picture)

    def run(self, count):
        with self.torch.no_grad():
            return timed(lambda: self.module(self.picture), count)

    def output(self):
        with self.torch.no_grad():
            return self.module(self.picture).numpy().ravel()

    def close(self):
        del self.module


def compare(runner, network, threads, rounds, pause, seconds):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        systems = [Frugal(runner, network, threads, path)]
        model = frugal_model.Model(path)
    picture = test_picture(model.input_shape())
    systems += [OnnxRuntime(model, picture, threads), LibTorch(model, picture, threads)]
    times = {s.name: [] for s in systems}
    bursts = {s.name: max(1, min(20, int(seconds * 1e3 / min(s.run(3))))) for s in systems}
    for _ in range(rounds):
        for system in systems:
            time.sleep(pause)
            system.run(1)  # wakes the threads, warms the caches
            times[system.name] += system.run(bursts[system.name])
    ours, theirs = systems[0].output(), systems[1].output()
    error = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    for system in systems:
        system.close()
    return {k: statistics.median(v) for k, v in times.items()}, {k: min(v) for k, v in times.items()}, error, systems[0].isa


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        info = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    info = {k.strip(): v.strip() for k, v in info.items()}
    return f"{info.get('model name', platform.processor())} (family {info.get('cpu family')}, model {info.get('model')})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--networks", default=NETWORKS)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--pause", type=float, default=0.15, help="seconds between bursts")
    parser.add_argument("--burst", type=float, default=0.25, help="seconds of a burst")
    parser.add_argument("--update", help="a page that has marks for the table, docs/benchmarks.md")
    parser.add_argument("--build", default=os.path.join(root, "build"))
    args = parser.parse_args()
    runner = os.path.join(args.build, "bench", "engine_runner")
    if not os.path.exists(runner):
        raise SystemExit(f"{runner} is missing; build it first: ninja -C {args.build} bench")

    import onnxruntime
    import torch

    lines = ["| network | threads | Frugal | ONNX Runtime | LibTorch | ORT / Frugal | LibTorch / Frugal | largest difference to ORT |",
             "|---|---|---|---|---|---|---|---|"]
    for network in args.networks.split(","):
        for threads in map(int, args.threads.split(",")):
            median, best, error, isa = compare(runner, network, threads, args.rounds, args.pause, args.burst)
            cells = [f"{median[s]:.2f} ({best[s]:.2f})" for s in ("Frugal", "ONNX Runtime", "LibTorch")]
            ratios = [f"**{median[s] / median['Frugal']:.2f}**" for s in ("ONNX Runtime", "LibTorch")]
            lines.append(f"| {network} | {threads} | " + " | ".join(cells + ratios) + f" | {error:.1e} |")
            print(lines[-1], file=sys.stderr, flush=True)
    head = (f"Frugal with {isa} on {cpu_name()}; ONNX Runtime {onnxruntime.__version__}, LibTorch {torch.__version__}; "
            "batch 1, fp32, milliseconds: median (best).")
    table = "\n".join([head, ""] + lines) + "\n"
    print(table)
    if args.update:
        update(args.update, isa, table)


def update(path, isa, table):
    """Puts the table between the marks <!-- ISA --> and <!-- /ISA --> of a page."""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    begin, end = f"<!-- {isa} -->\n", f"<!-- /{isa} -->"
    before, rest = page.split(begin)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + begin + table + end + rest.split(end)[1])


if __name__ == "__main__":
    main()
