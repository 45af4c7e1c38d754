/* SPDX-License-Identifier: MIT */
/* ppoll, pselect6 and epoll. */
#pragma once

#include "lib/types.h"

#define POLLIN     0x0001
#define POLLPRI    0x0002
#define POLLOUT    0x0004
#define POLLERR    0x0008
#define POLLHUP    0x0010
#define POLLNVAL   0x0020
#define POLLRDNORM 0x0040
#define POLLRDBAND 0x0080
#define POLLWRNORM 0x0100
#define POLLWRBAND 0x0200
#define POLLMSG    0x0400
#define POLLREMOVE 0x1000
#define POLLRDHUP  0x2000

struct kpollfd {
	s32 fd;
	s16 events;
	s16 revents;
};
static_assert(sizeof(struct kpollfd) == 8, "struct pollfd");

/* pselect6: sets of descriptors are arrays of u64, this many bits at most. */
#ifndef FD_SETSIZE /* in host tests the C library has defined it, as the same */
#define FD_SETSIZE 1024
#endif

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

#define EPOLLEXCLUSIVE (1U << 28)
#define EPOLLWAKEUP    (1U << 29)
#define EPOLLONESHOT   (1U << 30)
#define EPOLLET        (1U << 31)

struct kepoll_event {
	u32 events;
	u32 reserved;
	u64 data;
};
