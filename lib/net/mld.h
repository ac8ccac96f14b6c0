/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mld.h - multicast listener discovery (RFC 3810): says which groups we are in, so that a switch that snoops
 * hands on to us what neighbours ask of our solicited-node groups (RFC 4861 section 7.2.1).
 *
 * There is no record for a group, and no timer: what groups there are follows from our addresses, and all of
 * them are joined at once. So there is one round, in which all are reported: twice at start, a second apart
 * at most, before anybody is asked for a duplicate; again when the addresses may be used (RFC 3590), for a
 * router ignores what comes from no address; and when a querier asks, after a random part of the time that it
 * gives. If it asks for one group, the round is that one. Rounds that are due together are one. Who asks
 * about sources of a group is told that we listen to all of them.
 *
 * Groups are those of the link-local address and of the first IPv6 addresses behind it: MLD_ADDRESSES_MAX
 * together. The rest is counted as mld_unreported: on a link that snoops they are found only if they share
 * the last 24 bits with one that is reported, or if the switch is told to flood. All nodes is a group that is
 * never reported (section 6).
 *
 * A querier of version 1 makes us speak that until it has been silent for a while (section 8.2.1): a report
 * for each group then. Those of others do not suppress ours (RFC 2710 section 4): a switch could not tell
 * where the group is.
 *
 * Anybody on the link can ask. Whatever is asked, MLD_BATCH reports go out in MLD_BATCH_NS and no more, and a
 * round that has begun ends before another begins, so that nobody's questions keep us from the end of the
 * list. Nothing is said when a core ends: routers forget it after some four minutes.
 *
 * Pure; time is an argument and begins with mld_announce(). One thread.
 */
#ifndef WEIR_NET_MLD_H
#define WEIR_NET_MLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/rng.h"
#include "net/addr.h"
#include "wire/mld.h"

#define MLD_ADDRESSES_MAX 1024
/* So many that the first round is one batch: 17 reports of MLD_GROUPS_MAX. */
#define MLD_BATCH 20
#define MLD_BATCH_NS (CLOCK_NS_PER_S / 5)

struct mld {
	struct rng rng;
	uint64_t due_ns;            /* of the next round; UINT64_MAX: there is none */
	uint64_t batch_ns;          /* of the next batch */
	uint64_t version_1_ns;      /* version 1 is spoken until then */
	struct weir_address wanted; /* the next round is of this group; none: of all */
	struct weir_address group;  /* the same of this round */
	uint16_t addresses;         /* whose groups are reported: our first; 0: there is nothing to say */
	uint16_t next;              /* of those, in this round; `addresses`: it is over */
	uint8_t unasked;            /* rounds that are to come, this one not counted */
	uint8_t batch;              /* reports that may be sent now */
	uint8_t record;             /* of this round: enum mld_record */
	bool version_1;             /* is spoken now */
};

/* seed: unlike that of others. Without IPv6 nothing is ever said. */
void mld_init(struct mld *mld, const struct addrs *addrs, uint64_t seed, struct counters *counters);

/* We have joined all of our groups, or have a new address to say so from. */
void mld_announce(struct mld *mld, uint64_t now_ns);

/* Nothing is said any more: the addresses are somebody else's. */
void mld_stop(struct mld *mld);

/* Takes in a query that mld_parse() accepted. ACCEPTED, or drop_mld_other. */
verdict mld_input(struct mld *mld, const struct addrs *addrs, const struct mld_query *query, uint64_t now_ns);

void mld_advance(struct mld *mld, uint64_t now_ns);

static inline bool mld_pending(const struct mld *mld)
{
	return mld->next < mld->addresses && mld->batch > 0;
}

/* The next report that is due now, but for its source; false: none. */
bool mld_next(struct mld *mld, const struct addrs *addrs, struct mld_report *report);

/* When mld_advance() is due, if nothing is pending; UINT64_MAX: never. */
static inline uint64_t mld_next_deadline(const struct mld *mld)
{
	uint64_t round_ns = mld->next < mld->addresses ? 0 : mld->due_ns;

	return round_ns < mld->batch_ns ? mld->batch_ns : round_ns;
}

#endif
