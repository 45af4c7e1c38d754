/* SPDX-License-Identifier: MIT */
/* Work put off to kernel threads, where sleeping locks may be taken. */
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
/* The same for what may take long: it does not keep the others waiting. Always the same of the two
 * for one piece of work. */
void work_queue_long(struct work *w);
/* Start the workers; from then on work runs. Once, after sched_init(). */
void workqueue_init(void);
