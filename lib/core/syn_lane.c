/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/syn_lane.h"

#include "wire/syn.h"

_Static_assert(CORE_BURST <= SYNS_MAX, "a burst has room");

/* Where the SYNs of a burst stand in it. */
struct lane {
	struct syns syns;
	uint8_t places[SYNS_MAX];
};

static void read(struct weir_core *core, struct rte_mbuf *const *mbufs, unsigned n, uint64_t foreign,
		 struct lane *lane)
{
	struct syns *syns = &lane->syns;

	syns_init(syns, &core->net.mac);
	for (unsigned i = 0; i < n; i++) {
		const struct rte_mbuf *m = mbufs[i];

		lane->places[syns->count] = (uint8_t)i;
		if (foreign >> i & 1 || !core_owns(m) ||
		    !syns_add(syns, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len))
			continue;
		uint64_t addrs = syns->addrs[syns->count - 1];

		if (!net_plain_addresses(&core->net, weir_ipv4((uint32_t)(addrs >> 32)),
					 weir_ipv4((uint32_t)addrs)))
			syns->count--;
	}
}

/* Those whose checksums are right; looked at while the table's memory is under way. */
static uint64_t right(const struct weir_core *core, struct rte_mbuf *const *mbufs, const struct lane *lane)
{
	const uint64_t good = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	uint64_t right = 0;

	for (unsigned s = 0; s < lane->syns.count; s++) {
		const struct rte_mbuf *m = mbufs[lane->places[s]];
		bool verified = (m->ol_flags & core->rx_flags & good) == good;

		right |= (uint64_t)(verified || syns_csums_right(rte_pktmbuf_mtod(m, const uint8_t *))) << s;
	}
	return right;
}

static void turn(struct weir_core *core, struct rte_mbuf *m)
{
	m->data_len = SYN_BYTES;
	m->pkt_len = SYN_BYTES;
	m->ol_flags = 0;
	core->turned[core->turned_first + core->turned_count++] = m;
}

uint64_t syn_lane(struct weir_core *core, struct rte_mbuf *const *mbufs, unsigned n, uint64_t foreign)
{
	struct lane lane;
	struct syn_answer answer;
	uint64_t turned = 0, answered;

	if (!tcp_defends(core->tcp))
		return 0;
	read(core, mbufs, n, foreign, &lane);
	tcp_expect_syns(core->tcp, &lane.syns);
	answered = tcp_answer_syns(core->tcp, &lane.syns, right(core, mbufs, &lane), &answer, core->now_ns);
	for (; answered != 0; answered &= answered - 1) {
		unsigned s = (unsigned)__builtin_ctzll(answered), i = lane.places[s];

		syns_answer(&lane.syns, s, &answer, rte_pktmbuf_mtod(mbufs[i], uint8_t *), &core->net.mac);
		turn(core, mbufs[i]);
		turned |= 1ull << i;
	}
	return turned;
}
