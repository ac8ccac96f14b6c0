/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/syn_lane.h"

#include "wire/syn.h"

_Static_assert(CORE_BURST <= SYNS_MAX, "a burst has room");

/* Where the SYNs of a burst stand in it. */
struct lane {
	struct syns syns;
	uint8_t places[SYNS_MAX];
};

/* Of the frames whose bits are set; the others among them, which are left. */
static uint64_t read(struct weir_core *core, struct rte_mbuf *const *mbufs, uint64_t which, bool is6,
		     struct lane *lane)
{
	struct syns *syns = &lane->syns;
	uint64_t left = 0;

	syns_init(syns, &core->net.mac, is6);
	for (; which != 0; which &= which - 1) {
		unsigned i = (unsigned)__builtin_ctzll(which);
		const struct rte_mbuf *m = mbufs[i];

		lane->places[syns->count] = (uint8_t)i;
		if (!core_owns(m) || !syns_add(syns, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len)) {
			left |= 1ull << i;
			continue;
		}
		/* All are for the same address. */
		if ((syns->count == 1 && !net_plain_to(&core->net, syns_local(syns))) ||
		    !net_plain_from(&core->net, syns_remote(syns, syns->count - 1)))
			syns->count--;
	}
	return left;
}

/* Those whose checksums are right; looked at while the table's memory is under way. */
static uint64_t right(const struct weir_core *core, struct rte_mbuf *const *mbufs, const struct lane *lane)
{
	const uint64_t good = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	uint64_t right = 0;

	for (unsigned s = 0; s < lane->syns.count; s++) {
		const struct rte_mbuf *m = mbufs[lane->places[s]];
		bool verified = (m->ol_flags & core->rx_flags & good) == good;

		right |= (uint64_t)(verified ||
				    syns_csums_right(&lane->syns, rte_pktmbuf_mtod(m, const uint8_t *)))
			 << s;
	}
	return right;
}

static void turn(struct weir_core *core, struct rte_mbuf *m, unsigned bytes)
{
	m->data_len = (uint16_t)bytes;
	m->pkt_len = bytes;
	m->ol_flags = 0;
	core->turned[core->turned_first + core->turned_count++] = m;
}

/* Answers those of one family among *left, and leaves those of no such shape. */
static uint64_t turn_family(struct weir_core *core, struct rte_mbuf *const *mbufs, uint64_t *left, bool is6)
{
	struct lane lane;
	struct syn_template template;
	struct syn_answer answer;
	uint64_t turned = 0, answered;

	*left = read(core, mbufs, *left, is6, &lane);
	tcp_expect_syns(core->tcp, &lane.syns);
	answered = tcp_answer_syns(core->tcp, &lane.syns, right(core, mbufs, &lane), &answer, core->now_ns);
	if (answered != 0)
		syns_template(&lane.syns, &answer, &core->net.mac, &template);
	for (; answered != 0; answered &= answered - 1) {
		unsigned s = (unsigned)__builtin_ctzll(answered), i = lane.places[s];

		syns_answer(&lane.syns, s, &template, rte_pktmbuf_mtod(mbufs[i], uint8_t *));
		turn(core, mbufs[i], syns_bytes(&lane.syns));
		turned |= 1ull << i;
	}
	return turned;
}

/* Mostly all of a burst are of one family: that of the first, whose look alone is believed. */
static bool begins_with_6(const struct rte_mbuf *m)
{
	return m->data_len >= ETH_BYTES && rte_pktmbuf_mtod(m, const uint8_t *)[12] == ETH_TYPE_IPV6 >> 8;
}

uint64_t syn_lane(struct weir_core *core, struct rte_mbuf *const *mbufs, unsigned n, uint64_t foreign)
{
	if (!tcp_defends(core->tcp) || n == 0)
		return 0;
	bool is6 = begins_with_6(mbufs[0]);
	uint64_t left = UINT64_MAX >> (64 - n) & ~foreign;
	uint64_t turned = turn_family(core, mbufs, &left, is6);

	if (left != 0)
		turned |= turn_family(core, mbufs, &left, !is6);
	return turned;
}
