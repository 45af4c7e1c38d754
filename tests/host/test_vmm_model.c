// SPDX-License-Identifier: MIT
/* sources: mm/vmm/aspace.c mm/vmm/check.c mm/vmm/fault.c mm/vmm/fence.c mm/vmm/events.c
 * mm/vmm/fork.c mm/vmm/mapping.c mm/vmm/range.c mm/vmm/remap.c mm/vmm/advise.c mm/vmm/object.c
 * mm/vmm/ptable.c mm/vmm/ptable_stock.c mm/vmm/region.c mm/vmm/region_find.c mm/vmm/rmap.c
 * mm/vmm/unmap.c lib/rbtree.c lib/bits.c lib/string.c tests/host/vmm_fixture.c
 * tests/host/shim/machine.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/*
 * Programs on four harts against a plain model of their memory. Each hart has a TLB that fills
 * itself at any time and forgets only when it is fenced, so a missing fence shows as a wrong value,
 * a permission that should be gone, or an access to a freed frame (which the address sanitizer
 * catches).
 */
#include "tests/host/vmm_fixture.h"

#include "mm/vmm/ptable.h"

#define HARTS     4
#define SPACES    5
#define PAGES     24
#define FIRST     (512 - PAGES / 2) /* half in one table, half in the next */
#define CELLS_MAX 400000

/* What a page should hold. A private page has a cell of its own in each space, a shared one has one
 * for all. */
struct model_page {
	bool is_mapped, is_shared, is_file;
	u32 prot;
	u32 cell;
	u64 file_index;
};

struct program {
	struct aspace *as; /* NULL: none */
	struct model_page pages[PAGES];
};

struct hart {
	int program; /* whose root it has in satp; -1: the kernel's */
	pte_t tlb[PAGES];
};

static struct program programs[SPACES];
static struct hart harts[HARTS];
static u64 cells[CELLS_MAX];
static u32 cells_used;
static struct fake_file file;
static u64 file_words[FAKE_FILE_PAGES];
static unsigned accesses, faults_survived;

static uaddr_t page_va(unsigned page)
{
	return PAGE(FIRST + page);
}

static unsigned random_below(unsigned n)
{
	return (unsigned)random() % n;
}

/* ---- harts ---- */

static void forget(u64 mask)
{
	for (unsigned h = 0; h < HARTS; h++)
		if (mask & BIT(h))
			memset(harts[h].tlb, 0, sizeof(harts[h].tlb));
}

static void on_remote_fence(u64 mask)
{
	forget(mask | BIT(cpu_index()));
}

static void on_local_fence(void)
{
	forget(BIT(cpu_index()));
}

/* As kernel/sched does it: own bit, then satp and fence; out of the old space, then its bit. */
static void hart_enter(unsigned h, int program)
{
	const int old = harts[h].program;
	if (old == program)
		return;
	if (program >= 0)
		programs[program].as->harts |= BIT(h);
	harts[h].program = program;
	forget(BIT(h));
	if (old >= 0)
		programs[old].as->harts &= ~BIT(h);
}

/* Any hart's walker may look anywhere at any time. */
static void speculate(void)
{
	for (unsigned n = random_below(6); n != 0; n--) {
		struct hart *h = &harts[random_below(HARTS)];
		const unsigned page = random_below(PAGES);
		if (h->program < 0 || pte_is_valid(h->tlb[page]))
			continue;
		h->tlb[page] = leaf_at(programs[h->program].as, page_va(page));
		if (!pte_is_valid(h->tlb[page]))
			h->tlb[page] = pte_none();
	}
}

/* An access as the hart makes it: by its TLB if that permits, else by the table, else by faulting.
 */
static int hart_access(unsigned h, unsigned page, enum access access, u64 needed, u64 **at)
{
	struct aspace *as = programs[harts[h].program].as;
	for (int tries = 0; tries < 6; tries++) {
		speculate();
		pte_t *e = &harts[h].tlb[page];
		if (!pte_is_valid(*e))
			*e = leaf_at(as, page_va(page));
		if ((e->bits & (needed | PTE_V)) == (needed | PTE_V)) {
			*at = phys_to_virt(pte_paddr(*e));
			return 0;
		}
		if (random_below(3) == 0)
			shim_fail_after = (int)random_below(2);
		const int err = aspace_fault(as, page_va(page), access);
		shim_fail_after = -1;
		if (err == -ENOMEM) {
			faults_survived++;
			tries--;
		} else if (err < 0) {
			return err;
		}
	}
	fail_msg("a fault is served again and again");
	return -EFAULT;
}

/* ---- the model ---- */

static u64 *cell_of(const struct model_page *p)
{
	return p->is_shared && p->is_file ? &file_words[p->file_index] : &cells[p->cell];
}

static u32 new_cell(u64 value)
{
	assert_true(cells_used < CELLS_MAX);
	cells[cells_used] = value;
	return cells_used++;
}

static int expected_error(const struct model_page *p, enum access access)
{
	if (!p->is_mapped)
		return -EFAULT;
	const u32 needed = access == ACCESS_WRITE ? PROT_WRITE : RW;
	return p->prot & needed ? 0 : -EACCES;
}

/* Untouched private pages of a file follow the file until they are written; cell 0 says untouched.
 */
static u64 expected_value(const struct model_page *p)
{
	if (p->is_file && !p->is_shared && p->cell == 0)
		return file_words[p->file_index];
	return *cell_of(p);
}

static void check_load(unsigned h, unsigned page)
{
	const struct model_page *p = &programs[harts[h].program].pages[page];
	u64 *at;
	const int err = hart_access(h, page, ACCESS_READ, PTE_R, &at);
	assert_int_equal(err, expected_error(p, ACCESS_READ));
	if (err == 0)
		assert_int_equal(*at, expected_value(p));
	accesses++;
}

static void do_store(unsigned h, unsigned page)
{
	struct model_page *p = &programs[harts[h].program].pages[page];
	u64 *at;
	const int err = hart_access(h, page, ACCESS_WRITE, PTE_W, &at);
	assert_int_equal(err, expected_error(p, ACCESS_WRITE));
	if (err != 0)
		return;
	assert_int_equal(*at, expected_value(p));
	const u64 value = (u64)random();
	*at = value;
	if (p->is_file && !p->is_shared && p->cell == 0)
		p->cell = new_cell(value);
	else
		*cell_of(p) = value;
	accesses++;
}

/* ---- what programs do to their memory ---- */

static const u32 prots[] = { RW, RW, PROT_READ, PROT_NONE, RW | PROT_EXEC };

static void do_map(struct program *g, unsigned first, unsigned end)
{
	const u32 prot = prots[random_below(ARRAY_SIZE(prots))];
	const bool is_shared = random_below(4) == 0;
	const bool is_file = random_below(3) == 0;
	const u64 index = random_below(FAKE_FILE_PAGES - (end - first) + 1);
	map_file(g->as, FIRST + first, end - first, prot, is_shared ? MAP_SHARED : MAP_PRIVATE,
		 is_file ? &file.object : NULL, is_file ? index : 0);
	for (unsigned i = first; i < end; i++)
		g->pages[i] = (struct model_page){
			.is_mapped = true,
			.is_shared = is_shared,
			.is_file = is_file,
			.prot = prot,
			.file_index = index + (i - first),
			.cell = is_file ? 0 : new_cell(0),
		};
}

static void do_unmap(struct program *g, unsigned first, unsigned end)
{
	assert_int_equal(aspace_unmap(g->as, page_va(first), (end - first) * PAGE_SIZE), 0);
	for (unsigned i = first; i < end; i++)
		g->pages[i].is_mapped = false;
}

static void do_protect(struct program *g, unsigned first, unsigned end)
{
	const u32 prot = prots[random_below(ARRAY_SIZE(prots))];
	const int err = aspace_protect(g->as, page_va(first), (end - first) * PAGE_SIZE, prot);
	unsigned i = first;
	for (; i < end && g->pages[i].is_mapped; i++)
		g->pages[i].prot = prot;
	assert_int_equal(err, i == end ? 0 : -ENOMEM);
}

static void do_dontneed(struct program *g, unsigned first, unsigned end)
{
	bool has_gap = false;
	const int err =
		aspace_advise(g->as, page_va(first), (end - first) * PAGE_SIZE, MADV_DONTNEED);
	for (unsigned i = first; i < end; i++) {
		struct model_page *p = &g->pages[i];
		has_gap |= !p->is_mapped;
		if (p->is_mapped && !p->is_shared)
			p->cell = p->is_file ? 0 : new_cell(0);
	}
	assert_int_equal(err, has_gap ? -ENOMEM : 0);
}

static void do_fork(struct program *g)
{
	struct program *child = &programs[random_below(SPACES)];
	if (child->as != NULL)
		return;
	if (random_below(3) == 0) {
		ptable_shrink();
		shim_fail_after = (int)random_below(12);
	}
	struct aspace *as;
	/* All is shared, or what little there is copied. */
	static const struct fork_place place = { .pc = PAGE(FIRST), .sp = PAGE(FIRST) };
	const int err = aspace_fork(g->as, (enum fork_mode)random_below(FORK_MODES),
				    random_below(2) == 0 ? &place : NULL, &as);
	shim_fail_after = -1;
	if (err != 0) {
		assert_int_equal(err, -ENOMEM);
		return;
	}
	*child = *g;
	child->as = as;
	for (unsigned i = 0; i < PAGES; i++) {
		struct model_page *p = &child->pages[i];
		if (p->is_mapped && !p->is_shared && p->cell != 0)
			p->cell = new_cell(cells[p->cell]);
	}
}

static void do_exit(int program)
{
	for (unsigned h = 0; h < HARTS; h++)
		if (harts[h].program == program)
			hart_enter(h, -1);
	aspace_put(programs[program].as);
	programs[program].as = NULL;
}

/* The file's page @index goes from memory: what nobody wrote privately is read anew. */
static void do_evict(unsigned index)
{
	vm_object_unmap_range(&file.object, index, index + 1, false);
	struct page *page = file.pages[index];
	if (page == NULL)
		return;
	assert_int_equal(page->count, 1);
	struct page *fresh = pmm_alloc(0, PAGE_FILE);
	assert_non_null(fresh);
	memcpy(page_to_virt(fresh), page_to_virt(page), PAGE_SIZE);
	file.pages[index] = fresh;
	pmm_put(page);
}

static int any_program(void)
{
	for (;;) {
		const unsigned i = random_below(SPACES);
		if (programs[i].as != NULL)
			return (int)i;
	}
}

static unsigned program_count(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < SPACES; i++)
		n += programs[i].as != NULL;
	return n;
}

static void step(void)
{
	const unsigned h = random_below(HARTS);
	shim_run_on(h);
	if (harts[h].program < 0 || random_below(8) == 0)
		hart_enter(h, any_program());
	struct program *g = &programs[harts[h].program];
	const unsigned page = random_below(PAGES);
	const unsigned rest = PAGES - page;
	const unsigned end = page + 1 + random_below(rest < 8 ? rest : 8);
	switch (random_below(24)) {
	case 0:
	case 1:
		do_map(g, page, end);
		break;
	case 2:
		do_unmap(g, page, end);
		break;
	case 3:
	case 4:
		do_protect(g, page, end);
		break;
	case 5:
		do_dontneed(g, page, end);
		break;
	case 6:
	case 7:
		do_fork(g);
		break;
	case 8:
		if (program_count() > 1 && random_below(2) == 0)
			do_exit(harts[h].program);
		break;
	case 9:
		do_evict(random_below(FAKE_FILE_PAGES));
		break;
	case 10:
	case 11:
	case 12:
	case 13:
	case 14:
	case 15:
		do_store(h, page);
		break;
	default:
		check_load(h, page);
		break;
	}
}

static void programs_on_four_harts_agree_with_a_model(void **state)
{
	vmm_setup(state);
	fake_file_init(&file);
	for (unsigned i = 0; i < FAKE_FILE_PAGES; i++)
		file_words[i] = FILE_WORD(i);
	cells_used = 1;
	memset(programs, 0, sizeof(programs));
	for (unsigned h = 0; h < HARTS; h++)
		harts[h].program = -1;
	programs[0].as = aspace_create();
	shim_on_fence = on_remote_fence;
	shim_on_local_fence = on_local_fence;
	srandom(3);
	for (unsigned n = 0; n < 60000; n++) {
		step();
		if (n % 16 != 0)
			continue;
		for (unsigned i = 0; i < SPACES; i++)
			if (programs[i].as != NULL)
				aspace_check(programs[i].as);
	}
	assert_true(accesses > 20000);
	assert_true(faults_survived > 100);
	for (int i = 0; i < SPACES; i++)
		if (programs[i].as != NULL)
			do_exit(i);
	fake_file_fini(&file);
	shim_run_on(0);
	vmm_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_on_four_harts_agree_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
