# SPDX-License-Identifier: MIT
"""What scripts/bench_harts.py makes of rows and profiles of several harts."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import bench_harts  # noqa: E402  (they are found only now)
import profile  # noqa: E402
from bench_report import Row  # noqa: E402

KERNEL = 0xffffffff80000000
SYMBOLS = profile.Symbols([(KERNEL, "spin_wait"), (KERNEL + 0x100, "walk_begin"), (KERNEL + 0x200, "lock_slowly")])
CODE = f"""{KERNEL + 0x100:x} <walk_begin>:
{KERNEL + 0x104:x}:\tmv\tt1,s1
{KERNEL + 0x110:x}:\tjal\tt0,{KERNEL:x} <call_aside_registers>
{KERNEL + 0x114:x}:\tret
"""
TITLES = {"linux": "Linux", "heifer": "Heifer"}


def make_profile(places, awake):
    return profile.Profile(2, {}, profile.Counter(places), [], awake)


def test_who_waits_is_found_in_the_code():
    assert bench_harts.read_waits(CODE) == [KERNEL + 0x110]


def test_a_cost_is_of_one_operation():
    # Two rounds of 5 operations of 100 instructions.
    places = {KERNEL: 200, KERNEL + 0x110: 10, KERNEL + 0x200: 5, 0x10000: 785}
    counts = make_profile(places, {1: 200, 4: 800})
    cost = bench_harts.cost_of(Row(100, 100, 2), counts, SYMBOLS, [KERNEL + 0x110])
    assert (cost.instructions, cost.spinning, cost.waits) == (100, 20, 0.5)
    assert cost.rate == 10 / 400 and cost.waiters == {"walk_begin": 1}
    peer = bench_harts.cost_of(Row(100, 100, 2), counts, None, [KERNEL + 0x110])
    assert (peer.spinning, peer.waits, peer.waiters) == (0, 0, {})


@pytest.mark.parametrize("awake", [{0: 1, 1: 9}, {5: 10}])
def test_harts_that_cannot_be_awake_are_an_error(awake):
    with pytest.raises(SystemExit, match="awake"):
        bench_harts.cost_of(Row(10, 10, 1), make_profile({0x10000: 20}, awake), None, [])


def make_cost(instructions, rate, spinning=0.0, waits=0.0, waiters=()):
    return bench_harts.Cost(instructions, rate, spinning, waits, profile.Counter(dict(waiters)))


COSTS = {
    "linux": {"harts_1_stat": make_cost(3000, 0.001), "harts_2_stat": make_cost(3100, 0.002)},
    "heifer": {"harts_1_stat": make_cost(1000, 0.002), "harts_2_stat": make_cost(1100, 0.003),
               "harts_4_stat": make_cost(2000, 0.004, 900.4, 0.25, {"walk_begin": 1, "other": 0.004})},
}


def test_the_table_has_a_line_for_each_operation():
    lines = bench_harts.table(TITLES, COSTS, "heifer").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len(lines) == 3 and cells[2] == ["`stat`", "3 000", "3 100", "–", "2.0x", "–", "1 000", "1 100", "2 000",
                                            "1.5x", "2.0x", "900", "0.25"]


def test_who_waits_is_named_for_the_most_harts():
    assert bench_harts.waiters(COSTS["heifer"]) == "- `stat`: `walk_begin` 1"


def test_every_row_of_the_program_is_one_of_a_number_of_harts():
    text = (Path(__file__).parents[2] / "user/bench/rows_harts.c").read_text(encoding="utf-8")
    assert '"harts_" #count "_" title' in text
    assert all(f"ON_HARTS({harts}, title" in text for harts in bench_harts.HARTS)
    assert bench_harts.ROW.fullmatch("harts_4_mmap_munmap_shared").groups() == ("4", "mmap_munmap_shared")
