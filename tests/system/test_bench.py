# SPDX-License-Identifier: MIT
"""The benchmark (user/bench) runs, verifies what it counts, and leaves nothing behind."""

import re

import pytest

BENCH = "/tests/.programs/bench"
RESULT = re.compile(r"(\w+) ([0-9]+) ([0-9]+) ([0-9]+)")
SKIPPED = re.compile(r"(\w+) skipped \S.*")
HEADER = re.compile(r"# unit (instructions|nanoseconds); Linux \S+, harts [0-9]+, free memory [0-9]+ MiB")
# Of every group and kind, none that takes long.
ROWS = ["fork_small", "fork_1M", "fork_to_child_1M", "fork_regions_1000", "fork_files_1000", "harts_2_*",
        "harts_4_*_shared", "fork_12G", "exec", "write_*_1M", "cow_takeover", "call", "file", "memory", "signal",
        "switch", "thread", "shell"]


@pytest.mark.machines("virt", "virt-1", "virt-32M")
def test_bench_verifies_what_it_counts(machine):
    shell = machine.boot()
    names = [line.split()[0] for line in shell.run_check(f"{BENCH} -l")]
    assert len(names) == len(set(names))
    out, _, code = shell.run(f"{BENCH} {' '.join(ROWS)}", timeout=1800)
    assert code == 0, "\n".join(out)
    assert HEADER.fullmatch(out[0])
    skipped = {match[1] for match in map(SKIPPED.fullmatch, out) if match}
    results = {match[1]: [int(n) for n in match.groups()[1:]] for match in map(RESULT.fullmatch, out) if match}
    assert len(out) == len(skipped) + len(results) + sum(line.startswith("#") for line in out), "\n".join(out)
    assert all(1 <= minimum <= median and rounds >= 1
               for name, (median, minimum, rounds) in results.items() if not name.endswith("_page")), results
    assert "fork_12G" in skipped
    assert ("harts_2_stat" in skipped) == ("harts_4_first_touch_shared" in skipped) == (machine.name == "virt-1")
    assert {"fork_small", "fork_exit_wait_small", "fork_exec_tiny", "posix_spawn_tiny", "null_call", "stat", "sigsegv",
            "first_touch_page", "sched_yield", "futex_round_trip", "thread_create_join",
            "shell_pipeline"} <= set(results)
    assert machine.power_off() == "none"


@pytest.mark.machines("virt-1")
def test_forkstat_counts_around_a_command(machine):
    shell = machine.boot()
    out, _, code = shell.run("/tests/.programs/forkstat sh -c 'sleep 0; exit 3' 2>&1")
    assert code == 3
    counters = {name: int(value) for name, value in map(str.split, out)}
    assert counters["fork_fences"] >= 1
    assert all(name.startswith("fork_") for name in counters)
    _, _, code = shell.run("/tests/.programs/forkstat /no/such/command")
    assert code == 127
    assert machine.power_off() == "none"
