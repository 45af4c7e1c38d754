# SPDX-License-Identifier: MIT
"""Every script says what it is for when asked, and does nothing else."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
SCRIPTS = sorted(path for path in (TOP / "scripts").iterdir() if path.is_file() and os.access(path, os.X_OK))
FIRST_WORDS = re.compile(r'^(?:#\n# |""")(.{20})', re.MULTILINE)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_help_is_what_stands_at_the_top(script, tmp_path):
    wanted = FIRST_WORDS.search(script.read_text(encoding="utf-8"))[1]
    # With so little in PATH there is nothing that could be done.
    (tmp_path / "sed").symlink_to(shutil.which("sed"))
    done = subprocess.run([script, "--help"], cwd=tmp_path, env={"PATH": str(tmp_path)}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    assert done.stdout.startswith(wanted) or f"\n{wanted}" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["sed"]
