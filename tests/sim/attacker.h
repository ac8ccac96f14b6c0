/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * attacker.h - SYNs from addresses where nobody is, into one end of a simulation; and among them what claims
 * to be of its connections, but for the address.
 */
#ifndef WEIR_TESTS_SIM_ATTACKER_H
#define WEIR_TESTS_SIM_ATTACKER_H

#include "base/rng.h"
#include "sim/host.h"

struct attacker {
	struct rng rng;
	uint64_t next_ns; /* of the next burst; UINT64_MAX: it has done */
	unsigned bursts;  /* left */
};

void attacker_init(struct attacker *attacker, uint64_t seed, unsigned bursts, uint64_t now_ns);

/*
 * Sends what is due to one of two endpoints, where host is. victims: ports of its peers, from this one on.
 * Returns when it wants to go on.
 */
uint64_t attacker_send(struct attacker *attacker, struct host *host, const struct weir_endpoint to[2],
		       uint16_t victims, uint64_t now_ns);

#endif
