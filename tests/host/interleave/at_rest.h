/* SPDX-License-Identifier: MIT */
/* What holds while nobody runs. */
#pragma once

#include "mm/vmm/aspace.h"

struct page;

/* The counts of all tables and frames that @spaces have are those of the entries that name them;
 * @of_file, or NULL, has one name more. No entry leads to what is free. */
void at_rest_check(const struct aspace *const *spaces, unsigned count, const struct page *of_file);
