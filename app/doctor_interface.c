/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel's interface of a port is like: link, queues, addresses, the other end. */
#include <inttypes.h>
#include <linux/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "doctor_checks.h"
#include "doctor_kernel.h"

#define NET_FOLDER "/sys/class/net"

/* Devices that a queue of the kernel's interface is opened of. */
static bool is_on_interface(const struct doctor_port *port)
{
	return port->kind == DOCTOR_AF_PACKET || port->kind == DOCTOR_AF_XDP;
}

/* A card whose interface the kernel keeps. */
static bool is_shared(const struct doctor_port *port)
{
	return port->kind == DOCTOR_PCI && port->bifurcated && port->interface[0] != '\0';
}

void doctor_no_port(struct doctor *doctor)
{
	struct doctor_finding *finding;

	finding = doctor_report_add(
		doctor->report, "port", DOCTOR_UNKNOWN,
		"no --port: link, queues, addresses and permissions of none were looked at");
	doctor_finding_mend(
		finding,
		"# give --port, a card of those bound below or a vdev string: weir doctor --port ...");
}

void doctor_interface(struct doctor *doctor, const struct doctor_port *port)
{
	struct doctor_finding *finding;

	if (port->kind == DOCTOR_OTHER)
		doctor_report_add(doctor->report, "port", DOCTOR_UNKNOWN,
				  "what %s needs is not known here; its driver's documentation tells",
				  port->device);
	if (!is_on_interface(port) || port->present)
		return;
	finding = doctor_report_add(doctor->report, "port", DOCTOR_FAIL,
				    "%s: there is no interface '%s' here", port->device, port->interface);
	doctor_finding_cost(finding, "the port does not open");
	doctor_finding_mend(finding, "ip -br link # lists those that are there");
}

static void find_down(struct doctor *doctor, const struct doctor_port *port)
{
	struct doctor_finding *finding;

	finding = doctor_report_add(doctor->report, "link", DOCTOR_FAIL, "%s is down", port->interface);
	doctor_finding_cost(finding, "no frame comes or goes");
	doctor_finding_mend(finding, "ip link set %s up", port->interface);
}

/* The name of the interface that a virtual one is joined to, if this namespace has it. */
static bool other_end(const char *root, const char *interface, char name[DOCTOR_NAME])
{
	struct doctor_entries interfaces;
	int64_t own = 0, link = 0, index;

	if (!doctor_tree_number(root, &own, NET_FOLDER "/%s/ifindex", interface) ||
	    !doctor_tree_number(root, &link, NET_FOLDER "/%s/iflink", interface) || own == link)
		return false;
	name[0] = '\0';
	doctor_tree_entries(root, &interfaces, "", NET_FOLDER);
	for (unsigned i = 0; i < interfaces.count; i++) {
		int64_t back = 0;

		/* Numbers are a namespace's own: an interface with that number must point back. */
		if (doctor_tree_number(root, &index, NET_FOLDER "/%s/ifindex", interfaces.names[i]) &&
		    index == link &&
		    doctor_tree_number(root, &back, NET_FOLDER "/%s/iflink", interfaces.names[i]) &&
		    back == own)
			snprintf(name, DOCTOR_NAME, "%s", interfaces.names[i]);
	}
	return true;
}

static void find_carrier(struct doctor *doctor, const struct doctor_port *port)
{
	struct doctor_finding *finding;
	char other[DOCTOR_NAME];

	finding =
		doctor_report_add(doctor->report, "link", DOCTOR_FAIL, "%s has no carrier", port->interface);
	doctor_finding_cost(finding, "no frame comes or goes");
	if (!other_end(doctor->root, port->interface, other))
		doctor_finding_mend(finding, "# plug in its cable, or switch on the port at the other end");
	else if (other[0] == '\0')
		doctor_finding_mend(finding, "# in the other end's namespace: ip link set NAME up");
	else
		doctor_finding_mend(finding, "ip link set %s up", other);
}

static void find_mtu(struct doctor *doctor, const struct doctor_port *port)
{
	struct doctor_finding *finding;
	int64_t mtu;

	/* A device that carries less is given less, unless somebody named how much. */
	if (doctor->profile_name == NULL ||
	    !doctor_tree_number(doctor->root, &mtu, NET_FOLDER "/%s/mtu", port->interface) ||
	    mtu >= doctor->profile->mtu)
		return;
	finding = doctor_report_add(doctor->report, "link", DOCTOR_WARN,
				    "%s carries packets of %" PRId64 " bytes, and %u are asked for",
				    port->interface, mtu, doctor->profile->mtu);
	doctor_finding_cost(finding, "segments are cut smaller, or larger ones are lost");
	doctor_finding_mend(finding, "ip link set %s mtu %u", port->interface, doctor->profile->mtu);
}

static void find_link(struct doctor *doctor, const struct doctor_port *port)
{
	int64_t flags, carrier = 1;
	char speed[32] = "";

	if (!doctor_tree_number(doctor->root, &flags, NET_FOLDER "/%s/flags", port->interface)) {
		doctor_report_add(doctor->report, "link", DOCTOR_UNKNOWN, "the kernel does not tell of %s",
				  port->interface);
		return;
	}
	find_mtu(doctor, port);
	if (!(flags & IFF_UP)) {
		find_down(doctor, port);
		return;
	}
	doctor_tree_number(doctor->root, &carrier, NET_FOLDER "/%s/carrier", port->interface);
	if (carrier == 0) {
		find_carrier(doctor, port);
		return;
	}
	/* Devices without a speed say -1, or nothing. */
	doctor_tree_text(doctor->root, speed, sizeof(speed), NET_FOLDER "/%s/speed", port->interface);
	if (speed[0] == '\0' || speed[0] == '-')
		doctor_report_add(doctor->report, "link", DOCTOR_OK, "%s is up", port->interface);
	else
		doctor_report_add(doctor->report, "link", DOCTOR_OK, "%s is up, %s Mbit/s", port->interface,
				  speed);
}

void doctor_link(struct doctor *doctor, const struct doctor_port *port)
{
	switch (port->kind) {
	case DOCTOR_AF_PACKET:
	case DOCTOR_AF_XDP:
		if (port->present)
			find_link(doctor, port);
		return;
	case DOCTOR_PCI:
		if (is_shared(port))
			find_link(doctor, port);
		else if (port->present)
			doctor_report_add(
				doctor->report, "link", DOCTOR_UNKNOWN,
				"%s: the link of a card that is DPDK's shows once it is opened, not before",
				port->device);
		return;
	case DOCTOR_TAP:
		doctor_report_add(doctor->report, "link", DOCTOR_OK, "%s: weir makes the interface itself",
				  port->device);
		return;
	case DOCTOR_MEMORY:
		doctor_report_add(
			doctor->report, "link", DOCTOR_UNKNOWN,
			"%s: whether somebody is at the other end shows once it is opened, not before",
			port->device);
		return;
	case DOCTOR_OTHER:
		return;
	}
}

/* AF_XDP opens queues that are there, and frames of others pass it by. */
static void find_queues(struct doctor *doctor, const struct doctor_port *port)
{
	unsigned wanted = doctor->queues;
	struct doctor_finding *finding;
	bool exact = port->kind == DOCTOR_AF_XDP;

	if (port->channels_max < wanted) {
		finding = doctor_report_add(doctor->report, "queues", DOCTOR_FAIL,
					    "%s has %u queues at most, and %u are asked for", port->interface,
					    port->channels_max, wanted);
		doctor_finding_cost(finding, "the port does not open with so many");
		doctor_finding_mend(finding, "# give --queues %u, and as many --lcores", port->channels_max);
		return;
	}
	if (!exact || port->channels_now == wanted) {
		doctor_report_add(doctor->report, "queues", DOCTOR_OK,
				  "%s: %u asked for, %u in use, %u at most", port->interface, wanted,
				  port->channels_now, port->channels_max);
		return;
	}
	finding = doctor_report_add(doctor->report, "queues",
				    port->channels_now < wanted ? DOCTOR_FAIL : DOCTOR_WARN,
				    "%s has %u queues now, and weir opens %u", port->interface,
				    port->channels_now, wanted);
	doctor_finding_cost(finding, port->channels_now < wanted ?
					     "a queue that is not there cannot be opened" :
					     "frames of the others go to the kernel, not to weir");
	if (port->channels_apart)
		doctor_finding_mend(finding, "ethtool -L %s rx %u tx %u", port->interface, wanted, wanted);
	else
		doctor_finding_mend(finding, "ethtool -L %s combined %u", port->interface, wanted);
}

/* Devices that have as many queues as their arguments say, and one if those say nothing. */
static void find_argument(struct doctor *doctor, const struct doctor_port *port)
{
	static const struct {
		const char *driver, *argument;
	} known[] = {
		{ "net_af_packet", "qpairs" },
		{ "net_af_xdp", "queue_count" },
		{ "net_vhost", "queues" },
		{ "net_virtio_user", "queues" },
	};
	struct doctor_finding *finding;
	char given[DOCTOR_NAME];

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		unsigned has = 1;
		const char *at;

		if (strncmp(port->device, known[i].driver, strlen(known[i].driver)) != 0)
			continue;
		snprintf(given, sizeof(given), ",%s=", known[i].argument);
		at = strstr(port->device, given);
		if (at != NULL && sscanf(at + strlen(given), "%u", &has) != 1)
			return;
		if (has >= doctor->queues)
			return;
		finding = doctor_report_add(doctor->report, "queues", DOCTOR_FAIL,
					    "%s has %u by its arguments, and %u are asked for", port->device,
					    has, doctor->queues);
		doctor_finding_cost(finding, "the port does not open with so many");
		doctor_finding_mend(finding, "# give the device %s=%u, or weir --queues %u",
				    known[i].argument, doctor->queues, has);
	}
}

void doctor_queues(struct doctor *doctor, const struct doctor_port *port)
{
	find_argument(doctor, port);
	if (port->kind == DOCTOR_PCI && port->present && !is_shared(port)) {
		doctor_report_add(doctor->report, "queues", DOCTOR_UNKNOWN,
				  "%s: how many queues it has shows once it is opened; %u asked for",
				  port->device, doctor->queues);
		return;
	}
	if (port->kind != DOCTOR_AF_XDP && !is_shared(port))
		return;
	if (port->channels_known)
		find_queues(doctor, port);
	else if (port->present)
		doctor_report_add(doctor->report, "queues", DOCTOR_UNKNOWN,
				  "%s: its driver does not tell how many it has", port->interface);
}

void doctor_addresses(struct doctor *doctor, const struct doctor_port *port)
{
	bool way_out = doctor_port_is_way_out(doctor->root, port->interface);
	struct doctor_finding *finding;

	if (!port->present || (!is_on_interface(port) && !is_shared(port)))
		return;
	if (port->addresses[0] == '\0') {
		doctor_report_add(doctor->report, "addresses", DOCTOR_OK, "the kernel has none on %s",
				  port->interface);
		return;
	}
	finding = doctor_report_add(doctor->report, "addresses", DOCTOR_WARN,
				    "the kernel has addresses on %s: %s", port->interface, port->addresses);
	doctor_finding_cost(
		finding, "it answers, too: ARP of its own, and RST to connections that are weir's, if --addr "
			 "is among them");
	if (way_out)
		doctor_finding_mend(finding,
				    "# this machine's way out is %s: keep these, and give weir others or "
				    "another interface",
				    port->interface);
	else
		doctor_finding_mend(finding,
				    "ip addr flush dev %s && sysctl -w net/ipv6/conf/%s/disable_ipv6=1",
				    port->interface, port->interface);
}

/* A virtual cable carries frames whose checksums and cutting were left to a card that there is not. */
void doctor_offloads(struct doctor *doctor, const struct doctor_port *port)
{
	struct doctor_finding *finding;
	char other[DOCTOR_NAME];

	if (!is_on_interface(port) || !port->present || !other_end(doctor->root, port->interface, other))
		return;
	finding = doctor_report_add(
		doctor->report, "offloads", DOCTOR_UNKNOWN,
		"%s is virtual: whether its other end%s%s leaves checksums to a card shows there alone",
		port->interface, other[0] != '\0' ? ", " : "", other);
	doctor_finding_cost(finding,
			    "if so, weir drops what comes from there (tcp_csum), and what is too long");
	if (other[0] != '\0')
		doctor_finding_mend(finding, "ethtool -K %s tx off tso off gso off gro off", other);
	else
		doctor_finding_mend(
			finding,
			"# in the other end's namespace: ethtool -K NAME tx off tso off gso off gro off");
}
