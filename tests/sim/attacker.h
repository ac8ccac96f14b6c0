/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * attacker.h - SYNs from addresses where nobody is, into one end of a simulation.
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

/* Sends what is due to address:port, where host is. Returns when it wants to go on. */
uint64_t attacker_send(struct attacker *attacker, struct host *host, struct weir_endpoint to,
		       uint64_t now_ns);

#endif
