/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * invariants.h - what holds of a shard after every call, whatever peers, clock and application did.
 *
 * Everything is counted anew from the records themselves, by walks of its own; of the code under test only
 * the layout of the records is used, and the lookup whose answers are checked.
 *
 *   buffers     those on the heap are those in queues, gaps and events and with the application
 *   pools       a slot is on the free list once, or in use once: by a record that is found by its tuple, by
 *               the one connection that owns the extension, by one queue or scoreboard
 *   names       a record's tuple is that of the addresses beside it, as is that of each segment
 *   counts      of states, table entries and segments in; a connection's held buffers
 *   streams     send queue, scoreboard (pipe, lost, sacked) and gaps join without holes or overlaps
 *   windows     SND.UNA <= SND.NXT <= what was queued; the right edge never moves left (RFC 9293 SHLD-14)
 *   lists       whoever owes output stands among the dirty ones, one event pending for each connection
 *   timers      whatever waits for the peer has one; none is overdue
 *   defence     a listener's handshakes stand in its queue in order of arrival, no more than its backlog when
 *               one is added; limits of sources count those that count; who answers by cookies is counted
 */
#ifndef WEIR_TESTS_FUZZ_INVARIANTS_H
#define WEIR_TESTS_FUZZ_INVARIANTS_H

#include "fuzz/shard.h"

void invariants_check(struct shard *shard);

/* After tcp_advance() with nothing left to take: no timer is overdue, and the next deadline lies ahead. */
void invariants_timers(const struct shard *shard);

/*
 * A segment that tcp_output() wrote: is it well formed, and does it say what its connection's record says?
 * reply: it waited as an answer that belongs to no hot record.
 */
void emitted_check(struct shard *shard, const struct seg *seg, const struct seg_side *side, bool reply);

/*
 * A SYN and the SYN-ACK that it was turned into:
 * by a listener that may, no longer, with no option of its own.
 */
void emitted_turned(const struct shard *shard, const struct seg *syn, const struct seg *answer,
		    const struct seg_side *side);

/* Answers that one step has put into the ring, from place `from` on: they say what their records say. */
void emitted_replies(const struct shard *shard, uint32_t from);

#endif
