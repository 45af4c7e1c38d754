# SPDX-License-Identifier: MIT
"""The programs of user/tests, which pass on Linux, pass here: in each fork mode, and nothing leaks."""

import pytest


@pytest.mark.machines("virt", "virt-1", "sifive_u")
@pytest.mark.qemu("gives the kernel a command line")
def test_user_programs_fork_copy(machine):
    run_all(machine, "fork=copy")


@pytest.mark.machines("virt", "virt-1", "virt-u54", "virt-release", "virt-llvm", "virt-svade", "sifive_u")
def test_user_programs(machine):
    run_all(machine, "")  # fork=table, as configured


def run_all(machine, boot_args):
    shell = machine.boot(boot_args)
    names = shell.run_check("ls -1 /tests")
    assert names
    failed = []
    for name in names:
        out, _, code = shell.run(f"cd /tmp && /tests/{name}", timeout=300)
        if code != 0:
            failed.append(f"{name}: exit status {code}\n" + "\n".join(out[-12:]))
    assert not failed, "\n".join(failed)
    assert machine.power_off() == "none"
