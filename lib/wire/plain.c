/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/plain.h"

#include "wire/plain_pvt.h"

/* Up to here a segment is summed up in place. */
#define SHORT_MAX 192

/* In IPv4's first eight bytes, whether it is a fragment. */
#define FRAGMENT_MASK 0x3fffu

/* What an IP header says that TCP asks for. */
struct packet {
	const uint8_t *tcp;
	uint32_t tcp_at, tcp_bytes;
	uint64_t sum;   /* of the addresses */
	uint64_t tuple; /* tuple_addrs() */
	uint8_t ttl, tos;
};

static inline uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/*
 * csum_bytes() of a few words, at least one. Those that do not fill the last one are the end
 * of the word that ends with them.
 */
static inline uint64_t short_sum(const uint8_t *p, uint32_t len)
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

static inline bool read_ipv4(const uint8_t *ip, uint32_t len, unsigned verified, struct packet *packet)
{
	uint64_t first = bytes_get64(ip), second = bytes_get64(ip + 8);
	uint32_t ip_bytes = (uint16_t)(first >> 32), dst = bytes_get32(ip + 16);

	if (first & FRAGMENT_MASK || (uint8_t)(second >> 48) != IP_PROTOCOL_TCP || ip_bytes > len ||
	    ip_bytes < IPV4_BYTES + TCP_HDR_BYTES)
		return false;
	if (!(verified & PLAIN_IP_VERIFIED) && !csum_is_right(csum_add(csum_add(first, second), dst)))
		return false;
	packet->tcp = ip + IPV4_BYTES;
	packet->tcp_at = IP_AT + IPV4_BYTES;
	packet->tcp_bytes = ip_bytes - IPV4_BYTES;
	memcpy(&packet->sum, ip + 12, sizeof(packet->sum));
	packet->tuple = second << 32 | dst;
	packet->ttl = (uint8_t)(second >> 56);
	packet->tos = (uint8_t)(first >> 48);
	/* What is above is a name to all who see the tuple, and there is no pair here. */
	return dst < TUPLE_NAME_MARK;
}

static inline bool read_ipv6(const uint8_t *ip, uint32_t len, struct pair *pair, struct packet *packet)
{
	packet->tcp_bytes = ipv6_tcp_bytes(ip, len);
	if (packet->tcp_bytes == 0 || !get_pair(ip, pair))
		return false;
	packet->tcp = ip + IPV6_BYTES;
	packet->tcp_at = IP_AT + IPV6_BYTES;
	packet->sum = sum_pair(pair);
	packet->tuple = TUPLE_NAME_MARK;
	packet->ttl = ip[7];
	packet->tos = ipv6_tos(ip);
	return true;
}

static inline bool csum_right(const struct packet *packet)
{
	uint32_t len = packet->tcp_bytes;
	uint64_t sum = len <= SHORT_MAX ? short_sum(packet->tcp, len) : csum_bytes(packet->tcp, len);

	return csum_is_right(csum_add(csum_add(sum, packet->sum), sum_rest(len)));
}

static inline unsigned read_tcp(const struct packet *packet, unsigned verified, struct seg *seg)
{
	const uint8_t *tcp = packet->tcp;
	uint32_t header_bytes = tcp_hdr_bytes(tcp), ports = bytes_get32(tcp);

	if (header_bytes < TCP_HDR_BYTES || header_bytes > packet->tcp_bytes)
		return 0;
	if (!(verified & PLAIN_TCP_VERIFIED) && !csum_right(packet))
		return 0;
	if (ports >> 16 == 0 || (ports & 0xffff) == 0)
		return 0;
	*seg = (struct seg){
		.tuple = { .laddr = (uint32_t)packet->tuple,
			   .raddr = (uint32_t)(packet->tuple >> 32),
			   .lport = (uint16_t)ports,
			   .rport = (uint16_t)(ports >> 16) },
		.seq = bytes_get32(tcp + 4),
		.ack = bytes_get32(tcp + 8),
		.wnd = bytes_get16(tcp + 14),
		.len = (uint16_t)(packet->tcp_bytes - header_bytes),
		.flags = tcp[13],
		.ttl = packet->ttl,
		.tos = packet->tos,
	};
	if (!tcp_opt_parse_plain(tcp + TCP_HDR_BYTES, header_bytes - TCP_HDR_BYTES, seg))
		return 0;
	return packet->tcp_at + header_bytes;
}

static unsigned parse(const uint8_t *frame, uint32_t len, unsigned verified, const struct eth_addr *dst,
		      struct seg *seg, struct pair *pair)
{
	struct packet packet;

	if (len < LEAST || !is_to_us(frame, dst))
		return 0;
	uint32_t type = type_of(frame);
	bool read = false;

	/* One copy of the rest for each family, so that places in the frame are constants. */
	if ((type & TYPE_MASK) == TYPE_PLAIN)
		return read_ipv4(frame + IP_AT, len - IP_AT, verified, &packet) ?
			       read_tcp(&packet, verified, seg) :
			       0;
	if ((type & TYPE_MASK_6) == TYPE_PLAIN_6)
		read = read_ipv6(frame + IP_AT, len - IP_AT, pair, &packet);
	return read ? read_tcp(&packet, verified, seg) : 0;
}

/* Returns the sum of the addresses, of which no dozen leaves 64 bits. */
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

/* sum: of the addresses and the payload. */
static inline void put_tcp(uint8_t *tcp, const struct seg *seg, uint32_t header_bytes, uint64_t sum)
{
	sum += sum_rest(header_bytes + seg->len);
	sum += csum_put_word(tcp, (uint32_t)seg->tuple.lport << 16 | seg->tuple.rport);
	sum += csum_put_word(tcp + 4, seg->seq);
	sum += csum_put_word(tcp + 8, seg->ack);
	sum += csum_put_word(tcp + 12, header_bytes / 4 << 28 | (uint32_t)seg->flags << 16 | seg->wnd);
	sum += tcp_opt_build(tcp + TCP_HDR_BYTES, seg);
	/* The urgent pointer is 0: weir sends no urgent data. */
	uint16_t csum_and_urgent[2] = { (uint16_t)~csum_fold(sum), 0 };

	memcpy(tcp + TCP_HDR_CSUM_AT, csum_and_urgent, sizeof(csum_and_urgent));
}

unsigned plain_headers(const struct seg *seg)
{
	return IP_AT + (tuple_is6(&seg->tuple) ? IPV6_BYTES : IPV4_BYTES) + TCP_HDR_BYTES +
	       tcp_opt_bytes(seg);
}

static unsigned build(uint8_t *frame, const struct seg *seg, const struct pair *pair,
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
	put_ipv6(frame + IP_AT, seg, pair, tcp_bytes);
	put_tcp(frame + IP_AT + IPV6_BYTES, seg, header_bytes, sum + csum_fold(sum_pair(pair)));
	return IP_AT + IPV6_BYTES + header_bytes;
}

const struct plain_way plain_scalar = { "scalar", parse, build };

struct plain_way plain_way = { "scalar", parse, build };

#ifdef WEIR_PLAIN_AVX512
static const struct plain_way *widest(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
			       __builtin_cpu_supports("bmi2") ?
		       &plain_avx512 :
		       &plain_scalar;
}
#else
void plain_avx512_init(void)
{
}

static const struct plain_way *widest(void)
{
	return &plain_scalar;
}
#endif

__attribute__((constructor)) static void choose(void)
{
	const struct plain_way *way = widest();

	if (way != &plain_scalar)
		plain_avx512_init();
	plain_way = *way;
}

const struct plain_way *plain_way_named(const char *name)
{
	if (strcmp(name, plain_scalar.name) == 0)
		return &plain_scalar;
	return strcmp(name, plain_way.name) == 0 ? widest() : NULL;
}
