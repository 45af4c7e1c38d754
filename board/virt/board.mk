# SPDX-License-Identifier: MIT
# QEMU's virt: ns16550 and PLIC, any number of harts.
QEMU_MACHINE := virt
QEMU_SMP := 4
QEMU_MEM := 512M
# U-Boot is not on the disk: QEMU loads it (-kernel) from beside it.
CARD_BESIDE := qemu-riscv64_smode/u-boot.bin
CARD_PACKAGE := u-boot-qemu
# From a virtio disk, by U-Boot in S-mode.
QEMU_BOOTS := sd
QEMU_START_sd = -M $(QEMU_MACHINE) -kernel $(CARD)/u-boot.bin $(call QEMU_DRIVE,$(CARD_IMG),virtio)
QEMU_NEEDS_sd = $(CARD_IMG)
