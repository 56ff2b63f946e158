"""Tokenizers of released models: recorded ids, and the Hugging Face tokenizers library where it is installed."""
import json
import lzma
import os
import pathlib
import random
import unicodedata
import unittest

from frugal_cli import SOURCE, CliTest

try:
    import tokenizers
except ImportError:
    tokenizers = None

SHARED = pathlib.Path(os.environ.get("FRUGAL_SHARED", SOURCE.parent / "shared")) / "data/language"
NAMES = ["gpt-2", "llama-spm", "qwen2", "starcoder", "bert-bge"]
MODEL = os.environ.get("FRUGAL_SMOLLM2")  # SmolLM2-135M-Instruct.Q4_1.gguf


def small_tokenizer():
    """A tokenizer.json of bytes with some pairs joined."""
    codes = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
    printable = {b: chr(b) for b in codes}
    for b in range(256):
        printable.setdefault(b, chr(256 + sum(c not in codes for c in range(b))))
    vocabulary = {printable[b]: b for b in range(256)}
    merges = []
    for left, right in ["th", "he", ("th", "e"), ("Ġ", "the"), "in", ("in", "g"), "aa", ("aa", "aa"), "\u00c3\u00a9"]:
        merges.append([left, right])
        vocabulary[left + right] = len(vocabulary)
    split = {"type": "Split", "behavior": "Isolated", "invert": False, "pattern": {"Regex":
             r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"}}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"version": "1.0", "truncation": None, "padding": None, "normalizer": {"type": "NFC"},
            "added_tokens": [{"id": len(vocabulary), "content": "<|end|>", "special": True, **special},
                             {"id": len(vocabulary) + 1, "content": "[tag]", "special": False, **special}],
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]}, "post_processor": None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary,
                      "merges": merges}}


def awkward(rng):
    words = ["the", " thing", "'s", "'LL", "\n", "\r\n", "\t", "  ", "123", "٣٤", "½", "é", "e\u0301", "日本", "한글", "🙂",
             "\u200b", "\u00a0", "\u3000", "_", "--", "<|end|>", "<|end|", "[tag]", "İ", "ſ", "a" * 60, "\u0000", "\u0301"]
    text = "".join(rng.choice(words) for _ in range(rng.randint(1, 12)))
    if rng.random() < 0.3:
        text += "".join(chr(rng.choice([rng.randrange(32, 0x250), rng.randrange(0x250, 0xd800), rng.randrange(0x10000, 0x11000)]))
                        for _ in range(20))
    return "".join(c for c in text if unicodedata.category(c) != "Cn")  # newer Unicode may know them


class TokenizerTest(CliTest):
    def ids(self, model, texts, *options):
        lines = self.write("lines.jsonl", "\n".join(json.dumps({"prompt": t}) for t in texts).encode())
        results = self.document("tokenize", model, "--file", lines, *options)["results"]
        self.assertEqual([r["text"] for r in results], list(texts))
        return [r["ids"] for r in results]

    @unittest.skipUnless((SHARED / "vocab").exists(), f"not here: {SHARED}")
    def test_recorded_vocabularies(self):
        for name in NAMES:
            packed = SHARED / f"vocab/ggml-vocab-{name}.gguf.xz"
            model = self.write(f"{name}.gguf", lzma.decompress(packed.read_bytes()))
            with open(packed.with_suffix(".inp"), encoding="utf-8", newline="") as file:
                texts = file.read().split("\n__ggml_vocab_test__\n")
            wanted = [[int(i) for i in line.split()] for line in packed.with_suffix(".out").read_text().split("\n")]
            self.assertGreater(len(texts), 40)
            for text, want, got in zip(texts, wanted, self.ids(model, texts, "--no-special")):
                with self.subTest(name=name, text=text):
                    self.assertEqual(got, want)

    @unittest.skipUnless(MODEL and SHARED.exists(), "set FRUGAL_SMOLLM2 to SmolLM2-135M-Instruct.Q4_1.gguf")
    def test_recorded_strings(self):
        cases = json.loads((SHARED / "smollm2_tokenizer_reference.json").read_text(encoding="utf-8"))["cases"]
        texts = [case["text"] for case in cases]
        self.assertEqual(self.ids(MODEL, texts), [case["ids"] for case in cases])
        self.assertEqual(self.ids(MODEL, texts, "--plain"), [case["ids_no_special"] for case in cases])

    @unittest.skipUnless(tokenizers, "the package tokenizers is not installed")
    def test_against_tokenizers(self):
        path = self.write("tokenizer.json", json.dumps(small_tokenizer()).encode())
        other = tokenizers.Tokenizer.from_file(str(path))
        rng = random.Random(5)
        forms = tokenizers.normalizers.NFC()  # by a table of an older Unicode in some versions
        texts = [t for t in (awkward(rng) for _ in range(3000))
                 if forms.normalize_str(t) == unicodedata.normalize("NFC", t)]
        self.assertGreater(len(texts), 2900)
        for text, got in zip(texts, self.ids(path, texts)):
            self.assertEqual(got, other.encode(text).ids, repr(text))

    def test_command(self):
        path = self.write("small/tokenizer.json", json.dumps(small_tokenizer()).encode())
        got = self.document("tokenize", path.parent, "--text", "the<|end|>")
        self.assertEqual(got, {"results": [{"text": "the<|end|>", "ids": [258, 265]}]})
        self.assertIn("<|end|>", self.good("tokenize", path, "--text", "the<|end|>").stdout)
        self.refused(["tokenize", path], 2, "--text", "--file")
        self.refused(["tokenize", self.dir / "none.json", "--text", "a"], 1, "none.json")
        self.refused(["tokenize", self.write("broken.json", b"{"), "--text", "a"], 1, "not valid JSON")
        lines = self.write("bad.jsonl", b'{"prompt": "a"}\n{"promt": "a"}\n')
        self.refused(["tokenize", path, "--file", lines], 1, "line 2", "'prompt'")
        lines = self.write("talk.jsonl", b'{"messages": [{"role": "user", "content": "the"}]}\n')
        self.refused(["tokenize", path, "--file", lines], 1, "line 1", "no chat template")
        self.write("small/tokenizer_config.json", json.dumps(
            {"chat_template": "{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>{% endfor %}"}).encode())
        got = self.document("tokenize", path.parent, "--file", lines)["results"][0]
        self.assertEqual(got["text"], "user: the<|end|>")
        self.assertEqual(got["ids"][-1], 265)


if __name__ == "__main__":
    unittest.main()
