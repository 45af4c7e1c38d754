# SPDX-License-Identifier: MIT
"""The system call fuzzer (user/fuzz): whatever programs ask for, the system goes on and nothing leaks."""

import time

import pytest

SECONDS = 50
WORKERS = 6


@pytest.mark.machines("virt", "virt-1")
def test_random_system_calls(machine, record_property):
    shell = machine.boot()
    seed = int(time.time())
    command = f"/tests/.programs/sysfuzz seed={seed} procs={WORKERS}"
    record_property("say", f"{machine.name}: {command}")
    # Faults of sessions are no news; what the kernel says of itself, and the verdict, is.
    out, _, code = shell.run(f"{command} seconds={SECONDS}", timeout=SECONDS + 1800)
    assert code == 0, f"again: {command}\n" + "\n".join(out[-30:])
    assert machine.power_off() == "none", f"again: {command}"
