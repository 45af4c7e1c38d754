#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A board made of QEMU, as far as a lab sees one: a serial port, there whether the power is on or not, and a switch.

usage: board_in_qemu.py serve DIRECTORY QEMU_COMMAND...    makes DIRECTORY/serial and DIRECTORY/switch; says "ready"
       board_in_qemu.py on|off DIRECTORY

QEMU's serial line is its standard input and output: through pipes QEMU 7.2 loses nothing. The port is a
pseudo-terminal, which waits for a slow reader where a real line would lose bytes.
"""

import os
import pty
import selectors
import signal
import socket
import subprocess
import sys
import tty
from contextlib import suppress
from pathlib import Path

ANSWER_SECONDS = 300


class Board:
    """The port, the switch, and QEMU while the power is on."""

    def __init__(self, directory, command):
        self.command = command
        self.qemu = None
        # The other end stays open here too, so that the port survives whoever opens and closes it.
        self.port, self.other_end = pty.openpty()
        tty.setraw(self.other_end)
        os.set_blocking(self.port, False)
        self.switch = socket.socket(socket.AF_UNIX)
        self.switch.bind(str(directory / "switch"))
        self.switch.listen()
        self.events = selectors.DefaultSelector()
        self.events.register(self.port, selectors.EVENT_READ, self.typed)
        self.events.register(self.switch, selectors.EVENT_READ, self.switched)
        (directory / "serial").symlink_to(os.ttyname(self.other_end))

    def typed(self):
        data = os.read(self.port, 4096)
        with suppress(BrokenPipeError):
            if self.qemu:
                self.qemu.stdin.write(data)  # a board that is off hears nothing

    def printed(self):
        data = os.read(self.qemu.stdout.fileno(), 4096)
        if data:
            self.write(data)
        else:
            self.power_off()  # it switched itself off

    def write(self, data):
        """To the port; the switch works meanwhile, even if nobody reads."""
        qemu = self.qemu
        self.events.unregister(qemu.stdout)
        while data and self.qemu is qemu:
            try:
                data = data[os.write(self.port, data):]
            except BlockingIOError:
                self.step(0.01)
        if self.qemu is qemu:
            self.events.register(qemu.stdout, selectors.EVENT_READ, self.printed)

    def switched(self):
        connection, _ = self.switch.accept()
        with connection:
            word = connection.recv(16)
            self.power_off()
            if word == b"on":
                self.qemu = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
                self.events.register(self.qemu.stdout, selectors.EVENT_READ, self.printed)
            connection.sendall(b"done")

    def power_off(self):
        if self.qemu is None:
            return
        if self.qemu.stdout in self.events.get_map():
            self.events.unregister(self.qemu.stdout)
        self.qemu.kill()
        self.qemu.communicate()
        self.qemu = None

    def step(self, seconds=None):
        for key, _ in self.events.select(seconds):
            key.data()

    def serve(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        print("ready", flush=True)
        try:
            while True:
                self.step()
        finally:
            self.power_off()


def operate(word, directory):
    with socket.socket(socket.AF_UNIX) as switch:
        switch.settimeout(ANSWER_SECONDS)
        switch.connect(str(directory / "switch"))
        switch.sendall(word.encode())
        if switch.recv(16) != b"done":
            sys.exit("board_in_qemu: the switch does not answer")


def main():
    words = sys.argv[1:]
    if len(words) > 2 and words[0] == "serve":
        Board(Path(words[1]), words[2:]).serve()
    elif len(words) == 2 and words[0] in ("on", "off"):
        operate(words[0], Path(words[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
