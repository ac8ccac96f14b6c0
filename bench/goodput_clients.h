/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * goodput_clients.h - the legitimate side of flood_goodput: a machine that opens connections at intended
 * times, whatever becomes of the ones before, and says how many a user would have been content with.
 *
 * Each connection: handshake, a request and a response of 64 bytes, and a close that the server begins. It
 * succeeds when it has ended properly, with the whole response, within the patience of its user from the
 * time at which it was meant to be opened; SYNs are sent again after one second as TCP has it. What is late
 * is aborted, and has failed. A connect time runs from the intended time to the end of the handshake, SYNs
 * sent again included; one that never was connected counts with its whole patience, so that percentiles
 * hide no failure.
 *
 * Time is the caller's, ns. One thread.
 */
#ifndef WEIR_BENCH_GOODPUT_CLIENTS_H
#define WEIR_BENCH_GOODPUT_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"
#include "weir.h"

struct goodput_clients;
struct rte_mempool;

#define GOODPUT_CLIENTS_PATIENCE_NS 3e9
/*
 * Its frames go to whom they are addressed and its own network is this; the server's gateway is its
 * address.
 */
#define GOODPUT_CLIENTS_NETWORK 0xc6120000u /* 198.18.0.0/16, of 198.18/15; or these numbers */
#define GOODPUT_CLIENTS_FIRST 0xc6120001u

/* In the server's family. NULL after a note that says why. */
struct goodput_clients *goodput_clients_create(struct rte_mempool *pool, struct weir_endpoint server);
void goodput_clients_destroy(struct goodput_clients *clients);

/* From now on so many connections per second; 0: no new ones. */
void goodput_clients_pace(struct goodput_clients *clients, double per_s, double now_ns);

/* The next `count` connections are those that results tell of. */
void goodput_clients_measure(struct goodput_clients *clients, uint64_t count);

/* Whether each of those has come to its end. */
bool goodput_clients_measured(const struct goodput_clients *clients);

/* When goodput_clients_turn() must be called at the latest. */
double goodput_clients_next(const struct goodput_clients *clients);

/*
 * A turn at now_ns: takes n received frames, opens what is due, gives up what is late, and writes up to max
 * frames to be sent. A turn that fills max is followed by another.
 */
unsigned goodput_clients_turn(struct goodput_clients *clients, struct rte_mbuf **frames, unsigned n,
			      struct rte_mbuf **out, unsigned max, double now_ns);

struct goodput_result {
	uint64_t attempted, succeeded;
	struct histogram connect; /* ns, of all attempted */
};

/* Of the measured ones. */
const struct goodput_result *goodput_clients_result(const struct goodput_clients *clients);

/* Calls that this machine's own core refused: 0, or the bench is at fault. */
uint64_t goodput_clients_refused(const struct goodput_clients *clients);

struct weir_core *goodput_clients_core(struct goodput_clients *clients);

#endif
