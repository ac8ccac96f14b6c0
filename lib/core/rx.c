/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * weir_input(): a burst goes through stages, each over all of its frames.
 *
 *     vlan       tags come off; only where there are any
 *     lane       SYNs that cookies answer, while there is a flood: done at once (syn_lane.h)
 *     parse      frames to segments; nothing is counted, freed or answered yet
 *     tcp        the segments, in order; TCP may take fewer
 *     turn       SYNs that TCP has made into SYN-ACKs: the frame that brought the one takes the other back
 *     hand over  segments of other shards' connections; only where several share a port
 *     dispose    of the frames up to the first that TCP did not take: count, answer, free
 *
 * Nothing has an effect before TCP has said how far the burst goes, so that what was not taken can be
 * offered again as if nothing had been.
 */
#include "core/core.h"

#include <rte_prefetch.h>

#include "base/stage.h"
#include "core/chain.h"
#include "core/payload_mbuf.h"
#include "core/syn_lane.h"
#include "core/vlan.h"
#include "wire/build.h"
#include "wire/parse.h"
#include "wire/plain.h"

/* What a frame turned out to be. */
enum rx_kind {
	RX_DROP, /* verdicts[] says why */
	RX_TCP,
	RX_ARP,
	RX_ICMP,
	RX_PROBLEM, /* a drop that its sender should be told of, as well */
};

struct rx_burst {
	struct rte_mbuf **mbufs; /* NULL: the frame is somebody else's by now */
	unsigned count;
	/*
	 * Of frames that are not plain, whose bits are set;
	 * a plain one is of one buffer, and a segment of TCP's.
	 */
	uint64_t others;
	uint64_t handed; /* frames that are other shards' */
	struct frame frames[CORE_BURST];
	verdict verdicts[CORE_BURST];
	uint16_t buffers[CORE_BURST]; /* mbuf segments of the frame, before anybody appends to it */
	uint8_t kinds[CORE_BURST];
	/* Of segments. */
	unsigned segs_count;
	uint64_t texts; /* those with payload */
	_Alignas(64) struct seg segs[CORE_BURST];
	struct seg_side sides[CORE_BURST];
	uint16_t fronts[CORE_BURST]; /* of those with payload: bytes of headers that were cut off */
	uint8_t places[CORE_BURST];  /* of its frame */
};

/* The first n of a burst. */
static uint64_t first_bits(unsigned n)
{
	return n == 0 ? 0 : UINT64_MAX >> (64 - n);
}

static unsigned take_bit(uint64_t *bits)
{
	unsigned i = (unsigned)__builtin_ctzll(*bits);

	*bits &= *bits - 1;
	return i;
}

/* Asks for the frames' first bytes. The flags that any of them has. */
static uint64_t look_at(struct rte_mbuf *const *mbufs, unsigned n)
{
	uint64_t flags = 0;

	for (unsigned i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const void *));
		flags |= mbufs[i]->ol_flags;
	}
	return flags;
}

static struct frame frame_of(const struct weir_core *core, const struct rte_mbuf *m)
{
	uint64_t flags = m->ol_flags & core->rx_flags;

	/*
	 * In each pair of flags the bit "good" is also set in the value "none": not right as it stands,
	 * but known to be unharmed, as between virtual machines. Only what is unknown or bad is added up
	 * here.
	 */
	return (struct frame){
		.bytes = rte_pktmbuf_mtod(m, const uint8_t *),
		.contiguous = m->data_len,
		.total = m->pkt_len,
		.ip_verified = flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD,
		.l4_verified = flags & RTE_MBUF_F_RX_L4_CKSUM_GOOD,
	};
}

static verdict check_addresses(const struct weir_core *core, const struct ip_hdr *ip, bool group)
{
	verdict v = net_check_addresses(&core->net, ip);

	/* RFC 1122 section 3.3.6: to one host, but sent to all on the link. */
	if (v == ACCEPTED && group && !address_is_multicast(ip->dst))
		return COUNT_drop_ip_destination;
	return v;
}

static enum rx_kind kind_of(const struct ip_hdr *ip, verdict *v)
{
	if (ip->protocol == (ip_is6(ip) ? IP_PROTOCOL_ICMP6 : IP_PROTOCOL_ICMP))
		return RX_ICMP;
	if (ip->protocol == IP_PROTOCOL_TCP && !address_is_multicast(ip->dst))
		return RX_TCP;
	*v = ip->protocol == IP_PROTOCOL_TCP ? COUNT_drop_ip_destination : COUNT_drop_ip_protocol;
	return RX_DROP;
}

/* Whose frame it is, and which protocol's. The order makes sure that only our own can be malformed. */
static enum rx_kind classify(const struct weir_core *core, struct frame *frame, verdict *v)
{
	*v = parse_link(frame);
	if (*v == COUNT_drop_eth_short)
		return RX_DROP;
	bool group = eth_is_group(&frame->eth.dst);

	if (!group && !eth_equal(&frame->eth.dst, &core->net.mac)) {
		*v = COUNT_frames_not_mine;
		return RX_DROP;
	}
	if (*v != ACCEPTED)
		return RX_DROP;
	if (frame->eth.type == ETH_TYPE_ARP)
		return RX_ARP;
	*v = parse_ip(frame);
	if (*v == ACCEPTED)
		*v = check_addresses(core, &frame->ip, group);
	if (*v != ACCEPTED)
		return RX_DROP;
	*v = parse_accept(frame);
	if (*v == COUNT_drop_ip_protocol && address_is_multicast(frame->ip.dst))
		*v = COUNT_drop_ip_destination; /* for others in that group */
	if (*v != ACCEPTED)
		return frame->ip.problem != IP_PROBLEM_NONE ? RX_PROBLEM : RX_DROP;
	return kind_of(&frame->ip, v);
}

/* The frame becomes its payload: headers off the front, padding off the back. */
static inline void trim(struct rte_mbuf *m, uint32_t headers, uint32_t len)
{
	if (likely(m->nb_segs == 1)) {
		m->data_off = (uint16_t)(m->data_off + headers);
		m->data_len = (uint16_t)len;
		m->pkt_len = len;
		return;
	}
	rte_pktmbuf_adj(m, (uint16_t)headers);
	if (m->pkt_len > len)
		chain_cut(m, len);
}

/* A segment of frame i has been read: what of its frame is payload? */
static inline void take_segment(struct weir_core *core, struct rx_burst *burst, unsigned i, uint32_t headers)
{
	unsigned s = burst->segs_count++;
	struct seg *seg = &burst->segs[s];

	burst->places[s] = (uint8_t)i;
	if (seg->len > 0) {
		burst->texts |= 1ull << s;
		burst->fronts[s] = (uint16_t)headers;
		trim(burst->mbufs[i], headers, seg->len);
		seg->payload = payload_from_mbuf(burst->mbufs[i], &core->counters);
	}
}

static verdict parse_segment(struct weir_core *core, struct rx_burst *burst, unsigned i)
{
	const struct frame *frame = &burst->frames[i];
	unsigned s = burst->segs_count;
	uint32_t here = frame_contiguous(frame), end = frame_end(frame), headers;
	uint64_t rest = here < end && !frame->l4_verified ? chain_csum(burst->mbufs[i], here, end) : 0;
	verdict v = parse_tcp(frame, rest, &burst->segs[s], &burst->sides[s], &headers);

	if (v == ACCEPTED)
		take_segment(core, burst, i, headers);
	return v;
}

/* The short way, which most frames can go. */
static bool parse_plain(struct weir_core *core, struct rx_burst *burst, unsigned i)
{
	const struct rte_mbuf *m = burst->mbufs[i];
	struct seg *seg = &burst->segs[burst->segs_count];
	struct pair *pair = &burst->sides[burst->segs_count].pair;
	uint64_t flags = m->ol_flags & core->rx_flags;
	unsigned verified = (flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD ? PLAIN_IP_VERIFIED : 0) |
			    (flags & RTE_MBUF_F_RX_L4_CKSUM_GOOD ? PLAIN_TCP_VERIFIED : 0);

	if (m->nb_segs != 1)
		return false;
	unsigned headers = plain_parse(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, verified,
				       &core->net.mac, seg, pair);

	if (headers == 0 || !net_plain_tuple(&core->net, &seg->tuple, pair))
		return false;
	take_segment(core, burst, i, headers);
	return true;
}

/* Segments that TCP looks ahead for at once: the lanes of the widest vectors. */
#define LOOK_AHEAD 16

/* Frames of other VLANs than ours, as bits; from those of ours the tag comes off. flags: of all of them. */
static uint64_t untag(const struct weir_core *core, struct rx_burst *burst, uint64_t flags)
{
	uint64_t foreign = 0;

	if (likely(core->vlan == 0 && !(flags & RTE_MBUF_F_RX_VLAN_STRIPPED)))
		return 0;
	for (unsigned i = 0; i < burst->count; i++) {
		burst->buffers[i] = burst->mbufs[i]->nb_segs;
		burst->kinds[i] = RX_DROP;
		burst->verdicts[i] = vlan_take_off(core, burst->mbufs[i]);
		foreign |= (uint64_t)(burst->verdicts[i] != ACCEPTED) << i;
	}
	return foreign;
}

/* Whatever is not plain. */
static void parse_frame(struct weir_core *core, struct rx_burst *burst, unsigned i)
{
	enum rx_kind kind = RX_DROP;
	verdict v;

	burst->others |= 1ull << i;
	burst->buffers[i] = burst->mbufs[i]->nb_segs;
	burst->frames[i] = frame_of(core, burst->mbufs[i]);
	kind = classify(core, &burst->frames[i], &v);
	if (v == COUNT_drop_vlan && core->vlan == 0 &&
	    vlan_take_priority_off(core, burst->mbufs[i]) == ACCEPTED) {
		burst->frames[i] = frame_of(core, burst->mbufs[i]);
		kind = classify(core, &burst->frames[i], &v);
	}
	if (kind == RX_TCP) {
		v = parse_segment(core, burst, i);
		kind = v == ACCEPTED ? RX_TCP : RX_DROP;
	}
	burst->kinds[i] = (uint8_t)kind;
	burst->verdicts[i] = v;
}

static void parse(struct weir_core *core, struct rx_burst *burst)
{
	uint64_t foreign = untag(core, burst, look_at(burst->mbufs, burst->count));
	uint64_t turned = syn_lane(core, burst->mbufs, burst->count, foreign), done = foreign | turned;
	unsigned looked_at = 0;

	burst->others = foreign;
	burst->handed = 0;
	burst->texts = 0;
	burst->segs_count = 0;
	for (unsigned i = 0; i < burst->count; i++) {
		if (unlikely(done >> i & 1))
			continue;
		if (!parse_plain(core, burst, i))
			parse_frame(core, burst, i);
		if (burst->segs_count - looked_at == LOOK_AHEAD) {
			tcp_look_ahead(core->tcp, &burst->segs[looked_at], &burst->sides[looked_at],
				       LOOK_AHEAD);
			looked_at = burst->segs_count;
		}
	}
	tcp_look_ahead(core->tcp, &burst->segs[looked_at], &burst->sides[looked_at],
		       burst->segs_count - looked_at);
	while (turned != 0)
		burst->mbufs[take_bit(&turned)] = NULL;
}

/* Gives the headers back to frames that TCP did not take. Padding, if there was any, is gone. */
static void untrim(struct rx_burst *burst, uint64_t segs)
{
	while (segs != 0) {
		unsigned s = take_bit(&segs);

		rte_pktmbuf_prepend(burst->mbufs[burst->places[s]], burst->fronts[s]);
	}
}

/* TCP keeps what it did not leave. */
static void keep(struct rx_burst *burst, uint64_t segs)
{
	while (segs != 0) {
		unsigned s = take_bit(&segs);

		if (burst->segs[s].payload == 0)
			burst->mbufs[burst->places[s]] = NULL;
	}
}

/*
 * Sends a SYN-ACK back the way that its SYN came: to the station that sent it, without asking who that is, so
 * that a flood of addresses on the link asks for none of them. NULL: there is no buffer.
 */
static void turn(struct weir_core *core, struct rx_burst *burst, unsigned s)
{
	unsigned i = burst->places[s];
	struct rte_mbuf *m = burst->mbufs[i];
	struct eth_addr src;

	if (burst->texts >> s & 1)
		rte_pktmbuf_prepend(m, burst->fronts[s]);
	memcpy(src.bytes, rte_pktmbuf_mtod_offset(m, const uint8_t *, sizeof(src)), sizeof(src));
	if (core_may_reuse(m, BUILD_HEADERS_MAX)) {
		m->ol_flags = 0;
		burst->mbufs[i] = NULL;
	} else {
		m = core_alloc(core);
		if (m == NULL)
			return;
	}
	tx_fill(core, m, &burst->segs[s], &burst->sides[s].pair, &src);
	core->turned[core->turned_first + core->turned_count++] = m;
}

/* To whom TCP says that it belongs, whole again. */
static void hand_over(struct weir_core *core, struct rx_burst *burst, uint64_t segs)
{
	untrim(burst, burst->texts & segs);
	while (segs != 0) {
		unsigned s = take_bit(&segs), i = burst->places[s];

		handover_put(&core->handover, burst->mbufs[i],
			     tcp_shard_of(core->tcp, &burst->segs[s].tuple, &burst->sides[s].pair));
		burst->mbufs[i] = NULL;
		burst->handed |= 1ull << i;
	}
}

/* How many frames of the burst are taken in: all up to the first segment that TCP did not take. */
static unsigned input_segments(struct weir_core *core, struct rx_burst *burst)
{
	uint64_t turned;
	unsigned taken =
		tcp_input(core->tcp, burst->segs, burst->sides, burst->segs_count, core->now_ns, &turned);

	untrim(burst, burst->texts & ~first_bits(taken));
	keep(burst, burst->texts & first_bits(taken));
	while (turned != 0)
		turn(core, burst, take_bit(&turned));
	hand_over(core, burst, tcp_elsewhere(core->tcp));
	return taken < burst->segs_count ? burst->places[taken] : burst->count;
}

/* Drops that say "not for us" rather than "wrong": whoever shares the port may have a use for these. */
static bool is_foreign(verdict v)
{
	return v == COUNT_frames_not_mine || v == COUNT_drop_eth_type || v == COUNT_drop_vlan ||
	       v == COUNT_drop_vlan_missing || v == COUNT_drop_ip_destination;
}

/* Answers, and returns the verdict. A frame that was kept is NULL afterwards. */
static verdict handle(struct weir_core *core, struct rx_burst *burst, unsigned i, bool shared)
{
	verdict v = burst->verdicts[i];
	bool about_us;

	switch ((enum rx_kind)burst->kinds[i]) {
	case RX_TCP:
		return ACCEPTED;
	case RX_ARP:
		v = control_arp(core, &burst->mbufs[i], &burst->frames[i], &about_us);
		return shared && !about_us ? COUNT_frames_not_mine : v;
	case RX_ICMP:
		v = control_icmp(core, &burst->mbufs[i], &burst->frames[i], &about_us);
		return shared && !about_us ? COUNT_frames_not_mine : v;
	case RX_PROBLEM:
		control_problem(core, burst->mbufs[i], &burst->frames[i]);
		break;
	case RX_DROP:
		break;
	}
	return shared && is_foreign(v) ? COUNT_frames_not_mine : v;
}

/*
 * Of one that is not plain: the buffers that were taken with it.
 * verdicts: of a port that others share, or NULL.
 */
static unsigned dispose_other(struct weir_core *core, struct rx_burst *burst, unsigned i, uint8_t *verdicts)
{
	verdict v = handle(core, burst, i, verdicts != NULL);

	/* TCP has counted its own. */
	if (burst->kinds[i] != RX_TCP)
		count(&core->counters, v);
	if (v == COUNT_handed_over) {
		burst->handed |= 1ull << i;
		return 0;
	}
	if (verdicts == NULL || v != COUNT_frames_not_mine)
		return burst->buffers[i];
	verdicts[i] = WEIR_NOT_MINE;
	burst->mbufs[i] = NULL;
	return 0;
}

static void dispose(struct weir_core *core, struct rx_burst *burst, unsigned n, uint8_t *verdicts)
{
	struct rte_mbuf *unused[CORE_BURST];
	unsigned unused_count = 0, taken = n - (unsigned)__builtin_popcountll(burst->handed);
	uint64_t others = burst->others & ~burst->handed & first_bits(n);

	if (verdicts != NULL)
		memset(verdicts, WEIR_TAKEN, n);
	for (; others != 0; taken--)
		taken += dispose_other(core, burst, take_bit(&others), verdicts);
	for (unsigned i = 0; i < n; i++) {
		unused[unused_count] = burst->mbufs[i];
		unused_count += burst->mbufs[i] != NULL;
	}
	count_add(&core->counters, COUNT_frames_in, n - (unsigned)__builtin_popcountll(burst->handed));
	count_add(&core->counters, COUNT_mbufs_taken, taken);
	core_free(core, unused, unused_count);
}

static unsigned input_burst(struct weir_core *core, struct rte_mbuf *const *mbufs, unsigned n,
			    uint8_t *verdicts)
{
	/* The caller's array stays as it is: it may be told "not mine". */
	struct rte_mbuf *frames[CORE_BURST];
	struct rx_burst burst;

	memcpy(frames, mbufs, n * sizeof(frames[0]));
	burst.mbufs = frames;
	burst.count = n;
	stage_enter(STAGE_PARSE);
	parse(core, &burst);
	stage_enter(STAGE_INPUT);
	unsigned taken = input_segments(core, &burst);

	stage_enter(STAGE_DISPOSE);
	dispose(core, &burst, taken, verdicts);
	return taken;
}

static void set_now(struct weir_core *core, uint64_t now_ns)
{
	if (!core->started) {
		core->started = true;
		core->epoch_ns = now_ns - CORE_START_NS;
	}
	core->now_ns = now_ns - core->epoch_ns;
}

/*
 * What applications leave unread must not take the buffers that ACKs and SYNs come in. Not to be asked within
 * a burst, whose frames are counted at its end.
 */
static bool too_much_unread(const struct weir_core *core)
{
	/* What was handed over is of the pool where it came in, of which all together take one's part. */
	const struct handover *handover = &core->handover;
	uint64_t most = handover->last ? core->unread_max / handover->shards : core->unread_max;
	uint64_t held = count_get(&core->counters, COUNT_mbufs_taken) -
			count_get(&core->counters, COUNT_mbufs_returned);

	return held - tcp_queued(core->tcp) >= most;
}

/* For a burst, in what waits for the caller to take it. */
static bool has_room(const struct weir_core *core)
{
	return core->turned_first + core->turned_count + CORE_BURST <= CORE_TURNED &&
	       handover_room(&core->handover) >= CORE_BURST;
}

static unsigned input(struct weir_core *core, struct rte_mbuf *const *mbufs, unsigned n, uint64_t now_ns,
		      uint8_t *verdicts)
{
	unsigned done = 0;

	set_now(core, now_ns);
	while (done < n && has_room(core)) {
		unsigned burst = n - done < CORE_BURST ? n - done : CORE_BURST;

		tcp_refuse_text(core->tcp, too_much_unread(core));
		unsigned taken =
			input_burst(core, mbufs + done, burst, verdicts != NULL ? verdicts + done : NULL);

		done += taken;
		if (taken < burst)
			break;
	}
	return done;
}

unsigned weir_input_handed(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n, uint64_t now_ns)
{
	unsigned taken;

	core->handover.last = true;
	tcp_keep_all(core->tcp, true);
	taken = input(core, mbufs, n, now_ns, NULL);
	core->handover.last = false;
	tcp_keep_all(core->tcp, false);
	count_add(&core->counters, COUNT_handed_in, taken);
	return taken;
}

unsigned weir_input(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n, uint64_t now_ns,
		    uint8_t *verdicts)
{
	unsigned done = input(core, mbufs, n, now_ns, verdicts);

	stage_enter(STAGE_TIMERS);
	tcp_advance(core->tcp, core->now_ns);
	net_advance(&core->net, core->now_ns);
	return done;
}
