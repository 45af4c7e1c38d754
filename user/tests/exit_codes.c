// SPDX-License-Identifier: MIT
/* Every way to end, and how the parent is told. */
#include "lib/test.h"

static int code;

static void exit_group_code(void)
{
	syscall(SYS_exit_group, code);
}

static void exit_code(void)
{
	syscall(SYS_exit, code);
}

static void the_low_eight_bits_arrive(void)
{
	static const int codes[] = { 0,   1,   2,   126, 127,  128,       254,
				     255, 256, 257, -1,  -256, 0x12345678 };
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		code = codes[i];
		CHECK_EQ(run_in_child(exit_group_code), (code & 0xff) << 8);
		CHECK_EQ(run_in_child(exit_code), (code & 0xff) << 8);
	}
}

static void signal_self(void)
{
	handle(code, SIG_DFL, 0);
	kill(getpid(), code);
	_exit(TEST_CHILD_FAILED);
}

static void killing_signals_arrive(void)
{
	static const int deadly[] = { SIGHUP,  SIGINT,  SIGKILL, SIGUSR1,
				      SIGUSR2, SIGPIPE, SIGALRM, SIGTERM };
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++) {
		code = deadly[i];
		const pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			if (code != SIGKILL)
				signal_self();
			kill(getpid(), SIGKILL);
			for (;;)
				pause();
		}
		CHECK_EQ(wait_for(pid), deadly[i]); /* no exit code, no core bit */
	}
}

static void waitid_tells_the_same(void)
{
	code = 77;
	pid_t pid = start_child(exit_group_code);
	siginfo_t info = { 0 };
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_status, 77);
	code = SIGTERM;
	pid = start_child(signal_self);
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	CHECK_EQ(info.si_code, CLD_KILLED);
	CHECK_EQ(info.si_status, SIGTERM);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_uid, getuid());
}

static void ending_closes_files(void)
{
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	code = 0;
	const pid_t pid = start_child(exit_group_code);
	close(ends[1]);
	char byte;
	CHECK_EQ(read(ends[0], &byte, 1), 0);
	CHECK_EXITED(wait_for(pid), 0);
	close(ends[0]);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_low_eight_bits_arrive),
		TEST(killing_signals_arrive),
		TEST(waitid_tells_the_same),
		TEST(ending_closes_files),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
