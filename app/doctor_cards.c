/* SPDX-License-Identifier: BSD-3-Clause */
/* Cards: who has them, and whether the kernel can lend them to a program safely. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor_checks.h"
#include "doctor_kernel.h"

#define CLASS_NETWORK 0x02
#define CLASS_BRIDGE 0x06
#define PCI_FOLDER "/sys/bus/pci/devices"

static unsigned class_of(const char *root, const char *pci)
{
	int64_t class = 0;

	doctor_tree_number(root, &class, PCI_FOLDER "/%s/class", pci);
	return (unsigned)class >> 16;
}

static bool is_lent(const struct doctor_port *port)
{
	return port->kind == DOCTOR_PCI && !port->bifurcated;
}

/* The first port that is vfio's to lend; NULL: none has to be lent, or uio has all. */
static const struct doctor_port *first_lent(const struct doctor *doctor)
{
	for (unsigned i = 0; i < doctor->ports_count; i++) {
		const struct doctor_port *port = &doctor->ports[i];

		if (is_lent(port) &&
		    (!doctor_port_lends(port->driver) || strcmp(port->driver, "vfio-pci") == 0))
			return port;
	}
	return NULL;
}

/* What the firmware would have to be asked for. */
static bool firmware_has_iommu(const char *root)
{
	return doctor_tree_has(root, "/sys/firmware/acpi/tables/DMAR") ||
	       doctor_tree_has(root, "/sys/firmware/acpi/tables/IVRS");
}

static bool is_intel(const char *root)
{
	char vendor[32];

	return doctor_tree_field(root, "vendor_id", vendor, sizeof(vendor), "/proc/cpuinfo") &&
	       strcmp(vendor, "GenuineIntel") == 0;
}

/* The word on the kernel's command line that switches it off, or NULL. */
static const char *switched_off(const char *root)
{
	static const char *const words[] = { "intel_iommu=off", "amd_iommu=off", "iommu=off" };
	char line[DOCTOR_LINE];

	if (!doctor_tree_text(root, line, sizeof(line), "/proc/cmdline"))
		return NULL;
	for (unsigned i = 0; i < 3; i++)
		if (doctor_tree_word(line, words[i]))
			return words[i];
	return NULL;
}

/* What its devices reach is a guest's own memory, if the host has an IOMMU: then it can do without. */
static void mend_guest(const struct doctor *doctor, struct doctor_finding *finding)
{
	const char *path = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode";

	if (doctor_tree_has(doctor->root, "%s", path))
		doctor_finding_mend(finding, "echo 1 >%s", path);
	else if (doctor_kernel_module(doctor->root, "uio_pci_generic") != DOCTOR_MODULE_MISSING)
		doctor_finding_mend(finding,
				    "modprobe uio_pci_generic && dpdk-devbind.py -b uio_pci_generic %s",
				    first_lent(doctor)->pci);
	else
		doctor_finding_mend(finding, "# on this virtual machine's host: give it an IOMMU");
}

static void mend_iommu(struct doctor *doctor, struct doctor_finding *finding)
{
	const char *off = switched_off(doctor->root);

	if (off != NULL)
		doctor_finding_mend(
			finding, "sed -i 's/\\b%s\\b *//' /etc/default/grub && update-grub && reboot", off);
	else if (firmware_has_iommu(doctor->root))
		doctor_kernel_mend(doctor, finding, "iommu",
				   is_intel(doctor->root) ? "intel_iommu=on iommu=pt" : "iommu=pt");
	else if (doctor_kernel_is_guest(doctor->root))
		mend_guest(doctor, finding);
	else
		doctor_finding_mend(finding, "# in the firmware's setup: switch on %s",
				    is_intel(doctor->root) ? "VT-d" : "the IOMMU (AMD-Vi)");
}

void doctor_iommu(struct doctor *doctor)
{
	unsigned groups = doctor_kernel_groups(doctor->root);
	bool unsafe = doctor_kernel_unsafe(doctor->root) || first_lent(doctor) == NULL;
	struct doctor_finding *finding;

	if (groups > 0) {
		doctor_report_add(doctor->report, "iommu", DOCTOR_OK, "in use: %u groups of devices", groups);
		return;
	}
	if (!doctor_kernel_gives(doctor)) {
		doctor_report_add(doctor->report, "iommu", DOCTOR_OK,
				  "none in use, and nothing that was asked for needs one");
		return;
	}
	finding = doctor_report_add(doctor->report, "iommu", unsafe ? DOCTOR_WARN : DOCTOR_FAIL,
				    unsafe ? "none in use, and the card is lent without" :
					     "none in use: no groups in /sys/kernel/iommu_groups");
	doctor_finding_cost(finding,
			    unsafe ? "the card can write to all memory; only root may open it, and buffers "
				     "must lie on hugepages" :
				     "vfio-pci cannot lend a card: the port does not open");
	if (unsafe)
		doctor_finding_mend(
			finding,
			"# none is wanted if this is a virtual machine that is trusted; else an IOMMU, "
			"switched on in the firmware's setup");
	else
		mend_iommu(doctor, finding);
}

static void find_module(struct doctor *doctor)
{
	struct doctor_finding *finding;
	char release[128] = "";

	switch (doctor_kernel_module(doctor->root, "vfio-pci")) {
	case DOCTOR_MODULE_LOADED:
		doctor_report_add(doctor->report, "vfio", DOCTOR_OK, "vfio-pci is loaded");
		return;
	case DOCTOR_MODULE_THERE:
		finding = doctor_report_add(doctor->report, "vfio", DOCTOR_FAIL, "vfio-pci is not loaded");
		doctor_finding_cost(finding, "no driver can lend the card to weir");
		doctor_finding_mend(finding, "modprobe vfio-pci");
		return;
	case DOCTOR_MODULE_MISSING:
		doctor_tree_text(doctor->root, release, sizeof(release), "/proc/sys/kernel/osrelease");
		finding = doctor_report_add(doctor->report, "vfio", DOCTOR_FAIL,
					    "this kernel (%s) has no vfio-pci", release);
		doctor_finding_cost(finding, "no driver can lend the card to weir");
		doctor_finding_mend(finding, "# take a kernel with CONFIG_VFIO_PCI, as Debian's are");
		return;
	}
}

/* The script knows network cards, and this machine can do without it. */
static bool can_be_bound(const char *root, const char *pci)
{
	struct doctor_port card;

	doctor_port_find(&card, root, pci);
	return class_of(root, pci) == CLASS_NETWORK && !doctor_port_is_way_out(root, card.interface);
}

/* Cards of one group go to one program, all of them; bridges don't count. */
static void find_neighbours(struct doctor *doctor, const struct doctor_port *port, const char *group)
{
	char others[DOCTOR_FOUND / 2] = "", driver[DOCTOR_NAME];
	struct doctor_entries devices;
	struct doctor_finding *finding;
	bool can = true;
	size_t used = 0;

	doctor_tree_entries(doctor->root, &devices, "", "/sys/kernel/iommu_groups/%s/devices", group);
	for (unsigned i = 0; i < devices.count; i++) {
		const char *pci = devices.names[i];

		if (strcmp(pci, port->pci) == 0 || class_of(doctor->root, pci) == CLASS_BRIDGE ||
		    !doctor_tree_link(doctor->root, driver, sizeof(driver), PCI_FOLDER "/%s/driver", pci) ||
		    doctor_port_lends(driver) || used + 2 + strlen(pci) > sizeof(others))
			continue;
		used += (size_t)snprintf(others + used, sizeof(others) - used, "%s%s", used > 0 ? " " : "",
					 pci);
		can = can && can_be_bound(doctor->root, pci);
	}
	if (used == 0)
		return;
	finding = doctor_report_add(doctor->report, "vfio", DOCTOR_FAIL,
				    "the IOMMU cannot keep %s apart from %s, which the kernel has", port->pci,
				    others);
	doctor_finding_cost(finding, "a group goes to one owner as a whole: the port does not open");
	if (can)
		doctor_finding_mend(finding, "dpdk-devbind.py -b vfio-pci %s", others);
	else
		doctor_finding_mend(finding, "# take a card in another slot: not all of these can be spared");
}

/* May this user open the file by which vfio lends the card? */
static void find_permission(struct doctor *doctor, const struct doctor_port *port)
{
	bool unsafe = doctor_kernel_groups(doctor->root) == 0;
	struct doctor_finding *finding;
	char group[DOCTOR_NAME];

	if (strcmp(port->driver, "vfio-pci") != 0 ||
	    !doctor_tree_link(doctor->root, group, sizeof(group), PCI_FOLDER "/%s/iommu_group", port->pci))
		return;
	find_neighbours(doctor, port, group);
	if (doctor_tree_permits(doctor->root, "/dev/vfio/%s%s", unsafe ? "noiommu-" : "", group))
		return;
	finding = doctor_report_add(doctor->report, "vfio", DOCTOR_FAIL,
				    "/dev/vfio/%s%s of %s is not this user's to open",
				    unsafe ? "noiommu-" : "", group, port->pci);
	doctor_finding_cost(finding, "the port does not open");
	doctor_finding_mend(finding, "chown %" PRIu32 " /dev/vfio/%s%s", doctor_kernel_user(doctor->root),
			    unsafe ? "noiommu-" : "", group);
}

void doctor_vfio(struct doctor *doctor)
{
	if (first_lent(doctor) == NULL) {
		doctor_report_add(doctor->report, "vfio", DOCTOR_OK, "nothing that was asked for needs it");
		return;
	}
	find_module(doctor);
	for (unsigned i = 0; i < doctor->ports_count; i++)
		find_permission(doctor, &doctor->ports[i]);
}

static bool is_asked_for(const struct doctor *doctor, const char *pci)
{
	for (unsigned i = 0; i < doctor->ports_count; i++)
		if (doctor->ports[i].kind == DOCTOR_PCI && strcmp(doctor->ports[i].pci, pci) == 0)
			return true;
	return false;
}

/* mlx5 works through the kernel's RDMA, which a module of its own brings. */
static void find_shared(struct doctor *doctor, const struct doctor_port *port)
{
	const char *module = strcmp(port->driver, "mlx5_core") == 0 ? "mlx5_ib" :
			     strcmp(port->driver, "mlx4_core") == 0 ? "mlx4_ib" :
								      "mana_ib";
	struct doctor_finding *finding;

	if (!doctor_port_shares(port->driver)) {
		finding = doctor_report_add(doctor->report, "binding", DOCTOR_FAIL,
					    "%s is bound to %s, not to mlx5_core", port->pci,
					    port->driver[0] != '\0' ? port->driver : "no driver");
		doctor_finding_cost(finding,
				    "DPDK's driver works beside the kernel's: the port does not open");
		doctor_finding_mend(finding, "modprobe mlx5_core && dpdk-devbind.py -b mlx5_core %s",
				    port->pci);
		return;
	}
	if (doctor_tree_has(doctor->root, PCI_FOLDER "/%s/infiniband", port->pci)) {
		doctor_report_add(doctor->report, "binding", DOCTOR_OK,
				  "%s stays with %s (%s): DPDK works beside the kernel", port->pci,
				  port->driver, port->interface);
		return;
	}
	finding = doctor_report_add(doctor->report, "binding", DOCTOR_FAIL, "%s has no RDMA device beside %s",
				    port->pci, port->driver);
	doctor_finding_cost(finding, "DPDK's driver works through it: the port does not open");
	doctor_finding_mend(finding, "modprobe %s", module);
}

static void find_absent(struct doctor *doctor, const struct doctor_port *port)
{
	struct doctor_finding *finding;

	finding = doctor_report_add(doctor->report, "binding", DOCTOR_FAIL, "there is no PCI device %s",
				    port->pci);
	doctor_finding_cost(finding, "the port does not open");
	doctor_finding_mend(finding, "dpdk-devbind.py --status-dev net # lists those that are there");
}

/* The kernel, or nobody, has a card that weir is to have. */
static void find_unbound(struct doctor *doctor, const struct doctor_port *port)
{
	const char *interface = port->interface;
	struct doctor_finding *finding;

	finding = doctor_report_add(doctor->report, "binding", DOCTOR_FAIL,
				    "%s is bound to %s%s%s%s, not to vfio-pci", port->pci,
				    port->driver[0] != '\0' ? port->driver : "no driver",
				    interface[0] != '\0' ? " (" : "", interface,
				    interface[0] != '\0' ? ")" : "");
	doctor_finding_cost(finding, "the port does not open");
	if (interface[0] != '\0' && doctor_port_is_way_out(doctor->root, interface)) {
		doctor_finding_cost(
			finding,
			"the port does not open; and if it were weir's, this machine would have no "
			"way out: its default route leaves by %s",
			interface);
		doctor_finding_mend(finding, "# take another card for weir, or another way out");
	} else if (interface[0] != '\0') {
		if (port->addresses[0] != '\0')
			doctor_finding_cost(finding,
					    "the port does not open; once it is weir's, nobody reaches this "
					    "machine by %s any more",
					    port->addresses);
		/* The script refuses an interface that has routes; those of one that is down are gone. */
		doctor_finding_mend(finding, "ip link set %s down && dpdk-devbind.py -b vfio-pci %s",
				    interface, port->pci);
	} else {
		doctor_finding_mend(finding, "dpdk-devbind.py -b vfio-pci %s", port->pci);
	}
}

static void find_port(struct doctor *doctor, const struct doctor_port *port)
{
	if (!port->present)
		find_absent(doctor, port);
	else if (port->bifurcated)
		find_shared(doctor, port);
	else if (doctor_port_lends(port->driver))
		doctor_report_add(doctor->report, "binding", DOCTOR_OK, "%s is bound to %s", port->pci,
				  port->driver);
	else
		find_unbound(doctor, port);
}

/* Cards that nobody asked for: who asks for one wants to know which there are. */
static void list_others(struct doctor *doctor)
{
	struct doctor_entries devices;
	struct doctor_port card;
	unsigned count = 0;

	doctor_tree_entries(doctor->root, &devices, "", PCI_FOLDER);
	for (unsigned i = 0; i < devices.count; i++) {
		if (class_of(doctor->root, devices.names[i]) != CLASS_NETWORK)
			continue;
		count++;
		if (is_asked_for(doctor, devices.names[i]))
			continue;
		doctor_port_find(&card, doctor->root, devices.names[i]);
		doctor_report_add(doctor->report, "binding", DOCTOR_OK,
				  "%s, not asked for, is bound to %s%s%s%s", card.pci,
				  card.driver[0] != '\0' ? card.driver : "no driver",
				  card.interface[0] != '\0' ? " (" : "", card.interface,
				  card.interface[0] != '\0' ? ")" : "");
	}
	if (count == 0)
		doctor_report_add(doctor->report, "binding", DOCTOR_OK, "there is no network card on PCI");
}

/* dpdk-devbind.py comes with Debian's package dpdk. */
static void find_script(struct doctor *doctor)
{
	struct doctor_finding *finding;

	if (doctor_tree_has(doctor->root, "/usr/bin/dpdk-devbind.py") ||
	    doctor_tree_has(doctor->root, "/usr/local/bin/dpdk-devbind.py"))
		return;
	finding =
		doctor_report_add(doctor->report, "binding", DOCTOR_WARN, "dpdk-devbind.py is not installed");
	doctor_finding_cost(finding, "cards cannot be bound by the commands that stand here");
	doctor_finding_mend(finding, "apt-get install -y dpdk");
}

void doctor_binding(struct doctor *doctor)
{
	for (unsigned i = 0; i < doctor->ports_count; i++)
		if (doctor->ports[i].kind == DOCTOR_PCI)
			find_port(doctor, &doctor->ports[i]);
	if (doctor_kernel_gives(doctor))
		find_script(doctor);
	list_others(doctor);
}
