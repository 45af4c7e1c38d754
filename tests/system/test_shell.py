# SPDX-License-Identifier: MIT
"""At the prompt of Debian's BusyBox: what a person does in the first ten minutes."""

import re

from conftest import plain


def test_pipeline_counts_the_shells(booted):
    out, _, code = booted.shell.run("ls -l /bin | grep sh | wc -l")
    assert code == 0
    assert int(out[0]) >= 2


def test_redirections_and_here_documents(booted):
    out = booted.shell.run_check(
        "cat > /tmp/a << END; echo more >> /tmp/a; wc -l < /tmp/a; tr a-z A-Z < /tmp/a; rm /tmp/a\n"
        "one\ntwo\nEND")
    assert out == ["3", "ONE", "TWO", "MORE"]


def test_exit_status_and_missing_program(booted):
    assert booted.shell.run("exit 7")[2] == 7
    out, _, code = booted.shell.run("/no/such/program")
    assert code == 127 and "not found" in out[0]


def test_background_jobs_are_waited_for(booted):
    out = booted.shell.run_check(
        "for i in 1 2 3 4 5 6 7 8; do (echo $i > /tmp/job.$i) & done; wait; cat /tmp/job.* | sort | tr -d '\\n'; "
        "rm /tmp/job.*")
    assert out == ["12345678"]


def test_orphans_belong_to_init(booted):
    run = booted.shell.run_check
    run("sh -c '(while kill -0 $$ 2>/dev/null; do sleep 0.1; done; "
        "exec cut -d\" \" -f4 /proc/self/stat > /tmp/ppid) &'")
    assert run("until [ -s /tmp/ppid ]; do sleep 0.1; done; cat /tmp/ppid; rm /tmp/ppid") == ["1"]


def test_ps_shows_init_and_the_shell(booted):
    text = "\n".join(booted.shell.run_check("ps"))
    assert re.search(r"^\s*1 .*init", text, re.M)
    assert re.search(r"-sh|-/bin/sh|\bps\b", text)


def test_free_and_mount_and_uptime(booted):
    out = booted.shell.run_check("free")
    total, used, free = (int(n) for n in out[1].split()[1:4])
    assert total > 16 * 1024 and 0 < used < total and 0 < free < total
    assert any(" on /proc type proc" in line for line in booted.shell.run_check("mount"))
    assert "load average" in booted.shell.run_check("uptime")[0]


def test_cpuinfo_names_every_hart(booted):
    out = booted.shell.run_check("grep -c ^processor /proc/cpuinfo; cat /proc/version")
    harts = 1 if booted.name == "virt-1" else 4
    assert int(out[0]) == harts
    assert "Heifer" in out[1]


def test_64_KiB_printed_at_once_arrive_whole(booted):
    booted.shell.run_check("i=0; while [ $i -lt 1024 ]; do "
                           "printf '%05d 123456789012345678901234567890123456789012345678901234567\\n' $i; "
                           "i=$((i+1)); done > /tmp/big")
    assert booted.shell.run_check("wc -c < /tmp/big") == ["65536"]
    booted.console.sendline("dd if=/tmp/big bs=65536 2>/dev/null; echo the-'end'")
    before, _ = booted.expect("the-end\r\n")
    booted.expect_prompt()
    lines = [line for line in plain(before).split("\n") if re.match(r"\d{5} ", line)]
    assert [int(line[:5]) for line in lines] == list(range(1024))
    assert all(len(line) == 63 for line in lines)
    booted.shell.run_check("rm /tmp/big")


def test_interrupt_key_ends_a_loop(booted):
    booted.console.sendline("echo in-the-'loop'; while :; do :; done")
    booted.expect("in-the-loop")
    booted.type("\x03")
    booted.expect_prompt()
    for line in ("cat", "sleep 1000"):
        booted.console.sendline(line)
        booted.await_foreground(line.split()[0])
        booted.type("\x03")
        booted.expect_prompt()


def test_end_of_file_key_ends_cat(booted):
    booted.console.sendline("cat > /tmp/typed")
    booted.await_foreground("cat", waits_for="tty read")
    booted.type("first line\nsecond")
    booted.type("\x7f\x7f\x7f\x7f\x7f\x7flast\n\x04")
    booted.expect_prompt()
    assert booted.shell.run_check("cat /tmp/typed; rm /tmp/typed") == ["first line", "last"]


def test_vi_edits_a_file(booted):
    booted.shell.run_check("printf 'one\\ntwo\\nthree\\n' > /tmp/text")
    booted.console.sendline("vi /tmp/text")
    booted.expect(r"- /tmp/text 1/3")
    # Second line away, a line of our own at the end, save and leave.
    booted.type("jdd")
    booted.type("Gofour\x1b")
    booted.expect(r"- /tmp/text \[[^\]]*\] 3/3")  # an escape key is one that nothing follows
    booted.type(":wq\n")
    booted.expect_prompt()
    assert booted.shell.run_check("cat /tmp/text; rm /tmp/text") == ["one", "three", "four"]


def test_programs_run_on_all_harts(booted):
    """Busy loops in parallel all make progress, and the shell answers meanwhile."""
    booted.shell.run_check("rm -f /tmp/pids; for i in 1 2 3 4 5 6; do (while :; do :; done) & echo $! >> /tmp/pids; "
                           "done")
    assert booted.shell.run_check("echo still here") == ["still here"]
    time = "$(cut -d' ' -f14 /proc/$p/stat)"
    booted.shell.run_check(f"for p in $(cat /tmp/pids); do before={time}; "
                           f"until [ {time} -gt $before ]; do sleep 0.1; done; done")
    booted.shell.run_check("kill -9 $(cat /tmp/pids); rm /tmp/pids")


def test_filling_the_file_system_is_an_error(booted):
    out, _, code = booted.shell.run("dd if=/dev/zero of=/tmp/full bs=64k count=400; rm /tmp/full")
    if booted.name == "virt-32M":  # half of its memory is less than 25 MiB
        assert any("No space left on device" in line for line in out)
    assert booted.shell.run_check("echo still here") == ["still here"]
