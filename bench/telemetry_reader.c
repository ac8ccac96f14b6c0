/* SPDX-License-Identifier: BSD-3-Clause */
#include "telemetry_reader.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "support/telemetry.h"

#define PERIOD_NS (1000000000ull / TELEMETRY_READER_HZ)
#define SPEC_BYTES 192

/* In the child, before it is this program again. */
static void become(int wire, const char *spec)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(wire, STDIN_FILENO);
	execl("/proc/self/exe", "weir-bench", "--telemetry-reader", spec, (char *)NULL);
	_exit(127);
}

int telemetry_reader_start(struct telemetry_reader *reader, unsigned cpu, const char *path)
{
	char spec[SPEC_BYTES];
	int wires[2];

	snprintf(spec, sizeof(spec), "%u,%s", cpu, path);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, wires) != 0) {
		bench_note("no reader: %s", strerror(errno));
		return -1;
	}
	reader->pid = fork();
	if (reader->pid < 0) {
		bench_note("no reader: %s", strerror(errno));
		close(wires[0]);
		close(wires[1]);
		return -1;
	}
	if (reader->pid == 0)
		become(wires[1], spec);
	close(wires[1]);
	reader->wire = wires[0];
	return 0;
}

static int order(struct telemetry_reader *reader, char what, void *answer, size_t bytes)
{
	if (send(reader->wire, &what, 1, MSG_NOSIGNAL) == 1 &&
	    recv(reader->wire, answer, bytes, 0) == (ssize_t)bytes)
		return 0;
	bench_note("the reader of telemetry is gone");
	return -1;
}

int telemetry_reader_begin(struct telemetry_reader *reader)
{
	char ready;

	return order(reader, 'b', &ready, 1);
}

int telemetry_reader_end(struct telemetry_reader *reader, struct telemetry_report *report)
{
	return order(reader, 'e', report, sizeof(*report));
}

void telemetry_reader_stop(struct telemetry_reader *reader)
{
	close(reader->wire);
	waitpid(reader->pid, NULL, 0);
}

/* ------------------------------------------------------------------------------------------- *
 * The process
 * ------------------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

/* True when an order has come before that time. */
static bool wait_until(uint64_t until_ns)
{
	struct pollfd wire = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t now = now_ns(), left_ns = until_ns > now ? until_ns - now : 0;
	struct timespec left = { .tv_sec = (time_t)(left_ns / 1000000000ull),
				 .tv_nsec = (long)(left_ns % 1000000000ull) };

	return ppoll(&wire, 1, &left, NULL) != 0;
}

static void ask(int sock, struct telemetry_watch *watch, struct telemetry_report *report)
{
	json_t *answer = telemetry_ask(sock, "/weir/stats");
	const char *name, *wrong = telemetry_check(watch, answer, &name);

	if (wrong != NULL && report->wrong[0] == '\0')
		snprintf(report->wrong, sizeof(report->wrong), "%s: %s", name, wrong);
	json_decref(answer);
}

static void ask_until_ordered(int sock, struct telemetry_watch *watch, struct telemetry_report *report)
{
	uint64_t answers = watch->answers, unsettled = watch->unsettled, due_ns = now_ns();

	*report = (struct telemetry_report){ .answers = 0 };
	while (!wait_until(due_ns)) {
		ask(sock, watch, report);
		due_ns += PERIOD_NS;
		/* Not made up for by asking faster later. */
		if (now_ns() > due_ns) {
			report->late++;
			due_ns = now_ns();
		}
	}
	report->answers = watch->answers - answers;
	report->unsettled = watch->unsettled - unsettled;
}

int telemetry_reader_main(const char *spec)
{
	static struct telemetry_watch watch;
	struct telemetry_report report;
	unsigned cpu;
	cpu_set_t cpus;
	char path[SPEC_BYTES], what;
	int sock;

	if (sscanf(spec, "%u,%191s", &cpu, path) != 2)
		return 2;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	sock = telemetry_connect(path);
	if (sock < 0) {
		bench_note("%s: %s", path, strerror(errno));
		return 1;
	}
	while (recv(STDIN_FILENO, &what, 1, 0) == 1 && send(STDIN_FILENO, &what, 1, MSG_NOSIGNAL) == 1) {
		ask_until_ordered(sock, &watch, &report);
		if (recv(STDIN_FILENO, &what, 1, 0) != 1 ||
		    send(STDIN_FILENO, &report, sizeof(report), MSG_NOSIGNAL) < 0)
			break;
	}
	close(sock);
	return 0;
}
