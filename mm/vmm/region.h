/* SPDX-License-Identifier: MIT */
/*
 * Regions: what should be there. A region is a range of one space with one protection and one
 * source of pages. Regions of a space never overlap; neighbours that could be one are one (but
 * where a change of protection ran out of memory halfway).
 *
 * Locks: all functions here want as->lock held, or a space nobody else knows.
 */
#pragma once

#include "arch/riscv/cpu/pte.h"
#include "lib/abi/mman.h"
#include "lib/list.h"
#include "mm/vmm/aspace.h"

struct vm_object;

/* Linux's default for vm.max_map_count. */
#define REGIONS_MAX 65530
/* A mapping is large from here on. */
#define REGION_LARGE_BYTES MEGAPAGE_SIZE

/* What stays free below a stack, so that running over its limit hits nothing. */
#define STACK_GUARD_BYTES (256 * PAGE_SIZE)

/* In region->flags, what madvise and mlock say; in places where no MAP_* flag that is kept lies. */
#define REGION_LOCKED       MAP_LOCKED /* counts against RLIMIT_MEMLOCK */
#define REGION_DONT_FORK    0x10000000 /* a child has nothing there */
#define REGION_WIPE_ON_FORK 0x20000000 /* a child has zeros there */

struct region {
	/* set once at creation */
	struct aspace *as;        /* NULL: not a region but a place in an object's list (rmap.c) */
	struct vm_object *object; /* counted; NULL: private anonymous memory */

	/* under as->lock */
	union {
		struct rb_node node;   /* if there is a tree */
		struct list dead_node; /* of those that were removed */
	};
	struct region *prev, *next; /* in order of start, or NULL */
	uaddr_t start, end;
	/* Its leaves lie between these. What was never touched needs no look at the page table,
	 * shared or not, to be unmapped or protected. Nothing is: ~0 and 0. */
	uaddr_t touched_start, touched_end;
	u64 offset_bytes;   /* of start in the object; 0 without one */
	u32 prot, max_prot; /* PROT_* */
	u32 flags;          /* MAP_SHARED or MAP_PRIVATE, MAP_GROWSDOWN, REGION_* */

	/* under object->lock; to the end, for until the fence it has leaves (rmap.c) */
	struct list object_node;
};

static inline bool region_is_shared(const struct region *r)
{
	return (r->flags & MAP_TYPE) == MAP_SHARED;
}

static inline u64 region_pages(const struct region *r)
{
	return (r->end - r->start) >> PAGE_SHIFT;
}

/* Page of the object that stands at @va. */
static inline u64 region_index(const struct region *r, uaddr_t va)
{
	return (va - r->start + r->offset_bytes) >> PAGE_SHIFT;
}

/* What RLIMIT_DATA counts. */
static inline bool region_is_data(u32 prot, u32 flags)
{
	return (prot & PROT_WRITE) != 0 && (flags & MAP_TYPE) == MAP_PRIVATE &&
	       (flags & MAP_GROWSDOWN) == 0;
}

/* Leaves are about to come into [@start, @end) of @r. */
static inline void region_touch(struct region *r, uaddr_t start, uaddr_t end)
{
	if (start < r->touched_start)
		r->touched_start = start;
	if (end > r->touched_end)
		r->touched_end = end;
}
/* May there be leaves in [@start, @end), part of @r? */
static inline bool region_is_touched(const struct region *r, uaddr_t start, uaddr_t end)
{
	return start < r->touched_end && end > r->touched_start;
}

static_assert(PTE_R == PROT_READ << 1 && PTE_W == PROT_WRITE << 1 && PTE_X == PROT_EXEC << 1 &&
		      PTE_R == PROT_WRITE && PTE_V == 1,
	      "region_leaf_bits() shifts");

/*
 * The bits of a leaf that has all the region may give, but for PTE_COUNTED: what it names decides
 * that. W without R is reserved, so W brings R.
 */
static inline u64 region_leaf_bits(const struct region *r)
{
	const u64 bits = (u64)r->prot << 1 | (r->prot & PROT_WRITE) | (r->prot != 0);
	return bits | PTE_U;
}

/*
 * The same without W. Where a private region would give it, COW says that a write may have it for
 * the asking: so a leaf has COW exactly if it is private, its region allows writing, and W is
 * off.
 */
static inline u64 region_leaf_bits_no_write(const struct region *r)
{
	u64 bits = region_leaf_bits(r);
	if ((bits & PTE_W) && !region_is_shared(r))
		bits |= PTE_COW;
	return bits & ~PTE_W;
}

static inline struct region *region_first(const struct aspace *as)
{
	return as->first_region;
}
/* The one before @above, which is of @as; NULL stands for the end of them all. */
static inline struct region *region_before(const struct aspace *as, const struct region *above)
{
	return above != NULL ? above->prev : as->highest_region;
}

struct region *region_find_far(struct aspace *as, uaddr_t va);
/* The lowest region that ends above @va: it contains @va or follows it. NULL: none. */
static inline struct region *region_find_from(struct aspace *as, uaddr_t va)
{
	/* The one that was used last, or its neighbour, most often. */
	struct region *last = as->last_region;
	if (last != NULL && va >= last->end) {
		if (last->next == NULL || va < last->next->end)
			return last->next;
	} else if (last != NULL) {
		if (va >= last->start || last->prev == NULL || va >= last->prev->end)
			return last;
	}
	return region_find_far(as, va);
}
struct region *region_find_anew(struct aspace *as, uaddr_t va);
/* The region that contains @va, or NULL. Fast when it is the last one that was used. */
static inline struct region *region_find(struct aspace *as, uaddr_t va)
{
	struct region *r = as->last_region;
	return r != NULL && r->start <= va && va < r->end ? r : region_find_anew(as, va);
}

/*
 * A region not yet in any space, all fields as in @like but the links; takes a reference on the
 * object. NULL: no memory.
 */
struct region *region_create(const struct region *like);
/* One that was never inserted or was removed. Puts the object, so: no lock of RANK_ASPACE or
 * later held, unless somebody else is known to hold the object. */
void region_destroy(struct region *r);

/*
 * Map what @like says, where nothing is mapped: a neighbour that it continues becomes larger, else
 * there is one region more. NULL: no memory, nothing changed.
 */
struct region *region_add(const struct region *like);
/* Put @r, whose range is free, into r->as and onto its object's list. */
void region_insert(struct region *r);
/* Take @r out of its space; onto @dead, if it holds an object, which is to let go of it later. */
void region_remove(struct region *r, struct list *dead);
/*
 * Destroy what region_remove() and region_punch() left: once no hart remembers a leaf of theirs, or
 * else their objects could be cut, and the pages be freed, behind their back (docs/fork.md H14). No
 * lock of RANK_ASPACE or later held.
 */
void region_destroy_list(struct list *dead);

/*
 * fork: copies of all regions of @from for @to, which has none and is nobody else's yet. *@flags:
 * what any of them has. 0; -ENOMEM: @to has none.
 */
__must_check int region_copy_all(const struct aspace *from, struct aspace *to, u32 *flags);
/* The end of all regions of @as, which nobody uses any more. Context as region_destroy(). */
void region_destroy_all(struct aspace *as);

/*
 * Cut @r in two at @at, strictly inside; @r stays the lower part, the upper one is returned.
 * NULL: no memory or too many regions, nothing changed.
 */
struct region *region_split(struct region *r, uaddr_t at);
/* Unite @r with the neighbours that continue it. Returns the region that contains it now. */
struct region *region_merge(struct region *r);
/*
 * Remove everything in [@start, @end), cutting regions at the edges; @r is the first that has
 * something there. 0; -ENOMEM with nothing changed. Leaves are the caller's business.
 */
__must_check int region_punch(struct region *r, uaddr_t start, uaddr_t end, struct list *dead);

/* Move the start of a stack down to @start, which the caller has checked. */
void region_grow_down(struct region *r, uaddr_t start);
/* Move the end of @r up to @end; the caller has checked that nothing is there. */
void region_grow_up(struct region *r, uaddr_t end);
void region_set_flags(struct region *r, u32 flags);
/*
 * Give [@start, @end), part of @r, @prot: where a neighbour has it, only the border between the two
 * moves. Returns the region that has the part now; NULL: no memory or too many regions, nothing
 * changed.
 */
struct region *region_protect(struct region *r, uaddr_t start, uaddr_t end, u32 prot);
/*
 * Cut @r so that [@start, @end), part of it, is a region, which is returned. Undone by
 * region_merge(). NULL: no memory or too many regions, nothing changed.
 */
struct region *region_isolate(struct region *r, uaddr_t start, uaddr_t end);

/*
 * The highest free range of @len_bytes below as->mmap_top: 0 and *@start, or -ENOMEM. Large ones go
 * a GiB lower while there is room: what a process touches after fork is small, most often, and then
 * leads through other tables than what makes it large (docs/adr/0008).
 */
__must_check int region_find_gap(struct aspace *as, u64 len_bytes, uaddr_t *start);
/* A region was inserted where region_find_gap() said: above it no search for as much need look. */
void region_note_gap_taken(struct aspace *as, uaddr_t start, u64 len_bytes);
/* The gap between @below and @above, either of which may be NULL, became larger: what is known of
 * gaps ends there, if it is one for them. */
void region_note_gap(struct aspace *as, const struct region *below, const struct region *above);
/* True if nothing lies in [@start, @end), nor in the guard of a stack above it. */
bool region_range_is_free(struct aspace *as, uaddr_t start, uaddr_t end);
/* May there be leaves in [@start, @end)? @r is the first region that has something there. */
bool region_range_is_touched(const struct region *r, uaddr_t start, uaddr_t end);
/* Mapped pages in [@start, @end), how many of them region_is_data() counts, and locked ones. */
struct region_sum {
	u64 pages, data_pages, locked_pages;
};
struct region_sum region_sum_range(struct aspace *as, uaddr_t start, uaddr_t end);
/* True if the limits allow @pages more, of which @data_pages count as data. */
bool region_limits_allow(const struct aspace *as, u64 pages, u64 data_pages);
/* True if RLIMIT_MEMLOCK, or the right to ignore it, allows @pages locked ones more. */
bool region_lock_limit_allows(const struct aspace *as, u64 pages);

void region_init(void);
