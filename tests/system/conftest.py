# SPDX-License-Identifier: MIT
"""Fixtures of the system tests: machines that have booted Heifer.

Every test runs on every target of the labgrid environment it was given but those listed as only_if_named
there, unless it names some itself:
    pytest tests/system --lg-env build/system/qemu.yaml [-k virt-1]

A target is QEMU, or a board at a serial port (board/<name>/lab.yaml). A board boots what is on its card, and counts
as that machine of QEMU's which its environment names under stands_for. Tests that need what only QEMU can do are
marked so, with the reason, and skipped there.
"""

import re
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from heifer_lab import PATIENCE_SECONDS
from pexpect import TIMEOUT

BANNER = r"Heifer [^\r\n]+"
PROMPT = "heifer:[^ ]*# "
ATTENTION = "\x0f"  # the kernel's own keys: this one, and a letter


def pytest_configure(config):
    config.addinivalue_line("markers", "machines(*names): only on these targets")
    config.addinivalue_line("markers", "qemu(reason): not on a board")
    # labgrid skips every test without an environment, and a run of skipped tests counts as good.
    if not config.getoption("--lg-env") and not config.option.collectonly:
        raise pytest.UsageError("no machine to test on: use `make system-test`, or after it "
                                "pytest tests/system --lg-env build/system/qemu.yaml")


# What a machine may lack, and then leaves out.
WITHOUT = {
    "qemu_svade": "this machine has no qemu_svade; scripts/setup fetches one",
    "qemu_sd": "this machine's QEMU cannot read SD cards (rule T61); extlinux is tested on card-virt",
}


class Lab:
    """The environment: which targets there are."""

    def __init__(self, config):
        with Path(config.getoption("--lg-env")).open(encoding="utf-8") as stream:
            self.data = yaml.safe_load(stream)
        self.options = self.data.get("options", {})
        self.names = list(self.data["targets"])

    def is_board(self, name):
        return "HeiferQEMUDriver" not in self.data["targets"][name]["drivers"]

    def stands_for(self, name):
        """The machine of QEMU's that @name is, or that a board counts as."""
        return self.options.get("stands_for", {}).get(name, name)

    def choose(self, definition):
        """The targets a test runs on; if there are none, why."""
        marker = definition.get_closest_marker("machines")
        if marker:
            names = [n for n in self.names if self.stands_for(n) in marker.args]
            reason = "is for " + ", ".join(marker.args)
        else:
            names = [n for n in self.names if n not in self.options.get("only_if_named", [])]
            reason = "no target is for all tests"
        qemu = definition.get_closest_marker("qemu")
        if qemu and names:
            names = [n for n in names if not self.is_board(n)]
            reason = "needs QEMU: " + qemu.args[0]
        return names, reason

    def parameter(self, name):
        """@name as a parameter: skipped if there is no QEMU here that can be such a target."""
        marks = []
        if not self.is_board(name):
            tool = self.data["targets"][name]["drivers"]["HeiferQEMUDriver"]["qemu_bin"]
            if not self.data["tools"][tool]:
                marks = [pytest.mark.skip(reason=f"{name}: {WITHOUT.get(tool)}")]
        return pytest.param(name, marks=marks)


def pytest_generate_tests(metafunc):
    """Once per target, or per target that the test's mark `machines` names; skipped, with the reason, if none fits."""
    for fixture in ("machine", "booted", "debugged"):
        if fixture in metafunc.fixturenames:
            lab = Lab(metafunc.config)
            names, reason = lab.choose(metafunc.definition)
            values = [lab.parameter(name) for name in names]
            nowhere = pytest.param("nowhere", marks=pytest.mark.skip(reason=reason))
            metafunc.parametrize(fixture, values or [nowhere], indirect=True, scope="function")


def pytest_collection_modifyitems(config, items):
    """Tests of no machine are not for a lab of boards."""
    lab = Lab(config) if config.getoption("--lg-env") else None
    for item in items:
        if not {"machine", "booted", "debugged"} & set(item.fixturenames):
            if lab and all(map(lab.is_board, lab.names)):
                item.add_marker(pytest.mark.skip(reason="is about no machine"))


def pytest_runtest_logreport(report):
    """What a test wants to have been said even if it passes: record_property("say", text)."""
    for name, text in report.user_properties:
        if name == "say" and report.when == "call":
            print(f"\n{text}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A test that fails shows what the machine said last."""
    report = (yield).get_result()
    for value in getattr(item, "funcargs", {}).values():
        if report.failed and isinstance(value, Machine):
            report.sections.append((f"Console of {value.name}", plain(value.said)))


class Machine:
    """One target: its power and console, and the shell once it is up. In QEMU."""

    boot_seconds = PATIENCE_SECONDS  # from power to the kernel's first line

    def __init__(self, target, name):
        self.target = target
        self.name = name
        self.console = target.get_driver("HeiferQEMUDriver")
        self.is_sifive_u = self.console.machine.startswith("sifive_u")
        self.memory = self.console.memory  # 32M, 16G

    @property
    def said(self):
        """Its last words."""
        return self.console.said

    def power_on(self, boot_args="", device_tree=None, options=()):
        """Start with this command line and tree (None: QEMU's own), and @options of QEMU's, which win over
        the target's."""
        self.stop()
        words = [*options]
        if boot_args:
            words += ["-append", boot_args]
        if device_tree:
            words += ["-dtb", str(device_tree)]
        self.console.set_options(words)
        self.console.on()

    def start(self, *args, **kwargs):
        """power_on(), and wait for the kernel's first line."""
        self.power_on(*args, **kwargs)
        self.console.expect(BANNER, timeout=self.boot_seconds)

    def boot(self, *args, **kwargs):
        """power_on(), and wait for the shell."""
        self.start(*args, **kwargs)
        return self.login()

    def login(self):
        """The shell of a machine that is coming up."""
        shell = self.target.get_driver("ShellDriver", activate=False)
        self.target.activate(shell)
        return shell

    def stop(self):
        shell = self.target.get_driver("ShellDriver", activate=False)
        self.target.deactivate(shell)
        self.console.off()

    def expect(self, pattern, timeout=PATIENCE_SECONDS):
        """What stood before @pattern, and its match."""
        _, before, match, _ = self.console.expect(pattern, timeout=timeout)
        return before, match

    def expect_prompt(self, timeout=PATIENCE_SECONDS):
        return self.expect(PROMPT, timeout)[0]

    def type(self, text):
        self.console.write(text.encode())

    def ask(self, letter, until):
        """Press the kernel's key and a letter; the answer."""
        self.type(ATTENTION + letter)
        before, match = self.expect(until)
        return plain(before + match.group())

    def await_tasks(self, *names, waits_for=""):
        """Wait until all of these are there, so have been started, and @waits_for is what they sleep on. Whatever the
        terminal belongs to: the kernel tells. What was said meanwhile is dropped."""
        state = "S" if waits_for else "[RSDT]"
        rows = [re.compile(rf"\] +\d+ +\d+ +\d+ +\d+ {state} +\d+ {name} +{waits_for}") for name in names]
        self._await("ts", r"nothing to write\r\n", lambda text: all(row.search(text) for row in rows))

    def await_foreground(self, *names, waits_for=""):
        """The same, and the terminal is at the first one's group: keys from now on are theirs."""
        self.await_tasks(*names, waits_for=waits_for)
        leader = re.compile(rf"\] Process \d+ \({names[0]}\)")
        self._await("r", r"\[stack\]|nobody is in the foreground", leader.search)

    def _await(self, letters, until, is_so):
        deadline = time.monotonic() + PATIENCE_SECONDS
        text = ""
        while time.monotonic() < deadline:
            text = self.ask(ATTENTION.join(letters), until)
            if is_so(text):
                return
            time.sleep(0.1)
        raise AssertionError(f"the kernel still says:\n{text}")

    def power_off(self):
        """`poweroff` at the prompt; returns the leak verdict."""
        self.console.sendline("poweroff")
        _, match = self.expect(r"leaks: ([^\r\n]*)\r")
        verdict = match.group(1).decode()
        self.expect(r"safe to switch off")
        return verdict


class Board(Machine):
    """One target at a serial port, with a switch: a person, a relay, a script."""

    said = "labgrid has it all: build/board"

    def __init__(self, target, name, lab):  # pylint: disable=super-init-not-called
        self.target = target
        self.name = name
        self.console = target.get_driver("SerialDriver")
        self.power = target.get_driver("PowerProtocol")
        self.is_sifive_u = lab.stands_for(name) == "sifive_u"
        self.memory = lab.options["memory"][name]
        self.boot_seconds = lab.options["boot_seconds"][name]

    def power_on(self, boot_args="", device_tree=None, options=()):
        assert not (boot_args or device_tree or options), "only QEMU takes these: mark the test qemu"
        self.stop()
        # What it said before its power went is of no interest to whoever asks next.
        with suppress(TIMEOUT):
            while True:
                self.console.expect(".+", timeout=0.5)
        self.power.cycle()

    def stop(self):
        """It is left running: power is for the next to cycle."""
        self.target.deactivate(self.target.get_driver("ShellDriver", activate=False))


def make_machine(request, env):
    lab, name = Lab(request.config), request.param
    target = env.get_target(name)
    return Board(target, name, lab) if lab.is_board(name) else Machine(target, name)


@pytest.fixture
def machine(request, env):
    """A target, switched off afterwards."""
    m = make_machine(request, env)
    yield m
    m.stop()


@pytest.fixture
def booted(request, env):
    """A target at the shell's prompt, fresh from boot: what a test before left behind is of no concern."""
    m = make_machine(request, env)
    m.shell = m.boot()
    yield m
    m.stop()


def plain(data):
    """Console bytes without carriage returns and escape sequences."""
    text = data.decode(errors="replace") if isinstance(data, bytes) else data
    return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[78])|\r", "", text)
