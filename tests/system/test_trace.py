# SPDX-License-Identifier: MIT
"""Seeing inside: the trace, the console's help key, strace."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import plain

ROOT = Path(__file__).resolve().parent.parent.parent
DECODE_TRACE = ROOT / "scripts/decode_trace.py"
EVENT = re.compile(r"\[ *(\d+\.\d{6})\] (\d) +(\d+) (\w+) +(.*)")


@pytest.mark.machines("virt", "virt-1")
def test_trace_shows_a_fork_an_exec_and_an_exit_in_order(booted):
    booted.shell.run_check("echo fork,exec,exit > /proc/trace; /bin/true; echo none > /proc/trace")
    text = booted.shell.run_check("cat /proc/trace")
    assert text[0] == "# recorded:"
    events = [m.groups() for m in map(EVENT.match, text) if m]
    times = [float(e[0]) for e in events]
    assert times == sorted(times)
    child = next(e[2] for e in events if e[3] == "exec" and e[4].endswith(" true"))
    kinds = [e[3] for e in events if e[2] == child or f"child={child} " in e[4]]
    assert kinds[-3:] == ["fork", "exec", "exit"]
    timeline = subprocess.run([sys.executable, DECODE_TRACE], input="\n".join(text), text=True, check=True,
                              capture_output=True).stdout
    assert f"{child}: exec" in timeline


@pytest.mark.machines("virt", "virt-1")
def test_trace_of_system_calls_can_be_switched_on_and_off(booted):
    booted.shell.run_check("echo syscall,return > /proc/trace; cat /proc/uptime; echo none > /proc/trace")
    text = booted.shell.run_check("grep -E 'syscall|return' /proc/trace")
    assert len(text) > 10
    assert any("return" in line and "number=221 result=0" in line for line in text)
    assert booted.shell.run("echo fork,nonsense > /proc/trace")[2] != 0


@pytest.mark.machines("virt")
def test_trace_can_be_chosen_on_the_command_line(machine):
    shell = machine.boot("trace=fork,irq,timer,wake,fence,fault,switch")
    text = "\n".join(shell.run_check("cat /proc/trace"))
    assert re.search(r"^# recorded: fork fault switch wake irq timer fence\r?$", text, re.M)
    for kind in ("fork", "fault", "switch", "wake", "irq", "timer", "fence"):
        assert re.search(rf"\] \d +\d+ {kind} ", text), kind
    assert machine.power_off() == "none"
