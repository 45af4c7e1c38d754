# SPDX-License-Identifier: MIT
# The HiFive Unmatched's configuration, in QEMU on sifive_u: five harts, of which the first, a monitor
# hart without S-mode, is never ours.
QEMU_MACHINE := sifive_u
QEMU_SMP := 5
QEMU_MEM := 2G
# What of build/packages is on the card, and the Debian package it is from.
CARD_FIRMWARE := sifive_unmatched/u-boot-spl.bin sifive_unmatched/u-boot.itb
CARD_PACKAGE := u-boot-sifive
