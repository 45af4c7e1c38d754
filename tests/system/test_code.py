# SPDX-License-Identifier: MIT
"""Whoever stores code has every hart fetch it anew (rule T23), seen in the trace: QEMU's harts always would."""

import re

import pytest

EVENT = re.compile(r"\[ *\d+\.\d{6}\] \d +(\d+) (\w+) +(.*)")
FENCE = re.compile(r"count=(\d+) harts=(0x[0-9a-f]+)")

# What the thread did last before the fence: the number of a system call, the access that faulted. The copied
# page is first written at its word 100. exec brings in the page that a program begins in.
CAUSES = {
    "riscv_flush_icache": r"syscall number=259 ",
    "mprotect": r"syscall number=226 ",
    "a fresh page": r"fault access=1 address=0x\w+000 ",
    "a copied page": r"fault access=1 address=0x\w+190 ",
    "a new program": r"syscall number=221 ",
}


@pytest.mark.machines("virt", "virt-1", "sifive_u")
def test_each_way_to_store_code_fences_every_hart(booted):
    run = booted.shell.run_check
    harts = int(run("grep -c ^processor /proc/cpuinfo")[0])
    run("cd /tmp; echo code,exec,fault,syscall > /proc/trace; /tests/code_is_fetched_fresh > /tmp/out; "
        "echo none > /proc/trace")
    assert run("grep -c '^ok' /tmp/out; rm /tmp/out") == ["5"]
    last, seen, fences = {}, set(), 0
    for thread, kind, what in (m.groups() for m in map(EVENT.match, run("cat /proc/trace")) if m):
        if kind != "code":
            last[thread] = f"{kind} {what} "
            continue
        count, mask = FENCE.match(what).groups()
        assert (int(count), int(mask, 16)) == (harts, (1 << harts) - 1), what
        seen |= {name for name, cause in CAUSES.items() if re.match(cause, last.get(thread, ""))}
        fences += 1
    assert seen == set(CAUSES)
    # Each system call, also the vDSO's, each mprotect, three fresh pages, a copied one, the program.
    assert fences >= 2 * harts + 1 + 3 + 3 + 1 + 1
