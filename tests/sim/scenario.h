/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scenario.h - connections over a simulated network, all of it from a seed.
 *
 * A few connections open, carry a random number of bytes each way in random pieces, are read promptly or
 * slowly, with pauses or without, and are closed by either side or by both, with any of TCP's options agreed
 * on or not, while the network does its worst. In one seed of three the listener answers by SYN cookies, in
 * another an attacker floods it meanwhile. Every byte must arrive once and in order, every connection must
 * end properly, and every record and buffer must come back.
 *
 * Of three seeds one is IPv4's, one IPv6's, and one has connections of both between the same two hosts.
 */
#ifndef WEIR_TESTS_SIM_SCENARIO_H
#define WEIR_TESTS_SIM_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What both ends have agreed on, or do. */
enum scenario_option {
	SCENARIO_TIMESTAMPS,
	SCENARIO_SACK,
	SCENARIO_WINDOW_SCALE,
	SCENARIO_NAGLE,
	SCENARIO_ECN,
	SCENARIO_COOKIES, /* the listener answers by them, always */
	SCENARIO_IPV4,
	SCENARIO_IPV6,
	SCENARIO_PLAIN, /* plain frames go the short way */
	SCENARIO_OPTIONS,
};

struct scenario_result {
	const char *fault;   /* NULL: all went well */
	char detail[160];    /* what and where, with a fault */
	uint64_t virtual_ns; /* how long it took */
	uint64_t frames, lost, bytes, retransmits, marked, reductions;
	unsigned connections;
	bool flooded; /* while an attacker is at work: the guard came, and went */
	uint64_t cookies_sent, cookies_accepted, replayed, outlived;
	bool options[SCENARIO_OPTIONS];
};

/* trace: where to print each frame and event, or NULL. */
struct scenario_result scenario_run(uint64_t seed, FILE *trace);

#endif
