# SPDX-License-Identifier: MIT
"""Coming up: what the command line says, and device trees that lack something."""

import re

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


@pytest.mark.machines("virt", "virt-svade")
def test_without_an_interrupt_controller_the_firmware_is_the_console(machine, tmp_path):
    """By the debug console's calls where the firmware has them, by the old ones elsewhere: QEMU 7.2's (T37)."""
    # The tree is that of harts with Sstc, which newer firmware believes.
    options = ["-cpu", "rv64,svade=true,svadu=false"] if machine.name == "virt-svade" else []
    shell = machine.boot(device_tree=Tree(tmp_path).remove("/soc/plic@c000000").path, options=options)
    if machine.name == "virt-svade":
        shell.run_check("dmesg | grep 'SBI .* DBCN'")
    assert shell.run_check("echo works") == ["works"]
    assert "hvc0" in plain("\n".join(shell.run_check("tty; ls /dev")))


@pytest.mark.machines("virt", "sifive_u")
@pytest.mark.qemu("gives the kernel a command line")
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


@pytest.mark.machines("virt", "virt-1", "virt-u54", "sifive_u")
def test_the_log_tells_a_helper_about_the_machine(machine):
    shell = machine.boot()
    lines = shell.run_check("dmesg | sed '/init: running/q'")
    assert len(lines) < 30
    seconds = [float(line[1:].split("]")[0]) for line in lines]
    assert seconds == sorted(seconds) and seconds[-1] > 0
    log = "\n".join(line.split("] ", 1)[1] for line in lines)
    assert re.search(r"^Heifer \S+ \(\w+\)$", log, re.M)
    assert re.search(r"^machine: \S.* \(\S+\)$", log, re.M)
    assert re.search(r"^SBI \d+\.\d+, implementation \d+ version 0x[0-9a-f]+:( [A-Z]+)+$", log, re.M)
    boot_hart = int(re.search(r"^boot hart (\d+): mvendorid 0x?[0-9a-f]*, marchid 0x?[0-9a-f]*, mimpid 0x?[0-9a-f]*$",
                              log, re.M)[1])
    assert re.search(r"^time: counter at \d+ Hz, \d+\.\d{3} s at entry$", log, re.M)
    # Every hart, and which of them run.
    runs = re.findall(r"^harts? (\d+)(?:-(\d+))?: (\S+), (no MMU|riscv,sv\d+)(, left alone: .+)?$", log, re.M)
    ours = [hart for first, last, _, _, left in runs if not left
            for hart in range(int(first), int(last or first) + 1)]
    assert boot_hart in ours
    cpus = "\n".join(shell.run_check("cat /proc/cpuinfo"))
    assert sorted(ours) == sorted(int(hart) for hart in re.findall(r"^hart\s*: (\d+)", cpus, re.M))
    assert {isa for _, _, isa, _, left in runs if not left} == set(re.findall(r"^isa\s*: (\S+)", cpus, re.M))
    if machine.is_sifive_u:
        assert "\nhart 0: rv64imac" in log and "left alone: disabled\n" in log
    # Memory, and who has what of it.
    image, tree = (int(a, 16) for a in re.search(r"^image at (\S+), device tree at (\S+), command", log, re.M).groups())
    starts = {who: int(a, 16) for a, who in re.findall(r"^memory: reserved (\S+)-\S+ (.+)$", log, re.M)}
    assert starts["kernel"] == image and starts["device tree"] == tree // 4096 * 4096
    assert starts["firmware, not mapped"] < image
    # Drivers and their nodes.
    serial = "sifive_uart" if machine.is_sifive_u else "ns16550"
    assert re.search(r"^plic: serves /soc/\S+@c000000$", log, re.M)
    assert re.search(rf"^{serial}: serves /soc/serial@10\d+$", log, re.M)
