/* SPDX-License-Identifier: BSD-3-Clause */
#include "nic/wire.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

/* Names of rings and ports must differ within the process, whatever was made before. */
static unsigned next_number(void)
{
	static unsigned number;

	return __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED);
}

/* One end: receives from `in`, sends to `out`. */
static int make_end(struct port *port, const char *name, struct rte_ring **in, struct rte_ring **out,
		    const struct port_options *options, int socket, struct why *why)
{
	unsigned queues = options->queues;
	int id = rte_eth_from_rings(name, in, queues, out, queues, (unsigned)socket);
	int error;

	if (id < 0)
		return why_set(why, -rte_errno, "wire %s: no port on rings: %s", name,
			       rte_strerror(rte_errno));
	error = port_adopt(port, (uint16_t)id, name, options, why);
	if (error != 0)
		port_close(port);
	port->both_ends = true;
	return error;
}

/* What an end receives, by queues. What is there already at a failure is wire_destroy()'s. */
static int make_rings(struct wire *wire, int end, const char *name, int socket, struct why *why)
{
	char ring[RTE_RING_NAMESIZE];

	for (unsigned queue = 0; queue < wire->queues; queue++) {
		snprintf(ring, sizeof(ring), "%s%u", name, queue);
		/* A ring of 2^n keeps one slot free, unless told to hold as many as it is asked for. */
		wire->rings[end][queue] = rte_ring_create(ring, WIRE_FRAMES, socket,
							  RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
		if (wire->rings[end][queue] == NULL)
			return why_set(why, -rte_errno,
				       "wire: no memory for its rings: %s; give EAL more (-m)",
				       rte_strerror(rte_errno));
	}
	return 0;
}

int wire_create(struct wire *wire, struct port ends[2], const struct port_options *options, int socket,
		struct why *why)
{
	unsigned number = next_number();
	char names[2][16];
	int error = 0;

	*wire = (struct wire){ .queues = options->queues };
	if (wire->queues > WEIR_WIRE_QUEUES_MAX)
		return why_set(why, -EINVAL, "wire: %u queues asked for, %u are the most", wire->queues,
			       WEIR_WIRE_QUEUES_MAX);
	for (int i = 0; i < 2 && error == 0; i++) {
		snprintf(names[i], sizeof(names[i]), "weir%u%c", number, 'a' + i);
		error = make_rings(wire, i, names[i], socket, why);
	}
	if (error != 0)
		goto free_rings;
	error = make_end(&ends[0], names[0], wire->rings[0], wire->rings[1], options, socket, why);
	if (error != 0)
		goto free_rings;
	error = make_end(&ends[1], names[1], wire->rings[1], wire->rings[0], options, socket, why);
	if (error != 0)
		goto close_first;
	return 0;

close_first:
	port_close(&ends[0]);
free_rings:
	wire_destroy(wire);
	return error;
}

void wire_drain(struct wire *wire)
{
	void *frame;

	for (unsigned queue = 0; queue < wire->queues; queue++) {
		for (int i = 0; i < 2; i++) {
			while (rte_ring_sc_dequeue(wire->rings[i][queue], &frame) == 0)
				rte_pktmbuf_free(frame);
		}
	}
}

void wire_destroy(struct wire *wire)
{
	for (unsigned queue = 0; queue < wire->queues; queue++) {
		for (int i = 0; i < 2; i++)
			rte_ring_free(wire->rings[i][queue]);
	}
	*wire = (struct wire){ 0 };
}
