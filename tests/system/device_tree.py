# SPDX-License-Identifier: MIT
"""QEMU virt's device tree, changed with fdtput, to boot from with Machine.boot(device_tree=tree.path)."""

import shutil
import subprocess
from pathlib import Path

FIXTURE = Path(__file__).parents[2] / "build" / "fixtures" / "virt.dtb"


def cells(*numbers):
    """64-bit numbers as fdtput takes them: two words each."""
    return [f"{half:x}" for number in numbers for half in (number >> 32, number & 0xffffffff)]


class Tree:
    def __init__(self, directory):
        self.path = directory / "tree.dtb"
        shutil.copy(FIXTURE, self.path)

    def fdtput(self, option, *words):
        subprocess.run(["fdtput", *option.split(), str(self.path), *words], check=True)

    def remove(self, node):
        self.fdtput("-r", node)
        return self

    def set_memory(self, *ranges):
        """RAM is these (start, length)."""
        numbers = [number for one in ranges for number in one]
        self.fdtput("-t x", "/memory@80000000", "reg", *cells(*numbers))
        return self

    def reserve(self, start, length, no_map=False):
        node = f"/reserved-memory/odd@{start:x}"
        self.fdtput("-c -p", node)
        self.fdtput("-t x", "/reserved-memory", "#address-cells", "2")
        self.fdtput("-t x", "/reserved-memory", "#size-cells", "2")
        self.fdtput("", "/reserved-memory", "ranges")
        self.fdtput("-t x", node, "reg", *cells(start, length))
        if no_map:
            self.fdtput("", node, "no-map")
        return self
