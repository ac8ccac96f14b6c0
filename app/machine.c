/* SPDX-License-Identifier: BSD-3-Clause */
#include "machine.h"

#include <glob.h>
#include <inttypes.h>
#include <mntent.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGES_FOLDER "/sys/kernel/mm/hugepages/hugepages-"

/* What a file in a folder of hugepages says, or 0. */
static uint64_t read_pages(const char *folder, const char *name)
{
	char path[256];
	uint64_t pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%" SCNu64, &pages) != 1)
		pages = 0;
	fclose(file);
	return pages;
}

/* Pages that somebody else has mapped and not touched yet still count as free. */
static uint64_t free_mib(const char *folder)
{
	uint64_t pages = read_pages(folder, "free_hugepages");
	uint64_t reserved = read_pages(folder, "resv_hugepages");
	uint64_t kib = strtoull(folder + strlen(PAGES_FOLDER), NULL, 10);

	return pages > reserved ? (pages - reserved) * kib / 1024 : 0;
}

/* As the kernel writes a size of pages among the options of a mount: 2M, 1024M. */
static bool is_mounted(const char *folder)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	uint64_t mib = strtoull(folder + strlen(PAGES_FOLDER), NULL, 10) / 1024;
	const struct mntent *mount;
	bool found = false;

	while (mounts != NULL && !found && (mount = getmntent(mounts)) != NULL) {
		const char *size = strstr(mount->mnt_opts, "pagesize=");

		found = strcmp(mount->mnt_type, "hugetlbfs") == 0 && size != NULL &&
			strtoull(size + strlen("pagesize="), NULL, 10) == mib &&
			access(mount->mnt_dir, W_OK) == 0;
	}
	if (mounts != NULL)
		endmntent(mounts);
	return found;
}

uint64_t machine_hugepages_mib(bool mounted)
{
	uint64_t mib = 0;
	glob_t paths;

	if (geteuid() != 0 || glob(PAGES_FOLDER "*", 0, NULL, &paths) != 0)
		return 0;
	for (size_t i = 0; i < paths.gl_pathc; i++)
		if (!mounted || is_mounted(paths.gl_pathv[i]))
			mib += free_mib(paths.gl_pathv[i]);
	globfree(&paths);
	return mib;
}

unsigned machine_nodes(void)
{
	unsigned nodes;
	glob_t paths;

	if (glob("/sys/devices/system/node/node[0-9]*", 0, NULL, &paths) != 0)
		return 1;
	nodes = (unsigned)paths.gl_pathc;
	globfree(&paths);
	return nodes;
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
