#!/usr/bin/env python3
"""An adder network in 8 bits beside its twin of convolutions in float32: the twin in Frugal and in ONNX Runtime, a
picture alone and in sixteens, one thread.

    .venv/bin/python bench/adders.py models/adder_resnet20_8bit.safetensors models/resnet20_cifar.safetensors

Every system is a process of its own and they take turns in short bursts, as in peers.py. Reported are median and least
milliseconds a picture, and the twin's over the adder network's (above 1: the adder network is faster)."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from peers import HERE, System, bursts, cpu_name, markdown

NAMES = {"adder": "adder, 8 bits", "twin": "convolutions, Frugal", "onnxruntime": "convolutions, ONNX Runtime"}


def rows_of(batch, options, onnx):
    runner = os.path.join(options.build, "bench", "engine_runner")
    commands = {"adder": [runner, options.adder, "1", str(batch)], "twin": [runner, options.twin, "1", str(batch)],
                "onnxruntime": [sys.executable, os.path.join(HERE, "peer.py"), "onnxruntime", onnx, "1", f"{batch}x3x32x32"]}
    systems = {key: System(*command) for key, command in commands.items()}
    for key, system in systems.items():
        if system.why:
            raise SystemExit(f"{NAMES[key]}: {system.why}")
    bursts(systems, options)
    for key, system in systems.items():
        median, least = statistics.median(system.times) / batch, min(system.times) / batch
        own = systems["adder"].times
        yield [str(batch), NAMES[key], f"{median:.3f} ({least:.3f})",
               f"{median * batch / statistics.median(own):.2f} ({least * batch / min(own):.2f})"]
        system.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adder", help="the quantised adder network")
    parser.add_argument("twin", help="the network of convolutions")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between bursts")
    parser.add_argument("--burst", type=float, default=0.2, help="seconds of a burst")
    parser.add_argument("--build", default=os.path.join(os.path.dirname(HERE), "build"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        onnx = os.path.join(folder, "twin.onnx")
        subprocess.run([os.path.join(options.build, "frugal"), "convert", options.twin, onnx, "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        rows = [row for batch in (1, 16) for row in rows_of(batch, options, onnx)]
    print(f"One thread on {cpu_name()}. Milliseconds a picture: median (least).\n")
    print(markdown(["pictures at a time", "network", "ms a picture", "over the adder network"], rows))


if __name__ == "__main__":
    main()
