# SPDX-License-Identifier: MIT
"""What scripts/check_binary.py says about instructions, as objdump writes them."""

import importlib.util
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location("check_binary", Path(__file__).parents[2] / "scripts/check_binary.py")
check_binary = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check_binary)


class Listing(check_binary.Binary):
    """Code without a file."""

    def __init__(self, *code):
        self.build, self.elf = Path("/nowhere"), "listing"
        self.errors, self.reserved_for = [], None
        self.code = [line.partition(" ") for line in code]

    def read_symbols(self, path):
        return {}

    def instructions(self):
        for i, (mnemonic, _, operands) in enumerate(self.code):
            yield "somewhere", 4 * i, mnemonic, operands


def errors_of(*code):
    """Beside that nobody writes satp."""
    listing = Listing(*code)
    listing.check_code()
    return [error for error in listing.errors if "mmu_switch does not write satp" not in error]


@pytest.mark.parametrize("code", [
    ["sfence.vma"], ["sfence.vma zero,zero"], ["fence.i"], [".4byte 0x100000f"], ["ld a0,8(sp)"],
    ["lr.w a4,(a0)", "bne a4,a5,ffffffff80008462", "sc.w.aq a2,a3,(a0)", "ld a0,8(sp)"],
    ["sc.d zero,t1,0(sp)", "ld a0,8(sp)"],
    ["lr.d a4,(a0)", *["addi a4,a4,1"] * 16, "sc.d a2,a4,(a0)"],
])
def test_what_every_hart_does_is_left_alone(code):
    assert errors_of(*code) == []


@pytest.mark.parametrize("code, rule", [
    (["sfence.vma a0,zero"], "T3"), (["sfence.vma zero,a1"], "T3"), (["sinval.vma a0,a1"], "T3"),
    (["csrw satp,a0"], "T6"), (["csrrw a0,satp,a1"], "T6"),
    (["csrw stimecmp,a0"], "Sstc"), (["csrw 0x14d,a0"], "Sstc"),
    (["andn a0,a0,a1"], "Zb"), (["cbo.zero (a0)"], "cache"), (["fadd.d fa0,fa0,fa1"], "FPU"),
    (["lr.w a4,(a0)", "ld a5,0(a1)", "sc.w a2,a3,(a0)"], "T44"),
    (["lr.w a4,(a0)", "sw a5,0(a1)", "sc.w a2,a3,(a0)"], "T44"),
    (["lr.w a4,(a0)", "fence rw,rw", "sc.w a2,a3,(a0)"], "T44"),
    (["lr.w a4,(a0)", "jal somewhere_else", "sc.w a2,a3,(a0)"], "T44"),
    (["lr.d a4,(a0)", *["addi a4,a4,1"] * 17, "sc.d a2,a4,(a0)"], "T44"),
])
def test_what_the_board_does_not_do_is_named(code, rule):
    errors = errors_of(*code)
    assert len(errors) == 1 and rule in errors[0], errors
