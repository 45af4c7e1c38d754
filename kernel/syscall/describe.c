// SPDX-License-Identifier: MIT
/*
 * A system call as strace shows it: openat(AT_FDCWD, "/etc/passwd", 0x0, 000) = 3 <0.000042>.
 *
 * What the call reads is looked at before it, since it may not be there afterwards (execve); what
 * it writes (kind buf, and all behind it) is looked at when it is done. A line goes out whole, when
 * the call returns; before, if it never does. User memory is read as by the program itself, so a
 * bad address is only shown as a number.
 */
#include "kernel/syscall/describe.h"

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/usercopy.h"
#include "kernel/proc/strace.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/compiler.h"

#include "generated/syscall_info.h"

#define DATA_BYTES_MAX 32
#define PATH_BYTES_MAX 128
#define STRINGS_MAX    8
#define NSEC_PER_USEC  1000
#define USEC_PER_SEC   1000000

struct call {
	const struct syscall_info *info;
	u64 arguments[6];
	u32 next; /* the first argument that is not written yet */
	struct strace_line line;
};

const char *syscall_name(u64 number)
{
	return number < ARRAY_SIZE(syscall_infos) ? syscall_infos[number].name : NULL;
}

static void write_string(struct strace_line *l, uaddr_t address, size_t size)
{
	char text[PATH_BYTES_MAX];
	const ssize_t len = address != 0 ? strncpy_from_user(text, address, size) : -EFAULT;
	/* Another thread may have unmapped it meanwhile. */
	const bool is_cut = len == -ENAMETOOLONG && copy_from_user(text, address, size) == 0;
	if (len >= 0 || is_cut)
		strace_quote(l, text, is_cut ? size : (size_t)len, is_cut);
	else
		strace_printf(l, address != 0 ? "%#lx" : "NULL", address);
}

static void write_data(struct strace_line *l, uaddr_t address, u64 len)
{
	char text[DATA_BYTES_MAX];
	const size_t shown = MIN(len, (u64)sizeof(text));
	if (copy_from_user(text, address, shown) == 0)
		strace_quote(l, text, shown, len > shown);
	else
		strace_printf(l, "%#lx", address);
}

/* An array of strings: ["ls", "-l"]. */
static void write_strings(struct strace_line *l, uaddr_t array)
{
	if (array == 0) {
		strace_printf(l, "NULL");
		return;
	}
	strace_printf(l, "[");
	for (u32 i = 0;; i++) {
		u64 string;
		if (copy_from_user(&string, array + i * sizeof(string), sizeof(string)) != 0 ||
		    string == 0)
			break;
		strace_printf(l, i > 0 ? ", " : "");
		if (i == STRINGS_MAX) {
			strace_printf(l, "...");
			break;
		}
		write_string(l, string, DATA_BYTES_MAX);
	}
	strace_printf(l, "]");
}

static void write_number(struct strace_line *l, enum syscall_kind kind, u64 value)
{
	const s32 number = (s32)value;
	switch (kind) {
	case KIND_SIG:
		strace_printf(l, "%s", strace_signal_name((u32)number));
		break;
	case KIND_DIRFD:
		strace_printf(l, number == AT_FDCWD ? "AT_FDCWD" : "%d", number);
		break;
	case KIND_INT:
	case KIND_FD:
	case KIND_PID:
	case KIND_ID:
		strace_printf(l, "%d", number);
		break;
	case KIND_UINT:
		strace_printf(l, "%u", (u32)number);
		break;
	case KIND_SIZE:
		strace_printf(l, "%lu", value);
		break;
	case KIND_OFF:
		strace_printf(l, "%ld", (s64)value);
		break;
	case KIND_MODE:
		strace_printf(l, "0%o", (u32)number);
		break;
	default:
		strace_printf(l, value == 0 && kind == KIND_PTR ? "NULL" : "%#lx", value);
	}
}

/* @result: of the call, once it is known; else it is no concern of the kinds asked for. */
static void write_argument(struct call *c, s64 result)
{
	const u32 i = c->next++;
	const u64 value = c->arguments[i];
	struct strace_line *l = &c->line;
	strace_printf(l, i > 0 ? ", " : "");
	switch (c->info->kinds[i]) {
	case KIND_PATH:
		write_string(l, value, PATH_BYTES_MAX);
		break;
	case KIND_STR:
		write_string(l, value, DATA_BYTES_MAX);
		break;
	case KIND_STRV:
		write_strings(l, value);
		break;
	case KIND_DATA:
		write_data(l, value, c->arguments[i + 1]);
		break;
	case KIND_BUF:
		if (result > 0)
			write_data(l, value, (u64)result);
		else
			write_number(l, KIND_PTR, value);
		break;
	default:
		write_number(l, c->info->kinds[i], value);
	}
}

static void begin(struct call *c, const struct trap_frame *f)
{
	for (u32 i = 0; i < ARRAY_SIZE(c->arguments); i++)
		c->arguments[i] = f->x[REG_A0 + i];
	c->next = 0;
	strace_begin(&c->line);
	strace_printf(&c->line, "%s(", c->info->name);
	while (c->next < c->info->count && c->info->kinds[c->next] != KIND_BUF)
		write_argument(c, 0);
}

static void write_result(struct strace_line *l, enum syscall_result kind, s64 result)
{
	if (result >= -ERESTART_RESTARTBLOCK && result <= -ERESTARTSYS)
		strace_printf(l, "? %s", strace_errno_name((u32)-result));
	else if (result < 0 && result >= -4095)
		strace_printf(l, "-1 %s", strace_errno_name((u32)-result));
	else
		strace_printf(l, kind == RESULT_HEX ? "%#lx" : "%ld", result);
}

static void end(struct call *c, s64 result, nsec_t took)
{
	const u64 usec = took / NSEC_PER_USEC;
	while (c->next < c->info->count)
		write_argument(c, result);
	strace_printf(&c->line, ") = ");
	write_result(&c->line, c->info->result, result);
	strace_printf(&c->line, " <%lu.%06lu>", usec / USEC_PER_SEC, usec % USEC_PER_SEC);
	strace_end(&c->line);
}

s64 syscall_described(const struct trap_frame *f, u64 number,
		      s64 (*call)(const struct trap_frame *f, u64 number))
{
	static const struct syscall_info unknown = { "no_such_call", RESULT_PLAIN, 0, { 0 } };
	struct call c = { .info = syscall_name(number) != NULL ? &syscall_infos[number] :
								 &unknown };
	begin(&c, f);
	if (c.info->result == RESULT_NONE) {
		strace_printf(&c.line, ") = ?");
		strace_end(&c.line);
		return call(f, number);
	}
	const nsec_t since = clock_now();
	const s64 result = call(f, number);
	end(&c, result, clock_now() - since);
	return result;
}
