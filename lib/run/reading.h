/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reading.h - what a shard has counted, read at one moment by a thread that is not its own.
 *
 * The shard writes each counter as a whole word, and never waits for a reader; so no word is torn, but two
 * of them may be of different moments. Since a burst's frames are counted as frames_in at its end, a
 * reading between two equal values of that lies within one round: then
 *
 *     frames_in <= frames_accepted + frames_not_mine + the drops <= frames_in + READING_SLACK
 *
 * A reading that a burst's end ran into is taken again, READING_TRIES times at most, and says whether it
 * was settled in the end. (Where a processor reorders its stores, which x86 does not, neighbouring rounds
 * may mix.)
 *
 * Threads: any, at any time before the core is destroyed.
 */
#ifndef WEIR_RUN_READING_H
#define WEIR_RUN_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "weir.h"

#define READING_SLACK 32 /* frames: a burst's */
#define READING_TRIES 32 /* some microseconds each at the most, of a shard that is never idle */

struct reading {
	uint64_t counters[COUNTERS];
	struct weir_stats stats; /* of these, what is no counter: states, failures, memory */
	bool settled;
};

void reading_take(struct reading *reading, const struct weir_core *core);

/*
 * What people ask for, the first question first. Names and meanings are those of the JSON that `weir`
 * prints, as far as the stack knows: what an application aborted on purpose is a failure here.
 */
#define READING_FIGURES(X)     \
	X(attempted)           \
	X(established)         \
	X(closed)              \
	X(failed)              \
	X(open)                \
	X(half_open)           \
	X(time_wait)           \
	X(packets_rx)          \
	X(packets_tx)          \
	X(drops)               \
	X(bytes_rx)            \
	X(bytes_tx)            \
	X(retransmits)         \
	X(packets_accepted)    \
	X(packets_not_mine)    \
	X(handed_over)         \
	X(handed_in)           \
	X(cookies_sent)        \
	X(cookies_accepted)    \
	X(cookies_rejected)    \
	X(listeners_defending) \
	X(mbufs_taken)         \
	X(mbufs_returned)      \
	X(memory_bytes)        \
	X(failed_reset)        \
	X(failed_refused)      \
	X(failed_timeout)      \
	X(failed_unreachable)  \
	X(failed_aborted)      \
	X(failed_shutdown)     \
	X(failed_half_open)    \
	X(state_listen)        \
	X(state_syn_sent)      \
	X(state_syn_received)  \
	X(state_established)   \
	X(state_fin_wait_1)    \
	X(state_fin_wait_2)    \
	X(state_close_wait)    \
	X(state_closing)       \
	X(state_last_ack)

enum figure {
#define READING_FIGURE(name) FIGURE_##name,
	READING_FIGURES(READING_FIGURE)
#undef READING_FIGURE
	FIGURES,
};

const char *reading_figure_name(unsigned figure);

void reading_figures(const struct reading *reading, uint64_t figures[FIGURES]);

#endif
