/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rtt.h - what a connection knows of its path: round-trip time (RFC 6298) and windows.
 *
 * With an extension the values stand there in full. Without, they are packed into the tcb's 32
 * bits: srtt 12 bits, rttvar 10, cwnd 5, ssthresh 5, each a small float (exponent and mantissa), rounded
 * down; srtt is then good to 0.4 % and at most 8.6 s, cwnd to 20 % and at most 448 segments, and the initial
 * window of 10 is exact. That is precise enough to idle on.
 *
 * srtt 0 with an rttvar: no sample, but an RTO of 4 * rttvar that was learnt by waiting. The next sample
 * starts afresh (RFC 6298 rule 2.2).
 */
#ifndef WEIR_TCP_RTT_H
#define WEIR_TCP_RTT_H

#include "tcp/tcp_pvt.h"

struct path {
	uint32_t srtt_us, rttvar_us; /* clock_us(); srtt 0: no sample yet */
	uint32_t cwnd, ssthresh;     /* segments; ssthresh PATH_INFINITE: none yet */
};

#define PATH_INFINITE 448u

uint32_t path_pack(const struct path *path);
struct path path_unpack(uint32_t packed);

/*
 * RFC 6928's first window, in segments: ten, but no more than 14600 bytes of segments larger than
 * Ethernet's, or two of those.
 */
uint32_t path_first_window(uint16_t mss);

/* A path that nothing is known of. */
uint32_t path_initial(uint16_t mss);

/* Takes a sample into srtt and rttvar, RFC 6298 rules 2.2 and 2.3. */
void rtt_update(uint32_t *srtt_us, uint32_t *rttvar_us, uint32_t sample_us);

/* Fills in what follows from the bounds of the RTO. */
void rtt_times(struct tcp_times *times);

/* Whether nothing was learnt of the path yet, neither by a sample nor by waiting. Without an extension. */
static inline bool rtt_is_unknown(const struct tcb *tcb)
{
	return tcb->packed >> 10 == 0;
}

/*
 * Whether a connection without an extension, of which something is known, has a peer so near that the least
 * RTO holds, whatever its round trip is exactly: nearly all do within a site. Packed values keep their order.
 */
static inline bool rtt_is_near(const struct tcp *tcp, const struct tcb *tcb)
{
	uint32_t srtt = tcb->packed >> 20, rttvar = tcb->packed >> 10 & 0x3ff;

	return srtt <= tcp->times.near_srtt && rttvar <= tcp->times.near_rttvar;
}

/* As below, of any connection. */
uint32_t rtt_rto_ticks_exactly(const struct tcp *tcp, const struct tcb *tcb);

/* The present RTO in ticks: rule 2.3 within the configured bounds, doubled for each retry (5.5). */
static inline uint32_t rtt_rto_ticks(const struct tcp *tcp, const struct tcb *tcb)
{
	if (SHORT_WAYS && tcb->retries == 0 && !(tcb->flags & TCB_EXT)) {
		if (rtt_is_unknown(tcb))
			return tcp->times.rto_initial;
		if (rtt_is_near(tcp, tcb))
			return tcp->times.rto_min;
	}
	return rtt_rto_ticks_exactly(tcp, tcb);
}

/* The sum of the RTOs of `retries` time-outs, in ticks: how long the peer has been silent. */
uint32_t rtt_silence_ticks(const struct tcp *tcp, const struct tcb *tcb, unsigned retries);

/* A sample for a connection, wherever it keeps its estimate. */
void rtt_sample(struct tcp *tcp, struct tcb *tcb, uint32_t sample_us);

/*
 * A sample from the timestamp that the peer echoes (RFC 7323 section 4), for what was sent more than once: it
 * tells which one was answered. False, and nothing is taken, without timestamps or where the echo tells of
 * something older than `longest` ticks: that was never sent.
 */
bool rtt_sample_echo(struct tcp *tcp, struct tcb *tcb, const struct seg *seg, uint32_t longest);

/*
 * The second half of Karn's algorithm: what was acknowledged had been sent more than once, so that no sample
 * can be taken. The RTO stays as far backed off as it was until there is one.
 */
void rtt_keep_back_off(struct tcp *tcp, struct tcb *tcb);

/*
 * Our SYN or SYN-ACK was lost: RFC 6298 rule 5.7 (an RTO of 3 s at least, until timestamps or data give a
 * sample) and RFC 5681 section 3.1 (a first window of one segment). For a record without an extension.
 */
void rtt_syn_lost(const struct tcp *tcp, struct tcb *tcb);

/* RFC 5681 section 3.1 after a time-out, for a record without an extension: one segment. */
void rtt_timed_out(struct tcb *tcb);

#endif
