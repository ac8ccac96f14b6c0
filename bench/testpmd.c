/* SPDX-License-Identifier: BSD-3-Clause */
#include "testpmd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "bench.h"
#include "eal_args.h"

#define PROGRAM "dpdk-testpmd"
#define PACKAGE "dpdk-dev"
#define MEMORY_MIB 512
#define NS_PER_S 1000000000ull
#define OWN_ARGS 8 /* after EAL's: "--" and what follows */

struct testpmd {
	pid_t pid;
	clockid_t clock; /* its CPU time */
	FILE *in, *out;  /* commands, and what it says to them */
};

struct testpmd_args {
	struct eal_args eal;
	char mbufs[32];
	char *argv[3 + EAL_ARGS_MAX + OWN_ARGS];
};

/*
 * Its main lcore, which waits for commands, and the one that forwards both run on our CPU: one of them waits
 * always. Without stdbuf its words would come in blocks of 4 KiB, long after they are asked for.
 */
static bool build_args(struct testpmd_args *args, const char *device, uint32_t mbufs)
{
	static const char *const own[] = { "--", "-i", "--burst=32", "--nb-cores=1", "--no-flush-rx" };
	unsigned cpu = rte_get_main_lcore(), argc = 0;
	struct eal_wishes wishes = { .hugepages = rte_eal_has_hugepages(), .memory_mib = MEMORY_MIB };
	char user[256];

	snprintf(user, sizeof(user), "--lcores=0@%u,1@%u --vdev=%s", cpu, cpu, device);
	if (eal_args_build(&args->eal, &wishes, user) != 0)
		return false;
	snprintf(args->mbufs, sizeof(args->mbufs), "--total-num-mbufs=%" PRIu32, mbufs);
	args->argv[argc++] = (char *)"stdbuf";
	args->argv[argc++] = (char *)"-oL";
	args->argv[argc++] = (char *)PROGRAM;
	for (int i = 1; i < args->eal.argc; i++)
		args->argv[argc++] = args->eal.argv[i];
	for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		args->argv[argc++] = (char *)own[i];
	args->argv[argc++] = args->mbufs;
	args->argv[argc] = NULL;
	return true;
}

/* In the child: all that it says goes one way, so that the last of it tells why it ended. */
static void become(const struct testpmd_args *args, const int in[2], const int out[2])
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	dup2(out[1], STDERR_FILENO);
	execvp(args->argv[0], args->argv);
	_exit(127);
}

static int spawn(struct testpmd *testpmd, const struct testpmd_args *args)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) != 0)
		return -1;
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in[0]);
		close(in[1]);
		return -1;
	}
	testpmd->pid = fork();
	if (testpmd->pid == 0)
		become(args, in, out);
	close(in[0]);
	close(out[1]);
	testpmd->in = fdopen(in[1], "w");
	testpmd->out = fdopen(out[0], "r");
	return testpmd->pid < 0 ? -1 : 0;
}

static void tell(struct testpmd *testpmd, const char *command)
{
	fprintf(testpmd->in, "%s\n", command);
	fflush(testpmd->in);
}

/*
 * Reads up to a line with `end` in it. *packets: from the last line before it that says how many were sent.
 * False when the child is gone.
 */
static bool hear(struct testpmd *testpmd, const char *end, uint64_t *packets)
{
	char line[512], last[512] = "it says nothing";

	while (fgets(line, sizeof(line), testpmd->out) != NULL) {
		if (strstr(line, end) != NULL)
			return true;
		sscanf(line, " TX-packets: %" SCNu64, packets);
		if (strspn(line, "\r\n") != strlen(line))
			memcpy(last, line, sizeof(line));
	}
	last[strcspn(last, "\r\n")] = '\0';
	bench_note(PROGRAM " (package " PACKAGE ") is gone: %s", last);
	return false;
}

struct testpmd *testpmd_start(const char *device, uint32_t mbufs)
{
	struct testpmd *testpmd = calloc(1, sizeof(*testpmd));
	static struct testpmd_args args;
	uint64_t packets;

	if (testpmd == NULL || !build_args(&args, device, mbufs) || spawn(testpmd, &args) != 0) {
		bench_note(PROGRAM " cannot be run: %s", strerror(errno));
		free(testpmd);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN); /* it may be gone when it is told something */
	tell(testpmd, "set fwd 5tswap");
	if (hear(testpmd, "Set 5tswap", &packets) && clock_getcpuclockid(testpmd->pid, &testpmd->clock) == 0)
		return testpmd;
	testpmd_stop(testpmd);
	return NULL;
}

static uint64_t cpu_ns(const struct testpmd *testpmd)
{
	struct timespec time = { 0 };

	clock_gettime(testpmd->clock, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

double testpmd_run(struct testpmd *testpmd, const char *engine, uint64_t ns)
{
	struct timespec turn = { .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
	uint64_t packets = 0, begin;
	char command[64], answer[64];

	snprintf(command, sizeof(command), "set fwd %s", engine);
	snprintf(answer, sizeof(answer), "Set %s", engine);
	tell(testpmd, command);
	if (!hear(testpmd, answer, &packets))
		return 0;
	begin = cpu_ns(testpmd);
	tell(testpmd, "start");
	nanosleep(&turn, NULL);
	tell(testpmd, "stop");
	if (!hear(testpmd, "Done.", &packets))
		return 0;
	if (packets == 0)
		bench_note(PROGRAM " forwards nothing by %s", engine);
	return (double)packets / ((double)(cpu_ns(testpmd) - begin) / (double)NS_PER_S);
}

void testpmd_stop(struct testpmd *testpmd)
{
	char line[512];

	tell(testpmd, "quit");
	fclose(testpmd->in);
	while (fgets(line, sizeof(line), testpmd->out) != NULL)
		;
	fclose(testpmd->out);
	waitpid(testpmd->pid, NULL, 0);
	free(testpmd);
}
