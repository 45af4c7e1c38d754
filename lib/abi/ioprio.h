/* SPDX-License-Identifier: MIT */
/* Priorities of input and output, as ioprio_set(2) has them: class << shift | level. */
#pragma once

#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_CLASS_MASK  0x7
#define IOPRIO_LEVEL_MASK  0x7

#define IOPRIO_CLASS_NONE 0
#define IOPRIO_CLASS_RT   1
#define IOPRIO_CLASS_BE   2
#define IOPRIO_CLASS_IDLE 3

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_WHO_PGRP    2
#define IOPRIO_WHO_USER    3
