# SPDX-License-Identifier: MIT
"""gdb commands that know the kernel: `source scripts/gdb/heifer.py` after loading heifer.elf.

`make debug` does it by itself. docs/debugging.md says what to use when; `help user-defined` lists them.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position,unused-import
import heifer_gdb.memory  # noqa: E402,F401
import heifer_gdb.system  # noqa: E402,F401
import heifer_gdb.tasks   # noqa: E402,F401
