/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * half_open.h - SYN-RECEIVED from a listener: 48 bytes, until the third step of the handshake.
 *
 * The application hears nothing of a connection before it is ESTABLISHED. Each listener's records stand in a
 * queue in order of arrival, with a bound: the backlog. The fuller it is the sooner a handshake is given up.
 * When it is full, and the oldest has had its SYN-ACK twice, a new one takes that one's place (RFC 4987
 * section 3.4); what else is done about a full queue, cookies or none, is passive_syn()'s to say.
 */
#ifndef WEIR_TCP_HALF_OPEN_H
#define WEIR_TCP_HALF_OPEN_H

#include "tcp/tcp_pvt.h"

/*
 * A SYN for a listener: a record and a SYN-ACK. hides: the TIME-WAIT record of the same tuple, or SLOT_NONE.
 * It stays until the handshake is complete, and comes back if that fails.
 */
verdict half_open_make(struct tcp *tcp, const struct seg *seg, uint8_t listener, uint32_t hides);

/* A segment for a half-open record. Its last one makes the connection, and goes on through the steps. */
verdict half_open_input(struct tcp *tcp, uint32_t slot, struct seg *seg);

/* The tick at which its SYN-ACK goes again, or it ends. */
uint32_t half_open_deadline(const struct tcp *tcp, const struct half_open *half);

/* That has come. */
void half_open_timer(struct tcp *tcp, uint32_t slot);

/* Forgets those that wait for longer than a first SYN-ACK does, the oldest first, up to `most`. */
void half_open_drain(struct tcp *tcp, struct listener *listener, unsigned most);

/* It fails, or its listener closes. What it hid stands in its place again. */
void half_open_forget(struct tcp *tcp, uint32_t slot);

static inline struct half_open *half_open_at(const struct tcp *tcp, uint32_t slot)
{
	return slot_pool_at(&tcp->half_opens, slot);
}

#endif
