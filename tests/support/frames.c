/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/frames.h"

#include "wire/build.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

const struct eth_addr frames_our_mac = { { 0x02, 0, 0, 0, 0, 1 } };
const struct eth_addr frames_peer_mac = { { 0x02, 0, 0, 0, 0, 2 } };

/* The same segment, seen by the one who sends it. */
static struct seg turned(const struct seg *seg)
{
	struct seg sent = *seg;

	sent.tuple = (struct tuple){ .laddr = seg->tuple.raddr,
				     .raddr = seg->tuple.laddr,
				     .lport = seg->tuple.rport,
				     .rport = seg->tuple.lport };
	return sent;
}

uint32_t frames_tcp(uint8_t frame[FRAMES_MAX], const struct seg *seg)
{
	struct seg sent = turned(seg);
	bool odd =
		tuple_is6(&sent.tuple); /* an address that is a name's, and no host's: IPv4's all the same */

	if (odd)
		sent.tuple.laddr = 0;
	unsigned headers = build_headers(frame, &sent, NULL, &frames_our_mac, &frames_peer_mac);

	for (uint32_t i = 0; i < sent.len; i++)
		frame[headers + i] = (uint8_t)i;
	build_csum(frame, &sent);
	if (odd) {
		bytes_put32(frame + ETH_BYTES + 12, seg->tuple.raddr);
		frames_mend(frame);
	}
	return headers + sent.len;
}

uint32_t frames_tcp_between(uint8_t frame[FRAMES_MAX], const struct pair *pair, const struct seg *seg)
{
	static const struct siphash_key any_key;
	struct pair sent_pair = { .local = pair->remote, .remote = pair->local };
	struct seg sent = *seg;

	sent.tuple = tuple_make(any_key, &sent_pair, seg->tuple.rport, seg->tuple.lport);
	unsigned headers = build_headers(frame, &sent, &sent_pair, &frames_our_mac, &frames_peer_mac);

	for (uint32_t i = 0; i < sent.len; i++)
		frame[headers + i] = (uint8_t)i;
	build_csum(frame, &sent);
	return headers + sent.len;
}

void frames_mend_ip(uint8_t *frame)
{
	uint8_t *ip = frame + ETH_BYTES;

	bytes_put16(ip + 10, 0);
	csum_put(ip + 10, csum_bytes(ip, (ip[0] & 15) * 4u));
}

void frames_mend(uint8_t *frame)
{
	uint8_t *ip = frame + ETH_BYTES, *tcp = ip + (ip[0] & 15) * 4u;
	uint16_t len = (uint16_t)(bytes_get16(ip + 2) - (ip[0] & 15) * 4u);

	frames_mend_ip(frame);
	bytes_put16(tcp + TCP_HDR_CSUM_AT, 0);
	csum_put(tcp + TCP_HDR_CSUM_AT,
		 csum_add(csum_pseudo(weir_ipv4(bytes_get32(ip + 12)), weir_ipv4(bytes_get32(ip + 16)),
				      IP_PROTOCOL_TCP, len),
			  csum_bytes(tcp, len)));
}

uint32_t frames_ip(uint8_t frame[FRAMES_MAX], const struct pair *pair, const struct ip_hdr *ip,
		   const void *carried, uint32_t len)
{
	bool is6 = !weir_is_ipv4(pair->local);
	uint32_t at = ETH_BYTES + ip_build_bytes(is6);
	struct ip_hdr header = *ip;

	header.src = pair->remote;
	header.dst = pair->local;
	header.total_bytes = (uint16_t)(ip_build_bytes(is6) + len);
	eth_build(frame, &(struct eth_hdr){ .dst = frames_our_mac,
					    .src = frames_peer_mac,
					    .type = is6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4 });
	ip_build(frame + ETH_BYTES, &header, 0);
	if (!is6)
		ipv4_build_csum(frame + ETH_BYTES);
	memcpy(frame + at, carried, len);
	return at + len;
}

uint32_t frames_icmp_between(uint8_t frame[FRAMES_MAX], const struct pair *pair, uint8_t type, uint8_t code,
			     const void *data, uint32_t len)
{
	bool is6 = !weir_is_ipv4(pair->local);
	struct ip_hdr ip = { .protocol = is6 ? IP_PROTOCOL_ICMP6 : IP_PROTOCOL_ICMP, .ttl = 64 };
	uint8_t message[FRAMES_MAX] = { type, code };

	if (len > 0)
		memcpy(message + ICMP_BYTES, data, len);
	if (is6)
		icmp6_build_csum(message, ICMP_BYTES + len, pair->remote, pair->local);
	else
		csum_put(message + 2, csum_bytes(message, ICMP_BYTES + len));
	return frames_ip(frame, pair, &ip, message, ICMP_BYTES + len);
}

uint32_t frames_icmp(uint8_t frame[FRAMES_MAX], uint8_t type, uint8_t code, const void *data, uint32_t len)
{
	struct pair pair = frames_pair(false);

	return frames_icmp_between(frame, &pair, type, code, data, len);
}

struct seg frames_random_seg(struct rng *rng)
{
	static const uint8_t flags[] = { SEG_SYN,           SEG_SYN | SEG_ACK,
					 SEG_ACK,           SEG_ACK | SEG_PSH,
					 SEG_ACK | SEG_FIN, SEG_RST,
					 SEG_RST | SEG_ACK, SEG_ACK | SEG_URG | SEG_ECE | SEG_CWR };
	struct seg seg = {
		.tuple = { .laddr = FRAMES_OURS,
			   .raddr = FRAMES_PEER,
			   .lport = (uint16_t)(1 + rng_below(rng, 65535)),
			   .rport = (uint16_t)(1 + rng_below(rng, 65535)) },
		.seq = (uint32_t)rng_u64(rng),
		.ack = (uint32_t)rng_u64(rng),
		.wnd = (uint16_t)rng_u64(rng),
		.len = (uint16_t)rng_below(rng, 1000),
		.flags = flags[rng_below(rng, sizeof(flags))],
		.ttl = (uint8_t)rng_u64(rng),
		.tos = (uint8_t)rng_u64(rng),
	};

	if (rng_below(rng, 2) == 0) {
		seg.opts |= SEG_OPT_TS;
		seg.tsval = (uint32_t)rng_u64(rng);
		seg.tsecr = (uint32_t)rng_u64(rng);
	}
	if (!(seg.flags & SEG_SYN))
		return seg;
	if (rng_below(rng, 2) == 0) {
		seg.opts |= SEG_OPT_MSS;
		seg.mss = (uint16_t)rng_u64(rng);
	}
	if (rng_below(rng, 2) == 0)
		seg.opts |= SEG_OPT_SACK_OK;
	if (rng_below(rng, 2) == 0) {
		seg.opts |= SEG_OPT_WSCALE;
		seg.wscale = (uint8_t)rng_below(rng, 15);
	}
	return seg;
}

uint32_t frames_any_word(struct rng *rng)
{
	static const uint32_t ends[] = { 0, 1, 0xffff, 0x10000, 0xfffffffe, 0xffffffff, 0xffff0000 };
	unsigned i = rng_below(rng, 14);

	return i < 7 ? ends[i] : (uint32_t)rng_u64(rng);
}

static uint64_t any_two(struct rng *rng)
{
	return (uint64_t)frames_any_word(rng) << 32 | frames_any_word(rng);
}

/* With a bit in the upper half, so that none is a mapped IPv4 address. */
struct pair frames_any_pair(struct rng *rng)
{
	return (struct pair){ { any_two(rng) | 1, any_two(rng) }, { any_two(rng) | 1, any_two(rng) } };
}

void frames_make_hostile(struct rng *rng, struct seg *seg)
{
	uint16_t lport = (uint16_t)frames_any_word(rng), rport = (uint16_t)frames_any_word(rng);

	if (!tuple_is6(&seg->tuple)) {
		seg->tuple.laddr = frames_any_word(rng) % TUPLE_NAME_MARK;
		seg->tuple.raddr = frames_any_word(rng);
	}
	seg->tuple.lport = lport != 0 ? lport : UINT16_MAX;
	seg->tuple.rport = rport != 0 ? rport : UINT16_MAX;
	seg->seq = frames_any_word(rng);
	seg->ack = frames_any_word(rng);
	seg->tsval = frames_any_word(rng);
	seg->tsecr = frames_any_word(rng);
	seg->wnd = (uint16_t)frames_any_word(rng);
	seg->mss = (uint16_t)frames_any_word(rng);
	seg->ttl = (uint8_t)frames_any_word(rng);
	seg->tos = (uint8_t)frames_any_word(rng);
}
