/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inside.h - what the library's public face does not tell of a connection, read from its record.
 *
 * Apart from info.c, because Linux's headers and the library's own have names in common.
 */
#ifndef WEIR_TESTS_PACKETDRILL_INSIDE_H
#define WEIR_TESTS_PACKETDRILL_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"

#define INSIDE_INFINITE UINT32_MAX

struct inside {
	uint32_t cwnd, ssthresh;   /* segments; ssthresh INSIDE_INFINITE: none yet */
	uint32_t segments, sacked; /* in flight; of those, told to have arrived */
	uint32_t mss_offered;
	uint8_t retries, probes; /* time-outs, and window probes, in a row */
	uint8_t snd_wscale, rcv_wscale;
	bool recovering, disordered;
};

/* False: that connection is over. */
bool inside_look(const struct tcp *tcp, weir_conn conn, struct inside *inside);

#endif
