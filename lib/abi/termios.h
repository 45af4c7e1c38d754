/* SPDX-License-Identifier: MIT */
/* Terminal attributes as TCGETS and TCSETS carry them. */
#pragma once

#include "lib/types.h"

#define NCCS 19

struct ktermios {
	u32 c_iflag;
	u32 c_oflag;
	u32 c_cflag;
	u32 c_lflag;
	u8 c_line;
	u8 c_cc[NCCS];
};
static_assert(sizeof(struct ktermios) == 36, "struct termios");

/* TCGETS2: the same and the speeds as numbers. */
struct ktermios2 {
	u32 c_iflag;
	u32 c_oflag;
	u32 c_cflag;
	u32 c_lflag;
	u8 c_line;
	u8 c_cc[NCCS];
	u32 c_ispeed;
	u32 c_ospeed;
};
static_assert(sizeof(struct ktermios2) == 44, "struct termios2");

struct winsize {
	u16 ws_row;
	u16 ws_col;
	u16 ws_xpixel;
	u16 ws_ypixel;
};

/* index in c_cc */
#define VINTR    0
#define VQUIT    1
#define VERASE   2
#define VKILL    3
#define VEOF     4
#define VTIME    5
#define VMIN     6
#define VSWTC    7
#define VSTART   8
#define VSTOP    9
#define VSUSP    10
#define VEOL     11
#define VREPRINT 12
#define VDISCARD 13
#define VWERASE  14
#define VLNEXT   15
#define VEOL2    16

/* A control character that is switched off. */
#define POSIX_VDISABLE 0

/* c_iflag */
#define IGNBRK  0x001
#define BRKINT  0x002
#define IGNPAR  0x004
#define PARMRK  0x008
#define INPCK   0x010
#define ISTRIP  0x020
#define INLCR   0x040
#define IGNCR   0x080
#define ICRNL   0x100
#define IUCLC   0x0200
#define IXON    0x0400
#define IXANY   0x800
#define IXOFF   0x1000
#define IMAXBEL 0x2000
#define IUTF8   0x4000

/* c_oflag */
#define OPOST  0x01
#define OLCUC  0x00002
#define ONLCR  0x00004
#define OCRNL  0x08
#define ONOCR  0x10
#define ONLRET 0x20
#define OFILL  0x40
#define OFDEL  0x80
#define NLDLY  0x00100
#define CRDLY  0x00600
#define TABDLY 0x01800
#define TAB0   0x00000
#define TAB3   0x01800
#define XTABS  0x01800
#define BSDLY  0x02000
#define VTDLY  0x04000
#define FFDLY  0x08000

/* c_cflag */
#define CBAUD   0x0000100f
#define B0      0x00000000
#define B50     0x00000001
#define B75     0x00000002
#define B110    0x00000003
#define B134    0x00000004
#define B150    0x00000005
#define B200    0x00000006
#define B300    0x00000007
#define B600    0x00000008
#define B1200   0x00000009
#define B1800   0x0000000a
#define B2400   0x0000000b
#define B4800   0x0000000c
#define B9600   0x0000000d
#define B19200  0x0000000e
#define B38400  0x0000000f
#define CSIZE   0x00000030
#define CS5     0x00000000
#define CS6     0x00000010
#define CS7     0x00000020
#define CS8     0x00000030
#define CSTOPB  0x00000040
#define CREAD   0x00000080
#define PARENB  0x00000100
#define PARODD  0x00000200
#define HUPCL   0x00000400
#define CLOCAL  0x00000800
#define CBAUDEX 0x00001000
#define BOTHER  0x00001000
#define B57600  0x00001001
#define B115200 0x00001002
#define B230400 0x00001003
#define B460800 0x00001004
#define B921600 0x00001007
#define CIBAUD  0x100f0000
#define IBSHIFT 16
#define CMSPAR  0x40000000
#define CRTSCTS 0x80000000

/* c_lflag */
#define ISIG    0x00001
#define ICANON  0x00002
#define XCASE   0x00004
#define ECHO    0x00008
#define ECHOE   0x00010
#define ECHOK   0x00020
#define ECHONL  0x00040
#define NOFLSH  0x00080
#define TOSTOP  0x00100
#define ECHOCTL 0x00200
#define ECHOPRT 0x00400
#define ECHOKE  0x00800
#define FLUSHO  0x01000
#define PENDIN  0x04000
#define IEXTEN  0x08000
#define EXTPROC 0x10000

/* argument of TCXONC */
#define TCOOFF 0
#define TCOON  1
#define TCIOFF 2
#define TCION  3

/* argument of TCFLSH */
#define TCIFLUSH  0
#define TCOFLUSH  1
#define TCIOFLUSH 2
