/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/lookup.h"

#include "tcp/isn.h"

/* Until now its pair alone is known. */
static inline void name(const struct tcp *tcp, struct seg *seg, const struct seg_side *side)
{
	if (tuple_is6(&seg->tuple))
		seg->tuple = tcp_tuple(tcp, &side->pair, seg->tuple.lport, seg->tuple.rport);
}

/* The pairs of a burst that are still without a name: their words, and where they stand. */
struct unnamed {
	unsigned count;
	uint8_t places[TCP_BURST_MAX];
	uint64_t words[4][TCP_BURST_MAX];
};

static inline void unnamed_add(struct unnamed *unnamed, const struct pair *pair, unsigned place)
{
	unsigned i = unnamed->count++;

	unnamed->places[i] = (uint8_t)place;
	unnamed->words[0][i] = pair->local.hi;
	unnamed->words[1][i] = pair->local.lo;
	unnamed->words[2][i] = pair->remote.hi;
	unnamed->words[3][i] = pair->remote.lo;
}

/* addrs: of the burst, as tuple_addrs(). */
static void name_all(const struct tcp *tcp, const struct unnamed *unnamed, struct seg *segs, uint64_t *addrs)
{
	uint64_t hashes[TCP_BURST_MAX];

	tcp->cookies.bulk->hash13_32(tcp->secrets.names, unnamed->words[0], unnamed->words[1],
				     unnamed->words[2], unnamed->words[3], unnamed->count, hashes);
	for (unsigned i = 0; i < unnamed->count; i++) {
		unsigned place = unnamed->places[i];

		addrs[place] = tuple_name(hashes[i]);
		segs[place].tuple.laddr = (uint32_t)addrs[place];
		segs[place].tuple.raddr = (uint32_t)(addrs[place] >> 32);
	}
}

/* Bulk data comes so: a burst of one connection's, and the first and the last tell if it may be one. */
static bool of_one_tuple(const uint64_t *addrs, const uint32_t *ports, unsigned n)
{
	uint64_t differ = (addrs[0] ^ addrs[n - 1]) | (ports[0] ^ ports[n - 1]);

	for (unsigned i = 1; i < n && differ == 0; i++)
		differ = (addrs[0] ^ addrs[i]) | (ports[0] ^ ports[i]);
	return differ == 0;
}

void tcp_look_ahead(const struct tcp *tcp, struct seg *segs, const struct seg_side *sides, unsigned n)
{
	uint64_t addrs[TCP_BURST_MAX], hashes[TCP_BURST_MAX];
	uint32_t ports[TCP_BURST_MAX];
	struct unnamed unnamed;
	unsigned i = 0;

	if (n == 0)
		return;
	unnamed.count = 0;
	do {
		if (tuple_is6(&segs[i].tuple))
			unnamed_add(&unnamed, &sides[i].pair, i);
		addrs[i] = tuple_addrs(&segs[i].tuple);
		ports[i] = tuple_ports(&segs[i].tuple);
	} while (++i < n);
	if (unnamed.count > 0)
		name_all(tcp, &unnamed, segs, addrs);
	if (of_one_tuple(addrs, ports, n)) {
		uint64_t hash = tuple_hash(tcp->secrets.table, &segs->tuple);

		for (i = 0; i < n; i++)
			segs[i].hash = hash;
		conn_table_prefetch(&tcp->table, hash);
		return;
	}
	tcp->cookies.bulk->hash13_12(tcp->secrets.table, addrs, ports, n, hashes);
	for (i = 0; i < n; i++) {
		segs[i].hash = hashes[i];
		conn_table_prefetch(&tcp->table, hashes[i]);
	}
}

/* As of_one_tuple(); different tuples may have one hash. */
static bool all_alike(const uint64_t *hashes, const struct tuple *const *tuples, unsigned n)
{
	bool alike = hashes[0] == hashes[n - 1];

	for (unsigned i = 1; i < n && alike; i++)
		alike = tuple_equal(tuples[0], tuples[i]);
	return alike;
}

static void find(const struct tcp *tcp, struct seg *segs, const struct seg_side *sides, unsigned n, ref *refs)
{
	const struct tuple *tuples[TCP_BURST_MAX];
	uint64_t hashes[TCP_BURST_MAX];
	unsigned i = 0;

	do {
		if (segs[i].hash == 0) {
			name(tcp, &segs[i], &sides[i]);
			segs[i].hash = tcp_hash(tcp, &segs[i].tuple);
		}
		tuples[i] = &segs[i].tuple;
		hashes[i] = segs[i].hash;
	} while (++i < n);
	if (all_alike(hashes, tuples, n)) {
		refs[0] = conn_table_find(&tcp->table, hashes[0], tuples[0]);
		for (i = 1; i < n; i++)
			refs[i] = refs[0];
		return;
	}
	conn_table_find_bulk(&tcp->table, hashes, tuples, n, refs);
}

/* Who is in the middle of a passive handshake, or begins one, is going to be asked for its numbers. */
static void expect_handshakes(const struct tcp *tcp, struct seg *segs, const ref *refs, unsigned n)
{
	struct seg *expected[TCP_BURST_MAX];
	uint64_t hashes[TCP_BURST_MAX];
	unsigned count = 0, opening = 0;

	for (unsigned i = 0; i < n; i++) {
		bool opens = refs[i] == REF_NONE && (segs[i].flags & (SEG_SYN | SEG_ACK)) == SEG_SYN;

		expected[count] = &segs[i];
		hashes[opening] = segs[i].hash;
		count += opens || ref_kind(refs[i]) == REF_HALF_OPEN;
		opening += opens;
	}
	conn_table_expect_bulk(&tcp->table, hashes, opening);
	isn_look_ahead(tcp, expected, count);
}

void lookup_burst(const struct tcp *tcp, struct seg *segs, const struct seg_side *sides, unsigned n,
		  ref *refs)
{
	find(tcp, segs, sides, n, refs);
	refs[n] = REF_NONE;
	expect_handshakes(tcp, segs, refs, n);
}
