/* SPDX-License-Identifier: MIT */
/*
 * What sharing costs and saves, counted: for the whole system (/proc/vmstat) and for each space
 * (/proc/N/forkstat).
 *
 * Locks: a space's counts are under as->lock; the system's are atomic, a set for each hart.
 */
#pragma once

#include "lib/types.h"

struct aspace;

enum vmm_event {
	EVENT_TABLES_SHARED,   /* by fork: entries made to name a table that has a name already */
	EVENT_TABLES_KEPT,     /* made mine without a copy: nobody else named them any more */
	EVENT_TABLES_COPIED,   /* made mine with a copy */
	EVENT_PAGES_COPIED,    /* written while they had other holders */
	EVENT_PAGES_TAKEN,     /* taken over from holders that are gone */
	EVENT_FAULTS_SPURIOUS, /* there was nothing to do: another hart had done it */
	EVENT_FENCES,          /* of all harts of a space */
	VMM_EVENTS,
};

struct vmm_events {
	u64 n[VMM_EVENTS];
};

/* Locks: as->lock, or a space nobody else knows. */
void vmm_count(struct aspace *as, enum vmm_event event, u64 times);
/* All there were since boot, in all spaces. Any context. */
struct vmm_events vmm_events_total(void);
/* "fork_tables_shared" */
const char *vmm_event_name(enum vmm_event event);
