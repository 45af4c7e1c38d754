#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check what the documents name: every trap has its row, and files and functions are there.

usage: check_traps.py

The traps of the board are T1 to T64 in docs/boards/unmatched-traps.md; those of fork, called hazards, are H1 to H26
in docs/fork.md, where a row says what holds before it says where.

- the rows stand in their order, once each, with these cells: number, trap, (what holds,) code, guard
- what is quoted with a slash is a file, or FILE:NAME of what that file defines: a function, macro, label, class,
  machine, setting, row of an array
- the code is such a place, or "none: " and why
- the guard is at least one test (tests/, user/tests/) or gate of lint (scripts/check_*), by its name, except where
  a program of user/tests is meant as a whole; or "not testable here: " and why

In every document the files that are linked or quoted are there; and in a diagram, which is where functions stand
beside their files, the function next to a file is named in it.
"""

import re
import sys
from collections import namedtuple
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
Table = namedtuple("Table", "document letter last cells")
TRAPS = Table("docs/boards/unmatched-traps.md", "T", 64, ("trap", "code", "guard"))
HAZARDS = Table("docs/fork.md", "H", 26, ("hazard", "rule", "code", "guard"))
REASON_MIN = 20  # characters; less explains nothing

ROW = re.compile(r"^\| *([A-Z]\d+) *\|(.*)\|$")
QUOTED = re.compile(r"`([^`]+)`")
REFERENCE = re.compile(r"([\w.-]+(?:/[\w.-]+)+)(?::([\w-]+))?")
GUARD = re.compile(r"tests/|user/tests/|scripts/check_")

FENCE = "```"
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
FOLDERS = "arch|board|docs|drivers|fs|kernel|lib|mm|scripts|tests|user"
PATH = re.compile(rf"(?<![\w/.@-])((?:{FOLDERS})/[\w./-]*\w)(?![\w<*{{])")
SOURCE = re.compile(r"\.[chS]$")
FUNCTION = r"\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b"
BEFORE, BEHIND = re.compile(FUNCTION + r"(?:\(\))? +$"), re.compile("^ +" + FUNCTION)
EXAMPLE = "sched_get_priority_max"  # which the tutorial's reader writes

# What defines NAME in a file of a kind, as patterns for a line; None: the word stands there.
C_DEFINITION = (r"^(?![\s#/*])[^;\n]*\b{}\b *[\[(=]", r"^#define {}\b", r"^struct {} {{$", r'^\t{{ "{}",')
DEFINITIONS = {
    ".c": C_DEFINITION, ".h": C_DEFINITION,
    ".S": (r"^{}:", r"^\s*\.macro {}\b"),
    ".py": (r"^\s*def {}\(", r"^class {}\b", r"^{} *="),
    ".yaml": (r"^\s+{}:",),
}


def defines(path, name):
    patterns = DEFINITIONS.get(path.suffix, (r"\b{}\b",))
    text = path.read_text(encoding="utf-8")
    return any(re.search(pattern.format(re.escape(name)), text, re.MULTILINE) for pattern in patterns)


def check_reference(path, name, top):
    """What is wrong with it, or None."""
    file = top / path
    if not file.is_file():
        return f"there is no file {path}"
    if name and not defines(file, name):
        return f"{path} defines no {name}"
    is_pytest = path.startswith("tests/") and path.endswith(".py") and "/test_" in path
    if is_pytest and name and not name.startswith("test_"):
        return f"{path}:{name} is no test: pytest runs functions called test_..."
    return None


def references(cell):
    """(references, what looks like one and is none)."""
    found, odd = [], []
    for quoted in QUOTED.findall(cell):
        if "/" not in quoted or quoted.startswith("/"):
            continue
        match = REFERENCE.fullmatch(quoted)
        if match:
            found.append(match.groups())
        else:
            odd.append(quoted)
    return found, odd


def is_reason(cell, word):
    return cell.startswith(word) and len(cell) - len(word) >= REASON_MIN


def check_row(number, cells, titles, top):
    """What is wrong with the row."""
    if len(cells) != len(titles) or not all(cells):
        return [f"{number}: a row is: number, {', '.join(titles)}"]
    errors = []
    places = {}
    for title, cell in zip(titles, cells):
        places[title], odd = references(cell)
        errors += [f"{number}: `{text}` is no FILE and no FILE:NAME" for text in odd]
        problems = (check_reference(path, name, top) for path, name in places[title])
        errors += [f"{number}: {problem}" for problem in problems if problem]
    if not places["code"] and not is_reason(cells[-2], "none: "):
        errors.append(f"{number}: name a place in the code, or write \"none: \" and why")
    guards = [(path, name) for path, name in places["guard"] if GUARD.match(path)]
    if not guards and not is_reason(cells[-1], "not testable here: "):
        errors.append(f"{number}: name a test or a gate of lint, or write \"not testable here: \" and why")
    errors += [f"{number}: {path} guards by which test? write {path}:NAME" for path, name in guards
               if not name and not path.startswith("user/tests/")]
    return errors


def check(text, table, top=TOP):
    rows = [match.groups() for match in map(ROW.match, text.splitlines()) if match]
    numbers = [number for number, _ in rows]
    errors = []
    wanted = [f"{table.letter}{n}" for n in range(1, table.last + 1)]
    if numbers != wanted:
        missing = [n for n in wanted if n not in numbers]
        twice = sorted({n for n in numbers if numbers.count(n) > 1})
        unknown = [n for n in numbers if n not in wanted]
        errors.append(f"rows {wanted[0]} to {wanted[-1]} are to stand in their order, once each; missing: {missing}, "
                      f"more than once: {twice}, unknown: {unknown}")
    for number, rest in rows:
        errors += check_row(number, [cell.strip() for cell in rest.split("|")], table.cells, top)
    return errors


def check_step(line, paths, top):
    """Of a diagram: the function right before the files, or else right behind, is in one of them."""
    sources = [path for path in paths if SOURCE.search(path) and (top / path).is_file()]
    if not sources:
        return []
    before, _, behind = line.partition(sources[0])
    name = BEFORE.search(before) or BEHIND.search(behind)
    text = "".join((top / path).read_text(encoding="utf-8") for path in sources)
    if name is None or re.search(rf"\b{name[1]}\b", text):
        return []
    return [f"{name[1]} is not in {', '.join(sources)}"]


def check_names(text, folder, top=TOP):
    """Of a whole document, whose links begin at @folder."""
    errors, fenced = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(FENCE):
            fenced = not fenced
        if EXAMPLE in line:
            continue
        paths = PATH.findall(line if fenced else " ".join(QUOTED.findall(line)))
        found = [f"there is no {path}" for path in paths if not (top / path).exists()]
        if fenced:
            found += check_step(line, paths, top)
        else:
            found += [f"the link to {link} leads nowhere" for link in LINK.findall(line)
                      if not (folder / link).exists()]
        errors += [f"{number}: {error}" for error in found]
    return errors


def documents(top=TOP):
    return sorted(path for folder in (".", "docs", "board", "tests/commands")
                  for path in (top / folder).glob("*.md" if folder == "." else "**/*.md"))


def main():
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    errors = []
    for table in (TRAPS, HAZARDS):
        text = (TOP / table.document).read_text(encoding="utf-8")
        errors += [f"{table.document}: {error}" for error in check(text, table)]
    for path in documents():
        found = check_names(path.read_text(encoding="utf-8"), path.parent)
        errors += [f"{path.relative_to(TOP)}:{error}" for error in found]
    if errors:
        sys.exit("\n".join(errors))


if __name__ == "__main__":
    main()
