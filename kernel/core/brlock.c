// SPDX-License-Identifier: MIT
#include "kernel/core/brlock.h"

void br_lock_others(struct brlock *l)
{
	for (u32 i = 1; i < CONFIG_NR_CPUS && i < cpu_count; i++)
		spin_lock_part(&l->of[i].lock, &l->of[0].lock);
}

void br_unlock_others(struct brlock *l)
{
	for (u32 i = 1; i < CONFIG_NR_CPUS && i < cpu_count; i++)
		spin_unlock_part(&l->of[i].lock);
}
