"""frugal chat on a real terminal: what is typed and seen, and what Ctrl-C does."""
import os
import pty
import select
import signal
import struct
import time
import unittest

from frugal_cli import BIN, SOURCE, CliTest, clean_environment, run

MODEL = SOURCE / "models" / "stories260K.gguf"
# No markers, so that what the model was told can be told to it again as one text.
TEMPLATE = "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}"
ENDLESS = ["--logit-bias", "1=-1000,2=-1000", "--context", "200000", "--max-tokens", "100000"]


def with_template(path):
    """The model with a chat template: one more key in front of the others, of a length that moves the data by a
    multiple of its alignment."""
    key = b"tokenizer.chat_template"
    fixed = 8 + len(key) + 4 + 8
    value = TEMPLATE.encode()
    value = b"{#" + b"-" * (-(fixed + len(value) + 4) % 32) + b"#}" + value
    data = MODEL.read_bytes()
    count, = struct.unpack("<Q", data[16:24])
    entry = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, len(value)) + value
    path.write_bytes(data[:16] + struct.pack("<Q", count + 1) + entry + data[24:])
    return path


class Terminal:
    """A process on a terminal of its own, whose keys send signals."""

    def __init__(self, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(BIN, [BIN, *map(str, args)], clean_environment(TERM="dumb", NO_COLOR="1"))
        self.seen = ""

    def read(self, until, timeout=60):
        """Reads on until `until(new text)`; returns that text."""
        start, deadline = len(self.seen), time.time() + timeout
        while not until(self.seen[start:]):
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.time()))
            try:
                data = os.read(self.fd, 4096) if ready else b""
            except OSError:  # the other end is closed
                data = b""
            if not data:
                raise AssertionError(f"the terminal shows only {self.seen[start:]!r}")
            self.seen += data.decode(errors="replace").replace("\r\n", "\n")
        return self.seen[start:]

    def type(self, text):
        os.write(self.fd, text.encode())

    def prompt(self):
        return self.read(lambda new: new.endswith("> "))

    def leave(self):
        """The exit status, when everything has been read; a process that stays is killed, which its status tells."""
        try:
            self.read(lambda _: False)
        except AssertionError:
            pass
        if select.select([self.fd], [], [], 0)[0] == []:
            os.kill(self.pid, signal.SIGKILL)
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


class Chat(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chat_model = with_template(cls.dir / "chat.gguf")

    def start(self, *args):
        terminal = Terminal("chat", self.chat_model, *args)
        self.assertIn("Ctrl-C stops an answer", terminal.prompt())
        return terminal

    def say(self, terminal, text):
        """The answer, without what was typed and the next prompt."""
        terminal.type(text + "\n")
        shown = terminal.prompt()
        self.assertTrue(shown.startswith(text + "\n"), shown)  # the terminal's echo
        return shown[len(text) + 1 : -3]

    def continued(self, text, count):
        return self.document("generate", self.chat_model, "--prompt", text, "--max-tokens", str(count))["results"][0]["text"]

    def test_what_was_said_stays_in_view(self):
        terminal = self.start("--max-tokens", "12")
        first = self.say(terminal, "Once upon a time")
        self.assertEqual(first, self.continued("Once upon a time", 12))
        second = self.say(terminal, " and Tom")
        self.assertEqual(second, self.continued("Once upon a time" + first + " and Tom", 12))
        terminal.type("/clear\n")
        terminal.prompt()
        self.assertEqual(self.say(terminal, "Once upon a time"), first)
        terminal.type("/quit\n")
        self.assertEqual(terminal.leave(), 0)

    def test_an_answer_streams_and_ctrl_c_stops_it_alone(self):
        terminal = self.start(*ENDLESS)
        for turn in range(2):
            terminal.type("One day\n")
            terminal.read(lambda new: len(new) > 300)  # of an answer that would go on for long
            terminal.type("\x03")
            terminal.prompt()
        terminal.type("\x04")  # the end of input
        self.assertEqual(terminal.leave(), 0)

    def test_ctrl_c_at_the_prompt_leaves(self):
        terminal = self.start(*ENDLESS)
        terminal.type("One day\n")
        terminal.read(lambda new: len(new) > 100)
        terminal.type("\x03")
        terminal.prompt()
        terminal.type("\x03")
        self.assertEqual(terminal.leave(), 130)

    def test_a_long_talk_fails_clearly_and_goes_on(self):
        terminal = self.start("--context", "24", "--max-tokens", "100")
        self.say(terminal, "Once upon a time")
        self.assertIn("the context holds 24", self.say(terminal, "and then"))
        terminal.type("/quit\n")
        self.assertEqual(terminal.leave(), 0)

    def test_without_a_terminal(self):
        done = run("chat", self.chat_model, "--max-tokens", "12", "--json")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
