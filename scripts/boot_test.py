#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boot once: to the shell's prompt, a pipeline, power off, the leak verdict.

usage: boot_test.py BUILD_DIRECTORY QEMU_COMMAND...

The full log is left in BUILD_DIRECTORY/boot-test.log.
"""

import os
import select
import subprocess
import sys
import time
from pathlib import Path

PROMPT = b"heifer:~# "
PANIC = b"Kernel panic:"
PANIC_END = b"end of panic"
# They are for a machine that is stuck, not for one that is slow, or whose host stands still for a while.
BOOT_SECONDS = 600
PANIC_SECONDS = 60
COMMAND_SECONDS = 300
# sifive_u cannot switch itself off: the firmware there has no device for it.
EXIT_SECONDS = 300


class BootError(Exception):
    """Heifer did not do what it should have."""


class Console:
    """QEMU's serial port on its standard input and output."""

    def __init__(self, command, log):
        self.qemu = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT)
        self.log = log
        self.unread = b""

    def expect(self, text, seconds):
        """Wait for @text; returns what came before it. What follows is kept for the next call."""
        deadline = time.monotonic() + seconds
        while text not in self.unread:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.qemu.stdout], [], [], max(left, 0))
            if not ready:
                raise BootError(f"no {text.decode()!r} within {seconds} seconds")
            data = os.read(self.qemu.stdout.fileno(), 65536)
            if not data:
                raise BootError(f"QEMU ended before {text.decode()!r} came")
            self.log.write(data)
            self.unread += data
            if PANIC in self.unread and text != PANIC_END:
                self.read_panic()
                raise BootError("the kernel panicked")
        before, _, self.unread = self.unread.partition(text)
        return before

    def read_panic(self):
        """Let the report come out before anybody ends QEMU."""
        try:
            self.expect(PANIC_END, PANIC_SECONDS)
        except BootError:
            pass  # the report itself went wrong; what there is of it is in the log

    def send(self, line):
        self.qemu.stdin.write(line + b"\n")
        self.qemu.stdin.flush()

    def wait_for_exit(self, seconds):
        try:
            self.qemu.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self):
        if self.qemu.poll() is None:
            self.qemu.kill()
            self.qemu.wait()


def boot(console, can_switch_off):
    started = time.monotonic()
    console.expect(PROMPT, BOOT_SECONDS)
    prompt_after = time.monotonic() - started
    console.send(b"ls -l /bin | grep sh | wc -l")
    answer = console.expect(PROMPT, COMMAND_SECONDS).split()[-1]
    if not answer.isdigit() or int(answer) < 2:
        raise BootError(f"the pipeline answered {answer.decode()!r}, not a number of shells")
    console.send(b"poweroff")
    console.expect(b"leaks: ", COMMAND_SECONDS)
    verdict = console.expect(b"\n", COMMAND_SECONDS).strip()
    if verdict != b"none":
        raise BootError(f"leaks: {verdict.decode()}")
    if can_switch_off and not console.wait_for_exit(EXIT_SECONDS):
        raise BootError("the machine did not switch off")
    return prompt_after


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    path, command = Path(sys.argv[1], "boot-test.log"), sys.argv[2:]
    can_switch_off = not any(word.startswith("sifive_u") for word in command)
    with path.open("wb", buffering=0) as log:
        console = Console([*command, "-nographic"], log)
        try:
            seconds = boot(console, can_switch_off)
        except BootError as error:
            log.flush()
            sys.stderr.write(path.read_bytes()[-4000:].decode(errors="replace"))
            sys.exit(f"\nboot test: {error}. The log: {path}. By hand: make run")
        finally:
            console.close()
    print(f"  boot test: prompt after {seconds:.1f} s, no leaks")


if __name__ == "__main__":
    main()
