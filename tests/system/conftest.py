# SPDX-License-Identifier: MIT
"""Fixtures of the system tests: machines that have booted Heifer.

Every test runs on every target of the labgrid environment it was given but those listed as only_if_named
there, unless it names some itself:
    pytest tests/system --lg-env build/system/qemu.yaml [-k virt-1]
"""

import re
from pathlib import Path

import pytest
import yaml

BANNER = r"Heifer [^\r\n]+"
PROMPT = "heifer:[^ ]*# "


def pytest_configure(config):
    config.addinivalue_line("markers", "machines(*names): only on these targets")
    # labgrid skips every test without an environment, and a run of skipped tests counts as good.
    if not config.getoption("--lg-env") and not config.option.collectonly:
        raise pytest.UsageError("no machine to test on: use `make system-test`, or after it "
                                "pytest tests/system --lg-env build/system/qemu.yaml")


def environment(config):
    with Path(config.getoption("--lg-env")).open(encoding="utf-8") as stream:
        return yaml.safe_load(stream)


# What a machine may lack, and then leaves out.
WITHOUT = {
    "qemu_svade": "this machine has no qemu_svade; scripts/setup fetches one",
    "qemu_sd": "this machine's QEMU cannot read SD cards (rule T61); extlinux is tested on card-virt",
}


def skip_without_qemu(lab, name):
    """@name as a parameter: skipped if this machine has no QEMU that can be such a target."""
    tool = lab["targets"][name]["drivers"]["HeiferQEMUDriver"]["qemu_bin"]
    skip = pytest.mark.skip(reason=f"{name}: {WITHOUT.get(tool)}")
    return pytest.param(name, marks=[] if lab["tools"][tool] else [skip])


def pytest_generate_tests(metafunc):
    """Once per target, or per target that the test's mark `machines` names."""
    lab = environment(metafunc.config)
    for fixture, scope in (("machine", "function"), ("booted", "module"), ("debugged", "module")):
        if fixture not in metafunc.fixturenames:
            continue
        marker = metafunc.definition.get_closest_marker("machines")
        if marker:
            names = [n for n in lab["targets"] if n in marker.args]
        else:
            names = [n for n in lab["targets"] if n not in lab["options"]["only_if_named"]]
        names = [skip_without_qemu(lab, name) for name in names]
        metafunc.parametrize(fixture, names, indirect=True, scope=scope)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests of a module that share a boot run in one process (pytest-xdist's loadgroup), in their order."""
    for item in items:
        for fixture in {"booted", "debugged"} & set(item.fixturenames):
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{item.callspec.params[fixture]}"))


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
            report.sections.append((f"Console of {value.name}", plain(value.console.said)))


class Machine:
    """One target: its power and console, and the shell once it is up."""

    def __init__(self, target, name):
        self.target = target
        self.name = name
        self.console = target.get_driver("HeiferQEMUDriver")

    @property
    def is_sifive_u(self):
        return self.console.machine.startswith("sifive_u")

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
        self.console.expect(BANNER, timeout=30)

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

    def expect(self, pattern, timeout=20):
        """What stood before @pattern, and its match."""
        _, before, match, _ = self.console.expect(pattern, timeout=timeout)
        return before, match

    def expect_prompt(self, timeout=20):
        return self.expect(PROMPT, timeout)[0]

    def settle(self, seconds=0.4):
        """Wait until the machine has been silent for so long: a program has taken over the terminal."""
        self.console.settle(seconds, timeout=20.0)

    def type(self, text):
        self.console.write(text.encode())

    def power_off(self):
        """`poweroff` at the prompt; returns the leak verdict."""
        self.console.sendline("poweroff")
        _, match = self.expect(r"leaks: ([^\r\n]*)\r", timeout=60)
        verdict = match.group(1).decode()
        self.expect(r"safe to switch off")
        return verdict


@pytest.fixture
def machine(request, env):
    """A target, switched off afterwards."""
    m = Machine(env.get_target(request.param), request.param)
    yield m
    m.stop()


@pytest.fixture(scope="module")
def booted(request, env):
    """A target at the shell's prompt, one boot for all tests of a module that use it."""
    m = Machine(env.get_target(request.param), request.param)
    m.shell = m.boot()
    yield m
    m.stop()


def plain(data):
    """Console bytes without carriage returns and escape sequences."""
    text = data.decode(errors="replace") if isinstance(data, bytes) else data
    return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[78])|\r", "", text)
