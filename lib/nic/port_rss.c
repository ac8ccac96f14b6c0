/* SPDX-License-Identifier: BSD-3-Clause */
#include "nic/port_rss.h"

#include <errno.h>
#include <string.h>

#include <rte_ethdev.h>

/* What all drivers had before they could say: enough for two IPv6 addresses and two ports. */
#define KEY_BYTES_DEFAULT 40

/* Comes again every 16 bits, so that a frame's hash stays when source and destination change places. */
static const uint8_t symmetric[2] = { 0x6d, 0x5a };

/* TCP's segments by both addresses and both ports. What else comes is spread by addresses, where it may. */
#define TYPES_TCP (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP)
#define TYPES_OTHER                                                                                     \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER | RTE_ETH_RSS_IPV6 | \
	 RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER)

#define GROUP RTE_ETH_RETA_GROUP_SIZE

int port_rss_check(const struct port_rss_wish *wish, const char *name, struct why *why)
{
	if (wish->key == NULL ||
	    (wish->key_bytes >= KEY_BYTES_DEFAULT && wish->key_bytes <= WEIR_RSS_KEY_MAX))
		return 0;
	return why_set(why, -EINVAL, "%s: an RSS key of %u bytes; they have %u to %u", name, wish->key_bytes,
		       KEY_BYTES_DEFAULT, WEIR_RSS_KEY_MAX);
}

int port_rss_key(struct port_rss_key *key, const struct port_rss_wish *wish, uint8_t key_bytes,
		 const char *name, struct why *why)
{
	uint8_t wanted = key_bytes != 0 ? key_bytes : KEY_BYTES_DEFAULT;

	*key = (struct port_rss_key){ 0 };
	if (wish->key != NULL && wish->key_bytes != wanted)
		return why_set(why, -EINVAL, "%s: an RSS key of %u bytes, but its driver's have %u", name,
			       wish->key_bytes, wanted);
	/* Longer ones than any that is known: the driver's own will have to do. */
	if (wanted > WEIR_RSS_KEY_MAX)
		return 0;
	key->count = wanted;
	for (unsigned i = 0; i < wanted; i++)
		key->bytes[i] = wish->key != NULL ? wish->key[i] : symmetric[i % sizeof(symmetric)];
	return 0;
}

uint64_t port_rss_types(uint64_t offered)
{
	return (offered & TYPES_TCP) != 0 ? offered & (TYPES_TCP | TYPES_OTHER) : 0;
}

/*
 * As far as a driver cannot be asked. The kernel's tun sends what belongs to a flow to the queue that sent of
 * it last; and whatever hashes TCP's ports does so for each segment of a connection alike. Of all others (a
 * fanout of packet sockets that rolls over, peers that send by whichever queue they like) nothing is known.
 */
static enum weir_rss_habit habit_of(const struct port_rss_answers *answers)
{
	bool steady = answers->hashes_tcp || strcmp(answers->driver, "net_tap") == 0;

	return steady ? WEIR_RSS_FLOW : WEIR_RSS_ANY;
}

/* A hash of IPv6's ports takes 40 bytes; some drivers hand out zeros where they know nothing. */
static bool key_will_do(const struct port_rss_key *key)
{
	static const uint8_t zeros[WEIR_RSS_KEY_MAX];

	return key->count >= KEY_BYTES_DEFAULT && key->count <= WEIR_RSS_KEY_MAX &&
	       memcmp(key->bytes, zeros, key->count) != 0;
}

static bool table_will_do(const struct port_rss_table *table, uint16_t queues)
{
	if (table->count == 0 || table->count > WEIR_RSS_TABLE_MAX || !rte_is_power_of_2(table->count))
		return false;
	for (unsigned i = 0; i < table->count; i++)
		if (table->queues[i] >= queues)
			return false;
	return true;
}

static void use_wish(struct port_rss *rss, const struct port_rss_wish *wish)
{
	if (wish->key == NULL)
		return;
	rss->key.count = wish->key_bytes;
	memcpy(rss->key.bytes, wish->key, wish->key_bytes);
}

/* By key and table of the driver, where there are any. */
static void reckon(struct port_rss *rss, const struct port_rss_answers *answers)
{
	rss->habit = WEIR_RSS_TOEPLITZ;
	if (key_will_do(&answers->key))
		rss->key = answers->key;
	if (table_will_do(&answers->table, answers->queues))
		rss->table = answers->table;
}

void port_rss_judge(struct port_rss *rss, const struct port_rss_wish *wish,
		    const struct port_rss_answers *answers)
{
	bool known = answers->hashes_tcp && key_will_do(&answers->key) &&
		     table_will_do(&answers->table, answers->queues);

	*rss = (struct port_rss){ .habit = habit_of(answers) };
	use_wish(rss, wish);
	switch (wish->rss) {
	case WEIR_PORT_RSS_AUTO:
		if (known)
			reckon(rss, answers);
		break;
	case WEIR_PORT_RSS_ANY:
		rss->habit = WEIR_RSS_ANY;
		break;
	case WEIR_PORT_RSS_FLOW:
		rss->habit = WEIR_RSS_FLOW;
		break;
	case WEIR_PORT_RSS_TOEPLITZ:
		reckon(rss, answers);
		break;
	}
}

/* And what it hashes now, which may be less than was asked for. */
static bool read_key(struct port_rss_answers *answers, uint16_t id, uint8_t key_bytes)
{
	struct rte_eth_rss_conf conf = { .rss_key = answers->key.bytes, .rss_key_len = key_bytes };

	answers->key = (struct port_rss_key){ 0 };
	if (rte_eth_dev_rss_hash_conf_get(id, &conf) != 0)
		return false;
	answers->key.count = key_bytes;
	answers->hashes_tcp = (conf.rss_hf & TYPES_TCP) != 0;
	return true;
}

/* Some take a key when they are configured, others only now, and some never: so once more, if need be. */
static void settle_key(struct port_rss_answers *answers, uint16_t id, const struct port_rss_key *wanted,
		       uint64_t types)
{
	struct port_rss_key key = *wanted;
	struct rte_eth_rss_conf conf = { .rss_key = key.bytes, .rss_key_len = key.count, .rss_hf = types };

	/* Drivers write as many bytes as theirs have. */
	if (wanted->count == 0 || !read_key(answers, id, wanted->count))
		return;
	if (memcmp(answers->key.bytes, wanted->bytes, wanted->count) == 0)
		return;
	if (rte_eth_dev_rss_hash_update(id, &conf) == 0)
		read_key(answers, id, wanted->count);
}

static void read_table(struct port_rss_answers *answers, uint16_t id, uint16_t size)
{
	struct rte_eth_rss_reta_entry64 groups[WEIR_RSS_TABLE_MAX / GROUP] = { 0 };

	for (unsigned i = 0; i < size; i++)
		groups[i / GROUP].mask |= RTE_BIT64(i % GROUP);
	if (rte_eth_dev_rss_reta_query(id, groups, size) != 0)
		return;
	answers->table.count = size;
	for (unsigned i = 0; i < size; i++)
		answers->table.queues[i] = groups[i / GROUP].reta[i % GROUP];
}

static void settle_table(struct port_rss_answers *answers, uint16_t id, uint16_t size)
{
	struct rte_eth_rss_reta_entry64 groups[WEIR_RSS_TABLE_MAX / GROUP] = { 0 };

	if (size == 0 || size > WEIR_RSS_TABLE_MAX)
		return;
	for (unsigned i = 0; i < size; i++) {
		groups[i / GROUP].mask |= RTE_BIT64(i % GROUP);
		groups[i / GROUP].reta[i % GROUP] = (uint16_t)(i % answers->queues);
	}
	/* Most drivers have it so already; what the others have is read. */
	(void)rte_eth_dev_rss_reta_update(id, groups, size);
	read_table(answers, id, size);
}

void port_rss_read(struct port_rss_answers *answers, uint16_t id, const struct port_rss_key *key,
		   uint64_t types, uint16_t table_size)
{
	answers->hashes_tcp = (types & TYPES_TCP) != 0;
	settle_key(answers, id, key, types);
	settle_table(answers, id, table_size);
}
