/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * isn.h - initial sequence numbers and timestamp offsets that nobody outside can compute.
 *
 * RFC 9293 section 3.4.1: ISN = M + F(tuple, secret), M a clock of about 4 us (2^12 ns here), F
 * SipHash-2-4. The upper half of the same F shifts the timestamp clock: it depends on
 * the tuple alone, so timestamps keep growing from one connection to the next of the same tuple, which
 * RFC 6191 lives on. Cookies have numbers and offsets of their own (cookie.c).
 */
#ifndef WEIR_TCP_ISN_H
#define WEIR_TCP_ISN_H

#include "tcp/tcp_pvt.h"

struct isn {
	uint32_t iss;
	uint32_t ts_offset; /* never 0 */
};

/*
 * Computes F for n <= TCP_BURST_MAX segments at once.
 * Who asks for theirs while they are under way then has it.
 */
void isn_look_ahead(const struct tcp *tcp, struct seg *const *segs, unsigned n);

/* F, computed now. */
uint64_t isn_f(const struct tcp *tcp, const struct tuple *tuple);

static inline uint64_t isn_f_known(const struct tcp *tcp, const struct tuple *tuple)
{
	return tcp_seg_is_of(tcp, tuple) && tcp->seg->f != 0 ? tcp->seg->f : isn_f(tcp, tuple);
}

/* Of an F that was computed ahead. */
static inline struct isn isn_of(const struct tcp *tcp, uint64_t f)
{
	uint32_t clock = (uint32_t)(tcp->now_ns >> 12);

	return (struct isn){
		.iss = clock + (uint32_t)f,
		.ts_offset = (uint32_t)(f >> 32) | 1,
	};
}

static inline struct isn isn_make(const struct tcp *tcp, const struct tuple *tuple)
{
	return isn_of(tcp, isn_f_known(tcp, tuple));
}

/* The same offset again. */
static inline uint32_t isn_ts_offset(const struct tcp *tcp, const struct tuple *tuple)
{
	return isn_make(tcp, tuple).ts_offset;
}

#endif
