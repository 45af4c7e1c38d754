/* SPDX-License-Identifier: MIT */
/* Bringing up the devices of this machine. */
#pragma once

struct fdt;

/*
 * Bind every driver of the image to the nodes of @tree it serves, then move the log to the console
 * that the command line or the tree names. @tree is not needed afterwards. A device that cannot be
 * brought up is an error in the log; the kernel lives without any of them, on the firmware's
 * console.
 * Context: boot, one hart, allocators, threads' timers and interrupt entry ready; interrupts may be
 * on or off.
 */
void drivers_init(const struct fdt *tree);
