#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Draw the trace of /proc/trace, or of a panic, as a timeline: a column for each hart.

usage: decode_trace.py [--elf heifer.elf] [FILE]

Reads FILE, or what is piped in; lines that are no events (the rest of a console's log, say) are passed over.
Times are microseconds since the first event. With the kernel that ran (--elf) its addresses get names, and
with the tree's kernel/syscall/syscalls.tbl beside this script system calls do.
"""

import argparse
import bisect
import re
import subprocess
import sys
from pathlib import Path

EVENT = re.compile(r"\[ *(\d+)\.(\d{6})\] (\d+) +(\d+) ([a-z]+) +(.*?)\s*$")
KERNEL_ADDRESS = re.compile(r"0xffffffff[0-9a-f]{8}")
NUMBER = re.compile(r"\bnumber=(\d+)")
TABLE = Path(__file__).resolve().parent.parent / "kernel/syscall/syscalls.tbl"
COLUMN = 36


class Event:
    """One line of the trace."""

    def __init__(self, match):
        seconds, micros, hart, thread, self.kind, self.detail = match.groups()
        self.usec = int(seconds) * 1000000 + int(micros)
        self.hart = int(hart)
        self.thread = int(thread)


def read_events(lines):
    # A panic's lines have the log's time in front; the event's own comes last.
    matches = (EVENT.search(line[line.rfind("["):]) for line in lines if "[" in line)
    return sorted((Event(m) for m in matches if m), key=lambda e: e.usec)


def read_calls():
    if not TABLE.exists():
        return {}
    words = (line.split() for line in TABLE.read_text(encoding="utf-8").splitlines())
    return {w[0]: w[1] for w in words if len(w) > 1 and w[0].isdigit()}


class Symbols:
    """Names of the functions of an ELF file."""

    def __init__(self, elf):
        self.addresses, self.names = [], []
        if elf is None:
            return
        output = subprocess.run(["riscv64-linux-gnu-nm", "-n", elf], check=True, capture_output=True, text=True)
        for line in output.stdout.splitlines():
            address, kind, name = line.split()[-3:]
            if kind in "tT":
                self.addresses.append(int(address, 16))
                self.names.append(name)

    def name(self, match):
        at = bisect.bisect_right(self.addresses, int(match.group(), 16)) - 1
        return self.names[at] if at >= 0 else match.group()


def describe(event, calls, symbols):
    detail = NUMBER.sub(lambda m: calls.get(m.group(1), m.group()), event.detail)
    return f"{event.thread}: {event.kind} {KERNEL_ADDRESS.sub(symbols.name, detail)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--elf", help="the kernel that made the trace")
    parser.add_argument("file", nargs="?", help="the text of /proc/trace")
    arguments = parser.parse_args()
    if arguments.file:
        text = Path(arguments.file).read_text(encoding="utf-8", errors="replace")
    else:
        text = sys.stdin.read()
    events = read_events(text.splitlines())
    if not events:
        sys.exit("decode_trace: no events in it; `cat /proc/trace` shows which are recorded")
    calls, symbols = read_calls(), Symbols(arguments.elf)
    harts = sorted({e.hart for e in events})
    print(f"{'usec':>10}  " + "".join(f"hart {h}".ljust(COLUMN) for h in harts).rstrip())
    for event in events:
        text = describe(event, calls, symbols)
        print(f"{event.usec - events[0].usec:>10}  " + " " * COLUMN * harts.index(event.hart) + text)


if __name__ == "__main__":
    main()
