// SPDX-License-Identifier: MIT
/*
 * What tests of failing allocations need, in debug builds alone. /proc/census: what the leak check
 * counts (kernel/proc/leakcheck.h), so that nothing may get lost. /proc/fail-nth: writing N makes
 * the Nth allocation from now on of the writing thread fail, and of children it makes until then
 * (mm/pmm/failalloc.h); "chain", the first one among them all that is reached by a chain of calls
 * by which none failed; "N for now" and "chain for now", that its system call is done again.
 * "forget" forgets the chains. Reading tells what the reader has left; how many allocations were
 * made to fail since boot; how many chains were met, how many of them failed, how often there was
 * no room for one; then, a call a line, the chain that failed last.
 *
 * Linux has a file of that name for each thread, /proc/N/task/N/fail-nth, which children do not
 * inherit.
 */
#include "kernel/proc/failinfo.h"

#include "fs/fs.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/printk.h"
#include "kernel/core/symbols.h"
#include "kernel/proc/leakcheck.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/failalloc.h"

static int show(struct seq *s)
{
	const struct failalloc_chains c = failalloc_chains();
	const u64 *places;
	const size_t depth = failalloc_last_chain(&places);
	seq_printf(s, "%u %lu %u %u %u\n", arch_current()->fail_nth, failalloc_total(), c.met,
		   c.failed, c.left_out);
	for (size_t i = 0; i < depth; i++) {
		char text[SYMBOL_TEXT_MAX];
		symbols_format(text, sizeof(text), places[i]);
		seq_printf(s, "%s\n", text);
	}
	return 0;
}

static bool take_word(const char **text, size_t *len, const char *word)
{
	const size_t n = strlen(word);
	if (*len < n || memcmp(*text, word, n) != 0)
		return false;
	*text += n;
	*len -= n;
	return true;
}

/* "17", "chain". */
static int take_which(const char **text, size_t *len, u32 *which)
{
	u64 value = 0;
	size_t i = 0;
	if (take_word(text, len, "chain")) {
		*which = FAIL_NEW_CHAIN;
		return 0;
	}
	for (; i < *len && (*text)[i] >= '0' && (*text)[i] <= '9'; i++) {
		value = value * 10 + (u64)((*text)[i] - '0');
		if (value > INT32_MAX)
			return -ERANGE;
	}
	*text += i;
	*len -= i;
	*which = (u32)value;
	return i != 0 ? 0 : -EINVAL;
}

static int store(const char *text, size_t len)
{
	u32 which = 0;
	if (len != 0 && text[len - 1] == '\n')
		len--;
	const bool forgets = take_word(&text, &len, "forget");
	const int error = forgets ? 0 : take_which(&text, &len, &which);
	const bool is_for_now = !forgets && take_word(&text, &len, " for now");
	if (error != 0 || len != 0)
		return error != 0 ? error : -EINVAL;
	if (forgets)
		failalloc_forget_chains();
	if (which == FAIL_NEW_CHAIN)
		failalloc_arm();
	arch_current()->fail_nth = which;
	arch_current()->fails_for_now = is_for_now;
	return 0;
}

void failinfo_init(void)
{
	if (!IS_ENABLED(CONFIG_DEBUG_CHECKS))
		return;
	if (procfs_register_control("fail-nth", show, store) != 0 ||
	    procfs_register("census", leakcheck_show) != 0)
		pr_warn("fail-nth, census: no room in /proc\n");
}
