/* SPDX-License-Identifier: MIT */
/* Clocks and the structures that carry times. */
#pragma once

#include "lib/types.h"

#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL
#define USEC_PER_SEC  1000000ULL

/* Ticks of times(2), of /proc and of AT_CLKTCK. */
#define USER_HZ 100

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define CLOCK_REALTIME_ALARM     8
#define CLOCK_BOOTTIME_ALARM     9
#define CLOCK_TAI                11

#define TIMER_ABSTIME 0x01

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

/* utimensat: tv_nsec instead of a time. */
#define UTIME_NOW  ((1L << 30) - 1L)
#define UTIME_OMIT ((1L << 30) - 2L)

struct ktimespec {
	s64 tv_sec;
	s64 tv_nsec;
};
struct ktimeval {
	s64 tv_sec;
	s64 tv_usec;
};
struct kitimerspec {
	struct ktimespec it_interval;
	struct ktimespec it_value;
};
struct kitimerval {
	struct ktimeval it_interval;
	struct ktimeval it_value;
};
struct ktimezone {
	s32 tz_minuteswest;
	s32 tz_dsttime;
};
/* times(2): in ticks of USER_HZ */
struct ktms {
	s64 tms_utime;
	s64 tms_stime;
	s64 tms_cutime;
	s64 tms_cstime;
};
