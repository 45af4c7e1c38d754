// SPDX-License-Identifier: MIT
/* See vmm_fixture.h. */
#include "tests/host/vmm_fixture.h"

#include "arch/riscv/cpu/mmu.h"
#include "mm/vmm/ptable.h"

int vmm_setup(void **state)
{
	shim_memory_reset();
	shim_fences_reset();
	vmm_init();
	return 0;
}

int vmm_teardown(void **state)
{
	shim_fail_after = -1;
	ptable_shrink();
	assert_int_equal(shim_objects_used(), 0);
	assert_int_equal(shim_frames_used(), 0);
	assert_int_equal(shim_locks_held, 0);
	return 0;
}

struct aspace *vmm_setup_space(void **state, struct fake_file *file)
{
	vmm_setup(state);
	struct aspace *as = aspace_create();
	fake_file_init(file);
	return as;
}

int vmm_teardown_space(void **state, struct aspace *as, struct fake_file *file)
{
	aspace_check(as);
	as->harts = 0;
	aspace_put(as);
	fake_file_fini(file);
	return vmm_teardown(state);
}

/* ---- a user program ---- */

static pte_t *walk(struct aspace *as, uaddr_t va)
{
	pte_t *table = phys_to_virt(as->root << PAGE_SHIFT);
	for (unsigned level = 2; level > 0; level--) {
		const pte_t e = table[pt_index(va, level)];
		if (!pte_is_valid(e))
			return NULL;
		table = phys_to_virt(pte_paddr(e));
	}
	return &table[pt_index(va, 0)];
}

pte_t leaf_at(struct aspace *as, uaddr_t va)
{
	const pte_t *leaf = walk(as, va);
	return leaf == NULL ? pte_none() : *leaf;
}

struct page *frame_at(struct aspace *as, uaddr_t va)
{
	return pte_page(leaf_at(as, va));
}

/* Where @va is, for a hart that may do what @needed says. */
static int reach(struct aspace *as, uaddr_t va, enum access access, u64 needed, void **at)
{
	for (int tries = 0; tries < 4; tries++) {
		const pte_t e = leaf_at(as, va);
		if ((e.bits & (needed | PTE_V)) == (needed | PTE_V)) {
			*at = (u8 *)phys_to_virt(pte_paddr(e)) + page_offset(va);
			return 0;
		}
		const int err = aspace_fault(as, va, access);
		if (err < 0)
			return err;
	}
	fail_msg("the fault at %#lx is served again and again", (unsigned long)va);
	return -EFAULT;
}

int user_load(struct aspace *as, uaddr_t va, u64 *value)
{
	void *at;
	const int err = reach(as, va, ACCESS_READ, PTE_R, &at);
	if (err == 0)
		*value = *(u64 *)at;
	return err;
}

int user_store(struct aspace *as, uaddr_t va, u64 value)
{
	void *at;
	const int err = reach(as, va, ACCESS_WRITE, PTE_W, &at);
	if (err == 0)
		*(u64 *)at = value;
	return err;
}

int user_fetch(struct aspace *as, uaddr_t va)
{
	void *at;
	return reach(as, va, ACCESS_EXEC, PTE_X, &at);
}

u64 load(struct aspace *as, uaddr_t va)
{
	u64 value = 0;
	assert_int_equal(user_load(as, va, &value), 0);
	return value;
}

void store(struct aspace *as, uaddr_t va, u64 value)
{
	assert_int_equal(user_store(as, va, value), 0);
}

void map_anon(struct aspace *as, u64 first, u64 pages, u32 prot, u32 flags)
{
	map_file(as, first, pages, prot, flags, NULL, 0);
}

void map_file(struct aspace *as, u64 first, u64 pages, u32 prot, u32 flags, struct vm_object *o,
	      u64 offset_pages)
{
	const struct map_args args = {
		.addr = PAGE(first),
		.len_bytes = pages * PAGE_SIZE,
		.prot = prot,
		.flags = flags | MAP_FIXED,
		.object = o,
		.offset_bytes = offset_pages * PAGE_SIZE,
		.max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	assert_int_equal(aspace_map(as, &args), PAGE(first));
}

/* ---- a file ---- */

static struct fake_file *file_of(struct vm_object *o)
{
	return container_of(o, struct fake_file, object);
}

static int fake_get_page(struct vm_object *o, u64 index, bool for_write, struct page **out)
{
	struct fake_file *f = file_of(o);
	if (index >= f->size_pages)
		return -EIO;
	if (f->must_wait)
		return -EAGAIN;
	if (f->pages[index] == NULL) {
		f->pages[index] = pmm_alloc(0, PAGE_FILE);
		if (f->pages[index] == NULL)
			return -ENOMEM;
		*(u64 *)page_to_virt(f->pages[index]) = FILE_WORD(index);
	}
	f->reads += !for_write;
	f->writes += for_write;
	*out = f->pages[index];
	return 0;
}

static void fake_get_pages(struct vm_object *o, u64 index, unsigned count, struct page **out)
{
	const struct fake_file *f = file_of(o);
	for (unsigned i = 0; i < count; i++) {
		out[i] = f->tells && index + i < f->size_pages ? f->pages[index + i] : NULL;
	}
}

static int fake_wait_page(struct vm_object *o, u64 index)
{
	struct fake_file *f = file_of(o);
	assert_int_equal(shim_locks_held, 0);
	f->waits++;
	f->must_wait = false;
	if (f->on_wait != NULL)
		f->on_wait();
	return 0;
}

static void fake_destroy(struct vm_object *o)
{
	file_of(o)->destroyed = true;
}

static const struct vm_object_ops fake_ops = {
	.get_page = fake_get_page,
	.get_pages = fake_get_pages,
	.wait_page = fake_wait_page,
	.destroy = fake_destroy,
};

void fake_file_init(struct fake_file *f)
{
	memset(f, 0, sizeof(*f));
	vm_object_init(&f->object, &fake_ops);
	f->size_pages = FAKE_FILE_PAGES;
}

void fake_file_fini(struct fake_file *f)
{
	for (unsigned i = 0; i < FAKE_FILE_PAGES; i++)
		if (f->pages[i] != NULL)
			pmm_put(f->pages[i]);
	vm_object_put(&f->object);
	assert_true(f->destroyed);
}

/* ---- the order of fence and free ---- */

unsigned frames_freed_at_fence;

static void note_freed(u64 harts)
{
	frames_freed_at_fence = shim_frames_freed;
}

void fence_watch(void)
{
	shim_on_fence = note_freed;
	frames_freed_at_fence = ~0U;
}
