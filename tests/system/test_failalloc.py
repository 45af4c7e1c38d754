# SPDX-License-Identifier: MIT
"""Every allocation of a program failing once (user/tests/lib/sweep.c): it ends, and nothing is lost.

Of a few programs here, once for each chain of calls that leads to one. `make test-failalloc` does it with all
programs, in each mode of fork; `T=name` with every allocation of one. They say of each what they found.
"""

import os
import time
from pathlib import Path

import pytest

SAMPLE = ["mmap_fixed", "fork_isolation", "fork_sparse_writes", "rename_unlink_open", "exec_script",
          "file_shared_write", "mount_and_remount"]
# The same, where each failure passes and the system call is done again: the programs must succeed.
AGAIN = ["file_read_write"]

# A program whose source says so sees the lack all the same, and why: its system call has another answer than ENOMEM,
# which alone is done again.
SHOWS = "/* lack shows: "

WANTED = os.environ.get("FAILALLOC")  # "all", or the name of a program
FORKS = ["fork=page", "fork=table"] if WANTED == "all" else [""]


def quickest_first(shell):
    """All programs, so that the slow ones find most chains done; but for those that make allocations fail themselves,
    and so take back what the sweep has chosen."""
    seconds = {}
    for source in Path("user/tests").glob("*.c"):
        if "fail-nth" in source.read_text(encoding="utf-8"):
            continue
        begun = time.monotonic()
        shell.run(f"/tests/{source.stem}", timeout=1800)
        seconds[source.stem] = time.monotonic() - begun
    return sorted(seconds, key=seconds.get)


def does_lack_show(name):
    return SHOWS in Path(f"user/tests/{name}.c").read_text(encoding="utf-8")


def what_to_sweep(shell):
    """Command lines, in order."""
    if WANTED and WANTED != "all":
        return [f"./sweep {WANTED}", *([] if does_lack_show(WANTED) else [f"./sweep {WANTED} 1 1 again"])]
    programs = quickest_first(shell) if WANTED else SAMPLE
    again = programs if WANTED else AGAIN
    return [*(f"./sweep {name} chain" for name in programs), "echo forget >/proc/fail-nth",
            *(f"./sweep {name} chain again" for name in again if not does_lack_show(name))]


@pytest.mark.machines("virt", "virt-1")
@pytest.mark.parametrize("fork", FORKS)
def test_every_allocation_may_fail(machine, fork, record_property):
    shell = machine.boot(fork)
    shell.run_check("cd /tmp && ln -s /tests/anon_zero sweep")
    failed = []
    for command in what_to_sweep(shell):
        out, _, code = shell.run(f"cd /tmp && {command}", timeout=7200 if WANTED else 1800)
        if out:
            record_property("say", f"{machine.name} {fork}: {out[-1]}")
        if code != 0:
            failed.append(f"{command}: " + "\n".join(out))
    assert not failed, "\n".join(failed)
    assert machine.power_off() == "none"


@pytest.mark.machines("virt")
@pytest.mark.parametrize("nth", [1, 5, 20, 50, 100])
def test_an_allocation_of_the_boot_fails(machine, nth):
    """What the kernel cannot be without is named; the rest is missing, and nothing else."""
    machine.power_on(f"failalloc={nth}")
    _, match = machine.expect(r"Kernel panic: ([^\r\n]*)|heifer:~# ")
    if match.group(1):
        assert b"no memory" in match.group(1)
        machine.expect("end of panic")
