# SPDX-License-Identifier: MIT
"""Harts that raise a page fault where others set A and D of an entry (rule T1), as the Unmatched's do.

They are a newer QEMU's: scripts/fetch_packages --qemu. The programs run there in test_programs.py.
"""

import re

import pytest
from conftest import plain


@pytest.mark.machines("sifive_u-svade")
def test_the_boards_harts_come_to_the_prompt_and_go_off(machine):
    shell = machine.boot()
    assert shell.run_check("grep -c ^processor /proc/cpuinfo") == ["4"]
    assert machine.power_off() == "none"


@pytest.mark.machines("virt-svade", "sifive_u-svade")
def test_the_fault_comes_and_is_mended_for_a_program(machine):
    """So what else runs on these machines runs without a fault of this kind."""
    shell = machine.boot()
    assert shell.run("dmesg | grep 'lacked A or D'")[2] == 1
    shell.run_check("echo user-page-without-bits > /proc/provoke")
    log = "\n".join(shell.run_check("dmesg"))
    assert re.search(r"lacked A or D.*access 0\b.*\n.*load without A: the hart faulted\n"
                     r".*lacked A or D.*access 1\b.*\n.*store without D: the hart faulted\n"
                     r".*lacked A or D.*access 2\b", log), log
    assert machine.power_off() == "none"


@pytest.mark.machines("virt-svade")
def test_the_fault_comes_and_is_named_in_the_kernel(machine):
    machine.boot()
    machine.console.sendline("echo kernel-page-without-bits > /proc/provoke")
    report = plain(machine.expect(r"---\[ end of panic \]---")[0])
    assert re.search(r"Kernel panic: kernel fault: store at provoke_kernel_page_without_bits\+.*"
                     r"whose entry lacks A or D", report), report
