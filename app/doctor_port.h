/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor_port.h - what a device is, as far as its name and the kernel tell before anybody opens it.
 */
#ifndef WEIR_APP_DOCTOR_PORT_H
#define WEIR_APP_DOCTOR_PORT_H

#include <stdbool.h>

#include "doctor_tree.h"

/* What has to be there for it. */
enum doctor_kind {
	DOCTOR_PCI,       /* a network card */
	DOCTOR_AF_PACKET, /* raw sockets on an interface of the kernel; net_pcap with iface= as well */
	DOCTOR_AF_XDP,    /* the same by AF_XDP */
	DOCTOR_TAP,       /* an interface that is made */
	DOCTOR_MEMORY,    /* other programs, files or nobody: memif, vhost, virtio_user, ring, pcap, null */
	DOCTOR_OTHER,     /* drivers that the doctor knows nothing of */
};

#define DOCTOR_ADDRESSES 256

struct doctor_port {
	char device[256]; /* as given */
	enum doctor_kind kind;
	char pci[DOCTOR_NAME];       /* "0000:3b:00.0" of PCI, and of interfaces that are of a card; or "" */
	char driver[DOCTOR_NAME];    /* the kernel's, that has the card now; "" for none */
	char interface[DOCTOR_NAME]; /* the kernel's; "" for none */
	bool bifurcated;             /* DPDK shares the card with the kernel's driver */
	bool present;                /* PCI: there is such a card. Interfaces: there is one */
	int node;                    /* NUMA; -1: none, or the kernel does not tell */
	/* What only system calls tell: doctor_facts_read(). */
	bool channels_known;
	bool channels_apart; /* counted for each direction, not combined */
	unsigned channels_max, channels_now;
	char addresses[DOCTOR_ADDRESSES]; /* the kernel's on the interface, with commas between; or "" */
};

/* device: PCI address or vdev string. */
void doctor_port_find(struct doctor_port *port, const char *root, const char *device);

/* Does a default route of either family leave by this interface, or by one that stands on it? */
bool doctor_port_is_way_out(const char *root, const char *interface);

/* Does a driver of the kernel leave its card to DPDK's beside it? */
bool doctor_port_shares(const char *driver);

/* Does this driver only hold a card for programs? vfio-pci and those of uio. */
bool doctor_port_lends(const char *driver);

#endif
