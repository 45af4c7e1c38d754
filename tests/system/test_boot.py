# SPDX-License-Identifier: MIT
"""Coming up: what the command line says, and device trees that lack something."""

import pytest
from conftest import plain
from device_tree import Tree
from pexpect import TIMEOUT


@pytest.mark.machines("virt")
def test_a_tree_without_memory_ends_in_one_line(machine, tmp_path):
    machine.start(device_tree=Tree(tmp_path).remove("/memory@80000000").path)
    machine.expect(r"Heifer cannot start: the device tree lists no memory\r\n")
    with pytest.raises(TIMEOUT):
        machine.expect(r".", timeout=2)


@pytest.mark.machines("virt")
def test_without_an_interrupt_controller_the_firmware_is_the_console(machine, tmp_path):
    shell = machine.boot(device_tree=Tree(tmp_path).remove("/soc/plic@c000000").path)
    assert shell.run_check("echo works") == ["works"]
    assert "hvc0" in plain("\n".join(shell.run_check("tty; ls /dev")))


@pytest.mark.machines("virt", "sifive_u")
def test_maxcpus_and_mem_are_obeyed(machine):
    shell = machine.boot("maxcpus=2 mem=128M")
    assert shell.run_check("grep -c ^processor /proc/cpuinfo") == ["2"]
    total = int(shell.run_check("grep MemTotal /proc/meminfo")[0].split()[1])
    assert 96 * 1024 < total <= 128 * 1024


@pytest.mark.machines("virt")
def test_what_the_kernel_does_not_know_goes_to_init(machine):
    shell = machine.boot("answer=42")
    assert "answer=42" in shell.run_check("tr '\\000' '\\n' < /proc/1/environ")


@pytest.mark.machines("virt")
def test_unknown_calls_are_named_once(machine):
    shell = machine.boot("loglevel=8")
    shell.run_check("/tests/unknown_syscall_enosys; /tests/unknown_syscall_enosys")
    numbers = [line.rsplit("(", 1)[1] for line in shell.run_check("dmesg | grep 'no system call'")]
    assert numbers and len(numbers) == len(set(numbers))
