/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/mld.h"

#include "wire/nd.h"

/* RFC 3810 section 9: robustness 2, an unsolicited report interval of 1 s. */
#define ROUNDS 2
#define ROUND_MS 1000
/*
 * Section 9.12: robustness times a query interval of 125 s, which version 1 does not tell,
 * and a response interval of 10 s.
 */
#define VERSION_1_NS (260 * CLOCK_NS_PER_S)

void mld_init(struct mld *mld, const struct addrs *addrs, uint64_t seed, struct counters *counters)
{
	uint64_t addresses = addrs->total6 > 0 ? 1 + addrs->total6 : 0;

	if (addresses > MLD_ADDRESSES_MAX) {
		count_add(counters, COUNT_mld_unreported, addresses - MLD_ADDRESSES_MAX);
		addresses = MLD_ADDRESSES_MAX;
	}
	*mld = (struct mld){ .rng = { seed },
			     .due_ns = UINT64_MAX,
			     .addresses = (uint16_t)addresses,
			     .next = (uint16_t)addresses };
}

void mld_stop(struct mld *mld)
{
	mld->due_ns = UINT64_MAX;
	mld->addresses = mld->next = 0;
}

/* In nanoseconds. */
static uint64_t random_delay(struct mld *mld, uint32_t most_ms)
{
	return rng_below(&mld->rng, most_ms + 1) * CLOCK_NS_PER_MS;
}

void mld_announce(struct mld *mld, uint64_t now_ns)
{
	if (mld->addresses == 0)
		return;
	mld->unasked = ROUNDS;
	mld->wanted = (struct weir_address){ 0 };
	mld->due_ns = now_ns;
}

/* A round is to be: of one group, or of all where it is due together with another. */
static void schedule(struct mld *mld, struct weir_address group, uint64_t due_ns)
{
	if (mld->due_ns == UINT64_MAX)
		mld->wanted = group;
	else if (!address_equal(mld->wanted, group))
		mld->wanted = (struct weir_address){ 0 };
	if (due_ns < mld->due_ns)
		mld->due_ns = due_ns;
}

verdict mld_input(struct mld *mld, const struct addrs *addrs, const struct mld_query *query, uint64_t now_ns)
{
	bool of_all = address_is_none(query->group);

	if (mld->addresses == 0 ||
	    (!of_all && (!addrs_group(addrs, query->group) || address_equal(query->group, nd_all_nodes()))))
		return COUNT_drop_mld_other;
	if (query->version == MLD_VERSION_1) {
		mld->version_1 = true;
		mld->version_1_ns = now_ns + VERSION_1_NS;
	}
	schedule(mld, query->group, now_ns + random_delay(mld, query->max_delay_ms));
	return ACCEPTED;
}

/* Unasked rounds are of all, and what anybody asks meanwhile is answered by them. */
static void begin(struct mld *mld, uint64_t now_ns)
{
	mld->record = mld->unasked > 0 ? MLD_TO_EXCLUDE : MLD_IS_EXCLUDE;
	mld->group = mld->wanted;
	mld->next = 0;
	mld->due_ns = UINT64_MAX;
	if (mld->unasked > 0 && --mld->unasked > 0)
		schedule(mld, (struct weir_address){ 0 }, now_ns + random_delay(mld, ROUND_MS));
}

void mld_advance(struct mld *mld, uint64_t now_ns)
{
	mld->version_1 &= now_ns < mld->version_1_ns;
	if (now_ns < mld->batch_ns)
		return;
	if (mld->next == mld->addresses && now_ns >= mld->due_ns)
		begin(mld, now_ns);
	if (mld->next == mld->addresses)
		return;
	mld->batch = MLD_BATCH;
	mld->batch_ns = now_ns + MLD_BATCH_NS;
}

bool mld_next(struct mld *mld, const struct addrs *addrs, struct mld_report *report)
{
	unsigned most = mld->version_1 ? 1 : MLD_GROUPS_MAX;

	if (!mld_pending(mld))
		return false;
	report->version = mld->version_1 ? MLD_VERSION_1 : MLD_VERSION_2;
	report->record = mld->record;
	report->count = 0;
	if (!address_is_none(mld->group)) {
		report->groups[report->count++] = mld->group;
		mld->next = mld->addresses;
	}
	while (mld->next < mld->addresses && report->count < most)
		report->count += addrs_group_at(addrs, mld->next++, &report->groups[report->count]);
	if (report->count == 0)
		return false;
	mld->batch--;
	return true;
}
