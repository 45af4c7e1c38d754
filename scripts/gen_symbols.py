#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make the kernel's own symbol table, by which a panic names the functions of its backtrace.

usage: gen_symbols.py --empty OUT.S
       gen_symbols.py NM_OUTPUT OUT.S
       gen_symbols.py --compare NM_OUTPUT_1 NM_OUTPUT_2

The kernel is linked twice: with an empty table, then with the table of the first link. The table stands
behind the code, so the code does not move; --compare makes sure of that.

  symbols_count    u32     how many
  symbols_offsets  u32 []  address - _text, rising
  symbols_name_at  u32 []  where in symbols_names the name begins
  symbols_names    char[]  names, each with its NUL
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


def table(label, values):
    rows = [f"{label}:\n"]
    for at in range(0, len(values), 12):
        rows.append("\t.word " + ", ".join(str(v) for v in values[at:at + 12]) + "\n")
    return "".join(rows)


def assembly(base, symbols):
    labels = ("symbols_count", "symbols_offsets", "symbols_name_at", "symbols_names")
    name_at = []
    names = []
    used = 0
    for _, name in symbols:
        name_at.append(used)
        names.append(f'\t.asciz "{name}"\n')
        used += len(name) + 1
    return (
        HEAD
        + '\t.section .rodata_symbols, "a"\n\t.balign 8\n'
        + "".join(f"\t.globl {label}\n" for label in labels)
        + table("symbols_count", [len(symbols)])
        + table("symbols_offsets", [address - base for address, _ in symbols])
        + table("symbols_name_at", name_at)
        + "symbols_names:\n"
        + "".join(names)
        + "\t.byte 0\n"
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
        Path(arguments[1]).write_text(assembly(0, []), encoding="utf-8")
    elif len(arguments) == 2:
        Path(arguments[1]).write_text(assembly(*read_text_symbols(arguments[0])), encoding="utf-8")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
