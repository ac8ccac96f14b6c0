/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plain frames by AVX-512. IPv4's header, TCP's and the options of nearly all segments fit one vector, as
 * does struct seg: so one permutation of bytes makes a segment of headers, or headers of a segment, and turns
 * the fields around under way. Which byte goes where is a layout's: there is one for each set of options that
 * plain.h knows.
 *
 * Places in headers are counted from IPv4's. Of IPv6 the last twenty bytes stand there instead,
 * and are left out.
 */
#include <immintrin.h>
#include <stddef.h>

#include "wire/plain_pvt.h"

/* Two vectors: longer packets are summed up elsewhere. */
#define SHORT_MAX 128

#define VECTOR 64
#define TCP_OFFSET 32 /* the byte whose upper half is TCP's data offset */
#define IP_CSUM 10
#define TCP_CSUM 36
#define WSCALE 59 /* of a SYN */

/* Bytes, a bit for each. */
#define ALL UINT64_MAX
#define BEHIND_IP (ALL << IPV4_BYTES)
#define FROM_ADDRESSES (ALL << 12)
#define SEG_FROM_TCP \
	(~(0xffull | 3ull << offsetof(struct seg, ttl))) /* of struct seg: not addresses, TTL and TOS */

/* Units of 16 bits, and words. */
#define PORTS (3u << 10)
#define WORDS_BEHIND_IP (0xffffu << IPV4_BYTES / 4)

struct layout {
	__m512i from_seg, to_seg; /* which byte of the other it is */
	__m512i constant;         /* of headers: what all have that are built */
	__m512i judged, wanted;   /* and what received ones must have, by bits */
	__m512i known;            /* of struct seg: which options there are */
	uint64_t built, filled;   /* bytes of headers and of struct seg that come from the other */
	uint32_t tcp_bytes;       /* of the header */
	__mmask16 words;          /* that headers take in all */
};

/*
 * Host order in struct seg; the place in headers that are sent, and in those that are received:
 * ours is theirs there.
 */
struct field {
	uint8_t in_seg, bytes, sent, received;
};

#define FIELD(name, sent, received)                                                            \
	{                                                                                      \
		offsetof(struct seg, name), sizeof(((struct seg *)NULL)->name), sent, received \
	}

#define FIELDS(list) (sizeof(list) / sizeof((list)[0]))

static const struct field always[] = {
	FIELD(tos, 1, 1),           FIELD(ttl, 8, 8),           FIELD(tuple.laddr, 12, 16),
	FIELD(tuple.raddr, 16, 12), FIELD(tuple.lport, 20, 22), FIELD(tuple.rport, 22, 20),
	FIELD(seq, 24, 24),         FIELD(ack, 28, 28),         FIELD(flags, 33, 33),
	FIELD(wnd, 34, 34),
};
static const struct field in_timestamps[] = { FIELD(tsval, 44, 44), FIELD(tsecr, 48, 48) };
static const struct field in_syn[] = { FIELD(mss, 42, 42), FIELD(tsval, 48, 48), FIELD(tsecr, 52, 52),
				       FIELD(wscale, WSCALE, WSCALE) };

static struct layout bare, with_timestamps, syn;

/* By seg.opts, and by TCP's data offset. NULL: not plain. */
static const struct layout *const by_options[16] = {
	[0] = &bare, [SEG_OPT_TS] = &with_timestamps, [15] = &syn
};
static const struct layout *const by_offset[16] = { [5] = &bare, [8] = &with_timestamps, [10] = &syn };

static void put(__m512i *vector, unsigned at, uint8_t value)
{
	((uint8_t *)vector)[at] = value;
}

static void add_fields(struct layout *layout, const struct field *fields, size_t n)
{
	for (const struct field *field = fields; field < fields + n; field++) {
		for (unsigned i = 0; i < field->bytes; i++) {
			unsigned in_seg = field->in_seg + field->bytes - 1 - i;

			put(&layout->from_seg, field->sent + i, (uint8_t)in_seg);
			put(&layout->to_seg, in_seg, (uint8_t)(field->received + i));
			layout->built |= 1ull << (field->sent + i);
			layout->filled |= 1ull << in_seg;
		}
	}
}

/* What stands there in headers that are built, and of which bits received ones must have the same. */
static void add_constant(struct layout *layout, unsigned at, uint8_t value, uint8_t judged)
{
	put(&layout->constant, at, value);
	put(&layout->wanted, at, value);
	put(&layout->judged, at, judged);
}

static void add_word(struct layout *layout, unsigned at, uint32_t value, uint32_t judged)
{
	for (unsigned i = 0; i < 4; i++)
		add_constant(layout, at + i, (uint8_t)(value >> (24 - 8 * i)),
			     (uint8_t)(judged >> (24 - 8 * i)));
}

static void lay_out(struct layout *layout, uint8_t options, uint32_t option_bytes)
{
	layout->tcp_bytes = TCP_HDR_BYTES + option_bytes;
	layout->words = (__mmask16)((1u << (IPV4_BYTES + layout->tcp_bytes) / 4) - 1);
	put(&layout->known, offsetof(struct seg, opts), options);
	add_fields(layout, always, FIELDS(always));
	add_constant(layout, 0, 0x45, 0xff);
	add_word(layout, 4, IPV4_DONT_FRAGMENT, 0x3fff); /* has no more to come, and is the first */
	add_constant(layout, 9, IP_PROTOCOL_TCP, 0xff);
	add_constant(layout, TCP_OFFSET, (uint8_t)(layout->tcp_bytes << 2), 0);
}

void plain_avx512_init(void)
{
	lay_out(&bare, 0, 0);
	lay_out(&with_timestamps, SEG_OPT_TS, TCP_OPT_TS_BYTES);
	add_fields(&with_timestamps, in_timestamps, FIELDS(in_timestamps));
	add_word(&with_timestamps, 40, TCP_OPT_TS, UINT32_MAX);

	lay_out(&syn, SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK | SEG_OPT_TS, TCP_OPT_SYN_BYTES);
	add_fields(&syn, in_syn, FIELDS(in_syn));
	add_word(&syn, 40, TCP_OPT_MSS, 0xffff0000);
	add_word(&syn, 44, TCP_OPT_SACK_OK_TS, UINT32_MAX);
	add_word(&syn, 56, TCP_OPT_WSCALE, 0xffffff00);
	put(&syn.wanted, 33, SEG_SYN);
	put(&syn.judged, 33, SEG_SYN);
}

/* No vector knows a carry: each half of a word has room for 2^32 of them. */
static inline __m512i halves(__m512i words)
{
	return _mm512_add_epi64(_mm512_and_si512(words, _mm512_set1_epi64(UINT32_MAX)),
				_mm512_srli_epi64(words, 32));
}

static inline uint64_t total(__m512i sums)
{
	return (uint64_t)_mm512_reduce_add_epi64(sums);
}

/* As csum_bytes(), of up to SHORT_MAX bytes; the first `skip` are left out. */
static inline uint64_t short_sum(const uint8_t *p, uint32_t bytes, unsigned skip)
{
	uint32_t more = bytes > VECTOR ? bytes - VECTOR : 0;
	__m512i first = _mm512_maskz_loadu_epi8(_bzhi_u64(ALL, bytes) & ALL << skip, p);
	__m512i second = _mm512_maskz_loadu_epi8(_bzhi_u64(ALL, more), p + VECTOR);

	return total(_mm512_add_epi64(halves(first), halves(second)));
}

/* Where a segment stands: what is known before its own header is looked at. */
struct packet {
	const uint8_t *ip; /* an IPv4 header, or where one would be */
	uint32_t bytes;    /* from there on */
	uint64_t sum;      /* of IPv6's addresses */
	bool is6, is_long; /* constants, so that there is a copy of what follows for each */
};

/* IPv4's addresses stand before TCP's header. */
static inline bool tcp_right(struct packet packet)
{
	unsigned skip = packet.is6 ? IPV4_BYTES : 12;
	uint64_t sum = packet.is_long ? csum_bytes(packet.ip + skip, packet.bytes - skip) :
					short_sum(packet.ip, packet.bytes, skip);

	return csum_is_right(csum_add(csum_add(sum, packet.sum), sum_rest(packet.bytes - IPV4_BYTES)));
}

/* Bytes of TCP's header; 0: not plain. */
static inline uint32_t read_tcp(struct packet packet, unsigned verified, struct seg *seg)
{
	const uint8_t *ip = packet.ip;
	const struct layout *layout = by_offset[ip[TCP_OFFSET] >> 4];

	if (layout == NULL || packet.bytes < IPV4_BYTES + layout->tcp_bytes)
		return 0;
	/* A short packet's bytes fit the byte that counts them here. */
	__mmask64 there = packet.is_long ? ALL : _bzhi_u64(ALL, packet.bytes);
	__m512i headers = _mm512_maskz_loadu_epi8(there, ip);
	__mmask64 wrong = _mm512_mask_test_epi8_mask(
		packet.is6 ? BEHIND_IP : ALL, _mm512_xor_si512(headers, layout->wanted), layout->judged);

	if ((wrong | _mm512_mask_testn_epi16_mask(PORTS, headers, headers)) != 0 ||
	    (layout == &syn && ip[WSCALE] > TCP_OPT_WSCALE_MAX))
		return 0;
	if (!(verified & PLAIN_TCP_VERIFIED) && !tcp_right(packet))
		return 0;
	__m512i fields = _mm512_maskz_permutexvar_epi8(
		packet.is6 ? layout->filled & SEG_FROM_TCP : layout->filled, layout->to_seg, headers);

	/*
	 * What stands for a name is written with the rest:
	 * who reads both words at once would wait for two writes.
	 */
	if (packet.is6)
		fields = _mm512_mask_set1_epi32(fields, 1, (int)TUPLE_NAME_MARK);
	_mm512_storeu_si512(seg, _mm512_or_si512(fields, layout->known));
	seg->len = (uint16_t)(packet.bytes - IPV4_BYTES - layout->tcp_bytes);
	return layout->tcp_bytes;
}

static inline bool ipv4_right(const uint8_t *ip)
{
	uint64_t first, second;
	uint32_t third;

	memcpy(&first, ip, sizeof(first));
	memcpy(&second, ip + 8, sizeof(second));
	memcpy(&third, ip + 16, sizeof(third));
	return csum_is_right(csum_add(csum_add(first, second), third));
}

static inline unsigned read_ipv4(const uint8_t *ip, uint32_t bytes, unsigned verified, bool is_long,
				 struct seg *seg)
{
	/* What is above is a name to all who see the tuple, and there is no pair here. */
	if (ip[16] >= TUPLE_NAME_MARK >> 24 || (!(verified & PLAIN_IP_VERIFIED) && !ipv4_right(ip)))
		return 0;
	uint32_t tcp_bytes = read_tcp((struct packet){ ip, bytes, 0, false, is_long }, verified, seg);

	return tcp_bytes != 0 ? IP_AT + IPV4_BYTES + tcp_bytes : 0;
}

static inline unsigned read_ipv6(const uint8_t *ip, uint32_t tcp_bytes, unsigned verified, bool is_long,
				 struct seg *seg, struct pair *pair)
{
	if (!get_pair(ip, pair))
		return 0;
	struct packet packet = {
		.ip = ip + IPV6_BYTES - IPV4_BYTES,
		.bytes = IPV4_BYTES + tcp_bytes,
		.sum = sum_pair(pair),
		.is6 = true,
		.is_long = is_long,
	};
	uint32_t header_bytes = read_tcp(packet, verified, seg);

	if (header_bytes == 0)
		return 0;
	seg->ttl = ip[7];
	seg->tos = ipv6_tos(ip);
	return IP_AT + IPV6_BYTES + header_bytes;
}

/* Of their own, so that those above need keep nothing for a call. */
static __attribute__((noinline)) unsigned read_long_ipv4(const uint8_t *ip, uint32_t bytes, unsigned verified,
							 struct seg *seg)
{
	return read_ipv4(ip, bytes, verified, true, seg);
}

static __attribute__((noinline)) unsigned read_long_ipv6(const uint8_t *ip, uint32_t tcp_bytes,
							 unsigned verified, struct seg *seg,
							 struct pair *pair)
{
	return read_ipv6(ip, tcp_bytes, verified, true, seg, pair);
}

static unsigned parse(const uint8_t *frame, uint32_t len, unsigned verified, const struct eth_addr *dst,
		      struct seg *seg, struct pair *pair)
{
	if (len < LEAST || !is_to_us(frame, dst))
		return 0;
	const uint8_t *ip = frame + IP_AT;
	uint32_t type = type_of(frame), bytes;

	len -= IP_AT;
	if ((type & TYPE_MASK) == TYPE_PLAIN) {
		bytes = bytes_get16(ip + 2);
		if (bytes > len)
			return 0;
		return bytes <= SHORT_MAX ? read_ipv4(ip, bytes, verified, false, seg) :
					    read_long_ipv4(ip, bytes, verified, seg);
	}
	bytes = (type & TYPE_MASK_6) == TYPE_PLAIN_6 ? ipv6_tcp_bytes(ip, len) : 0;
	if (bytes == 0)
		return 0;
	return bytes <= SHORT_MAX - IPV4_BYTES ? read_ipv6(ip, bytes, verified, false, seg, pair) :
						 read_long_ipv6(ip, bytes, verified, seg, pair);
}

/* All but lengths and IP's checksum. sum: of the payload, and of IPv6 the addresses. */
static inline void write_segment(uint8_t *ip, const struct layout *layout, const struct seg *seg, bool is6,
				 uint64_t sum)
{
	__mmask64 built = is6 ? layout->built & BEHIND_IP : layout->built;
	__m512i fields = _mm512_maskz_permutexvar_epi8(built, layout->from_seg, _mm512_loadu_si512(seg));
	__m512i headers = _mm512_or_si512(fields, layout->constant);
	__m512i summed = _mm512_maskz_mov_epi8(is6 ? BEHIND_IP : FROM_ADDRESSES, headers);

	_mm512_mask_storeu_epi32(ip, is6 ? layout->words & WORDS_BEHIND_IP : layout->words, headers);
	sum = csum_add(sum, total(halves(summed)) + sum_rest(layout->tcp_bytes + seg->len));
	csum_put(ip + TCP_CSUM, sum);
}

/*
 * The rest of an IPv4 header. Its checksum is made of values in host order,
 * of which all but the addresses are small.
 */
static inline void finish_ipv4(uint8_t *ip, const struct seg *seg, uint32_t bytes)
{
	uint32_t rest = 0x4500u + IPV4_DONT_FRAGMENT + IP_PROTOCOL_TCP + seg->tos + ((uint32_t)seg->ttl << 8);
	uint64_t sum = csum_add(tuple_addrs(&seg->tuple), rest + bytes);

	bytes_put16(ip + 2, (uint16_t)bytes);
	bytes_put16(ip + IP_CSUM, (uint16_t)~csum_fold(sum));
}

static unsigned build(uint8_t *frame, const struct seg *seg, const struct pair *pair,
		      const struct eth_addr *dst, const struct eth_addr *src, uint64_t payload_sum)
{
	const struct layout *layout = by_options[seg->opts & 15];

	if (layout == NULL)
		return plain_scalar.build(frame, seg, pair, dst, src, payload_sum);
	if (!tuple_is6(&seg->tuple)) {
		put_eth(frame, dst, src, ETH_TYPE_IPV4);
		write_segment(frame + IP_AT, layout, seg, false, payload_sum);
		finish_ipv4(frame + IP_AT, seg, IPV4_BYTES + layout->tcp_bytes + seg->len);
		return IP_AT + IPV4_BYTES + layout->tcp_bytes;
	}
	put_eth(frame, dst, src, ETH_TYPE_IPV6);
	put_ipv6(frame + IP_AT, seg, pair, layout->tcp_bytes + seg->len);
	write_segment(frame + IP_AT + IPV6_BYTES - IPV4_BYTES, layout, seg, true,
		      csum_add(payload_sum, sum_pair(pair)));
	return IP_AT + IPV6_BYTES + layout->tcp_bytes;
}

const struct plain_way plain_avx512 = { "avx512", parse, build };
