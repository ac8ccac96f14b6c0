/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor_port.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How high interfaces are stacked: a VLAN of a bridge of a bond. */
#define LEVELS_MAX 4

/* Drivers that keep their card while DPDK's driver works through them. */
static const char *const sharing[] = { "mlx5_core", "mlx4_core", "mana" };
static const char *const lending[] = { "vfio-pci", "igb_uio", "uio_pci_generic" };

static const struct {
	const char *name;
	enum doctor_kind kind;
} kinds[] = {
	{ "net_af_packet", DOCTOR_AF_PACKET }, { "eth_af_packet", DOCTOR_AF_PACKET },
	{ "net_af_xdp", DOCTOR_AF_XDP },       { "net_tap", DOCTOR_TAP },
	{ "net_memif", DOCTOR_MEMORY },        { "net_vhost", DOCTOR_MEMORY },
	{ "eth_vhost", DOCTOR_MEMORY },        { "net_virtio_user", DOCTOR_MEMORY },
	{ "virtio_user", DOCTOR_MEMORY },      { "net_ring", DOCTOR_MEMORY },
	{ "eth_ring", DOCTOR_MEMORY },         { "net_null", DOCTOR_MEMORY },
	{ "eth_null", DOCTOR_MEMORY },         { "net_pcap", DOCTOR_MEMORY },
	{ "eth_pcap", DOCTOR_MEMORY },
};

static bool is_among(const char *name, const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

bool doctor_port_shares(const char *driver)
{
	return is_among(driver, sharing, sizeof(sharing) / sizeof(sharing[0]));
}

bool doctor_port_lends(const char *driver)
{
	return is_among(driver, lending, sizeof(lending) / sizeof(lending[0]));
}

/* "3b:00.0" or "0000:3b:00.0", with or without arguments behind it. */
static bool parse_pci(const char *device, char pci[DOCTOR_NAME])
{
	unsigned domain = 0, bus, slot, function;
	char end = '\0';
	int parts = sscanf(device, "%4x:%2x:%2x.%1x%c", &domain, &bus, &slot, &function, &end);

	if (parts < 4) {
		domain = 0;
		parts = sscanf(device, "%2x:%2x.%1x%c", &bus, &slot, &function, &end) + 1;
	}
	if (parts < 4 || (parts == 5 && end != ','))
		return false;
	snprintf(pci, DOCTOR_NAME, "%04x:%02x:%02x.%x", domain, bus, slot, function);
	return true;
}

static enum doctor_kind kind_of(const char *device)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(device, kinds[i].name, strlen(kinds[i].name)) == 0)
			return kinds[i].kind;
	return DOCTOR_OTHER;
}

/* The value of iface= in a vdev string, or "". */
static void interface_given(const char *device, char interface[DOCTOR_NAME])
{
	const char *value = strstr(device, ",iface=");

	interface[0] = '\0';
	if (value == NULL)
		return;
	value += strlen(",iface=");
	snprintf(interface, DOCTOR_NAME, "%.*s", (int)strcspn(value, ","), value);
}

/* The card's interface in the kernel: a virtio card has it one folder further down. */
static void interface_of_card(const char *root, const char *pci, char interface[DOCTOR_NAME])
{
	struct doctor_entries entries;
	char folder[DOCTOR_NAME];

	interface[0] = '\0';
	doctor_tree_entries(root, &entries, "", "/sys/bus/pci/devices/%s/net", pci);
	if (entries.count == 0) {
		doctor_tree_entries(root, &entries, "virtio", "/sys/bus/pci/devices/%s", pci);
		if (entries.count == 0)
			return;
		snprintf(folder, sizeof(folder), "%s", entries.names[0]);
		doctor_tree_entries(root, &entries, "", "/sys/bus/pci/devices/%s/%s/net", pci, folder);
	}
	if (entries.count > 0)
		snprintf(interface, DOCTOR_NAME, "%s", entries.names[0]);
}

/* The card that an interface is of, if it is of one: its device, or a virtio device's parent. */
static void card_of_interface(const char *root, const char *interface, char pci[DOCTOR_NAME])
{
	char slot[DOCTOR_NAME];

	if (!doctor_tree_field(root, "PCI_SLOT_NAME", slot, sizeof(slot), "/sys/class/net/%s/device/uevent",
			       interface) &&
	    !doctor_tree_field(root, "PCI_SLOT_NAME", slot, sizeof(slot),
			       "/sys/class/net/%s/device/../uevent", interface))
		return;
	parse_pci(slot, pci);
}

static int node_of(const char *root, const char *pci)
{
	int64_t node = -1;

	doctor_tree_number(root, &node, "/sys/bus/pci/devices/%s/numa_node", pci);
	return (int)node;
}

void doctor_port_find(struct doctor_port *port, const char *root, const char *device)
{
	*port = (struct doctor_port){ .node = -1 };
	snprintf(port->device, sizeof(port->device), "%s", device);
	if (parse_pci(device, port->pci)) {
		port->kind = DOCTOR_PCI;
		interface_of_card(root, port->pci, port->interface);
		port->present = doctor_tree_has(root, "/sys/bus/pci/devices/%s", port->pci);
	} else {
		port->kind = kind_of(device);
		interface_given(device, port->interface);
		if (port->kind == DOCTOR_MEMORY && port->interface[0] != '\0')
			port->kind = strstr(device, "_pcap") != NULL ? DOCTOR_AF_PACKET : DOCTOR_MEMORY;
		card_of_interface(root, port->interface, port->pci);
		port->present = doctor_tree_has(root, "/sys/class/net/%s", port->interface);
	}
	if (port->pci[0] == '\0')
		return;
	doctor_tree_link(root, port->driver, sizeof(port->driver), "/sys/bus/pci/devices/%s/driver",
			 port->pci);
	port->bifurcated = doctor_port_shares(port->driver);
	port->node = node_of(root, port->pci);
}

/* Lines of /proc/net/route: interface, destination, gateway, ..., mask as the eighth. */
static bool routes_all(const char *line, const char *interface)
{
	char name[DOCTOR_NAME], destination[16], mask[16];

	return sscanf(line, "%63s %15s %*s %*s %*s %*s %*s %15s", name, destination, mask) == 3 &&
	       strcmp(name, interface) == 0 && strcmp(destination, "00000000") == 0 &&
	       strcmp(mask, "00000000") == 0;
}

/* Of /proc/net/ipv6_route: destination, its length, ..., the interface last; lo has one that refuses. */
static bool routes_all_6(const char *line, const char *interface)
{
	char name[DOCTOR_NAME];

	return strncmp(line, "00000000000000000000000000000000 00 ", 36) == 0 &&
	       sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %63s", name) == 1 &&
	       strcmp(name, interface) == 0;
}

static bool any_line(const char *root, const char *path, const char *interface,
		     bool (*matches)(const char *line, const char *interface))
{
	char full[4096], line[256];
	bool found = false;
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = matches(line, interface);
	if (file != NULL)
		fclose(file);
	return found;
}

static bool leads_out(const char *root, const char *interface)
{
	return any_line(root, "/proc/net/route", interface, routes_all) ||
	       any_line(root, "/proc/net/ipv6_route", interface, routes_all_6);
}

static bool any_leads_out(const char *root, const char *interface, unsigned level)
{
	struct doctor_entries above;

	if (leads_out(root, interface))
		return true;
	if (level == LEVELS_MAX)
		return false;
	doctor_tree_entries(root, &above, "upper_", "/sys/class/net/%s", interface);
	for (unsigned i = 0; i < above.count; i++)
		if (any_leads_out(root, above.names[i] + strlen("upper_"), level + 1))
			return true;
	return false;
}

bool doctor_port_is_way_out(const char *root, const char *interface)
{
	return any_leads_out(root, interface, 1);
}
