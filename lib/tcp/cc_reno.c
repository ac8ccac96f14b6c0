/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 5681: slow start and congestion avoidance. */
#include "tcp/cc.h"

static uint32_t half_of_flight(uint32_t mss, uint32_t in_flight)
{
	return in_flight / 2 > 2 * mss ? in_flight / 2 : 2 * mss;
}

static void reno_acked(struct tcb_ext *ext, uint32_t mss, uint32_t acked, uint32_t in_flight)
{
	/* A window that is not used proves nothing (RFC 9293 leaves it open, RFC 2861 explains it). */
	if (in_flight + mss < ext->cwnd)
		return;
	if (ext->cwnd < ext->ssthresh) {
		ext->cwnd += acked < mss ? acked : mss; /* equation 2 */
		return;
	}
	uint32_t step = (uint32_t)((uint64_t)mss * mss / ext->cwnd); /* equation 3 */

	ext->cwnd += step > 0 ? step : 1;
}

static void reno_lost(struct tcb_ext *ext, uint32_t mss, uint32_t in_flight)
{
	ext->ssthresh = half_of_flight(mss, in_flight);
	ext->cwnd = ext->ssthresh; /* what has left the network is not in the pipe: no inflation (RFC 6675) */
}

static void reno_timed_out(struct tcb_ext *ext, uint32_t mss, uint32_t in_flight)
{
	ext->ssthresh = half_of_flight(mss, in_flight);
	ext->cwnd = mss;
}

const struct cc_ops cc_reno = {
	.acked = reno_acked,
	.lost = reno_lost,
	.timed_out = reno_timed_out,
};
