/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/plain.h"

#include "wire/csum.h"

#define PLAIN_SHORT_MAX 192

static inline uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* csum_bytes() of a few words, at least one. Those that do not fill the last one are the end of the word that ends with them. */
static inline uint64_t plain_sum(const uint8_t *p, uint32_t len)
{
	const uint8_t *end = p + len;
	uint64_t a = 0, b = 0; /* two chains of carries */

	for (; len >= 16; p += 16, len -= 16) {
		a = csum_add(a, word(p));
		b = csum_add(b, word(p + 8));
	}
	if (len >= 8) {
		a = csum_add(a, word(p));
		len -= 8;
	}
	return csum_add(csum_add(a, htole64(le64toh(word(end - 8)) >> 1 >> (63 - 8 * len))), b);
}

#include "wire/plain_read.h"

static bool parse_scalar(const uint8_t *frame, uint32_t len, unsigned verified, const struct eth_addr *dst,
			 struct seg *seg, struct pair *pair, uint32_t *headers)
{
	return read_frame(frame, len, verified, dst, seg, pair, headers);
}

#ifdef WEIR_PLAIN_AVX512
static plain_parse_fn widest(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi2") ? plain_parse_avx512 :
										      parse_scalar;
}
#else
static plain_parse_fn widest(void)
{
	return parse_scalar;
}
#endif

static plain_parse_fn chosen = parse_scalar;

__attribute__((constructor)) static void choose(void)
{
	chosen = widest();
}

bool plain_parse(const uint8_t *frame, uint32_t len, unsigned verified, const struct eth_addr *dst,
		 struct seg *seg, struct pair *pair, uint32_t *headers)
{
	return chosen(frame, len, verified, dst, seg, pair, headers);
}

plain_parse_fn plain_parse_named(const char *name)
{
	if (strcmp(name, "scalar") == 0)
		return parse_scalar;
	return strcmp(name, "avx512") == 0 && widest() != parse_scalar ? widest() : NULL;
}

/* Both return the sum of the addresses, of which no dozen leaves 64 bits. */
static inline uint64_t put_ipv4(uint8_t *ip, const struct seg *seg, uint32_t tcp_bytes)
{
	uint64_t addresses =
		csum_put_word(ip + 12, seg->tuple.laddr) + csum_put_word(ip + 16, seg->tuple.raddr);
	uint64_t sum = csum_put_word(ip, 0x45000000u | (uint32_t)seg->tos << 16 | (IPV4_BYTES + tcp_bytes)) +
		       csum_put_word(ip + 4, IPV4_DONT_FRAGMENT);
	uint32_t ttl_and_protocol = ((uint32_t)seg->ttl << 8 | IP_PROTOCOL_TCP) << 16;
	uint16_t csum_be = (uint16_t)~csum_fold(sum + addresses + htobe32(ttl_and_protocol));

	csum_put_word(ip + 8, ttl_and_protocol | be16toh(csum_be));
	return addresses;
}

static uint64_t put_ipv6(uint8_t *ip, const struct seg *seg, const struct pair *pair, uint32_t tcp_bytes)
{
	uint64_t sum = csum_add(csum_address(pair->local), csum_address(pair->remote));

	csum_put_word(ip, 0x60000000u | (uint32_t)seg->tos << 20 | ipv6_flow_label(&seg->tuple));
	csum_put_word(ip + 4, tcp_bytes << 16 | (uint32_t)IP_PROTOCOL_TCP << 8 | seg->ttl);
	bytes_put_address(ip + 8, pair->local);
	bytes_put_address(ip + 24, pair->remote);
	return csum_fold(sum);
}

static inline void put_eth(uint8_t *frame, const struct eth_addr *dst, const struct eth_addr *src,
			   uint16_t type)
{
	memcpy(frame, dst->bytes, sizeof(dst->bytes));
	memcpy(frame + 6, src->bytes, sizeof(src->bytes));
	bytes_put16(frame + 12, type);
}

/* sum: of the addresses and the payload. */
static inline void put_tcp(uint8_t *tcp, const struct seg *seg, uint32_t header_bytes, uint64_t sum)
{
	sum += (uint64_t)htobe16(IP_PROTOCOL_TCP) + htobe16((uint16_t)(header_bytes + seg->len));
	sum += csum_put_word(tcp, (uint32_t)seg->tuple.lport << 16 | seg->tuple.rport);
	sum += csum_put_word(tcp + 4, seg->seq);
	sum += csum_put_word(tcp + 8, seg->ack);
	sum += csum_put_word(tcp + 12, header_bytes / 4 << 28 | (uint32_t)seg->flags << 16 | seg->wnd);
	sum += tcp_opt_build(tcp + TCP_HDR_BYTES, seg);
	/* The urgent pointer is 0: weir sends no urgent data. */
	uint32_t csum = (uint16_t)~csum_fold(sum);

	memcpy(tcp + TCP_HDR_CSUM_AT, &csum, sizeof(csum));
}

unsigned plain_headers(const struct seg *seg)
{
	return IP_AT + (tuple_is6(&seg->tuple) ? IPV6_BYTES : IPV4_BYTES) + TCP_HDR_BYTES +
	       tcp_opt_bytes(seg);
}

unsigned plain_build(uint8_t *frame, const struct seg *seg, const struct pair *pair,
		     const struct eth_addr *dst, const struct eth_addr *src, uint64_t payload_sum)
{
	uint32_t header_bytes = TCP_HDR_BYTES + tcp_opt_bytes(seg), tcp_bytes = header_bytes + seg->len;
	uint64_t sum = csum_fold(payload_sum);

	if (!tuple_is6(&seg->tuple)) {
		put_eth(frame, dst, src, ETH_TYPE_IPV4);
		sum += put_ipv4(frame + IP_AT, seg, tcp_bytes);
		put_tcp(frame + IP_AT + IPV4_BYTES, seg, header_bytes, sum);
		return IP_AT + IPV4_BYTES + header_bytes;
	}
	put_eth(frame, dst, src, ETH_TYPE_IPV6);
	sum += put_ipv6(frame + IP_AT, seg, pair, tcp_bytes);
	put_tcp(frame + IP_AT + IPV6_BYTES, seg, header_bytes, sum);
	return IP_AT + IPV6_BYTES + header_bytes;
}
