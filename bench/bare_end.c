/* SPDX-License-Identifier: BSD-3-Clause */
#include "bare_end.h"

#include <stdio.h>

#include <rte_mbuf.h>

#include "bench.h"
#include "conn_ends.h"
#include "nic/nic.h"

#define BUFFERS_CACHE 256
#define BUFFER_BYTES 2048

int bare_end_init(struct bare_end *end, const struct port *port, bool is_client)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	*end = (struct bare_end){ .is_client = is_client };
	burst_init(&end->burst, port, 0, NULL);
	bare_packets_init(&end->packets);
	snprintf(name, sizeof(name), "bare_end%u", port->id);
	end->pool = rte_pktmbuf_pool_create(name, BARE_END_BUFFERS, BUFFERS_CACHE, 0,
					    RTE_PKTMBUF_HEADROOM + BUFFER_BYTES, SOCKET_ID_ANY);
	if (end->pool != NULL)
		return 0;
	bench_note("no memory for %u buffers; give EAL more (-m)", BARE_END_BUFFERS);
	return -1;
}

void bare_end_fini(struct bare_end *end)
{
	rte_mempool_free(end->pool);
	end->pool = NULL;
}

/* Packets of these kinds. */
static void send_packets(struct bare_end *end, const uint8_t *kinds, uint16_t n)
{
	struct rte_mbuf *m[BURST_FRAMES];

	if (rte_pktmbuf_alloc_bulk(end->pool, m, n) != 0) {
		end->faults += n;
		return;
	}
	for (uint16_t i = 0; i < n; i++)
		bare_packet_write(&end->packets, m[i], kinds[i], kinds[i]);
	burst_tx(&end->burst, m, n, 0);
	end->frames += n;
	/* What is under way fits each ring. */
	end->faults += end->burst.backlog_count;
	burst_drain(&end->burst);
}

/* What answers a packet; BARE_PACKETS: nothing. */
static uint8_t answer(struct bare_end *end, const struct rte_mbuf *m)
{
	uint32_t kind;

	if (!bare_packet_read(m, &kind) || kind >= BARE_PACKETS ||
	    (bare_shapes[kind].sender == 0) == end->is_client) {
		end->faults++;
		return BARE_PACKETS;
	}
	if (kind == BARE_PACKETS - 1) {
		end->open--;
		end->lives++;
	}
	return (uint8_t)(kind + 1);
}

static bool answer_burst(struct bare_end *end)
{
	struct rte_mbuf *m[BURST_FRAMES];
	uint8_t kinds[BURST_FRAMES];
	uint16_t received = burst_rx(&end->burst, m, BURST_FRAMES), n = 0;

	for (uint16_t i = 0; i < received; i++) {
		kinds[n] = answer(end, m[i]);
		n += kinds[n] < BARE_PACKETS;
	}
	rte_pktmbuf_free_bulk(m, received);
	if (n > 0)
		send_packets(end, kinds, n);
	return received > 0;
}

static bool open_burst(struct bare_end *end)
{
	static const uint8_t syns[BURST_FRAMES] = { 0 };
	uint32_t n = CONN_LIVES - end->open;

	if (n == 0)
		return false;
	n = n < BURST_FRAMES ? n : BURST_FRAMES;
	end->open += n;
	send_packets(end, syns, (uint16_t)n);
	return true;
}

static void run(struct bare_end *end, uint64_t end_tsc, bool opens)
{
	uint64_t tsc = rte_rdtsc();

	while (tsc < end_tsc) {
		bool busy = answer_burst(end);
		uint64_t now;

		if (opens)
			busy |= open_burst(end);
		now = rte_rdtsc();
		if (busy)
			end->busy_cycles += now - tsc;
		else
			rte_pause();
		tsc = now;
	}
}

void bare_end_turn(struct bare_end *end, const struct core_turn *turn, struct core_result *result)
{
	struct bare_end before = *end;

	core_turn_await(turn->begin);
	run(end, turn->end, end->is_client);
	*result = (struct core_result){
		.lives = end->lives - before.lives,
		.busy_cycles = end->busy_cycles - before.busy_cycles,
		.cycles = rte_rdtsc() - turn->begin,
	};
	run(end, turn->end + CORE_TURN_REST(rte_get_tsc_hz()), false);
	result->ended = end->lives - before.lives;
	result->frames = end->frames - before.frames;
	result->faults = end->faults - before.faults;
	result->unfinished = end->open;
}
