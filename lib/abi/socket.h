/* SPDX-License-Identifier: MIT */
/* Sockets: families, types, options, and the structures of sendmsg and recvmsg. */
#pragma once

#include "lib/types.h"

#define AF_UNSPEC 0
#define AF_UNIX   1
#define AF_MAX    46

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#define SOCK_TYPE_MAX  11
#define SOCK_TYPE_MASK 0xf
#define SOCK_NONBLOCK  04000
#define SOCK_CLOEXEC   02000000

#define SHUT_RD   0
#define SHUT_WR   1
#define SHUT_RDWR 2

#define MSG_OOB      0x1
#define MSG_PEEK     0x2
#define MSG_TRUNC    0x20
#define MSG_DONTWAIT 0x40
#define MSG_WAITALL  0x100
#define MSG_NOSIGNAL 0x4000

#define SOL_SOCKET 1

#define SO_DEBUG      1
#define SO_REUSEADDR  2
#define SO_TYPE       3
#define SO_ERROR      4
#define SO_BROADCAST  6
#define SO_SNDBUF     7
#define SO_RCVBUF     8
#define SO_KEEPALIVE  9
#define SO_PEERCRED   17
#define SO_ACCEPTCONN 30
#define SO_PROTOCOL   38
#define SO_DOMAIN     39

#define UNIX_PATH_MAX 108

struct ksockaddr_un {
	u16 family;
	char path[UNIX_PATH_MAX];
};

struct kmsghdr {
	u64 name;
	s32 name_len;
	u32 pad1;
	u64 iov;
	u64 iov_len;
	u64 control;
	u64 control_len;
	u32 flags;
	u32 pad2;
};
static_assert(sizeof(struct kmsghdr) == 56, "struct msghdr");

struct kucred {
	u32 pid, uid, gid;
};
