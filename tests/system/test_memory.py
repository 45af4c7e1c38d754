# SPDX-License-Identifier: MIT
"""Shapes of memory: little, much, with holes, with reserved pieces in odd places."""

import re

import pytest
from device_tree import Tree

KIB = 1 << 10
MIB = 1 << 20


def total_kib(shell):
    return int(shell.run_check("grep MemTotal /proc/meminfo")[0].split()[1])


def memory_lines(shell, what):
    """[(first byte, last byte)] of the log's lines about memory."""
    text = "\n".join(shell.run_check("dmesg"))
    return [(int(first, 16), int(last, 16))
            for first, last in re.findall(rf"memory: {what} (0x[0-9a-f]+)-(0x[0-9a-f]+)", text)]


def use_memory(shell):
    """Some of everything: files, processes, page tables. Debug builds poison what is freed and look again."""
    shell.run_check("dd if=/dev/zero of=/tmp/big bs=64k count=40 2>/dev/null; md5sum /tmp/big; rm /tmp/big")
    shell.run_check("for i in 1 2 3 4 5 6 7 8; do ls -lR /bin | wc -l & done; wait")


@pytest.mark.machines("virt-32M", "virt-16G", "sifive_u")
def test_all_memory_is_found_and_little_of_it_is_ours(machine):
    size = int(machine.memory[:-1]) * {"M": KIB, "G": MIB}[machine.memory[-1]]
    shell = machine.boot()
    assert memory_lines(shell, "RAM") == [(0x80000000, 0x80000000 + size * KIB - 1)]
    assert size - size // 64 - 6 * KIB < total_kib(shell) < size
    use_memory(shell)
    assert machine.power_off() == "none"


@pytest.mark.machines("virt")
def test_memory_with_a_hole(machine, tmp_path):
    tree = Tree(tmp_path).set_memory((0x80000000, 96 * MIB), (0x90000000, 160 * MIB))
    shell = machine.boot(device_tree=tree.path)
    assert memory_lines(shell, "RAM") == [(0x80000000, 0x85ffffff), (0x90000000, 0x99ffffff)]
    assert 248 * KIB < total_kib(shell) < 256 * KIB
    use_memory(shell)
    assert machine.power_off() == "none"


@pytest.mark.machines("virt")
def test_memory_in_crumbs(machine, tmp_path):
    tree = Tree(tmp_path).set_memory((0x80000000, 64 * MIB), (0x85000800, 0x2000), (0x86000000, 0),
                                     (0x88000fff, 0x1000), (0x8a000000, 0x1000), (0x90000000, 64 * MIB))
    shell = machine.boot(device_tree=tree.path)
    # Only whole pages count.
    assert memory_lines(shell, "RAM") == [(0x80000000, 0x83ffffff), (0x85001000, 0x85001fff),
                                          (0x8a000000, 0x8a000fff), (0x90000000, 0x93ffffff)]
    use_memory(shell)
    assert machine.power_off() == "none"


@pytest.mark.machines("virt")
def test_memory_of_several_nodes(machine):
    words = []
    for node in range(2):
        words += ["-object", f"memory-backend-ram,size=256M,id=memory{node}",
                  "-numa", f"node,nodeid={node},cpus={2 * node}-{2 * node + 1},memdev=memory{node}"]
    shell = machine.boot(options=words)
    assert memory_lines(shell, "RAM") == [(0x80000000, 0x9fffffff)]
    assert shell.run_check("grep -c ^processor /proc/cpuinfo") == ["4"]
    assert machine.power_off() == "none"


@pytest.mark.machines("virt")
def test_reserved_memory_is_left_alone(machine, tmp_path):
    ram = (0x80000000, 256 * MIB)
    shell = machine.boot(device_tree=Tree(tmp_path).set_memory(ram).path)
    before = total_kib(shell)
    tree = Tree(tmp_path).set_memory(ram)
    tree.reserve(0x88345000, 16 * MIB, no_map=True)  # neither end on a boundary of 2 MiB
    tree.reserve(0x8a000400, MIB)                    # nor of a page
    tree.reserve(0x8a080000, MIB // 2)               # inside the one before
    tree.reserve(0x8ffff000, 0x1000, no_map=True)    # the last page
    shell = machine.boot(device_tree=tree.path)
    reserved = memory_lines(shell, "reserved")
    for piece in ((0x88345000, 0x89344fff), (0x8a000000, 0x8a100fff)):
        assert piece in reserved
    assert reserved[-1][1] == 0x8fffffff or (0x8ffff000, 0x8fffffff) in reserved
    # What is missing is what was reserved, and a few tables for the smaller pages around it.
    assert 17 * KIB <= before - total_kib(shell) <= 17 * KIB + 64
    use_memory(shell)
    assert machine.power_off() == "none"


@pytest.mark.machines("virt")
def test_too_many_reservations_end_in_one_line(machine, tmp_path):
    tree = Tree(tmp_path)
    for i in range(70):
        tree.reserve(0x90000000 + i * 0x10000, 0x1000)
    machine.start(device_tree=tree.path)
    machine.expect("Heifer cannot start: too many reserved memory ranges in the device tree")
