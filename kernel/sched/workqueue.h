/* SPDX-License-Identifier: MIT */
/* Work put off from interrupts to a kernel thread, where sleeping locks may be taken. */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

struct work {
	/* set once at creation */
	void (*run)(struct work *w); /* by the worker, which touches @w no more once it has called
					it */

	/* under the queue's lock */
	struct list node;
	bool queued;
};

void work_init(struct work *w, void (*run)(struct work *w));
/* Run it soon, once, however often it is queued before it begins. Any context. */
void work_queue(struct work *w);
/* Start the worker; from then on work runs. Once, after sched_init(). */
void workqueue_init(void);
