/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * offers.h - streams that an end has offered by a SYN cookie, and keeps nothing of.
 *
 * Between the SYN-ACK and the ACK that brings its number back only the network and the other end know where
 * such a stream begins. So the world remembers it, for as long as somebody can bring it: to tell what an ACK
 * may open from what it may not, and to name its numbers. These are as good as random, and depend on the
 * time; what matters is which stream they are of, and how far from its beginning.
 */
#ifndef WEIR_TESTS_OFFERS_H
#define WEIR_TESTS_OFFERS_H

#include "explore/world.h"

/* This SYN-ACK of `end` is a cookie. */
void offers_add(unsigned end, const struct seg *syn_ack);

/* Forgets those that nobody counts from or acknowledges any more. */
void offers_forget(unsigned end);

/* The offer that a number beyond a SYN of `end` counts from, or NULL. */
struct offer *offers_find(unsigned end, uint32_t seq);

/* The same, if no connection has come of it yet. */
struct offer *offers_open(unsigned end, uint32_t seq);

/*
 * The ACK in `seg`, as `end` gets it, has made a connection by its cookie. Returns what is wrong with that,
 * or NULL. *again: the cookie comes a second time, or its SYN has been given up for another one since. That
 * is what a captured cookie is good for until it is too old; what comes of it is not explored.
 */
const char *offers_taken(unsigned end, const struct seg *seg, bool waited, bool *again);

/* Where the stream of `end` begins that this number is nearest to. */
uint32_t offers_base(unsigned end, uint32_t seq);

/* The latest stream of `end` that the other end counts from, or could. */
uint32_t offers_latest(unsigned end);

/* A number of a stream of `end`, as a name that does not depend on where it begins. */
uint32_t offers_name(unsigned end, uint32_t seq);

/* Whether this segment brings back the timestamp of the cookie that it acknowledges. */
bool offers_brought_by(unsigned end, const struct seg *seg);

/* The clock of the timestamps of connections that cookies have made. */
uint32_t offers_clock(unsigned end);

#endif
