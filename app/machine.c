/* SPDX-License-Identifier: BSD-3-Clause */
#include "machine.h"

#include <glob.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

static bool free_hugepages(void)
{
	glob_t paths;
	bool found = false;

	if (glob("/sys/kernel/mm/hugepages/hugepages-*/free_hugepages", 0, NULL, &paths) != 0)
		return false;
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		FILE *file = fopen(paths.gl_pathv[i], "r");
		unsigned long pages = 0;

		if (file == NULL)
			continue;
		if (fscanf(file, "%lu", &pages) == 1 && pages > 0)
			found = true;
		fclose(file);
	}
	globfree(&paths);
	return found;
}

bool machine_hugepages(void)
{
	return geteuid() == 0 && free_hugepages();
}

unsigned machine_cpus(unsigned *cpus, unsigned max, unsigned last)
{
	unsigned count = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 0;
	for (unsigned cpu = 0; cpu < last && cpu < CPU_SETSIZE && count < max; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[count++] = cpu;
	return count;
}
