/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire.h - a wire in memory: two ethdev ports, joined back to back by two rings for each queue.
 *
 * They are real ports (net_ring), so that everything above sends and receives as on a NIC, and
 * counters, captures and tools see them. A frame crosses by pointer: from the moment that it was
 * handed to one end it belongs to the other, metadata of its sender included, which burst_rx()
 * clears. The rings drop nothing: a full one pushes back, as a transmit ring does.
 */
#ifndef WEIR_NIC_WIRE_H
#define WEIR_NIC_WIRE_H

#include "nic/port.h"

/* Frames under way in each direction of a queue; a power of two. */
#define WIRE_FRAMES 1024

struct wire {
	uint16_t queues;
	struct rte_ring *rings[2][WEIR_WIRE_QUEUES_MAX]; /* rings[i]: what end i receives */
};

/*
 * Makes a wire on NUMA node `socket` and opens its ends with mtu and queues of `options`: queue i of one end
 * is joined to queue i of the other. 0, or a negative errno with the reason in `why`. Close the ports first
 * and destroy the wire last.
 */
int wire_create(struct wire *wire, struct port ends[2], const struct port_options *options, int socket,
		struct why *why);

/* Frees the frames that are still under way; they were handed on and are nobody's. Port loops stopped. */
void wire_drain(struct wire *wire);

void wire_destroy(struct wire *wire);

#endif
