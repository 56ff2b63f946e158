"""Each kind of bad input: the exit status, and a sentence that says what would be right."""
import unittest

from frugal_cli import CliTest, npy, run


class Usage(CliTest):
    def test_wrong_usage_is_2_and_suggests(self):
        table = [
            (["modells"], "did you mean 'models'"),
            (["qwertyuiop"], "frugal --help"),
            (["info"], "MODEL"),
            (["info", "resnet81"], "did you mean 'resnet18'"),
            (["info", "resnet18", "--layer"], "did you mean '--layers'"),
            (["info", "resnet18", "twice"], "twice"),
            (["info", "resnet18", "--device", "cuda"], "cpu"),
            (["info", "resnet18", "--arch", "resnet18"], "checkpoint"),
            (["info", "resnet18", "--picture", "net.png"], ".svg"),
            (["info", "resnet18", "--shape", "input"], "NAME=1x3x224x224"),
            (["info", "resnet18", "--shape", "input=1x3x0x224"], "NAME=1x3x224x224"),
            (["info", "resnet18", "--shape", "input=1x3x224"], "batch,3,224,224"),
            (["info", "resnet18", "--shape", "picture=1x3x224x224"], "its inputs are input"),
            (["info", "fashion_cnn", "--option", "width"], "KEY=VALUE"),
            (["info", "fashion_cnn", "--option", "widht=32"], "it has: depth, width"),
            (["info", "fashion_cnn", "--option", "width=wide"], "an integer from 1"),
            (["bench", "resnet18", "--threads", "0"], "--threads"),
            (["bench", "resnet18", "--threads", "many"], "--threads"),
            (["run", "resnet18"], "input 'input'", "missing"),
            (["run", "resnet18", "--input", "inptu=x.npy"], "did you mean 'input'"),
            (["run", "resnet18", "--input", "input="], "name is missing"),
            (["run", "resnet18", "--input", "x.npy", "--output", "out.txt"], ".npz"),
            (["eval", "resnet18"], "--data"),
            (["eval", "resnet18", "--task", "detect"], "--truth"),
            (["eval", "resnet18", "--data", "cifar10", "--task", "segment"], "classify"),
            (["classify", "resnet18"], "IMAGE"),
            (["convert", "resnet18", "out.xyz"], ".safetensors"),
            (["models", "--seed", "x"], "--seed"),
        ]
        for args, *words in table:
            self.refused(args, 2, *words)

    def test_no_command_shows_the_help_on_stderr(self):
        result = run()
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("Subcommands", result.stderr)

    def test_an_unknown_instruction_set(self):
        self.refused(["bench", "resnet20_cifar", "--runs", "1"], 2, "FRUGAL_ISA", env={"FRUGAL_ISA": "mmx"})

    def test_flags_that_do_not_fit_the_network(self):
        self.refused(["eval", self.model, "--data", self.cifar(), "--mean", "0.5"], 2, "--mean", "3")
        self.refused(["eval", self.model, "--data", self.cifar(), "--std", "1,0,1"], 2, "--std")


class Files(CliTest):
    def test_models_that_cannot_be_opened(self):
        whole = self.model.read_bytes()
        table = [
            ("missing.safetensors", None, "no such file"),
            ("empty.safetensors", b"", "empty.safetensors"),
            ("short.safetensors", whole[:1000], "short.safetensors"),
            ("cut.safetensors", whole[:-8], "cut.safetensors"),
            ("noise.safetensors", bytes(range(256)) * 10, "noise.safetensors"),
            ("net.onnx", b"x", "no ONNX model"),
            ("net.gguf", b"x", "not a GGUF file"),
        ]
        for name, data, word in table:
            path = self.write(name, data) if data is not None else self.dir / name
            self.refused(["info", path], 1, word)
        self.refused(["info", self.dir], 1, "folder")
        self.refused(["info", self.write("net.txt", b"x")], 2, ".safetensors")

    def test_a_checkpoint_needs_its_network(self):
        weights = self.dir / "weights.safetensors"
        self.good("convert", self.model, self.dir / "w.npz")
        self.good("convert", self.dir / "w.npz", weights)
        self.refused(["info", weights], 2, "--arch")
        self.refused(["info", weights, "--arch", "resnet56_cifar"], 1, "missing", "layer")
        self.refused(["info", weights, "--arch", "resnet20_cifar", "--classes", "7"], 1, "linear.weight")
        self.refused(["info", weights, "--arch", "resnet20_cfar"], 2, "did you mean 'resnet20_cifar'")

    def test_tensors_that_do_not_fit(self):
        self.refused(["run", self.model, "--input", self.dir / "none.npy"], 1, "none.npy")
        self.refused(["run", self.model, "--input", self.write("bad.npy", npy([1, 3, 32, 32])[:100])], 1, "bad.npy")
        self.refused(["run", self.model, "--input", self.write("odd.npy", npy([1, 3, 31, 32]))], 1, "input", "1x3x31x32")
        x = self.write("x.npy", npy([1, 3, 32, 32]))
        self.refused(["run", self.model, "--input", x, "--input", x], 2, "twice")
        self.refused(["run", self.model, "--input", x, "--output", "/nowhere/out.npz"], 1, "/nowhere/out.npz")

    def test_data_that_does_not_fit(self):
        self.refused(["eval", self.model, "--data", "cifar01"], 1, "cifar10")
        self.refused(["eval", self.model, "--data", self.dir / "none"], 1, "none")
        empty = self.dir / "empty"
        empty.mkdir(exist_ok=True)
        self.refused(["eval", self.model, "--data", empty], 1, "empty")
        self.refused(["eval", self.model, "--data", self.cifar("cut"), "--split", "train"], 1, "data_batch_1.bin")

    def test_more_labels_than_the_network_knows(self):
        result = run("eval", "resnet20_cifar", "--classes", "5", "--data", self.cifar())
        self.assertEqual(result.returncode, 1)
        self.assertIn("5 classes", result.stderr)

    def test_an_empty_folder_of_pictures(self):
        empty = self.dir / "nothing"
        empty.mkdir(exist_ok=True)
        self.refused(["classify", self.model, empty], 1, "no pictures")

    def test_outputs_that_cannot_be_written(self):
        self.refused(["convert", self.model, self.dir / "x.gguf"], 2, "only .gguf files and llama2.c checkpoints")
        self.refused(["convert", self.model, "/nowhere/x.npz"], 1, "/nowhere/x.npz")


if __name__ == "__main__":
    unittest.main()
