/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_pdump.h>

#include "eal_args.h"
#include "eal_files.h"
#include "machine.h"

/* Standard output and error while EAL starts. */
static struct {
	bool held;
	int out, err;
	int file;
} hold;

static void hold_output(void)
{
	fflush(NULL);
	hold.file = memfd_create("eal", MFD_CLOEXEC);
	hold.out = dup(STDOUT_FILENO);
	hold.err = dup(STDERR_FILENO);
	if (hold.file < 0 || hold.out < 0 || hold.err < 0)
		return;
	dup2(hold.file, STDOUT_FILENO);
	dup2(hold.file, STDERR_FILENO);
	hold.held = true;
}

static void release_output(void)
{
	if (!hold.held)
		return;
	fflush(NULL);
	dup2(hold.out, STDOUT_FILENO);
	dup2(hold.err, STDERR_FILENO);
	close(hold.out);
	close(hold.err);
	hold.held = false;
}

/* The first line with anything in it: the closest to the fault. */
static void first_line(char *line, size_t size)
{
	ssize_t len = pread(hold.file, line, size - 1, 0);
	size_t blank;

	line[len > 0 ? len : 0] = '\0';
	blank = strspn(line, " \t\r\n");
	memmove(line, line + blank, strlen(line + blank) + 1);
	line[strcspn(line, "\r\n")] = '\0';
}

/* What the user asked to hear. */
static void pass_on(void)
{
	char buffer[4096];
	ssize_t len;

	lseek(hold.file, 0, SEEK_SET);
	while ((len = read(hold.file, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, (size_t)len, stderr);
	close(hold.file);
}

/* EAL ends the process by itself when it is asked for --help. */
static void on_exit_within_eal(void)
{
	if (!hold.held)
		return;
	release_output();
	pass_on();
}

static bool is_pci(const char *device)
{
	unsigned domain, bus, slot, function;
	char end = ','; /* behind it stand arguments of its driver */

	if (device == NULL)
		return false;
	return (sscanf(device, "%x:%x:%x.%x%c", &domain, &bus, &slot, &function, &end) >= 4 && end == ',') ||
	       (sscanf(device, "%x:%x.%x%c", &bus, &slot, &function, &end) >= 3 && end == ',');
}

/* Its driver passes the files of memory to another process, which takes few (8 with vhost-user). */
static bool lends_memory(const char *device)
{
	if (device == NULL)
		return false;
	return strncmp(device, "net_virtio_user", 15) == 0 ||
	       (strncmp(device, "net_memif", 9) == 0 && strstr(device, "zero-copy=yes") != NULL);
}

static bool contains(const unsigned *values, unsigned count, unsigned value)
{
	for (unsigned i = 0; i < count; i++)
		if (values[i] == value)
			return true;
	return false;
}

/* --lcores, and one CPU beside them for the main thread if there is one left. */
static int choose_given(const struct options *options, const unsigned *cpus, unsigned count,
			struct eal_wishes *wishes, unsigned *lcores, char *error)
{
	unsigned n = 0;

	for (; n < options->lcores_count; n++) {
		lcores[n] = options->lcores[n];
		if (contains(cpus, count, lcores[n]))
			continue;
		snprintf(error, EAL_ERROR_MAX,
			 "--lcores: this process may not use CPU %u; `taskset -cp $$` lists those it may",
			 lcores[n]);
		return -EINVAL;
	}
	wishes->main_lcore = lcores[0];
	for (unsigned i = 0; i < count; i++) {
		if (contains(lcores, n, cpus[i]))
			continue;
		wishes->main_lcore = lcores[n++] = cpus[i];
		break;
	}
	wishes->lcores = lcores;
	wishes->lcores_count = n;
	return 0;
}

/* demo's shards, and the main thread where there is a CPU for it. Otherwise EAL takes all there are. */
static void choose_own(const struct options *options, unsigned shards, unsigned *cpus, unsigned count,
		       struct eal_wishes *wishes)
{
	if (options->command != COMMAND_DEMO || count == 0)
		return;
	wishes->lcores = cpus;
	wishes->lcores_count = count < shards + 1 ? count : shards + 1;
	wishes->main_lcore = cpus[0];
}

/* Hugepages were free a moment ago: for others, too. */
static int refuse(const struct options *options, bool hugepages, char *error)
{
	char line[EAL_ERROR_MAX / 2];

	first_line(line, sizeof(line));
	snprintf(error, EAL_ERROR_MAX,
		 "%s: DPDK's EAL does not start: %s; %s--eal \"--log-level=*:debug\" shows more",
		 options->eal != NULL ? "--eal" : "EAL", line[0] != '\0' ? line : rte_strerror(rte_errno),
		 hugepages ? "--eal \"--no-huge\" goes without hugepages, if others took them; " : "");
	return -EINVAL;
}

/* Directories that are ours to remove at the end: weir-PID's, and EAL's if it is another. */
static char claimed[EAL_RUNTIME_DIR_MAX], shared[PATH_MAX];

static void remove_files(void)
{
	eal_files_remove(shared);
	eal_files_remove(claimed);
}

/* The prefix, or NULL. */
static const char *claim_files(void)
{
	eal_files_sweep();
	/* Before EAL's own, so that it runs behind them. */
	atexit(remove_files);
	return eal_files_claim(claimed) ? eal_files_prefix(claimed) : NULL;
}

/* Those of the user's prefix are ours to remove, unless EAL failed because they are somebody else's. */
static void note_files(const struct eal_args *args, bool failed)
{
	if (args->shared &&
	    (failed ? !rte_eal_primary_proc_alive(NULL) : rte_eal_process_type() == RTE_PROC_PRIMARY))
		snprintf(shared, sizeof(shared), "%s", rte_eal_get_runtime_dir());
}

static int start(const struct options *options, bool hugepages, struct eal_args *args, char *error)
{
	int rc;

	/* By default its console is standard output. */
	rte_openlog_stream(stderr);
	atexit(on_exit_within_eal);
	hold_output();
	rc = rte_eal_init(args->argc, args->argv);
	release_output();
	note_files(args, rc < 0);
	if (rc < 0)
		return refuse(options, hugepages, error);
	/* The user has chosen another. */
	if (strcmp(rte_eal_get_runtime_dir(), claimed) != 0)
		eal_files_remove(claimed);
	/* dpdk-dumpcap may ask for copies of frames. Without memory for that it may not. */
	if (shared[0] != '\0' && rte_eal_has_hugepages())
		(void)rte_pdump_init();
	if (!args->quiet)
		pass_on();
	else
		/* What fails from here on, the runtime explains in one line. */
		rte_log_set_level_pattern("*", RTE_LOG_CRIT);
	return 0;
}

static bool may_be_shared(const struct options *options, unsigned mib)
{
	return eal_args_hugepages(machine_hugepages_mib(true), &mib, options->eal) == EAL_HUGEPAGES_ENOUGH;
}

static bool choose_hugepages(const struct options *options, unsigned mib)
{
	uint64_t free_mib = machine_hugepages_mib(false);

	switch (eal_args_hugepages(free_mib, &mib, options->eal)) {
	case EAL_HUGEPAGES_NONE:
		return false;
	case EAL_HUGEPAGES_ENOUGH:
		return true;
	case EAL_HUGEPAGES_FEW:
		fprintf(stderr,
			"weir %s: %" PRIu64
			" MiB of hugepages are free and buffers take %u: goes on without; "
			"%" PRIu64 " more of 2 MiB in /proc/sys/vm/nr_hugepages would do\n",
			options_command_name(options->command), free_mib, mib, (mib - free_mib + 1) / 2);
		return false;
	}
	return false;
}

static unsigned find_cards(const struct layout *layout, const char **devices)
{
	unsigned count = 0;

	for (unsigned i = 0; i < layout->ports_count; i++)
		if (is_pci(layout->ports[i].device))
			devices[count++] = layout->ports[i].device;
	return count;
}

static bool any_lends_memory(const struct layout *layout)
{
	for (unsigned i = 0; i < layout->ports_count; i++)
		if (lends_memory(layout->ports[i].device))
			return true;
	return false;
}

int eal_start(const struct options *options, const struct layout *layout, char error[EAL_ERROR_MAX])
{
	const char *cards[OPTIONS_PORTS_MAX], *prefix = claim_files();
	unsigned mib = eal_args_memory_mib(layout->ports_count, layout->shards_count);
	struct eal_wishes wishes = {
		.hugepages = choose_hugepages(options, mib),
		.shared = prefix != NULL && may_be_shared(options, mib),
		.prefix = prefix,
		/*
		 * What shards take for themselves must not come out of it.
		 * Of several nodes EAL wants a part of each.
		 */
		.set_aside = machine_nodes() == 1,
		.memory_mib = mib,
		.pci_devices = cards,
		.pci_devices_count = find_cards(layout, cards),
		.lent = any_lends_memory(layout),
	};
	unsigned cpus[RTE_MAX_LCORE], lcores[OPTIONS_LCORES_MAX + 1];
	unsigned count = machine_cpus(cpus, RTE_MAX_LCORE, RTE_MAX_LCORE);
	static struct eal_args args; /* EAL keeps pointers into it */
	int rc = 0;

	if (options->lcores_count > 0)
		rc = choose_given(options, cpus, count, &wishes, lcores, error);
	else
		choose_own(options, layout->shards_count, cpus, count, &wishes);
	if (rc != 0)
		return rc;
	rc = eal_args_build(&args, &wishes, options->eal);
	if (rc != 0) {
		snprintf(error, EAL_ERROR_MAX, "--eal: %s",
			 rc == -EINVAL ? "a quote is not closed; close it" :
					 "too long; give fewer arguments");
		return rc;
	}
	return start(options, wishes.hugepages, &args, error);
}

const char *eal_prefix(void)
{
	const char *prefix = eal_files_prefix(rte_eal_get_runtime_dir());

	return *prefix != '\0' ? prefix : NULL;
}

void eal_stop(void)
{
	rte_eal_cleanup();
}
