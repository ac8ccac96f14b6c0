/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host.h - one end of a simulated network: TCP, and the way from its segments to frames and back. No DPDK.
 */
#ifndef WEIR_TESTS_SIM_HOST_H
#define WEIR_TESTS_SIM_HOST_H

#include <stdio.h>

#include "sim/network.h"
#include "tcp/tcp_pvt.h"

struct host {
	struct tcp *tcp;
	void *memory;
	struct counters counters;
	struct network *network;
	uint64_t clock_ns; /* added to the simulation's time: each host has its own clock */
	unsigned end;      /* which one of the network's */
	/* Its own, IPv4 and IPv6: what is sent elsewhere does not arrive. None: it does. */
	struct weir_address addresses[2];
	bool plain;     /* what is plain goes the short way, in and out (wire/plain.h) */
	unsigned strip; /* SEG_OPT_ bits that something on the path takes off SYNs */
	uint64_t frames_in;
	FILE *trace; /* where each segment that arrives is printed, or NULL */
};

void host_init(struct host *host, struct network *network, unsigned end, const struct weir_config *config,
	       const struct tcp_secrets *secrets, uint64_t now_ns);

/* Checks that every record came back and that the counters add up; then frees it. NULL, or what is wrong. */
const char *host_finish(struct host *host);

static inline uint64_t host_now(const struct host *host, uint64_t now_ns)
{
	return now_ns + host->clock_ns;
}

/* A frame arrives; it is copied as needed. */
void host_receive(struct host *host, const uint8_t *bytes, uint32_t len, uint64_t now_ns);

/* Everything that is due goes onto the network. */
void host_send(struct host *host, uint64_t now_ns);

/* When it wants to be looked at again, in the simulation's time. */
uint64_t host_next(const struct host *host, uint64_t now_ns);

#endif
