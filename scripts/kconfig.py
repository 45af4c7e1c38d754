#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turn a board's defconfig into a configuration, strictly.

usage: kconfig.py configure OUT DEFCONFIG [FRAGMENT...]
       kconfig.py menuconfig OUT
       kconfig.py savedefconfig OUT DEFCONFIG
       kconfig.py diffconfig OUT CONFIG...

configure writes OUT/.config, OUT/generated/config.h and OUT/generated/config.mk. The configuration is the
defconfig's, then each fragment's. A .config changed since it was written (menuconfig, an editor) wins over
them until it is removed. diffconfig prints where OUT's configuration is another than that of the files, one
loaded over the other.

Debian's kconfiglib does the work, but only warns where a build must stop: here an unknown symbol, a
malformed line, and a value that is not taken as written are errors with file and line.
"""

import os
import re
import sys
from pathlib import Path

try:
    import kconfiglib
except ImportError:
    sys.exit("kconfig.py: python3-kconfiglib is missing: run scripts/setup")

ASSIGNMENT = re.compile(r"CONFIG_(\w+)=(.*)\Z")
UNSET = re.compile(r"# CONFIG_(\w+) is not set\Z")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\Z")
HEADER = "# Made by scripts/kconfig.py. Changes made here are kept; remove the file to undo them.\n"


class ConfigError(Exception):
    """Something the person who writes configurations has to change."""


class Assignment:
    """One line of a configuration file that gives a symbol a value."""

    def __init__(self, where, name, value):
        self.where = where
        self.name = name
        self.value = value


def parse_value(text, where):
    if text.startswith('"'):
        match = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', text)
        if not match:
            raise ConfigError(f"{where}: the string {text} does not end where the line does")
        return kconfiglib.unescape(match.group(1))
    if not text or re.search(r"\s", text):
        raise ConfigError(f"{where}: '{text}' is no value: expected y, n, a number or a string in quotes")
    return text


def read_assignments(path):
    """The assignments of one file, each symbol once."""
    found = {}
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path}:{number}"
        line = line.strip()
        assignment = ASSIGNMENT.match(line)
        unset = UNSET.match(line)
        if assignment:
            name, value = assignment.group(1), parse_value(assignment.group(2), where)
        elif unset:
            name, value = unset.group(1), "n"
        elif not line or line.startswith("#"):
            continue
        else:
            raise ConfigError(f"{where}: cannot be understood: {line}\n"
                              "  expected CONFIG_NAME=value or '# CONFIG_NAME is not set'")
        if name in found:
            raise ConfigError(f"{where}: CONFIG_{name} has a value already, from {found[name].where}")
        found[name] = Assignment(where, name, value)
    return found


def explain(symbol, value):
    """Why @symbol did not take @value."""
    kind = symbol.orig_type
    if kind == kconfiglib.BOOL and value not in ("y", "n"):
        return "it is y or n"
    if kind == kconfiglib.INT and not DECIMAL.match(value):
        return "it is a whole number, without leading zeros"
    if kind == kconfiglib.HEX and not re.fullmatch(r"0[xX][0-9a-fA-F]+", value):
        return "it is a hexadecimal number"
    for low, high, _ in symbol.ranges:
        return f"it lies between {low.str_value} and {high.str_value}"
    if not any(node.prompt for node in symbol.nodes):
        return "it follows from other options and cannot be set"
    if symbol.choice is not None and value == "y":
        return "another member of the same choice was chosen"
    if kconfiglib.expr_value(symbol.direct_dep) == 0:
        return f"it depends on {kconfiglib.expr_str(symbol.direct_dep)}"
    return f"it is {symbol.str_value} because of other options"


def check_taken(kconf, assignments):
    errors = []
    for a in assignments.values():
        symbol = kconf.syms.get(a.name)
        if symbol is None or not symbol.nodes:
            errors.append(f"{a.where}: there is no option CONFIG_{a.name} (the options are in Kconfig)")
        elif symbol.str_value != a.value or (
                symbol.orig_type == kconfiglib.INT and not DECIMAL.match(a.value)):
            errors.append(f"{a.where}: CONFIG_{a.name} cannot be {a.value}: {explain(symbol, a.value)}")
    if errors:
        raise ConfigError("\n".join(errors))


def load(kconf, paths):
    """Load the files one over the other. Every value must be taken as it is written."""
    assignments = {}
    for path in paths:
        assignments.update(read_assignments(path))
    kconf.unset_values()
    kconf.warnings.clear()
    for index, path in enumerate(paths):
        kconf.load_config(str(path), replace=index == 0)
    check_taken(kconf, assignments)
    if kconf.warnings:
        raise ConfigError("\n".join(kconf.warnings))


def open_kconfig():
    kconf = kconfiglib.Kconfig("Kconfig", warn_to_stderr=False)
    if kconf.warnings:
        raise ConfigError("\n".join(kconf.warnings))
    kconf.warn_assign_override = False
    kconf.warn_assign_redun = False
    return kconf


def write_if_changed(path, text):
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def make_fragment(kconf):
    """The options as make variables: CONFIG_X := y, strings without quotes, nothing for n."""
    lines = []
    for symbol in kconf.unique_defined_syms:
        value = symbol.str_value
        if symbol.orig_type == kconfiglib.UNKNOWN or value in ("n", ""):
            continue
        lines.append(f"CONFIG_{symbol.name} := {value}\n")
    return "".join(lines)


def config_text(kconf):
    # kconfiglib has no public way to get the text without a file in between, and none is needed elsewhere.
    return HEADER + kconf._config_contents("")  # pylint: disable=protected-access


def header_text(kconf):
    head = "/* Made by scripts/kconfig.py from .config. */\n#pragma once\n"
    return head + kconf._autoconf_contents("")  # pylint: disable=protected-access


def configure(out, paths):
    config = out / ".config"
    pristine = out / "generated" / "config.default"
    kconf = open_kconfig()
    load(kconf, paths)
    default = config_text(kconf)
    is_edited = (config.exists() and pristine.exists()
                 and config.read_text(encoding="utf-8") != pristine.read_text(encoding="utf-8"))
    if is_edited:
        load(kconf, [config])
        print(f"  CONFIG  {config}, as you changed it (remove it to return to {paths[0]})")
    else:
        write_if_changed(config, default)
        write_if_changed(pristine, default)
    write_if_changed(out / "generated" / "config.h", header_text(kconf))
    # Always written: its time stamp tells make that the configuration is up to date.
    (out / "generated" / "config.mk").write_text(make_fragment(kconf), encoding="utf-8")


def menuconfig(out):
    import menuconfig as dialog  # beside kconfiglib; needs a terminal, so only here
    os.environ["KCONFIG_CONFIG"] = str(out / ".config")
    os.environ["KCONFIG_CONFIG_HEADER"] = HEADER
    dialog.menuconfig(open_kconfig())


def savedefconfig(out, path):
    kconf = open_kconfig()
    load(kconf, [out / ".config"])
    kconf.write_min_config(path, header="")
    print(f"  WROTE   {path}")


def values(paths):
    """What the files make of every option a person can choose, and of those that follow from them."""
    kconf = open_kconfig()
    load(kconf, paths)
    return {symbol.name: symbol.str_value for symbol in kconf.unique_defined_syms}


def diffconfig(out, paths):
    here, there = values([out / ".config"]), values(paths)
    changed = [name for name in here if here[name] != there[name]]
    if not changed:
        print("  no difference")
        return
    width = max(map(len, changed)) + len("CONFIG_")
    print(f"  {'':{width}}  {' '.join(map(str, paths))} -> {out / '.config'}")
    for name in changed:
        print(f"  {'CONFIG_' + name:{width}}  {there[name]} -> {here[name]}")


def main():
    arguments = sys.argv[1:]
    if len(arguments) < 2:
        sys.exit(__doc__)
    command, out, paths = arguments[0], Path(arguments[1]), [Path(path) for path in arguments[2:]]
    try:
        if command == "configure" and paths:
            configure(out, paths)
        elif command == "menuconfig" and not paths:
            menuconfig(out)
        elif command == "savedefconfig" and len(paths) == 1:
            savedefconfig(out, paths[0])
        elif command == "diffconfig" and paths:
            diffconfig(out, paths)
        else:
            sys.exit(__doc__)
    except (ConfigError, kconfiglib.KconfigError, OSError) as error:
        sys.exit(f"kconfig: {error}")


if __name__ == "__main__":
    main()
