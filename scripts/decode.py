#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Explain a panic: paste its report, or only its line "scripts/decode.py ...", and get source lines.

usage: decode.py [--elf heifer.elf] [FILE]
       decode.py [--elf heifer.elf] VERSION PC:INSTRUCTION PLACE...     (the report's own line)

Reads FILE, or what is piped in; ends with end of file (Ctrl-D). Without --elf it takes the kernel below build/
that knows every function of the report by the same address. Functions that the compiler put into others get
lines of their own, marked "inlined".
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CROSS = "riscv64-linux-gnu-"
PLACE = re.compile(r"\[([0-9a-f]{16})\] (?:([a-z_][a-z0-9_.]*)\+0x([0-9a-f]+)|0x)", re.I)
SUMMARY = re.compile(r"scripts/decode\.py (\S+) ([0-9a-f]+):([0-9a-f]+|none)((?: [0-9a-f]+)*)")
KERNEL = 0xffffffff80000000
HEADINGS = re.compile(r"(?:\[ *\d+\.\d+\] )?(Kernel panic: .*|Heifer .* hart .*|Backtrace:|Hart \d+:)\s*$")


def run(*command, text=None):
    return subprocess.run(command, input=text, check=True, capture_output=True, text=True).stdout


def functions_of(elf):
    words = (line.split() for line in run(CROSS + "nm", elf).splitlines())
    return {(w[2], int(w[0], 16)) for w in words if len(w) == 3 and w[1] in "tT"}


def choose_elf(text):
    """The kernel in which each function named in the report begins where the report says."""
    claims = {(m.group(2), int(m.group(1), 16) - int(m.group(3), 16))
              for m in PLACE.finditer(text) if m.group(2)}
    summary = SUMMARY.search(text)
    candidates = sorted(ROOT.glob("build/*/heifer.elf"), key=lambda p: p.stat().st_mtime, reverse=True)
    for elf in candidates:
        if claims:
            if claims <= functions_of(elf):
                return elf
        elif summary and summary.group(1).encode() + b"\0" in elf.read_bytes():
            return elf
    sys.exit("decode: no kernel below build/ fits this report; name it with --elf")


def source_lines(elf, place):
    """[(function, file:line)], innermost first, of the call before return address @place."""
    lines = run(CROSS + "addr2line", "-e", elf, "-f", "-i", f"{place - 1:#x}").splitlines()
    return [(f, w.removeprefix("./").split(" (")[0]) for f, w in zip(lines[::2], lines[1::2])]


def print_place(elf, place):
    if place < KERNEL:
        print(f"  {place:016x} in the program")
        return
    found = source_lines(elf, place)
    for at, (function, where) in enumerate(found):
        inlined = "  (inlined)" if at + 1 < len(found) else ""
        print(f"  {place:016x} {function:28} {where}{inlined}")


def print_instruction(elf, pc, raw):
    print(f"Instruction at {pc:016x}: {raw}")
    if raw == "none" or pc < KERNEL:
        return
    for line in run(CROSS + "objdump", "-d", f"--start-address={pc:#x}", f"--stop-address={pc + 4:#x}",
                    elf).splitlines():
        words = line.split("\t")
        if words[0].strip() == f"{pc:x}:":
            same = words[1].strip() == raw
            print(f"  {' '.join(words[2:])}" + ("" if same else f"   ({elf} has {words[1].strip()} there)"))
    for function, where in source_lines(elf, pc + 1):
        print(f"  {function} {where}")


def decode(text, elf):
    for line in text.splitlines():
        heading = HEADINGS.search(line)
        place = PLACE.search(line)
        if heading:
            print(heading.group(1))
        elif place:
            print_place(elf, int(place.group(1), 16))
    summary = SUMMARY.search(text)
    if not summary:
        return
    if not PLACE.search(text):
        print("Backtrace:")
        for place in summary.group(4).split():
            print_place(elf, int(place, 16))
    if summary.group(2) != "0":
        print_instruction(elf, int(summary.group(2), 16), summary.group(3))


def read_report(words):
    if len(words) > 1:
        return "scripts/decode.py " + " ".join(words)
    if words:
        return Path(words[0]).read_text(encoding="utf-8", errors="replace")
    return sys.stdin.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--elf", type=Path, help="the kernel that panicked")
    parser.add_argument("report", nargs="*")
    arguments = parser.parse_args()
    text = read_report(arguments.report)
    if not PLACE.search(text) and not SUMMARY.search(text):
        sys.exit("decode: no report of a panic in it")
    decode(text, arguments.elf or choose_elf(text))


if __name__ == "__main__":
    main()
