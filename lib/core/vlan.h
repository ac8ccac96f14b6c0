/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vlan.h - the tags of IEEE 802.1Q: read and taken off before anybody else sees a frame,
 * put on behind everybody's back.
 *
 * A core belongs to one VLAN or to none. To the one belong frames with its tag alone, whatever priority that
 * says; to none those without a tag, or with one that says a priority and nothing else (VLAN 0). The tag
 * stands in the frame, or in the mbuf where the port has taken it off already (RTE_MBUF_F_RX_VLAN_STRIPPED);
 * what is taken off here goes to the same place, so that a frame may be offered twice.
 */
#ifndef WEIR_CORE_VLAN_H
#define WEIR_CORE_VLAN_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "base/counters.h"

struct weir_core;

/*
 * ACCEPTED: it belongs to the core's VLAN, and has no tag any more; where the core has none, no tag that the
 * port has taken off says otherwise. Else drop_vlan, _vlan_missing, or _vlan_shared: the tag would have to be
 * taken off a frame that somebody else holds as well; frames_not_mine if that frame is for another station.
 */
verdict vlan_take_off(const struct weir_core *core, struct rte_mbuf *m);

/*
 * A frame without VLAN that begins with a tag: ACCEPTED if that says a priority alone,
 * and has been taken off. Else the drop.
 */
verdict vlan_take_priority_off(const struct weir_core *core, struct rte_mbuf *m);

/*
 * Puts the tag on n frames, or leaves it to the port. Returns how many are left:
 * one that has no room for it is dropped.
 */
unsigned vlan_put_on(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n);

#endif
