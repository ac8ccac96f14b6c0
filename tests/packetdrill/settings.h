/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * settings.h - what --so_flags says:
 * ADDR[,receive_window=BYTES][,msl=SECONDS][,delayed_ack=MS][,timestamps=0][,ecn=1]
 *
 *   ADDR             the local address, as packetdrill's --local_ip; it says whether packets are IPv4 or IPv6
 *   receive_window   what is offered when nothing is unread; the window scale follows from it
 *   msl              maximum segment lifetime; TIME-WAIT lasts twice that
 *   delayed_ack      how long an ACK may wait; 0 is Linux's way with a connection's first segments
 *   timestamps       0: none are offered nor agreed to, as net.ipv4.tcp_timestamps
 *   ecn              1: asked for too, not only agreed to, as net.ipv4.tcp_ecn
 *
 * What is left out is as weir_config_default() has it. Only that IPv6's link takes packets larger by what its
 * header is longer, as packetdrill's own (--mtu=1520): an MSS is the same in all versions of a script.
 */
#ifndef WEIR_TESTS_PACKETDRILL_SETTINGS_H
#define WEIR_TESTS_PACKETDRILL_SETTINGS_H

#include <stdint.h>

#include "weir.h"

struct settings {
	struct weir_address address;
	uint32_t receive_window; /* bytes; 0: not given */
	struct weir_config config;
};

/* NULL, or a sentence that says what is wrong. */
const char *settings_parse(struct settings *settings, const char *flags);

#endif
