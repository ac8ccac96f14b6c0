/* SPDX-License-Identifier: BSD-3-Clause */
/* What this user may do, and what the kernel offers for virtual devices. */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "doctor_checks.h"
#include "doctor_kernel.h"

struct right {
	unsigned capability;
	const char *name;
};

static const struct right raw[] = { { CAP_NET_RAW, "cap_net_raw" }, { CAP_NET_ADMIN, "cap_net_admin" } };
static const struct right xdp[] = {
	{ CAP_NET_RAW, "cap_net_raw" },
	{ CAP_NET_ADMIN, "cap_net_admin" },
	{ CAP_BPF, "cap_bpf" },
	{ CAP_IPC_LOCK, "cap_ipc_lock" },
};
static const struct right tap[] = { { CAP_NET_ADMIN, "cap_net_admin" } };
/* DPDK's drivers beside the kernel's (mlx5) write rules of flows. */
static const struct right shared[] = { { CAP_NET_RAW, "cap_net_raw" }, { CAP_NET_ADMIN, "cap_net_admin" } };
/* Cards without an IOMMU: raw I/O, and physical addresses, which the kernel tells to administrators. */
static const struct right bare[] = { { CAP_SYS_RAWIO, "cap_sys_rawio" }, { CAP_SYS_ADMIN, "cap_sys_admin" } };

static unsigned rights_of(const struct doctor *doctor, const struct doctor_port *port,
			  const struct right **rights)
{
	switch (port->kind) {
	case DOCTOR_AF_PACKET:
		*rights = raw;
		return 2;
	case DOCTOR_AF_XDP:
		*rights = xdp;
		return 4;
	case DOCTOR_TAP:
		*rights = tap;
		return 1;
	case DOCTOR_PCI:
		*rights = port->bifurcated ? shared : bare;
		return port->bifurcated || doctor_kernel_groups(doctor->root) == 0 ? 2 : 0;
	case DOCTOR_MEMORY:
	case DOCTOR_OTHER:
		return 0;
	}
	return 0;
}

void doctor_capabilities(struct doctor *doctor, const struct doctor_port *port)
{
	const struct right *rights = NULL;
	unsigned count = rights_of(doctor, port, &rights);
	char missing[128] = "";
	struct doctor_finding *finding;
	size_t used = 0;

	for (unsigned i = 0; i < count; i++)
		if (!doctor_kernel_capable(doctor->root, rights[i].capability))
			used += (size_t)snprintf(missing + used, sizeof(missing) - used, "%s%s",
						 used > 0 ? "," : "", rights[i].name);
	if (used == 0) {
		doctor_report_add(doctor->report, "capabilities", DOCTOR_OK,
				  "%s: this user has those that it takes", port->device);
		return;
	}
	finding = doctor_report_add(doctor->report, "capabilities", DOCTOR_FAIL, "%s: this user lacks %s",
				    port->device, missing);
	doctor_finding_cost(finding, "the port does not open");
	doctor_finding_mend(finding, "# run weir as root, as in: sudo weir serve ...");
}

void doctor_tun(struct doctor *doctor, const struct doctor_port *port)
{
	struct doctor_finding *finding;

	if (port->kind != DOCTOR_TAP)
		return;
	if (doctor_tree_permits(doctor->root, "/dev/net/tun")) {
		doctor_report_add(doctor->report, "tun", DOCTOR_OK, "/dev/net/tun can be opened");
		return;
	}
	finding = doctor_report_add(
		doctor->report, "tun", DOCTOR_FAIL, "/dev/net/tun %s",
		doctor_tree_has(doctor->root, "/dev/net/tun") ? "is not this user's to open" : "is missing");
	doctor_finding_cost(finding, "the port does not open");
	if (doctor_tree_has(doctor->root, "/dev/net/tun"))
		doctor_finding_mend(finding, "chmod 666 /dev/net/tun");
	else if (doctor_kernel_module(doctor->root, "tun") == DOCTOR_MODULE_THERE)
		doctor_finding_mend(finding, "modprobe tun");
	else if (doctor_tree_has(doctor->root, "/sys/class/misc/tun"))
		doctor_finding_mend(finding, "mkdir -p /dev/net && mknod -m 666 /dev/net/tun c 10 200");
	else
		doctor_finding_mend(finding, "# take a kernel with CONFIG_TUN");
}

void doctor_xdp(struct doctor *doctor, const struct doctor_port *port)
{
	struct doctor_finding *finding;

	if (port->kind != DOCTOR_AF_XDP)
		return;
	if (!doctor_kernel_since(doctor->root, 5, 4)) {
		finding = doctor_report_add(doctor->report, "af_xdp", DOCTOR_FAIL,
					    "this kernel is older than Linux 5.4");
		doctor_finding_cost(finding,
				    "the port does not open: DPDK's driver wants more of AF_XDP than it has");
		doctor_finding_mend(finding, "apt-get install -y linux-image-amd64 && reboot");
		return;
	}
	/* Protocols that have sockets; it begins its line. */
	if (doctor_tree_field(doctor->root, "XDP", (char[8]){ 0 }, 8, "/proc/net/protocols")) {
		doctor_report_add(doctor->report, "af_xdp", DOCTOR_OK, "this kernel has AF_XDP sockets");
		return;
	}
	finding =
		doctor_report_add(doctor->report, "af_xdp", DOCTOR_FAIL, "this kernel has no AF_XDP sockets");
	doctor_finding_cost(finding, "the port does not open");
	doctor_finding_mend(finding, "# take a kernel with CONFIG_XDP_SOCKETS, as Debian's are");
}
