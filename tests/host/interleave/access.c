// SPDX-License-Identifier: MIT
/* Accesses of programs to their memory; see spec.h. */
#include "lib/abi/errno.h"
#include "tests/host/interleave/spec.h"

#define FAULTS_MAX 60 /* of one access; there are fewer operations than that */

static void begin_access(unsigned process, unsigned page, bool is_write)
{
	struct user *u = me();
	u->access_process = (int)process;
	u->access_page = (int)page;
	u->is_write = is_write;
	u->outcomes = 0;
	u->seen_count = 0;
	note_change(process, page);
}

static void end_access(void)
{
	me()->access_page = -1;
}

static u8 outcome_of_errno(int err)
{
	switch (err) {
	case 0:
		return DONE;
	case -EFAULT:
		return NO_REGION;
	case -EACCES:
		return FORBIDDEN;
	case -EIO:
		return PAST_END;
	default:
		return 0;
	}
}

static bool permits(u64 leaf, bool is_write)
{
	return (leaf & (is_write ? PTE_W : PTE_R)) != 0;
}

static const u64 *word_of(u64 leaf)
{
	const struct page *frame = pfn_to_page(pte_pfn((pte_t){ leaf }));
	if (frame->kind != PAGE_ANON && frame->kind != PAGE_FILE && frame->kind != PAGE_PINNED)
		violation("a leaf names frame %#lx, which is no memory of users",
			  (unsigned long)page_to_pfn(frame));
	return page_to_virt(frame);
}

/*
 * All ways that the hart may serve this access without a fault: each must be right. Returns a leaf
 * to go by, 0: it must fault. *@may_fault: it may.
 */
static u64 translate(unsigned page, bool is_write, bool *may_fault)
{
	const struct hart *h = &harts[explore_current];
	const struct remembered *leaves = &h->leaves[page];
	const struct page_spec *s = &processes[me()->process].pages[page];
	u64 found = 0;
	explore_read(leaves);
	*may_fault = h->saw_none[page];
	for (unsigned i = 0; i < leaves->count; i++) {
		const u64 leaf = leaves->values[i];
		if (!permits(leaf, is_write)) {
			*may_fault = true;
			continue;
		}
		if ((outcomes_of(me()->process, page, is_write) & DONE) == 0)
			violation("hart %d may still %s %s, which is forbidden by now",
				  explore_current, is_write ? "write" : "read", page_name(page));
		const u64 value = *word_of(leaf);
		explore_read(word_of(leaf));
		if (!is_value(s, page, value))
			violation("hart %d may %s %s by leaf %#lx, where it finds %lu instead of "
				  "%lu",
				  explore_current, is_write ? "write" : "read", page_name(page),
				  (unsigned long)leaf, (unsigned long)value,
				  (unsigned long)(is_shared(page) ? file.value : s->value));
		found = leaf;
	}
	return found;
}

/* After a write by @leaf a read must find it, and not an older frame. */
static void check_one_frame(unsigned page, u64 leaf)
{
	const struct remembered *leaves = &harts[explore_current].leaves[page];
	for (unsigned i = 0; i < leaves->count; i++)
		if (permits(leaves->values[i], false) &&
		    pte_pfn((pte_t){ leaves->values[i] }) != pte_pfn((pte_t){ leaf }))
			violation("hart %d writes %s by leaf %#lx, but may read it by %#lx",
				  explore_current, page_name(page), (unsigned long)leaf,
				  (unsigned long)leaves->values[i]);
}

static void perform(unsigned page, u64 leaf, bool is_write)
{
	u64 *word = (u64 *)word_of(leaf);
	if (!is_write) {
		explore_log("reads %s: %lu", page_name(page), *word, 0);
		note_read(me()->process, page, *word);
		return;
	}
	check_one_frame(page, leaf);
	explore_write(word);
	*word = ++last_value;
	explore_log("writes %s: %lu", page_name(page), *word, 0);
	note_write(me()->process, page, *word);
}

static int serve_fault(unsigned page, bool is_write)
{
	explore_log("faults on %s", page_name(page), 0, 0);
	const int err = aspace_fault(processes[me()->process].as, places_of_pages[page].va,
				     is_write ? ACCESS_WRITE : ACCESS_READ);
	machine_settle();
	if (err >= 0 && machine_owes_fence())
		violation("a fault was served, but its hart may remember what was there before");
	return err;
}

void user_access(unsigned page, bool is_write)
{
	begin_access(me()->process, page, is_write);
	for (unsigned faults = 0; faults < FAULTS_MAX; faults++) {
		explore_point();
		machine_settle();
		bool may_fault;
		const u64 leaf = translate(page, is_write, &may_fault);
		if (leaf != 0 && (!may_fault || explore_choose(2) == 0)) {
			perform(page, leaf, is_write);
			end_access();
			return;
		}
		const int err = serve_fault(page, is_write);
		if (err >= 0)
			continue;
		if (err != -ENOMEM && (outcome_of_errno(err) & me()->outcomes) == 0)
			violation("an access of %s fails with %d, which it should not",
				  page_name(page), err);
		explore_log("%s: its access fails with -%lu", page_name(page), (u64)-err, 0);
		end_access();
		return;
	}
	violation("stuck: the fault on %s is served again and again", page_name(page));
}

void peek(unsigned page)
{
	unsigned other = me()->process;
	for (unsigned i = 0; i < process_count; i++)
		if (i != me()->process && processes[i].is_alive)
			other = i;
	struct process *p = &processes[other];
	aspace_get(p->as);
	memory_fail_after(-1);
	begin_access(other, page, false);
	u64 value;
	const size_t n = aspace_read(p->as, places_of_pages[page].va, &value, sizeof(value));
	bool was_seen = n != sizeof(value) && (me()->outcomes & ~DONE) != 0;
	for (unsigned i = 0; i < me()->seen_count && n == sizeof(value); i++)
		was_seen |= me()->seen[i] == value;
	if (!was_seen && me()->seen_count < SEEN_MAX)
		violation("process %u was read from outside: %s is %lu, %zu bytes", other,
			  page_name(page), (unsigned long)value, n);
	end_access();
	aspace_put_later(p->as);
}
