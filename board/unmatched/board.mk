# SPDX-License-Identifier: MIT
# The HiFive Unmatched's configuration, in QEMU on sifive_u: five harts, of which the first, a monitor
# hart without S-mode, is never ours.
QEMU_MACHINE := sifive_u
QEMU_SMP := 5
QEMU_MEM := 2G
# What of build/packages is on the card, and the Debian package it is from.
CARD_FIRMWARE := sifive_unmatched/u-boot-spl.bin sifive_unmatched/u-boot.itb
CARD_PACKAGE := u-boot-sifive
# From the card. The Unleashed's SPL faults with 4 GiB; the Unmatched has 16.
QEMU_BOOTS := sd rehearsal
QEMU_READS_CARDS = $(filter sd rehearsal,$(BOOT))
QEMU_MEM_sd := 8G
QEMU_MEM_rehearsal := 16G
QEMU_START_rehearsal = -M $(QEMU_MACHINE),msel=11 -bios $(CHAIN)/spl.bin \
		       $(call QEMU_DRIVE,$(CHAIN)/card.img,sd)
QEMU_START_sd = $(QEMU_START_rehearsal) $(call QEMU_DRIVE,$(CHAIN)/flash.img,mtd)
QEMU_NEEDS_sd = $(CHAIN)/card.img
QEMU_NEEDS_rehearsal = $(CHAIN)/card.img
