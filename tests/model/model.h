/* SPDX-License-Identifier: MIT */
/*
 * A model of fork by sharing tables (docs/fork.md), small enough that every interleaving can be
 * visited. A change to the protocol in mm/vmm starts here.
 *
 * The world: spaces with a root of one entry; middle tables; tables of leaves; frames, whose
 * contents are a number; harts, one for each thread, each with a TLB. A thread begins an operation
 * (read, write, unmap, fork, truncate, exit) and goes through it in steps. A step is what others
 * may see happen at once: one store to an entry, one change of a count, one lock taken, one hart
 * fenced, one access through a TLB. Steps that touch only what a lock covers, which is held, are
 * joined to the step before (step_is_private()).
 *
 * Beside the world stands what it should be: for each space, what each page must read. fork copies
 * that in the one moment in which the child becomes a picture of the parent. Every write stores
 * something new, so every read tells.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;

/* Room for the largest configuration. */
enum {
	MAX_FRAMES = 8,
	MAX_TABLES = 6, /* of one level */
	MAX_SPACES = 3,
	MAX_HARTS = 4,
	MAX_ENTRIES = 2, /* of a table */
	MAX_PAGES = MAX_ENTRIES * MAX_ENTRIES,
	MAX_SUCCESSORS = 64,
	NONE = 0xff,
};

enum { LEAVES, MIDDLE, LEVELS }; /* what a table holds: leaves, or entries naming such tables */

/* An inner entry, of a root or a middle table: 0, or one of these and the table's number. */
enum { INNER_MINE = 0x40, INNER_SHARED = 0x80, INNER_TABLE = 0x3f };
/* A leaf, and what a TLB remembers of it: 0, or LEAF_V, rights, the frame's number. LEAF_COUNTED:
 * the frame counts it; else it is the object's page, which does not. */
enum { LEAF_V = 0x80, LEAF_W = 0x40, LEAF_COW = 0x20, LEAF_COUNTED = 0x10, LEAF_FRAME = 0x0f };
enum { TLB_BITS = LEAF_V | LEAF_W | LEAF_FRAME };

enum operation { READ, WRITE, UNMAP_PAGE, UNMAP_BLOCK, FORK, TRUNCATE, EXIT, OPERATIONS };
#define CAN(operation) (1u << (operation))

/* What differs from the protocol as it is, or is left out of it. */
enum flag {
	/* other circumstances: right all the same */
	UNMAP_IS_DONTNEED, /* the region stays, and its page reads 0 afterwards */
	HARTS_SPECULATE,   /* walkers fill TLBs at any time, in the kernel too */
	HARTS_CACHE_INNER, /* and remember inner entries */
	FORK_COPIES_LIGHT, /* fork copies the subtree rather than sharing it */
	FORK_MAY_FAIL,     /* after it has taken V away */
	SECOND_LOOK,       /* at the count, under the table's lock: may save a copy */
	/* left out, and right all the same */
	NO_TABLE_LOCK,
	TRUNCATE_WITHOUT_TABLE_LOCK,
	/* mistakes */
	NO_REMOTE_FENCE,
	FENCE_BEFORE_MARKS,
	PUBLISH_BEFORE_FENCE,
	UNLOCK_BEFORE_FENCE,
	MOMENT_AT_UNLOCK, /* with the one above: the child must be a picture of that moment */
	PARENT_STAYS_VALID,
	FAILED_FORK_WITHOUT_FENCE,
	LIGHT_COPY_WITHOUT_FENCE,
	FAULTS_SHARE_THE_LOCK,
	COUNT_DOWN_BEFORE_COPY,
	NOBODY_FREES,
	MARK_ONLY_THE_COPY,
	FRAMES_NOT_COUNTED,
	SHARED_PAGE_MARKED_COW,
	COW_WITHOUT_FENCE,
	COW_IN_ONE_STORE,
	FREE_BEFORE_FENCE,
	EDIT_PASSES_SHARED,
	EXIT_ON_OWN_ROOT,
	TRUNCATE_WITHOUT_REFERENCE,
	TRUNCATE_WITHOUT_SPACE_LOCK,
	FENCE_BY_OWN_INTERRUPT,
	UNLIST_BEFORE_FENCE,
	CUT_BEFORE_LEAVES,
	CUT_SKIPS_LOCKED,
	OBJECT_PAGE_TAKEN_OVER,
	OBJECT_PAGE_DROPPED,
	FLAGS,
};
static_assert(FLAGS <= 64, "a bit each in config.flags");
#define WITH(flag) (UINT64_C(1) << (flag))

/* Operations that threads begin, exit not counted. */
enum { OPS_FIRST, OPS_OTHERS, OPS_CHILD, OPS };

/* What a run explores. */
struct config {
	u8 entries[LEVELS]; /* in use in a table */
	u8 threads;         /* of the first space; of others one each */
	u8 spaces;
	u8 frames, tables[LEVELS]; /* there are */
	u8 forks;                  /* at most */
	u8 ops[OPS];
	unsigned operations;  /* of CAN() */
	bool has_object_page; /* the last one; its object holds the last frame */
	bool maps_privately;  /* that page: who writes has a copy */
	uint64_t flags;       /* of WITH() */
};
extern const struct config *config;

static inline bool has(enum flag flag)
{
	return (config->flags & WITH(flag)) != 0;
}

static inline unsigned count_pages(void)
{
	return config->entries[MIDDLE] * config->entries[LEAVES];
}

static inline unsigned count_harts(void)
{
	return config->threads + config->spaces - 1u;
}

/* The page of a mapping of the object, NONE if there is none. */
static inline u8 object_page(void)
{
	return config->has_object_page ? (u8)(count_pages() - 1) : NONE;
}

/* The object's frame. */
static inline u8 object_frame(void)
{
	return config->frames - 1;
}

/* Where a thread stands: what its next step does. */
enum at {
	GONE,
	AT_REST, /* in user mode, between operations */
	ACCESS,  /* in user mode: look into the TLB, walk, or fault */
	/* every operation in the kernel */
	LOCK_SPACE,
	FIND_REGION,
	WALK_ROOT,
	WALK_MIDDLE,
	AT_LEAF,
	FENCING, /* waits for the harts of thread.unfenced */
	/* make_mine */
	MINE_COUNT,
	MINE_ALLOC,
	MINE_LOCK,
	MINE_COUNT_AGAIN,
	MINE_NEXT,
	MINE_MARK,
	MINE_COUNT_UP,
	MINE_WRITE,
	MINE_COUNT_DOWN,
	MINE_UNLOCK,
	MINE_FREE,
	MINE_NAME,
	MINE_VALID,
	/* a fault at its leaf */
	OBJECT_LEAF,
	COW_COPY,
	COW_TAKE_LEAF,
	COW_NEW_LEAF,
	COW_DROP_OLD,
	FAULT_DONE,
	/* unmap */
	UNMAP_DONE,
	BLOCK_TAKE_ENTRY,
	BLOCK_DROP,
	BLOCK_DONE,
	/* fork */
	FORK_BEGIN,
	FORK_FENCE_FIRST,
	FORK_TAKE_VALID,
	FORK_LIGHT_COPY,
	FORK_COUNT_UP,
	FORK_FENCE,
	FORK_PUBLISH,
	FORK_FENCED_LATE, /* PUBLISH_BEFORE_FENCE */
	FORK_FAILED,
	/* exit */
	EXIT_LEAVE_ROOT,
	EXIT_THREAD,
	/* a reference to a space is dropped: by exit, a fork that failed, truncation */
	PUT_SPACE,
	PUT_ROOT,
	PUT_TABLES,
	PUT_DONE,
	/* truncate */
	TRUNCATE_NEXT_SPACE,
	TRUNCATE_LOCK_SPACE,
	TRUNCATE_ROOT,
	TRUNCATE_MIDDLE,
	TRUNCATE_LOCK_TABLE,
	TRUNCATE_LEAF,
	TRUNCATE_SPACE_DONE,
	PLACES,
};

/* Bytes alone: a state is compared, hashed and stored as it lies in memory. */
struct frame {
	u8 count; /* leaves with LEAF_COUNTED that name it, and the object; 0: free */
	u8 data;
};

struct table {
	u8 count; /* entries that name it; 0: free */
	u8 lock;  /* hart + 1; 0: nobody */
	u8 entries[MAX_ENTRIES];
};

enum phase { UNUSED, BEING_BUILT, PUBLISHED };

struct space {
	u8 root;    /* its only entry */
	u8 lock;    /* hart + 1 of who has it alone; 0: nobody */
	u8 readers; /* harts that share it: FAULTS_SHARE_THE_LOCK */
	u8 phase;
	u8 refs; /* one for all its threads, one for each who works on it from outside */
	u8 threads;
	u8 mapped;              /* pages with a region, a bit each */
	u8 listed;              /* those whose object knows of it */
	u8 expected[MAX_PAGES]; /* what its private pages must read */
};

/* A thread and its hart. Except for the first group all is zero at rest. */
struct thread {
	u8 space; /* its own; NONE when gone */
	u8 ops;   /* still to begin */
	u8 at;
	/* of the hart */
	u8 in_root;                                   /* satp has the root of its space */
	u8 cached_middle, cached_leaves[MAX_ENTRIES]; /* numbers of tables, NONE */
	u8 tlb[MAX_PAGES];
	/* of the operation */
	u8 op, page;
	u8 target;         /* the space it is about, and whose lock it holds */
	u8 unfenced;       /* harts that a fence has yet to reach */
	u8 then;           /* where to go when all are fenced, or the space is put */
	u8 middle, leaves; /* tables the walk came through */
	u8 took;           /* fork: V or W was taken. truncate: the path is shared */
	/* make_mine, and what fork, exit and munmap do with a table */
	u8 level, table, fresh, index, entry;
	u8 is_last; /* of the table's names; so we free it */
	/* copy-on-write and what is dropped after a fence */
	u8 frame, copy;  /* frame: with LEAF_COUNTED if it is to be dropped */
	u8 child, fails; /* fork: the space being built, and whether that fails */
};

struct state {
	struct frame frames[MAX_FRAMES];
	struct table tables[LEVELS][MAX_TABLES];
	struct space spaces[MAX_SPACES];
	struct thread threads[MAX_HARTS];
	u8 shared_expected; /* what the shared page must read, everywhere */
	u8 truncated;
	u8 object_lives;
	u8 forks;
};

enum verdict {
	HOLDS,
	WRONG_DATA,  /* a read or write meets what the page must not hold */
	TWO_NAMES,   /* V = 1, and the table has another name */
	WRONG_COUNT, /* at rest: a count is not the number of names */
	USED_FREED,  /* a freed frame or table is used */
	STUCK,       /* nobody can go on */
	LEFT_OVER,   /* everybody is gone, something is not */
};

struct successor {
	struct state state;
	bool by_hardware; /* nothing a thread did: what it does must be possible without */
	enum verdict verdict;
	char what[80];   /* is wrong, if verdict is not HOLDS */
	char story[240]; /* what happened; written when a trace is told */
};

struct successors {
	unsigned count;
	bool telling; /* stories are wanted */
	struct successor list[MAX_SUCCESSORS];
};

/* ---- world.c: frames, tables and harts ---- */

/* A new frame or table of count 1, NONE if there is none. */
u8 frame_alloc(struct state *s);
u8 table_alloc(struct state *s, unsigned level);
/* Count down; the last one frees, and what it names. */
void frame_drop(struct state *s, u8 frame);
/* What a leaf named whose bits were @leaf, if it counted. */
void leaf_drop(struct state *s, u8 leaf);
void table_drop(struct state *s, unsigned level, u8 table);

/* Forget every translation. */
void hart_flush(struct thread *t);
/* The leaf that @t's hart finds for @page, 0 if none. */
u8 hart_walk(const struct state *s, const struct thread *t, unsigned page);
/* Everything that walkers may do unasked: a successor each. */
void harts_speculate(struct successors *out, const struct state *from, unsigned hart);
/* The harts but @t's own that may remember translations of @t->target. */
u8 space_other_harts(const struct state *s, const struct thread *t);

void space_unlock(struct state *s, struct thread *t);
/* What @page must read in @space. */
u8 *space_expected(struct state *s, unsigned space, unsigned page);

/* ---- steps_*.c: what threads do ---- */

/*
 * One step of @t in @s, which is a fresh copy. Returns false if it has to wait; what it did to @s
 * is forgotten then.
 */
typedef bool step_fn(struct state *s, struct thread *t);
/* A step with more than one outcome: adds a successor for each. */
typedef void choice_fn(struct successors *out, const struct state *from, unsigned hart);

step_fn step_access, step_lock_space, step_find_region, step_walk_root, step_walk_middle, step_leaf;
step_fn step_mine_count, step_mine_alloc, step_mine_lock, step_mine_count_again, step_mine_next;
step_fn step_mine_mark, step_mine_count_up, step_mine_write, step_mine_count_down, step_mine_unlock;
step_fn step_mine_free, step_mine_name, step_mine_valid;
step_fn step_object_leaf, step_cow_copy, step_cow_take_leaf, step_cow_new_leaf, step_cow_drop_old,
	step_fault_done;
step_fn step_unmap_done, step_block_take_entry, step_block_drop, step_block_done;
step_fn step_fork_begin, step_fork_fence_first, step_fork_take_valid, step_fork_light_copy;
step_fn step_fork_fence, step_fork_publish, step_fork_fenced_late, step_fork_failed;
step_fn step_exit_leave_root, step_exit_thread;
step_fn step_put_space, step_put_root, step_put_tables, step_put_done;
step_fn step_truncate_next_space, step_truncate_lock_space, step_truncate_root;
step_fn step_truncate_middle, step_truncate_lock_table, step_truncate_leaf,
	step_truncate_space_done;
choice_fn choose_operation, choose_fenced_hart, choose_fork_outcome;

/* ---- step.c: what steps are made with ---- */

/* All that can happen next on @hart. */
void take_step(struct successors *out, const struct state *from, unsigned hart, bool speculate);
/* The next step of @t touches only what its locks cover: nobody can tell it from the one before. */
bool step_is_private(const struct state *s, const struct thread *t);

/* A copy of @from to be changed into the next successor, which note() and wrong() are about. */
struct state *add_successor(struct successors *out, const struct state *from, unsigned hart);
/* Tell what happens in this step. */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);
/* Tell what is wrong with it. */
__attribute__((format(printf, 2, 3))) void wrong(enum verdict verdict, const char *format, ...);

/* The entry of the middle table that @t's walk came through. */
u8 *middle_entry(struct state *s, const struct thread *t);
/* Go and make the table of @level that the shared @entry names mine, then walk again. */
bool begin_mine(struct thread *t, unsigned level, u8 entry);
/* End the operation for lack of memory. */
bool out_of_memory(struct state *s, struct thread *t);
/* Fence the harts of @t->target, the own one at once; then go on at @then. */
void begin_fence(struct state *s, struct thread *t, enum at then);
/* Unlock, and leave the operation. */
bool end_operation(struct state *s, struct thread *t);
/* Leave it without a lock. */
bool come_to_rest(struct thread *t);

/* ---- invariant.c ---- */

/* What must hold in every state, in words to @what. */
enum verdict check_state(const struct state *s, char what[80]);
/* What must hold when nobody is left. */
enum verdict check_end(const struct state *s, char what[80]);

/* ---- explore.c ---- */

struct result {
	enum verdict verdict;
	char what[80];
	unsigned long states;
	unsigned steps; /* of the shortest way to what is wrong */
};
/* Visit every state of @c; @tell: print the shortest way to the first that is wrong. */
struct result explore(const struct config *c, bool tell);
