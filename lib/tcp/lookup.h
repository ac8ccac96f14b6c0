/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lookup.h - the records of a burst of segments: named, hashed and looked up together, so that memory works
 * for all of them at once. An earlier segment of the burst may change what stands for a later one;
 * lookup_ref() sees to that.
 */
#ifndef WEIR_TCP_LOOKUP_H
#define WEIR_TCP_LOOKUP_H

#include "tcp/tcp_pvt.h"

/*
 * Of 1 to TCP_BURST_MAX segments; refs has a place more, for the REF_NONE behind the last. What their
 * handshakes are going to ask for is got ready.
 */
void lookup_burst(const struct tcp *tcp, struct seg *segs, const struct seg_side *sides, unsigned n,
		  ref *refs);

/* What tells whether a burst's refs still hold. */
struct lookup {
	uint64_t changes; /* of the table, when it was asked */
	uint64_t strange; /* six bits of the hashes of those segments, until now, that nothing stood for */
};

/*
 * Whether what was found still stands. Nothing has become something only if an earlier one of this tuple
 * found nothing either; a record that was ended, promoted or pushed out has lost its ports; a TIME-WAIT
 * record may have been hidden.
 */
static inline bool lookup_stands(const struct tcp *tcp, struct lookup *lookup, ref r, const struct seg *seg)
{
	if (r == REF_NONE) {
		uint64_t earlier = lookup->strange;

		lookup->strange |= 1ull << (seg->hash & 63);
		return lookup->strange != earlier;
	}
	if (tcp->table.changes == lookup->changes)
		return true;
	return ref_kind(r) != REF_TIME_WAIT && tuple_equal(ref_record(tcp->table.pools, r), &seg->tuple);
}

/* What stands for a segment now, of which r was found. To be asked in their order, once each. */
static inline ref lookup_ref(const struct tcp *tcp, struct lookup *lookup, ref r, const struct seg *seg)
{
	if (SHORT_WAYS && lookup_stands(tcp, lookup, r, seg))
		return r;
	return conn_table_find(&tcp->table, seg->hash, &seg->tuple);
}

#endif
