#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make the kernel's own symbol table, by which a panic names the functions of its backtrace.

usage: gen_symbols.py --empty OUT.S
       gen_symbols.py NM_OUTPUT OUT.S [READELF_OUTPUT]
       gen_symbols.py --compare NM_OUTPUT_1 NM_OUTPUT_2

The kernel is linked twice: with an empty table, then with the table of the first link. The table stands
behind the code, so the code does not move; --compare makes sure of that.

  symbols_count    u32     how many
  symbols_offsets  u32 []  address - _text, rising
  symbols_name_at  u32 []  where in symbols_names the name begins
  symbols_names    char[]  names, each with its NUL

READELF_OUTPUT is that of readelf --debug-dump=decodedline -W; without it the tables of lines stay empty.

  lines_count      u32     how many
  lines_offsets    u32 []  address - _text, rising
  lines_at         u32 []  number of the file << 16 | line, 0 where there is none
  lines_files      u32 []  where in lines_names the file's name begins
  lines_names      char[]  names, each with its NUL
"""

import re
import sys
from pathlib import Path

HEAD = "/* SPDX-License-Identifier: MIT */\n/* Made by scripts/gen_symbols.py. */\n"
# Names the compiler makes for local labels and jump tables say nothing to a reader.
NOISE = re.compile(r"\.|\$|L\d|CSWTCH")
LINE = re.compile(r"([0-9a-f]+) ([A-Za-z]) (\S+)$")


def read_text_symbols(path):
    """[(address, name)] of the functions between _text and _text_end, one name an address, rising."""
    symbols = {}
    marks = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        match = LINE.match(line)
        if not match:
            continue
        address, kind, name = int(match.group(1), 16), match.group(2), match.group(3)
        if name in ("_text", "_text_end"):
            marks[name] = address
        elif kind in "tTwW" and not NOISE.match(name):
            # Of several names for one address a global one is the better known.
            if address not in symbols or kind in "TW":
                symbols[address] = name
    if len(marks) != 2:
        sys.exit(f"{path}: _text and _text_end are not both defined (arch/riscv/boot/kernel.lds.S)")
    inside = {a: n for a, n in symbols.items() if marks["_text"] <= a < marks["_text_end"]}
    return marks["_text"], sorted(inside.items())


# "./mm/vmm/fault.c:", before the rows of that file, with "CU: " or "[++]" around it in places
LINES_FILE = re.compile(r"(?:CU: )?(\S+\.[chS]):(?:\[\+\+\])?$")
LINES_ROW = re.compile(r"\S+ +(\d+|-) +(0x[0-9a-f]+)\b(.*)$")


def read_lines(path, base):
    """Names of the files, and [(offset, file number << 16 | line)], rising, no two alike in a row."""
    files = {}
    rows = {}
    file = None
    for text in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        match = LINES_FILE.match(text)
        if match:
            name = match.group(1).removeprefix("./")
            file = files.setdefault(name, len(files))
            continue
        match = LINES_ROW.match(text)
        if not match or int(match.group(2), 16) < base:
            continue
        ends = match.group(1) == "-" or "END" in match.group(3)
        at = int(match.group(2), 16) - base
        # Of several rows for one address the last is meant: the others' code is empty. An end says nothing
        # about the code that begins there.
        if not ends:
            rows[at] = file << 16 | min(int(match.group(1)), 0xffff)
        else:
            rows.setdefault(at, 0)
    lines = []
    for at, value in sorted(rows.items()):
        if not lines or lines[-1][1] != value:
            lines.append((at, value))
    return list(files), lines


def name_table(label, names):
    """The table of where each name begins, and the names."""
    at = []
    used = 0
    for name in names:
        at.append(used)
        used += len(name) + 1
    return table(label, at), "".join(f'\t.asciz "{name}"\n' for name in names) + "\t.byte 0\n"


def table(label, values):
    rows = [f"{label}:\n"]
    for at in range(0, len(values), 12):
        rows.append("\t.word " + ", ".join(str(v) for v in values[at:at + 12]) + "\n")
    return "".join(rows)


def assembly(base, symbols, files, lines):
    labels = ("symbols_count", "symbols_offsets", "symbols_name_at", "symbols_names",
              "lines_count", "lines_offsets", "lines_at", "lines_files", "lines_names")
    name_at, names = name_table("symbols_name_at", [name for _, name in symbols])
    file_at, file_names = name_table("lines_files", files)
    return (
        HEAD
        + '\t.section .rodata_symbols, "a"\n\t.balign 8\n'
        + "".join(f"\t.globl {label}\n" for label in labels)
        + table("symbols_count", [len(symbols)])
        + table("symbols_offsets", [address - base for address, _ in symbols])
        + name_at
        + table("lines_count", [len(lines)])
        + table("lines_offsets", [at for at, _ in lines])
        + table("lines_at", [value for _, value in lines])
        + file_at
        + "symbols_names:\n"
        + names
        + "lines_names:\n"
        + file_names
    )


def compare(first, second):
    if read_text_symbols(first) != read_text_symbols(second):
        sys.exit("gen_symbols: code moved between the two links, so the symbol table is wrong: does anything "
                 "in .text depend on the size of .rodata (arch/riscv/boot/kernel.lds.S)?")


def main():
    arguments = sys.argv[1:]
    if len(arguments) == 3 and arguments[0] == "--compare":
        compare(arguments[1], arguments[2])
    elif len(arguments) == 2 and arguments[0] == "--empty":
        Path(arguments[1]).write_text(assembly(0, [], [], []), encoding="utf-8")
    elif len(arguments) in (2, 3):
        base, symbols = read_text_symbols(arguments[0])
        files, lines = read_lines(arguments[2], base) if len(arguments) == 3 else ([], [])
        Path(arguments[1]).write_text(assembly(base, symbols, files, lines), encoding="utf-8")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
