#!/usr/bin/env python3
"""Frugal against ONNX Runtime, OpenVINO, ncnn and LibTorch on the same networks, weights and picture, batch 1, fp32.

    .venv/bin/pip install -r bench/requirements.txt
    .venv/bin/python bench/peers.py [--networks resnet18,...] [--threads 1,2] [--rounds 8] [--build build] [--int8]

Every system is a process of its own; all are alive at once and take turns in short bursts, so that noise of a shared
machine hits all of them; between bursts there is a pause, so that nobody's spinning worker threads disturb the next.
Reported are median and least milliseconds and each peer's over ours (above 1: Frugal is faster), as Markdown tables.
A network is a built-in one, NAME=FILE.safetensors or NAME=FILE.onnx, with @HxW behind it where the picture's size is
open or another one is wanted.
With --int8 the table is that of quantised networks, see quantised.py."""
import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
NETWORKS = ("resnet18,resnet50,mobilenet_v2,ghostnet_100,yolov8n,deit_tiny,fsrcnn_x2,edsr_baseline_x2,resnet20_cifar")
PEERS = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "ncnn": "ncnn", "torch": "LibTorch"}

LOADERS = ("frugal", "onnxruntime", "openvino", "ncnn")  # those whose loading is compared


class System:
    """A process that answers like engine_runner. `why` says why it cannot run the network, if so."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        self.why = None if words[:1] == ["ready"] else " ".join(words[1:]) or self.process.stderr.read().strip()[-200:] or "it crashes"
        self.facts = words[1:] if not self.why else []
        self.times, self.count, self.loads = [], 0, []

    def measure(self, seconds):
        """A burst of about so many seconds."""
        if not self.count:
            self.count = max(1, min(40, int(seconds * 1e3 / min(self.ask("run 2")))))
        if self.count > 1:
            self.ask("run 1")  # wakes the threads, warms the caches
        self.times += self.ask(f"run {self.count}")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return [float(v) for v in self.process.stdout.readline().split()]

    def output(self, folder):
        path = os.path.join(folder, "output.bin")
        self.ask(f"output {path}")
        return np.fromfile(path, np.float32)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class LibTorch:
    """`frugal-train bench-torch`, a process a burst: the same graph by LibTorch's ops, in its better layout. Loading is
    not comparable, and that the outputs agree is what tests/ops and tests/models show."""

    def __init__(self, program, model, threads):
        self.command = [program, "bench-torch", model, "--threads", str(threads), "--json"]
        self.why = None if os.path.exists(program) else "frugal-train is not built"
        self.times = []

    def measure(self, seconds):
        result = subprocess.run([*self.command, "--seconds", str(2 * seconds)], check=True, capture_output=True, text=True)
        (run,) = json.loads(result.stdout)["runs"]
        self.times += [run["median_ms"], run["min_ms"]]


def to_ncnn(onnx, shape):
    """Through pnnx, which writes NAME.ncnn.param; None where it cannot."""
    tool = os.path.join(os.path.dirname(sys.executable), "pnnx")
    sizes = "[" + ",".join(map(str, shape)) + "]"
    subprocess.run([tool, onnx, "fp16=0", f"inputshape={sizes}"], cwd=os.path.dirname(onnx), stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    return onnx.removesuffix(".onnx") + ".ncnn.param"


def prepare(network, frugal, folder):
    """Files of a network for us and for the peers, and the shape of its picture."""
    import onnx

    source, _, size = network.partition("@")
    name, _, file = source.partition("=")
    ours, theirs = os.path.join(folder, "network.safetensors"), os.path.join(folder, "network.onnx")

    def convert(*arguments):
        subprocess.run([frugal, "convert", *arguments, "--quiet"], check=True, stdout=subprocess.DEVNULL)

    if file.endswith(".safetensors"):
        shutil.copyfile(file, ours)
        convert(ours, theirs)
    elif file:
        shutil.copyfile(file, theirs)
    else:
        convert(name, ours, *(["--shape", f"input=1x3x{size}"] if size else []))
        convert(ours, theirs)
        name = network
    picture = onnx.load(theirs).graph.input[0]
    shape = [d.dim_value or 1 for d in picture.type.tensor_type.shape.dim]
    if size:
        shape[2:] = [int(v) for v in size.split("x")]
    if file.endswith(".onnx"):
        convert(theirs, ours, "--shape", f"{picture.name}={'x'.join(map(str, shape))}")
    return name, ours, theirs, to_ncnn(theirs, shape), shape


def start(commands, starts):
    """Every system that loads a file itself, started several times in turn; the last ones stay. The very first start
    brings files into the system's cache and is not counted: all are compared warm."""
    loads = {key: [] for key in commands}
    for turn in range(starts + 1):
        systems = {}
        for key, command in commands.items():
            systems[key] = System(*command)
            if not systems[key].why and turn > 0:
                loads[key].append(float(systems[key].facts[0]))
            if turn < starts:
                systems[key].close()
    for key, system in systems.items():
        system.loads = loads[key]
    return systems


def bursts(systems, options):
    for _ in range(options.rounds):
        for system in systems.values():
            time.sleep(options.pause)
            system.measure(options.burst)


def compare_int8(options, frugal, runner):
    """All networks with 8 bits; a table."""
    import quantised

    def start_int8(ours, theirs, threads, shape):
        peer = [sys.executable, os.path.join(HERE, "peer.py")]
        dims = "x".join(map(str, shape))
        commands = {key: [runner, model, str(threads)] for key, model in ours.items()}
        for key in quantised.PEERS:
            path = to_ncnn(theirs, shape) if key == "ncnn" else theirs
            commands[key] = [*peer, key, path, str(threads), dims]
        systems = {key: System(*command) for key, command in commands.items()}
        for key in ours:
            if systems[key].why:
                raise SystemExit(f"{ours[key]}: {systems[key].why}")
        return systems

    rows, isa = [], "?"
    for network in options.networks.split(","):
        with tempfile.TemporaryDirectory() as folder:
            files = prepare(network, frugal, folder)

            def measure(systems):
                nonlocal isa
                isa = systems["float"].facts[1]
                bursts({k: s for k, s in systems.items() if not s.why}, options)

            for row in quantised.rows_of(files, start_int8, measure, options, frugal, folder):
                rows.append(row)
                print("| " + " | ".join(row) + " |", file=sys.stderr, flush=True)
    note = (f"Frugal with {isa} on {cpu_name()}; {versions()}; batch 1. Milliseconds: median (least); ratios: of the medians (of the "
            "least), above 1 where Frugal's int8 is faster. Difference: largest, to ONNX Runtime on the same file, relative to the "
            "largest output.\n\n")
    return note + markdown(quantised.HEAD, rows)


def compare(network, files, runner, threads, options, folder):
    _, ours, theirs, ncnn, shape = files
    dims = "x".join(map(str, shape))
    commands = {"frugal": [runner, ours, str(threads)]}
    for peer in set(LOADERS) - {"frugal"}:
        path = ncnn if peer == "ncnn" else theirs
        commands[peer] = [sys.executable, os.path.join(HERE, "peer.py"), peer, path, str(threads), dims]
    systems = start(commands, options.starts)
    if systems["frugal"].why:
        raise SystemExit(f"{network}: {systems['frugal'].why}")
    systems["torch"] = LibTorch(os.path.join(options.build, "frugal-train"), ours, threads)
    able = {k: s for k, s in systems.items() if not s.why}
    bursts(able, options)
    reference = systems["onnxruntime"].output(folder)
    scale = max(float(np.abs(reference).max()), 1e-30)
    for system in able.values():
        if isinstance(system, System):
            system.error = float(np.abs(system.output(folder) - reference).max()) / scale
            system.memory = system.ask("memory")[0]
            system.close()
    return systems


def speed_row(name, threads, systems):
    ours = systems["frugal"]
    macs, peak = float(ours.facts[2]), float(ours.facts[3])
    share = macs * 1e-6 / min(ours.times) / (peak * threads)
    cells = [name, str(threads), f"{statistics.median(ours.times):.2f} ({min(ours.times):.2f})"]
    for key in PEERS:
        s = systems[key]
        cells.append("-" if s.why else f"{statistics.median(s.times):.2f} ({min(s.times):.2f})")
    for key in PEERS:
        s = systems[key]
        if s.why:
            cells.append("cannot")
            continue
        ratio = statistics.median(s.times) / statistics.median(ours.times)
        least = min(s.times) / min(ours.times)
        cells.append(f"**{ratio:.2f}** ({least:.2f})")
    return cells + [f"{share:.0%}", f"{ours.error:.0e}"]


def cost_row(name, threads, systems):
    cells = [name, str(threads)]
    for key in LOADERS:
        s = systems[key]
        cells.append("-" if s.why else f"{statistics.median(s.loads):.0f} ({min(s.loads):.0f}) / {s.memory:.0f}")
    return cells


def markdown(head, rows):
    return "\n".join("| " + " | ".join(r) + " |" for r in [head, ["---"] * len(head)] + rows) + "\n"


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        info = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    info = {k.strip(): v.strip() for k, v in info.items()}
    return f"{info.get('model name', platform.processor())} (family {info.get('cpu family')}, model {info.get('model')})"


def versions():
    from importlib.metadata import version

    return ", ".join(f"{name} {version(key)}" for key, name in PEERS.items())


def binary_size(build):
    """MiB of the stripped program without training."""
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run(["strip", "-o", stripped.name, os.path.join(build, "frugal")], check=True)
        return os.path.getsize(stripped.name) / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default=NETWORKS)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--int8", action="store_true", help="quantised networks")
    parser.add_argument("--starts", type=int, default=5, help="times that a system is started to measure its loading")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between bursts")
    parser.add_argument("--burst", type=float, default=0.2, help="seconds of a burst")
    parser.add_argument("--update", help="a page that has marks for the tables, docs/benchmarks.md: puts in the rows measured")
    parser.add_argument("--build", default=os.path.join(os.path.dirname(HERE), "build"))
    options = parser.parse_args()
    runner = os.path.join(options.build, "bench", "engine_runner")
    if not os.path.exists(runner):
        raise SystemExit(f"{runner} is missing; build it first: ninja -C {options.build} frugal bench")
    if os.environ.get("FRUGAL_ISA") == "avx2":  # OpenVINO can be limited alike, the others choose by themselves
        os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX2")

    if options.int8:
        print(compare_int8(options, os.path.join(options.build, "frugal"), runner))
        return
    speed, costs, notes, isa = [], [], [], "?"
    for network in options.networks.split(","):
        with tempfile.TemporaryDirectory() as folder:
            files = prepare(network, os.path.join(options.build, "frugal"), folder)
            for threads in map(int, options.threads.split(",")):
                systems = compare(network, files, runner, threads, options, folder)
                isa = systems["frugal"].facts[1]
                speed.append(speed_row(files[0], threads, systems))
                costs.append(cost_row(files[0], threads, systems))
                print("| " + " | ".join(speed[-1]) + " |  load ms / MiB:", *costs[-1][2:], file=sys.stderr, flush=True)
                for key, name in PEERS.items():
                    if systems[key].why and threads == int(options.threads.split(",")[0]):
                        notes.append(f"{name} cannot run {files[0]}: {systems[key].why}.")
                    elif not systems[key].why and key in LOADERS and systems[key].error > 1e-3:
                        notes.append(f"{name}'s output on {files[0]} differs from ONNX Runtime's by {systems[key].error:.1e}.")
    names = ["Frugal", *PEERS.values()]
    page = (f"Frugal with {isa} on {cpu_name()}; {versions()}; batch 1, fp32. Milliseconds: median (least); ratios to Frugal: "
            "of the medians (of the least). Share: multiply-adds of the direct algorithm against the peak of all threads. "
            "Difference: largest, to ONNX Runtime, relative to the largest output.\n\n")
    page += markdown(["network", "threads", *names, *[f"{n} / Frugal" for n in names[1:]], "share of peak", "difference"], speed)
    page += f"\nTime to load and run once, milliseconds, median (least) of {options.starts} starts with the file in the system's cache / memory that this took at most, MiB:\n\n"
    page += markdown(["network", "threads", "Frugal", *[PEERS[k] for k in LOADERS[1:]]], costs)
    page += f"\nThe stripped program without training has {binary_size(options.build):.1f} MiB."
    page += "".join(f" {n}" for n in dict.fromkeys(notes)) + "\n"
    print(page)
    if options.update:
        update(options.update, isa, page)


def update(path, isa, page):
    """Puts the tables between the marks <!-- ISA --> and <!-- /ISA --> of a page; rows of networks that were not measured
    stay."""
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    begin, end = f"<!-- {isa} -->\n", f"<!-- /{isa} -->"
    before, rest = whole.split(begin)
    old, after = rest.split(end)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + begin + merge(old, page) + end + after)


def merge(old, page):
    """The page with the rows of both; a row is known by its table, network and threads."""
    def rows_of(text):
        tables = [{}]
        for line in text.splitlines():
            cells = line.split(" | ")
            if line.startswith("| ") and cells[1].isdigit():
                tables[-1][tuple(cells[:2])] = line
            elif tables[-1]:
                tables.append({})
        return [t for t in tables if t]

    known, measured = rows_of(old), rows_of(page)[0]
    for place, fresh in enumerate(rows_of(page)):
        rows = {**(known[place] if place < len(known) else {}), **fresh}
        page = page.replace("\n".join(fresh.values()), "\n".join(rows.values()))
    measured = {name.removeprefix("| ") for name, _ in measured}
    return page.rstrip("\n") + "".join(f" {n}" for n in notes_of(old) if not measured & set(re.findall(r"\w+", n))) + "\n"


def notes_of(text):
    """The sentences about single networks behind the tables: all but the first, on the program."""
    last = text.rstrip("\n").rpartition("\n")[2]
    return re.split(r"(?<=\.) (?=[A-Z])", last)[1:] if last.startswith("The stripped program") else []


if __name__ == "__main__":
    main()
