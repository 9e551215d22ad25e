# SPDX-License-Identifier: LGPL-2.1-or-later
"""A terminal with somebody at it, for the tests of interactive use."""
import fcntl
import os
import re
import select
import struct
import termios
import time

PATIENCE = 60
# From 3.13 the prompt is a screen editor that paints each line again and again, in colours; the plain one is readline's, as ever.
PLAIN_PROMPT = {"PYTHON_BASIC_REPL": "1", "PYTHON_COLORS": "0"}
CTRL_C, CTRL_D, CTRL_Z, CTRL_BACKSLASH, UP = "\x03", "\x04", "\x1a", "\x1c", "\x1b[A"


class Terminal:
    """args runs as who, leader of a session on a pseudo-terminal of its own."""

    def __init__(self, who, args, cwd, env=None, size=(24, 80)):
        self.master, slave = os.openpty()
        self.tty = os.ttyname(slave)
        os.chown(self.tty, who.uid, who.gid)
        self.resize(*size)
        self.text, self.read = "", 0
        self.process = who.popen(args, cwd=cwd, env={**PLAIN_PROMPT, **(env or {})}, text=False, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                 preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self.hang_up()

    def hang_up(self):
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        os.write(self.master, text.encode())

    def _more(self, end):
        """One piece of output; False at the end of it."""
        ready = select.select([self.master], [], [], max(0, end - time.monotonic()))[0]
        assert ready, f"nothing more comes; so far:\n{self.text[self.read:]!r}"
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: nobody has the terminal open any more
            data = b""
        self.text += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, pattern):
        """Reads until the pattern is seen, and goes on behind it. What came before it."""
        end = time.monotonic() + PATIENCE
        while True:
            match = re.compile(pattern).search(self.text, self.read)
            if match:
                before = self.text[self.read:match.start()]
                self.read = match.end()
                return before
            assert self._more(end), f"ended before {pattern!r}:\n{self.text[self.read:]!r}"

    def insist(self, key, pattern):
        """Presses key until the pattern is seen: readline loses a signal that comes while it reads a character, with plain Python too."""
        for _ in range(10):
            self.send(key)
            end = time.monotonic() + 3
            while not re.compile(pattern).search(self.text, self.read) and select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                assert self._more(end), f"ended before {pattern!r}:\n{self.text[self.read:]!r}"
            if re.compile(pattern).search(self.text, self.read):
                break
        return self.expect(pattern)

    def finish(self):
        """Reads to the end; the exit status as subprocess has it."""
        end = time.monotonic() + PATIENCE
        while self._more(end):
            pass
        return self.process.wait(PATIENCE)
