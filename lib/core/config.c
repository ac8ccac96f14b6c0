/* SPDX-License-Identifier: BSD-3-Clause */
/* What a core may be: one sentence for each field that will not do. */
#include "weir.h"

#include <stdbool.h>
#include <stddef.h>

#include <rte_mbuf.h>

#include "base/clock.h"
#include "base/ref.h"
#include "net/net.h"
#include "tcp/tcp.h"
#include "wire/rss.h"

#define MINUTE_NS (60 * CLOCK_NS_PER_S)
#define HOUR_NS (60 * MINUTE_NS)
#define MTU_MIN 576    /* what every host must take in (RFC 791) */
#define MTU_MIN_6 1280 /* what every link must carry (RFC 8200 section 5) */
#define MTU_MAX 9000
#define VLAN_ID_MAX 4094  /* 4095 is reserved */
#define DAD_PROBES_MAX 10 /* seconds before anything works */
#define EVENTS_MAX (1u << 20)

static bool within(uint64_t value, uint64_t least, uint64_t most)
{
	return value >= least && value <= most;
}

static const char *check_range(const struct weir_range *range)
{
	bool ipv4 = weir_is_ipv4(range->first);

	if (ipv4 != weir_is_ipv4(range->last))
		return "ranges: first and last must be of one family";
	if (range->prefix_len > address_bits(range->first) || (!ipv4 && range->prefix_len == 0))
		return "ranges: prefix_len must be at most 32, or for IPv6 from 1 to 128";
	if (!address_is_host(range->first) || !address_is_host(range->last))
		return "ranges: addresses must be those of hosts, not loopback, multicast, reserved or broadcast";
	if (address_is_link_local(range->first) || address_is_link_local(range->last))
		return "ranges: fe80::/10 is left out; a core makes its link-local address itself";
	if (address_above(range->first, range->last))
		return "ranges: first must not be above last";
	if (range->first.hi != range->last.hi || range->last.lo - range->first.lo > UINT32_MAX)
		return "ranges: a range must lie within one /64 and have at most 4294967296 addresses";
	return NULL;
}

static const char *check_subnet(const struct weir_range *range)
{
	struct weir_address mask = address_prefix_mask(range->first, range->prefix_len);
	unsigned host_bits = address_bits(range->first) - range->prefix_len;

	if (!weir_is_ipv4(range->first) && address_and(range->first, mask).hi == 0)
		return "ranges: an IPv6 subnet must not hold ::/64, which is reserved";
	if (!address_equal(address_and(range->first, mask), address_and(range->last, mask)))
		return "ranges: first and last must lie in one subnet of prefix_len bits";
	/* Between two alone neither is reserved (RFC 3021, RFC 6164). */
	if (host_bits < 2)
		return NULL;
	if (address_equal(range->first, address_and(range->first, mask)))
		return "ranges: a subnet's first address cannot be a host's";
	if (weir_is_ipv4(range->last) && (range->last.lo | ~mask.lo) == range->last.lo)
		return "ranges: a subnet's broadcast address cannot be a host's";
	return NULL;
}

static bool overlap(const struct weir_range *a, const struct weir_range *b)
{
	return !address_above(a->first, b->last) && !address_above(b->first, a->last);
}

static const char *check_ranges(const struct weir_config *config)
{
	if (!within(config->ranges_count, 1, WEIR_MAX_RANGES))
		return "ranges_count: from 1 to 16 ranges of local addresses are wanted";
	for (unsigned i = 0; i < config->ranges_count; i++) {
		const char *wrong = check_range(&config->ranges[i]);

		if (wrong == NULL)
			wrong = check_subnet(&config->ranges[i]);
		if (wrong != NULL)
			return wrong;
		if (!weir_is_ipv4(config->ranges[i].first) && config->mtu < MTU_MIN_6)
			return "mtu: must be 1280 or more for IPv6 (RFC 8200)";
		for (unsigned j = 0; j < i; j++)
			if (overlap(&config->ranges[i], &config->ranges[j]))
				return "ranges: no two may share an address";
	}
	return NULL;
}

static const char *check_gateway(const struct weir_config *config, struct weir_address gateway, bool ipv4)
{
	struct addrs addrs;

	if (address_is_none(gateway))
		return NULL;
	if (weir_is_ipv4(gateway) != ipv4)
		return "gateway, gateway6: the first must be an IPv4 address, the second an IPv6 one";
	addrs_init(&addrs, config->ranges, config->ranges_count, config->mac);
	if (!addrs_on_link(&addrs, gateway) || addrs_broadcast(&addrs, gateway) || !address_is_host(gateway))
		return "gateway, gateway6: must be hosts in the subnet of one of the ranges, or all zero for none";
	if (addrs_local(&addrs, gateway))
		return "gateway, gateway6: must not be one of the local addresses";
	return NULL;
}

static const char *check_place(const struct weir_config *config)
{
	struct eth_addr mac;
	const char *wrong;

	memcpy(mac.bytes, config->mac, sizeof(mac.bytes));
	if (eth_is_zero(&mac) || eth_is_group(&mac))
		return "mac: must be a station's own address, neither zero nor multicast";
	if (!within(config->mtu, MTU_MIN, MTU_MAX))
		return "mtu: must be from 576 to 9000";
	wrong = check_ranges(config);
	if (wrong != NULL)
		return wrong;
	if (config->offloads &
	    ~(unsigned)(WEIR_OFFLOAD_RX_CSUM | WEIR_OFFLOAD_TX_CSUM | WEIR_OFFLOAD_TX_VLAN))
		return "offloads: only WEIR_OFFLOAD_RX_CSUM, _TX_CSUM and _TX_VLAN are known";
	if (config->vlan > VLAN_ID_MAX)
		return "vlan: must be from 1 to 4094, or 0 for none";
	if (config->dad_probes > DAD_PROBES_MAX)
		return "dad_probes: must be at most 10";
	wrong = check_gateway(config, config->gateway, true);
	return wrong != NULL ? wrong : check_gateway(config, config->gateway6, false);
}

/* A table of records is bounded by what a reference can name. */
static const char *check_sizes(const struct weir_config *config)
{
	if (!within(config->max_connections, 1, REF_SLOT_MAX / 4))
		return "max_connections: must be from 1 to 268 million";
	if (config->max_half_open > REF_SLOT_MAX / 4)
		return "max_half_open: must be at most 268 million, or 0 to be derived";
	if (config->max_time_wait > REF_SLOT_MAX / 4)
		return "max_time_wait: must be at most 268 million, or 0 to be derived";
	if (config->max_events > EVENTS_MAX)
		return "max_events: must be at most 1048576, or 0 to be derived";
	if (config->max_extensions > REF_SLOT_MAX / 4)
		return "max_extensions: must be at most 268 million, or 0 to be derived";
	if (config->max_send_buffers > REF_SLOT_MAX / 4)
		return "max_send_buffers: must be at most 268 million, or 0 to be derived";
	if (config->max_buffers == 1 || config->max_buffers > REF_SLOT_MAX / 4)
		return "max_buffers: must be from 2 to 268 million, or 0 to be derived";
	if (config->max_timers > REF_SLOT_MAX / 4)
		return "max_timers: must be at most 268 million, or 0 to be derived";
	if (!within(config->receive_buffers, 2, 255))
		return "receive_buffers: must be from 2 to 255";
	if (!within(config->send_buffers, 1, 1024))
		return "send_buffers: must be from 1 to 1024";
	return NULL;
}

static const char *check_times(const struct weir_config *config)
{
	if (!within(config->msl_ns, CLOCK_NS_PER_MS, HOUR_NS))
		return "msl_ns: must be from a millisecond to an hour";
	if (!within(config->rto_max_ns, MINUTE_NS, HOUR_NS))
		return "rto_max_ns: must be from a minute (RFC 6298) to an hour";
	if (!within(config->rto_min_ns, CLOCK_NS_PER_MS, MINUTE_NS))
		return "rto_min_ns: must be from a millisecond to a minute";
	if (!within(config->rto_initial_ns, config->rto_min_ns, config->rto_max_ns))
		return "rto_initial_ns: must be between rto_min_ns and rto_max_ns";
	/* Timers count in ticks of a millisecond. */
	if (config->delayed_ack_ns > CLOCK_NS_PER_S / 2 - CLOCK_NS_PER_MS)
		return "delayed_ack_ns: must be under half a second by a millisecond (RFC 9293 MUST-40)";
	if (!within(config->fin_wait_2_ns, CLOCK_NS_PER_MS, 24 * HOUR_NS))
		return "fin_wait_2_ns: must be from a millisecond to a day";
	if (!within(config->user_timeout_ns, CLOCK_NS_PER_S, HOUR_NS))
		return "user_timeout_ns: must be from a second to an hour";
	if (!within(config->syn_timeout_ns, CLOCK_NS_PER_S, 24 * HOUR_NS))
		return "syn_timeout_ns: must be from a second to a day";
	return NULL;
}

static const char *check_defence(const struct weir_defence *defence)
{
	if ((unsigned)defence->mode > WEIR_DEFENCE_OFF)
		return "defence.mode: must be auto, always or off";
	if (!within(defence->timeout_ns, DEFENCE_TIMEOUT_MIN_NS, DEFENCE_TIMEOUT_MAX_NS))
		return "defence.timeout_ns: must be from a second to 3 minutes";
	return NULL;
}

static bool is_power_of_two(unsigned n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static const char *check_rss(const struct weir_rss *rss)
{
	if (!within(rss->shards, 0, WEIR_SHARDS_MAX))
		return "rss.shards: must be at most 64";
	if (rss->shard != 0 && rss->shard >= rss->shards)
		return "rss.shard: must be below rss.shards";
	if (rss->shards <= 1)
		return NULL;
	if ((unsigned)rss->habit > WEIR_RSS_TOEPLITZ)
		return "rss.habit: must be any, flow or toeplitz";
	if (rss->key != NULL && !within(rss->key_bytes, RSS_KEY_MIN, WEIR_RSS_KEY_MAX))
		return "rss.key_bytes: must be from 40 to 52";
	if (rss->table == NULL)
		return NULL;
	if (!is_power_of_two(rss->table_size) || rss->table_size > WEIR_RSS_TABLE_MAX)
		return "rss.table_size: must be a power of two, 2048 at most";
	for (unsigned i = 0; i < rss->table_size; i++)
		if (rss->table[i] >= rss->shards)
			return "rss.table: every entry must be below rss.shards";
	return NULL;
}

static const char *check_rest(const struct weir_config *config)
{
	if (config->port_first == 0)
		return "port_first: must not be 0";
	if (config->port_last < config->port_first)
		return "port_last: must not be below port_first";
	if (config->ttl == 0)
		return "ttl: must not be 0";
	if (config->dscp > 63)
		return "dscp: must be at most 63";
	if (config->socket < -1)
		return "socket: must be a NUMA node, or -1 for any";
	if ((unsigned)config->pages > WEIR_PAGES_NORMAL)
		return "pages: must be one of WEIR_PAGES_";
	if (config->pool == NULL)
		return "pool: a mempool of mbufs is wanted";
	if (rte_pktmbuf_data_room_size(config->pool) < RTE_PKTMBUF_HEADROOM + ETH_BYTES + config->mtu)
		return "pool: its data room must hold the headroom and a frame of mtu and 14 bytes";
	return NULL;
}

const char *weir_config_check(const struct weir_config *config)
{
	const char *wrong = check_place(config);

	if (wrong == NULL)
		wrong = check_sizes(config);
	if (wrong == NULL)
		wrong = check_times(config);
	if (wrong == NULL)
		wrong = check_defence(&config->defence);
	if (wrong == NULL)
		wrong = check_rss(&config->rss);
	return wrong != NULL ? wrong : check_rest(config);
}
