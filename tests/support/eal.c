/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/eal.h"

#include <sched.h>
#include <stdio.h>

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

void eal_start(void)
{
	char lcores[64], name[] = "test", option_lcores[] = "--lcores", no_pci[] = "--no-pci";
	char no_huge[] = "--no-huge", no_shconf[] = "--no-shconf", m[] = "-m", mb[] = "512";
	char no_telemetry[] = "--no-telemetry", quiet[] = "--log-level=lib.*:emergency";
	char quiet_drivers[] = "--log-level=pmd.*:emergency";
	char one_file[] = "--single-file-segments"; /* net_memif lends its buffers only then */
	char *argv[] = { name, option_lcores, lcores, no_pci,        no_huge,  no_shconf, m,
			 mb,   no_telemetry,  quiet,  quiet_drivers, one_file, NULL };

	lcores_on_cpus(lcores, sizeof(lcores));
	CHECK(rte_eal_init(sizeof(argv) / sizeof(argv[0]) - 1, argv) >= 0);
}
