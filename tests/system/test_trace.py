# SPDX-License-Identifier: MIT
"""Seeing inside: the trace, the console's help key, strace."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ATTENTION, plain

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


@pytest.mark.machines("virt", "virt-1", "sifive_u")
def test_console_key_tells_what_the_kernel_knows(booted):
    ask = booted.ask
    text = ask("h", r"0-9  [^\r\n]*\r\n")
    assert "h  this help" in text and "t  tasks" in text
    assert re.search(r" 1 +1 +0 +1 S +\d init +\S", ask("t", r"-?sh +&?[^\r\n]+\r\n"))
    assert re.search(r"memory: \d+ KiB, free \d+ KiB", ask("m", r"stacks +\d+ KiB"))
    assert "hart 0 runs" in ask("d", r"hart \d runs '[^\r\n]*this is from")
    assert "Last events" in ask("z", r"\] \d +\d+ switch +next=[^\r\n]*\r\n")
    assert "[stack]" in ask("r", r"\[stack\]")
    # Nothing of it reached the shell.
    assert booted.shell.run_check("echo still here") == ["still here"]


@pytest.mark.machines("virt", "virt-1")
def test_task_list_says_in_words_what_tasks_wait_for(booted):
    run = booted.shell.run_check
    run("mkfifo /tmp/fifo; cat < /tmp/fifo & echo $! > /tmp/opens; sleep 1000 | cat & echo $! > /tmp/reads; "
        "sleep 1000 & echo $! > /tmp/sleeps")
    expected = {"opens": "FIFO open", "reads": "pipe read", "sleeps": "sleep"}
    pids = {name: run(f"cat /tmp/{name}")[0] for name in expected}
    for name, reason in expected.items():
        run(f"until [ \"$(cat /proc/{pids[name]}/wchan)\" = '{reason}' ]; do sleep 0.1; done")
    text = booted.ask("t", rf" {pids['sleeps']} +\d+ +\d+ +\d+ S +\d sleep [^\r\n]*\r\n")
    for name, reason in expected.items():
        assert re.search(rf" {pids[name]} +{pids[name]} +\d+ +\d+ S +\d \S+ +{reason}\r?$", text, re.M), text
        assert run(f"cat /proc/{pids[name]}/wchan; echo") == [reason]
    assert run("cat /proc/self/wchan; echo") == ["0"]
    run("kill $(cat /tmp/opens /tmp/reads /tmp/sleeps); kill %2; wait; rm /tmp/opens /tmp/reads /tmp/sleeps /tmp/fifo")


@pytest.mark.machines("virt")
def test_console_key_shows_where_every_hart_is(booted):
    booted.shell.run_check("for i in 1 2 3 4 5; do (while :; do :; done) & echo $! >> /tmp/pids; done")
    # They may have come to the kernel for a moment, or not begun.
    for _ in range(30):
        text = booted.ask("l", r"hart 3[ ,][^\r\n]*\r\n")
        if "is at user mode" in text:
            break
    assert [n for n in range(4) if f"hart {n} runs " in text or f"hart {n}, this one, runs" in text] == [0, 1, 2, 3]
    assert "is at user mode, pc 0x" in text
    booted.shell.run_check("kill -9 $(cat /tmp/pids); rm /tmp/pids")


@pytest.mark.machines("virt")
def test_console_key_twice_is_itself(booted):
    booted.console.sendline("stty -icanon -echo; echo lis-'tens'; dd bs=1 count=1 2>/dev/null | od -An -tx1; stty sane")
    booted.expect("lis-tens")
    booted.type(ATTENTION * 2)
    booted.expect(r" 0f\r\n")
    booted.expect_prompt()


@pytest.mark.machines("virt", "virt-1")
def test_console_key_ends_what_hangs(machine):
    """Every program stopped or deaf, the foreground a loop that ignores everything: the key still works."""
    machine.boot()
    machine.console.sendline("trap '' INT TERM QUIT TSTP; echo it-is-'deaf'; while :; do :; done")
    machine.expect("it-is-deaf")
    machine.type("\x03")
    machine.ask("i", r"SIGKILL to all but init")
    machine.expect_prompt()  # init's next shell
    assert machine.power_off() == "none"


@pytest.mark.machines("virt")
def test_console_key_comes_as_a_break_and_reboots(machine):
    machine.boot()
    machine.console.send_break()
    machine.type("b")
    machine.expect("Heifer ")
    machine.expect_prompt()


@pytest.mark.machines("virt")
def test_console_key_can_be_switched_off(machine):
    machine.boot("sysrq=0")
    machine.type(ATTENTION + "h\x08")
    machine.console.sendline("echo h > /proc/sysrq-trigger")
    before, _ = machine.expect(r"this help")
    assert "sysrq:" not in plain(before).partition("sysrq-trigger")[0]


@pytest.mark.machines("virt", "virt-1")
def test_strace_shows_calls_signals_and_ends_in_words(booted):
    run = booted.shell.run_check
    run("echo some text > /tmp/in; "
        "strace -o /tmp/trace sh -c 'cat /tmp/in /no/such; kill -TERM $$' > /tmp/out 2>&1; true")
    # The program's own output is as ever.
    assert run("head -1 /tmp/out") == ["some text"]
    text = "\n".join(run("cut -c1-150 /tmp/trace"))
    assert re.search(r'^\[ *\d+\] execve\("[^"]*", \["sh", "-c", ', text, re.M)
    assert re.search(r'openat\(AT_FDCWD, "/tmp/in", 0(x\w+)?, \w+\) = \d+ <\d+\.\d{6}>', text)
    assert re.search(r'openat\(AT_FDCWD, "/no/such", .*\) = -1 ENOENT <', text)
    assert re.search(r'write\(2, "cat: can\'t open', text)
    assert "--- SIGTERM si_code=0 ---" in text and "+++ killed by SIGTERM +++" in text
    assert "exit_group(1) = ?" in text and "+++ exited with 1 +++" in text  # cat's, a child
    assert len({line[:8] for line in text.splitlines()}) == 2
    # A running one, until it is enough; and nobody's without leave.
    run("sleep 1000 & echo $! > /tmp/pid; exec 3> /tmp/trace; echo \"3 $(cat /tmp/pid)\" > /dev/strace; exec 3>&-; "
        "kill $(cat /tmp/pid); wait; rm /tmp/in /tmp/out")
    assert "+++ killed by SIGTERM +++" in run("tail -1 /tmp/trace")[0]
    assert booted.shell.run("echo 1 1 > /dev/strace")[2] != 0
    assert booted.shell.run("echo 77 > /dev/strace")[2] != 0
    run("rm /tmp/trace /tmp/pid")


@pytest.mark.machines("virt", "virt-1")
def test_strace_loses_no_line_to_a_slow_reader_or_a_signal(booted):
    run = booted.shell.run_check
    run("echo 'trap : CHLD; for i in 1 2 3 4 5; do (exit 3) & (exit 3) & (exit 3) & (exit 3) & wait; done; wait; wait' "
        "> /tmp/children; strace sh /tmp/children 2>&1 | (sleep 2; cat) > /tmp/trace")
    assert run("grep -c 'exited with 3' /tmp/trace") == ["20"]
    assert int(run("grep -c 'clone' /tmp/trace")[0]) == 20
    run("rm /tmp/trace /tmp/children")


@pytest.mark.machines("virt", "virt-1")
def test_strace_into_a_pipe_nobody_reads_can_be_killed(booted):
    run = booted.shell.run_check
    run("mkfifo /tmp/full; sleep 1000 </tmp/full & echo $! >/tmp/reader; exec 3>/tmp/full; "
        "strace sh -c 'while :; do kill -0 $$; done' 2>&3 & echo $! >/tmp/pid; exec 3>&-")
    # It is asleep for good once the pipe is full.
    run("until grep -q 'pipe write' /proc/$(cat /tmp/pid)/wchan; do sleep 1; done")
    run("kill -9 $(cat /tmp/pid); wait $(cat /tmp/pid); kill $(cat /tmp/reader); wait; "
        "rm /tmp/full /tmp/pid /tmp/reader")


@pytest.mark.machines("virt")
def test_strace_into_a_closed_pipe_ends_and_nothing_leaks(machine):
    shell = machine.boot()
    shell.run_check("strace sh -c 'i=0; while [ $i -lt 50 ]; do i=$((i+1)); (true); done; echo done > /tmp/done' "
                    "2>&1 | head -3; until [ -s /tmp/done ]; do sleep 0.1; done")
    assert machine.power_off() == "none"
