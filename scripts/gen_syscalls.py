#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Generate the system call headers from kernel/syscall/syscalls.tbl.

usage: gen_syscalls.py TABLE OUTPUT_DIRECTORY

Writes into the directory:
  syscall_protos.h  a prototype for every handler
  syscall_table.h   how many there are, and a line of assembly for every handler: "direct NUMBER, SYMBOL" or
                    "with_frame NUMBER, SYMBOL"; for kernel/syscall/table.S
  syscall_info.h    names and kinds of arguments of all; included by kernel/syscall/describe.c alone
  abi_words.h       names of errors and signals, from lib/abi; included by kernel/proc/strace.c alone
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
    "ptr", "buf", "data", "path", "str", "strv",
}
IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*\Z")
RESULTS = {"=hex": "RESULT_HEX", "=none": "RESULT_NONE"}
WITH_FRAME = "+frame"
ABI_WORD = re.compile(r"#define (E[A-Z0-9]+|SIG[A-Z0-9]+)\s+(\d+)\b")
C_WORDS = {"int", "signed", "unsigned", "long", "char", "void"}
MAX_ARGUMENTS = 6
HEAD = "/* SPDX-License-Identifier: MIT */\n/* Made by scripts/gen_syscalls.py from %s: edit that. */\n"


class TableError(Exception):
    """A line that does not follow the rules stated at the top of the table."""


class Call:
    """One line: arguments is a list of (name, kind), or None if the call is not implemented."""

    def __init__(self, number, name, arguments, result="RESULT_PLAIN", with_frame=False):
        self.number = number
        self.name = name
        self.arguments = arguments
        self.result = result
        self.with_frame = with_frame

    @property
    def prototype(self):
        names = ", ".join("u64 " + name for name, _ in self.arguments) or "void"
        return f"s64 sys_{self.name}({names});"


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
    with_frame = words[-1] == WITH_FRAME
    if with_frame:
        words.pop()
    result = RESULTS.get(words[-1], "RESULT_PLAIN")
    arguments = [parse_argument(word) for word in words[2:] if word not in RESULTS]
    if len(arguments) > MAX_ARGUMENTS:
        raise TableError(f"more than {MAX_ARGUMENTS} arguments")
    if len({name for name, _ in arguments}) != len(arguments):
        raise TableError("two arguments of one name")
    return Call(int(words[0]), words[1], arguments, result, with_frame)


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
    lines = [f"{'with_frame' if call.with_frame else 'direct'} {call.number}, sys_{call.name}\n" for call in done]
    return (
        f"#define SYSCALL_COUNT {calls[-1].number + 1}\n\n#ifdef __ASSEMBLER__\n" + "".join(lines) + "#endif\n"
    )


def info_text(calls):
    kinds = "".join(f"\tKIND_{kind.upper()},\n" for kind in sorted(KINDS))
    rows = ""
    for call in calls:
        arguments = call.arguments or []
        row = "".join(f"KIND_{kind.upper()}, " for _, kind in arguments)
        rows += f'\t[{call.number}] = {{ "{call.name}", {call.result}, {len(arguments)}, {{ {row}}} }},\n'
    return (
        "enum syscall_kind {\n" + kinds + "};\n\nenum syscall_result { RESULT_PLAIN, RESULT_HEX, RESULT_NONE };\n\n"
        "static const struct syscall_info {\n\tconst char *name;\n\tu8 result, count;\n"
        f"\tu8 kinds[{MAX_ARGUMENTS}];\n}} syscall_infos[] = {{\n{rows}}};\n"
    )


def words_text(abi):
    """Tables from number to name; of two names for one number the first counts."""
    text = ""
    for table, header, prefix in (("errno_words", "errno.h", "E"), ("signal_words", "signal.h", "SIG")):
        names = {}
        for name, number in ABI_WORD.findall((abi / header).read_text(encoding="utf-8")):
            if name.startswith(prefix) and name != "SIGSTKSZ":  # no signal, but the size of a stack
                names.setdefault(int(number), name)
        text += f"static const char *const {table}[] = {{\n"
        text += "".join(f'\t[{number}] = "{name}",\n' for number, name in sorted(names.items())) + "};\n\n"
    return text


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
        "syscall_info.h": info_text(calls),
        "abi_words.h": words_text(table.resolve().parent.parent.parent / "lib/abi"),
        "syscall_check.c": check_text(calls),
        "syscall_kinds.h": kinds_text(calls),
    }
    for name, text in texts.items():
        (output / name).write_text(head + text, encoding="utf-8")


if __name__ == "__main__":
    main()
