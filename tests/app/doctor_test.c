/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Machines made up in a folder: one that lacks nothing, and then, one at a time, all that may be wrong with
 * it. Each piece of advice is seen to come with its lack, and not to be there without.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_checks.h"
#include "doctor_machine.h"

#define MIB (1ull << 20)

static struct doctor_report report;
static struct profile profile;
static struct doctor doctor;

TestSuite(doctor, .init = machine_make, .fini = machine_unmake);

/* --- Looking at it --- */

static uint64_t shard_bytes(const struct doctor *d, uint32_t max_connections)
{
	(void)d;
	return 100 * MIB + max_connections * 1024ull;
}

static void prepare(const char *device, const unsigned *lcores, unsigned lcores_count)
{
	profile_default(&profile);
	report.count = report.left_out = 0;
	doctor = (struct doctor){ .root = machine_root,
				  .report = &report,
				  .lcores = lcores,
				  .lcores_count = lcores_count,
				  .queues = lcores_count > 0 ? lcores_count : 1,
				  .max_connections = 10240,
				  .profile = &profile,
				  .shard_bytes = shard_bytes,
				  .buffer_bytes = 512 * MIB };
	if (device == NULL)
		return;
	doctor_port_find(&doctor.ports[0], machine_root, device);
	doctor.ports[0].channels_known = true;
	doctor.ports[0].channels_now = 2;
	doctor.ports[0].channels_max = 8;
	doctor.ports_count = 1;
}

static const unsigned fit[] = { 4, 6 };

static const struct doctor_finding *find(const char *check, enum doctor_status worst)
{
	for (unsigned i = 0; i < report.count; i++)
		if (strcmp(report.findings[i].check, check) == 0 && report.findings[i].status <= worst)
			return &report.findings[i];
	return NULL;
}

static const char *const devices[] = { "3b:00.0",
				       "0000:af:00.0",
				       "net_af_packet0,iface=eth1,qpairs=2",
				       "net_af_xdp0,iface=eth1,queue_count=2",
				       "net_tap0,iface=t0",
				       "net_memif0,role=server",
				       "net_vhost0,iface=/tmp/s,queues=2" };

/* What shows on an open port alone: no machine is so well that it could be told. */
static bool never_known(const struct doctor_finding *finding)
{
	return finding->status == DOCTOR_UNKNOWN &&
	       (strcmp(finding->check, "link") == 0 || strcmp(finding->check, "queues") == 0);
}

Test(doctor, nothing_is_wrong_with_a_machine_that_has_all)
{
	for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		prepare(devices[i], fit, 2);
		doctor_examine(&doctor);
		cr_expect_gt(report.count, 15);
		for (unsigned k = 0; k < report.count; k++) {
			const struct doctor_finding *finding = &report.findings[k];

			cr_expect(finding->status == DOCTOR_OK || never_known(finding), "%s: %s: %s",
				  devices[i], finding->check, finding->found);
			cr_expect_str_eq(finding->cost, "");
			cr_expect_str_eq(finding->mend, "");
		}
	}
}

/* --- What may be wrong --- */

#define PCI "3b:00.0"
#define MLX "0000:af:00.0"
#define PACKET "net_af_packet0,iface=eth1,qpairs=2"
#define XDP "net_af_xdp0,iface=eth1,queue_count=2"
#define TAP "net_tap0,iface=t0"
#define USER_NONE                                                                        \
	"PPid:\t4242\nUid:\t4711\t4711\t4711\t4711\nGid:\t99\t99\t99\t99\nGroups:\t98\n" \
	"CapEff:\t0000000000000000\nCpus_allowed_list:\t0-7"
#define STATUS(rest) \
	"PPid:\t4242\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nCapEff:\t000001ffffffffff\n" rest
#define CPU "/sys/devices/system/cpu/"
#define NODE1 "/sys/devices/system/node/node1/"
#define CARD "/sys/bus/pci/devices/0000:3b:00.0/"
#define RUN "weir doctor --port "

#define EDITS_MAX 6

struct edit {
	const char *path, *text;
};

struct ill {
	const char *device;
	struct edit edits[EDITS_MAX];
	const char *check;
	enum doctor_status status;
	const char *mend; /* all of it */
};

static const struct ill ills[] = {
	/* Memory. */
	{ PCI,
	  { { NODE1 "hugepages/hugepages-2048kB/free_hugepages", "100" } },
	  "hugepages",
	  DOCTOR_WARN,
	  "echo 1290 >" NODE1 "hugepages/hugepages-2048kB/nr_hugepages" },
	{ PCI,
	  { { NODE1 "hugepages/hugepages-2048kB/free_hugepages", "100" },
	    { "/sys/kernel/iommu_groups/7", NULL } },
	  "hugepages",
	  DOCTOR_FAIL,
	  "echo 1290 >" NODE1 "hugepages/hugepages-2048kB/nr_hugepages" },
	{ TAP,
	  { { "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0" },
	    { "/sys/devices/system/node/node1", NULL },
	    { "/sys/kernel/iommu_groups/7", NULL } },
	  "hugepages",
	  DOCTOR_WARN,
	  "echo 2414 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages" },
	/* Of 400 free ones 48 are promised to somebody. */
	{ TAP,
	  { { "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "400" } },
	  "hugepages",
	  DOCTOR_WARN,
	  "echo 2062 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages" },
	{ TAP,
	  { { "/sys/kernel/mm/hugepages", NULL } },
	  "hugepages",
	  DOCTOR_WARN,
	  "# take a kernel with CONFIG_HUGETLBFS" },
	{ TAP,
	  { { "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0" },
	    { "/proc/meminfo", "MemAvailable: 65536 kB" } },
	  "hugepages",
	  DOCTOR_WARN,
	  "# there is less memory than that, see there" },
	{ TAP,
	  { { "/proc/self/status", USER_NONE } },
	  "hugepages",
	  DOCTOR_WARN,
	  "# run weir as root, as in: sudo weir serve ..." },
	{ TAP, { { "/proc/self/status", "" } }, "hugepages", DOCTOR_UNKNOWN, "" },
	{ TAP,
	  { { "/sys/kernel/mm/hugepages", NULL }, { "/proc/meminfo", "MemAvailable: 748983 kB" } },
	  "memory",
	  DOCTOR_FAIL,
	  RUN "net_tap0,iface=t0 --lcores 4,6 --max-connections 4096" },
	{ TAP,
	  { { "/sys/kernel/mm/hugepages", NULL }, { "/proc/meminfo", "MemAvailable: 65536 kB" } },
	  "memory",
	  DOCTOR_FAIL,
	  "# free memory: even a port without connections has not enough" },
	{ PCI,
	  { { NODE1 "hugepages", NULL },
	    { NODE1 "meminfo", "Node 1 MemFree: 700000 kB\nNode 1 Active(file): 48982 kB\n"
			       "Node 1 Inactive(file): 1 kB" } },
	  "memory",
	  DOCTOR_FAIL,
	  RUN "3b:00.0 --lcores 4,6 --max-connections 4096" },
	{ TAP,
	  { { "/proc/mounts", "proc /proc proc rw 0 0" } },
	  "hugetlbfs",
	  DOCTOR_WARN,
	  "mkdir -p /dev/hugepages && mount -t hugetlbfs none /dev/hugepages" },
	{ TAP, { { "/proc/meminfo", "MemTotal: 1 kB" } }, "memory", DOCTOR_UNKNOWN, "" },
	{ TAP,
	  { { "/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]" } },
	  "transparent",
	  DOCTOR_WARN,
	  "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled" },
	{ TAP,
	  { { "/sys/kernel/mm/transparent_hugepage", NULL } },
	  "transparent",
	  DOCTOR_WARN,
	  "# take a kernel with CONFIG_TRANSPARENT_HUGEPAGE, or enough hugepages" },
	{ PCI,
	  { { "/proc/self/status", USER_NONE } },
	  "locked",
	  DOCTOR_FAIL,
	  "prlimit --memlock=unlimited:unlimited --pid 4242" },
	{ XDP,
	  { { "/proc/self/status", USER_NONE }, { "/proc/sys/kernel/osrelease", "5.10.0-9-amd64" } },
	  "locked",
	  DOCTOR_FAIL,
	  "prlimit --memlock=unlimited:unlimited --pid 4242" },
	{ PCI,
	  { { "/proc/self/status", USER_NONE }, { "/proc/self/limits", NULL } },
	  "locked",
	  DOCTOR_UNKNOWN,
	  "" },

	/* CPUs. */
	{ PCI,
	  { { CPU "online", "0-5" }, { CPU "present", "0-5" } },
	  "lcores",
	  DOCTOR_FAIL,
	  RUN "3b:00.0 --lcores 5,3 --max-connections 10240" },
	{ PCI,
	  { { CPU "online", "0-5,7" } },
	  "lcores",
	  DOCTOR_FAIL,
	  "for c in 6; do echo 1 >/sys/devices/system/cpu/cpu$c/online; done" },
	{ PCI,
	  { { "/proc/self/status", STATUS("Cpus_allowed_list:\t0-4") } },
	  "lcores",
	  DOCTOR_FAIL,
	  "taskset -cp 0-4,6 4242" },
	{ PCI, { { "/proc/self/status", STATUS("") } }, "lcores", DOCTOR_UNKNOWN, "" },
	{ PCI, { { CPU "online", NULL } }, "lcores", DOCTOR_UNKNOWN, "" },
	{ PCI,
	  { { CARD "numa_node", "0" } },
	  "numa",
	  DOCTOR_WARN,
	  RUN "3b:00.0 --lcores 3,1 --max-connections 10240" },
	{ PCI, { { CARD "numa_node", "-1" } }, "numa", DOCTOR_UNKNOWN, "" },
	{ PCI,
	  { { CPU "isolated", "" } },
	  "isolation",
	  DOCTOR_WARN,
	  "mkdir -p /etc/default/grub.d && echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX "
	  "isolcpus=managed_irq,domain,4,6 nohz_full=4,6 rcu_nocbs=4,6\"' >/etc/default/grub.d/weir-cpus.cfg && "
	  "update-grub && reboot" },
	{ PCI,
	  { { CPU "nohz_full", "(null)" }, { "/etc/default/grub", NULL } },
	  "isolation",
	  DOCTOR_WARN,
	  "# start the kernel with: isolcpus=managed_irq,domain,4,6 nohz_full=4,6 rcu_nocbs=4,6" },
	{ PCI,
	  { { "/proc/cmdline", "quiet rcu_nocbs=2-4" } },
	  "isolation",
	  DOCTOR_WARN,
	  "mkdir -p /etc/default/grub.d && echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX "
	  "isolcpus=managed_irq,domain,4,6 nohz_full=4,6 rcu_nocbs=4,6\"' >/etc/default/grub.d/weir-cpus.cfg && "
	  "update-grub && reboot" },
	{ PCI,
	  { { CPU "isolated", "" }, { CPU "online", "4,6" } },
	  "isolation",
	  DOCTOR_WARN,
	  "# give --lcores fewer CPUs: the kernel needs one for itself" },
	{ PCI,
	  { { "/proc/irq/24/effective_affinity_list", "4" },
	    { "/proc/irq/30/eth9", "/" },
	    { "/proc/irq/30/smp_affinity_list", "6-7" } },
	  "interrupts",
	  DOCTOR_WARN,
	  "for i in 24 30; do echo 0-3,5,7 >/proc/irq/$i/smp_affinity_list; done" },
	{ PCI,
	  { { "/proc/irq/24/effective_affinity_list", "4" }, { CPU "online", "4,6" } },
	  "interrupts",
	  DOCTOR_WARN,
	  "# give --lcores fewer CPUs: interrupts have to go somewhere" },
	{ PCI, { { "/proc/irq", NULL } }, "interrupts", DOCTOR_UNKNOWN, "" },
	{ PCI,
	  { { CPU "cpu4/topology/thread_siblings_list", "4,6" } },
	  "smt",
	  DOCTOR_WARN,
	  RUN "3b:00.0 --lcores 7,5 --max-connections 10240" },
	{ PCI,
	  { { CPU "isolated", "4,6" } },
	  "smt",
	  DOCTOR_WARN,
	  "for c in 5 7; do echo 0 >/sys/devices/system/cpu/cpu$c/online; done" },
	{ PCI,
	  { { CPU "isolated", "4,6" }, { CPU "online", "4-7" } },
	  "smt",
	  DOCTOR_WARN,
	  "# give --lcores fewer cores: other programs need one" },
	{ PCI,
	  { { CPU "isolated", "4,6" }, { CPU "cpu4/topology/thread_siblings_list", "0,4" } },
	  "smt",
	  DOCTOR_WARN,
	  "# give --lcores another core: the kernel keeps its first CPU" },
	{ PCI,
	  { { CPU "cpu6/cpufreq/scaling_governor", "powersave" } },
	  "governor",
	  DOCTOR_WARN,
	  "for c in 6; do echo performance >/sys/devices/system/cpu/cpu$c/cpufreq/scaling_governor; done" },
	{ PCI,
	  { { CPU "cpu4/cpufreq", NULL }, { CPU "cpu6/cpufreq", NULL } },
	  "governor",
	  DOCTOR_UNKNOWN,
	  "" },
	{ PCI,
	  { { CPU "intel_pstate/no_turbo", "1" } },
	  "turbo",
	  DOCTOR_WARN,
	  "echo 0 >/sys/devices/system/cpu/intel_pstate/no_turbo" },
	{ PCI,
	  { { CPU "intel_pstate", NULL }, { CPU "cpufreq/boost", "0" } },
	  "turbo",
	  DOCTOR_WARN,
	  "echo 1 >/sys/devices/system/cpu/cpufreq/boost" },
	{ PCI, { { CPU "intel_pstate", NULL } }, "turbo", DOCTOR_UNKNOWN, "" },
	{ TAP,
	  { { CPU "cpu6/cpuidle/state2/disable", "0" } },
	  "idle",
	  DOCTOR_WARN,
	  "for c in 6; do for s in /sys/devices/system/cpu/cpu$c/cpuidle/state*; do "
	  "[ $(cat $s/latency) -le 100 ] || echo 1 >$s/disable; done; done" },
	{ PCI,
	  { { "/proc/cpuinfo", "flags : fpu constant_tsc" } },
	  "clock",
	  DOCTOR_WARN,
	  "# fix the CPU's frequency in the firmware's setup" },
	{ PCI,
	  { { "/proc/cpuinfo", "flags : fpu hypervisor" } },
	  "clock",
	  DOCTOR_WARN,
	  "# have the host pass the flag invtsc on to this virtual machine" },
	{ PCI,
	  { { "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet" } },
	  "clock",
	  DOCTOR_WARN,
	  "echo tsc >/sys/devices/system/clocksource/clocksource0/current_clocksource" },
	{ PCI,
	  { { "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet" },
	    { "/sys/devices/system/clocksource/clocksource0/available_clocksource", "hpet acpi_pm" } },
	  "clock",
	  DOCTOR_WARN,
	  "dmesg | grep -i -e tsc -e clocksource # says why" },
	{ PCI, { { "/sys/devices/system/clocksource", NULL } }, "clock", DOCTOR_UNKNOWN, "" },

	/* Cards. */
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7", NULL }, { "/sys/firmware/acpi/tables/DMAR", "" } },
	  "iommu",
	  DOCTOR_FAIL,
	  "mkdir -p /etc/default/grub.d && echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX intel_iommu=on iommu=pt\"' "
	  ">/etc/default/grub.d/weir-iommu.cfg && update-grub && reboot" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7", NULL },
	    { "/sys/firmware/acpi/tables/IVRS", "" },
	    { "/proc/cpuinfo", "vendor_id : AuthenticAMD" },
	    { "/usr/sbin/update-grub", NULL } },
	  "iommu",
	  DOCTOR_FAIL,
	  "# start the kernel with: iommu=pt" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7", NULL }, { "/proc/cmdline", "quiet intel_iommu=off" } },
	  "iommu",
	  DOCTOR_FAIL,
	  "sed -i 's/\\bintel_iommu=off\\b *//' /etc/default/grub && update-grub && reboot" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7", NULL } },
	  "iommu",
	  DOCTOR_FAIL,
	  "# in the firmware's setup: switch on VT-d" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7", NULL }, { "/proc/cpuinfo", "vendor_id : AuthenticAMD" } },
	  "iommu",
	  DOCTOR_FAIL,
	  "# in the firmware's setup: switch on the IOMMU (AMD-Vi)" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7", NULL },
	    { "/proc/cpuinfo", "flags : hypervisor" },
	    { "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N" } },
	  "iommu",
	  DOCTOR_FAIL,
	  "echo 1 >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7", NULL },
	    { "/proc/cpuinfo", "flags : hypervisor" },
	    { "/lib/modules/6.1.0-18-amd64/modules.dep", "kernel/drivers/uio/uio_pci_generic.ko: x" } },
	  "iommu",
	  DOCTOR_FAIL,
	  "modprobe uio_pci_generic && dpdk-devbind.py -b uio_pci_generic 0000:3b:00.0" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7", NULL }, { CARD "driver", "-> ../../drivers/uio_pci_generic" } },
	  "iommu",
	  DOCTOR_WARN,
	  "# none is wanted if this is a virtual machine that is trusted; else an IOMMU, switched on in the firmware's "
	  "setup" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7", NULL }, { "/proc/cpuinfo", "flags : hypervisor" } },
	  "iommu",
	  DOCTOR_FAIL,
	  "# on this virtual machine's host: give it an IOMMU" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7", NULL },
	    { "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y" } },
	  "iommu",
	  DOCTOR_WARN,
	  "# none is wanted if this is a virtual machine that is trusted; else an IOMMU, switched on in the firmware's "
	  "setup" },
	/* So it is once the card is bound: a group that no IOMMU keeps apart. */
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7/name", "vfio-noiommu" },
	    { "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y" } },
	  "iommu",
	  DOCTOR_WARN,
	  "# none is wanted if this is a virtual machine that is trusted; else an IOMMU, switched on in the firmware's "
	  "setup" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7/name", "vfio-noiommu" },
	    { "/proc/self/status", USER_NONE },
	    { "/dev/vfio/noiommu-7", "" } },
	  "vfio",
	  DOCTOR_FAIL,
	  "chown 4711 /dev/vfio/noiommu-7" },
	{ PCI,
	  { { "/sys/module/vfio_pci", NULL },
	    { "/lib/modules/6.1.0-18-amd64/modules.dep",
	      "kernel/a.ko:\nkernel/drivers/vfio/pci/vfio-pci.ko: x" } },
	  "vfio",
	  DOCTOR_FAIL,
	  "modprobe vfio-pci" },
	{ PCI,
	  { { "/sys/module/vfio_pci", NULL } },
	  "vfio",
	  DOCTOR_FAIL,
	  "# take a kernel with CONFIG_VFIO_PCI, as Debian's are" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7/devices/0000:5e:00.0", "/" } },
	  "vfio",
	  DOCTOR_FAIL,
	  "dpdk-devbind.py -b vfio-pci 0000:5e:00.0" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7/devices/0000:5e:00.0", "/" },
	    { "/sys/kernel/iommu_groups/7/devices/0000:00:1f.6", "/" } },
	  "vfio",
	  DOCTOR_FAIL,
	  "# take a card in another slot: not all of these can be spared" },
	{ PCI,
	  { { "/sys/kernel/iommu_groups/7/devices/0000:5e:00.0", "/" },
	    { "/sys/bus/pci/devices/0000:5e:00.0/class", "0x010601" } },
	  "vfio",
	  DOCTOR_FAIL,
	  "# take a card in another slot: not all of these can be spared" },
	{ PCI, { { "/proc/self/status", USER_NONE } }, "vfio", DOCTOR_FAIL, "chown 4711 /dev/vfio/7" },
	{ PCI,
	  { { CARD "driver", "-> ../../drivers/ice" }, { CARD "net/eth5", "/" } },
	  "binding",
	  DOCTOR_FAIL,
	  "ip link set eth5 down && dpdk-devbind.py -b vfio-pci 0000:3b:00.0" },
	{ PCI,
	  { { CARD "driver", "-> ../../drivers/virtio-pci" }, { CARD "virtio3/net/eth0", "/" } },
	  "binding",
	  DOCTOR_FAIL,
	  "# take another card for weir, or another way out" },
	/* The default route leaves by a VLAN of a bridge that it is a port of. */
	{ PCI,
	  { { CARD "driver", "-> ../../drivers/ice" },
	    { CARD "net/eth5", "/" },
	    { "/sys/class/net/eth5/upper_br0", "-> ../br0" },
	    { "/sys/class/net/br0/upper_eth0", "-> ../eth0" } },
	  "binding",
	  DOCTOR_FAIL,
	  "# take another card for weir, or another way out" },
	{ PCI,
	  { { CARD "driver", NULL } },
	  "binding",
	  DOCTOR_FAIL,
	  "dpdk-devbind.py -b vfio-pci 0000:3b:00.0" },
	{ PCI,
	  { { "/sys/bus/pci/devices/0000:3b:00.0", NULL } },
	  "binding",
	  DOCTOR_FAIL,
	  "dpdk-devbind.py --status-dev net # lists those that are there" },
	{ PCI, { { "/usr/bin/dpdk-devbind.py", NULL } }, "binding", DOCTOR_WARN, "apt-get install -y dpdk" },
	{ MLX,
	  { { "/sys/bus/pci/devices/0000:af:00.0/infiniband", NULL } },
	  "binding",
	  DOCTOR_FAIL,
	  "modprobe mlx5_ib" },

	/* Interfaces. */
	{ PACKET,
	  { { "/sys/class/net/eth1", NULL } },
	  "port",
	  DOCTOR_FAIL,
	  "ip -br link # lists those that are there" },
	{ "net_thing0", { { NULL, NULL } }, "port", DOCTOR_UNKNOWN, "" },
	{ PACKET, { { "/sys/class/net/eth1/flags", "0x1002" } }, "link", DOCTOR_FAIL, "ip link set eth1 up" },
	{ MLX, { { "/sys/class/net/eth2/flags", "0x1002" } }, "link", DOCTOR_FAIL, "ip link set eth2 up" },
	{ PACKET, { { "/sys/class/net/eth1/flags", NULL } }, "link", DOCTOR_UNKNOWN, "" },
	{ XDP,
	  { { "/sys/class/net/eth1/carrier", "0" } },
	  "link",
	  DOCTOR_FAIL,
	  "# plug in its cable, or switch on the port at the other end" },
	{ PACKET,
	  { { "/sys/class/net/eth1/carrier", "0" }, { "/sys/class/net/eth1/iflink", "44" } },
	  "link",
	  DOCTOR_FAIL,
	  "# in the other end's namespace: ip link set NAME up" },
	{ PACKET,
	  { { "/sys/class/net/eth1/carrier", "0" },
	    { "/sys/class/net/eth1/iflink", "44" },
	    { "/sys/class/net/veth9/ifindex", "44" },
	    { "/sys/class/net/veth9/iflink", "3" } },
	  "link",
	  DOCTOR_FAIL,
	  "ip link set veth9 up" },
	{ PACKET,
	  { { "/sys/class/net/eth1/iflink", "44" } },
	  "offloads",
	  DOCTOR_UNKNOWN,
	  "# in the other end's namespace: ethtool -K NAME tx off tso off gso off gro off" },
	{ PACKET,
	  { { "/sys/class/net/eth1/iflink", "44" },
	    { "/sys/class/net/veth9/ifindex", "44" },
	    { "/sys/class/net/veth9/iflink", "3" },
	    { "/sys/class/net/veth10/ifindex", "45" },
	    { "/sys/class/net/veth10/iflink", "3" } },
	  "offloads",
	  DOCTOR_UNKNOWN,
	  "ethtool -K veth9 tx off tso off gso off gro off" },

	/* Rights. */
	{ PACKET,
	  { { "/proc/self/status", USER_NONE } },
	  "capabilities",
	  DOCTOR_FAIL,
	  "# run weir as root, as in: sudo weir serve ..." },
	{ XDP, { { "/proc/self/status", STATUS("CapEff:\t0") } }, "hugepages", DOCTOR_OK, "" },
	{ MLX,
	  { { "/proc/self/status", USER_NONE } },
	  "capabilities",
	  DOCTOR_FAIL,
	  "# run weir as root, as in: sudo weir serve ..." },
	{ PCI,
	  { { "/proc/self/status", USER_NONE }, { "/sys/kernel/iommu_groups/7", NULL } },
	  "capabilities",
	  DOCTOR_FAIL,
	  "# run weir as root, as in: sudo weir serve ..." },
	{ TAP, { { "/dev/net/tun", NULL } }, "tun", DOCTOR_FAIL, "# take a kernel with CONFIG_TUN" },
	{ TAP,
	  { { "/dev/net/tun", NULL }, { "/sys/class/misc/tun", "/" } },
	  "tun",
	  DOCTOR_FAIL,
	  "mkdir -p /dev/net && mknod -m 666 /dev/net/tun c 10 200" },
	{ TAP,
	  { { "/dev/net/tun", NULL },
	    { "/lib/modules/6.1.0-18-amd64/modules.dep", "kernel/drivers/net/tun.ko:" } },
	  "tun",
	  DOCTOR_FAIL,
	  "modprobe tun" },
	{ TAP, { { "/proc/self/status", USER_NONE } }, "tun", DOCTOR_FAIL, "chmod 666 /dev/net/tun" },
	{ XDP,
	  { { "/proc/sys/kernel/osrelease", "5.3.18" } },
	  "af_xdp",
	  DOCTOR_FAIL,
	  "apt-get install -y linux-image-amd64 && reboot" },
	{ XDP,
	  { { "/proc/net/protocols", "protocol\nTCP 1" } },
	  "af_xdp",
	  DOCTOR_FAIL,
	  "# take a kernel with CONFIG_XDP_SOCKETS, as Debian's are" },
};

static void expect_ill(const struct ill *ill)
{
	const struct doctor_finding *finding = NULL;

	for (unsigned i = 0; i < EDITS_MAX && ill->edits[i].path != NULL; i++)
		machine_put(ill->edits[i].path, ill->edits[i].text);
	prepare(ill->device, fit, 2);
	doctor_examine(&doctor);
	for (unsigned i = 0; i < report.count; i++)
		if (strcmp(report.findings[i].check, ill->check) == 0 &&
		    report.findings[i].status == ill->status &&
		    strcmp(report.findings[i].mend, ill->mend) == 0)
			finding = &report.findings[i];
	cr_expect_not_null(finding, "%s: no %s of %s with '%s'", ill->device, doctor_status_name(ill->status),
			   ill->check, ill->mend);
	for (unsigned i = 0; i < report.count && finding == NULL; i++)
		if (strcmp(report.findings[i].check, ill->check) == 0)
			fprintf(stderr, "    %s: %s: %s\n", doctor_status_name(report.findings[i].status),
				report.findings[i].found, report.findings[i].mend);
	if (finding != NULL && ill->status < DOCTOR_UNKNOWN)
		cr_expect_str_neq(finding->cost, "", "%s: %s costs nothing", ill->device, finding->found);
	machine_restore();
}

Test(doctor, each_lack_has_its_finding)
{
	for (unsigned i = 0; i < sizeof(ills) / sizeof(ills[0]); i++)
		expect_ill(&ills[i]);
}

static const struct doctor_finding *examine(const char *check)
{
	report.count = 0;
	doctor_examine(&doctor);
	return find(check, DOCTOR_UNKNOWN);
}

Test(doctor, a_card_that_the_kernel_should_keep)
{
	const struct doctor_finding *finding;

	prepare("3b:00.0", fit, 2);
	doctor.ports[0].bifurcated = true;
	finding = examine("binding");
	cr_assert_not_null(finding);
	cr_expect_eq(finding->status, DOCTOR_FAIL);
	cr_expect_str_eq(finding->mend, "modprobe mlx5_core && dpdk-devbind.py -b mlx5_core 0000:3b:00.0");
}

Test(doctor, addresses_of_the_kernel)
{
	const struct doctor_finding *finding;

	prepare(PACKET, fit, 2);
	snprintf(doctor.ports[0].addresses, DOCTOR_ADDRESSES, "192.0.2.1,fe80::1");
	finding = examine("addresses");
	cr_expect_eq(finding->status, DOCTOR_WARN);
	cr_expect_not_null(strstr(finding->found, "192.0.2.1,fe80::1"));
	cr_expect_str_eq(finding->mend,
			 "ip addr flush dev eth1 && sysctl -w net/ipv6/conf/eth1/disable_ipv6=1");
	prepare("net_af_packet0,iface=eth0", fit, 2);
	snprintf(doctor.ports[0].addresses, DOCTOR_ADDRESSES, "192.0.2.1");
	cr_expect_eq(examine("addresses")->mend[0], '#', "nobody is to cut himself off");
	machine_put("/proc/net/route", "Iface");
	cr_expect_neq(examine("addresses")->mend[0], '#');
	machine_put("/proc/net/ipv6_route",
		    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		    "fe800000000000000000000000000001 00000400 00000002 00000000 00000003     eth0");
	cr_expect_eq(examine("addresses")->mend[0], '#');
}

/* Somebody may be logged in by them. */
Test(doctor, addresses_that_a_binding_takes_away)
{
	machine_put(CARD "driver", "-> ../../drivers/ice");
	machine_put(CARD "net/eth5", "/");
	prepare(PCI, fit, 2);
	cr_expect_str_eq(examine("binding")->cost, "the port does not open");
	snprintf(doctor.ports[0].addresses, DOCTOR_ADDRESSES, "192.0.2.1");
	cr_expect_not_null(strstr(examine("binding")->cost, " nobody reaches this machine by 192.0.2.1 "));
}

Test(doctor, no_port_and_no_lcores)
{
	const struct doctor_finding *finding;

	prepare(NULL, NULL, 0);
	finding = examine("port");
	cr_expect_eq(finding->status, DOCTOR_UNKNOWN);
	cr_expect_eq(finding->mend[0], '#');
	cr_expect(CPU_ISSET(7, &doctor.chosen) && CPU_COUNT(&doctor.chosen) == 1,
		  "the last that is isolated");
	/* Isolated CPUs are nobody's until somebody takes them. */
	machine_put("/proc/self/status", STATUS("Cpus_allowed_list:\t0-3"));
	finding = examine("lcores");
	cr_expect_eq(finding->status, DOCTOR_WARN);
	cr_expect_str_eq(finding->mend, "taskset -cp 0-3,7 4242");
	prepare("3b:00.0", NULL, 0);
	cr_expect_null(examine("port"));
	/* Of several nodes the card's. */
	machine_put("/sys/devices/system/cpu/isolated", "2,5");
	machine_put("/sys/bus/pci/devices/0000:3b:00.0/numa_node", "0");
	prepare("3b:00.0", NULL, 0);
	examine("port");
	cr_expect(CPU_ISSET(2, &doctor.chosen) && CPU_COUNT(&doctor.chosen) == 1);
}

Test(doctor, the_oldest_kernel_that_will_do)
{
	prepare(XDP, fit, 2);
	machine_put("/proc/sys/kernel/osrelease", "5.4.0");
	cr_expect_null(examine("af_xdp"));
}

/* Interrupts move when they come next. */
Test(doctor, an_interrupt_that_was_told_to_go)
{
	prepare(PCI, fit, 2);
	machine_put("/proc/irq/24/effective_affinity_list", "4");
	cr_expect_not_null(examine("interrupts"));
	machine_put("/proc/irq/24/smp_affinity_list", "0-3");
	cr_expect_null(examine("interrupts"));
}

Test(doctor, the_kernels_first_cpu)
{
	static const unsigned first[] = { 0 };

	prepare(PCI, first, 1);
	cr_expect_str_eq(examine("isolation")->mend,
			 "# give --lcores other CPUs than 0: the kernel needs its first");
}

Test(doctor, two_ports_on_two_nodes)
{
	static const unsigned crossed[] = { 4, 2 };
	const struct doctor_finding *finding;

	prepare("3b:00.0", crossed, 2);
	doctor.queues = 1;
	doctor_port_find(&doctor.ports[1], machine_root, PACKET);
	doctor.ports[1].node = 0;
	doctor.ports_count = 2;
	/* The first port is on node 1, the second on 0, and so are their CPUs. */
	cr_expect_null(examine("numa"));
	doctor.ports[1].node = 1;
	finding = examine("numa");
	cr_assert_not_null(finding);
	cr_expect_str_eq(finding->mend,
			 "weir doctor --port 3b:00.0 --port " PACKET " --lcores 7,5 --max-connections 10240");
	cr_expect_not_null(strstr(finding->cost, " 110 % longer"), "%s", finding->cost);
	/* One CPU for both takes turns. */
	doctor.lcores_count = 1;
	cr_expect_null(examine("numa"));
	doctor.ports[1].node = 0;
	cr_expect_not_null(examine("numa"));
	doctor.lcores_count = 2;
	machine_put("/sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages", "1");
	finding = examine("hugepages");
	cr_expect_str_eq(finding->mend,
			 "echo 1078 >/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages");
}

Test(doctor, a_profile_says_what_else_to_look_after)
{
	const struct doctor_finding *finding;

	prepare(PACKET, fit, 2);
	doctor.profile_name = "own profile.conf";
	profile.needs[0] = (struct profile_need){ PROFILE_NEED_FIRMWARE, "of this year\nat least" };
	profile.needs_count = 1;
	profile.traps[0] = (struct profile_trap){ "no link", "plug it in", "its manual" };
	profile.traps_count = 1;
	profile.mtu = 9000;
	finding = examine("needs");
	cr_expect_eq(finding->status, DOCTOR_UNKNOWN);
	cr_expect_str_eq(finding->found, "firmware: of this year at least");
	finding = find("traps", DOCTOR_UNKNOWN);
	cr_expect_str_eq(finding->found, "if there is: no link");
	cr_expect_str_eq(finding->cost, "by its manual");
	cr_expect_str_eq(finding->mend, "# plug it in");
	finding = find("link", DOCTOR_WARN);
	cr_expect_str_eq(finding->mend, "ip link set eth1 mtu 9000");
	machine_put("/sys/class/net/eth1/mtu", "9000");
	examine("link");
	cr_expect_null(find("link", DOCTOR_WARN));
	/* A command that says it anew has it in quotes. */
	machine_put("/sys/devices/system/cpu/cpu4/topology/thread_siblings_list", "4,6");
	cr_expect_not_null(strstr(examine("smt")->mend, " --profile 'own profile.conf' "));
}
