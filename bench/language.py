#!/usr/bin/env python3
"""Frugal against llama.cpp on the same GGUF file: reading prompts, writing, verifying several rows, batches.

    python3 -m venv peers && CMAKE_ARGS=-DGGML_NATIVE=ON peers/bin/pip install --no-binary llama-cpp-python llama-cpp-python
    bench/language.py MODEL.gguf... --peer-python peers/bin/python [--threads 1,2] [--turns 5] [--build build]

Both run in turns, a process each; reported are medians over the turns and ours over theirs, as Markdown tables."""
import argparse
import json
import os
import statistics
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


def measure(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout[done.stdout.index("{"):])


def frugal(build, model, threads):
    out = measure([f"{build}/frugal", "bench", model, "--task", "language", "--threads", str(threads), "--repeats", "3", "--json"])
    return out["runs"][0]


def llama(python, model, threads):
    return measure([python, os.path.join(HERE, "language_peer.py"), model, str(threads), "3"])


def median_of(runs, *path):
    def get(run):
        for key in path:
            run = run[key]
        return run

    return statistics.median(get(run) for run in runs)


def rows_table(title, key, ours, theirs):
    print(f"\n{title}, ms a step\n\n| rows | Frugal | of one row | llama.cpp | of one row | llama.cpp / Frugal |\n|---|---|---|---|---|---|")
    first = median_of(ours, key, 0, "ms"), median_of(theirs, key, 0, "ms")
    for i, entry in enumerate(ours[0][key]):
        a, b = median_of(ours, key, i, "ms"), median_of(theirs, key, i, "ms")
        print(f"| {entry['rows']} | {a:.2f} | {a / first[0]:.2f} | {b:.2f} | {b / first[1]:.2f} | {b / a:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL.gguf")
    parser.add_argument("--peer-python", required=True, help="a Python that has llama-cpp-python")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--build", default=os.path.join(HERE, "..", "build"))
    parser.add_argument("--json", metavar="OUT.json", help="all measurements")
    options = parser.parse_args()
    everything = []
    for model in options.models:
        for threads in map(int, options.threads.split(",")):
            ours, theirs = [], []
            for _ in range(options.turns):
                ours.append(frugal(options.build, model, threads))
                theirs.append(llama(options.peer_python, model, threads))
            everything.append({"model": model, "threads": threads, "frugal": ours, "llama.cpp": theirs})
            print(f"\n### {os.path.basename(model)}, {threads} thread{'s' if threads > 1 else ''}\n")
            print("| | Frugal | llama.cpp | Frugal / llama.cpp |\n|---|---|---|---|")
            for key, name in (("prompt_tokens_per_second", "prompt, tokens a second"), ("decode_tokens_per_second", "decode, tokens a second")):
                a, b = median_of(ours, key), median_of(theirs, key)
                print(f"| {name} | {a:.1f} | {b:.1f} | {a / b:.2f} |")
            print(f"\nDecoding reaches {100 * median_of(ours, 'share_of_memory_roofline'):.0f}% of what reading the weights allows.")
            rows_table("Rows of one sequence (verification)", "verify", ours, theirs)
            rows_table("One row each of several sequences (a batch)", "batch", ours, theirs)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(everything, file)


if __name__ == "__main__":
    main()
