/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * goodput_server.h - the attacked side of flood_goodput: a weir_core behind a virtual NIC, whose turns take
 * as much virtual time as they take cycles.
 *
 * A turn is that of run/loop.c: a burst from the NIC, weir_input(), events and the application,
 * weir_output() and the frames to the NIC, with what a driver does for them. The application answers a
 * request of 64 bytes with 64 bytes and closes. Checksums are verified and made in software.
 *
 * One thread.
 */
#ifndef WEIR_BENCH_GOODPUT_SERVER_H
#define WEIR_BENCH_GOODPUT_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "nic/burst.h"
#include "turn_cost.h"
#include "virtual_nic.h"
#include "weir.h"
#include "wire/eth.h"

#define GOODPUT_SERVER_ADDRESS 0xc6130001u /* 198.19.0.1, of 198.18/15; or this number in fd99::/64 */
#define GOODPUT_SERVER_PORT 80

#define GOODPUT_NET_6 0xfd99000000000000ull

/* Addresses of the stage, by their numbers, which are those of IPv4. */
static inline struct weir_address goodput_address(bool is6, uint32_t number)
{
	return is6 ? (struct weir_address){ GOODPUT_NET_6, number } : weir_ipv4(number);
}

static inline uint8_t goodput_prefix_len(bool is6)
{
	return is6 ? 64 : 15;
}

extern const struct eth_addr goodput_server_mac;

struct goodput_server {
	struct weir_core *core;
	struct virtual_nic nic;
	struct turn_cost cost;
	int listener, response;
	unsigned kept;          /* frames that weir_input() had no room for */
	bool more;              /* to be sent: the last turn ended at its bound */
	uint32_t half_open_max; /* records that were seen at once */
	uint64_t memory_bytes;
	struct rte_mbuf *frames[BURST_FRAMES];
};

/* Of the family of its gateway: the next hop for forged addresses. False after a note that says why. */
bool goodput_server_start(struct goodput_server *server, struct rte_mempool *pool,
			  enum weir_defence_mode mode, struct weir_address gateway);
void goodput_server_stop(struct goodput_server *server);

/* Whether it has something to do at once. */
bool goodput_server_busy(const struct goodput_server *server);

/* A turn at now_ns. What it sent stands in nic.sent[] until the next one. Returns what it cost, ns. */
double goodput_server_turn(struct goodput_server *server, double now_ns);

/*
 * Whether the promises of memory hold: half-open records, and nothing taken since the start. Notes what
 * does not.
 */
bool goodput_server_sound(const struct goodput_server *server);

#endif
