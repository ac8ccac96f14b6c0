/* SPDX-License-Identifier: BSD-3-Clause */
#include "bare_loop.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "bench.h"
#include "nic/wire.h"
#include "wire/csum.h"

#define BURST 32
#define BUFFERS 8191
#define BUFFERS_CACHE 256
#define BUFFER_BYTES 2048
#define PAYLOAD_MAX 64

struct shape {
	uint8_t options; /* bytes */
	uint8_t payload;
	uint8_t sender; /* which end */
};

/* MSS, SACK-permitted, timestamps and window scale are 20 bytes with their padding; timestamps alone 12. */
static const struct shape shapes[BARE_LOOP_PACKETS] = {
	{ 20, 0, 0 }, { 20, 0, 1 }, { 12, 64, 0 }, { 12, 64, 1 }, { 12, 0, 0 }, { 12, 0, 1 },
};

struct headers {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
	uint8_t options[20];
};

_Static_assert(offsetof(struct headers, options) == 54, "no padding between headers");

struct bare_loop {
	struct wire wire;
	struct port ends[2];
	struct rte_mempool *pool;
	struct headers templates[BARE_LOOP_PACKETS];
	uint8_t payload[PAYLOAD_MAX];
	uint32_t number; /* of the next packet, its sequence number */
	uint32_t expected;
	uint64_t lost;
};

static unsigned header_bytes(const struct shape *shape)
{
	return (unsigned)offsetof(struct headers, options) + shape->options;
}

static void make_template(struct headers *h, const struct shape *shape)
{
	unsigned ip_bytes = header_bytes(shape) - RTE_ETHER_HDR_LEN + shape->payload;

	memset(h, 0, sizeof(*h));
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

static uint64_t pseudo_sum(const struct headers *h, unsigned tcp_bytes)
{
	return csum_pseudo(weir_ipv4(be32toh(h->ip.src_addr)), weir_ipv4(be32toh(h->ip.dst_addr)),
			   IPPROTO_TCP, (uint16_t)tcp_bytes);
}

static void write_packet(struct bare_loop *loop, struct rte_mbuf *m, unsigned kind)
{
	const struct shape *shape = &shapes[kind];
	unsigned len = header_bytes(shape);
	unsigned tcp_bytes = len - (unsigned)offsetof(struct headers, tcp) + shape->payload;
	struct headers *h = rte_pktmbuf_mtod(m, struct headers *);

	memcpy(h, &loop->templates[kind], len);
	memcpy((uint8_t *)h + len, loop->payload, shape->payload);
	h->tcp.sent_seq = htobe32(loop->number++);
	csum_put((uint8_t *)&h->ip.hdr_checksum, csum_header((const uint8_t *)&h->ip, sizeof(h->ip)));
	csum_put((uint8_t *)&h->tcp.cksum,
		 csum_add(pseudo_sum(h, tcp_bytes), csum_bytes(&h->tcp, tcp_bytes)));
	m->data_len = (uint16_t)(len + shape->payload);
	m->pkt_len = m->data_len;
}

static bool packet_is_right(struct bare_loop *loop, const struct rte_mbuf *m)
{
	const struct headers *h = rte_pktmbuf_mtod(m, const struct headers *);
	unsigned tcp_bytes = be16toh(h->ip.total_length) - (unsigned)sizeof(h->ip);

	return csum_fold(csum_header((const uint8_t *)&h->ip, sizeof(h->ip))) == CSUM_RIGHT &&
	       csum_fold(csum_add(pseudo_sum(h, tcp_bytes), csum_bytes(&h->tcp, tcp_bytes))) == CSUM_RIGHT &&
	       be32toh(h->tcp.sent_seq) == loop->expected++;
}

/* A burst of one kind of packet, from its sender to the other end. */
static void move_burst(struct bare_loop *loop, unsigned kind)
{
	uint8_t sender = shapes[kind].sender;
	struct rte_mbuf *m[BURST];
	uint16_t sent, received;

	if (rte_pktmbuf_alloc_bulk(loop->pool, m, BURST) != 0) {
		loop->lost += BURST;
		return;
	}
	for (unsigned i = 0; i < BURST; i++)
		write_packet(loop, m[i], kind);
	sent = rte_eth_tx_burst(loop->ends[sender].id, 0, m, BURST);
	if (sent < BURST)
		rte_pktmbuf_free_bulk(m + sent, BURST - sent);
	received = rte_eth_rx_burst(loop->ends[!sender].id, 0, m, BURST);
	loop->lost += BURST - received;
	for (unsigned i = 0; i < received; i++)
		loop->lost += !packet_is_right(loop, m[i]);
	rte_pktmbuf_free_bulk(m, received);
}

double bare_loop_run(struct bare_loop *loop, uint64_t cycles)
{
	uint64_t begin = bench_cycles(), start = rte_rdtsc(), lives = 0;

	while (rte_rdtsc() - start < cycles) {
		for (unsigned kind = 0; kind < BARE_LOOP_PACKETS; kind++)
			move_burst(loop, kind);
		lives += BURST;
	}
	if (loop->lost > 0) {
		bench_note("the bare loop lost %lu packets", loop->lost);
		return 0;
	}
	return (double)(bench_cycles() - begin) / (double)lives;
}

struct bare_loop *bare_loop_create(void)
{
	struct bare_loop *loop = calloc(1, sizeof(*loop));
	const struct port_options options = { .queues = 1, .software_checksums = true };
	struct why why = { 0 };

	if (loop == NULL)
		return NULL;
	for (unsigned kind = 0; kind < BARE_LOOP_PACKETS; kind++)
		make_template(&loop->templates[kind], &shapes[kind]);
	loop->pool = rte_pktmbuf_pool_create("bare_loop", BUFFERS, BUFFERS_CACHE, 0,
					     RTE_PKTMBUF_HEADROOM + BUFFER_BYTES, SOCKET_ID_ANY);
	if (loop->pool == NULL) {
		bench_note("no memory for %u buffers; give EAL more (-m)", BUFFERS);
		goto free_loop;
	}
	if (wire_create(&loop->wire, loop->ends, &options, SOCKET_ID_ANY, &why) != 0)
		goto free_pool;
	if (port_start(&loop->ends[0], &loop->pool, &why) == 0 &&
	    port_start(&loop->ends[1], &loop->pool, &why) == 0)
		return loop;

	port_close(&loop->ends[0]);
	port_close(&loop->ends[1]);
	wire_destroy(&loop->wire);
free_pool:
	bench_note("%s", why.text);
	rte_mempool_free(loop->pool);
free_loop:
	free(loop);
	return NULL;
}

void bare_loop_destroy(struct bare_loop *loop)
{
	wire_drain(&loop->wire);
	port_close(&loop->ends[0]);
	port_close(&loop->ends[1]);
	wire_destroy(&loop->wire);
	rte_mempool_free(loop->pool);
	free(loop);
}
