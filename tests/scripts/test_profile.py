# SPDX-License-Identifier: MIT
"""What scripts/profile.py makes of what the plugin wrote."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import profile  # noqa: E402  (they are found only now)

KERNEL = 0xffffffff80000000
NM = f"""0000000000010000 T main
0000000000010100 t helper
0000000000010100 t $x
0000000000010104 t .L1
0000000000012000 D data
{KERNEL:x} T trap_vector
{KERNEL + 0x100:x} T sys_stat
{KERNEL + 0x200:x} t lookup
"""
SYMBOLS = profile.Symbols(profile.parse_symbols(NM), 0x12000)
WRITTEN = f"""rounds 2
sfence 4
lines 10
10000 2
{KERNEL:x} 3
{KERNEL:x} 1
{KERNEL + 0x204:x} 6
80000010 a
seq
10000
{KERNEL:x}
"""


def test_functions_are_read_and_no_labels():
    assert profile.parse_symbols(NM) == [(0x10000, "main"), (0x10100, "helper"), (KERNEL, "trap_vector"),
                                         (KERNEL + 0x100, "sys_stat"), (KERNEL + 0x200, "lookup")]


@pytest.mark.parametrize("address, name, side", [
    (0x10000, "main", "user"), (0x100fe, "main", "user"), (0x10102, "helper", "user"),
    (0x8000, "(other user code)", "user"), (0x3f00000000, "(other user code)", "user"),
    (0x80000000, "(firmware)", "firmware"), (0x801ffffe, "(firmware)", "firmware"),
    (KERNEL + 0x1fe, "sys_stat", "kernel"), (KERNEL + 0x5000, "lookup", "kernel")])
def test_an_address_has_a_name_and_a_side(address, name, side):
    assert (SYMBOLS.name(address), profile.side(address)) == (name, side)


def test_what_the_plugin_wrote_is_added_up():
    read = profile.read_profile(WRITTEN)
    assert (read.rounds, read.events, read.sequence) == (2, {"sfence": 4, "lines": 16}, [0x10000, KERNEL])
    assert read.places == {0x10000: 2, KERNEL: 4, KERNEL + 0x204: 6, 0x80000010: 10}
    assert read.total == 22


def test_rows_that_follow_each_other_are_apart():
    first, second = profile.read_profiles(WRITTEN + "rounds 1\nawake4 1f\nawake1 2\n20000 21\n")
    assert first == profile.read_profile(WRITTEN) and first.awake == {}
    assert (second.rounds, second.awake, second.total) == (1, {4: 31, 1: 2}, 33)


def test_the_table_is_of_one_operation():
    lines = profile.format_table(profile.read_profile(WRITTEN), SYMBOLS, 2, 25).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["1.0", "user"], ["1.0", "1.00", "main"], ["5.0", "kernel"], ["3.0", "0.00", "lookup"],
        ["2.0", "2.00", "trap_vector"], ["5.0", "firmware"]]
    assert profile.format_events(profile.read_profile(WRITTEN), 2).startswith("2.00 sfence.vma, 0.00 fence.i")
    assert "8 lines of data" in profile.format_events(profile.read_profile(WRITTEN), 2)


def test_the_tree_follows_calls_returns_and_traps():
    main, trap, stat, lookup = 0x10000, KERNEL, KERNEL + 0x100, KERNEL + 0x200
    ran = [main, main + 4, trap, trap + 4, stat, lookup, lookup + 2, stat + 4, lookup, stat + 8, trap + 8, main + 8]
    root = profile.make_tree(ran, SYMBOLS)
    assert (root.total(), set(root.callees)) == (12, {"main", "trap_vector"})
    assert (root.callees["main"].own, root.callees["main"].calls) == (3, 2)
    called = root.callees["trap_vector"].callees["sys_stat"]
    assert (called.calls, called.own, called.total()) == (1, 3, 6)
    assert (called.callees["lookup"].calls, called.callees["lookup"].own) == (2, 3)
    shown = profile.format_tree(root, 1, 0.5).splitlines()
    assert [line.split()[-1] for line in shown[1:]] == ["trap_vector", "sys_stat"]


def test_traffic_is_of_one_operation():
    symbols = profile.Symbols([(KERNEL, profile.COPY), (KERNEL + 0x100, profile.CLEAR)], 0x12000)
    places = profile.Counter({KERNEL: 4, KERNEL + 2: 80, KERNEL + 0x100: 2, 0x10000: 114})
    counted = profile.Profile(2, {"sfence": 4, "fence": 1, "atomic": 0, "lines": 60}, places, [], {})
    run = profile.bench_report.read_run("cow_page 50 50 2\n")
    lines = profile.traffic_table({"cow": (run, counted)}, symbols).splitlines()
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells == ["`cow_page`", "50", "1", "0.25", "0", "1", "0.5", "30"]


def test_code_says_how_often_it_ran():
    text = f"\n{KERNEL + 0x200:x} <lookup>:\n{KERNEL + 0x200:x}:\tli\ta0,1\n{KERNEL + 0x204:x}:\tret\n"
    shown = profile.format_code(text, profile.read_profile(WRITTEN), 2).splitlines()
    assert [line.split() for line in shown] == [[f"{KERNEL + 0x200:x}", "<lookup>:"], ["li", "a0,1"], ["3.00", "ret"]]


@pytest.mark.parametrize("says, version", [
    ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)", 1), ("QEMU emulator version 9.0.1", 2),
    ("QEMU emulator version 9.1.0", 3), ("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)", 3)])
def test_the_interface_is_that_of_the_qemu(says, version):
    assert profile.plugin_version(says) == version


def test_the_marks_of_program_and_plugin_are_the_same():
    top = Path(__file__).parents[2]
    marks = "MARK_BEGIN = 1, MARK_END, MARK_FORGET, MARK_KEEP, MARK_WRITE }"
    assert marks in (top / "user/bench/counter.h").read_text(encoding="utf-8")
    assert marks in (top / "tests/bench/profile_plugin.c").read_text(encoding="utf-8")
