/* SPDX-License-Identifier: BSD-3-Clause */
#include "bare_loop.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "bare_packet.h"
#include "bench.h"
#include "nic/burst.h"
#include "nic/wire.h"

#define BURST BURST_FRAMES
#define LAST_ACK 4 /* of bare_packet.h, by the first end */
#define BUFFERS 8191
#define BUFFERS_CACHE 256
#define BUFFER_BYTES 2048

struct bare_loop {
	struct wire wire;
	struct port ends[2];
	struct burst bursts[2]; /* of the ends */
	struct rte_mempool *pool;
	struct bare_packets packets;
	unsigned life;   /* packets */
	uint32_t number; /* of the next packet, its sequence number */
	uint32_t expected;
	uint64_t lost;
};

static bool packet_is_right(struct bare_loop *loop, const struct rte_mbuf *m)
{
	uint32_t number;

	return bare_packet_read(m, &number) && number == loop->expected++;
}

/* A burst of one kind of packet, from its sender to the other end. */
static void move_burst(struct bare_loop *loop, unsigned kind)
{
	uint8_t sender = bare_shapes[kind].sender;
	struct rte_mbuf *m[BURST];
	uint16_t received;

	if (rte_pktmbuf_alloc_bulk(loop->pool, m, BURST) != 0) {
		loop->lost += BURST;
		return;
	}
	for (unsigned i = 0; i < BURST; i++)
		bare_packet_write(&loop->packets, m[i], kind, loop->number++);
	burst_tx(&loop->bursts[sender], m, BURST, 0);
	received = burst_rx(&loop->bursts[!sender], m, BURST);
	loop->lost += BURST - received;
	for (unsigned i = 0; i < received; i++)
		loop->lost += !packet_is_right(loop, m[i]);
	rte_pktmbuf_free_bulk(m, received);
}

double bare_loop_run(struct bare_loop *loop, uint64_t cycles)
{
	uint64_t begin = bench_cycles(), start = rte_rdtsc(), lives = 0;

	while (rte_rdtsc() - start < cycles) {
		for (unsigned i = 0; i < loop->life; i++)
			move_burst(loop, i < BARE_PACKETS ? i : LAST_ACK);
		lives += BURST;
	}
	if (loop->lost > 0) {
		bench_note("the bare loop lost %lu packets", loop->lost);
		return 0;
	}
	return (double)(bench_cycles() - begin) / (double)lives;
}

struct bare_loop *bare_loop_create(unsigned packets)
{
	static unsigned made;
	struct bare_loop *loop = calloc(1, sizeof(*loop));
	char name[RTE_MEMPOOL_NAMESIZE];
	const struct port_options options = { .queues = 1, .software_checksums = true };
	struct why why = { 0 };

	if (loop == NULL)
		return NULL;
	loop->life = packets;
	bare_packets_init(&loop->packets);
	snprintf(name, sizeof(name), "bare_loop%u", made++);
	loop->pool = rte_pktmbuf_pool_create(name, BUFFERS, BUFFERS_CACHE, 0,
					     RTE_PKTMBUF_HEADROOM + BUFFER_BYTES, SOCKET_ID_ANY);
	if (loop->pool == NULL) {
		bench_note("no memory for %u buffers; give EAL more (-m)", BUFFERS);
		goto free_loop;
	}
	if (wire_create(&loop->wire, loop->ends, &options, SOCKET_ID_ANY, &why) != 0)
		goto free_pool;
	if (port_start(&loop->ends[0], &loop->pool, &why) == 0 &&
	    port_start(&loop->ends[1], &loop->pool, &why) == 0) {
		burst_init(&loop->bursts[0], &loop->ends[0], 0, NULL);
		burst_init(&loop->bursts[1], &loop->ends[1], 0, NULL);
		return loop;
	}

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
