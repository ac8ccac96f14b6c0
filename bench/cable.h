/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cable.h - a cable in Linux: a veth pair, and two network namespaces of our own for its ends.
 *
 *     namespace 0                      namespace 1
 *     CABLE_INTERFACE_0 ================ CABLE_INTERFACE_1
 *
 * So it is while Linux has the addresses of both ends, for programs that use sockets. Otherwise both ends lie
 * in namespace 0, Linux has no address there, nor knows IPv6, and frames are left to weir over net_af_packet.
 * Namespaces have no names: they are gone with this process. For root, and for the main thread.
 */
#ifndef WEIR_BENCH_CABLE_H
#define WEIR_BENCH_CABLE_H

#include <stdbool.h>

#define CABLE_INTERFACE_0 "weir0"
#define CABLE_INTERFACE_1 "weir1"

/* Linux's addresses, once it has them. */
#define CABLE_ADDRESS_0 "192.0.2.1"
#define CABLE_ADDRESS_1 "192.0.2.2"

struct cable {
	int home, ends[2]; /* namespaces; -1: none */
};

/* 0, or -1 after a note that says why. */
int cable_open(struct cable *cable);
void cable_close(struct cable *cable);

/* The calling thread works in namespace 0 or 1 from now on, or at home again. */
void cable_enter(const struct cable *cable, int end);
void cable_leave(const struct cable *cable);

/* The vdev of that end, with rings as large as those of a NIC. */
const char *cable_device(int end);

/* Linux has its addresses, and each namespace its end; and no longer. 0, or -1 after a note. */
int cable_linux_begin(const struct cable *cable);
void cable_linux_end(const struct cable *cable);

#endif
