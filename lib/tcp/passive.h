/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * passive.h - a passive open from its SYN to ESTABLISHED. Between the two it is remembered by a record
 * (half_open.h) or by the peer alone (cookie.h); this file is what both have in common, and the choice
 * between them.
 */
#ifndef WEIR_TCP_PASSIVE_H
#define WEIR_TCP_PASSIVE_H

#include "tcp/tcp_pvt.h"

/*
 * A SYN for a listener, under whose tuple nothing stands but, perhaps, a TIME-WAIT record that RFC 6191 lets
 * go: hides, or SLOT_NONE. That stays until the handshake is complete: who sent the SYN has proven nothing
 * yet. Returns ANSWER_BY_COOKIE, and what happened otherwise.
 */
verdict passive_syn(struct tcp *tcp, struct seg *seg, const struct listener *listener, uint32_t hides);

/*
 * What tcp_input() is told about a SYN that is to be turned around with others of its burst: the
 * counter that will grow. seg->piece is the listener's number.
 */
#define ANSWER_BY_COOKIE COUNT_cookies_sent

/*
 * An ACK that does not belong to what stands under its tuple, r: nothing, a half-open or a TIME-WAIT record.
 * Does it bring a cookie? True: *v is what became of it, and r has gone if that is ACCEPTED. False: it is no
 * cookie's, and nothing has happened.
 */
bool passive_ack(struct tcp *tcp, struct seg *seg, ref r, verdict *v);

/*
 * Text and FIN of a connection that a cookie would make may overtake the ACK that brings it, and so may the
 * answer to a SYN-ACK that came twice: a RST would end what is about to begin, and the peer sends again what
 * matters. They are known by the timestamp that they echo; who speaks without must have his RST, since his
 * connection may be one that we have forgotten, and not one that begins.
 */
bool passive_follows_cookie(const struct tcp *tcp, const struct listener *listener, const struct seg *seg);

/*
 * Turns a SYN into the SYN-ACK that answers it, but for its number and its timestamp,
 * which are for the caller to give.
 */
void passive_answer(const struct tcp *tcp, const struct listener *listener, struct seg *syn);

/* Payload of the segments that we send, once the handshake is complete. */
uint16_t passive_mss(const struct tcp *tcp, const struct half_open *half);

/* The half-open flags that our answer to this SYN agrees on. */
unsigned passive_agreed(const struct tcp *tcp, const struct seg *syn);

/* Whether the source of the segment under way may have one more connection; counts it, if it has a limit. */
bool passive_may_open(struct tcp *tcp, const struct listener *listener);

/*
 * A hot record of what SYN and SYN-ACK said, in SYN-RECEIVED, not in the table yet; NULL when there is none
 * left. The segment under way is of this tuple. ts_offset: see tcb.h.
 */
struct tcb *passive_record(struct tcp *tcp, const struct half_open *half, uint32_t ts_offset);

/* It stands in the table: ESTABLISHED, and the application is told. */
void passive_established(struct tcp *tcp, struct tcb *tcb, const struct half_open *half);

#endif
