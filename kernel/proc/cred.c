// SPDX-License-Identifier: MIT
/*
 * Each call is a rule for which of its new ids an unprivileged process may take: one that it has
 * already. The ids are a thread's own, as in Linux, where the C library changes them in all
 * threads; only it writes them, others read them racily.
 */
#include "kernel/proc/cred.h"

#include "kernel/proc/process.h"
#include "lib/abi/errno.h"

void cred_get(enum cred_kind kind, struct cred_ids *out)
{
	const struct cred *c = cred_current();
	*out = kind == CRED_USER ? (struct cred_ids){ c->uid, c->euid, c->suid } :
				   (struct cred_ids){ c->gid, c->egid, c->sgid };
}

/* With other rights it is no longer for the parent's user to say when a signal comes. */
static void drop_parent_death_signal(void)
{
	spin_lock(&process_tree_lock);
	process_current()->parent_death_signal = 0;
	spin_unlock(&process_tree_lock);
}

static void ids_store(enum cred_kind kind, const struct cred_ids *ids)
{
	struct cred *c = &task_current()->cred;
	if (ids->effective != (kind == CRED_USER ? c->euid : c->egid))
		drop_parent_death_signal();
	if (kind == CRED_USER) {
		c->uid = ids->real;
		c->euid = ids->effective;
		c->suid = ids->saved;
	} else {
		c->gid = ids->real;
		c->egid = ids->effective;
		c->sgid = ids->saved;
	}
}

static bool is_root(void)
{
	return cred_current()->euid == 0;
}

static bool is_one_of(u32 id, const struct cred_ids *ids)
{
	return id == ids->real || id == ids->effective || id == ids->saved;
}

int cred_set(enum cred_kind kind, u32 id)
{
	if (id == CRED_UNCHANGED)
		return -EINVAL;
	struct cred_ids ids;
	cred_get(kind, &ids);
	if (is_root())
		ids = (struct cred_ids){ id, id, id };
	else if (id == ids.real || id == ids.saved)
		ids.effective = id;
	else
		return -EPERM;
	ids_store(kind, &ids);
	return 0;
}

int cred_set_two(enum cred_kind kind, u32 real, u32 effective)
{
	struct cred_ids old;
	cred_get(kind, &old);
	struct cred_ids ids = old;
	if (real != CRED_UNCHANGED) {
		if (!is_root() && real != old.real && real != old.effective)
			return -EPERM;
		ids.real = real;
	}
	if (effective != CRED_UNCHANGED) {
		if (!is_root() && !is_one_of(effective, &old))
			return -EPERM;
		ids.effective = effective;
	}
	/* The saved id follows unless only the effective one went to what the real one was. */
	if (real != CRED_UNCHANGED || (effective != CRED_UNCHANGED && effective != old.real))
		ids.saved = ids.effective;
	ids_store(kind, &ids);
	return 0;
}

int cred_set_three(enum cred_kind kind, const struct cred_ids *wanted)
{
	struct cred_ids old;
	cred_get(kind, &old);
	struct cred_ids ids = *wanted;
	if (!is_root() && ((ids.real != CRED_UNCHANGED && !is_one_of(ids.real, &old)) ||
			   (ids.effective != CRED_UNCHANGED && !is_one_of(ids.effective, &old)) ||
			   (ids.saved != CRED_UNCHANGED && !is_one_of(ids.saved, &old))))
		return -EPERM;
	if (ids.real == CRED_UNCHANGED)
		ids.real = old.real;
	if (ids.effective == CRED_UNCHANGED)
		ids.effective = old.effective;
	if (ids.saved == CRED_UNCHANGED)
		ids.saved = old.saved;
	ids_store(kind, &ids);
	return 0;
}
