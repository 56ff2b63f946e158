"""Language models on the command line, on the small one that comes with the sources."""
import json
import os
import pathlib
import signal
import subprocess
import time

from frugal_cli import BIN, SOURCE, CliTest, clean_environment, run

MODEL = SOURCE / "models" / "stories260K.gguf"
BEGINNING = ", there was a little girl named Lily. She loved to play outside in the park."


class Language(CliTest):
    def generate(self, *args):
        return self.document("generate", MODEL, *args)

    def test_a_story_goes_on(self):
        answer = self.generate("--prompt", "Once upon a time", "--max-tokens", "40")
        self.assertEqual(set(answer), {"results", "tokens_per_second", "prompt_tokens_per_second", "draft"})
        self.assertEqual(set(answer["draft"]), {"drafted", "accepted", "steps", "rows", "cells", "per_position"})
        (result,) = answer["results"]
        self.assertEqual(set(result), {"prompt_ids", "ids", "text", "finish"})
        self.assertTrue(result["text"].startswith(BEGINNING), result["text"])
        self.assertEqual((len(result["ids"]), result["finish"]), (40, "length"))
        ids = run("generate", MODEL, "--prompt", "Once upon a time", "--max-tokens", "40", "--ids")
        self.assertEqual([int(i) for i in ids.stdout.split()], result["ids"])

    def test_drafts_batches_and_threads_change_no_text(self):
        prompts = [f"One day, {name} went to the" for name in ("Tom", "Lily", "Sam", "Anna", "Ben")]
        file = self.write("prompts.jsonl", "\n".join(json.dumps({"prompt": p}) for p in prompts).encode())
        alone = [self.generate("--prompt", p, "--max-tokens", "60", "--draft", "none")["results"][0] for p in prompts]
        for args in (["--batch", "1"], ["--batch", "5"], ["--draft", "lookup", "--always-draft"],
                     ["--draft", "ngram", "--always-draft", "--threads", "2"], ["--draft", MODEL, "--always-draft", "--drafts", "3"]):
            with self.subTest(args=args):
                answer = self.generate("--prompts", file, "--max-tokens", "60", *args)
                self.assertEqual(answer["results"], alone)
        self.assertEqual(answer["draft"]["drafted"], answer["draft"]["accepted"])  # it drafted for itself

    def test_another_text_drafts_too(self):
        (expected,) = self.generate("--prompt", "Once upon a time", "--draft", "none")["results"]
        text = self.write("earlier.txt", ("Once upon a time" + expected["text"]).encode())
        answer = self.generate("--prompt", "Once upon a time", "--draft-text", text, "--always-draft")
        self.assertEqual(answer["results"], [expected])
        self.assertLess(answer["draft"]["steps"], 30)  # of 128 tokens, which it has all seen
        self.refused(["generate", MODEL, "--prompt", "x", "--draft", "lookup", "--draft-text", text], 2, "--draft-text")

    def test_a_seed_is_a_text(self):
        def drawn(*args):
            return self.generate("--prompt", "Once upon a time", "--max-tokens", "30", "--temperature", "1", *args)["results"][0]["ids"]
        self.assertEqual(drawn("--seed", "3"), drawn("--seed", "3", "--draft", "none"))
        self.assertNotEqual(drawn("--seed", "3"), drawn("--seed", "4"))

    def test_stop_strings_end_a_text(self):
        (result,) = self.generate("--prompt", "Once upon a time", "--stop", "Lily", "--stop", "play")["results"]
        self.assertEqual((result["text"], result["finish"]), (", there was a little girl named ", "stop"))

    def test_log_probabilities(self):
        (result,) = self.generate("--prompt", "Once upon a time", "--max-tokens", "5", "--logprobs", "3")["results"]
        for token, entry in zip(result["ids"], result["log_probabilities"]):
            self.assertEqual((entry["id"], len(entry["top"])), (token, 3))
            self.assertEqual(entry["top"][0]["id"], token)
            self.assertAlmostEqual(entry["top"][0]["log_probability"], entry["log_probability"], 5)

    def test_perplexity(self):
        likely = self.write("likely.txt", b"Once upon a time, there was a little girl named Lily. She loved to play outside.")
        strange = self.write("strange.txt", b"Zygote fjord quartz waltz; 7 + 8 = 15, vex glyph on kj pdx bqm.")
        a, b = (self.document("perplexity", MODEL, f) for f in (likely, strange))
        self.assertLess(a["perplexity"], 5)
        self.assertGreater(b["perplexity"], 50)
        self.assertGreater(a["tokens"], 20)

    def test_a_drafter_from_its_first_layers(self):
        text = b"Once upon a time, there was a little girl named Lily. She loved to play outside in the park. " * 40
        draft = self.dir / "draft.gguf"
        report = self.document("drafter", MODEL, self.write("text.txt", text), "--layers", "3", "-o", draft)
        self.assertGreater(report["agreement"], report["agreement_without_map"])
        self.assertGreater(report["agreement"], 0.5)
        (expected,) = self.generate("--prompt", "Once upon a time", "--draft", "none")["results"]
        answer = self.generate("--prompt", "Once upon a time", "--draft", draft, "--always-draft")
        self.assertEqual(answer["results"], [expected])
        self.assertGreater(answer["draft"]["accepted"], 0)

    def test_a_text_keeps_to_a_grammar(self):
        schema = self.write("schema.json", json.dumps({"type": "object", "properties": {
            "name": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "minimum": 0}},
            "required": ["name", "age"], "additionalProperties": False}).encode())
        for draft in ("none", "ngram"):
            (result,) = self.generate("--prompt", "Once upon a time", "--json-schema", schema, "--draft", draft)["results"]
            answer = json.loads(result["text"])
            self.assertEqual((set(answer), result["finish"]), ({"name", "age"}, "stop"))
            self.assertTrue(0 <= answer["age"] and len(answer["name"]) <= 12)
        grammar = self.write("choice.gbnf", b'root ::= " yes" | " no"')
        (result,) = self.generate("--prompt", "Was Lily happy?", "--grammar", grammar)["results"]
        self.assertIn(result["text"].strip(), ("yes", "no"))
        self.refused(["generate", MODEL, "--prompt", "x", "--json-schema", self.write("odd.json", b'{"type": "object", "unevaluatedItems": 3}')],
                     1, "unevaluatedItems")

    def test_bench_with_synthetic_acceptance(self):
        def forms(*chances):
            (times,) = self.document("bench", MODEL, "--task", "language", "--synthetic", ",".join(chances), "--batches", "2",
                                     "--max-tokens", "40", "--drafts", "3", "--repeats", "1", "--forms", "greedy,padded,both")["speculation"]
            return times
        always, never, half = forms("1"), forms("0"), forms("1", "0")
        self.assertEqual((always["both"]["steps"], always["both"]["accepted"]), (10, 60))  # 4 tokens a step
        self.assertEqual((never["both"]["steps"], never["both"]["accepted"]), (40, 0))
        self.assertEqual((half["both"]["steps"], half["both"]["per_position"]), (20, [40]))
        self.assertEqual((always["greedy"]["steps"], always["greedy"]["drafted"]), (40, 0))
        self.assertEqual(half["padded"]["rows"], half["both"]["rows"])
        self.assertNotIn("same_texts", half["both"])
        self.assertEqual(set(half), {"batch", "greedy", "padded", "both"})
        self.refused(["bench", MODEL, "--synthetic", "1.5"], 2, "--synthetic")

    def test_memory_is_that_of_the_file_and_little_more(self):
        data = pathlib.Path(os.environ.get("FRUGAL_DATA", SOURCE / "data"))
        models = sorted(data.glob("*/*.gguf"))
        if not models:
            self.skipTest(f"no models in {data} (tools/get-model smollm2)")
        for model in models:
            with self.subTest(model=model):
                process = subprocess.Popen([BIN, "generate", str(model), "--prompt", "Once upon a time", "--max-tokens", "32"],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                self.assertEqual(process.returncode, 0)
                cache = 4 << 20  # of 37 tokens; the largest of these models has 28 KB for one
                self.assertLess(used.ru_maxrss * 1024, model.stat().st_size + cache + (64 << 20))

    def test_refusals(self):
        good = MODEL.read_bytes()
        cut = self.write("cut.gguf", good[: len(good) // 2])
        unknown = self.write("unknown.gguf", good.replace(b"general.architecture\x08\0\0\0\x05\0\0\0\0\0\0\0llama",
                                                          b"general.architecture\x08\0\0\0\x05\0\0\0\0\0\0\0lamma"))
        other = self.write("other.gguf", good.replace(b"\xe2\x96\x81the", b"\xe2\x96\x81thx"))
        long = self.write("long.jsonl", json.dumps({"prompt": "and so on " * 400}).encode())
        for args, code, words in (
                (["generate", cut, "--prompt", "x"], 1, "cut.gguf"),
                (["generate", unknown, "--prompt", "x"], 1, "architecture 'lamma' is not supported"),
                (["generate", MODEL, "--prompts", long], 1, "the context holds 512"),
                (["generate", MODEL, "--prompt", "x", "--draft", other], 1, "different vocabularies"),
                (["generate", MODEL], 2, "either --prompt or --prompts"),
                (["generate", MODEL, "--prompt", "x", "--temperature", "-1"], 2, "temperature is -1"),
                (["generate", MODEL, "--prompt", "x", "--logit-bias", "9"], 2, "TOKEN=BIAS"),
                (["generate", self.model, "--prompt", "x"], 2, "a language model is"),
                (["perplexity", MODEL, self.write("empty.txt", b"")], 1, "at least 2"),
                (["drafter", MODEL, long, "-o", self.dir / "d.gguf", "--layers", "5"], 2, "it must have fewer"),
                (["chat", MODEL], 1, "template")):
            with self.subTest(args=args):
                done = run(*args)
                self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
                self.assertIn(words, done.stderr)

    def test_interrupted(self):
        process = subprocess.Popen([BIN, "generate", str(MODEL), "--prompts", str(self.write("many.jsonl", b'{"prompt": "One"}\n' * 3000)),
                                    "--ignore-end", "--max-tokens", "400"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment())
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
