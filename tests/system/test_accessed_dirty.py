# SPDX-License-Identifier: MIT
"""Harts that raise a page fault where others set A and D of an entry (rule T1), as the Unmatched's do.

They are a newer QEMU's: scripts/fetch_packages --qemu. The programs run there in test_programs.py.
"""

import pytest


@pytest.mark.machines("sifive_u-svade")
def test_the_boards_harts_come_to_the_prompt_and_go_off(machine):
    shell = machine.boot()
    assert shell.run_check("grep -c ^processor /proc/cpuinfo") == ["4"]
    assert machine.power_off() == "none"
