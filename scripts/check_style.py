#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check what clang-format does not: licence lines, lengths, leftovers.

usage: check_style.py [--fix] [FILE...]

Without files, all of the tree. Warnings are printed and do no harm. --fix mends what needs no thought: space
at the end of lines, the end of the file, rulers (comments that are a heading between dashes) too long.
"""

import re
import sys
from pathlib import Path

MAX_COLUMNS = 100
MAX_COLUMNS_TEXT = 120
TAB = 8
FILE_WARN, FILE_FAIL = 600, 700
FUNCTION_FAIL = 70
SKIPPED = ("build/", ".git/", "tests/fuzz/corpus/")
# By what the name ends with: what the licence line may look like.
C_SPDX = ("/* SPDX-License-Identifier: MIT */", "// SPDX-License-Identifier: MIT")
HASH_SPDX = ("# SPDX-License-Identifier: MIT",)
SPDX = {".c": C_SPDX, ".h": C_SPDX, ".S": C_SPDX, ".lds": C_SPDX, ".py": HASH_SPDX, ".mk": HASH_SPDX,
        ".awk": HASH_SPDX, ".gdb": HASH_SPDX, ".config": HASH_SPDX, ".tbl": HASH_SPDX, ".yaml": HASH_SPDX}
NAMED_SPDX = {"Makefile": HASH_SPDX, "Kconfig": HASH_SPDX, "inittab": HASH_SPDX, "profile": HASH_SPDX,
              ".clang-format": HASH_SPDX, ".editorconfig": HASH_SPDX, ".gitignore": None}
TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(\(#\d+\))?")
# A row of a table in a comment cannot be broken.
TABLE_ROW = re.compile(r"^\s*\* \|")
RULER = re.compile(r"^(/\* -.*? )-+ \*/$")
WRONG_BASE = re.compile(r'^\s*#\s*include\s+"\.')


class Report:
    """What was found."""

    def __init__(self):
        self.errors = 0

    def error(self, path, line, text, fix):
        print(f"{path}:{line}: {text}\n  to mend it: {fix}", file=sys.stderr)
        self.errors += 1

    def warning(self, path, line, text):
        print(f"{path}:{line}: warning: {text}", file=sys.stderr)


def is_text(path):
    with path.open("rb") as file:
        return b"\0" not in file.read(4096)


def tree_files():
    for path in sorted(Path(".").rglob("*")):
        name = str(path)
        if path.is_file() and not path.is_symlink() and not name.startswith(SKIPPED) \
                and "__pycache__" not in name and ".pytest_cache" not in name and is_text(path):
            yield path


def check_spdx(path, lines, report):
    wanted = NAMED_SPDX.get(path.name, SPDX.get(path.suffix))
    if wanted is None and lines and lines[0].startswith("#!"):
        wanted = HASH_SPDX
    if wanted is None:
        return
    first = 1 if lines and lines[0].startswith("#!") else 0
    if len(lines) <= first or lines[first] not in wanted:
        report.error(path, first + 1, "the licence line is missing", f"the line is: {wanted[0]}")


def check_lines(path, lines, report):
    limit = MAX_COLUMNS if path.suffix in (".c", ".h", ".S") else MAX_COLUMNS_TEXT
    for number, line in enumerate(lines, 1):
        if path.suffix not in (".md", ".svg") and not TABLE_ROW.match(line) and len(line.expandtabs(TAB)) > limit:
            report.error(path, number, f"{len(line.expandtabs(TAB))} columns", f"at most {limit}")
        if line != line.rstrip():
            report.error(path, number, "space at the end of the line", "remove it")
        if "\r" in line:
            report.error(path, number, "carriage return", "lines end with a line feed alone")
        todo = TODO.search(line)
        if todo and path.name != "check_style.py" and (todo.group(1) != "TODO" or not todo.group(2)):
            report.error(path, number, f"{todo.group(1)} without an issue", "open one: TODO(#123)")
        if WRONG_BASE.match(line):
            report.error(path, number, "an include relative to the file", "write it from the root of the tree")


def check_length(path, lines, report):
    if path.suffix not in (".c", ".h", ".S", ".py"):
        return
    if len(lines) > FILE_FAIL:
        report.error(path, 1, f"{len(lines)} lines", f"at most {FILE_FAIL}: split it by subject")
    elif len(lines) > FILE_WARN:
        report.warning(path, 1, f"{len(lines)} lines; past {FILE_WARN} a file usually has two subjects")


def check_functions(path, lines, report):
    if path.suffix != ".c":
        return
    start = None
    for number, line in enumerate(lines, 1):
        # clang-format puts the braces of a function, and of nothing else with a ( before, in column 1.
        if line == "{" and number > 1 and not lines[number - 2].startswith(("struct", "union", "enum")):
            start = number
        elif line == "}" and start is not None:
            length = number - start - 1
            if length > FUNCTION_FAIL:
                report.error(path, start, f"a function of {length} lines",
                             f"at most {FUNCTION_FAIL}: it does two things")
            start = None


def check_header(path, lines, report):
    if path.suffix == ".h" and "#pragma once" not in lines:
        report.error(path, 1, "no #pragma once", "after the comment at the top")


def check_file(path, report):
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        report.error(path, 1, "not UTF-8", "convert it")
        return
    lines = text.split("\n")
    if text and not text.endswith("\n"):
        report.error(path, len(lines), "no newline at the end", "add it")
    elif text.endswith("\n\n"):
        report.error(path, len(lines) - 1, "an empty line at the end", "remove it")
    for check in (check_spdx, check_lines, check_length, check_functions, check_header):
        check(path, lines, report)


def fix_line(line):
    line = line.rstrip()
    ruler = RULER.match(line)
    if ruler and len(line) > MAX_COLUMNS:
        head, tail = ruler.group(1), " */"
        line = head + "-" * (MAX_COLUMNS - len(head) - len(tail)) + tail
    return line


def fix_file(path):
    text = path.read_text(encoding="utf-8")
    fixed = "\n".join(fix_line(line) for line in text.split("\n")).rstrip("\n") + "\n"
    if text and fixed != text:
        path.write_text(fixed, encoding="utf-8")


def main():
    arguments = sys.argv[1:]
    if arguments == ["--help"]:
        print(__doc__)
        return
    is_fix = arguments[:1] == ["--fix"]
    names = arguments[1:] if is_fix else arguments
    paths = [path for path in map(Path, names) if path.is_file()] or list(tree_files())
    report = Report()
    for path in paths:
        if is_fix:
            fix_file(path)
        else:
            check_file(path, report)
    if report.errors:
        sys.exit(f"style: {report.errors} errors")


if __name__ == "__main__":
    main()
