# SPDX-License-Identifier: MIT
# QEMU's virt: ns16550 and PLIC, any number of harts.
QEMU_MACHINE := virt
QEMU_SMP := 4
QEMU_MEM := 512M
