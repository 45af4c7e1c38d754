# SPDX-License-Identifier: MIT
"""Mutants of tests/host/interleave: what is changed, and what happens when the text is no longer there."""

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parent.parent / "host/interleave/try_mutant"
LOADER = importlib.machinery.SourceFileLoader("try_mutant", str(PATH))
try_mutant = importlib.util.module_from_spec(importlib.util.spec_from_loader("try_mutant", LOADER))
LOADER.exec_module(try_mutant)

LIST = """# comment

== first: something
file a.c
-	one
-	two
+	2
-	three
+	3

== second: something else
run late
""".splitlines()


def test_edits_are_those_of_the_mutant_alone():
    mutant = try_mutant.read_mutant(LIST, "first")
    assert mutant.file == "a.c"
    assert try_mutant.apply_edits("\tone\n\ttwo\n\tthree\n", mutant.edits, "a.c") == "\t2\n\t3\n"
    assert try_mutant.read_mutant(LIST, "second").arguments == ["late"]


@pytest.mark.parametrize("text", ["\tone\n", "\tone\n\ttwo\n\tone\n\ttwo\n\tthree\n"])
def test_text_that_is_not_there_once_is_an_error(text):
    mutant = try_mutant.read_mutant(LIST, "first")
    with pytest.raises(SystemExit, match="mend mutants.txt"):
        try_mutant.apply_edits(text, mutant.edits, "a.c")


def test_unknown_name_is_an_error():
    with pytest.raises(SystemExit, match="no mutant is called third"):
        try_mutant.read_mutant(LIST, "third")


def test_every_mutant_of_the_list_fits_the_sources():
    root = PATH.parent.parent.parent.parent
    lines = try_mutant.LIST.read_text().splitlines()
    for line in lines:
        if line.startswith("== "):
            mutant = try_mutant.read_mutant(lines, line[3:].split(":")[0])
            if mutant.file is not None:
                try_mutant.apply_edits((root / mutant.file).read_text(), mutant.edits, mutant.file)
