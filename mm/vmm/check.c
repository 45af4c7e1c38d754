// SPDX-License-Identifier: MIT
/*
 * The walker that looks at every table and panics at the first wrong entry: rules T1 (A
 * and D preset), T2 (inner entries are PPN | V, or PPN | SHARED), T9 (nothing over memory that must
 * not be mapped), T11 (X only on code, never with W), that what a valid entry names has no other
 * name, counts and maps (H22), and that leaves agree with their regions. For debug builds and
 * tests: it trusts nothing and takes its time.
 */
#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/mmu.h"
#include "kernel/core/panic.h"
#include "mm/pmm/memblock.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/object.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/region.h"

static __noreturn void wrong(const char *what, u64 va, pte_t e)
{
	panic("page tables: %s: address %#lx, entry %#lx", what, (unsigned long)va,
	      (unsigned long)e.bits);
}

static bool range_touches(bool (*next_range)(unsigned index, struct mem_range *out), paddr_t start,
			  paddr_t end)
{
	struct mem_range r;
	for (unsigned i = 0; next_range(i, &r); i++)
		if (r.start < end && start < r.end)
			return true;
	return false;
}

/* What holds for every leaf of both halves. */
static void check_any_leaf(u64 va, pte_t e)
{
	if ((e.bits & PTE_A) == 0)
		wrong("leaf without A (T1)", va, e);
	if ((e.bits & (PTE_W | PTE_D)) == PTE_W)
		wrong("W without D (T1)", va, e);
	if ((e.bits & (PTE_W | PTE_R)) == PTE_W)
		wrong("W without R, which is reserved", va, e);
}

/* ---- the user half ---- */

static void check_user_leaf(const struct region *r, u64 va, pte_t e)
{
	if (pte_is_valid(e))
		check_any_leaf(va, e);
	if ((e.bits & PTE_G) || !(e.bits & PTE_U))
		wrong("user leaf that is global or not U", va, e);
	if (!memblock_contains(memblock_mappable, pte_paddr(e), pte_paddr(e) + PAGE_SIZE))
		wrong("user leaf outside RAM (T9)", va, e);

	const struct page *frame = pte_page(e);
	if (pte_is_counted(e) ? frame->kind != PAGE_ANON :
				frame->kind != PAGE_FILE && frame->kind != PAGE_PINNED)
		wrong("frame that is no user memory, or not of the kind the leaf says", va, e);
	if (frame->kind != PAGE_PINNED && __atomic_load_n(&frame->count, __ATOMIC_RELAXED) == 0)
		wrong("free frame", va, e);

	if (r == NULL || va < r->start || va >= r->end)
		wrong("leaf outside every region", va, e);
	if (!region_is_touched(r, va, va + PAGE_SIZE))
		wrong("leaf where its region was never touched", va, e);
	const u64 expected = (e.bits & PTE_W ? region_leaf_bits(r) : region_leaf_bits_no_write(r)) |
			     PTE_A;
	const u64 compared = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_COW | PTE_A;
	if ((e.bits & compared) != expected)
		wrong("leaf and region disagree", va, e);
	if (region_is_shared(r) && pte_is_counted(e))
		wrong("shared leaf of a frame that is not the object's", va, e);
	if (!region_is_shared(r) && (e.bits & PTE_W) &&
	    !(pte_is_counted(e) && page_has_one_owner(frame)))
		wrong("private leaf with W, but its frame has other holders", va, e);
}

/* Leaves of pages of objects name what the object has. Truncation comes by here before it drops a
 * page, so that holds while it runs, too. */
static void check_object_leaves(struct aspace *as, const pte_t *entries, u64 base)
{
	for (unsigned i = 0; i < PTES_PER_TABLE; i++) {
		const pte_t e = ptable_load(&entries[i]);
		const u64 va = base + i * PAGE_SIZE;
		if (pte_is_none(e) || pte_is_counted(e))
			continue;
		const struct region *r = region_find(as, va);
		struct vm_object *o = r->object;
		if (o == NULL && pte_page(e)->kind != PAGE_PINNED)
			wrong("page of an object where none is mapped", va, e);
		if (o != NULL && o->ops->find_page != NULL &&
		    o->ops->find_page(o, region_index(r, va)) != pte_page(e))
			wrong("page that is not the object's, or not there", va, e);
	}
}

/* Counts and map of @table against its first @entries entries. @shared: it may have several names.
 */
static void check_counts(const struct page *table, unsigned entries, u64 va, bool shared)
{
	const pte_t *e = ptable_entries(table);
	unsigned present = 0;
	for (unsigned i = 0; i < entries; i++) {
		if (pte_is_none(e[i]))
			continue;
		present++;
		if ((table->map & BIT(i / PTES_PER_GROUP)) == 0)
			wrong("entry where the map says none (H22)", va, e[i]);
	}
	if (present != table->present)
		panic("page tables: table for %#lx counts %u entries but has %u (H22)",
		      (unsigned long)va, (unsigned)table->present, present);
	if (table->kind != PAGE_TABLE)
		panic("page tables: table for %#lx is of kind %u", (unsigned long)va,
		      (unsigned)table->kind);
	const u32 names = __atomic_load_n(&table->count, __ATOMIC_RELAXED);
	if (names == 0 || (names != 1 && !shared))
		panic("page tables: table for %#lx is this space's own, but has %u names",
		      (unsigned long)va, (unsigned)names);
}

/* @shared: the way to @table is. */
static void check_leaves(struct aspace *as, pte_t table, u64 base, bool shared)
{
	struct page *page = pte_page(table);
	const pte_t *e = ptable_below(table);
	shared |= pte_is_shared(table);
	if (shared)
		spin_lock(table_lock(page));
	check_counts(page, PTES_PER_TABLE, base, shared);
	for (unsigned i = 0; i < PTES_PER_TABLE; i++) {
		const u64 va = base + i * PAGE_SIZE;
		if (!pte_is_none(e[i]))
			check_user_leaf(region_find(as, va), va, e[i]);
		if (pte_is_counted(e[i]) && &e[i] < ptable_first_counted(page))
			wrong("counted leaf before the table's first (H22)", va, e[i]);
	}
	if (shared)
		spin_unlock(table_lock(page));
	check_object_leaves(as, e, base);
}

static void check_inner(pte_t e, u64 va)
{
	const u64 bits = e.bits & ~PTE_PPN_MASK;
	if (bits != PTE_V && bits != PTE_SHARED)
		wrong("inner entry is neither PPN | V nor PPN | SHARED (T2)", va, e);
	if (!memblock_contains(memblock_mappable, pte_paddr(e), pte_paddr(e) + PAGE_SIZE))
		wrong("table outside RAM", va, e);
}

static void check_middle(struct aspace *as, pte_t table, u64 base)
{
	const pte_t *e = ptable_below(table);
	const bool shared = pte_is_shared(table);
	check_counts(pte_page(table), PTES_PER_TABLE, base, shared);
	for (unsigned i = 0; i < PTES_PER_TABLE; i++) {
		const pte_t entry = ptable_load(&e[i]);
		if (pte_is_none(entry))
			continue;
		check_inner(entry, base + i * MEGAPAGE_SIZE);
		check_leaves(as, entry, base + i * MEGAPAGE_SIZE, shared);
		if ((shared || pte_is_shared(entry)) && !as->shares_tables)
			wrong("SHARED in a space that is said to have none", base, entry);
	}
}

static void check_regions(struct aspace *as)
{
	u64 count = 0;
	uaddr_t last_end = 0;
	bool knows_last = as->last_region == NULL;
	const struct region *prev = NULL;
	const struct rb_node *node = rb_first(&as->regions);
	const bool has_tree = node != NULL;
	for (const struct region *r = region_first(as); r != NULL; prev = r, r = r->next) {
		knows_last |= r == as->last_region;
		if (has_tree) {
			if (node != &r->node)
				panic("region %#lx is not where it belongs in the tree",
				      (unsigned long)r->start);
			node = rb_next(node);
		}
		if (r->as != as || r->start < last_end || r->start >= r->end || r->end > USER_MAX ||
		    page_offset(r->start | r->end) != 0 || r->prev != prev ||
		    region_find_from(as, r->start) != r ||
		    (r->object == NULL && r->offset_bytes != 0))
			panic("region [%#lx, %#lx) after one that ends at %#lx",
			      (unsigned long)r->start, (unsigned long)r->end,
			      (unsigned long)last_end);
		last_end = r->end;
		count++;
	}
	const struct region_sum sum = region_sum_range(as, 0, USER_MAX);
	if (node != NULL || prev != as->highest_region)
		panic("regions: the tree or the chain ends elsewhere");
	if (!knows_last || count != as->region_count || sum.pages != as->mapped_pages ||
	    sum.data_pages != as->data_pages)
		panic("regions: %lu with %lu pages, %lu data; counted %lu, %lu, %lu",
		      (unsigned long)count, (unsigned long)sum.pages, (unsigned long)sum.data_pages,
		      (unsigned long)as->region_count, (unsigned long)as->mapped_pages,
		      (unsigned long)as->data_pages);
}

void aspace_check(struct aspace *as)
{
	mutex_lock(&as->lock);
	check_regions(as);
	const struct page *root = pfn_to_page(as->root);
	const pte_t *e = ptable_entries(root);
	check_counts(root, ROOT_USER_ENTRIES, 0, false);
	for (unsigned i = 0; i < ROOT_USER_ENTRIES; i++) {
		if (pte_is_none(e[i]))
			continue;
		check_inner(e[i], i * GIGAPAGE_SIZE);
		check_middle(as, e[i], i * GIGAPAGE_SIZE);
	}
	for (unsigned i = ROOT_USER_ENTRIES; i < PTES_PER_TABLE; i++)
		if (e[i].bits != kernel_root[i].bits)
			wrong("kernel half differs from the kernel's own", i * GIGAPAGE_SIZE, e[i]);
	bool shares;
	const u64 present = ptable_present_leaves(as, &shares);
	if (present > as->resident_pages || (present < as->resident_pages && !as->shares_tables))
		panic("page tables: %lu leaves, counted %lu", (unsigned long)present,
		      (unsigned long)as->resident_pages);
	mutex_unlock(&as->lock);
}

/* ---- the kernel half ---- */

static bool va_within(u64 va, u64 base, u64 size)
{
	return va - base < size;
}

static void check_kernel_leaf(u64 va, pte_t e, u64 size)
{
	const paddr_t start = pte_paddr(e);
	const paddr_t end = start + size;
	check_any_leaf(va, e);
	if (e.bits & PTE_U)
		wrong("kernel leaf with U", va, e);
	if ((e.bits & (PTE_W | PTE_X)) == (PTE_W | PTE_X))
		wrong("kernel leaf writable and executable (T11)", va, e);
	if ((e.bits & PTE_X) && !va_within(va, KERNEL_BASE, KERNEL_SIZE))
		wrong("X outside the kernel's text (T11)", va, e);
	if (start & (size - 1))
		wrong("superpage not aligned", va, e);

	const bool is_ram = memblock_contains(memblock_mappable, start, end);
	const bool is_device = va_within(va, KMAP_BASE, KMAP_SIZE) &&
			       !range_touches(memblock_ram, start, end);
	/* mem= may have taken the RAM around the tree away. */
	const bool is_tree = va_within(va, FDT_WINDOW, FDT_WINDOW_SIZE) && !(e.bits & PTE_W);
	if (!is_ram && !is_device && !is_tree)
		wrong("leaf over memory that must not be mapped (T9)", va, e);
	if (va_within(va, LINEAR_BASE, LINEAR_SIZE) && start != va - LINEAR_BASE)
		wrong("linear map is not linear", va, e);
}

/* Check the entry @e of @level for @va. True if it names a table to go on with. */
static bool check_kernel_entry(pte_t e, unsigned level, u64 va)
{
	if (pte_is_none(e))
		return false;
	if (!pte_is_valid(e))
		wrong("kernel entry neither none nor valid", va, e);
	if (!pte_is_table(e)) {
		check_kernel_leaf(va, e, PAGE_SIZE << 9 * level);
		return false;
	}
	if (level == 0)
		wrong("table below the last level", va, e);
	check_inner(e, va);
	return true;
}

void kernel_table_check(void)
{
	for (unsigned i = 0; i < ROOT_USER_ENTRIES; i++)
		if (!pte_is_none(kernel_root[i]))
			wrong("the kernel's own root has a user entry", i * GIGAPAGE_SIZE,
			      kernel_root[i]);

	struct {
		const pte_t *table;
		unsigned next; /* index */
		u64 base;      /* address of entry 0; bits 39 and up repeat bit 38 */
	} path[PT_LEVELS];
	unsigned level = PT_LEVELS - 1;
	path[level].table = kernel_root;
	path[level].next = ROOT_USER_ENTRIES;
	path[level].base = ~0UL << (PAGE_SHIFT + 9 * PT_LEVELS);
	while (level < PT_LEVELS) {
		if (path[level].next == PTES_PER_TABLE) {
			level++;
			continue;
		}
		const unsigned i = path[level].next++;
		const pte_t e = path[level].table[i];
		const u64 va = path[level].base + ((u64)i << (PAGE_SHIFT + 9 * level));
		if (!check_kernel_entry(e, level, va))
			continue;
		level--;
		path[level].table = mmu_table_at(pte_paddr(e));
		path[level].next = 0;
		path[level].base = va;
	}
}
