// SPDX-License-Identifier: MIT
/* See program.h. The order of things here: calls; fork; threads; the object; runs. */
#include "tests/host/interleave/program.h"

#include <stdio.h>
#include <string.h>

#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "tests/host/interleave/at_rest.h"
#include "tests/host/interleave/spec.h"

static const struct program *program;
static enum fork_mode fork_mode;
static const struct fork_place *fork_place;

/* ---- calls ---- */

/* The pages of block @block; or, if that is BLOCKS_MAX, page @page alone. */
static bool is_affected(unsigned p, unsigned page, unsigned block)
{
	return block == BLOCKS_MAX ? p == page : places_of_pages[p].block == block;
}

/* A call begins to bring pages to @state. False: another does something to them. */
static bool begin_change(unsigned page, unsigned block, u8 state)
{
	struct page_spec *pages = processes[me()->process].pages;
	for (unsigned p = 0; p < PAGES_MAX; p++)
		if (is_affected(p, page, block) && pages[p].changing != 0)
			return false;
	for (unsigned p = 0; p < PAGES_MAX; p++) {
		if (!is_affected(p, page, block))
			continue;
		pages[p].changing++;
		pages[p].states_before = pages[p].states;
		pages[p].states |= state;
		note_change(me()->process, p);
	}
	return true;
}

static void end_change(unsigned page, unsigned block, u8 state, bool happened)
{
	struct page_spec *pages = processes[me()->process].pages;
	for (unsigned p = 0; p < PAGES_MAX; p++) {
		if (!is_affected(p, page, block))
			continue;
		pages[p].changing--;
		pages[p].states = happened ? state : pages[p].states_before;
		note_change(me()->process, p);
	}
}

static struct aspace *my_space(void)
{
	return processes[me()->process].as;
}

static void expect(int err, const char *call)
{
	if (err != 0 && err != -ENOMEM)
		violation("%s fails with %d", call, err);
}

static void unmap_page(unsigned page)
{
	if (!begin_change(page, BLOCKS_MAX, UNMAPPED))
		return;
	const int err = aspace_unmap(my_space(), places_of_pages[page].va, PAGE_SIZE);
	expect(err, "munmap");
	end_change(page, BLOCKS_MAX, UNMAPPED, err == 0);
}

static void unmap_block(unsigned block)
{
	if (!begin_change(0, block, UNMAPPED))
		return;
	const int err = aspace_unmap(my_space(), block_va[block], MEGAPAGE_SIZE);
	expect(err, "munmap of a block");
	end_change(0, block, UNMAPPED, err == 0);
}

static s64 map_at(struct aspace *as, uaddr_t va, u64 len_bytes, struct vm_object *o)
{
	const struct map_args args = {
		.addr = va,
		.len_bytes = len_bytes,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_FIXED | (o != NULL ? MAP_SHARED : MAP_PRIVATE),
		.object = o,
		.max_prot = PROT_READ | PROT_WRITE,
	};
	return aspace_map(as, &args);
}

static void map_page(unsigned page)
{
	struct page_spec *s = &processes[me()->process].pages[page];
	if (s->states != UNMAPPED || s->changing != 0)
		return;
	if (!is_shared(page)) {
		s->value = 0;
		s->may_be_zero = false;
	}
	(void)begin_change(page, BLOCKS_MAX, WRITABLE);
	const uaddr_t va = places_of_pages[page].va;
	const s64 at = map_at(my_space(), va, PAGE_SIZE, is_shared(page) ? &file.object : NULL);
	expect(at == (s64)va ? 0 : (int)at, "mmap");
	end_change(page, BLOCKS_MAX, WRITABLE, at == (s64)va);
}

static void protect_page(unsigned page, u8 state)
{
	const struct page_spec *s = &processes[me()->process].pages[page];
	if (s->changing != 0 || s->states != (READ_ONLY | WRITABLE) - state)
		return;
	(void)begin_change(page, BLOCKS_MAX, state);
	const u32 prot = state == WRITABLE ? PROT_READ | PROT_WRITE : PROT_READ;
	const int err = aspace_protect(my_space(), places_of_pages[page].va, PAGE_SIZE, prot);
	expect(err, "mprotect");
	end_change(page, BLOCKS_MAX, state, err == 0);
}

static void drop_page(unsigned page)
{
	struct page_spec *s = &processes[me()->process].pages[page];
	const u32 writes = s->writes;
	s->dropping++;
	s->may_be_zero = true;
	note_change(me()->process, page);
	const int err =
		aspace_advise(my_space(), places_of_pages[page].va, PAGE_SIZE, MADV_DONTNEED);
	expect(err, "MADV_DONTNEED");
	s->dropping--;
	if (err == 0 && s->writes == writes) {
		s->value = 0;
		s->may_be_zero = s->dropping != 0;
	}
	note_change(me()->process, page);
}

static void truncate_file(void)
{
	if (file.is_changing || file.is_cut)
		return;
	file.is_changing = true;
	file.states = DONE | PAST_END;
	note_file_change();
	spin_lock(&file.object.lock);
	file.is_cut = true;
	struct page *page = file.page;
	file.page = NULL;
	spin_unlock(&file.object.lock);
	vm_object_unmap_range(&file.object, 0, 1, true);
	/* Before it goes: nobody has it any more. */
	file.states = PAST_END;
	note_file_change();
	if (page != NULL)
		pmm_put(page);
	file.is_changing = false;
}

static void grow_file(void)
{
	if (file.is_changing || !file.is_cut)
		return;
	file.states = DONE | PAST_END;
	file.value = 0;
	note_file_change();
	file.is_changing = true;
	spin_lock(&file.object.lock);
	file.is_cut = false;
	spin_unlock(&file.object.lock);
	file.is_changing = false;
	file.states = DONE;
	note_file_change();
}

/* ---- fork ---- */

static void user_main(unsigned id);

static void take_picture(void)
{
	const struct user *u = me();
	const struct process *parent = &processes[u->process];
	struct process *child = &processes[u->child];
	for (unsigned p = 0; p < PAGES_MAX; p++) {
		explore_read(&parent->pages[p]);
		child->pages[p] = parent->pages[p];
		child->pages[p].changing = child->pages[p].dropping = 0;
	}
}

/*
 * The moment that the child is a picture of: when it is published. But mode copy gives W back page
 * by page, as each is copied; there it is the fence, or the lock if none is due.
 */
static void on_publish(void)
{
	struct user *u = me();
	if (u->child < 0 || u->is_published)
		return;
	u->is_published = true;
	if (fork_mode != FORK_COPY)
		take_picture();
}

static void on_lock(const void *mutex)
{
	const struct user *u = me();
	if (u->child >= 0 && !u->is_over && mutex == &my_space()->lock && fork_mode == FORK_COPY)
		take_picture();
}

static void on_fence(void)
{
	const struct user *u = me();
	if (u->child >= 0 && !u->is_published && fork_mode == FORK_COPY)
		take_picture();
}

/* Until the lock goes, nothing may have changed. */
static void on_unlock(const void *mutex)
{
	struct user *u = me();
	if (u->child < 0 || u->is_over || mutex != &my_space()->lock)
		return;
	u->is_over = true;
	if (!u->is_published)
		violation("fork unlocks the parent before the child is published");
	const struct page_spec *now = processes[u->process].pages;
	const struct page_spec *then = processes[u->child].pages;
	for (unsigned p = 0; p < PAGES_MAX && fork_mode != FORK_COPY; p++)
		if (!is_shared(p) && now[p].value != then[p].value &&
		    (now[p].states & UNMAPPED) == 0)
			violation("%s was written while fork held the lock, behind its fence",
				  page_name(p));
}

static int free_user(void)
{
	for (int i = 0; i < THREADS_MAX; i++)
		if (!users[i].exists)
			return i;
	return -1;
}

static void begin_user(unsigned id, unsigned process, const char *script, unsigned ops)
{
	users[id] = (struct user){
		.exists = true,
		.process = process,
		.script = script,
		.ops_left = ops,
		.access_page = -1,
		.child = -1,
	};
	processes[process].threads++;
}

static void fork_process(unsigned n, const struct fork_place *place)
{
	struct user *u = me();
	const int id = free_user();
	if (id < 0 || process_count == PROCESSES_MAX)
		return;
	begin_user((unsigned)id, process_count, program == NULL ? NULL : program->children[n],
		   program == NULL ? 1 + explore_random(5) : 0);
	u->child = (int)process_count++;
	u->is_published = u->is_over = false;
	struct process *child = &processes[u->child];
	struct aspace *as;
	const int err = aspace_fork(my_space(), fork_mode, place, &as);
	const bool was_published = u->is_published;
	u->child = -1;
	if (err != 0) {
		if (err != -ENOMEM)
			violation("fork fails with %d", err);
		users[id].exists = false;
		return;
	}
	if (!was_published)
		violation("fork returns a child that was not published");
	child->as = as;
	child->is_alive = true;
	machine_spaces[child - processes] = as;
	explore_log("%s: the child is thread %lu", "fork", (u64)id, 0);
	explore_start((unsigned)id, user_main);
}

/* ---- threads ---- */

static void end_user(void)
{
	struct user *u = me();
	struct process *p = &processes[u->process];
	machine_leave(p->as);
	explore_write(p);
	if (--p->threads == 0) {
		p->is_alive = false;
		machine_spaces[u->process] = NULL;
		explore_log("%s %lu ends", "process", u->process, 0);
		aspace_put(p->as);
	}
	u->exists = false;
}

/* Where a process goes on whose code and stack are in block 0. */
static const struct fork_place in_block0 = { BLOCK0, BLOCK0, 0 };

/* False: the thread has ended. */
static bool do_op(char op, unsigned n)
{
	static char names[128][2];
	names[(unsigned)op][0] = op;
	explore_log("-- %s%lu", names[(unsigned)op], n, 0);
	switch (op) {
	case 'r':
	case 'w':
		user_access(n, op == 'w');
		break;
	case 'u':
		unmap_page(n);
		break;
	case 'U':
		unmap_block(n);
		break;
	case 'm':
		map_page(n);
		break;
	case 'p':
	case 'P':
		protect_page(n, op == 'p' ? READ_ONLY : WRITABLE);
		break;
	case 'd':
		drop_page(n);
		break;
	case 't':
		truncate_file();
		break;
	case 'g':
		grow_file();
		break;
	case 'c':
		peek(n);
		break;
	case 'f':
		fork_process(n, fork_place);
		break;
	case 'F':
		fork_process(n, &in_block0);
		break;
	case 'n':
		memory_fail_after((int)n);
		break;
	case 'x':
		end_user();
		return false;
	default:
		violation("no operation is called %c", op);
	}
	return true;
}

static bool do_random_op(void)
{
	static const char ops[] = "rrrrrrwwwwwwfffuUmmdpPtgccnx";
	const char op = ops[explore_random(sizeof(ops) - 1)];
	const unsigned n = op == 'U' ? BLOCKS_MAX : op == 'n' ? 8 : PAGES_MAX;
	return do_op(op, explore_random(n));
}

static void user_main(unsigned id)
{
	struct user *u = &users[id];
	if (harts[id].root == 0)
		machine_enter(my_space());
	if (u->script != NULL) {
		for (const char *at = u->script; *at != '\0'; at += 2)
			if (!do_op(at[0], (unsigned)(at[1] - '0')))
				return;
		return;
	}
	while (u->ops_left-- != 0)
		if (!do_random_op())
			return;
}

/* ---- the object ---- */

static int file_get_page(struct vm_object *o, u64 index, bool for_write, struct page **out)
{
	int err = 0;
	struct page *fresh = pmm_alloc_zeroed(PAGE_FILE);
	if (fresh == NULL)
		return -ENOMEM;
	spin_lock(&o->lock);
	if (file.is_cut) {
		err = -EIO;
	} else {
		if (file.page == NULL) {
			file.page = fresh;
			fresh = NULL;
		}
		*out = file.page;
	}
	spin_unlock(&o->lock);
	if (fresh != NULL)
		pmm_put(fresh);
	return err;
}

static void file_destroy(struct vm_object *o)
{
}

static const struct vm_object_ops file_ops = {
	.get_page = file_get_page,
	.destroy = file_destroy,
};

/* ---- runs ---- */

static void set_up_space(struct aspace *as)
{
	static const u64 lengths[] = { 2 * MEGAPAGE_SIZE, 0, MEGAPAGE_SIZE };
	for (unsigned b = 0; b < BLOCKS_MAX; b++)
		if (lengths[b] != 0)
			(void)map_at(as, block_va[b], lengths[b], NULL);
	(void)map_at(as, places_of_pages[PAGE_SHARED].va, PAGE_SIZE, &file.object);
}

static void begin_process(void)
{
	struct process *p = &processes[0];
	memset(processes, 0, sizeof(processes));
	memset(users, 0, sizeof(users));
	process_count = 1;
	p->as = aspace_create();
	p->is_alive = true;
	for (unsigned i = 0; i < PAGES_MAX; i++)
		p->pages[i].states = WRITABLE;
	set_up_space(p->as);
	machine_spaces[0] = p->as;
}

void program_set_up(const struct program *p, enum fork_mode mode, const struct fork_place *place)
{
	program = p;
	fork_mode = mode;
	fork_place = place;
	machine_reset();
	memory_reset();
	memset(&file, 0, sizeof(file));
	vm_object_init(&file.object, &file_ops);
	file.states = DONE;
	last_value = 0;
	machine_on_publish = on_publish;
	machine_on_lock = on_lock;
	machine_on_unlock = on_unlock;
	machine_on_fence = on_fence;
	begin_process();

	explore_set_sequential(true);
	begin_user(0, 0, p == NULL ? "w0w1w3w5" : p->before, 0);
	explore_start(0, user_main);
	(void)explore_run();
	explore_set_sequential(false);
	processes[0].threads = 0;
	const unsigned threads = p == NULL ? 1 + explore_random(3) : SCRIPTS_MAX;
	for (unsigned i = 0; i < threads; i++) {
		if (p != NULL && p->threads[i] == NULL)
			continue;
		begin_user(i, 0, p == NULL ? NULL : p->threads[i],
			   p == NULL ? 3 + explore_random(8) : 0);
		/* As if it had run there for long. */
		processes[0].as->harts |= BIT(i);
		harts[i].root = processes[0].as->root;
		tlb_forget(i);
		explore_start(i, user_main);
	}
}

/* The kernel checks itself in debug builds after each fork; here that is done at rest. */
void __real_aspace_check(struct aspace *as);
void __wrap_aspace_check(struct aspace *as);
void __wrap_aspace_check(struct aspace *as)
{
	if (explore_current < 0)
		__real_aspace_check(as);
}

bool program_run(void)
{
	if (!explore_run())
		return false;
	machine_settle();
	const struct aspace *spaces[PROCESSES_MAX];
	unsigned n = 0;
	for (unsigned i = 0; i < process_count; i++) {
		if (!processes[i].is_alive)
			continue;
		aspace_check(processes[i].as);
		spaces[n++] = processes[i].as;
	}
	at_rest_check(spaces, n, file.page);
	return true;
}

static void last_words(unsigned id)
{
	memory_fail_after(-1);
	for (unsigned p = 0; p < PAGES_MAX; p++)
		user_access(p, false);
	end_user();
}

void program_end(void)
{
	explore_set_sequential(!explore_is_random());
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (users[i].exists)
			explore_start(i, last_words);
	(void)explore_run();
	if (file.page != NULL)
		pmm_put(file.page);
	if (refcount_read(&file.object.refs) != 1)
		violation("at the end the object has %u references",
			  refcount_read(&file.object.refs));
	if (memory_frames_used() != 0 || memory_objects_used() != 0)
		violation("at the end %u frames and %u objects are in use", memory_frames_used(),
			  memory_objects_used());
}
