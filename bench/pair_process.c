/* SPDX-License-Identifier: BSD-3-Clause */
#include "pair_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "bench.h"
#include "eal_args.h"
#include "machine.h"
#include "nic/nic.h"

#define SPEC_BYTES 128
#define PATH_BYTES 64
#define MEMORY_MIB 128
/* EAL's start takes a fraction of a second. */
#define PATIENCE_MS 20000
#define LINK_TRIES 300
#define LINK_NAP_US 10000

struct order {
	enum pair_work work;
	struct core_turn turn;
};

static bool read_all(int file, void *data, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t n = read(file, (char *)data + done, bytes - done);

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool write_all(int file, const void *data, size_t bytes)
{
	return write(file, data, bytes) == (ssize_t)bytes;
}

/* ------------------------------------------------------------------------------------------- *
 * The parent's side
 * ------------------------------------------------------------------------------------------- */

/* In the child; pipes that are not its own close by themselves. */
static void become(int orders, int results, char *spec)
{
	char name[] = "weir-bench", option[] = "--pair-process";
	char *argv[] = { name, option, spec, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(orders, STDIN_FILENO);
	dup2(results, STDOUT_FILENO);
	execv("/proc/self/exe", argv);
	_exit(127);
}

static int start(struct pair_process *process, char *spec)
{
	int orders[2], results[2];

	if (pipe2(orders, O_CLOEXEC) != 0)
		return -1;
	if (pipe2(results, O_CLOEXEC) != 0) {
		close(orders[0]);
		close(orders[1]);
		return -1;
	}
	process->pid = fork();
	if (process->pid == 0)
		become(orders[0], results[1], spec);
	close(orders[0]);
	close(results[1]);
	process->orders = orders[1];
	process->results = results[0];
	return process->pid > 0 ? 0 : -1;
}

int pair_process_start(struct pair_process *process, bool is_client, unsigned cpu, const char *folder)
{
	struct core_result ready;
	char spec[SPEC_BYTES];

	snprintf(spec, sizeof(spec), "%s,%u,%s", is_client ? "client" : "server", cpu, folder);
	if (start(process, spec) != 0) {
		bench_note("no second process: %s", strerror(errno));
		return -1;
	}
	return pair_process_result(process, &ready);
}

int pair_process_order(struct pair_process *process, enum pair_work work, const struct core_turn *turn)
{
	struct order order = { work, *turn };

	if (write_all(process->orders, &order, sizeof(order)))
		return 0;
	bench_note("process %d takes no orders: %s", process->pid, strerror(errno));
	return -1;
}

int pair_process_result(struct pair_process *process, struct core_result *result)
{
	struct pollfd wait = { .fd = process->results, .events = POLLIN };

	if (poll(&wait, 1, PATIENCE_MS) == 1 && read_all(process->results, result, sizeof(*result)))
		return 0;
	bench_note("process %d does not answer", process->pid);
	return -1;
}

int pair_process_end(struct pair_process *process)
{
	int status = -1;

	if (process->pid <= 0)
		return 0;
	close(process->orders);
	close(process->results);
	waitpid(process->pid, &status, 0);
	return status == 0 ? 0 : -1;
}

/* ------------------------------------------------------------------------------------------- *
 * The process
 * ------------------------------------------------------------------------------------------- */

struct spec {
	bool is_client;
	unsigned cpu;
	char folder[PATH_BYTES];
};

static bool parse_spec(const char *text, struct spec *spec)
{
	char side[8];

	if (sscanf(text, "%7[a-z],%u,%63s", side, &spec->cpu, spec->folder) != 3)
		return false;
	spec->is_client = strcmp(side, "client") == 0;
	return true;
}

/* memif tells the other process of memory by its files, which may have no names, but must not be many. */
static int start_eal(const struct spec *spec)
{
	static struct eal_args args;
	bool hugepages = machine_hugepages_mib(false) >= MEMORY_MIB;
	struct eal_wishes wishes = {
		.hugepages = hugepages,
		.memory_mib = MEMORY_MIB,
		.lcores = &spec->cpu,
		.lcores_count = 1,
		.main_lcore = spec->cpu,
	};
	const char *memory = hugepages ? "--single-file-segments --in-memory" :
					 "--single-file-segments --no-huge";

	if (eal_args_build(&args, &wishes, memory) != 0)
		return -1;
	rte_openlog_stream(stderr);
	return rte_eal_init(args.argc, args.argv) < 0 ? -1 : 0;
}

static int open_port(const struct spec *spec, struct port *port, struct why *why)
{
	char device[4 * PATH_BYTES];
	const struct port_options options = { .device = device, .queues = 1, .software_checksums = true };

	snprintf(device, sizeof(device), "net_memif0,role=%s,socket=%s/memif,socket-abstract=no%s",
		 spec->is_client ? "server" : "client", spec->folder,
		 spec->is_client ? "" : ",zero-copy=yes");
	return port_open(port, &options, why);
}

/* Whoever connects waits until the other has agreed. */
static bool is_linked(const struct spec *spec, const struct port *port)
{
	for (int tries = 0; tries < LINK_TRIES && !spec->is_client && !port_link_up(port); tries++)
		usleep(LINK_NAP_US);
	return spec->is_client || port_link_up(port);
}

static void serve(struct pair_core *core)
{
	struct core_result result = { 0 };
	struct order order;

	while (write_all(STDOUT_FILENO, &result, sizeof(result)) &&
	       read_all(STDIN_FILENO, &order, sizeof(order)))
		pair_core_turn(core, order.work, &order.turn, &result);
}

int pair_process_main(const char *text)
{
	static struct pair_core core;
	struct port port;
	struct why why = { "the other process does not come" };
	struct spec spec;
	int failed;

	if (!parse_spec(text, &spec) || start_eal(&spec) != 0)
		return 2;
	if (open_port(&spec, &port, &why) != 0 ||
	    pair_core_init(&core, &port, spec.is_client, rte_get_main_lcore()) != 0 ||
	    !is_linked(&spec, &port)) {
		bench_note("%s", why.text);
		return 1;
	}
	serve(&core);
	pair_core_stop(&core);
	port_close(&port);
	failed = pair_core_fini(&core);
	rte_eal_cleanup();
	return failed != 0;
}
