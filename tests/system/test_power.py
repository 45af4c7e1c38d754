# SPDX-License-Identifier: MIT
"""The ends of the machine: power off, reboot, PID 1's end, a panic on purpose."""

import pytest
from conftest import BANNER, plain


def test_power_off_finds_no_leaks(machine):
    shell = machine.boot()
    shell.run_check("ls -lR / > /tmp/list; (sleep 100 &); mkdir -p /tmp/a/b; cp /bin/busybox /tmp/a/b/")
    assert machine.power_off() == "none"
    if not machine.is_sifive_u:
        assert machine.console.exited_within(10)


@pytest.mark.machines("virt", "sifive_u")
def test_reboot_comes_back(machine):
    machine.boot()
    machine.console.sendline("reboot")
    machine.expect("leaks: none", timeout=60)
    machine.expect(BANNER, timeout=30)
    machine.expect_prompt(timeout=60)


@pytest.mark.machines("virt", "virt-1")
def test_the_end_of_init_is_the_end_of_the_system(machine):
    machine.start("init=/bin/true")
    machine.expect("leaks: none", timeout=30)


@pytest.mark.machines("virt")
def test_no_init_says_what_to_do(machine):
    machine.start("init=/no/such/init rdinit=/none")
    before, _ = machine.expect(r"no init[^\r\n]*", timeout=30)
    assert "Backtrace" not in plain(before)


@pytest.mark.machines("virt", "sifive_u")
def test_panic_tells_all(machine):
    machine.boot()
    machine.console.sendline("echo c > /proc/sysrq-trigger")
    before, _ = machine.expect(r"---\[ end of panic \]---")
    text = plain(before)
    assert "panic" in text
    # Registers by name, and a backtrace that names functions on the way from the system call.
    assert " ra " in text and " sp " in text and " s0 " in text
    assert "Backtrace" in text and "sys_write" in text
