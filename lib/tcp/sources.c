/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/sources.h"

#include "tcp/tcp_pvt.h"

#define CELLS_MIN 16u
#define CELLS_MAX (1u << 16)

/* An address, and the network that it is in: what one who can choose his address chooses from. */
#define PREFIXES 2
#define NETWORK_BITS 24
#define NETWORK_BITS_6 64
#define NETWORK_TIMES 8

/* Connections that may come at once, in ns of their rate. */
#define BURST_NS CLOCK_NS_PER_S

struct cells {
	uint32_t first, second;
};

void sources_init(struct sources *sources, struct arena *arena, uint32_t half_opens)
{
	uint32_t cells = CELLS_MIN;

	while (cells < half_opens && cells < CELLS_MAX)
		cells *= 2;
	sources->mask = cells - 1;
	sources->half_opens = arena_take(arena, cells * sizeof(sources->half_opens[0]));
	sources->next_open_ns = arena_take(arena, cells * sizeof(sources->next_open_ns[0]));
}

static struct cells cells_of(const struct sources *sources, struct weir_address address, unsigned prefix)
{
	uint32_t bits = prefix == 0           ? address_bits(address) :
			weir_is_ipv4(address) ? NETWORK_BITS :
						NETWORK_BITS_6;
	struct weir_address network = address_and(address, address_prefix_mask(address, bits));
	uint64_t hash = siphash24_20(sources->key, network.hi, network.lo, bits);
	struct cells at = { (uint32_t)hash & sources->mask, (uint32_t)(hash >> 32) & sources->mask };

	if (at.second == at.first)
		at.second ^= 1;
	return at;
}

static uint64_t limit_of(uint32_t limit, unsigned prefix)
{
	return prefix == 0 ? limit : (uint64_t)limit * NETWORK_TIMES;
}

static void add(struct sources *sources, struct weir_address address, uint32_t n)
{
	for (unsigned prefix = 0; prefix < PREFIXES; prefix++) {
		struct cells at = cells_of(sources, address, prefix);

		sources->half_opens[at.first] += n;
		sources->half_opens[at.second] += n;
	}
}

bool sources_take(struct tcp *tcp, const struct listener *listener, struct weir_address address)
{
	struct sources *sources = &tcp->sources;

	for (unsigned prefix = 0; prefix < PREFIXES; prefix++) {
		struct cells at = cells_of(sources, address, prefix);
		uint64_t limit = limit_of(listener->defence.half_open_per_source, prefix);

		if (sources->half_opens[at.first] >= limit && sources->half_opens[at.second] >= limit)
			return false;
	}
	add(sources, address, 1);
	return true;
}

void sources_give(struct tcp *tcp, struct weir_address address)
{
	add(&tcp->sources, address, UINT32_MAX);
}

/* When the next connection would be in time, by the lesser of two cells. */
static uint64_t next_open_ns(const struct sources *sources, struct cells at, uint64_t now_ns)
{
	uint64_t first = sources->next_open_ns[at.first], second = sources->next_open_ns[at.second];
	uint64_t least = first < second ? first : second;

	return least > now_ns ? least : now_ns;
}

static void put_off(uint64_t *next_open_ns, uint64_t until_ns)
{
	if (*next_open_ns < until_ns)
		*next_open_ns = until_ns;
}

bool sources_may_open(struct tcp *tcp, const struct listener *listener, struct weir_address address)
{
	struct sources *sources = &tcp->sources;
	uint32_t limit = listener->defence.opens_per_source;
	uint64_t next_ns[PREFIXES];
	struct cells at[PREFIXES];

	DCHECK(limit > 0);
	for (unsigned prefix = 0; prefix < PREFIXES; prefix++) {
		at[prefix] = cells_of(sources, address, prefix);
		next_ns[prefix] = next_open_ns(sources, at[prefix], tcp->now_ns) +
				  CLOCK_NS_PER_S / limit_of(limit, prefix);
		if (next_ns[prefix] > tcp->now_ns + BURST_NS)
			return false;
	}
	/*
	 * Nothing is given back here, so that the fuller cell need not grow with the lesser:
	 * none runs ahead of a burst.
	 */
	for (unsigned prefix = 0; prefix < PREFIXES; prefix++) {
		put_off(&sources->next_open_ns[at[prefix].first], next_ns[prefix]);
		put_off(&sources->next_open_ns[at[prefix].second], next_ns[prefix]);
	}
	return true;
}
