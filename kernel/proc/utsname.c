// SPDX-License-Identifier: MIT
#include "kernel/proc/utsname.h"

#include "generated/version.h"
#include "kernel/core/spinlock.h"
#include "kernel/proc/process.h"
#include "lib/abi/errno.h"
#include "lib/string.h"

/* Guards the two names that can be set. */
static struct spinlock names_lock = SPINLOCK_INIT("names", RANK_DEVICE);

static struct kutsname names = {
	.sysname = "Linux",
	.nodename = "(none)",
	.release = "6.12.0-heifer", /* the Linux whose system calls these are */
	.version = "#1 SMP Heifer " HEIFER_VERSION,
	.machine = "riscv64",
	.domainname = "(none)",
};

void utsname_get(struct kutsname *out)
{
	spin_lock(&names_lock);
	*out = names;
	spin_unlock(&names_lock);
}

int utsname_set(enum utsname_settable which, const char *name, size_t len)
{
	char copy[UTS_LEN + 1] = { 0 };
	if (cred_current()->euid != 0)
		return -EPERM;
	if (len > UTS_LEN)
		return -EINVAL;
	memcpy(copy, name, len);
	spin_lock(&names_lock);
	memcpy(which == UTSNAME_NODE ? names.nodename : names.domainname, copy, sizeof(copy));
	spin_unlock(&names_lock);
	return 0;
}
