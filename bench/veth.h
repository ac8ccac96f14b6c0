/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * veth.h - a flooded cable in Linux: two network namespaces of our own, a veth pair between them, and an
 * attacker who sends the SYNs of syn_capture.h as fast as a packet socket takes them.
 *
 *     attacker's namespace            server's namespace
 *     sendmmsg() ---- flood0 ==== VETH_SERVER_INTERFACE ---- Linux, or weir over net_af_packet
 *
 * The attacker is a process on a CPU of its own, and Linux takes frames in on the caller's (RPS), as an
 * interrupt of a NIC would have it. Namespaces have no names: they are gone with this process. For root.
 */
#ifndef WEIR_BENCH_VETH_H
#define WEIR_BENCH_VETH_H

#include <stdint.h>
#include <sys/types.h>

#define VETH_SERVER_INTERFACE "weir0"

struct veth {
	int home, attacker, server; /* namespaces; -1: none */
	int listener;               /* Linux's, -1: none */
	pid_t flood;                /* stopped, or flooding; 0: none */
};

/*
 * Before there are many pages that a new process would share. 0, or -1 after a note that says why: then it is
 * to be closed as well.
 */
int veth_open(struct veth *veth);

/* The calling thread works in the server's namespace from now on, or at home again. */
void veth_enter(const struct veth *veth);
void veth_leave(const struct veth *veth);

/*
 * Linux has the server's address and listens, and answers each SYN by a cookie; and no longer.
 * 0, or -1 after a note.
 */
int veth_linux_begin(struct veth *veth);
void veth_linux_end(struct veth *veth);

/* The attacker begins, and ends. */
void veth_flood_begin(struct veth *veth);
void veth_flood_end(struct veth *veth);

/* What went through the server's interface so far. 0, or -1 after a note. */
struct veth_counts {
	uint64_t received, sent;
};

int veth_counts(const struct veth *veth, struct veth_counts *counts);

void veth_close(struct veth *veth);

#endif
