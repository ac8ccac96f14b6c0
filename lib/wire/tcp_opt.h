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
#include "wire/seg.h"

#define TCP_OPT_BYTES_MAX 40  /* of RFC 9293's four bits of data offset */
#define TCP_OPT_WSCALE_MAX 14 /* RFC 7323 section 2.3 */

/*
 * Reads `bytes` of options into seg->opts, mss, wscale, tsval and tsecr; seg->flags is there already.
 * ACCEPTED or drop_tcp_option_length (RFC 9293 MUST-7).
 */
verdict tcp_opt_parse(const uint8_t *options, unsigned bytes, struct seg *seg);

/*
 * The same for the layouts that nearly all segments have: none, timestamps alone, and what Linux's SYNs say. False: it is
 * another, and has not been looked at.
 */
bool tcp_opt_parse_plain(const uint8_t *options, unsigned bytes, struct seg *seg);

/*
 * Reads the blocks of options that tcp_opt_parse() accepted with SEG_OPT_SACK; returns how many. What
 * they say is not judged here.
 */
unsigned tcp_opt_parse_sack(const uint8_t *options, unsigned bytes, struct sack *sack);

/* Bytes that tcp_opt_build() will write: a multiple of 4. */
unsigned tcp_opt_bytes(const struct seg *seg);

/*
 * Writes the options of seg->opts; where seg->sacks blocks go it leaves room, at the end. Returns the sum of what
 * was written, as csum.h has it.
 */
uint64_t tcp_opt_build(uint8_t *options, const struct seg *seg);

/* Writes SACK into that room. options, bytes: all of them. */
void tcp_opt_build_sack(uint8_t *options, unsigned bytes, const struct seg *seg, const struct sack *sack);

#endif
