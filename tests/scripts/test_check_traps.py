# SPDX-License-Identifier: MIT
"""What scripts/check_traps.py says about a table of traps, or of hazards."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import check_traps  # noqa: E402  (it is found only now)

TREE = {
    "mm/fault.c": "/* old_name() is gone */\nstatic int serve(struct fault *f)\n{\n\tcalled(f);\n}\n#define LIMIT 5\n"
    "static const struct run runs[] = {\n\t{ \"a-run\", 1 },\n",
    "boot/head.S": "\t.macro save\n_start:\n\tj boot\n",
    "tests/host/test_fault.c": "static void fault_is_served(void **state)\n",
    "tests/system/test_boot.py": "def helper():\n    pass\n\n\ndef test_it_boots(machine):\n    helper()\n",
    "tests/system/qemu.yaml": "targets:\n  virt-1:\n    drivers:\n",
    "user/tests/fork_chain.c": "static void each_writes(void)\n",
    "scripts/check_binary.py": "class Binary:\n    def check_code(self):\n        pass\n",
    "board/card.cfg": "bootable = true\n",
}
CODE = "`mm/fault.c:serve`"
GUARD = "`tests/system/test_boot.py:test_it_boots`"


@pytest.fixture
def tree(tmp_path):
    for path, text in TREE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def errors_of(tree, *rows):
    table = check_traps.TRAPS._replace(last=len(rows))
    return check_traps.check("| | trap | code | guard |\n|---|---|---|---|\n" + "\n".join(rows), table, tree)


@pytest.mark.parametrize("code, guard", [
    (CODE, GUARD),
    ("`mm/fault.c:a-run`", GUARD),
    ("`mm/fault.c:LIMIT` and more", "words, `tests/host/test_fault.c:fault_is_served`, and `-mword`"),
    ("`boot/head.S:_start`, `boot/head.S:save`", "`scripts/check_binary.py:check_code`"),
    (CODE, "`user/tests/fork_chain.c`"),
    ("`board/card.cfg:bootable`", "machine `tests/system/qemu.yaml:virt-1`"),
    ("none: there is no device of that kind", "not testable here: only silicon would show it"),
    ("`mm/fault.c`, for `/reserved-memory`", GUARD),
])
def test_a_row_that_is_right_passes(tree, code, guard):
    assert errors_of(tree, f"| T1 | it traps | {code} | {guard} |") == []


@pytest.mark.parametrize("code, guard, answer", [
    ("`mm/gone.c:serve`", GUARD, "no file mm/gone.c"),
    ("`mm/fault.c:old_name`", GUARD, "mm/fault.c defines no old_name"),
    ("`mm/fault.c:called`", GUARD, "mm/fault.c defines no called"),
    ("`mm/fault.c:serv`", GUARD, "mm/fault.c defines no serv"),
    ("`mm/fault.c:run`", GUARD, "mm/fault.c defines no run"),
    ("`boot/head.S:boot`", GUARD, "boot/head.S defines no boot"),
    (CODE, "`tests/system/test_boot.py:test_it_flies`", "defines no test_it_flies"),
    (CODE, "`tests/system/test_boot.py:helper`", "helper is no test"),
    (CODE, "`tests/system/test_boot.py`", "by which test"),
    (CODE, "`tests/system/qemu.yaml:virt-2`", "defines no virt-2"),
    (CODE, "`mm/fault.c:serve`", "name a test or a gate"),
    (CODE, "somebody looked at it", "name a test or a gate"),
    (CODE, "not testable here: no", "name a test or a gate"),
    (CODE, "`tests/system/test_boot.py test_it_boots`", "is no FILE and no FILE:NAME"),
    ("all of it", GUARD, "name a place in the code"),
    ("none: why", GUARD, "name a place in the code"),
    ("", GUARD, "a row is"),
    (CODE, f"{GUARD} | more", "a row is"),
])
def test_a_row_that_is_wrong_is_named(tree, code, guard, answer):
    errors = errors_of(tree, f"| T1 | it traps | {code} | {guard} |")
    assert any(error.startswith("T1: ") and answer in error for error in errors), errors


@pytest.mark.parametrize("numbers, answer", [
    ([1, 2, 4], "missing: ['T3']"), ([1, 2, 2], "more than once: ['T2']"), ([2, 1, 3], "in their order"),
    ([1, 2, 65], "unknown: ['T65']"),
])
def test_every_number_stands_once_in_its_place(tree, numbers, answer):
    rows = [f"| T{n} | it traps | {CODE} | {GUARD} |" for n in numbers]
    assert len(errors := errors_of(tree, *rows)) == 1 and answer in errors[0]
    assert errors_of(tree, *[f"| T{n} | it traps | {CODE} | {GUARD} |" for n in (1, 2, 3)]) == []


@pytest.mark.parametrize("row, answer", [
    (f"| H1 | it hurts | a rule | {CODE} | {GUARD} |", None),
    (f"| H1 | it hurts | {CODE} | {GUARD} |", "a row is: number, hazard, rule, code, guard"),
    (f"| H1 | it hurts | `mm/gone.c` | {CODE} | {GUARD} |", "no file mm/gone.c"),
    (f"| H1 | it hurts | a rule | somewhere | {GUARD} |", "name a place in the code"),
    (f"| H1 | it hurts | a rule | {CODE} | nobody looks |", "name a test or a gate"),
])
def test_a_row_of_hazards_has_a_rule_as_well(tree, row, answer):
    errors = check_traps.check(row, check_traps.HAZARDS._replace(last=1), tree)
    assert errors == [] if answer is None else len(errors) == 1 and answer in errors[0]


@pytest.mark.parametrize("table, last", [(check_traps.TRAPS, 64), (check_traps.HAZARDS, 26)])
def test_the_documents_are_right_and_have_all_of_them(table, last):
    text = (check_traps.TOP / table.document).read_text(encoding="utf-8")
    assert check_traps.check(text, table) == []
    assert table.last == last


@pytest.mark.parametrize("line, answer", [
    ("`mm/fault.c`, `mm/*.c`, `mm/<name>.c`, `user/tests/...`, [it](mm/fault.c#top), [web](https://a.org/)", None),
    ("`mm/gone.c`", "1: there is no mm/gone.c"),
    ("`host/none`, mm/gone.c unquoted, `/mm/gone.c`", None),
    ("[it](mm/gone.c)", "the link to mm/gone.c leads nowhere"),
    ("```\n a_caller -> old_name   mm/fault.c   why", None),
    ("```\n old_name -> new_name   mm/fault.c", "2: new_name is not in mm/fault.c"),
    ("```\n mm/fault.c   new_name()", "new_name is not in mm/fault.c"),
    ("```\n new_name   nowhere\n```\nnew_name and `mm/fault.c`", None),
])
def test_what_a_document_names_is_there(tree, line, answer):
    errors = check_traps.check_names(line, tree, tree)
    assert errors == [] if answer is None else [answer in error for error in errors] == [True]
