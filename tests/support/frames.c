/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/frames.h"

#include "wire/build.h"
#include "wire/bytes.h"
#include "wire/csum.h"

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
	unsigned headers = build_headers(frame, &sent, &frames_our_mac, &frames_peer_mac);

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
		 csum_add(csum_pseudo(bytes_get32(ip + 12), bytes_get32(ip + 16), IP_PROTOCOL_TCP, len),
			  csum_bytes(tcp, len)));
}

uint32_t frames_icmp(uint8_t frame[FRAMES_MAX], uint8_t type, uint8_t code, const void *data, uint32_t len)
{
	uint8_t *message = frame + ETH_BYTES + IP_BYTES;

	eth_build(frame,
		  &(struct eth_hdr){ .dst = frames_our_mac, .src = frames_peer_mac, .type = ETH_TYPE_IPV4 });
	ip_build(frame + ETH_BYTES, &(struct ip_hdr){ .src = FRAMES_PEER,
						      .dst = FRAMES_OURS,
						      .total_bytes = (uint16_t)(IP_BYTES + 8 + len),
						      .protocol = IP_PROTOCOL_ICMP,
						      .ttl = 64 });
	ip_build_csum(frame + ETH_BYTES);
	memset(message, 0, 8);
	message[0] = type;
	message[1] = code;
	if (len > 0)
		memcpy(message + 8, data, len);
	csum_put(message + 2, csum_bytes(message, 8 + len));
	return ETH_BYTES + IP_BYTES + 8 + len;
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
