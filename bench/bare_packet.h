/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bare_packet.h - the packets of a short connection as a program writes and verifies them that knows no TCP.
 *
 * They are those of the six of a short connection, in sizes and number: SYN, SYN-ACK, ACK with 64 bytes, 64
 * bytes with FIN, FIN, ACK, with timestamps. Each carries a number, where TCP has its sequence number.
 * Inline, because a call for each packet would be a good part of what the bare loops cost.
 */
#ifndef WEIR_BENCH_BARE_PACKET_H
#define WEIR_BENCH_BARE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "wire/csum.h"

#define BARE_PACKETS 6
#define BARE_PAYLOAD_MAX 64

struct bare_shape {
	uint8_t options; /* bytes */
	uint8_t payload;
	uint8_t sender; /* which end */
};

/* MSS, SACK-permitted, timestamps and window scale are 20 bytes with their padding; timestamps alone 12. */
static const struct bare_shape bare_shapes[BARE_PACKETS] = {
	{ 20, 0, 0 }, { 20, 0, 1 }, { 12, 64, 0 }, { 12, 64, 1 }, { 12, 0, 0 }, { 12, 0, 1 },
};

struct bare_headers {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
	uint8_t options[20];
};

_Static_assert(offsetof(struct bare_headers, options) == 54, "no padding between headers");

struct bare_packets {
	struct bare_headers templates[BARE_PACKETS];
	uint8_t payload[BARE_PAYLOAD_MAX];
};

static inline unsigned bare_header_bytes(unsigned kind)
{
	return (unsigned)offsetof(struct bare_headers, options) + bare_shapes[kind].options;
}

static inline void bare_packets_init(struct bare_packets *packets)
{
	memset(packets, 0, sizeof(*packets));
	for (unsigned kind = 0; kind < BARE_PACKETS; kind++) {
		const struct bare_shape *shape = &bare_shapes[kind];
		struct bare_headers *h = &packets->templates[kind];
		unsigned ip_bytes = bare_header_bytes(kind) - RTE_ETHER_HDR_LEN + shape->payload;

		h->eth.ether_type = htobe16(RTE_ETHER_TYPE_IPV4);
		h->ip.version_ihl = RTE_IPV4_VHL_DEF;
		h->ip.total_length = htobe16((uint16_t)ip_bytes);
		h->ip.time_to_live = 64;
		h->ip.next_proto_id = IPPROTO_TCP;
		h->ip.src_addr = htobe32(shape->sender == 0 ? 0xc6120001 : 0xc6130001);
		h->ip.dst_addr = htobe32(shape->sender == 0 ? 0xc6130001 : 0xc6120001);
		h->tcp.data_off = (uint8_t)((sizeof(h->tcp) + shape->options) << 2);
		h->tcp.tcp_flags = RTE_TCP_ACK_FLAG;
		memset(h->options, 1, sizeof(h->options)); /* no-operation */
	}
}

static inline uint64_t bare_pseudo_sum(const struct bare_headers *h, unsigned tcp_bytes)
{
	return csum_pseudo(weir_ipv4(be32toh(h->ip.src_addr)), weir_ipv4(be32toh(h->ip.dst_addr)),
			   IPPROTO_TCP, (uint16_t)tcp_bytes);
}

static inline void bare_packet_write(const struct bare_packets *packets, struct rte_mbuf *m, unsigned kind,
				     uint32_t number)
{
	unsigned len = bare_header_bytes(kind), payload = bare_shapes[kind].payload;
	unsigned tcp_bytes = len - (unsigned)offsetof(struct bare_headers, tcp) + payload;
	struct bare_headers *h = rte_pktmbuf_mtod(m, struct bare_headers *);

	memcpy(h, &packets->templates[kind], len);
	memcpy((uint8_t *)h + len, packets->payload, payload);
	h->tcp.sent_seq = htobe32(number);
	csum_put((uint8_t *)&h->ip.hdr_checksum, csum_header((const uint8_t *)&h->ip, sizeof(h->ip)));
	csum_put((uint8_t *)&h->tcp.cksum,
		 csum_add(bare_pseudo_sum(h, tcp_bytes), csum_bytes(&h->tcp, tcp_bytes)));
	m->data_len = (uint16_t)(len + payload);
	m->pkt_len = m->data_len;
}

/* Whether both checksums are right; the number. */
static inline bool bare_packet_read(const struct rte_mbuf *m, uint32_t *number)
{
	const struct bare_headers *h = rte_pktmbuf_mtod(m, const struct bare_headers *);
	unsigned tcp_bytes = be16toh(h->ip.total_length) - (unsigned)sizeof(h->ip);

	*number = be32toh(h->tcp.sent_seq);
	return csum_fold(csum_header((const uint8_t *)&h->ip, sizeof(h->ip))) == CSUM_RIGHT &&
	       csum_fold(csum_add(bare_pseudo_sum(h, tcp_bytes), csum_bytes(&h->tcp, tcp_bytes))) ==
		       CSUM_RIGHT;
}

#endif
