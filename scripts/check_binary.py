#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check the finished kernel for what QEMU forgives and the board does not.

usage: check_binary.py BUILD_DIRECTORY CROSS_PREFIX

- sfence.vma only as the full fence: its other forms do not always work on the U74 (rules T3, T4, T6)
- satp is written by mmu_switch() and by the boot code alone, once each (T6)
- no floating point but in arch/riscv/cpu/fpu.S, no bit manipulation (Zb*), cache operations or
  stimecmp, nothing unknown
- from lr to sc no more than what a hart promises to succeed with in the end (T44)
- no segment is both writable and executable, no section in a place of its own
- the table of instructions that may fault is in order
- the Image's header says what a boot loader will believe (T14, T15)
"""

import re
import struct
import subprocess
import sys
from pathlib import Path

# The jump to virtual addresses, on the first hart and on the others.
BOOT_OBJECTS = ("obj/arch/riscv/boot/head.S.o", "obj/arch/riscv/boot/smp_entry.S.o")
# Writers of satp apart from those: function -> how often.
SATP_WRITERS = {"mmu_switch": 1}
FPU_FUNCTIONS = {"fpu_registers_save", "fpu_registers_load", "user_put_sigframe", "user_get_sigframe"}
ZB = set("""add.uw sh1add sh2add sh3add sh1add.uw sh2add.uw sh3add.uw slli.uw andn orn xnor clz clzw ctz ctzw
cpop cpopw max maxu min minu sext.b sext.h zext.h rol rolw ror rori roriw rorw orc.b rev8 clmul clmulh clmulr
bclr bclri bext bexti binv binvi bset bseti brev8 pack packh packw zip unzip""".split())
# The architecture's "constrained" loop: sixteen instructions at most, of arithmetic without
# multiplication, and branches.
RESERVATION_MAX = 16
RESERVATION = set("""li lui auipc mv nop not neg negw seqz snez sltz sgtz sext.w zext.b add addi addw addiw sub subw
and andi or ori xor xori sll slli sllw slliw srl srli srlw srliw sra srai sraw sraiw slt slti sltu sltiu
beq bne blt bge bltu bgeu beqz bnez blez bgez bltz bgtz ble bgt bleu bgtu""".split())
# What objdump has no name for but every hart executes: pause.
HINTS = {"0x0100000f", "0x100000f"}
SECTIONS = {".text", ".rodata", ".initramfs", ".data", ".bss"}

EXTABLE_ENTRY = struct.Struct("<ii")
IMAGE_HEADER = struct.Struct("<IIQQQIIQQII")
TEXT_OFFSET = 0x200000
MAGIC, MAGIC2 = 0x5643534952, 0x05435352
HEADER_VERSION = 2

FUNCTION = re.compile(r"^([0-9a-f]+) <(.+)>:$")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\t[0-9a-f ]+\t(\S+)(?:\t(.*))?$")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Binary:
    """heifer.elf and Image of one build."""

    def __init__(self, build, prefix):
        self.build = build
        self.elf = str(build / "heifer.elf")
        self.prefix = prefix
        self.errors = []
        self.reserved_for = None  # instructions since lr
        self.symbols = self.read_symbols(self.elf)

    def read_symbols(self, path):
        lines = run(self.prefix + "nm", path).splitlines()
        fields = (line.split() for line in lines)
        return {f[2]: int(f[0], 16) for f in fields if len(f) == 3}

    def error(self, text, fix):
        self.errors.append(f"{self.elf}: {text}\n  to mend it: {fix}")

    def instructions(self):
        """(function, address, mnemonic, operands) of all code but the header of the image."""
        code_start = self.symbols["_start"] + IMAGE_HEADER.size
        function = "?"
        for line in run(self.prefix + "objdump", "-d", self.elf).splitlines():
            match = FUNCTION.match(line)
            if match:
                function = match.group(2)
                continue
            match = INSTRUCTION.match(line)
            if not match:
                continue
            address, mnemonic = int(match.group(1), 16), match.group(2)
            operands = (match.group(3) or "").split("#")[0].strip()
            if address >= code_start or address == self.symbols["_start"]:
                yield function, address, mnemonic, operands

    def check_instruction(self, function, address, mnemonic, operands):
        where = f"{mnemonic} {operands} in {function} at {address:#x}"
        if mnemonic == "sfence.vma" and operands not in ("", "zero,zero"):
            self.error(where, "only the full fence, sfence.vma without operands (rule T3)")
        elif mnemonic.startswith(("sinval", "sfence.w", "sfence.i", "hfence", "hinval")):
            self.error(where, "only the full fence, sfence.vma without operands (rule T3)")
        elif mnemonic in ZB:
            self.error(where, "the U74 has no Zb*: look at -march in scripts/make/config.mk")
        elif mnemonic.startswith(("cbo.", "prefetch.")):
            self.error(where, "the U74 has no cache operations")
        elif re.match(r"f(?!ence)", mnemonic) and function not in FPU_FUNCTIONS:
            self.error(where, "the FPU's registers are the user's: only fpu_registers.S and user_sigframe.S touch them")
        elif "stimecmp" in operands or re.search(r"\b0x14d\b", operands) and mnemonic.startswith("csr"):
            self.error(where, "the U74 has no Sstc: the timer is set through SBI")
        elif mnemonic.startswith(".") and operands not in HINTS:
            self.error(where, "no data in .text, and no instruction that rv64gc does not have")

    def check_reservation(self, function, address, mnemonic):
        """Instructions in their order."""
        if mnemonic.startswith("lr."):
            self.reserved_for = 0
        elif mnemonic.startswith("sc."):
            self.reserved_for = None
        elif self.reserved_for is not None:
            self.reserved_for += 1
            if mnemonic not in RESERVATION or self.reserved_for > RESERVATION_MAX:
                self.error(f"{mnemonic} in {function} at {address:#x}, between lr and sc",
                           "a hart may never succeed with that: use an AMO, or less in between (rule T44)")
                self.reserved_for = None

    def check_code(self):
        boot_symbols = set()
        for name in BOOT_OBJECTS:
            boot_symbols.update(self.read_symbols(str(self.build / name)))
        writers = {}
        for function, address, mnemonic, operands in self.instructions():
            self.check_instruction(function, address, mnemonic, operands)
            self.check_reservation(function, address, mnemonic)
            writes = mnemonic in ("csrw", "csrwi") or (mnemonic.startswith("csrr") and mnemonic != "csrr")
            if re.search(r"\bsatp\b", operands) and (writes or mnemonic.startswith(("csrs", "csrc"))):
                writers.setdefault(function, []).append(address)
        for function, addresses in writers.items():
            allowed = 1 if function in boot_symbols else SATP_WRITERS.get(function, 0)
            if len(addresses) > allowed:
                self.error(f"{function} writes satp {len(addresses)} times, allowed are {allowed}",
                           "call mmu_switch(): it alone fences as it must (rule T6)")
        for function in SATP_WRITERS:
            if function not in writers:
                self.error(f"{function} does not write satp", "name the one function that does in "
                                                             "scripts/check_binary.py, as a real symbol")

    def check_layout(self):
        for line in run(self.prefix + "readelf", "-lW", self.elf).splitlines():
            if re.match(r"\s*LOAD\s", line) and "RWE" in line:
                self.error(f"a writable and executable segment: {line.strip()}",
                           "arch/riscv/boot/kernel.lds.S begins each kind of memory on a page")
        sections = re.findall(r"^\s*\[ *\d+\] (\S+) .* ([A-Z]*A[A-Z]*) +\d+ +\d+ +\d+$",
                              run(self.prefix + "readelf", "-SW", self.elf), re.MULTILINE)
        for name, _ in sections:
            if name not in SECTIONS:
                self.error(f"section {name} is not in the linker script",
                           "give it a place in arch/riscv/boot/kernel.lds.S")
        if not sections:
            self.error("no sections found", "has readelf's output changed? scripts/check_binary.py reads it")

    def check_extable(self):
        start, end = self.symbols["extable_start"], self.symbols["extable_end"]
        with (self.build / "Image").open("rb") as image:
            image.seek(start - self.symbols["_start"])
            entries = image.read(end - start)
        instructions = [start + i * EXTABLE_ENTRY.size + distance
                        for i, (distance, _) in enumerate(EXTABLE_ENTRY.iter_unpack(entries))]
        if not instructions or instructions != sorted(set(instructions)):
            self.error("the table of instructions that may fault is not in their order",
                       "extable_find() halves it: in arch/riscv/boot/kernel.lds.S .extable follows the order of .text")

    def check_header(self):
        with (self.build / "Image").open("rb") as image:
            fields = IMAGE_HEADER.unpack(image.read(IMAGE_HEADER.size))
        _, _, text_offset, size, flags, version, _, _, magic, magic2, _ = fields
        wanted = {
            "text_offset": (text_offset, TEXT_OFFSET),
            "image_size": (size, self.symbols["_end"] - self.symbols["_start"]),
            "flags": (flags, 0),
            "version": (version, HEADER_VERSION),
            "magic": (magic, MAGIC),
            "magic2": (magic2, MAGIC2),
        }
        for name, (found, right) in wanted.items():
            if found != right:
                self.error(f"the Image header's {name} is {found:#x}, not {right:#x}",
                           "arch/riscv/boot/head.S, at _start: rules T14, T15")
        if self.symbols["_start"] != self.symbols["_text"]:
            self.error("_start is not the first byte", "arch/riscv/boot/kernel.lds.S puts .head first")
        if (self.build / "Image").stat().st_size > size:
            self.error("the Image is longer than its header says", "image_size must count up to _end")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    binary = Binary(Path(sys.argv[1]), sys.argv[2])
    binary.check_code()
    binary.check_layout()
    binary.check_extable()
    binary.check_header()
    if binary.errors:
        sys.exit("\n".join(binary.errors))


if __name__ == "__main__":
    main()
