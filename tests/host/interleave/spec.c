// SPDX-License-Identifier: MIT
/* What memory should be; see spec.h. */
#include "tests/host/interleave/spec.h"

struct process processes[PROCESSES_MAX];
unsigned process_count;
struct file file;
struct user users[THREADS_MAX];
u64 last_value;

struct user *me(void)
{
	return &users[explore_current];
}

bool is_shared(unsigned page)
{
	return page == PAGE_SHARED;
}

u8 outcomes_of(unsigned process, unsigned page, bool is_write)
{
	const u8 states = processes[process].pages[page].states;
	u8 sum = 0;
	if (states & UNMAPPED)
		sum |= NO_REGION;
	if ((states & READ_ONLY) && is_write)
		sum |= FORBIDDEN;
	if ((states & WRITABLE) || ((states & READ_ONLY) && !is_write))
		sum |= is_shared(page) ? file.states : DONE;
	return sum;
}

static void add_seen(struct user *u, u64 value)
{
	if (u->seen_count < SEEN_MAX)
		u->seen[u->seen_count++] = value;
}

void note_change(unsigned process, unsigned page)
{
	explore_write(&processes[process].pages[page]);
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		struct user *u = &users[i];
		if (!u->exists || u->access_page != (int)page)
			continue;
		if (!is_shared(page) && u->access_process != (int)process)
			continue;
		const struct page_spec *s = &processes[u->access_process].pages[page];
		u->outcomes |= outcomes_of((unsigned)u->access_process, page, u->is_write);
		add_seen(u, is_shared(page) ? file.value : s->value);
		if (s->may_be_zero)
			add_seen(u, 0);
	}
}

void note_file_change(void)
{
	for (unsigned i = 0; i < process_count; i++)
		note_change(i, PAGE_SHARED);
}

bool is_value(const struct page_spec *s, unsigned page, u64 value)
{
	if (is_shared(page))
		return value == file.value;
	return value == s->value || (s->may_be_zero && value == 0);
}

void note_read(unsigned process, unsigned page, u64 value)
{
	struct page_spec *s = &processes[process].pages[page];
	explore_read(s);
	if (is_shared(page) || !s->may_be_zero)
		return;
	explore_write(s);
	if (value == 0)
		s->value = 0;
	if (value == 0 || s->dropping == 0)
		s->may_be_zero = false;
}

void note_write(unsigned process, unsigned page, u64 value)
{
	struct page_spec *s = &processes[process].pages[page];
	if (is_shared(page)) {
		file.value = value;
		note_file_change();
		return;
	}
	s->value = value;
	s->writes++;
	s->may_be_zero = s->dropping != 0;
	note_change(process, page);
}

const char *page_name(unsigned page)
{
	static const char *const names[] = { "page 0", "page 1", "page 2",
					     "page 3", "page 4", "the shared page" };
	return names[page];
}
