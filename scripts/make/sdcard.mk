# SPDX-License-Identifier: MIT
# The card: board/<name>/genimage.cfg lays it out, board.mk names its firmware, board/extlinux.conf starts it.

CARD := $(B)/sdcard
CARD_IMG := $(CARD)/heifer-$(BOARD).img

# Its kernel has no root file system built in: the one on the card is all there is, so that it can be changed in a
# card reader. The same objects, linked without it, and so the same code: the symbols serve both.
$(W)/initramfs_none.S: $(lastword $(MAKEFILE_LIST)) | $(G)/config.mk
	@mkdir -p $(@D)
	@printf '%s\n' '/* Made by scripts/make/sdcard.mk. */' '	.section .initramfs, "a"' \
		'	.globl initramfs_start, initramfs_end' 'initramfs_start:' 'initramfs_end:' >$@
CARD_LINKED := $(KERNEL_OBJECTS) $(W)/initramfs_none.o $(W)/symbols.o
$(CARD)/heifer.elf: $(CARD_LINKED) $(G)/kernel.lds
	@mkdir -p $(@D)
	$(call say,LD,$@)$(LINK) $(CARD_LINKED)
	@rm $@.map
	@$(NM) -n $@ >$(W)/card.nm
	@$(PYTHON) scripts/gen_symbols.py --compare $(W)/first.nm $(W)/card.nm
$(CARD)/Image: $(CARD)/heifer.elf
	$(call say,IMAGE,$@)$(OBJCOPY) -O binary $< $@

CARD_PARTS = --image $(CARD)/Image --initramfs $(B)/initramfs.cpio
CARD_FILES := $(addprefix $(P)/,$(CARD_FIRMWARE) $(CARD_BESIDE))
.PHONY: sdcard
sdcard: $(CARD_IMG)
	@printf '  %-7s %s\n' HAVE '$(CARD_IMG), .img.zst, VERSIONS, sha256sums'
# DEV is the card's device; without it the cards there are are listed. YES=1 does not ask.
.PHONY: flash
flash: sdcard
	@$(PYTHON) scripts/flash --board $(BOARD) --image $(CARD_IMG) $(if $(call is_on,YES),-y) $(DEV)
$(CARD_IMG): $(CARD)/Image $(B)/initramfs.cpio $(CARD_FILES) $(P)/VERSIONS board/extlinux.conf \
	     $(wildcard board/$(BOARD)/*) scripts/make_sdcard.py scripts/check_sdcard.py
	$(call say,CARD,$@)$(PYTHON) scripts/make_sdcard.py $(BOARD) $@ $(CARD_PARTS) \
		--firmware $(addprefix $(P)/,$(CARD_FIRMWARE)) --beside $(addprefix $(P)/,$(CARD_BESIDE)) \
		--package $(CARD_PACKAGE) busybox-static --version $(HEIFER_VERSION)
	$(call say,CHECK,$@)$(PYTHON) scripts/check_sdcard.py $(BOARD) $@ $(CARD_PARTS)
$(CARD_FILES) $(P)/VERSIONS:
	@echo "$@ is missing: run scripts/setup" >&2; exit 1
