"""Signals, pipes, terminals: stdout carries the result alone, stderr the rest."""
import json
import os
import pty
import signal
import subprocess
import time
import unittest

from frugal_cli import BIN, SOURCE, CliTest, clean_environment, run


def on_a_terminal(args, **env):
    """Output of a run whose stdout and stderr are one terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen([BIN, *map(str, args)], stdout=slave, stderr=slave, stdin=slave,
                               env=clean_environment(TERM="xterm", **env))
    os.close(slave)
    output = b""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        output += data
    os.close(master)
    return process.wait(timeout=60), output.decode()


def catches_interrupts(pid):
    with open(f"/proc/{pid}/status") as status:
        caught = next(line for line in status if line.startswith("SigCgt"))
    return int(caught.split()[1], 16) >> (signal.SIGINT - 1) & 1


class Interrupt(CliTest):
    def start(self, *args):
        process = subprocess.Popen([BIN, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=clean_environment())
        deadline = time.time() + 30
        while not catches_interrupts(process.pid) and time.time() < deadline:
            time.sleep(0.02)
        return process

    def test_ctrl_c_is_130(self):
        for args in [["bench", self.model, "--runs", "1000000"], ["bench", "resnet50", "--runs", "1000000", "--json"]]:
            with self.subTest(args=args):
                process = self.start(*args)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=120)
                self.assertEqual(process.returncode, 130)
                self.assertEqual(out, "")
                self.assertIn("stopped", err)

    def test_a_second_ctrl_c_kills(self):
        process = self.start("bench", "resnet50", "--runs", "1000000")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        deadline = time.time() + 10  # two signals at once may arrive as one
        while process.poll() is None and time.time() < deadline:
            time.sleep(0.05)
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertIn(process.returncode, (-signal.SIGINT, 130))

    def test_terminate_is_143(self):
        process = self.start("bench", self.model, "--runs", "1000000")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, 143)


class Pipes(CliTest):
    def test_a_broken_pipe_ends_quietly(self):
        reader, writer = os.pipe()
        os.close(reader)
        process = subprocess.Popen([BIN, "models"], stdout=writer, stderr=subprocess.PIPE, env=clean_environment(),
                                   restore_signals=False)  # even where the parent ignores SIGPIPE, as Python does
        os.close(writer)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGPIPE)
        self.assertEqual(err, b"")

    def test_a_full_disk_is_a_failure(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([BIN, "models"], stdout=full, stderr=subprocess.PIPE, text=True, env=clean_environment())
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard output", result.stderr)

    def test_no_progress_and_no_colour_on_a_pipe(self):
        result = self.good("eval", self.model, "--data", self.cifar())
        for stream in (result.stdout, result.stderr):
            self.assertNotIn("\x1b", stream)
            self.assertNotIn("\r", stream)

    def test_json_is_alone_on_stdout_even_where_there_is_much_to_say(self):
        result = self.good("eval", "resnet20_cifar", "--data", self.cifar(), "--json")
        json.loads(result.stdout)
        self.assertIn("warning: ", result.stderr)
        self.assertNotIn("taking the usual", self.good("eval", "resnet20_cifar", "--data", self.cifar(), "--quiet").stderr)


class Terminal(CliTest):
    def test_colour_and_progress_on_a_terminal(self):
        code, output = on_a_terminal(["eval", self.model, "--data", self.cifar()])
        self.assertEqual(code, 0)
        self.assertIn("\x1b[1m", output)   # the heading of the table
        self.assertIn("100%", output)

    def test_no_color_and_quiet(self):
        code, output = on_a_terminal(["models"], NO_COLOR="1")
        self.assertEqual(code, 0)
        self.assertNotIn("\x1b", output)
        code, output = on_a_terminal(["eval", self.model, "--data", self.cifar(), "--quiet"], NO_COLOR="1")
        self.assertNotIn("100%", output)

    def test_errors_are_coloured_only_where_allowed(self):
        self.assertIn("\x1b", on_a_terminal(["info", "nothing_like_it"])[1])
        self.assertNotIn("\x1b", on_a_terminal(["info", "nothing_like_it"], NO_COLOR="1")[1])


class Help(CliTest):
    def test_every_command_explains_itself_with_examples(self):
        for command in ["bench", "classify", "convert", "doctor", "eval", "info", "models", "run"]:
            with self.subTest(command=command):
                text = self.good(command, "--help").stdout
                self.assertIn("Examples:", text)
                self.assertIn(f"frugal {command}", text)
                self.assertIn("--json", text)

    def test_the_page_of_the_manual_is_current(self):
        result = subprocess.run([SOURCE / "tools/cli-docs", "--check"], env=clean_environment(FRUGAL_BIN=BIN), text=True,
                                capture_output=True)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_version_names_compiler_and_instruction_sets(self):
        text = self.good("--version").stdout
        for word in ["frugal ", "compiler: ", "scalar"]:
            self.assertIn(word, text)

    def test_the_log_level_from_the_environment(self):
        self.assertEqual(run("eval", "resnet20_cifar", "--data", self.cifar(), env={"FRUGAL_LOG": "error"}).stderr, "")
        self.assertIn("FRUGAL_LOG", run("info", "nothing_like_it", env={"FRUGAL_LOG": "loud"}).stderr)


if __name__ == "__main__":
    unittest.main()
