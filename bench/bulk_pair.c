/* SPDX-License-Identifier: BSD-3-Clause */
#include "bulk_pair.h"

#include <errno.h>
#include <inttypes.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "bench.h"

#define NS_PER_MS 1000000ull
#define OPEN_WAIT_NS (1000 * NS_PER_MS)
/* Pieces that are kept queued: a window's worth, weir's receive_buffers and send_buffers by default. */
#define QUEUED 64
/* Segments that were short, and ACKs: one for each two segments at most. */
#define FRAMES_PER_PIECE_MAX 1.51

static void open_connection(struct bulk_pair *pair, struct weir_core *core)
{
	if (!pair->asked && !pair->broken)
		pair->asked = end_pair_connect(core, &pair->conn) == 0;
}

/* Weir is asked how much of it is under way, so that nothing is copied that it does not take. */
static void send_more(struct bulk_pair *pair, struct weir_core *core)
{
	struct weir_info info;

	if (weir_info(core, pair->conn, &info) != 0)
		return;
	pair->piece = info.mss;
	for (uint64_t queued = info.unsent_bytes + info.unacked_bytes;
	     queued + info.mss <= (uint64_t)QUEUED * info.mss; queued += info.mss) {
		if (weir_send_copy(core, pair->conn, bulk_bytes_at(pair->bytes, pair->sent), info.mss) != 0)
			return;
		pair->sent += info.mss;
	}
}

static void client_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	struct bulk_pair *pair = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		pair->open |= (events[i].what & WEIR_EV_OPENED) != 0;
		pair->broken |= (events[i].what & (WEIR_EV_CLOSED | WEIR_EV_DATA)) != 0;
	}
	if (pair->open)
		send_more(pair, core);
	else
		open_connection(pair, core);
}

static void server_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	struct bulk_pair *pair = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		pair->broken |= (events[i].what & WEIR_EV_CLOSED) != 0;
		if (!(events[i].what & WEIR_EV_DATA))
			continue;
		for (const struct rte_mbuf *m = events[i].payload; m != NULL; m = m->next) {
			pair->broken |= !bulk_bytes_take(pair->bytes, pair->verified,
							 rte_pktmbuf_mtod(m, const void *), m->data_len);
			pair->verified += m->data_len;
		}
		weir_release(core, events[i].conn, events[i].payload);
	}
}

int bulk_pair_open(struct bulk_pair *pair, struct bulk_bytes *bytes, const struct cable *cable)
{
	int lcore = (int)rte_get_main_lcore();

	*pair = (struct bulk_pair){ .bytes = bytes };
	if (end_pair_open(&pair->ends, &(struct end_pair_setup){ .bench = "bulk",
								 .client = client_round,
								 .server = server_round,
								 .arg = pair,
								 .client_lcore = lcore,
								 .server_lcore = lcore,
								 .cable = cable }) != 0)
		return -1;
	for (uint64_t end = weir_now_ns() + OPEN_WAIT_NS; weir_now_ns() < end && pair->verified == 0;)
		bulk_pair_run(pair, NS_PER_MS);
	if (pair->verified > 0 && !pair->broken)
		return 0;
	bench_note("bulk: no bytes come through");
	bulk_pair_close(pair);
	return -1;
}

void bulk_pair_run(struct bulk_pair *pair, uint64_t ns)
{
	end_pair_run(&pair->ends, ns);
}

bool bulk_pair_is_clean(const struct bulk_pair *pair)
{
	struct end_pair_counts counts;
	double frames;

	end_pair_counts(&pair->ends, &counts);
	frames = (double)counts.frames * pair->piece / (double)counts.bytes;
	bench_note("bulk: %" PRIu64 " MB in segments of %u, %.3f frames each, ACKs included",
		   counts.bytes / 1000000, pair->piece, frames);
	if (!pair->broken && pair->verified == counts.bytes && frames < FRAMES_PER_PIECE_MAX)
		return true;
	bench_note("bulk: %" PRIu64 " bytes verified, %" PRIu64 " retransmissions, %" PRIu64
		   " drops%s: no result",
		   pair->verified, counts.retransmits, counts.lost,
		   pair->broken ? ", a wrong byte or an end" : "");
	return false;
}

int bulk_pair_close(struct bulk_pair *pair)
{
	return end_pair_close(&pair->ends);
}
