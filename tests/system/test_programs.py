# SPDX-License-Identifier: MIT
"""The programs of user/tests, which pass on Linux, pass here, and nothing leaks.

All of them with fork as it is configured; those whose sources say `modes: all` with each way of forking.
"""

from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[2] / "user/tests"
OTHER_MODES = ("page", "copy")


def programs_for_all_modes():
    return [path.stem for path in sorted(PROGRAMS.glob("*.c"))
            if "/* modes: all */" in path.read_text(encoding="utf-8")]


@pytest.mark.machines("virt", "virt-1", "virt-u54", "virt-release", "virt-llvm", "virt-svade", "sifive_u")
def test_user_programs(machine):
    shell = machine.boot()
    names = shell.run_check("ls -1 /tests")
    assert names
    run_all(shell, [f"/tests/{name}" for name in names])
    assert machine.power_off() == "none"


@pytest.mark.machines("virt", "virt-1")
@pytest.mark.parametrize("mode", OTHER_MODES)
def test_user_programs_in_other_fork_modes(machine, mode):
    """The program chooses the mode by its name: user/tests/lib/multi.c."""
    shell = machine.boot()
    shell.run_check(f"ln -s /tests/anon_zero /tmp/fork={mode}")
    names = programs_for_all_modes()
    assert names
    run_all(shell, [f"/tmp/fork={mode} {name}" for name in names])
    assert machine.power_off() == "none"


def run_all(shell, commands):
    failed = []
    for command in commands:
        out, _, code = shell.run(f"cd /tmp && {command}", timeout=1800)
        if code != 0:
            failed.append(f"{command}: exit status {code}\n" + "\n".join(out[-12:]))
    assert not failed, "\n".join(failed)
