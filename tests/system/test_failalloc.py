# SPDX-License-Identifier: MIT
"""Every allocation of a program failing once (user/tests/lib/sweep.c): it ends, and nothing is lost.

A sample here; `make test-failalloc` takes every allocation of every program, `T=name` of one, and says of
each what it found.
"""

import os

import pytest

# Program -> every how-manieth allocation fails.
SAMPLE = {"mmap_fixed": 5, "fork_isolation": 11, "rename_unlink_open": 11, "exec_script": 17, "file_shared_write": 11,
          "mount_and_remount": 23}
# The same, where each failure passes and the system call is done again: the programs must succeed.
AGAIN = {"file_read_write": 7, "many_open_files": 17}


@pytest.mark.machines("virt", "virt-1")
def test_every_allocation_may_fail(machine, record_property):
    shell = machine.boot()
    wanted = os.environ.get("FAILALLOC")
    if wanted == "all":
        sample = {name: 1 for name in shell.run_check("ls -1 /tests")}
    elif wanted:
        sample = {wanted: 1}
    else:
        sample = SAMPLE
    commands = [f"{name} 1 {step}" for name, step in sample.items()]
    commands += [f"{name} 1 {step} again" for name, step in (sample if wanted else AGAIN).items()]
    shell.run_check("cd /tmp && ln -s /tests/anon_zero sweep")
    failed = []
    for command in commands:
        out, _, code = shell.run(f"cd /tmp && ./sweep {command}", timeout=7200 if wanted else 300)
        record_property("say", f"{machine.name}: {out[-1]}")
        if code != 0:
            failed.append(f"{command}: " + "\n".join(out[-5:]))
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
