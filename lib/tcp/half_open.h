/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * half_open.h - SYN-RECEIVED from a listener: 48 bytes, until the third step of the handshake.
 *
 * The application hears nothing of a connection before it is ESTABLISHED. What floods fill is this
 * pool, and its bound; what to do when it is full is decided in half_open_make() alone.
 */
#ifndef WEIR_TCP_HALF_OPEN_H
#define WEIR_TCP_HALF_OPEN_H

#include "tcp/tcp_pvt.h"

/*
 * A SYN for a listener: a record and a SYN-ACK. hides: the TIME-WAIT record of the same tuple, or SLOT_NONE. It
 * stays until the handshake is complete, and comes back if that fails: who sent the SYN has proven nothing yet.
 */
verdict half_open_make(struct tcp *tcp, const struct seg *seg, uint8_t listener, uint32_t hides);

/* A segment for a half-open record. Its last one makes the connection, and goes on through the steps. */
verdict half_open_input(struct tcp *tcp, uint32_t slot, struct seg *seg);

/* Its deadline has come: SYN-ACK again, or the end. */
void half_open_timer(struct tcp *tcp, uint32_t slot);

/* It fails, or its listener closes. */
void half_open_forget(struct tcp *tcp, uint32_t slot);

static inline struct half_open *half_open_at(const struct tcp *tcp, uint32_t slot)
{
	return slot_pool_at(&tcp->half_opens, slot);
}

#endif
