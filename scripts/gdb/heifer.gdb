# SPDX-License-Identifier: MIT
# Read by `make debug`, after the connection to QEMU is made.

set print pretty on
set disassemble-next-line auto
set history save off
source scripts/gdb/heifer.py

# The image is linked at KERNEL_BASE (arch/riscv/cpu/layout.h) and loaded at 0x80200000. Until the jump in
# arch/riscv/boot/head.S the harts run at the load address, where the same symbols are needed again.
define heifer-load
	file $arg0
	add-symbol-file $arg0 -o 0x100200000
end
document heifer-load
Read the kernel's symbols, for the addresses it is linked at and those it is loaded at.
end

# U-Boot runs at the same address before: a kernel is there when the header of its Image is.
define heifer-start
	tbreak *0x80200000 if *(unsigned int *)0x80200038 == 0x05435352
	continue
end
document heifer-start
Run firmware and boot loaders, stop at the kernel's first instruction.
end

define console
	eval "shell tail -n 40 %s", $heifer_console
end
document console
Show the end of what the kernel printed.
end

define harts
	thread apply all -q -- bt 6
end
document harts
Show where every hart is.
end
