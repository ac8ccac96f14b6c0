/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor_machine.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANGES_MAX 16
#define FULL (PATH_MAX + 256)

char machine_root[PATH_MAX];

/* What was put: what has to go again, and whether something was there, which is kept beside the machine. */
static struct {
	char made[FULL], at[FULL];
	bool kept;
} changes[CHANGES_MAX];
static unsigned changes_count;
static bool complete; /* from now on changes are kept */

static void kept_path(char full[FULL], unsigned change)
{
	snprintf(full, FULL, "%s.kept%u", machine_root, change);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

static bool is_there(const char *full)
{
	struct stat status;

	return lstat(full, &status) == 0;
}

static void remove_all(const char *full)
{
	if (is_there(full))
		cr_assert_eq(nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0, "%s: %s", full,
			     strerror(errno));
}

/* made: the first folder on the way that was not there. */
static void make_parents(char *full, char made[FULL])
{
	made[0] = '\0';
	for (char *slash = full + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		if (made[0] == '\0' && !is_there(full))
			snprintf(made, FULL, "%s", full);
		cr_assert(mkdir(full, 0755) == 0 || errno == EEXIST, "%s: %s", full, strerror(errno));
		*slash = '/';
	}
	if (made[0] == '\0')
		snprintf(made, FULL, "%s", full);
}

static void write_one(const char *full, const char *text)
{
	FILE *file;

	if (strcmp(text, "/") == 0) {
		cr_assert(mkdir(full, 0755) == 0 || errno == EEXIST);
		return;
	}
	if (strncmp(text, "-> ", 3) == 0) {
		cr_assert_eq(symlink(text + 3, full), 0);
		return;
	}
	file = fopen(full, "w");
	cr_assert_not_null(file, "%s: %s", full, strerror(errno));
	fprintf(file, "%s\n", text);
	fclose(file);
}

static void keep(const char *full, const char *made)
{
	char kept[FULL];

	cr_assert_lt(changes_count, CHANGES_MAX);
	snprintf(changes[changes_count].at, FULL, "%s", full);
	snprintf(changes[changes_count].made, FULL, "%s", made);
	changes[changes_count].kept = is_there(full);
	kept_path(kept, changes_count);
	if (changes[changes_count++].kept)
		cr_assert_eq(rename(full, kept), 0, "%s: %s", full, strerror(errno));
}

void machine_put(const char *path, const char *text)
{
	char full[FULL], made[FULL];

	snprintf(full, sizeof(full), "%s%s", machine_root, path);
	make_parents(full, made);
	if (complete)
		keep(full, made);
	if (text != NULL)
		write_one(full, text);
}

void machine_restore(void)
{
	char kept[FULL];

	while (changes_count > 0) {
		changes_count--;
		remove_all(changes[changes_count].made);
		kept_path(kept, changes_count);
		if (changes[changes_count].kept)
			cr_assert_eq(rename(kept, changes[changes_count].at), 0, "%s: %s", kept,
				     strerror(errno));
	}
}

__attribute__((format(printf, 2, 3))) static void put_at(const char *text, const char *path, ...)
{
	char where[PATH_MAX];
	va_list args;

	va_start(args, path);
	vsnprintf(where, sizeof(where), path, args);
	va_end(args);
	machine_put(where, text);
}

/* Two sockets of two cores of two threads; weir's are those of node 1. */
static void make_cpus(void)
{
	machine_put("/sys/devices/system/cpu/online", "0-7");
	machine_put("/sys/devices/system/cpu/present", "0-8");
	machine_put("/sys/devices/system/cpu/isolated", "4-7");
	machine_put("/sys/devices/system/cpu/nohz_full", "4-7");
	machine_put("/sys/devices/system/cpu/intel_pstate/no_turbo", "0");
	machine_put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc");
	machine_put("/sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet acpi_pm");
	for (int cpu = 0; cpu < 8; cpu++) {
		char siblings[32];

		snprintf(siblings, sizeof(siblings), "%d-%d", cpu & ~1, cpu | 1);
		put_at(siblings, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
		put_at("performance", "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu);
		put_at("2", "/sys/devices/system/cpu/cpu%d/cpuidle/state1/latency", cpu);
		put_at("0", "/sys/devices/system/cpu/cpu%d/cpuidle/state1/disable", cpu);
		put_at("133", "/sys/devices/system/cpu/cpu%d/cpuidle/state2/latency", cpu);
		put_at("1", "/sys/devices/system/cpu/cpu%d/cpuidle/state2/disable", cpu);
	}
	machine_put("/proc/irq/24/eth0", "/");
	machine_put("/proc/irq/24/smp_affinity_list", "0-7");
	machine_put("/proc/irq/24/effective_affinity_list", "2");
	machine_put("/proc/irq/9/smp_affinity_list", "0-7"); /* nobody handles it */
}

static void make_memory(void)
{
	for (int node = 0; node < 2; node++) {
		char text[256];

		put_at(node == 0 ? "0-3" : "4-7", "/sys/devices/system/node/node%d/cpulist", node);
		put_at(node == 0 ? "10 21" : "21 10", "/sys/devices/system/node/node%d/distance", node);
		put_at("1024", "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages",
		       node);
		put_at("1000", "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/free_hugepages",
		       node);
		put_at("0", "/sys/devices/system/node/node%d/hugepages/hugepages-1048576kB/nr_hugepages",
		       node);
		put_at("0", "/sys/devices/system/node/node%d/hugepages/hugepages-1048576kB/free_hugepages",
		       node);
		snprintf(
			text, sizeof(text),
			"Node %d MemTotal: 16777216 kB\nNode %d MemFree: 4194304 kB\nNode %d Active(file): 1024 kB\n"
			"Node %d Inactive(file): 1024 kB",
			node, node, node, node);
		put_at(text, "/sys/devices/system/node/node%d/meminfo", node);
	}
	machine_put("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "2048");
	machine_put("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "2048");
	machine_put("/sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", "48");
	machine_put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
	machine_put("/proc/meminfo", "MemTotal: 33554432 kB\nMemFree: 1 kB\nMemAvailable: 8388608 kB");
	machine_put("/proc/mounts", "hugetlbfs /dev/hugepages hugetlbfs rw 0 0");
}

static void make_process(void)
{
	machine_put("/proc/self/status", "PPid:\t4242\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n"
					 "CapEff:\t000001ffffffffff\nCpus_allowed_list:\t0-7");
	machine_put("/proc/self/limits", "Limit Soft Hard Units\nMax locked memory 8388608 8388608 bytes");
	machine_put("/proc/self/cmdline", "weir");
	machine_put("/proc/sys/kernel/osrelease", "6.1.0-18-amd64");
	machine_put("/proc/cmdline",
		    "quiet isolcpus=4-7 nohz_full=4-7 rcu_nocbs=4-7 intel_iommu=on iommu=pt");
	machine_put("/proc/cpuinfo",
		    "processor : 0\nvendor_id : GenuineIntel\nflags : fpu constant_tsc nonstop_tsc sse2");
	machine_put("/proc/net/protocols", "protocol  size sockets\nXDP  1024 0\nTCP  2048 1");
	machine_put("/proc/net/route", "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
				       "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n"
				       "eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF");
	machine_put("/usr/bin/dpdk-devbind.py", "");
	machine_put("/usr/sbin/update-grub", "");
	machine_put("/etc/default/grub", "");
}

static void make_card(const char *pci, const char *node, const char *driver, const char *interface,
		      const char *ifindex)
{
	char link[64], slot[64];

	put_at("0x020000", "/sys/bus/pci/devices/%s/class", pci);
	put_at(node, "/sys/bus/pci/devices/%s/numa_node", pci);
	snprintf(link, sizeof(link), "-> ../../drivers/%s", driver);
	put_at(link, "/sys/bus/pci/devices/%s/driver", pci);
	if (interface == NULL)
		return;
	snprintf(slot, sizeof(slot), "DRIVER=%s\nPCI_SLOT_NAME=%s", driver, pci);
	put_at("/", "/sys/bus/pci/devices/%s/net/%s", pci, interface);
	put_at(slot, "/sys/class/net/%s/device/uevent", interface);
	put_at("0x1003", "/sys/class/net/%s/flags", interface);
	put_at("1", "/sys/class/net/%s/carrier", interface);
	put_at("25000", "/sys/class/net/%s/speed", interface);
	put_at("1500", "/sys/class/net/%s/mtu", interface);
	put_at(ifindex, "/sys/class/net/%s/ifindex", interface);
	put_at(ifindex, "/sys/class/net/%s/iflink", interface);
}

static void make_cards(void)
{
	make_card("0000:00:1f.6", "0", "e1000e", "eth0", "2");
	make_card("0000:3b:00.0", "1", "vfio-pci", NULL, NULL);
	make_card("0000:5e:00.0", "1", "ice", "eth1", "3");
	make_card("0000:af:00.0", "1", "mlx5_core", "eth2", "4");
	machine_put("/sys/bus/pci/devices/0000:00:00.0/class", "0x060000");
	machine_put("/sys/bus/pci/devices/0000:00:00.0/driver", "-> ../../drivers/pcieport");
	machine_put("/sys/bus/pci/devices/0000:af:00.0/infiniband/mlx5_0", "/");
	machine_put("/sys/bus/pci/devices/0000:3b:00.0/iommu_group", "-> ../../kernel/iommu_groups/7");
	machine_put("/sys/kernel/iommu_groups/7/devices/0000:3b:00.0", "/");
	machine_put("/sys/kernel/iommu_groups/7/devices/0000:00:00.0", "/");
	machine_put("/sys/module/vfio_pci", "/");
	machine_put("/dev/vfio/7", "");
	machine_put("/dev/net/tun", "");
}

void machine_make(void)
{
	complete = false;
	snprintf(machine_root, sizeof(machine_root), "%s", "/tmp/weir_doctor_XXXXXX");
	cr_assert_not_null(mkdtemp(machine_root));
	make_cpus();
	make_memory();
	make_process();
	make_cards();
	complete = true;
}

void machine_unmake(void)
{
	machine_restore();
	remove_all(machine_root);
}
