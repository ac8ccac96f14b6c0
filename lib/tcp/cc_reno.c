/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 5681: slow start and congestion avoidance, both by the bytes acknowledged (RFC 3465). */
#include "tcp/cc.h"

static uint32_t half_of_flight(uint32_t mss, uint32_t in_flight)
{
	return in_flight / 2 > 2 * mss ? in_flight / 2 : 2 * mss;
}

/*
 * RFC 3465 section 2.2: an ACK in slow start counts for two segments at most, as one that was delayed does;
 * after a time-out for one (section 2.3), since it may tell of much that had arrived long before.
 */
static void slow_start(struct tcb_ext *ext, uint32_t mss, uint32_t acked)
{
	uint32_t most = ext->after_time_out ? mss : 2 * mss;

	ext->cwnd += acked < most ? acked : most;
}

static void reno_acked(struct tcb_ext *ext, uint32_t mss, uint32_t acked)
{
	if (ext->cwnd < ext->ssthresh) {
		slow_start(ext, mss, acked);
		return;
	}
	/* A segment for each window's worth: what RFC 5681 section 3.1 recommends. */
	ext->window_acked += acked;
	if (ext->window_acked >= ext->cwnd) {
		ext->window_acked -= ext->cwnd;
		ext->cwnd += mss;
	}
}

static void reno_lost(struct tcb_ext *ext, uint32_t mss, uint32_t in_flight)
{
	ext->ssthresh = half_of_flight(mss, in_flight);
	ext->cwnd = ext->ssthresh; /* what has left the network is not in the pipe: no inflation (RFC 6675) */
	ext->window_acked = 0;
}

static void reno_marked(struct tcb_ext *ext, uint32_t mss, uint32_t in_flight)
{
	uint32_t half = ext->cwnd / 2 > mss ? ext->cwnd / 2 : mss;

	ext->ssthresh = half_of_flight(mss, in_flight);
	ext->cwnd = ext->ssthresh < ext->cwnd ? ext->ssthresh : half;
	ext->window_acked = 0;
}

static void reno_timed_out(struct tcb_ext *ext, uint32_t mss, uint32_t in_flight)
{
	ext->ssthresh = half_of_flight(mss, in_flight);
	ext->cwnd = mss;
	ext->window_acked = 0;
	ext->after_time_out = true;
}

static void reno_idle(struct tcb_ext *ext, uint32_t restart)
{
	uint32_t most = ext->cwnd - ext->cwnd / 4;

	if (ext->ssthresh < most)
		ext->ssthresh = most;
	ext->cwnd = ext->cwnd / 2 > restart ? ext->cwnd / 2 : restart;
	ext->window_acked = 0;
	ext->after_time_out = false;
}

const struct cc_ops cc_reno = {
	.acked = reno_acked,
	.lost = reno_lost,
	.marked = reno_marked,
	.timed_out = reno_timed_out,
	.idle = reno_idle,
};
