#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Generate the system call headers from kernel/syscall/syscalls.tbl.

usage: gen_syscalls.py TABLE OUTPUT_DIRECTORY

Writes into the directory:
  syscall_protos.h  a prototype for every handler
  syscall_table.h   wrappers that take the arguments from a trap frame, the table of them, all names;
                    included by kernel/syscall/dispatch.c alone
  syscall_check.c   static assertions that the numbers are those of the toolchain's <asm/unistd.h>;
                    to be compiled with its headers, not linked
  syscall_kinds.h   a line for every call, with the kinds of its arguments: CALL(number, name, kind...)
                    or CALL_MISSING(number, name)
"""

import re
import sys
from pathlib import Path

KINDS = {
    "int", "uint", "hex", "fd", "dirfd", "size", "off", "flags", "mode", "pid", "id", "sig",
    "ptr", "buf", "path", "str", "strv",
}
IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*\Z")
C_WORDS = {"int", "signed", "unsigned", "long", "char", "void"}
MAX_ARGUMENTS = 6
HEAD = "/* SPDX-License-Identifier: MIT */\n/* Made by scripts/gen_syscalls.py from %s: edit that. */\n"


class TableError(Exception):
    """A line that does not follow the rules stated at the top of the table."""


class Call:
    """One line: arguments is a list of (name, kind), or None if the call is not implemented."""

    def __init__(self, number, name, arguments):
        self.number = number
        self.name = name
        self.arguments = arguments

    @property
    def prototype(self):
        names = ", ".join("u64 " + name for name, _ in self.arguments) or "void"
        return f"s64 sys_{self.name}({names});"

    @property
    def wrapper(self):
        values = ", ".join(f"f->x[REG_A0 + {i}]" for i in range(len(self.arguments)))
        frame = "f" if self.arguments else "f __maybe_unused"
        return (
            f"static s64 call_{self.name}(const struct trap_frame *{frame})\n"
            f"{{\n\treturn sys_{self.name}({values});\n}}\n"
        )


def parse_argument(word):
    name, _, kind = word.partition(":")
    kind = kind or name
    if kind not in KINDS:
        raise TableError(f"unknown argument kind '{kind}'")
    if name in C_WORDS or not IDENTIFIER.match(name):
        raise TableError(f"'{name}' cannot name an argument: write name:{kind}")
    return name, kind


def parse_line(line):
    words = line.split()
    if len(words) < 2 or not words[0].isdigit() or not IDENTIFIER.match(words[1]):
        raise TableError("expected: number name [argument...|none]")
    if words[2:] == ["none"]:
        return Call(int(words[0]), words[1], None)
    arguments = [parse_argument(word) for word in words[2:]]
    if len(arguments) > MAX_ARGUMENTS:
        raise TableError(f"more than {MAX_ARGUMENTS} arguments")
    if len({name for name, _ in arguments}) != len(arguments):
        raise TableError("two arguments of one name")
    return Call(int(words[0]), words[1], arguments)


def parse_table(path):
    calls = []
    names = set()
    for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        try:
            call = parse_line(line)
            if calls and call.number <= calls[-1].number:
                raise TableError("numbers must rise from line to line")
            if call.name in names:
                raise TableError(f"'{call.name}' stands here for the second time")
        except TableError as error:
            raise SystemExit(f"{path}:{at}: {error}") from None
        names.add(call.name)
        calls.append(call)
    if not calls:
        raise SystemExit(f"{path}: no system calls in it")
    return calls


def protos_text(calls):
    lines = [call.prototype for call in calls if call.arguments is not None]
    return '#pragma once\n\n#include "lib/types.h"\n\n' + "\n".join(lines) + "\n"


def table_text(calls):
    done = [call for call in calls if call.arguments is not None]
    return (
        f"#define SYSCALL_COUNT {calls[-1].number + 1}\n\n"
        + "\n".join(call.wrapper for call in done)
        + "\nstatic s64 (*const syscall_table[SYSCALL_COUNT])(const struct trap_frame *f) = {\n"
        + "".join(f"\t[{call.number}] = call_{call.name},\n" for call in done)
        + "};\n\nstatic const char *const syscall_names[SYSCALL_COUNT] = {\n"
        + "".join(f'\t[{call.number}] = "{call.name}",\n' for call in calls)
        + "};\n"
    )


def check_text(calls):
    blocks = [
        f"#ifdef __NR_{call.name}\n"
        f'_Static_assert(__NR_{call.name} == {call.number}, "{call.name}");\n'
        "#endif\n"
        for call in calls
    ]
    return "#include <asm/unistd.h>\n\n" + "".join(blocks)


def kinds_text(calls):
    lines = []
    for call in calls:
        if call.arguments is None:
            lines.append(f"CALL_MISSING({call.number}, {call.name})\n")
        else:
            kinds = "".join(f", KIND_{kind.upper()}" for _, kind in call.arguments)
            lines.append(f"CALL({call.number}, {call.name}{kinds})\n")
    return "".join(lines)


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    table = Path(sys.argv[1])
    output = Path(sys.argv[2])
    calls = parse_table(table)
    output.mkdir(parents=True, exist_ok=True)
    head = HEAD % table.name
    texts = {
        "syscall_protos.h": protos_text(calls),
        "syscall_table.h": table_text(calls),
        "syscall_check.c": check_text(calls),
        "syscall_kinds.h": kinds_text(calls),
    }
    for name, text in texts.items():
        (output / name).write_text(head + text, encoding="utf-8")


if __name__ == "__main__":
    main()
