// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* What a fault of the machine becomes: signal, code and address. */
#include "lib/test.h"

static volatile struct {
	int signal, code;
	const void *address;
} seen;

static void tell(int signal_number, siginfo_t *info, void *context)
{
	seen.signal = signal_number;
	seen.code = info->si_code;
	seen.address = info->si_addr;
	ucontext_t *c = context;
	/* Each act below is a function's first instruction: go on behind the function. */
	c->uc_mcontext.__gregs[REG_PC] = c->uc_mcontext.__gregs[REG_RA];
}

static void expect(void (*act)(const void *), const void *argument, int signal_number, int code,
		   const void *address)
{
	seen.signal = seen.code = 0;
	act(argument);
	CHECK_EQ(seen.signal, signal_number);
	CHECK_EQ(seen.code, code);
	CHECK_EQ((uintptr_t)seen.address, (uintptr_t)address);
}

void fault_signals_load(const void *p);
void fault_signals_store(const void *p);
void fault_signals_jump(const void *p);
void fault_signals_illegal(const void *p);
void fault_signals_break(const void *p);
__asm__(".option push\n"
	".option norvc\n"
	"fault_signals_load:	lw	t0, 0(a0)\n	ret\n"
	"fault_signals_store:	sw	zero, 0(a0)\n	ret\n"
	"fault_signals_jump:	jr	a0\n"
	"fault_signals_illegal:	.word	0\n	ret\n"
	"fault_signals_break:	ebreak\n	ret\n"
	".option pop\n");

static void segmentation_faults(void)
{
	char *p = map_pages(3, PROT_READ);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	expect(fault_signals_load, p + PAGE + 8, SIGSEGV, SEGV_MAPERR, p + PAGE + 8);
	expect(fault_signals_store, p + PAGE + 8, SIGSEGV, SEGV_MAPERR, p + PAGE + 8);
	expect(fault_signals_store, p + 24, SIGSEGV, SEGV_ACCERR, p + 24);
	expect(fault_signals_load, NULL, SIGSEGV, SEGV_MAPERR, NULL);
	expect(fault_signals_jump, NULL, SIGSEGV, SEGV_MAPERR, NULL);
	expect(fault_signals_jump, p + 2 * PAGE, SIGSEGV, SEGV_ACCERR, p + 2 * PAGE);
	CHECK_EQ(munmap(p, 3 * PAGE), 0);
}

static void bus_errors(void)
{
	const int fd = make_file("f", 10);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	expect(fault_signals_load, p + PAGE + 16, SIGBUS, BUS_ADRERR, p + PAGE + 16);
	expect(fault_signals_store, p + PAGE + 16, SIGBUS, BUS_ADRERR, p + PAGE + 16);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	close(fd);
}

static void illegal_instructions_and_breakpoints(void)
{
	const void *illegal = (const void *)(uintptr_t)fault_signals_illegal;
	const void *breakpoint = (const void *)(uintptr_t)fault_signals_break;
	expect(fault_signals_illegal, NULL, SIGILL, ILL_ILLOPC, illegal);
	expect(fault_signals_break, NULL, SIGTRAP, TRAP_BRKPT, breakpoint);
}

static void dividing_by_zero_is_none(void)
{
	volatile long zero = 0, seven = 7;
	volatile double nothing = 0.0, one = 1.0;
	long quotient, remainder;
	__asm__ volatile("div %0, %1, %2" : "=r"(quotient) : "r"(seven), "r"(zero));
	__asm__ volatile("rem %0, %1, %2" : "=r"(remainder) : "r"(seven), "r"(zero));
	CHECK_EQ(quotient, -1);
	CHECK_EQ(remainder, 7);
	CHECK(one / nothing > 1e300);
}

static void blocked_fault(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	fault_signals_load(NULL);
	_exit(5);
}

static void ignored_fault(void)
{
	handle(SIGSEGV, SIG_IGN, 0);
	fault_signals_load(NULL);
	_exit(5);
}

static void a_fault_that_is_blocked_or_ignored_kills(void)
{
	CHECK_KILLED(run_in_child(blocked_fault), SIGSEGV);
	CHECK_KILLED(run_in_child(ignored_fault), SIGSEGV);
}

static void handler_without_stack(void)
{
	handle(SIGSEGV, _exit, 0);
	__asm__ volatile("li sp, 16\n"
			 "lw t0, 0(zero)\n");
}

static void a_handler_that_has_no_stack_kills(void)
{
	CHECK_KILLED(run_in_child(handler_without_stack), SIGSEGV);
}

static void all(int signal_number)
{
	handle_info(signal_number, tell, 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(segmentation_faults),
		TEST(bus_errors),
		TEST(illegal_instructions_and_breakpoints),
		TEST(dividing_by_zero_is_none),
		TEST(a_fault_that_is_blocked_or_ignored_kills),
		TEST(a_handler_that_has_no_stack_kills),
	};
	all(SIGSEGV), all(SIGBUS), all(SIGILL), all(SIGTRAP), all(SIGFPE);
	return test_run(cases, ARRAY_SIZE(cases));
}
