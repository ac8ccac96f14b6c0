/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/tcp_opt.h"

#include "wire/bytes.h"
#include "wire/csum.h"

enum {
	KIND_END = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACK_OK = 4,
	KIND_SACK = 5,
	KIND_TS = 8,
};

enum {
	LEN_MSS = 4,
	LEN_WSCALE = 3,
	LEN_SACK_OK = 2,
	LEN_SACK_BLOCK = 8,
	LEN_TS = 10,
};

_Static_assert(TCP_OPT_TS == (KIND_NOP << 24 | KIND_NOP << 16 | KIND_TS << 8 | LEN_TS), "NOP NOP TS");

_Static_assert(TCP_OPT_MSS == (KIND_MSS << 24 | LEN_MSS << 16), "MSS");
_Static_assert(TCP_OPT_SACK_OK_TS == (KIND_SACK_OK << 24 | LEN_SACK_OK << 16 | KIND_TS << 8 | LEN_TS),
	       "SACK-permitted TS");
_Static_assert(TCP_OPT_WSCALE == (KIND_NOP << 24 | KIND_WSCALE << 16 | LEN_WSCALE << 8), "NOP WSCALE");

static void take_ts(const uint8_t *value, struct seg *seg)
{
	seg->tsval = bytes_get32(value);
	seg->tsecr = bytes_get32(value + 4);
	seg->opts |= SEG_OPT_TS;
}

/*
 * Options that are part of the handshake (RFC 9293 section 3.7.1, RFC 7323 section 1.3, RFC 2018 section
 * 2).
 */
static void take_syn_option(const uint8_t *option, struct seg *seg)
{
	if (option[0] == KIND_MSS && option[1] == LEN_MSS) {
		seg->mss = bytes_get16(option + 2);
		seg->opts |= SEG_OPT_MSS;
	} else if (option[0] == KIND_WSCALE && option[1] == LEN_WSCALE) {
		seg->wscale = option[2] < TCP_OPT_WSCALE_MAX ? option[2] : TCP_OPT_WSCALE_MAX;
		seg->opts |= SEG_OPT_WSCALE;
	} else if (option[0] == KIND_SACK_OK && option[1] == LEN_SACK_OK) {
		seg->opts |= SEG_OPT_SACK_OK;
	}
}

static void take_option(const uint8_t *option, struct seg *seg)
{
	unsigned len = option[1];

	if (option[0] == KIND_TS && len == LEN_TS)
		take_ts(option + 2, seg);
	else if (option[0] == KIND_SACK && len > 2 && (len - 2) % LEN_SACK_BLOCK == 0)
		seg->opts |= SEG_OPT_SACK;
	else if (seg->flags & SEG_SYN)
		take_syn_option(option, seg);
}

/* MSS; SACK-permitted and TS; NOP and window scale: the order of a SYN by Linux, and of our own SYN-ACKs. */
bool tcp_opt_parse_syn(const uint8_t *options, unsigned bytes, struct seg *seg)
{
	if (bytes != TCP_OPT_SYN_BYTES || !(seg->flags & SEG_SYN))
		return false;
	uint32_t mss = bytes_get32(options), wscale = bytes_get32(options + 16);

	if ((mss & 0xffff0000) != TCP_OPT_MSS || bytes_get32(options + 4) != TCP_OPT_SACK_OK_TS ||
	    (wscale & 0xffffff00) != TCP_OPT_WSCALE)
		return false;
	seg->opts = SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE;
	seg->mss = (uint16_t)mss;
	seg->wscale = (uint8_t)wscale < TCP_OPT_WSCALE_MAX ? (uint8_t)wscale : TCP_OPT_WSCALE_MAX;
	seg->tsval = bytes_get32(options + 8);
	seg->tsecr = bytes_get32(options + 12);
	return true;
}

verdict tcp_opt_parse(const uint8_t *options, unsigned bytes, struct seg *seg)
{
	const uint8_t *option = options;
	unsigned left = bytes;

	if (tcp_opt_parse_plain(options, bytes, seg))
		return ACCEPTED;
	while (left > 0 && option[0] != KIND_END) {
		unsigned len = 1;

		if (option[0] != KIND_NOP) {
			len = left >= 2 ? option[1] : 0;
			if (len < 2 || len > left)
				return COUNT_drop_tcp_option_length;
			take_option(option, seg);
		}
		option += len;
		left -= len;
	}
	return ACCEPTED;
}

static unsigned take_blocks(const uint8_t *option, struct sack *sack)
{
	unsigned n = (option[1] - 2u) / LEN_SACK_BLOCK;

	for (unsigned i = 0; i < n; i++) {
		sack->blocks[i].left = bytes_get32(option + 2 + i * LEN_SACK_BLOCK);
		sack->blocks[i].right = bytes_get32(option + 6 + i * LEN_SACK_BLOCK);
	}
	return n;
}

/* The lengths were found sound, and 40 bytes hold no more than SACK_BLOCKS_MAX blocks. */
unsigned tcp_opt_parse_sack(const uint8_t *options, unsigned bytes, struct sack *sack)
{
	const uint8_t *option = options;

	while (option < options + bytes && option[0] != KIND_END) {
		if (option[0] == KIND_SACK && option[1] > 2 && (option[1] - 2) % LEN_SACK_BLOCK == 0)
			return take_blocks(option, sack);
		option += option[0] == KIND_NOP ? 1 : option[1];
	}
	return 0;
}

/* Two NOPs and SACK's own two bytes make a word; then come the blocks. */
static unsigned sack_bytes(const struct seg *seg)
{
	return seg->opts & SEG_OPT_SACK ? 4u + seg->sacks * LEN_SACK_BLOCK : 0;
}

uint64_t tcp_opt_build_any(uint8_t *options, const struct seg *seg)
{
	bool sack_ok = seg->opts & SEG_OPT_SACK_OK;
	uint8_t *option = options;
	uint64_t sum = 0;

	if (seg->opts & SEG_OPT_MSS) {
		sum += csum_put_word(option, TCP_OPT_MSS | seg->mss);
		option += 4;
	}
	if (seg->opts & SEG_OPT_TS) {
		sum += csum_put_word(option, sack_ok ? TCP_OPT_SACK_OK_TS : TCP_OPT_TS);
		sum += csum_put_word(option + 4, seg->tsval);
		sum += csum_put_word(option + 8, seg->tsecr);
		option += TCP_OPT_TS_BYTES;
	} else if (sack_ok) {
		sum += csum_put_word(option,
				     KIND_NOP << 24 | KIND_NOP << 16 | KIND_SACK_OK << 8 | LEN_SACK_OK);
		option += 4;
	}
	if (seg->opts & SEG_OPT_WSCALE)
		sum += csum_put_word(option, TCP_OPT_WSCALE | seg->wscale);
	return sum;
}

static uint8_t *put_filler(uint8_t *option, uint8_t first, uint8_t second)
{
	option[0] = first;
	option[1] = second;
	return option + 2;
}

void tcp_opt_build_sack(uint8_t *options, unsigned bytes, const struct seg *seg, const struct sack *sack)
{
	uint8_t *option = options + bytes - sack_bytes(seg);

	option = put_filler(option, KIND_NOP, KIND_NOP);
	option = put_filler(option, KIND_SACK, (uint8_t)(2 + seg->sacks * LEN_SACK_BLOCK));
	for (unsigned i = 0; i < seg->sacks; i++, option += LEN_SACK_BLOCK) {
		bytes_put32(option, sack->blocks[i].left);
		bytes_put32(option + 4, sack->blocks[i].right);
	}
}
