/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/eal.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "base/check.h"

/* The first and the last CPU that this process may use. */
static void lcores_on_cpus(char *lcores, size_t bytes)
{
	int first = -1, last = -1;
	cpu_set_t cpus;

	CHECK(sched_getaffinity(0, sizeof(cpus), &cpus) == 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		first = first < 0 ? cpu : first;
		last = cpu;
	}
	snprintf(lcores, bytes, "0@%d,1@%d", first, last);
}

static void start(char *telemetry)
{
	char lcores[64], name[] = "test", option_lcores[] = "--lcores", no_pci[] = "--no-pci";
	char no_huge[] = "--no-huge", no_shconf[] = "--no-shconf", m[] = "-m", mb[] = "512";
	char quiet[] = "--log-level=lib.*:emergency";
	char quiet_drivers[] = "--log-level=pmd.*:emergency";
	char one_file[] = "--single-file-segments"; /* net_memif lends its buffers only then */
	char *argv[] = { name, option_lcores, lcores, no_pci,        no_huge,  no_shconf, m,
			 mb,   telemetry,     quiet,  quiet_drivers, one_file, NULL };

	lcores_on_cpus(lcores, sizeof(lcores));
	CHECK(rte_eal_init(sizeof(argv) / sizeof(argv[0]) - 1, argv) >= 0);
}

void eal_start(void)
{
	char no_telemetry[] = "--no-telemetry";

	start(no_telemetry);
}

void eal_start_watched(char path[EAL_SOCKET_MAX])
{
	static char directory[] = "/tmp/weir-eal-XXXXXX";
	char telemetry[] = "--telemetry";

	CHECK(mkdtemp(directory) != NULL && setenv("RUNTIME_DIRECTORY", directory, 1) == 0);
	start(telemetry);
	snprintf(path, EAL_SOCKET_MAX, "%s/dpdk_telemetry.v2", rte_eal_get_runtime_dir());
}

void eal_forget_socket(const char *path)
{
	char directory[EAL_SOCKET_MAX];

	unlink(path);
	snprintf(directory, sizeof(directory), "%s", path);
	/* The prefix, "dpdk", and what was made for both. */
	for (int i = 0; i < 3; i++) {
		*strrchr(directory, '/') = '\0';
		rmdir(directory);
	}
}
