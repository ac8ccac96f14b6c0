/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet.h - IP packets as packetdrill hands them over and wants them, from and to TCP's segments.
 *
 * They take the library's own way through wire/, behind an Ethernet header that nobody sees.
 */
#ifndef WEIR_TESTS_PACKETDRILL_PACKET_H
#define WEIR_TESTS_PACKETDRILL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packetdrill/world.h"

/* A packet arrives: TCP or ICMP, or it is dropped and counted. 0, or -EMSGSIZE. */
int packets_input(struct world *world, const void *packet, size_t len);

/* Takes what TCP has to send now. */
void packets_output(struct world *world);

/*
 * The oldest packet that was sent: up to *len bytes, of which *len is then the number, and when. False: there
 * is none now.
 */
bool packets_take(struct world *world, void *packet, size_t *len, uint64_t *sent_ns);

void packets_clear(struct world *world);

#endif
