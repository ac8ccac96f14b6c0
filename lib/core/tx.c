/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * weir_output(): what ARP and ICMP have to say, then TCP's segments, each in a frame of its own. Frames are
 * built anew for a retransmission, too: one that was handed on may be anybody's by now.
 */
#include "core/core.h"

#include "base/check.h"
#include "base/stage.h"
#include "core/payload_mbuf.h"
#include "core/vlan.h"
#include "wire/build.h"
#include "wire/plain_like.h"

void tx_finish_software(struct rte_mbuf *frame, const struct seg *seg, uint64_t payload_sum)
{
	build_csum_of(rte_pktmbuf_mtod(frame, uint8_t *), seg, payload_sum);
}

void tx_finish_offload(struct rte_mbuf *frame, const struct seg *seg, uint64_t payload_sum)
{
	uint8_t *bytes = rte_pktmbuf_mtod(frame, uint8_t *);

	(void)payload_sum;
	build_csum_offload(bytes, seg);
	frame->ol_flags = tuple_is6(&seg->tuple) ?
				  RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM :
				  RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	frame->l2_len = ETH_BYTES;
	frame->l3_len = build_tcp_at(seg) - ETH_BYTES;
	frame->l4_len = tcp_hdr_bytes(bytes + build_tcp_at(seg));
}

struct rte_mbuf *core_alloc(struct weir_core *core)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(core->pool);

	if (m == NULL)
		count(&core->counters, COUNT_tx_no_buffer);
	else
		count(&core->counters, COUNT_mbufs_taken);
	return m;
}

static uint64_t buffers_of(struct rte_mbuf *const *frames, unsigned n)
{
	uint64_t buffers = 0;

	for (unsigned i = 0; i < n; i++)
		buffers += frames[i]->nb_segs;
	return buffers;
}

/*
 * As rte_pktmbuf_free_bulk(), but without a call, and by one look at what nearly all are:
 * whole, and of one pool.
 */
void core_free(struct weir_core *core, struct rte_mbuf **frames, unsigned n)
{
	struct rte_mempool *pool = n > 0 ? frames[0]->pool : NULL;
	uint64_t buffers = 0;
	unsigned whole = 0;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = frames[i];

		buffers += m->nb_segs;
		if (likely(m->pool == pool && m->next == NULL && core_owns(m)))
			frames[whole++] = m;
		else
			rte_pktmbuf_free(m);
	}
	if (whole > 0)
		rte_mempool_put_bulk(pool, (void **)frames, whole);
	count_add(&core->counters, COUNT_mbufs_returned, buffers);
}

/* Buffers for n segments, or for as many as the pool has. */
static unsigned alloc(struct weir_core *core, struct rte_mbuf **frames, unsigned n)
{
	if (rte_pktmbuf_alloc_bulk(core->pool, frames, n) != 0) {
		unsigned got = 0;

		while (got < n && (frames[got] = rte_pktmbuf_alloc(core->pool)) != NULL)
			got++;
		count_add(&core->counters, COUNT_tx_no_buffer, n - got);
		n = got;
	}
	count_add(&core->counters, COUNT_mbufs_taken, n);
	return n;
}

/* The payload first: its sum goes into the headers. */
static inline void fill_plain(struct weir_core *core, struct rte_mbuf *m, const struct seg *seg,
			      const struct seg_side *side, const struct eth_addr *dst)
{
	uint8_t *bytes = rte_pktmbuf_mtod(m, uint8_t *);
	uint64_t sum = 0;

	DCHECK(plain_headers(seg) + seg->len <= rte_pktmbuf_tailroom(m));
	if (seg->len > 0)
		sum = tcp_read(core->tcp, seg, bytes + plain_headers(seg));
	m->data_len = (uint16_t)(plain_build(bytes, seg, &side->pair, dst, &core->net.mac, sum) + seg->len);
	m->pkt_len = m->data_len;
}

/* One of a run. */
static inline void fill_like(struct weir_core *core, struct rte_mbuf *m, const struct seg *seg,
			     const struct plain_like *like)
{
	uint8_t *bytes = rte_pktmbuf_mtod(m, uint8_t *);

	plain_build_like(bytes, like, seg->seq, tcp_read(core->tcp, seg, bytes + like->bytes));
	m->data_len = (uint16_t)(like->bytes + seg->len);
	m->pkt_len = m->data_len;
}

static inline void fill(struct weir_core *core, struct rte_mbuf *m, struct seg *seg,
			const struct seg_side *side, const struct eth_addr *dst)
{
	if (!(seg->opts & SEG_OPT_SACK) && core->tx_finish == tx_finish_software) {
		fill_plain(core, m, seg, side, dst);
		return;
	}
	uint8_t *bytes = rte_pktmbuf_mtod(m, uint8_t *);
	unsigned headers = build_headers(bytes, seg, &side->pair, dst, &core->net.mac);
	uint64_t payload_sum = 0;

	DCHECK(headers + seg->len <= rte_pktmbuf_tailroom(m));
	if (seg->opts & SEG_OPT_SACK)
		build_sack(bytes, seg, &side->sack);
	if (seg->len > 0)
		payload_sum = tcp_read(core->tcp, seg, bytes + headers);
	m->data_len = (uint16_t)(headers + seg->len);
	m->pkt_len = m->data_len;
	core->tx_finish(m, seg, payload_sum);
}

void tx_fill(struct weir_core *core, struct rte_mbuf *m, const struct seg *seg, const struct pair *pair,
	     const struct eth_addr *dst)
{
	uint8_t *bytes = rte_pktmbuf_mtod(m, uint8_t *);

	if (core->tx_finish == tx_finish_software) {
		m->data_len = (uint16_t)plain_build(bytes, seg, pair, dst, &core->net.mac, 0);
		m->pkt_len = m->data_len;
		return;
	}
	m->data_len = (uint16_t)build_headers(bytes, seg, pair, dst, &core->net.mac);
	m->pkt_len = m->data_len;
	core->tx_finish(m, seg, 0);
}

/* The next hop of the last segment, and where it is: mostly there are many to the same one. */
struct way {
	struct weir_address hop;
	const struct eth_addr *dst; /* NULL: not known */
};

/* False: there is no way to where the segment goes. */
static inline bool find_way(struct weir_core *core, const struct seg *seg, const struct seg_side *side,
			    struct way *way)
{
	struct weir_address hop = net_tuple_hop(&core->net, &seg->tuple, &side->pair);

	if (way->dst != NULL && address_equal(hop, way->hop))
		return true;
	way->hop = hop;
	way->dst = address_is_none(hop) ? NULL : neigh_find(&core->net.neigh, hop, core->now_ns);
	return !address_is_none(hop);
}

/* A segment that has to wait for its neighbour. */
static void hold(struct weir_core *core, struct rte_mbuf *m, struct seg *seg, const struct seg_side *side,
		 struct weir_address hop)
{
	static const struct eth_addr unknown;

	fill(core, m, seg, side, &unknown);
	neigh_hold(&core->net.neigh, hop, payload_from_mbuf(m, &core->counters), core->now_ns);
}

/* Those behind the first that say what it says. Returns how many. */
static unsigned fill_rest(struct weir_core *core, struct rte_mbuf *const *frames, const struct seg *segs,
			  const struct seg_side *sides, unsigned n, const struct eth_addr *dst)
{
	struct plain_like like;
	unsigned i = 1;

	plain_like_of(&like, segs, &sides->pair, dst, &core->net.mac);
	for (; i < n && segs[i].like_last; i++)
		fill_like(core, frames[i], &segs[i], &like);
	return i - 1;
}

/* The first segment, and with it the rest of its run, unless the port makes checksums. Returns how many. */
static inline unsigned fill_run(struct weir_core *core, struct rte_mbuf *const *frames, struct seg *segs,
				const struct seg_side *sides, unsigned n, const struct eth_addr *dst)
{
	fill(core, frames[0], segs, sides, dst);
	if (n == 1 || !segs[1].like_last || core->tx_finish != tx_finish_software)
		return 1;
	return 1 + fill_rest(core, frames, segs, sides, n, dst);
}

/* Segments to frames; *n_out of them go now. False: the pool is empty. */
static bool send_burst(struct weir_core *core, struct seg *segs, const struct seg_side *sides, unsigned n,
		       struct rte_mbuf **out, unsigned *n_out)
{
	struct rte_mbuf *frames[CORE_BURST];
	unsigned got = alloc(core, frames, n), sent = 0;
	struct way way = { .dst = NULL };

	for (unsigned i = 0, run = 1; i < got; i += run, run = 1) {
		struct rte_mbuf *m = frames[i];

		if (unlikely(!find_way(core, &segs[i], &sides[i], &way))) {
			count(&core->counters, COUNT_tx_no_route);
			core_free(core, &m, 1);
		} else if (unlikely(way.dst == NULL)) {
			hold(core, m, &segs[i], &sides[i], way.hop);
		} else {
			run = fill_run(core, &frames[i], &segs[i], &sides[i], got - i, way.dst);
			for (unsigned k = 0; k < run; k++)
				out[sent++] = frames[i + k];
		}
	}
	*n_out = sent;
	return got == n;
}

static unsigned output_segments(struct weir_core *core, struct rte_mbuf **out, unsigned max)
{
	_Alignas(64) struct seg segs[CORE_BURST];
	struct seg_side sides[CORE_BURST];
	unsigned done = 0;

	while (done < max) {
		unsigned want = max - done < CORE_BURST ? max - done : CORE_BURST, sent;
		stage_enter(STAGE_OUTPUT);
		unsigned n = tcp_output(core->tcp, segs, sides, want, core->now_ns);

		if (n == 0)
			break;
		stage_enter(STAGE_BUILD);
		bool more = send_burst(core, segs, sides, n, out + done, &sent);

		done += sent;
		/* An empty pool costs one burst per call, not all that TCP has to say. */
		if (n < want || !more)
			break;
	}
	return done;
}

/* SYN-ACKs that stand in the frames of their SYNs. */
static unsigned output_turned(struct weir_core *core, struct rte_mbuf **out, unsigned max)
{
	unsigned n = core->turned_count < max ? core->turned_count : max;

	memcpy(out, &core->turned[core->turned_first], n * sizeof(out[0]));
	core->turned_count -= n;
	core->turned_first = core->turned_count == 0 ? 0 : core->turned_first + n;
	return n;
}

unsigned weir_output(struct weir_core *core, struct rte_mbuf **mbufs, unsigned max)
{
	unsigned n = output_turned(core, mbufs, max);

	n += control_output(core, mbufs + n, max - n);
	n += output_segments(core, mbufs + n, max - n);
	/* Segments may just have found out that nobody knows their neighbour yet. */
	n += control_output(core, mbufs + n, max - n);
	if (core->vlan != 0)
		n = vlan_put_on(core, mbufs, n);
	count_add(&core->counters, COUNT_frames_out, n);
	count_add(&core->counters, COUNT_mbufs_returned, buffers_of(mbufs, n));
	return n;
}
