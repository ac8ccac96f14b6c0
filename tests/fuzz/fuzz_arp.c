/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_arp - ARP packets into a live neighbour cache, while frames wait there,
 * requests are taken and time goes by.
 *
 * After each few steps the cache is counted anew: every entry is in its bucket once, every frame waits in one
 * place, the bounds hold, and frames are where they should be or freed.
 */
#include <string.h>

#include "fuzz/bytes_in.h"
#include "fuzz/fault.h"
#include "net/net.h"
#include "support/exact.h"
#include "support/payload_arena.h"

#define OURS 0x0a000001u    /* 10.0.0.1 in a /16 */
#define GATEWAY 0x0a00fffeu /* 10.0.255.254 */
#define STEPS_MAX 400
#define CHECK_EACH 16
#define NONE UINT16_MAX

struct stand {
	struct net net;
	struct counters counters;
	struct bytes_in in;
	uint64_t now_ns;
};

/* Neighbours few enough to be met again, ourselves and odd ones among them. */
static uint32_t take_address(struct bytes_in *in)
{
	unsigned how = in_u8(in);

	if (how < 0xc0)
		return 0x0a000000u + how % 16;
	if (how < 0xe0)
		return 0x0a000000u + in_u16(in);
	return how < 0xf0 ? GATEWAY : in_u32(in);
}

static struct eth_addr take_mac(struct bytes_in *in)
{
	return (struct eth_addr){ { in_u8(in), 0, 0, 0, 0, in_u8(in) } };
}

/* What is built is read back; what is damaged is read, and may say anything. */
static void arp_packet(struct stand *s)
{
	struct arp sent = { .op = (uint16_t)(1 + in_below(&s->in, 2)),
			    .sender_mac = take_mac(&s->in),
			    .target_mac = take_mac(&s->in),
			    .sender = take_address(&s->in),
			    .target = take_address(&s->in) },
		   got, answer;
	uint8_t packet[ARP_BYTES];
	uint32_t len = ARP_BYTES, damage = in_u8(&s->in);
	bool due;

	arp_build(packet, &sent);
	if (damage < 0x20)
		packet[damage % ARP_BYTES] ^= in_u8(&s->in);
	else if (damage < 0x30)
		len = ARP_BYTES - 1 - (damage - 0x20);
	uint8_t *exact = exact_copy(packet, len);
	verdict v = arp_parse(exact, len, &got);

	free(exact);
	if (damage >= 0x30)
		HOLDS(v == ACCEPTED && got.op == sent.op && got.sender == sent.sender &&
			      got.target == sent.target && eth_equal(&got.sender_mac, &sent.sender_mac) &&
			      eth_equal(&got.target_mac, &sent.target_mac),
		      "%s", counter_name(v));
	HOLDS(len == ARP_BYTES || v != ACCEPTED, "%u bytes", len);
	if (v != ACCEPTED)
		return;
	net_arp_input(&s->net, &got, s->now_ns, &due, &answer);
	HOLDS(!due || (answer.op == ARP_REPLY && answer.sender == got.target && answer.target == got.sender &&
		       addrs_local(&s->net.addrs, weir_ipv4(answer.sender))),
	      "an answer");
}

/* Some frames for some neighbours, as core/tx.c sends them. */
static void send_frames(struct stand *s)
{
	uint32_t address = take_address(&s->in);
	unsigned frames = 1 + in_below(&s->in, 40), stride = in_u8(&s->in) & 1;

	for (unsigned i = 0; i < frames; i++, address += stride) {
		struct weir_address dst = weir_ipv4(address), hop = net_next_hop(&s->net, dst);

		if (!net_may_send(&s->net, dst) || address_is_none(hop) || addrs_local(&s->net.addrs, hop))
			continue;
		if (neigh_find(&s->net.neigh, hop, s->now_ns) == NULL)
			neigh_hold(&s->net.neigh, hop, payload_arena_copy("frame", 5), s->now_ns);
	}
}

static void take_output(struct stand *s)
{
	unsigned most = in_u8(&s->in);
	struct neigh_request request;
	struct eth_addr mac;
	payload frame;

	for (unsigned i = 0; i < most && (frame = neigh_release(&s->net.neigh, &mac)) != 0; i++) {
		HOLDS(!eth_is_zero(&mac), "a frame to nobody");
		payload_free(frame);
	}
	for (unsigned i = 0; i < most && neigh_next_request(&s->net.neigh, &request); i++) {
		struct arp arp = net_arp_request(&s->net, address_v4(request.address));

		HOLDS(address_equal(request.address, weir_ipv4(arp.target)) &&
			      addrs_local(&s->net.addrs, weir_ipv4(arp.sender)),
		      "a request");
	}
}

static void pass_time(struct stand *s)
{
	uint64_t next = neigh_next_deadline(&s->net.neigh, s->now_ns);
	unsigned how = in_u8(&s->in);

	if (how < 0x80)
		s->now_ns += (how & 0x40 ? CLOCK_NS_PER_S : CLOCK_NS_PER_MS) * (how & 0x3f) * 16;
	else if (next != UINT64_MAX && next > s->now_ns)
		s->now_ns = next;
	neigh_advance(&s->net.neigh, s->now_ns);
	next = neigh_next_deadline(&s->net.neigh, s->now_ns);
	HOLDS(next > s->now_ns || s->net.neigh.ready_first != NONE ||
		      s->net.neigh.ask_head != s->net.neigh.ask_tail,
	      "a deadline that has passed");
}

static void check_buckets(const struct neigh *neigh)
{
	bool seen[NEIGH_ENTRIES] = { false };
	unsigned used = 0, incomplete = 0, free = 0;

	for (unsigned b = 0; b < NEIGH_BUCKETS; b++) {
		for (uint16_t i = neigh->buckets[b]; i != NONE; i = neigh->entries[i].next) {
			HOLDS(i < NEIGH_ENTRIES && !seen[i], "entry %u", i);
			HOLDS(neigh->entries[i].state != NEIGH_FREE, "entry %u is free", i);
			seen[i] = true;
			used++;
			incomplete += neigh->entries[i].state == NEIGH_INCOMPLETE;
		}
	}
	for (uint16_t i = neigh->entries_free; i != NONE; i = neigh->entries[i].next) {
		HOLDS(!seen[i] && neigh->entries[i].state == NEIGH_FREE, "free entry %u", i);
		seen[i] = true;
		free++;
	}
	HOLDS(used == neigh->used && incomplete == neigh->incomplete, "%u used, %u incomplete", used,
	      incomplete);
	HOLDS(used + free == NEIGH_ENTRIES, "%u and %u entries", used, free);
}

static void check_held(const struct neigh *neigh)
{
	unsigned held = 0, free = 0;

	for (unsigned i = 0; i < NEIGH_ENTRIES; i++) {
		const struct neigh_entry *entry = &neigh->entries[i];
		uint16_t slot = entry->held_first;

		HOLDS(entry->held <= NEIGH_HELD_EACH, "%u frames wait", entry->held);
		HOLDS(entry->held == 0 || entry->state == NEIGH_INCOMPLETE, "frames wait in state %u",
		      entry->state);
		for (unsigned n = 0; n < entry->held; n++, slot = neigh->held[slot].next) {
			HOLDS(neigh->held[slot].frame != 0, "an empty place");
			held++;
		}
	}
	for (uint16_t i = neigh->ready_first; i != NONE; i = neigh->held[i].next)
		held++;
	for (uint16_t i = neigh->held_free; i != NONE; i = neigh->held[i].next)
		free++;
	HOLDS(held + free == NEIGH_HELD_MAX, "%u wait, %u places are free", held, free);
	HOLDS(held == payload_arena_live(), "%lu frames, %u wait", (unsigned long)payload_arena_live(), held);
	HOLDS(neigh->ask_tail - neigh->ask_head <= NEIGH_ENTRIES, "requests");
}

static void check(const struct neigh *neigh)
{
	check_buckets(neigh);
	check_held(neigh);
}

static void step(struct stand *s)
{
	unsigned what = in_u8(&s->in);

	if (what < 0x60)
		arp_packet(s);
	else if (what < 0xa0)
		send_frames(s);
	else if (what < 0xc0)
		take_output(s);
	else if (what < 0xf0)
		pass_time(s);
	else
		neigh_doubt(&s->net.neigh, weir_ipv4(take_address(&s->in)), s->now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stand stand;
	struct stand *s = &stand;
	struct weir_config config = { .ranges = { { weir_ipv4(OURS), weir_ipv4(OURS + 1), 16 } },
				      .ranges_count = 1 };

	s->in = (struct bytes_in){ data, data + size };
	s->now_ns = CLOCK_NS_PER_S;
	config.mac[0] = 2;
	if (in_u8(&s->in) & 1)
		config.gateway = weir_ipv4(GATEWAY);
	net_init(&s->net, &config, (struct siphash_key){ 1, 2 }, &s->counters);
	for (unsigned steps = 0; in_left(&s->in) > 0 && steps < STEPS_MAX; steps++) {
		step(s);
		if (steps % CHECK_EACH == 0)
			check(&s->net.neigh);
	}
	check(&s->net.neigh);
	neigh_clear(&s->net.neigh);
	HOLDS(payload_arena_live() == 0, "%lu frames", (unsigned long)payload_arena_live());
	return 0;
}
