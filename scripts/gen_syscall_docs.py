#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write docs/syscalls.md from kernel/syscall/syscalls.tbl and the files the handlers are in.

usage: gen_syscall_docs.py --write FILE | --check FILE
"""

import re
import sys
from pathlib import Path

from gen_syscalls import parse_table

TABLE = Path("kernel/syscall/syscalls.tbl")
HANDLER = re.compile(r"^s64 sys_(\w+)\(", re.M)
HEAD = """# The system calls as they are

Made by `scripts/gen_syscall_docs.py` (`make fix`) from [kernel/syscall/syscalls.tbl](../kernel/syscall/syscalls.tbl),
whose head says what the kinds of arguments mean; `make lint` checks it. To add one, follow
[your first system call](tutorial-first-syscall.md).

"""


def handlers():
    """{name: file} of every sys_name()."""
    files = {}
    for path in sorted(Path("kernel/syscall").glob("sys_*.c")):
        for name in HANDLER.findall(path.read_text(encoding="utf-8")):
            files[name] = path.name
    return files


def describe(arguments):
    return ", ".join(name if name == kind else f"{name}:{kind}" for name, kind in arguments)


def text():
    calls = parse_table(TABLE)
    files = handlers()
    done = [call for call in calls if call.arguments is not None]
    missing = [call for call in calls if call.arguments is None]
    rows = "".join(f"| {c.number} | {c.name} | {describe(c.arguments)} | {files.get(c.name, '?')} |\n" for c in done)
    lines = [HEAD, f"{len(done)} of {len(calls)} calls are there:\n\n",
             "| number | name | arguments | in kernel/syscall |\n|---:|---|---|---|\n", rows,
             "\nThe others return `ENOSYS`, and `dmesg` names each once at `loglevel=7`:\n"]
    line = ""
    for call in missing:
        word = f"{call.name} ({call.number})" + ("." if call is missing[-1] else ", ")
        if len(line) + len(word.rstrip()) > 118:
            lines.append(line.rstrip() + "\n")
            line = ""
        line += word
    return "".join(lines) + line + "\n"


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("--write", "--check"):
        sys.exit(__doc__)
    path = Path(sys.argv[2])
    if sys.argv[1] == "--write":
        path.write_text(text(), encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != text():
        sys.exit(f"{path} is not what {TABLE} says\n  to mend it: make fix")


if __name__ == "__main__":
    main()
