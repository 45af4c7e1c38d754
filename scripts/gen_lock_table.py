#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make the table of docs/locking.md from the ranks in kernel/core/lock_rank.h.

usage: gen_lock_table.py --write FILE | --check FILE

A row a rank, in the order of the enum: how the lock is taken, its rank, and what the enum's comment says of
it. A rank that no lock has is an error. The rest of FILE, outside the two marks, is written by hand.
"""

import re
import sys
from pathlib import Path

RANKS = Path("kernel/core/lock_rank.h")
NAMES = Path("kernel/core/lock_rank.c")
FOLDERS = ("arch", "drivers", "fs", "kernel", "mm")
# They name ranks, but have no locks of them.
NO_OWNERS = ("kernel/core/lock_rank.c", "kernel/core/lock_rank.h", "kernel/core/spinlock.c", "kernel/proc/provoke.c",
             "kernel/sched/mutex.c")
BEGIN, END = "<!-- made by scripts/gen_lock_table.py -->", "<!-- end -->"
RANK = re.compile(r"RANK_([A-Z_]+)(?: = \w+)?,\s*(?:/\* (.*?) \*/)?", re.S)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
ALIASES = ("IRQ_FIRST", "COUNT")
# Bare locks of printk.c, which must work while spinlock.c reports a mistake.
BARE = {"RANK_PRINTK", "RANK_CONSOLE"}


def read_ranks():
    """[(heading, rank, what)] in order."""
    body = RANKS.read_text(encoding="utf-8").partition("enum lock_rank {")[2].partition("\n};")[0]
    rows = []
    parts = re.split(r"^\t/\* (sleeping|spinning, [^*\n]*) \*/$", body, flags=re.M)
    for heading, text in zip(parts[1::2], parts[2::2]):
        for match in RANK.finditer(text):
            if match.group(1) not in ALIASES:
                rows.append((heading, "RANK_" + match.group(1), " ".join((match.group(2) or "").split())))
    return rows


def read_names():
    return dict(re.findall(r"\[(RANK_\w+)\] = \"([^\"]*)\"", NAMES.read_text(encoding="utf-8")))


def read_used():
    """The ranks that code, not a comment, names: those of some lock."""
    used = set(BARE)
    for folder in FOLDERS:
        for path in Path(folder).rglob("*.[ch]"):
            if str(path) not in NO_OWNERS:
                used.update(re.findall(r"\bRANK_\w+", COMMENT.sub("", path.read_text(encoding="utf-8"))))
    return used


def table():
    names, used = read_names(), read_used()
    lines = ["| rank | lock | what it protects, why it stands here |", "|---:|---|---|"]
    before = None
    for number, (heading, rank, what) in enumerate(read_ranks(), 1):
        if rank not in used:
            sys.exit(f"{RANKS}: no lock has {rank}: remove it, there and in {NAMES}")
        if heading != before:
            lines.append(f"| | **{heading}** | |")
            before = heading
        lines.append(f"| {number} | {names.get(rank, rank)} (`{rank}`) | {what} |")
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("--write", "--check"):
        sys.exit(__doc__)
    path = Path(sys.argv[2])
    old = path.read_text(encoding="utf-8")
    head, begin, rest = old.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{path}: the marks {BEGIN} and {END} are missing")
    new = head + BEGIN + "\n" + table() + END + tail
    if sys.argv[1] == "--write":
        path.write_text(new, encoding="utf-8")
    elif new != old:
        sys.exit(f"{path} no longer shows the ranks of {RANKS}: make fix")


if __name__ == "__main__":
    main()
