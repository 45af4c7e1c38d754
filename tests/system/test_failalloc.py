# SPDX-License-Identifier: MIT
"""Every allocation of a program failing once (user/tests/lib/sweep.c): it ends, and nothing is lost.

A sample here; `make test-failalloc` takes every allocation of every program, `T=name` of one.
"""

import os

import pytest

# Program -> every how-manieth allocation fails.
SAMPLE = {"mmap_fixed": 5, "fork_isolation": 11, "rename_unlink_open": 11, "exec_script": 17, "file_shared_write": 11}


@pytest.mark.machines("virt")
def test_every_allocation_may_fail(machine):
    shell = machine.boot()
    wanted = os.environ.get("FAILALLOC")
    if wanted == "all":
        sample = {name: 1 for name in shell.run_check("ls -1 /tests")}
    elif wanted:
        sample = {wanted: 1}
    else:
        sample = SAMPLE
    shell.run_check("cd /tmp && ln -s /tests/anon_zero sweep")
    failed = []
    for name, step in sample.items():
        out, _, code = shell.run(f"cd /tmp && ./sweep {name} 1 {step}", timeout=300 if step > 1 else 7200)
        if code != 0:
            failed.append(f"{name}: " + "\n".join(out[-5:]))
    assert not failed, "\n".join(failed)
    assert machine.power_off() == "none"


@pytest.mark.machines("virt")
@pytest.mark.parametrize("nth", [1, 5, 20, 50, 100])
def test_an_allocation_of_the_boot_fails(machine, nth):
    """What the kernel cannot be without is named; the rest is missing, and nothing else."""
    machine.power_on(f"failalloc={nth}")
    _, match = machine.expect(r"Kernel panic: ([^\r\n]*)|heifer:~# ", timeout=60)
    if match.group(1):
        assert b"no memory" in match.group(1)
        machine.expect("end of panic")
