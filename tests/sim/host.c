/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/host.h"

#include <stdlib.h>
#include <string.h>

#include "support/payload_arena.h"
#include "wire/build.h"
#include "wire/parse.h"
#include "wire/plain.h"

static const struct eth_addr macs[2] = { { { 2, 0, 0, 0, 0, 1 } }, { { 2, 0, 0, 0, 0, 2 } } };

void host_init(struct host *host, struct network *network, unsigned end, const struct weir_config *config,
	       const struct tcp_secrets *secrets, uint64_t now_ns)
{
	size_t bytes = tcp_footprint(config);

	host->network = network;
	host->end = end;
	host->memory = aligned_alloc(64, bytes);
	CHECK(host->memory != NULL);
	memset(host->memory, 0, bytes);
	host->tcp = tcp_create(host->memory, config, secrets, &host->counters, host_now(host, now_ns));
}

static verdict parse(const struct host *host, const uint8_t *bytes, uint32_t len, struct seg *seg,
		     struct seg_side *side, uint32_t *headers)
{
	struct frame frame = { .bytes = bytes, .contiguous = len, .total = len };

	*headers = host->plain ? plain_parse(bytes, len, 0, &macs[host->end], seg, &side->pair) : 0;
	if (*headers != 0)
		return ACCEPTED;
	verdict v = parse_link(&frame);

	if (v != ACCEPTED)
		return v;
	if (frame.eth.type != ETH_TYPE_IPV4 && frame.eth.type != ETH_TYPE_IPV6)
		return COUNT_drop_eth_type;
	v = parse_ip(&frame);
	if (v == ACCEPTED)
		v = parse_accept(&frame);
	if (v != ACCEPTED)
		return v;
	if (frame.ip.protocol != IP_PROTOCOL_TCP)
		return COUNT_drop_ip_protocol;
	return parse_tcp(&frame, 0, seg, side, headers);
}

/* The verdict on a segment is the counter that has grown. */
static void print_segment(const struct host *host, const struct seg *seg, const struct counters *before,
			  uint64_t now_ns)
{
	fprintf(host->trace, "%12.6f %s gets %s port %u>%u flags %#x seq %u ack %u len %u wnd %u",
		(double)now_ns / 1e9, host->end ? "server" : "client",
		tuple_is6(&seg->tuple) ? "IPv6" : "IPv4", seg->tuple.rport, seg->tuple.lport, seg->flags,
		seg->seq, seg->ack, seg->len, seg->wnd);
	for (unsigned id = 0; id < COUNTERS; id++) {
		if (counter_kind((enum counter)id) == WEIR_COUNT_DROP &&
		    before->v[id] != host->counters.v[id])
			fprintf(host->trace, " %s", counter_name((enum counter)id));
	}
	fprintf(host->trace, "\n");
}

/* Bytes of the frame. */
static unsigned build(const struct host *host, const struct seg *seg, const struct seg_side *side,
		      uint8_t *frame)
{
	const struct eth_addr *dst = &macs[!host->end], *src = &macs[host->end];

	if (host->plain && !(seg->opts & SEG_OPT_SACK)) {
		uint64_t sum = seg->len > 0 ? tcp_read(host->tcp, seg, frame + plain_headers(seg)) : 0;

		return plain_build(frame, seg, &side->pair, dst, src, sum) + seg->len;
	}
	unsigned headers = build_headers(frame, seg, &side->pair, dst, src);

	if (seg->opts & SEG_OPT_SACK)
		build_sack(frame, seg, &side->sack);
	if (seg->len > 0)
		tcp_read(host->tcp, seg, frame + headers);
	build_csum(frame, seg);
	return headers + seg->len;
}

static void send_segment(struct host *host, struct seg *seg, const struct seg_side *side, uint64_t now_ns)
{
	uint8_t frame[BUILD_HEADERS_MAX + 9000];

	seg->ttl = 64;
	network_send(host->network, !host->end, frame, build(host, seg, side, frame), now_ns);
}

static bool arrives(const struct host *host, const struct seg *seg, const struct seg_side *side)
{
	struct weir_address own = host->addresses[tuple_is6(&seg->tuple)];

	return address_is_none(own) || address_equal(own, tuple_local(&seg->tuple, &side->pair));
}

void host_receive(struct host *host, const uint8_t *bytes, uint32_t len, uint64_t now_ns)
{
	struct seg seg;
	struct seg_side side;
	uint32_t headers;
	verdict v = parse(host, bytes, len, &seg, &side, &headers);

	if (v == ACCEPTED && !arrives(host, &seg, &side))
		return;
	host->frames_in++;
	if (v != ACCEPTED) {
		count(&host->counters, v);
		return;
	}
	if (seg.flags & SEG_SYN)
		seg.opts &= (uint8_t)~host->strip;
	if (seg.len > 0)
		seg.payload = payload_arena_copy(bytes + headers, seg.len);
	struct counters before = host->counters;

	struct seg answer = seg;
	uint64_t turned;

	CHECK(tcp_input(host->tcp, &answer, &side, 1, host_now(host, now_ns), &turned) == 1);
	if (host->trace != NULL)
		print_segment(host, &seg, &before, now_ns);
	payload_free(answer.payload);
	if (turned)
		send_segment(host, &answer, &side, now_ns);
}

void host_send(struct host *host, uint64_t now_ns)
{
	struct seg segs[32];
	struct seg_side sides[32];
	unsigned n;

	while ((n = tcp_output(host->tcp, segs, sides, 32, host_now(host, now_ns))) > 0)
		for (unsigned i = 0; i < n; i++)
			send_segment(host, &segs[i], &sides[i], now_ns);
}

uint64_t host_next(const struct host *host, uint64_t now_ns)
{
	uint64_t next = tcp_next_deadline(host->tcp, host_now(host, now_ns));

	return next == UINT64_MAX ? next : next - host->clock_ns;
}

static const char *check(const struct host *host)
{
	const struct tcp *tcp = host->tcp;
	uint64_t verdicts = 0;

	for (unsigned i = 0; i < WEIR_STATES; i++) {
		if (i != WEIR_LISTEN && tcp->states[i] != 0)
			return "a connection is left over";
	}
	if (tcp->table.entries != 0)
		return "the connection table is not empty";
	if (tcp->hot.used + tcp->half_opens.used + tcp->exts.used + tcp->pieces.used != 0)
		return "a record was not given back";
	for (unsigned id = 0; id < COUNTERS; id++) {
		if (counter_kind((enum counter)id) == WEIR_COUNT_DROP || id == COUNT_frames_accepted)
			verdicts += host->counters.v[id];
	}
	if (verdicts != host->frames_in)
		return "accepted and dropped frames do not add up to those that came in";
	return NULL;
}

const char *host_finish(struct host *host)
{
	const char *fault = check(host);

	tcp_destroy(host->tcp);
	free(host->memory);
	return fault;
}
