/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/ports.h"

#include <errno.h>

#include "tcp/listeners.h"
#include "tcp/time_wait.h"

/* Where a destination's search stands: RFC 6056's F and its counter. */
static uint32_t next_place(struct tcp *tcp, uint64_t f)
{
	return (uint32_t)f + tcp->port_counters[(f >> 32) % TCP_PORT_BUCKETS]++;
}

static uint32_t range_of(const struct tcp *tcp)
{
	return (uint32_t)tcp->port_last - tcp->port_first + 1;
}

/* What the remote end has in whose the connection is; 0: of no interest. */
static uint32_t hash_remote(const struct tcp *tcp, struct weir_endpoint remote)
{
	return tcp->rss != NULL ? rss_hash_remote(tcp->rss, remote) : 0;
}

/*
 * Of the ports that make the connection this shard's: the search's numbers count these alone.
 * 0: there are none in the range.
 */
static __attribute__((noinline)) uint16_t next_own_port(struct tcp *tcp, uint64_t f,
							const struct weir_address *local,
							uint32_t from_remote)
{
	uint32_t hash = from_remote ^ rss_hash_local(tcp->rss, *local);
	bool is6 = !weir_is_ipv4(*local);
	uint32_t count = rss_ports_count(tcp->rss, is6, hash);

	for (uint32_t tries = count; tries > 0; tries--) {
		uint16_t port = rss_ports_at(tcp->rss, is6, hash, next_place(tcp, f) % count);

		if (port >= tcp->port_first && port <= tcp->port_last)
			return port;
	}
	return 0;
}

static inline uint16_t next_port(struct tcp *tcp, bool alone, uint64_t f, const struct weir_address *local,
				 uint32_t from_remote)
{
	if (!alone)
		return next_own_port(tcp, f, local, from_remote);
	return (uint16_t)(tcp->port_first + next_place(tcp, f) % range_of(tcp));
}

/* For a listener, what is for it stays where it lands, which may be anywhere (handshake_listen()). */
static bool is_listened_on(const struct tcp *tcp, const struct tuple *tuple, const struct pair *pair)
{
	return tcp->rss_habit != WEIR_RSS_ANY &&
	       listeners_find(tcp, tuple_local(tuple, pair), tuple->lport) != NULL;
}

bool ports_lead_here(const struct tcp *tcp, const struct tuple *tuple, const struct pair *pair)
{
	return tcp_shard_of(tcp, tuple, pair) == tcp->rss->shard && !is_listened_on(tcp, tuple, pair);
}

/* Whether the tuple is free, or its TIME-WAIT may be reused. */
static bool is_free(const struct tcp *tcp, struct claim *claim)
{
	if (tcp->rss != NULL && is_listened_on(tcp, &claim->tuple, &claim->pair))
		return false;
	claim->found = conn_table_find(&tcp->table, claim->hash, &claim->tuple);
	return claim->found == REF_NONE ||
	       (ref_kind(claim->found) == REF_TIME_WAIT && time_wait_reusable(tcp, ref_slot(claim->found)));
}

/* The tuples' addresses, of one family, as tuple_addrs(). */
static void name(const struct tcp *tcp, const struct weir_address *locals, struct weir_address remote,
		 unsigned n, uint64_t *addrs)
{
	uint64_t words[4][PORTS_EXPECTED];
	unsigned i;

	for (i = 0; i < n; i++)
		addrs[i] = (uint64_t)address_v4(remote) << 32 | address_v4(locals[i]);
	if (weir_is_ipv4(remote))
		return;
	for (i = 0; i < n; i++) {
		words[0][i] = locals[i].hi;
		words[1][i] = locals[i].lo;
		words[2][i] = remote.hi;
		words[3][i] = remote.lo;
	}
	tcp->cookies.bulk->hash13_32(tcp->secrets.names, words[0], words[1], words[2], words[3], n, addrs);
	for (i = 0; i < n; i++)
		addrs[i] = tuple_name(addrs[i]);
}

/* How many are before the first that no port of the range makes this shard's: that one cannot be expected. */
static unsigned count_with_port(const struct tcp *tcp, unsigned n)
{
	unsigned i = 0;

	while (i < n && tcp->expected[i].tuple.lport != 0)
		i++;
	return i;
}

void ports_expect(struct tcp *tcp, const struct weir_address *locals, unsigned n, struct weir_endpoint remote)
{
	uint64_t addrs[PORTS_EXPECTED], f[PORTS_EXPECTED], hashes[PORTS_EXPECTED];
	uint32_t ports[PORTS_EXPECTED];
	uint32_t from_remote = hash_remote(tcp, remote);
	bool alone = tcp->rss == NULL;
	unsigned i;

	CHECK(n <= PORTS_EXPECTED);
	tcp->expected_next = 0;
	tcp->expected_count = n;
	if (n == 0)
		return;
	name(tcp, locals, remote.address, n, addrs);
	for (i = 0; i < PORTS_EXPECTED; i++)
		ports[i] = remote.port;
	tcp->cookies.bulk->prf24_12(tcp->secrets.ports, addrs, ports, n, f);
	for (i = 0; i < n; i++) {
		struct claim *claim = &tcp->expected[i];

		claim->pair = (struct pair){ locals[i], remote.address };
		claim->tuple = (struct tuple){ (uint32_t)addrs[i], (uint32_t)(addrs[i] >> 32),
					       next_port(tcp, alone, f[i], &locals[i], from_remote),
					       remote.port };
		ports[i] = tuple_ports(&claim->tuple);
	}
	if (!alone)
		tcp->expected_count = n = count_with_port(tcp, n);
	tcp->cookies.bulk->hash13_12(tcp->secrets.table, addrs, ports, n, hashes);
	tcp->cookies.bulk->prf24_12(tcp->secrets.isn, addrs, ports, n, f);
	for (i = 0; i < n; i++) {
		tcp->expected[i].hash = hashes[i];
		tcp->expected[i].f = f[i];
		conn_table_prefetch(&tcp->table, hashes[i]);
	}
}

int ports_choose(struct tcp *tcp, struct claim *claim)
{
	uint32_t tries = range_of(tcp) < PORTS_TRIES ? range_of(tcp) : PORTS_TRIES;
	uint32_t from_remote =
		hash_remote(tcp, (struct weir_endpoint){ claim->pair.remote, claim->tuple.rport });

	claim->tuple = tcp_tuple(tcp, &claim->pair, 0, claim->tuple.rport);
	claim->f = 0;
	uint64_t f = siphash24_12(tcp->secrets.ports, tuple_addrs(&claim->tuple), claim->tuple.rport);

	for (; tries > 0; tries--) {
		claim->tuple.lport = next_port(tcp, tcp->rss == NULL, f, &claim->pair.local, from_remote);
		if (claim->tuple.lport == 0)
			break;
		claim->hash = tcp_hash(tcp, &claim->tuple);
		if (is_free(tcp, claim))
			return 0;
	}
	count(tcp->counters, COUNT_ports_exhausted);
	return -EADDRNOTAVAIL;
}

/* Before the first of them: by now their buckets have come. */
static void look_further(const struct tcp *tcp)
{
	uint64_t hashes[PORTS_EXPECTED];

	for (unsigned i = 0; i < tcp->expected_count; i++)
		hashes[i] = tcp->expected[i].hash;
	conn_table_expect_bulk(&tcp->table, hashes, tcp->expected_count);
}

const struct claim *ports_next(struct tcp *tcp)
{
	if (tcp->expected_next == 0)
		look_further(tcp);
	struct claim *claim = &tcp->expected[tcp->expected_next++];

	DCHECK(tcp->expected_next <= tcp->expected_count);
	return is_free(tcp, claim) || ports_choose(tcp, claim) == 0 ? claim : NULL;
}
