/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frames.c - bytes in, bytes out: frames go through wire/, net/ and tcp/ as core/rx.c and core/tx.c take
 * them, without EAL.
 *
 * A frame begins as what a peer would send, a segment, ARP or an ICMP message about what was sent to it; then
 * some bytes of it change, with the checksums mended or not. What the shard sends is built, and read back as
 * its peer would read it.
 */
#include <string.h>

#include "fuzz/fault.h"
#include "fuzz/invariants.h"
#include "fuzz/mend.h"
#include "fuzz/peer.h"
#include "fuzz/programs.h"
#include "fuzz/shard.h"
#include "fuzz/witness.h"
#include "net/net.h"
#include "support/addresses.h"
#include "support/exact.h"
#include "support/payload_arena.h"
#include "wire/build.h"
#include "wire/csum.h"
#include "wire/parse.h"
#include "wire/plain.h"

#define ADDRESS 0x0a000001u /* 10.0.0.1 in a /24, or such a number of IPv6 */
#define PEER 0x0a000002u
#define STEPS_MAX 1000
#define FRAME_MAX 9100
#define QUOTED 64 /* bytes of our last frame's packet that an ICMP error can quote */

static const struct eth_addr our_mac = { { 2, 0, 0, 0, 0, 1 } }, peer_mac = { { 2, 0, 0, 0, 0, 2 } };

struct stand {
	struct shard shard;
	struct net net;
	struct bytes_in in;
	uint8_t frame[FRAME_MAX]; /* that comes next */
	uint32_t len;
	uint8_t quoted[QUOTED];
};

/* Bytes that change, a frame cut short or padded; then checksums are mended, mostly. */
static void damage(struct stand *s)
{
	unsigned how = in_u8(&s->in);

	for (unsigned n = how & 3; n > 0 && s->len > 0; n--) {
		unsigned at = in_u8(&s->in);

		s->frame[at % s->len] = in_u8(&s->in);
	}
	if (how & 4)
		s->len = how & 8 ? in_u8(&s->in) : s->len + in_u8(&s->in);
	if (s->len > FRAME_MAX)
		s->len = FRAME_MAX;
	if (!(how & 0x80))
		mend(s->frame, s->len);
}

static void put_segment(struct stand *s)
{
	struct seg seg;
	struct seg_side side;

	peer_segment(&s->shard, &s->in, 1000, &seg, &side);
	if (seg.len > FRAME_MAX - BUILD_HEADERS_MAX) {
		payload_trim(seg.payload, 0, seg.len - (FRAME_MAX - BUILD_HEADERS_MAX));
		seg.len = FRAME_MAX - BUILD_HEADERS_MAX;
	}
	/* Options that a segment cannot hold together. */
	if (seg.opts & SEG_OPT_SACK && seg.opts & SEG_OPT_TS && seg.sacks > 3)
		seg.sacks = 3;
	const struct pair pair = { tuple_remote(&seg.tuple, &side.pair),
				   tuple_local(&seg.tuple, &side.pair) };

	seg.tuple = arriving_tuple(&pair, seg.tuple.rport, seg.tuple.lport);
	seg.ttl = 64;
	unsigned headers = build_headers(s->frame, &seg, &pair, &our_mac, &peer_mac);

	if (seg.opts & SEG_OPT_SACK)
		build_sack(s->frame, &seg, &side.sack);
	if (seg.len > 0)
		payload_read(seg.payload, 0, s->frame + headers, seg.len);
	payload_free(seg.payload);
	s->len = headers + seg.len;
}

static void put_arp(struct stand *s)
{
	unsigned how = in_u8(&s->in);
	struct arp arp = { .op = how & 1 ? ARP_REPLY : ARP_REQUEST,
			   .sender_mac = peer_mac,
			   .target_mac = our_mac,
			   .sender = how & 2 ? in_u32(&s->in) : PEER,
			   .target = how & 4 ? in_u32(&s->in) : ADDRESS };

	eth_build(s->frame, &(struct eth_hdr){ .dst = how & 8 ? ETH_BROADCAST : our_mac,
					       .src = peer_mac,
					       .type = ETH_TYPE_ARP });
	arp_build(s->frame + ETH_BYTES, &arp);
	s->len = ETH_BYTES + ARP_BYTES;
}

/*
 * An error that quotes the last segment that was sent, or an echo of the same bytes; in the family of that.
 */
static void put_icmp(struct stand *s)
{
	static const uint8_t types[2][8] = {
		{ ICMP_UNREACHABLE, ICMP_ECHO, ICMP_UNREACHABLE, ICMP_TIME_EXCEEDED, ICMP_SOURCE_QUENCH,
		  ICMP_PARAMETER_PROBLEM, ICMP_UNREACHABLE, ICMP_ECHO_REPLY },
		{ ICMP6_UNREACHABLE, ICMP6_ECHO, ICMP6_TOO_BIG, ICMP6_TIME_EXCEEDED, ICMP6_REDIRECT,
		  ICMP6_PARAMETER_PROBLEM, ICMP6_UNREACHABLE, ICMP6_ECHO_REPLY },
	};
	const bool is6 = s->quoted[0] >> 4 == 6;
	const struct pair pair = shard_pair(&s->shard, is6);
	unsigned how = in_u8(&s->in), header = ip_build_bytes(is6);
	uint8_t *message = s->frame + ETH_BYTES + header;

	eth_build(s->frame, &(struct eth_hdr){ .dst = our_mac,
					       .src = peer_mac,
					       .type = is6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4 });
	ip_build(s->frame + ETH_BYTES,
		 &(struct ip_hdr){ .src = pair.remote,
				   .dst = pair.local,
				   .total_bytes = (uint16_t)(header + ICMP_BYTES + QUOTED),
				   .protocol = is6 ? IP_PROTOCOL_ICMP6 : IP_PROTOCOL_ICMP,
				   .ttl = 64 },
		 0);
	memset(message, 0, ICMP_BYTES);
	message[0] = types[is6][how & 7];
	message[1] = how >> 3 & 7;
	if (how & 0x40)
		bytes_put16(message + 6, in_u16(&s->in));
	memcpy(message + ICMP_BYTES, s->quoted, QUOTED);
	s->len = ETH_BYTES + header + ICMP_BYTES + QUOTED;
}

static void put_bytes(struct stand *s)
{
	s->len = in_u8(&s->in);
	for (uint32_t i = 0; i < s->len; i++)
		s->frame[i] = in_u8(&s->in);
}

/* The peer must read what was meant. */
static void read_back(const uint8_t *bytes, uint32_t len, const struct seg *sent, const struct seg_side *side)
{
	struct frame frame = { .bytes = bytes, .contiguous = len, .total = len };
	struct seg got = { 0 };
	struct seg_side got_side;
	uint32_t headers;

	HOLDS(parse_link(&frame) == ACCEPTED && parse_ip(&frame) == ACCEPTED &&
		      parse_accept(&frame) == ACCEPTED,
	      "headers");
	verdict v = parse_tcp(&frame, 0, &got, &got_side, &headers);

	HOLDS(v == ACCEPTED, "%s", counter_name(v));
	HOLDS(got.seq == sent->seq && got.ack == sent->ack && got.flags == sent->flags &&
		      got.wnd == sent->wnd && got.len == sent->len && got.opts == sent->opts &&
		      got.tsval == sent->tsval && got.tsecr == sent->tsecr && got.mss == sent->mss &&
		      got.ttl == sent->ttl && got.tos == sent->tos,
	      "flags %#x options %#x", got.flags, got.opts);
	HOLDS(address_equal(frame.ip.src, tuple_local(&sent->tuple, &side->pair)) &&
		      address_equal(frame.ip.dst, tuple_remote(&sent->tuple, &side->pair)),
	      "addresses");
	if (got.opts & SEG_OPT_SACK)
		HOLDS(got.sacks == sent->sacks && memcmp(&got_side.sack, &side->sack,
							 sent->sacks * sizeof(struct sack_block)) == 0,
		      "blocks");
}

/* Nearly all frames go the short way, as in core/tx.c. */
static unsigned build(struct stand *s, uint8_t *frame, const struct seg *seg, const struct seg_side *side,
		      const struct eth_addr *dst)
{
	if (SHORT_WAYS && !(seg->opts & SEG_OPT_SACK)) {
		uint64_t sum = seg->len > 0 ? tcp_read(s->shard.tcp, seg, frame + plain_headers(seg)) : 0;

		return plain_build(frame, seg, &side->pair, dst, &our_mac, sum);
	}
	unsigned headers = build_headers(frame, seg, &side->pair, dst, &our_mac);

	if (seg->opts & SEG_OPT_SACK)
		build_sack(frame, seg, &side->sack);
	if (seg->len > 0)
		tcp_read(s->shard.tcp, seg, frame + headers);
	build_csum(frame, seg);
	return headers;
}

static void send_frame(struct stand *s, const struct seg *seg, const struct seg_side *side)
{
	struct weir_address hop = net_next_hop(&s->net, tuple_remote(&seg->tuple, &side->pair));
	uint32_t bytes = BUILD_HEADERS_MAX + seg->len;

	if (address_is_none(hop))
		return; /* an answer to an address that was made up */
	uint8_t *frame = malloc(bytes);
	const struct eth_addr *dst = neigh_find(&s->net.neigh, hop, s->shard.now_ns);
	unsigned headers = build(s, frame, seg, side, dst != NULL ? dst : &our_mac);

	witness_note(frame, headers + seg->len);
	HOLDS(headers + seg->len - ETH_BYTES <= s->shard.config.mtu, "a packet of %u bytes",
	      headers + seg->len - ETH_BYTES);
	read_back(frame, headers + seg->len, seg, side);
	memset(s->quoted, 0, QUOTED);
	memcpy(s->quoted, frame + ETH_BYTES, QUOTED < headers - ETH_BYTES ? QUOTED : headers - ETH_BYTES);
	if (dst == NULL) {
		neigh_hold(&s->net.neigh, hop, payload_arena_copy(frame, headers + seg->len),
			   s->shard.now_ns);
		s->shard.elsewhere = payload_arena_live() - s->shard.buffers;
	}
	free(frame);
}

static void receive_icmp(struct stand *s, const struct frame *frame)
{
	uint32_t start = frame_l4_start(frame), len = frame_end(frame) - start;
	struct icmp icmp;
	verdict v = icmp_parse(&frame->ip, frame->bytes + start, len, len, 0, &icmp);

	if (v != ACCEPTED || icmp.kind == ICMP_IS_NEIGHBOUR)
		return; /* that is fuzz_nd's */
	switch (net_icmp_input(&s->net, &icmp, s->shard.now_ns, &v)) {
	case NET_ICMP_DROP:
		HOLDS(v != ACCEPTED, "dropped for no reason");
		return;
	case NET_ICMP_ECHO:
		return;
	case NET_ICMP_ERROR:
		tcp_icmp(s->shard.tcp, &icmp.error, s->shard.now_ns);
		invariants_check(&s->shard);
	}
}

static void input_segment(struct stand *s, struct seg *seg, const struct seg_side *side, const uint8_t *text)
{
	if (seg->len > 0)
		seg->payload = payload_arena_copy(text, seg->len);
	shard_input(&s->shard, seg, side, 1);
	if (s->shard.turned)
		send_frame(s, seg, side);
}

static void receive_segment(struct stand *s, const struct frame *frame)
{
	struct seg seg;
	struct seg_side side;
	uint32_t headers;

	if (parse_tcp(frame, 0, &seg, &side, &headers) == ACCEPTED)
		input_segment(s, &seg, &side, frame->bytes + headers);
}

/* The short way, as core/rx.c's parse_plain() has it. */
static bool receive_plain(struct stand *s, const uint8_t *frame)
{
	struct seg seg;
	struct seg_side side;
	unsigned headers = SHORT_WAYS ? plain_parse(frame, s->len, 0, &our_mac, &seg, &side.pair) : 0;

	if (headers == 0 || !net_plain_tuple(&s->net, &seg.tuple, &side.pair))
		return false;
	input_segment(s, &seg, &side, frame + headers);
	return true;
}

/* As core/rx.c's classify() has it. */
static void receive_other(struct stand *s, const uint8_t *bytes)
{
	struct frame frame = { .bytes = bytes, .contiguous = s->len, .total = s->len };
	struct arp arp, answer;
	bool due;
	verdict v = parse_link(&frame);

	if (v == ACCEPTED && frame.eth.type == ETH_TYPE_ARP) {
		if (arp_parse(bytes + ETH_BYTES, s->len - ETH_BYTES, &arp) == ACCEPTED)
			net_arp_input(&s->net, &arp, s->shard.now_ns, &due, &answer);
	} else if (v == ACCEPTED) {
		v = parse_ip(&frame);
		if (v == ACCEPTED)
			v = net_check_addresses(&s->net, &frame.ip);
		if (v == ACCEPTED)
			v = parse_accept(&frame);
		if (v == ACCEPTED && frame.ip.protocol == IP_PROTOCOL_TCP)
			receive_segment(s, &frame);
		else if (v == ACCEPTED &&
			 frame.ip.protocol == (ip_is6(&frame.ip) ? IP_PROTOCOL_ICMP6 : IP_PROTOCOL_ICMP))
			receive_icmp(s, &frame);
	}
}

static void receive(struct stand *s)
{
	uint8_t *exact = exact_copy(s->frame, s->len);

	if (!receive_plain(s, exact))
		receive_other(s, exact);
	free(exact);
}

static void input_frame(struct stand *s)
{
	unsigned what = in_u8(&s->in);

	if (what < 0xa0)
		put_segment(s);
	else if (what < 0xb0)
		put_arp(s);
	else if (what < 0xe0)
		put_icmp(s);
	else
		put_bytes(s);
	if (what & 1)
		damage(s);
	else
		mend(s->frame, s->len);
	receive(s);
}

static void output(struct stand *s)
{
	struct seg segs[TCP_BURST_MAX];
	struct seg_side sides[TCP_BURST_MAX];
	unsigned n = shard_output(&s->shard, segs, sides, 1 + in_below(&s->in, TCP_BURST_MAX));
	struct neigh_request request;
	struct eth_addr mac;
	payload frame;

	for (unsigned i = 0; i < n; i++)
		send_frame(s, &segs[i], &sides[i]);
	while ((frame = neigh_release(&s->net.neigh, &mac)) != 0)
		payload_free(frame);
	while (neigh_next_request(&s->net.neigh, &request))
		HOLDS(!addrs_local(&s->net.addrs, request.address), "asks for itself");
	s->shard.elsewhere = payload_arena_live() - s->shard.buffers;
}

static void pass_time(struct stand *s)
{
	struct shard *shard = &s->shard;
	uint64_t next = tcp_next_deadline(shard->tcp, shard->now_ns);
	unsigned how = in_u8(&s->in);

	/* What waits for a neighbour goes and comes by itself. */
	uint64_t before = payload_arena_live();

	if (how & 1 && next != UINT64_MAX)
		next = next > shard->now_ns ? next : shard->now_ns;
	else
		next = shard->now_ns + (how >> 2) * (how & 2 ? CLOCK_NS_PER_S : CLOCK_NS_PER_MS);
	neigh_advance(&s->net.neigh, next);
	shard->elsewhere -= before - payload_arena_live();
	shard_advance(shard, next);
}

static void step(struct stand *s)
{
	unsigned what = in_u8(&s->in);

	if (what < 0x80)
		input_frame(s);
	else if (what < 0xa8)
		shard_call(&s->shard, &s->in);
	else if (what < 0xc8)
		output(s);
	else if (what < 0xe0)
		shard_events(&s->shard, 1 + (what & 3), what & 4);
	else
		pass_time(s);
}

void frames_run(const uint8_t *data, size_t size)
{
	static struct stand stand;
	struct stand *s = &stand;

	s->in = (struct bytes_in){ data, data + size };
	shard_create(&s->shard, &s->in, ADDRESS, PEER, NULL, true);
	s->shard.damaged = true; /* a changed byte with a mended checksum is as good as any */
	s->shard.config.ranges[0].prefix_len = 24;
	s->shard.config.ranges[1].prefix_len = 56; /* IPv6's, if it is there: as many networks of /64 */
	s->shard.config.dad_probes = 0;
	memcpy(s->shard.config.mac, our_mac.bytes, sizeof(our_mac.bytes));
	net_init(&s->net, &s->shard.config, (struct siphash_key){ 10, 11 }, &s->shard.counters);
	memset(s->quoted, 0, QUOTED);
	CHECK(tcp_listen(s->shard.tcp, (struct weir_endpoint){ .port = 80 }, 42) == 0);
	for (unsigned steps = 0; in_left(&s->in) > 0 && steps < STEPS_MAX; steps++)
		step(s);
	neigh_clear(&s->net.neigh);
	s->shard.elsewhere = 0;
	shard_destroy(&s->shard, size & 1);
	HOLDS(payload_arena_live() == 0, "%lu buffers", (unsigned long)payload_arena_live());
}
