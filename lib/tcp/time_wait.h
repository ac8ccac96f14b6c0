/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * time_wait.h - TIME-WAIT: 32 bytes for 2 MSL, in a ring in order of expiry.
 *
 * All records wait equally long, so the ring's head is always the next to expire: no timer is filed, and
 * expiry walks memory forwards. A record that is restarted is appended again and leaves a tombstone.
 * When the ring is full the oldest record goes early, and is counted: its connection is the one that old
 * duplicates are least likely to be left of.
 */
#ifndef WEIR_TCP_TIME_WAIT_H
#define WEIR_TCP_TIME_WAIT_H

#include "tcp/tcp_pvt.h"

/*
 * The connection has closed properly: tells the application, keeps a TIME-WAIT record in its place, sends the
 * last ACK, and gives the hot record back.
 */
void time_wait_enter(struct tcp *tcp, struct tcb *tcb);

/* A segment for a TIME-WAIT record: RFC 9293 section 3.10.7.4, RFC 6191, RFC 1337. */
verdict time_wait_input(struct tcp *tcp, uint32_t slot, struct seg *seg);

/* Removes what has expired, a bounded number per call. */
void time_wait_expire(struct tcp *tcp);

/* Ticks until the next record expires; UINT32_MAX: there is none. */
uint32_t time_wait_next(const struct tcp *tcp);

/*
 * Whether an open of ours may take this record's tuple: the peer must be able to tell the new
 * connection's segments from the old one's by their timestamps (RFC 6191, seen from the other side).
 */
bool time_wait_reusable(const struct tcp *tcp, uint32_t slot);

/*
 * A SYN that RFC 6191 lets through begins a handshake in this record's place in the table. The record waits
 * behind it: until the handshake has succeeded, the SYN may be an old duplicate, or anybody's.
 */
void time_wait_hide(struct tcp *tcp, uint32_t slot, ref half_open);
void time_wait_show(struct tcp *tcp, uint32_t slot, ref half_open);
void time_wait_succeeded(struct tcp *tcp, uint32_t slot);

/* A connection that a cookie has made takes its place at once. */
void time_wait_give_way(struct tcp *tcp, uint32_t slot, ref hot);

/*
 * Whether an ACK's cookie was made after this record's connection: by RFC 6191's rules for the SYN that asked
 * for it, and by the cookie's own time. If not, it may be the very one that the connection was made by,
 * captured and played again.
 */
bool time_wait_cookie_is_newer(const struct tcp *tcp, uint32_t slot, const struct seg *seg,
			       const struct cookie *cookie);

/* What the ISS of a new connection must lie beyond. */
uint32_t time_wait_snd_nxt(const struct tcp *tcp, uint32_t slot);

/* Removes a record from the ring and the table. Returns its SND.NXT, which a new ISS must lie beyond. */
uint32_t time_wait_remove(struct tcp *tcp, uint32_t slot);

#endif
