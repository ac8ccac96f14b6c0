/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_nd - ICMPv6 messages of neighbour discovery, and queries of multicast listener discovery, into a live
 * net, whole or damaged, while frames wait for neighbours, requests are taken and time goes by.
 *
 * After each few steps the table and the routers are counted anew, and what is sent is read back: it must be
 * what a sound neighbour would accept, from an address of ours.
 */
#include <string.h>

#include "fuzz/bytes_in.h"
#include "fuzz/fault.h"
#include "net/net.h"
#include "support/exact.h"
#include "support/payload_arena.h"
#include "wire/bytes.h"

#define STEPS_MAX 400
#define CHECK_EACH 16
#define NONE UINT16_MAX
#define QUERY_MAX 80
#define HOURS_NS (3600 * CLOCK_NS_PER_S)

struct stand {
	struct net net;
	struct counters counters;
	struct bytes_in in;
	uint64_t now_ns;
	int ready;
	uint64_t batch_ns; /* of the reports that are counted */
	unsigned batch;
};

/*
 * Those that mean something here, their neighbours in number, and anything.
 * Ours are 2001:db8::1 and ::2, and fe80::ff:fe00:0.
 */
static struct weir_address take_address(struct bytes_in *in)
{
	static const uint64_t networks[] = { 0x20010db8ull << 32, 0xfe80ull << 48, 0xff02ull << 48, 0 };
	unsigned how = in_u8(in);
	struct weir_address address = { networks[how >> 6], how & 15 };

	if ((how & 0x30) == 0x10)
		address.lo = 0xfffe000000ull;
	else if ((how & 0x30) == 0x20)
		address.lo = 0x1ff000000ull | (how & 15);
	else if ((how & 0x30) == 0x30)
		address.lo = (uint64_t)in_u32(in) << 32 | in_u32(in);
	return address;
}

static struct eth_addr take_mac(struct bytes_in *in)
{
	return (struct eth_addr){ { in_u8(in), 0, 0, 0, 0, in_u8(in) } };
}

static struct nd take_message(struct bytes_in *in)
{
	uint8_t options;
	struct nd nd = { .type = (uint8_t)(ICMP6_ROUTER_SOLICITATION + in_below(in, 4)) };

	if (nd.type == ICMP6_ROUTER_ADVERTISEMENT) {
		nd.lifetime_s = in_u16(in);
	} else if (nd.type != ICMP6_ROUTER_SOLICITATION) {
		nd.target = take_address(in);
		nd.flags = nd.type == ICMP6_NEIGHBOUR_ADVERTISEMENT ? in_u8(in) & 0xe0 : 0;
	}
	options = in_u8(in);
	nd.has_mac = options & 1;
	nd.has_nonce = options & 2;
	if (nd.has_mac)
		nd.mac = take_mac(in);
	if (nd.has_nonce)
		nd.nonce = in_u32(in);
	return nd;
}

/* What wire/nd.c writes it reads, with the header that it belongs to. */
static void read_back(const struct nd_out *out)
{
	struct ip_hdr ip = { .src = out->src, .dst = out->dst, .ttl = ND_HOP_LIMIT };
	uint8_t bytes[ND_BYTES_MAX];
	uint32_t len = nd_build(bytes, &out->nd);
	uint8_t *exact = exact_copy(bytes, len);
	struct nd got;
	verdict v = nd_parse(&ip, exact, len, &got);

	free(exact);
	HOLDS(v == ACCEPTED, "%s", counter_name(v));
	HOLDS(got.type == out->nd.type && got.flags == out->nd.flags &&
		      address_equal(got.target, out->nd.target) && got.has_mac == out->nd.has_mac &&
		      eth_equal(&got.mac, &out->nd.mac) && got.has_nonce == out->nd.has_nonce &&
		      got.nonce == out->nd.nonce,
	      "type %u", got.type);
}

static void check_out(const struct stand *s, const struct nd_out *out)
{
	struct eth_addr group = nd_group_mac(out->dst);

	HOLDS(!eth_is_zero(&out->mac), "sent to nobody");
	HOLDS(!address_is_multicast(out->dst) || eth_equal(&out->mac, &group), "a group's MAC address");
	HOLDS(addrs_local(&s->net.addrs, out->src) || (address_is_none(out->src) && s->net.tentative),
	      "whose address is it sent from?");
	HOLDS(address_is_none(out->src) || !s->net.tentative, "a tentative address is used");
	HOLDS(!out->nd.has_mac || eth_equal(&out->nd.mac, &s->net.mac), "our MAC address");
	read_back(out);
}

/* Built, then perhaps changed in a byte, cut, or lengthened by anything. */
static void message_in(struct stand *s)
{
	struct nd nd = take_message(&s->in);
	struct ip_hdr ip = { .src = take_address(&s->in), .dst = take_address(&s->in), .ttl = ND_HOP_LIMIT };
	struct eth_addr mac = take_mac(&s->in);
	uint8_t bytes[ND_BYTES_MAX + 32], damage = in_u8(&s->in);
	uint32_t len = nd_build(bytes, &nd);

	if (damage < 0x20) {
		bytes[in_u8(&s->in) % len] ^= in_u8(&s->in);
	} else if (damage < 0x30) {
		len = in_u8(&s->in) % len;
	} else if (damage < 0x40) {
		for (unsigned more = in_below(&s->in, 32); more > 0; more--)
			bytes[len++] = in_u8(&s->in);
	} else if (damage < 0x44) {
		ip.ttl = in_u8(&s->in);
	}
	if (len > 0 && !nd_is_type(bytes[0]))
		return;
	uint8_t *exact = exact_copy(bytes, len);
	struct net_answer answer;
	verdict v = net_nd_input(&s->net, &ip, exact, len, &mac, s->now_ns, &answer);

	free(exact);
	TELL("<- type %u: %s\n", nd.type, counter_name(v));
	HOLDS(v == ACCEPTED || counter_kind(v) == WEIR_COUNT_DROP ||
		      (v == COUNT_frames_not_mine && !answer.about_us),
	      "%s", counter_name(v));
	HOLDS(ip.ttl == ND_HOP_LIMIT || v == COUNT_drop_nd_hop_limit, "from elsewhere");
	HOLDS(!answer.due || v == ACCEPTED, "an answer to what is dropped");
	if (!answer.due)
		return;
	HOLDS(answer.nd.nd.type == ICMP6_NEIGHBOUR_ADVERTISEMENT &&
		      address_equal(answer.nd.nd.target, answer.nd.src),
	      "an answer");
	check_out(s, &answer.nd);
}

/* A query, whose address and length are anything's, too. */
static void query_in(struct stand *s)
{
	struct ip_hdr ip = {
		.src = take_address(&s->in), .dst = nd_all_nodes(), .ttl = MLD_HOP_LIMIT, .router_alert = true
	};
	struct weir_address group = take_address(&s->in);
	uint8_t bytes[QUERY_MAX] = { ICMP6_LISTENER_QUERY }, how = in_u8(&s->in);
	uint32_t len = how < 0x80 ? 24 : how < 0xe0 ? 28 : 8 + in_below(&s->in, QUERY_MAX - 8 + 1);

	bytes_put16(bytes + 4, (uint16_t)(in_u8(&s->in) << 8 | how));
	bytes_put_address(bytes + 8, how & 1 ? group : (struct weir_address){ 0 });
	bytes_put16(bytes + 26, in_u8(&s->in) & 3);
	uint8_t *exact = exact_copy(bytes, len);
	verdict v = net_mld_input(&s->net, &ip, exact, len, len, s->now_ns);

	free(exact);
	TELL("<- query: %s\n", counter_name(v));
	HOLDS(v == ACCEPTED || v == COUNT_drop_mld_link || v == COUNT_drop_mld_malformed ||
		      v == COUNT_drop_mld_other,
	      "%s", counter_name(v));
}

/* Of our groups, from where it may come, and not more of them than the bound. */
static void check_report(struct stand *s, const struct mld_report *report)
{
	bool nobody = address_is_none(report->src);
	uint8_t bytes[MLD_BYTES_MAX];

	if (s->now_ns >= s->batch_ns + MLD_BATCH_NS) {
		s->batch_ns = s->now_ns;
		s->batch = 0;
	}
	HOLDS(++s->batch <= 2 * MLD_BATCH, "%u reports since %lu", s->batch, (unsigned long)s->batch_ns);
	HOLDS(nobody == s->net.tentative, "from where?");
	HOLDS(nobody || address_equal(report->src, s->net.addrs.link_local), "from where?");
	HOLDS(report->count > 0 && report->count <= MLD_GROUPS_MAX, "%u groups", report->count);
	for (unsigned i = 0; i < report->count; i++)
		HOLDS(addrs_group(&s->net.addrs, report->groups[i]) &&
			      !address_equal(report->groups[i], nd_all_nodes()),
		      "group %u", i);
	HOLDS(mld_build(bytes, report) <= sizeof(bytes), "its length");
	TELL("-> report of %u groups\n", report->count);
}

/* Some frames for some neighbours, as core/tx.c sends them. */
static void send_frames(struct stand *s)
{
	struct weir_address address = take_address(&s->in);
	unsigned frames = 1 + in_below(&s->in, 40), stride = in_u8(&s->in) & 1;

	for (unsigned i = 0; i < frames; i++, address.lo += stride) {
		struct weir_address hop;

		if (weir_is_ipv4(address) || !net_may_send(&s->net, address) || net_ready(&s->net) != 1)
			continue;
		hop = net_next_hop(&s->net, address);
		if (address_is_none(hop) || addrs_local(&s->net.addrs, hop))
			continue;
		if (neigh_find(&s->net.neigh, hop, s->now_ns) == NULL)
			neigh_hold(&s->net.neigh, hop, payload_arena_copy("frame", 5), s->now_ns);
	}
}

static void take_output(struct stand *s)
{
	unsigned most = in_u8(&s->in);
	struct net_request request;
	struct eth_addr mac;
	payload frame;

	for (unsigned i = 0; i < most && (frame = neigh_release(&s->net.neigh, &mac)) != 0; i++) {
		HOLDS(!eth_is_zero(&mac) && !eth_is_group(&mac), "a frame to nobody");
		payload_free(frame);
	}
	for (unsigned i = 0; i < most && net_next_request(&s->net, &request); i++) {
		HOLDS(request.what != NET_SEND_ARP, "no IPv4 here");
		if (request.what == NET_SEND_MLD) {
			check_report(s, &request.mld);
			continue;
		}
		check_out(s, &request.nd);
		TELL("-> type %u\n", request.nd.nd.type);
	}
}

static bool has_output(struct stand *s)
{
	const struct neigh *neigh = &s->net.neigh;

	return neigh->ready_first != NONE || neigh->ask_head != neigh->ask_tail || dad_pending(&s->net.dad) ||
	       mld_pending(&s->net.mld) || s->net.routers.solicitation_due ||
	       (!s->net.tentative &&
		!address_is_none(addrs_first(&s->net.addrs, false, s->net.announced[false])));
}

static void pass_time(struct stand *s)
{
	uint64_t next = net_next_deadline(&s->net, s->now_ns);
	unsigned how = in_u8(&s->in);
	int ready;

	if (how < 0x80)
		s->now_ns += (how & 0x40 ? CLOCK_NS_PER_S : CLOCK_NS_PER_MS) * (how & 0x3f) * 16;
	else if (how < 0x84)
		s->now_ns += how * HOURS_NS;
	else if (next != UINT64_MAX && next > s->now_ns)
		s->now_ns = next;
	net_advance(&s->net, s->now_ns);
	HOLDS(net_next_deadline(&s->net, s->now_ns) > s->now_ns || has_output(s),
	      "a deadline that has passed");
	ready = net_ready(&s->net);
	HOLDS(s->ready == 0 || s->ready == ready, "from %d to %d", s->ready, ready);
	s->ready = ready;
}

static void check_entries(const struct neigh *neigh)
{
	bool seen[NEIGH_ENTRIES] = { false };
	unsigned used = 0, incomplete = 0, held = 0;

	for (unsigned b = 0; b < NEIGH_BUCKETS; b++) {
		for (uint16_t i = neigh->buckets[b]; i != NONE; i = neigh->entries[i].next) {
			const struct neigh_entry *entry = &neigh->entries[i];

			HOLDS(i < NEIGH_ENTRIES && !seen[i] && entry->state != NEIGH_FREE, "entry %u", i);
			HOLDS(entry->state == NEIGH_INCOMPLETE ||
				      !(eth_is_zero(&entry->mac) || eth_is_group(&entry->mac)),
			      "a neighbour's MAC address");
			HOLDS(!weir_is_ipv4(entry->address) && address_is_host(entry->address),
			      "a neighbour");
			HOLDS(entry->held == 0 || entry->state == NEIGH_INCOMPLETE, "frames wait in state %u",
			      entry->state);
			seen[i] = true;
			used++;
			incomplete += entry->state == NEIGH_INCOMPLETE;
			held += entry->held;
		}
	}
	HOLDS(used == neigh->used && incomplete == neigh->incomplete, "%u used, %u incomplete", used,
	      incomplete);
	/* Those of gateways are asked in any case; former ones end in their time. */
	HOLDS(incomplete <= NEIGH_INCOMPLETE_MAX + 256, "%u incomplete", incomplete);
	for (uint16_t i = neigh->ready_first; i != NONE; i = neigh->held[i].next)
		held++;
	HOLDS(held == payload_arena_live() && held <= NEIGH_HELD_MAX, "%u frames wait", held);
}

static void check_routers(const struct stand *s)
{
	const struct routers *routers = &s->net.routers;
	struct weir_address way = s->net.gateways[1];
	bool found = address_is_none(way) || !routers->learning;

	for (unsigned i = 0; i < ROUTERS_MAX; i++) {
		const struct router *router = &routers->list[i];

		if (address_is_none(router->address))
			continue;
		HOLDS(routers->learning && address_is_link_local(router->address), "router %u", i);
		HOLDS(address_equal(s->net.neigh.gateways[1 + i], router->address), "router %u is no gateway",
		      i);
		HOLDS(routers->expiry_ns <= router->expires_ns, "router %u lasts too long", i);
		found |= address_equal(way, router->address);
	}
	HOLDS(found, "a way that is no router's");
}

static void step(struct stand *s)
{
	unsigned what = in_u8(&s->in);

	if (what < 0x70)
		message_in(s);
	else if (what < 0x80)
		query_in(s);
	else if (what < 0xa0)
		send_frames(s);
	else if (what < 0xc0)
		take_output(s);
	else if (what < 0xf0)
		pass_time(s);
	else
		net_doubt(&s->net, take_address(&s->in), s->now_ns);
}

static void start(struct stand *s)
{
	struct weir_config config = { .mac = { 2 }, .mtu = 1500, .ranges_count = 1 };
	unsigned how = in_u8(&s->in);

	config.ranges[0] = (struct weir_range){ { 0x20010db8ull << 32, 1 }, { 0x20010db8ull << 32, 2 }, 64 };
	if (how & 1)
		config.gateway6 = (struct weir_address){ 0x20010db8ull << 32, 15 };
	config.no_router_advertisements = how & 2;
	config.dad_probes = how >> 2 & 3;
	s->now_ns = CLOCK_NS_PER_S;
	s->batch = 0;
	s->batch_ns = 0;
	net_init(&s->net, &config, (struct siphash_key){ 1, 2 }, &s->counters);
	s->ready = net_ready(&s->net);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stand stand;
	struct stand *s = &stand;

	s->in = (struct bytes_in){ data, data + size };
	start(s);
	for (unsigned steps = 0; in_left(&s->in) > 0 && steps < STEPS_MAX; steps++) {
		step(s);
		if (steps % CHECK_EACH == 0) {
			check_entries(&s->net.neigh);
			check_routers(s);
		}
	}
	check_entries(&s->net.neigh);
	check_routers(s);
	neigh_clear(&s->net.neigh);
	HOLDS(payload_arena_live() == 0, "%lu frames", (unsigned long)payload_arena_live());
	return 0;
}
