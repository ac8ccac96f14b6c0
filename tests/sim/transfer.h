/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * transfer.h - a bulk transfer over a simulated network: one connection, whose one end sends and then closes.
 */
#ifndef WEIR_TESTS_SIM_TRANSFER_H
#define WEIR_TESTS_SIM_TRANSFER_H

#include "sim/host.h"

#define TRANSFER_BYTES 2000000u

struct transfer_plan {
	struct network_faults faults;
	uint64_t seed;
	unsigned sender; /* 0: who opens; 1: who listens */
	bool is6;
	bool ecn, no_timestamps, cookies;
	unsigned strip; /* SEG_OPT_ bits that the path takes off SYNs */
	uint16_t receive_buffers;
};

struct transfer {
	struct network network;
	struct host hosts[2]; /* 0 opens */
	struct transfer_plan plan;
	weir_conn conn; /* the sender's */
	uint64_t now_ns;
	uint32_t sent, received;
	uint32_t cwnd_bytes;    /* when the last byte had been acknowledged, */
	uint64_t took_ns;       /* after so long */
	struct weir_info info;  /* the sender's, then */
	struct counters totals; /* of both ends */
	bool open;
	const char *fault;
};

/* Until both ends have closed and every record has come back; prints what it was like. */
void transfer_run(struct transfer *t, const struct transfer_plan *plan, const char *name);

/* All of it, and nothing went twice. */
bool transfer_arrived(const struct transfer *t);

/* In TAP: a failure is 1. */
unsigned transfer_report(unsigned number, bool well, const char *what, bool is6);

#endif
