# SPDX-License-Identifier: MIT
"""Programs that take what they can get: the shell survives, the system goes on, nothing leaks."""

import re

import pytest
from conftest import plain


def run(shell, line):
    out, _, code = shell.run(line, timeout=900)
    return out, code


@pytest.mark.machines("virt-32M")
def test_memory_file_system_fills(machine):
    shell = machine.boot()
    out, code = run(shell, "dd if=/dev/zero of=/tmp/big bs=64k")
    assert code != 0
    assert any("No space left on device" in line for line in out)
    assert run(shell, "rm /tmp/big && echo alive | wc -c")[0] == ["6"]
    assert machine.power_off() == "none"


@pytest.mark.machines("virt-32M")
def test_pipeline_and_editor_in_little_memory(machine):
    shell = machine.boot()
    text = "seq 1 20000 | gzip | gunzip | sort -rn | awk 'NR % 2' | tail -n 1 | tee /tmp/text"
    out, code = run(shell, text)
    assert (out[-1], code) == ("2", 0)  # a slow machine's kernel may say so before it
    machine.console.sendline("vi /tmp/text")
    machine.expect(r"- /tmp/text 1/1")
    machine.type("Goadded\x1b")
    machine.expect(r"- /tmp/text \[[^\]]*\] 2/2")  # an escape key is one that nothing follows
    machine.type(":wq\n")
    machine.expect_prompt()
    assert run(shell, "cat /tmp/text")[0][-2:] == ["2", "added"]
    assert machine.power_off() == "none"


# One that ends of itself, since a shell that cannot fork gives up, and one that goes on for ever.
PIPES = r"bomb() { bomb | bomb & }; bomb"
LOOP = r"while :; do /tmp/bomber & done"
REFUSED = "fork: Resource temporarily unavailable"


def typed(machine, line):
    """What the terminal shows after @line was typed: by run() it would be a child of the login shell that obeys."""
    machine.console.sendline(line)
    return plain(machine.expect_prompt(timeout=900)).splitlines()


def free_kib(shell):
    out, _ = run(shell, "grep MemFree /proc/meminfo")
    return int(out[-1].split()[1])


def fork_bomb(machine, text):
    """It takes all processes there may be but the last, which are the login shell's; those are enough to end it."""
    shell = machine.boot()
    before = free_kib(shell)
    run(shell, f"printf '#!/bin/sh\\n{text}\\n' > /tmp/bomber; chmod +x /tmp/bomber")
    typed(machine, "/tmp/bomber 2> /tmp/complaints &")
    typed(machine, f"until grep -q '{REFUSED}' /tmp/complaints; do sleep 1; done")
    assert "6" in typed(machine, "echo alive | wc -c")
    typed(machine, "kill -9 -$!; while ps | grep -q '[b]omber'; do sleep 1; done")
    assert run(shell, f"grep -q '{REFUSED}' /tmp/complaints")[1] == 0
    assert free_kib(shell) > before * 3 // 4
    assert machine.power_off() == "none"


@pytest.mark.machines("virt", "virt-1", "virt-32M")
def test_fork_bomb_of_pipes(machine):
    fork_bomb(machine, PIPES)


@pytest.mark.machines("virt-32M")
def test_fork_bomb_that_goes_on(machine):
    fork_bomb(machine, LOOP)


@pytest.mark.machines("virt-32M")
def test_hogs_are_ended_and_named(machine):
    """Three shells whose variable doubles for ever: each is the largest in its turn."""
    shell = machine.boot()
    hog = "hog() { x=0123456789abcdef; while :; do x=$x$x; done; }"
    run(shell, hog + "; for i in 1 2 3; do hog & done; wait")
    assert run(shell, "echo alive | wc -c")[0] == ["6"]
    out, _ = run(shell, "dmesg | grep 'out of memory'")
    assert any(re.search(r"ending process \d+ \(.*\), which has \d+ KiB", line) for line in out)
    assert machine.power_off() == "none"
