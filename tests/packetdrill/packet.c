/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "support/payload_arena.h"
#include "wire/build.h"
#include "wire/icmp.h"
#include "wire/parse.h"

#define PACKET_MAX 65535

struct packet {
	struct packet *next;
	uint64_t sent_ns;
	size_t len;
	uint8_t bytes[];
};

static const struct eth_addr ours = { { 2, 0, 0, 0, 0, 1 } }, theirs = { { 2, 0, 0, 0, 0, 2 } };

static verdict tcp_arrives(struct world *world, const struct frame *frame)
{
	struct seg seg;
	struct seg_side side;
	uint32_t headers;
	verdict v = parse_tcp(frame, 0, &seg, &side, &headers);

	if (v != ACCEPTED)
		return v;
	if (seg.len > 0)
		seg.payload = payload_arena_copy(frame->bytes + headers, seg.len);
	uint64_t turned;

	CHECK(tcp_input(world->tcp, &seg, &side, 1, world->now_ns, &turned) == 1 && turned == 0);
	payload_free(seg.payload);
	return ACCEPTED;
}

static int errno_of_icmp6(const struct icmp *icmp)
{
	static const int unreachable[] = {
		ENETUNREACH, EACCES, EHOSTUNREACH, EHOSTUNREACH, ECONNREFUSED, EACCES, EACCES,
	};

	if (icmp->type == ICMP6_TOO_BIG)
		return EMSGSIZE;
	if (icmp->type == ICMP6_TIME_EXCEEDED)
		return EHOSTUNREACH;
	if (icmp->type != ICMP6_UNREACHABLE || icmp->code >= sizeof(unreachable) / sizeof(unreachable[0]))
		return EPROTO;
	return unreachable[icmp->code];
}

/* Linux's word for an ICMP error, by its code. */
static int errno_of(const struct icmp *icmp, bool is6)
{
	static const int unreachable[] = {
		ENETUNREACH, EHOSTUNREACH, ENOPROTOOPT, ECONNREFUSED, EMSGSIZE,    EOPNOTSUPP,   ENETUNREACH,
		EHOSTDOWN,   ENONET,       ENETUNREACH, EHOSTUNREACH, ENETUNREACH, EHOSTUNREACH,
	};

	if (is6)
		return errno_of_icmp6(icmp);
	if (icmp->type != ICMP_UNREACHABLE || icmp->code >= sizeof(unreachable) / sizeof(unreachable[0]))
		return EHOSTUNREACH;
	return unreachable[icmp->code];
}

static verdict icmp_arrives(struct world *world, const struct frame *frame)
{
	uint32_t start = frame_l4_start(frame), len = frame_end(frame) - start;
	struct icmp icmp;
	verdict v = icmp_parse(&frame->ip, frame->bytes + start, len, len, 0, &icmp);

	if (v != ACCEPTED)
		return v;
	if (icmp.kind != ICMP_IS_ERROR || icmp.error.protocol != IP_PROTOCOL_TCP)
		return COUNT_drop_icmp_type;
	world->icmp_error = errno_of(&icmp, ip_is6(&frame->ip));
	return tcp_icmp(world->tcp, &icmp.error, world->now_ns);
}

static verdict arrives(struct world *world, struct frame *frame)
{
	verdict v = parse_link(frame);

	if (v == ACCEPTED)
		v = parse_ip(frame);
	if (v == ACCEPTED)
		v = parse_accept(frame);
	if (v != ACCEPTED)
		return v;
	if (!address_equal(frame->ip.dst, world->settings.address))
		return COUNT_drop_ip_destination;
	if (frame->ip.protocol == IP_PROTOCOL_TCP)
		return tcp_arrives(world, frame);
	if (frame->ip.protocol == (ip_is6(&frame->ip) ? IP_PROTOCOL_ICMP6 : IP_PROTOCOL_ICMP))
		return icmp_arrives(world, frame);
	return COUNT_drop_ip_protocol;
}

int packets_input(struct world *world, const void *packet, size_t len)
{
	struct eth_hdr link = { .dst = ours, .src = theirs, .type = ETH_TYPE_IPV4 };

	if (len > PACKET_MAX)
		return -EMSGSIZE;
	if (len > 0 && *(const uint8_t *)packet >> 4 == 6)
		link.type = ETH_TYPE_IPV6;
	uint8_t *bytes = malloc(ETH_BYTES + len);

	CHECK(bytes != NULL);
	eth_build(bytes, &link);
	memcpy(bytes + ETH_BYTES, packet, len);
	struct frame frame = { .bytes = bytes,
			       .contiguous = (uint32_t)(ETH_BYTES + len),
			       .total = (uint32_t)(ETH_BYTES + len) };
	verdict v = arrives(world, &frame);

	if (v != ACCEPTED)
		count(&world->counters, v);
	free(bytes);
	return 0;
}

static void append(struct world *world, struct packet *packet)
{
	if (world->out_first == NULL)
		world->out_first = packet;
	else
		world->out_last->next = packet;
	world->out_last = packet;
}

static void build(struct world *world, const struct seg *seg, const struct seg_side *side)
{
	uint8_t frame[BUILD_HEADERS_MAX + PACKET_MAX];
	unsigned headers = build_headers(frame, seg, &side->pair, &theirs, &ours);
	size_t len = headers + seg->len - ETH_BYTES;

	if (seg->opts & SEG_OPT_SACK)
		build_sack(frame, seg, &side->sack);
	tcp_read(world->tcp, seg, frame + headers);
	build_csum(frame, seg);
	struct packet *packet = malloc(sizeof(*packet) + len);

	CHECK(packet != NULL);
	*packet = (struct packet){ .sent_ns = world->now_ns, .len = len };
	memcpy(packet->bytes, frame + ETH_BYTES, len);
	append(world, packet);
}

void packets_output(struct world *world)
{
	struct seg seg;
	struct seg_side side;

	while (tcp_output(world->tcp, &seg, &side, 1, world->now_ns) == 1)
		build(world, &seg, &side);
}

static struct packet *take_first(struct world *world)
{
	struct packet *packet = world->out_first;

	if (packet != NULL)
		world->out_first = packet->next;
	return packet;
}

bool packets_take(struct world *world, void *to, size_t *len, uint64_t *sent_ns)
{
	struct packet *packet = take_first(world);

	if (packet == NULL)
		return false;
	if (*len > packet->len)
		*len = packet->len;
	memcpy(to, packet->bytes, *len);
	*sent_ns = packet->sent_ns;
	free(packet);
	return true;
}

void packets_clear(struct world *world)
{
	struct packet *packet;

	while ((packet = take_first(world)) != NULL)
		free(packet);
}
