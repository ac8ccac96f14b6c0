/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/vlan.h"

#include <rte_ether.h>

#include "core/core.h"
#include "wire/bytes.h"

#define ID_MASK 0x0fff
#define TAGGED_BYTES (ETH_BYTES + 4)

static bool is_tagged(const struct rte_mbuf *m)
{
	return m->data_len >= TAGGED_BYTES &&
	       bytes_get16(rte_pktmbuf_mtod_offset(m, const uint8_t *, 12)) == ETH_TYPE_VLAN;
}

static uint16_t id_in_frame(const struct rte_mbuf *m)
{
	return bytes_get16(rte_pktmbuf_mtod_offset(m, const uint8_t *, ETH_BYTES)) & ID_MASK;
}

static bool is_for(const struct weir_core *core, const struct rte_mbuf *m)
{
	const struct eth_addr *dst = rte_pktmbuf_mtod(m, const struct eth_addr *);

	return eth_is_group(dst) || eth_equal(dst, &core->net.mac);
}

static verdict strip(const struct weir_core *core, struct rte_mbuf *m)
{
	if (!core_may_write(m))
		return is_for(core, m) ? COUNT_drop_vlan_shared : COUNT_frames_not_mine;
	return rte_vlan_strip(m) == 0 ? ACCEPTED : COUNT_drop_vlan;
}

verdict vlan_take_off(const struct weir_core *core, struct rte_mbuf *m)
{
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		return (m->vlan_tci & ID_MASK) == core->vlan ? ACCEPTED : COUNT_drop_vlan;
	if (core->vlan == 0)
		return ACCEPTED; /* tagged or not: parse.h finds out */
	if (!is_tagged(m))
		return COUNT_drop_vlan_missing;
	return id_in_frame(m) == core->vlan ? strip(core, m) : COUNT_drop_vlan;
}

verdict vlan_take_priority_off(const struct weir_core *core, struct rte_mbuf *m)
{
	return is_tagged(m) && id_in_frame(m) == 0 ? strip(core, m) : COUNT_drop_vlan;
}

unsigned vlan_put_on(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];

		m->vlan_tci = core->vlan;
		if (core->tags_by_port) {
			m->ol_flags |= RTE_MBUF_F_TX_VLAN;
		} else if (rte_vlan_insert(&m) != 0) {
			count(&core->counters, COUNT_tx_no_room);
			core_free(core, &m, 1);
			continue;
		}
		mbufs[left++] = m;
	}
	return left;
}
