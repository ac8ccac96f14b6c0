/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp_opt.h - TCP options (RFC 9293 section 3.2, RFC 7323, RFC 2018).
 *
 * Received ones may stand at any alignment and in any order; what is unknown is skipped by its length. A
 * known kind with a length that is not its own is skipped as well, as hosts do. MSS, window scale and
 * SACK-permitted are noted on SYNs alone. Built ones are aligned as everybody's are: a receiver's fast
 * path looks for NOP NOP TS, and a SYN's 20 bytes are MSS, SACK-permitted, TS, NOP, window scale.
 */
#ifndef WEIR_WIRE_TCP_OPT_H
#define WEIR_WIRE_TCP_OPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/seg.h"

#define TCP_OPT_BYTES_MAX 40  /* of RFC 9293's four bits of data offset */
#define TCP_OPT_WSCALE_MAX 14 /* RFC 7323 section 2.3 */

/* NOP NOP TS, as nearly every segment of nearly every host starts; and all bytes of that option. */
#define TCP_OPT_TS 0x0101080au
#define TCP_OPT_TS_BYTES 12

/* The other words of a SYN's options as Linux has them, with 0 for values, and all of their bytes. */
#define TCP_OPT_MSS 0x02040000u
#define TCP_OPT_SACK_OK_TS 0x0402080au
#define TCP_OPT_WSCALE 0x01030300u
#define TCP_OPT_SYN_BYTES 20

/*
 * Reads `bytes` of options into seg->opts, mss, wscale, tsval and tsecr; seg->flags is there already.
 * ACCEPTED or drop_tcp_option_length (RFC 9293 MUST-7).
 */
verdict tcp_opt_parse(const uint8_t *options, unsigned bytes, struct seg *seg);

/* The same for a SYN alone, as Linux has it; false: it is none such. */
bool tcp_opt_parse_syn(const uint8_t *options, unsigned bytes, struct seg *seg);

/*
 * The same for the layouts that nearly all segments have: none, timestamps alone, and what Linux's SYNs say.
 * False: it is another, and has not been looked at.
 */
static inline bool tcp_opt_parse_plain(const uint8_t *options, unsigned bytes, struct seg *seg)
{
	seg->opts = 0;
	if (bytes != TCP_OPT_TS_BYTES || bytes_get32(options) != TCP_OPT_TS)
		return bytes == 0 || tcp_opt_parse_syn(options, bytes, seg);
	seg->opts = SEG_OPT_TS;
	seg->tsval = bytes_get32(options + 4);
	seg->tsecr = bytes_get32(options + 8);
	return true;
}

/*
 * Reads the blocks of options that tcp_opt_parse() accepted with SEG_OPT_SACK; returns how many. What
 * they say is not judged here.
 */
unsigned tcp_opt_parse_sack(const uint8_t *options, unsigned bytes, struct sack *sack);

/* Bytes that tcp_opt_build() will write: a multiple of 4. */
static inline unsigned tcp_opt_bytes(const struct seg *seg)
{
	/*
	 * By MSS, window scale, SACK-permitted and TS. The last two share three words, as do two NOPs and
	 * either; alone each costs its own.
	 */
	static const uint8_t bytes[16] = { 0, 4, 4, 8, 4, 8, 8, 12, 12, 16, 16, 20, 12, 16, 16, 20 };
	unsigned sack = seg->opts & SEG_OPT_SACK ? 4u + seg->sacks * 8u : 0;

	return bytes[seg->opts & 0xf] + sack;
}

/*
 * Writes the options of seg->opts; where seg->sacks blocks go it leaves room, at the end. Returns the sum of
 * what was written, as csum.h has it.
 */
uint64_t tcp_opt_build_any(uint8_t *options, const struct seg *seg);

static inline uint64_t tcp_opt_build(uint8_t *options, const struct seg *seg)
{
	if (seg->opts != SEG_OPT_TS)
		return seg->opts == 0 ? 0 : tcp_opt_build_any(options, seg);
	return csum_put_word(options, TCP_OPT_TS) + csum_put_word(options + 4, seg->tsval) +
	       csum_put_word(options + 8, seg->tsecr);
}

/* Writes SACK into that room. options, bytes: all of them. */
void tcp_opt_build_sack(uint8_t *options, unsigned bytes, const struct seg *seg, const struct sack *sack);

#endif
