/* SPDX-License-Identifier: MIT */
/* What TIOCGSERIAL tells of a serial port. */
#pragma once

#include "lib/types.h"

struct kserial_struct {
	s32 type; /* of UART, as a PC has them; 0: unknown */
	s32 line; /* the number behind ttyS */
	u32 port;
	s32 irq;
	s32 flags;
	s32 xmit_fifo_size;
	s32 custom_divisor;
	s32 baud_base;
	u16 close_delay;
	u8 io_type;
	u8 reserved_char;
	s32 hub6;
	u16 closing_wait;
	u16 closing_wait2;
	u64 iomem_base;
	u16 iomem_reg_shift;
	u32 port_high;
	u64 iomap_base;
};
static_assert(sizeof(struct kserial_struct) == 72, "struct serial_struct");
