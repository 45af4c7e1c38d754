/* SPDX-License-Identifier: MIT */
/* Between the files of AF_UNIX: open files of sockets. */
#pragma once

#include "fs/socket_core.h"

extern const struct file_ops socket_file_ops;
