#!/usr/bin/env python3
"""llama.cpp (PyPI: llama-cpp-python, compiled with native flags) measured as `frugal bench MODEL --task language` does;
prints one JSON object. Started by bench/language.py:

    language_peer.py MODEL.gguf THREADS REPEATS"""
import ctypes
import json
import os
import statistics
import sys
import time

import llama_cpp as lc

PROMPT, FILLED, ROWS = 512, 64, (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16)


@lc.llama_log_callback
def silent(level, text, data):
    pass


class Model:
    def __init__(self, path, threads):
        lc.llama_log_set(silent, ctypes.c_void_p(0))
        lc.llama_backend_init()
        self.model = lc.llama_model_load_from_file(path.encode(), lc.llama_model_default_params())
        options = lc.llama_context_default_params()
        options.n_ctx, options.n_batch, options.n_ubatch, options.n_seq_max = 4096, 512, 512, 16
        options.n_threads = options.n_threads_batch = threads
        if hasattr(options, "kv_unified"):
            options.kv_unified = True
        self.context = lc.llama_init_from_model(self.model, options)
        self.vocabulary = lc.llama_vocab_n_tokens(lc.llama_model_get_vocab(self.model))
        self.memory = lc.llama_get_memory(self.context)
        self.batch = lc.llama_batch_init(PROMPT, 0, 1)

    def step(self, rows):
        """rows: (token, place, sequence, wants logits); seconds."""
        for i, (token, place, sequence, logits) in enumerate(rows):
            self.batch.token[i], self.batch.pos[i], self.batch.n_seq_id[i] = token, place, 1
            self.batch.seq_id[i][0], self.batch.logits[i] = sequence, logits
        self.batch.n_tokens = len(rows)
        start = time.perf_counter()
        if lc.llama_decode(self.context, self.batch) != 0:
            sys.exit("llama_decode failed")
        lc.llama_synchronize(self.context)
        return time.perf_counter() - start

    def forget(self, sequence, place):
        lc.llama_memory_seq_rm(self.memory, sequence, place, -1)

    def token(self, i):
        return i % self.vocabulary


def prompt_seconds(model, repeats):
    times = []
    for _ in range(repeats + 1):
        times.append(model.step([(model.token(i * 31 + 7), i, 0, i + 1 == PROMPT) for i in range(PROMPT)]))
        model.forget(0, 0)
    return statistics.median(times[1:])


def step_times(model, together, repeats):
    for s in range(1 if together else max(ROWS)):
        model.step([(model.token(i * 31 + 7), i, s, False) for i in range(FILLED)])
    times = {rows: [] for rows in ROWS}
    for turn in range(repeats + 1):
        for rows in ROWS:
            batch = [(model.token(turn * 17 + r * 13 + 64), FILLED + (r if together else 0), 0 if together else r, True) for r in range(rows)]
            times[rows].append(model.step(batch))
            for s in range(1 if together else rows):
                model.forget(s, FILLED)
    for s in range(max(ROWS)):
        model.forget(s, 0)
    return [{"rows": rows, "ms": 1e3 * statistics.median(times[rows][1:])} for rows in ROWS]


def main():
    path, threads, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    model = Model(path, threads)
    out = {"prompt_tokens_per_second": PROMPT / prompt_seconds(model, repeats)}
    out["verify"] = step_times(model, True, 3 * repeats)
    out["batch"] = step_times(model, False, 3 * repeats)
    out["decode_tokens_per_second"] = 1e3 / out["verify"][0]["ms"]
    sys.stdout.flush()
    os.write(1, json.dumps(out).encode())
    os._exit(0)


if __name__ == "__main__":
    main()
