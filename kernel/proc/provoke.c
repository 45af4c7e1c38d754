// SPDX-License-Identifier: MIT
/*
 * Mistakes on request: `echo NAME >/proc/provoke` makes one, reading the file lists the names. Each
 * is what a programmer would do wrong, done through the same functions, so that a test can see the
 * message he would see (tests/system/test_provoke.py). Built in debug kernels alone; nearly all end
 * in a panic, as they should.
 *
 * The compiler must neither notice nor mend the mistakes: what is wrong goes through hide().
 */
#include "kernel/proc/provoke.h"

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/trap_frame.h"
#include "arch/riscv/cpu/usercopy.h"
#include "fs/fs.h"
#include "kernel/core/printk.h"
#include "kernel/core/spinlock.h"
#include "kernel/proc/process.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "lib/abi/errno.h"
#include "lib/refcount.h"
#include "lib/string.h"
#include "mm/pmm/kmap.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/fault.h"
#include "mm/vmm/fence.h"
#include "mm/vmm/ptable.h"

static struct spinlock outer = SPINLOCK_INIT("provoked outer", RANK_FD_TABLE);
static struct spinlock inner = SPINLOCK_INIT("provoked inner", RANK_DEVICE);
static struct spinlock handlers = SPINLOCK_INIT("provoked handlers'", RANK_IRQ_TABLE);
static struct mutex early = MUTEX_INIT(early, "provoked early", RANK_PIPE);
static struct mutex late = MUTEX_INIT(late, "provoked late", RANK_ASPACE);

/* The same value, which the compiler knows nothing about. */
static void *hide(const void *p)
{
	__asm__ volatile("" : "+r"(p));
	return (void *)p;
}

/* ---- another thread ------------------------------------------------------------------------- */

static bool helper_is_there; /* atomic */
static bool helper_is_done;  /* atomic */

static void say(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

/*
 * Start @run on another hart, or asleep: it says helper_is_there when it has done the first half of
 * the mistake. This thread spins, so it keeps its own hart.
 */
static int helper_start(const char *name, void (*run)(void *))
{
	helper_is_there = helper_is_done = false;
	if (__builtin_popcountll(sched_hart_mask()) < 2)
		return -EBUSY; /* two harts are needed */
	struct thread *t = thread_create(name, run, NULL);
	if (t == NULL)
		return -ENOMEM;
	thread_start(t);
	const nsec_t deadline = clock_now() + 10 * NSEC_PER_SEC;
	while (!__atomic_load_n(&helper_is_there, __ATOMIC_ACQUIRE))
		if (clock_now() > deadline)
			return -EBUSY;
	return 0;
}

static int helper_wait(void)
{
	while (!__atomic_load_n(&helper_is_done, __ATOMIC_ACQUIRE)) {
		const int error = sleep_until(clock_now() + NSEC_PER_SEC / 10);
		if (error != 0)
			return error;
	}
	return 0;
}

/* ---- locks ---------------------------------------------------------------------------------- */

/* Its own place in messages: a call that were the last thing here would be its caller's. */
static __noinline void provoke_take_outer(void)
{
	spin_lock(&outer);
	__asm__ volatile("");
}

static int provoke_lock_order(void)
{
	spin_lock(&inner);
	provoke_take_outer();
	return 0;
}

static int provoke_lock_twice(void)
{
	spin_lock(&outer);
	provoke_take_outer();
	return 0;
}

static int provoke_lock_with_interrupts(void)
{
	spin_lock(&handlers);
	return 0;
}

static void provoke_hold(void *unused)
{
	(void)unused;
	provoke_take_outer();
	say(&helper_is_there);
	clock_spin(6 * NSEC_PER_SEC);
	spin_unlock(&outer);
	say(&helper_is_done);
}

static int provoke_unlock_foreign(void)
{
	const int error = helper_start("provoked holder", provoke_hold);
	if (error == 0)
		spin_unlock(&outer);
	return error;
}

static int provoke_long_spin(void)
{
	const int error = helper_start("provoked holder", provoke_hold);
	if (error != 0)
		return error;
	provoke_take_outer();
	spin_unlock(&outer);
	return helper_wait();
}

static int provoke_lock_kept(void)
{
	provoke_take_outer();
	return 0;
}

static __noinline void provoke_take_early(void)
{
	mutex_lock(&early);
	__asm__ volatile("");
}

static int provoke_mutex_order(void)
{
	mutex_lock(&late);
	provoke_take_early();
	return 0;
}

static int provoke_mutex_twice(void)
{
	mutex_lock(&early);
	provoke_take_early();
	return 0;
}

static void provoke_keep_early(void *unused)
{
	(void)unused;
	provoke_take_early();
	say(&helper_is_there);
	(void)sleep_until(CLOCK_NEVER - 1);
}

static int provoke_mutex_unlock_foreign(void)
{
	const int error = helper_start("provoked keeper", provoke_keep_early);
	if (error == 0)
		mutex_unlock(&early);
	return error;
}

static int provoke_mutex_kept(void)
{
	mutex_lock(&late);
	return 0;
}

static int provoke_sleep_with_spinlock(void)
{
	provoke_take_outer();
	return sleep_until(clock_now() + 1);
}

static int provoke_sleep_without_interrupts(void)
{
	irq_disable();
	return sleep_until(clock_now() + 1);
}

static uaddr_t user_stack(void)
{
	return ALIGN_DOWN(arch_current()->user_sp, sizeof(u64));
}

static int provoke_user_access_with_spinlock(void)
{
	u32 value;
	provoke_take_outer();
	return get_user_u32(&value, user_stack());
}

static int provoke_user_access_with_mutex(void)
{
	u32 value;
	mutex_lock(&late);
	return get_user_u32(&value, user_stack());
}

/* ---- harts ---------------------------------------------------------------------------------- */

static int provoke_interrupts_off(void)
{
	const u64 flags = irq_save();
	clock_spin(5 * NSEC_PER_SEC);
	irq_restore(flags);
	return 0;
}

static void provoke_stand_still(void *unused)
{
	(void)unused;
	say(&helper_is_there);
	const u64 flags = irq_save();
	clock_spin(11 * NSEC_PER_SEC);
	irq_restore(flags);
	say(&helper_is_done);
}

static int provoke_stuck_hart(void)
{
	const int error = helper_start("provoked stuck", provoke_stand_still);
	return error != 0 ? error : helper_wait();
}

/* ---- memory --------------------------------------------------------------------------------- */

static __noinline u64 provoke_recursion(u64 depth)
{
	volatile u64 local[32];
	local[depth % ARRAY_SIZE(local)] = depth;
	u64 (*again)(u64) = hide((const void *)provoke_recursion);
	return again(depth + 1) + local[depth % ARRAY_SIZE(local)];
}

static int provoke_stack_overflow(void)
{
	return (int)provoke_recursion(1);
}

static __noinline int write_after_put(unsigned order)
{
	struct page *p = pmm_alloc(order, PAGE_KERNEL);
	if (p == NULL)
		return -ENOMEM;
	u64 *words = page_to_virt(p);
	pmm_put(p);
	words[100] = 0x1234;
	p = pmm_alloc(order, PAGE_KERNEL);
	if (p != NULL)
		pmm_put(p);
	return 0;
}

static int provoke_frame_write_after_free(void)
{
	return write_after_put(0);
}

static int provoke_block_write_after_free(void)
{
	return write_after_put(3);
}

static int provoke_frame_put_twice(void)
{
	struct page *p = pmm_alloc(0, PAGE_KERNEL);
	if (p == NULL)
		return -ENOMEM;
	pmm_put(p);
	pmm_put(p);
	return 0;
}

static int provoke_frame_get_free(void)
{
	struct page *p = pmm_alloc(0, PAGE_KERNEL);
	if (p == NULL)
		return -ENOMEM;
	pmm_put(p);
	pmm_get(p);
	return 0;
}

static int provoke_slab_write_after_free(void)
{
	struct slab_cache *c = slab_create("provoked", 64, 8);
	u64 *words = c != NULL ? slab_alloc(c) : NULL;
	if (words == NULL)
		return -ENOMEM;
	slab_free(c, words);
	words[3] = 0x1234;
	words = slab_alloc(c);
	slab_free(c, words);
	return 0;
}

static int provoke_write_after_kfree(void)
{
	u64 *words = kmalloc(100);
	if (words == NULL)
		return -ENOMEM;
	kfree(words);
	words[3] = 0x1234;
	words = kmalloc(100);
	kfree(words);
	return 0;
}

static int provoke_read_after_kfree(void)
{
	struct list *const *node = kmalloc(sizeof(struct list));
	if (node == NULL)
		return -ENOMEM;
	kfree(node);
	/* The second word: the first links free objects. */
	const struct list *prev = node[1];
	return prev->next == NULL ? 0 : -EINVAL;
}

static int provoke_kfree_twice(void)
{
	char *bytes = kmalloc(100);
	kfree(bytes);
	kfree(bytes);
	return 0;
}

static int provoke_kfree_stack(void)
{
	char local[32];
	kfree(hide(local));
	return 0;
}

static int provoke_kfree_middle(void)
{
	char *bytes = kmalloc(100);
	if (bytes != NULL)
		kfree(bytes + 16);
	return 0;
}

static int provoke_overrun(void)
{
	char *bytes = kmalloc(100);
	if (bytes == NULL)
		return -ENOMEM;
	bytes[100] = 0;
	kfree(bytes);
	return 0;
}

static int provoke_refcount_put_twice(void)
{
	struct refcount r;
	refcount_init(&r, 1);
	(void)refcount_put(&r);
	(void)refcount_put(&r);
	return 0;
}

static int provoke_refcount_get_dead(void)
{
	struct refcount r;
	refcount_init(&r, 0);
	refcount_get(&r);
	return 0;
}

static int provoke_refcount_overflow(void)
{
	struct refcount r;
	refcount_init(&r, REFCOUNT_MAX);
	refcount_get(&r);
	refcount_get(&r);
	return 0;
}

static int provoke_list_damage(void)
{
	struct list head, a, b;
	list_init(&head);
	list_push_back(&head, &a);
	list_push_back(&head, &b);
	/* What a removal without the lock leaves behind. */
	*(struct list **)hide(&a.next) = &head;
	list_remove(&b);
	return 0;
}

/* ---- what the page table forbids ------------------------------------------------------------ */

static const u64 constant[2] = { 1, 2 };
/* addi zero, zero, 0; ret. */
static u32 instructions[2] = { 0x00000013, 0x00008067 };

static int provoke_write_constant(void)
{
	*(volatile u64 *)hide(&constant[1]) = 3;
	return 0;
}

static int provoke_write_code(void)
{
	*(volatile u32 *)hide((const void *)provoke_write_constant) = 0;
	return 0;
}

static int provoke_execute_data(void)
{
	((void (*)(void))hide(instructions))();
	return 0;
}

static int provoke_user_pointer(void)
{
	return *(volatile u32 *)hide((const void *)user_stack()) != 0 ? -EINVAL : 0;
}

static int provoke_null_pointer(void)
{
	return *(volatile u32 *)hide((const void *)8) != 0 ? -EINVAL : 0;
}

static int provoke_write_guard(void)
{
	*(volatile u64 *)hide((const void *)(thread_current()->stack_top - KSTACK_SIZE - 64)) = 0;
	return 0;
}

/* ---- A and D (rule T1): harts either set the bits or fault ----------------------------------- */

static void say_who_set(const char *what, bool has_faulted)
{
	pr_warn("provoke: %s: %s\n", what, has_faulted ? "the hart faulted" : "the hart set it");
}

/* Clear @bits of the running process's leaf of @va, which is there. */
static int clear_user_bits(uaddr_t va, u64 bits)
{
	struct aspace *as = process_current()->aspace;
	pte_t *slot = NULL;
	mutex_lock(&as->lock);
	const int error = ptable_own_path(as, page_align_down(va), false, &slot);
	if (error == 0 && slot != NULL) {
		WRITE_ONCE(slot->bits, slot->bits & ~bits);
		aspace_fence(as);
	}
	mutex_unlock(&as->lock);
	return slot == NULL ? -EFAULT : error;
}

/* The page of the stack without A, then without D, and at last the code that called. */
static int provoke_user_page_without_bits(void)
{
	u32 word;
	u64 mended = fault_entries_mended;
	int error = get_user_u32(&word, user_stack());
	if (error == 0)
		error = put_user_u32(user_stack(), word);
	if (error == 0)
		error = clear_user_bits(user_stack(), PTE_A);
	if (error == 0)
		error = get_user_u32(&word, user_stack());
	if (error != 0)
		return error;
	say_who_set("load without A", fault_entries_mended != mended);

	mended = fault_entries_mended;
	error = clear_user_bits(user_stack(), PTE_D);
	if (error == 0)
		error = put_user_u32(user_stack(), word);
	if (error != 0)
		return error;
	say_who_set("store without D", fault_entries_mended != mended);
	return clear_user_bits(thread_user_frame(arch_current())->x[REG_PC], PTE_A);
}

/* The last leaf on the way to @va, of a page that is mapped alone. */
static pte_t *kernel_leaf(vaddr_t va)
{
	const pte_t *table = kernel_root;
	for (unsigned level = PT_LEVELS - 1; level > 0; level--)
		table = mmu_table_at(pte_paddr(table[pt_index(va, level)]));
	return hide(&table[pt_index(va, 0)]);
}

static int provoke_kernel_page_without_bits(void)
{
	const vaddr_t top = kstack_alloc();
	if (top == 0)
		return -ENOMEM;
	volatile u64 *word = (u64 *)top - 1;
	pte_t *leaf = kernel_leaf((vaddr_t)word);
	WRITE_ONCE(leaf->bits, leaf->bits & ~PTE_D);
	tlb_flush_all();
	*word = 1;
	say_who_set("store without D", false); /* or the fault would have been fatal */
	kstack_free(top);
	return 0;
}

/* ---- /proc/provoke -------------------------------------------------------------------------- */

static const struct provocation {
	const char *name;
	int (*make)(void);
} provocations[] = {
	{ "lock-order", provoke_lock_order },
	{ "lock-twice", provoke_lock_twice },
	{ "lock-with-interrupts", provoke_lock_with_interrupts },
	{ "lock-kept", provoke_lock_kept },
	{ "unlock-foreign", provoke_unlock_foreign },
	{ "long-spin", provoke_long_spin },
	{ "mutex-order", provoke_mutex_order },
	{ "mutex-twice", provoke_mutex_twice },
	{ "mutex-kept", provoke_mutex_kept },
	{ "mutex-unlock-foreign", provoke_mutex_unlock_foreign },
	{ "sleep-with-spinlock", provoke_sleep_with_spinlock },
	{ "sleep-without-interrupts", provoke_sleep_without_interrupts },
	{ "user-access-with-spinlock", provoke_user_access_with_spinlock },
	{ "user-access-with-mutex", provoke_user_access_with_mutex },
	{ "interrupts-off", provoke_interrupts_off },
	{ "stuck-hart", provoke_stuck_hart },
	{ "stack-overflow", provoke_stack_overflow },
	{ "frame-write-after-free", provoke_frame_write_after_free },
	{ "block-write-after-free", provoke_block_write_after_free },
	{ "frame-put-twice", provoke_frame_put_twice },
	{ "frame-get-free", provoke_frame_get_free },
	{ "slab-write-after-free", provoke_slab_write_after_free },
	{ "write-after-kfree", provoke_write_after_kfree },
	{ "read-after-kfree", provoke_read_after_kfree },
	{ "kfree-twice", provoke_kfree_twice },
	{ "kfree-stack", provoke_kfree_stack },
	{ "kfree-middle", provoke_kfree_middle },
	{ "overrun", provoke_overrun },
	{ "refcount-put-twice", provoke_refcount_put_twice },
	{ "refcount-get-dead", provoke_refcount_get_dead },
	{ "refcount-overflow", provoke_refcount_overflow },
	{ "list-damage", provoke_list_damage },
	{ "write-constant", provoke_write_constant },
	{ "write-code", provoke_write_code },
	{ "execute-data", provoke_execute_data },
	{ "user-pointer", provoke_user_pointer },
	{ "null-pointer", provoke_null_pointer },
	{ "write-guard", provoke_write_guard },
	{ "user-page-without-bits", provoke_user_page_without_bits },
	{ "kernel-page-without-bits", provoke_kernel_page_without_bits },
};

static int show(struct seq *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(provocations); i++)
		seq_printf(s, "%s\n", provocations[i].name);
	return 0;
}

static int store(const char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < ARRAY_SIZE(provocations); i++) {
		const struct provocation *p = &provocations[i];
		if (strlen(p->name) != len || memcmp(p->name, text, len) != 0)
			continue;
		pr_warn("provoke: %s\n", p->name);
		return p->make();
	}
	return -EINVAL;
}

void provoke_init(void)
{
	if (procfs_register_control("provoke", show, store) != 0)
		pr_warn("provoke: no room in /proc\n");
}
