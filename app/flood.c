/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#define SECOND_NS 1000000000ull

/* A transmit ring of 4096, a wire in memory, and what caches of several lcores may keep. */
#define POOL_BUFFERS 16383
#define POOL_CACHE 256
/* A frame; drivers that look for 2 KB mean what they receive into. */
#define POOL_ROOM (RTE_PKTMBUF_HEADROOM + 256)

/* Three requests take 3 s, and the last waits another. */
#define NEIGHBOUR_WAIT_NS (4 * SECOND_NS)
/* An address may move to another station. */
#define NEIGHBOUR_LOOK_NS SECOND_NS

int flood_init(struct flood *flood, const struct options *options, const struct options_port *place,
	       unsigned shard, const uint8_t mac[6], const struct orders *orders)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	struct flood_plan plan = {
		.kind = options->kind,
		.plain = options->plain,
		.vlan = place->vlan,
		.target = options->connect[0],
		.sources = options->source_given ? &options->source : place->ranges,
		.sources_count = options->source_given ? 1 : place->ranges_count,
		/* Shards must not send the same. */
		.seed = options->seed + shard,
	};

	*flood = (struct flood){ .orders = orders, .target = options->connect[0].address };
	memcpy(flood->mac, mac, sizeof(flood->mac));
	if (!options->seeded && getrandom(&plan.seed, sizeof(plan.seed), 0) != sizeof(plan.seed))
		return -errno;
	if (!flood_frames_init(&flood->frames, &plan))
		return -EADDRNOTAVAIL;
	snprintf(name, sizeof(name), "weir_flood%u", shard);
	flood->pool = rte_pktmbuf_pool_create(name, POOL_BUFFERS, POOL_CACHE, 0, POOL_ROOM, SOCKET_ID_ANY);
	return flood->pool != NULL ? 0 : -ENOMEM;
}

unsigned flood_fini(struct flood *flood)
{
	unsigned missing;

	if (flood->pool == NULL)
		return 0;
	missing = rte_mempool_in_use_count(flood->pool);
	/* Somebody may still write to what is missing: then the pool's memory stays. */
	if (missing == 0)
		rte_mempool_free(flood->pool);
	flood->pool = NULL;
	return missing;
}

void flood_set_rate(struct flood *flood, uint64_t pps)
{
	__atomic_store_n(&flood->pps, pps, __ATOMIC_RELAXED);
}

void flood_aim(struct flood *flood, const uint8_t mac[6])
{
	flood_frames_aim(&flood->frames, mac, flood->mac);
	flood->aimed = flood->mac_given = true;
}

/* Asks who the target is, or who leads there. True once somebody has answered. */
static bool look(struct flood *flood, struct weir_core *core, uint64_t now_ns)
{
	uint8_t mac[6];

	if (flood->since_ns == 0)
		flood->since_ns = now_ns;
	if (weir_neighbour(core, flood->target, mac) == 0) {
		flood_frames_aim(&flood->frames, mac, flood->mac);
		flood->aimed = true;
		flood->look_ns = now_ns + NEIGHBOUR_LOOK_NS;
	} else if (!flood->aimed && now_ns - flood->since_ns >= NEIGHBOUR_WAIT_NS) {
		__atomic_store_n(&flood->tally.fatal, -EHOSTUNREACH, __ATOMIC_RELAXED);
	}
	return flood->aimed;
}

unsigned flood_source(struct weir_core *core, struct rte_mbuf **mbufs, unsigned max, uint64_t now_ns,
		      void *arg)
{
	struct flood *flood = arg;
	unsigned n;

	if (order_given(&flood->orders->stop) || !order_given(&flood->orders->start))
		return 0;
	if (now_ns >= flood->look_ns && !flood->mac_given && !look(flood, core, now_ns))
		return 0;
	n = flood_pace_due(&flood->pace, __atomic_load_n(&flood->pps, __ATOMIC_RELAXED), max, now_ns);
	if (n == 0)
		return 0;
	if (rte_pktmbuf_alloc_bulk(flood->pool, mbufs, n) != 0) {
		tally_add(&flood->counts.no_buffer, 1);
		return 0;
	}
	tally_add(&flood->counts.mbufs_taken, n);
	for (unsigned i = 0; i < n; i++) {
		unsigned len = flood_frames_write(&flood->frames, rte_pktmbuf_mtod(mbufs[i], uint8_t *));

		mbufs[i]->data_len = (uint16_t)len;
		mbufs[i]->pkt_len = len;
	}
	flood_pace_pay(&flood->pace, n);
	tally_add(&flood->counts.sent, n);
	tally_add(&flood->counts.mbufs_returned, n);
	return n;
}

/* Where a packet's TCP begins, and whom it is to; 0: no TCP follows the IP header at once. */
static unsigned answer_ipv4(const struct rte_ipv4_hdr *ip, struct weir_address *dst)
{
	unsigned len = rte_ipv4_hdr_len(ip);

	*dst = weir_ipv4(rte_be_to_cpu_32(ip->dst_addr));
	return ip->next_proto_id == IPPROTO_TCP && len >= sizeof(*ip) ? len : 0;
}

static unsigned answer_ipv6(const struct rte_ipv6_hdr *ip, struct weir_address *dst)
{
	*dst = weir_ipv6(ip->dst_addr);
	return ip->proto == IPPROTO_TCP ? sizeof(*ip) : 0;
}

/*
 * The TCP header of a whole packet to one of our sources, or NULL.
 * The port may have left a VLAN's tag in the frame.
 */
static const struct rte_tcp_hdr *answer(const struct flood *flood, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + RTE_ETHER_HDR_LEN;
	const uint8_t *end = frame + rte_pktmbuf_data_len(m);
	struct weir_address dst;
	unsigned ip_len = 0;
	rte_be16_t type;

	if (end < ip + RTE_VLAN_HLEN)
		return NULL;
	memcpy(&type, ip - sizeof(type), sizeof(type));
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)) {
		ip += RTE_VLAN_HLEN;
		memcpy(&type, ip - sizeof(type), sizeof(type));
	}
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) && end >= ip + sizeof(struct rte_ipv4_hdr))
		ip_len = answer_ipv4((const struct rte_ipv4_hdr *)ip, &dst);
	else if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6) && end >= ip + sizeof(struct rte_ipv6_hdr))
		ip_len = answer_ipv6((const struct rte_ipv6_hdr *)ip, &dst);
	if (ip_len == 0 || end < ip + ip_len + sizeof(struct rte_tcp_hdr) ||
	    !flood_sources_contain(&flood->frames.sources, dst))
		return NULL;
	return (const struct rte_tcp_hdr *)(ip + ip_len);
}

static void count_answer(struct flood_counts *counts, uint8_t flags)
{
	if (flags & RTE_TCP_RST_FLAG)
		tally_add(&counts->resets, 1);
	else if ((flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG))
		tally_add(&counts->syn_acks, 1);
	else
		tally_add(&counts->others, 1);
}

unsigned flood_sink(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n, void *arg)
{
	struct flood *flood = arg;
	unsigned kept = 0;

	(void)core;
	for (unsigned i = 0; i < n; i++) {
		const struct rte_tcp_hdr *tcp = answer(flood, mbufs[i]);

		if (tcp == NULL) {
			mbufs[kept++] = mbufs[i];
			continue;
		}
		tally_add(&flood->counts.mbufs_taken, mbufs[i]->nb_segs);
		count_answer(&flood->counts, tcp->tcp_flags);
		tally_add(&flood->counts.mbufs_returned, mbufs[i]->nb_segs);
		rte_pktmbuf_free(mbufs[i]);
	}
	return kept;
}

void flood_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		 void *arg)
{
	struct flood *flood = arg;

	(void)events, (void)n, (void)now_ns;
	tally_ready(&flood->tally, core);
	if (!order_given(&flood->orders->stop))
		return;
	/*
	 * A run that is over before it knew where to send has not done what was asked, however short it was.
	 */
	if (!flood->aimed)
		__atomic_store_n(&flood->tally.fatal, -EHOSTUNREACH, __ATOMIC_RELAXED);
	order_give(&flood->tally.stopped);
}

void flood_counts(const struct flood *flood, struct flood_counts *counts)
{
	*counts = (struct flood_counts){
		.sent = tally_get(&flood->counts.sent),
		.syn_acks = tally_get(&flood->counts.syn_acks),
		.resets = tally_get(&flood->counts.resets),
		.others = tally_get(&flood->counts.others),
		.no_buffer = tally_get(&flood->counts.no_buffer),
		.mbufs_taken = tally_get(&flood->counts.mbufs_taken),
		.mbufs_returned = tally_get(&flood->counts.mbufs_returned),
	};
}
