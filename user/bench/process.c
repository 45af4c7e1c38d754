// SPDX-License-Identifier: MIT
/* Children, what they share with the row's process, and waiting for each other. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/bench.h"

struct shared *shared;

void process_init(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	VERIFY(shared != MAP_FAILED);
}

void process_forked(pid_t pid)
{
	if (pid < 0 && (errno == ENOMEM || errno == EAGAIN))
		bench_skip("fork: %s", strerror(errno));
	VERIFY(pid >= 0);
}

pid_t process_fork(void)
{
	const pid_t pid = fork();
	process_forked(pid);
	if (pid == 0)
		VERIFY(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	return pid;
}

void process_verify(int got, int status)
{
	if (WIFSIGNALED(got))
		bench_fail("the child was killed by signal %d", WTERMSIG(got));
	if (WEXITSTATUS(got) == BENCH_FAILED)
		_exit(BENCH_FAILED); /* the child has said why */
	if (WEXITSTATUS(got) != status)
		bench_fail("the child exited with %d, not %d", WEXITSTATUS(got), status);
}

void process_wait(pid_t pid, int status)
{
	int got;
	VERIFY(waitpid(pid, &got, 0) == pid);
	process_verify(got, status);
}

unsigned process_harts(void)
{
	cpu_set_t allowed;
	VERIFY(sched_getaffinity(0, sizeof(allowed), &allowed) == 0);
	return (unsigned)CPU_COUNT(&allowed);
}

void process_pin(void)
{
	cpu_set_t allowed, one;
	int first = 0;
	VERIFY(sched_getaffinity(0, sizeof(allowed), &allowed) == 0);
	while (!CPU_ISSET(first, &allowed))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	VERIFY(sched_setaffinity(0, sizeof(one), &one) == 0);
}

void gate_create(struct gate *gate)
{
	VERIFY(pipe2(gate->fds, O_CLOEXEC) == 0);
}

void gate_open(const struct gate *gate)
{
	VERIFY(write(gate->fds[1], "", 1) == 1);
}

void gate_wait(const struct gate *gate)
{
	char byte;
	VERIFY(read(gate->fds[0], &byte, 1) == 1);
}

void gate_close(const struct gate *gate)
{
	VERIFY(close(gate->fds[0]) == 0 && close(gate->fds[1]) == 0);
}
