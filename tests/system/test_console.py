# SPDX-License-Identifier: MIT
"""Keys on the console: job control, full-screen programs, modes of the terminal, logging in.

Each test leaves the shell at its prompt with no job and the terminal sane.
"""

import re

import pytest
from conftest import plain

pytestmark = pytest.mark.machines("virt", "virt-1", "sifive_u")

INTERRUPT, QUIT, STOP, END_OF_FILE, ESCAPE = "\x03", "\x1c", "\x1a", "\x04", "\x1b"


def command(m, line):
    """What @line prints up to the next prompt, without its echo. Unlike shell.run() it asks for nothing else, so
    the shell reports its jobs here. No longer than a line of the terminal."""
    m.console.sendline(line)
    return plain(m.expect_prompt()).partition("\n")[2]


def start(m, line, *programs, waits_for=""):
    """@line, which starts @programs in the foreground, until they get the keys."""
    m.console.sendline(line)
    m.await_foreground(*programs, waits_for=waits_for)


def start_saying(m, line, word):
    """@line, in the shell itself, until it has said so: `echo wo''rd`."""
    m.console.sendline(line)
    m.expect(word)


def press(m, key):
    """@key, and what comes up to the prompt."""
    m.type(key)
    return plain(m.expect_prompt())


def await_output(m, line, pattern):
    """@line is typed again until what it prints matches."""
    for _ in range(600):
        out = command(m, line)
        if re.search(pattern, out):
            return out
        command(m, "sleep 0.5")
    raise AssertionError(f"{line} prints {out!r}, never {pattern!r}")


def states(m, programs):
    out = command(m, f"for p in $(pidof {programs}); do cut -d' ' -f3 /proc/$p/stat; done")
    return "".join(out.split())


def test_stop_key_stops_a_pipeline_and_it_goes_on(booted):
    start(booted, "sleep 1000 | tail | rev", "sleep", "tail", "rev")
    assert "Stopped" in press(booted, STOP)
    assert states(booted, "sleep tail rev") == "TTT"
    assert "Stopped" in command(booted, "jobs")
    command(booted, "bg")
    assert "T" not in states(booted, "sleep tail rev")
    assert "Running" in command(booted, "jobs")
    start(booted, "fg", "sleep")
    press(booted, INTERRUPT)
    assert command(booted, "jobs; pidof sleep tail rev").strip() == ""


def test_keys_end_a_foreground_pipeline(booted):
    # The last one's status counts: it must not be one that ends because another one did.
    start(booted, "yes | tr y n >/dev/null | sleep 1000", "yes", "tr", "sleep")
    press(booted, INTERRUPT)
    assert command(booted, "echo $?; pidof yes tr sleep").split() == ["130"]
    start(booted, "sleep 1000", "sleep")
    assert "Quit" in press(booted, QUIT)
    assert command(booted, "echo $?; pidof sleep").split() == ["131"]


def test_background_reader_stops_until_it_is_in_front(booted):
    command(booted, "cat > /tmp/typed &")
    await_output(booted, "jobs", r"Stopped \(tty input\)")
    start(booted, "fg", "cat", waits_for="tty read")
    booted.type("to the reader\n" + END_OF_FILE)
    booted.expect_prompt()
    assert command(booted, "cat /tmp/typed; rm /tmp/typed") == "to the reader\n"


def test_background_writer_stops_if_the_terminal_says_so(booted):
    command(booted, "stty tostop")
    assert "loud" not in command(booted, "(echo lou''d; echo written > /tmp/written) &")
    await_output(booted, "jobs", r"Stopped \(tty output\)")
    assert command(booted, "ls /tmp | grep written") == ""
    assert "loud\n" in command(booted, "fg")
    assert command(booted, "cat /tmp/written; rm /tmp/written; stty -tostop") == "written\n"
    assert "loud" in command(booted, "echo lou''d & wait")


def test_jobs_are_killed_and_waited_for_by_number(booted):
    command(booted, "sleep 1000 &")
    command(booted, "sleep 2000 | cat &")
    command(booted, "kill %1; wait %1")
    assert command(booted, "echo $?").split()[-1] == "143"
    out = command(booted, "jobs")
    assert "sleep 2000" in out and "sleep 1000" not in out
    command(booted, "kill %2; wait")
    # In one line: a job that has ended is forgotten with the next prompt.
    command(booted, "(exit 7) & wait %1; echo $? > /tmp/status")
    assert command(booted, "cat /tmp/status; rm /tmp/status; jobs") == "7\n"


def test_shell_answers_while_background_jobs_write(booted):
    command(booted, "write() { n=0; while [ $n -lt 300 ]; do echo job $1 $n; n=$((n+1)); done; }")
    booted.console.sendline("for i in 1 2 3 4; do write $i & done")
    booted.console.sendline("echo an-'answer'")
    before, _ = booted.expect("an-answer")
    booted.console.sendline("wait; echo the-'end'")
    rest, _ = booted.expect("the-end\r\n")
    booted.expect_prompt()
    lines = re.findall(r"job (\d) (\d+)\n", plain(before) + plain(rest))
    for job in "1234":
        assert [int(n) for i, n in lines if i == job] == list(range(300))


def test_top_shows_and_sorts(booted):
    booted.console.sendline("top")
    booted.expect(r"Load average: .*PID +PPID")
    booted.type("N")  # by number, the highest first
    # A screen may have been on the way already.
    for _ in range(3):
        booted.expect(r"PID +PPID")
        screen, _ = booted.expect("Load average: ")
        pids = [int(pid) for pid in re.findall(r"^ *(\d+) +\d+ \w+ +[RSDTZ]", plain(screen), re.M)]
        if pids == sorted(pids, reverse=True):
            break
    assert pids[-1] == 1 and pids == sorted(pids, reverse=True)
    assert "top" in plain(screen)
    press(booted, "q")
    assert command(booted, "echo $?") == "0\n"


def test_less_pages_and_searches(booted):
    def await_less(pattern):
        booted.expect(pattern)
        booted.await_tasks("less", waits_for="poll")

    booted.console.sendline("seq 500 | sed 's/.*/line &./' | less")
    await_less(r"line 23\.")
    # It makes the terminal raw for each key anew, before it moves the cursor: typed earlier, Enter is another key.
    for column, key in enumerate("/4[0-9]7", 2):
        booted.type(key)
        booted.expect(rf"\x1b\[24;{column}H")
    booted.type("\r")
    await_less(r"\x1b\[7m407")
    booted.type("n")
    await_less(r"\x1b\[7m417")
    booted.type("G")
    await_less(r"line 500\.")
    booted.type("g")
    await_less(r"line 1\.")
    press(booted, "q")
    assert command(booted, "echo $?") == "0\n"


def test_watch_repeats_until_interrupted(booted):
    booted.console.sendline("watch -n 1 'date; pwd'")
    for _ in range(3):
        booted.expect(r"Every 1.*?/root")
    press(booted, INTERRUPT)
    assert command(booted, "echo still here") == "still here\n"


def test_terminal_does_not_echo_when_told(booted):
    start_saying(booted, "stty -echo; echo is-'off'; read secret; stty echo; echo got: $secret", "is-off")
    out = press(booted, "unseen\n")
    assert out.count("unseen") == 1 and "got: unseen" in out


def test_raw_terminal_hands_keys_on_and_sane_undoes_it(booted):
    command(booted, "saved=$(stty -g)")
    command(booted, "modes() { stty -a | grep -oE -e '-?(isig|icanon|icrnl|echo)\\>'; }")
    before = command(booted, "modes")
    assert len(before.split()) == 4 and "-" not in before
    start_saying(booted, "stty raw -echo; echo is-'raw'; dd bs=1 count=4 2>/dev/null | od -An -tx1; modes; stty sane",
                 "is-raw")
    out = press(booted, INTERRUPT + STOP + "\ra")
    assert out.count("-") == 4 and "03 1a 0d 61" in out
    assert command(booted, "modes") == before
    command(booted, "stty $saved")


def test_size_of_the_terminal_is_told_to_the_foreground(booted):
    booted.console.sendline("stty rows 24 cols 100; trap 'stty size; exit' WINCH; (sleep 1; stty rows 30) & wait")
    assert "30 100" in plain(booted.expect_prompt())
    command(booted, "trap - WINCH; stty rows 0 cols 0")


def test_session_without_a_terminal_cannot_open_it(booted):
    # Not the leader of a group, setsid need not fork, and the shell waits for it.
    out = command(booted, "sh -c \"setsid sh -c 'echo x >/dev/tty'; true\"")
    assert "No such device or address" in out
    start(booted, "sleep 1000", "sleep")
    press(booted, INTERRUPT)


def test_password_opens_a_login(booted):
    def prompted(line, answers):
        booted.console.sendline(line)
        for prompt, answer in answers:
            booted.expect(prompt)
            # What is typed before the echo is off is thrown away.
            booted.await_tasks(line, waits_for="tty read")
            booted.type(answer + "\n")
        return plain(booted.expect_prompt())

    right, wrong = "Correct.Horse.9", "wrong"
    command(booted, "cp /etc/passwd /tmp/passwd")
    out = prompted("passwd", [("New password:", right), ("Retype password:", right)])
    assert "password for root changed" in out and right not in out
    out = prompted("login", [("login: ", "root"), ("Password: ", wrong), ("Login incorrect.*login: ", "root"),
                             ("Password: ", right)])
    assert right not in out
    assert "uid=0(root)" in command(booted, "id; tty")
    start(booted, "sleep 1000", "sleep")
    press(booted, INTERRUPT)
    command(booted, "exit")
    prompted("sulogin", [("maintenance", right)])
    assert command(booted, "id -u; exit").startswith("0\n")
    out = prompted("su -s /bin/sh nobody", [])
    assert "uid=65534(nobody)" in command(booted, "id; cat /etc/shadow")
    command(booted, "exit")
    command(booted, "mv /tmp/passwd /etc/passwd")


@pytest.mark.machines("virt", "sifive_u")
def test_cttyhack_gives_a_rescue_shell_job_control(machine):
    """It asks /sys which terminal the console is; without, it takes it for one of a PC's ports."""
    port = "ttyS0" if machine.name == "virt" else "ttySIF0"
    machine.power_on("init=/bin/sh")
    machine.expect("job control turned off.*# ")
    if machine.name != "virt":
        machine.console.sendline("mount -t sysfs none /sys")
        machine.expect("# ")
    machine.console.sendline("setsid cttyhack sh")
    machine.expect("# ")
    start(machine, "sleep 1000", "sleep")
    machine.type(STOP)
    machine.expect("Stopped")
    machine.console.sendline("tty")
    machine.expect(f"/dev/{port}")
