/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/peer.h"

#include <stdlib.h>

#include "support/addresses.h"
#include "support/payload_arena.h"
#include "wire/ip.h"

#define PEERS 8

/* Which fields a segment's bytes change. */
enum {
	CHANGE_SEQ = 1 << 3,
	CHANGE_ACK = 1 << 4,
	CHANGE_WND = 1 << 5,
	CHANGE_OPTS = 1 << 6,
	CHANGE_TEXT = 1 << 7,
};

/* A segment as a peer that knows everything would write it. */
struct place {
	uint32_t rcv_nxt, window; /* what we expect */
	uint32_t una, nxt;        /* what we have sent */
	uint32_t ts_recent;
	bool timestamps;
	uint32_t echo; /* what the peer has had from us last, or 0 */
};

/*
 * Peers 0 to 3 come to our listeners; 4 to 6 are those that we open to; 7 is where the last connection goes.
 */
struct tuple peer_tuple(const struct shard *shard, unsigned number, struct pair *pair)
{
	uint16_t lport = 80, rport = 80;
	struct weir_info info;
	unsigned peer = number % PEERS;

	*pair = shard_pair(shard, shard->is6 && peer % 4 != 1);
	if (peer < 4) {
		lport = peer == 3 ? 81 : 80;
		rport = (uint16_t)(40000 + peer);
	} else if (peer < 7 || tcp_info(shard->tcp, shard->last, &info) != 0) {
		lport = (uint16_t)(SHARD_OPEN_PORT + peer - 4);
	} else {
		*pair = (struct pair){ info.local.address, info.remote.address };
		lport = info.local.port;
		rport = info.remote.port;
	}
	return tcp_tuple(shard->tcp, pair, lport, rport);
}

static struct place place_of(const struct shard *shard, const struct tuple *tuple, uint32_t peer_isn)
{
	const struct tcp *tcp = shard->tcp;
	ref r = conn_table_find(&tcp->table, tcp_hash(tcp, tuple), tuple);
	struct place place = { .rcv_nxt = peer_isn, .window = 1000, .ts_recent = 700 };
	const struct seg *offer = shard_offer(shard, tuple);

	if (ref_kind(r) == REF_HOT) {
		const struct tcb *tcb = tcb_at(tcp, ref_slot(r));

		place.una = tcb_snd_una(tcp, tcb);
		place.nxt = tcb->snd_nxt;
		place.timestamps = tcb->flags & TCB_TS;
		place.ts_recent = tcb->ts_recent;
		if (tcb->state != WEIR_SYN_SENT) {
			place.rcv_nxt = tcb->rcv_nxt;
			place.window = tcb_rcv_wnd(tcb);
		}
	} else if (ref_kind(r) == REF_HALF_OPEN) {
		const struct half_open *half = slot_pool_at(&tcp->half_opens, ref_slot(r));

		place = (struct place){ half->rcv_nxt,   tcp->rcv_window,       half->iss, half->iss + 1,
					half->ts_recent, half->flags & HALF_TS, 0 };
	} else if (ref_kind(r) == REF_TIME_WAIT) {
		const struct time_wait *wait = &tcp->time_waits[ref_slot(r)];

		place = (struct place){
			wait->rcv_nxt,        512, wait->snd_nxt, wait->snd_nxt, wait->ts_recent,
			wait->ts_offset != 0, 0
		};
	}
	/* A cookie is known to the peer alone. */
	if (offer != NULL &&
	    (ref_kind(r) == REF_NONE || (ref_kind(r) == REF_TIME_WAIT && seq_ge(offer->ack, place.rcv_nxt))))
		place = (struct place){ .rcv_nxt = offer->ack,
					.window = offer->wnd,
					.una = offer->seq,
					.nxt = offer->seq + 1,
					.ts_recent = offer->tsecr,
					.timestamps = offer->opts & SEG_OPT_TS,
					.echo = offer->tsval };
	return place;
}

static uint8_t take_flags(struct bytes_in *in)
{
	static const uint8_t likely[] = { SEG_ACK,           SEG_SYN, SEG_ACK | SEG_PSH, SEG_FIN | SEG_ACK,
					  SEG_SYN | SEG_ACK, SEG_RST, SEG_RST | SEG_ACK, SEG_ACK };
	uint8_t flags = in_u8(in);

	/* ECE and CWR, of ECN, beside any of those. */
	return flags < 0x80 ? likely[flags & 7] | (flags & 0x60) << 1 : in_u8(in);
}

static uint32_t take_seq(struct bytes_in *in, const struct place *place)
{
	switch (in_below(in, 4)) {
	case 0:
		return place->rcv_nxt + in_near(in);
	case 1:
		return place->rcv_nxt + place->window + in_near(in);
	case 2:
		return place->rcv_nxt + in_u16(in);
	default:
		return in_u32(in);
	}
}

static uint32_t take_ack(struct bytes_in *in, const struct place *place)
{
	switch (in_below(in, 4)) {
	case 0:
		return place->nxt + in_near(in);
	case 1:
		return place->una + in_near(in);
	case 2:
		return place->una + in_u16(in);
	default:
		return in_u32(in);
	}
}

static uint16_t take_window(struct bytes_in *in)
{
	static const uint16_t likely[8] = { 0, 1, 10, 536, 1460, 8000, 32768, 65535 };
	uint8_t window = in_u8(in);

	return window < 0xe0 ? likely[window & 7] : in_u16(in);
}

static void take_sack(struct bytes_in *in, const struct place *place, struct seg *seg, struct sack *sack)
{
	seg->opts |= SEG_OPT_SACK;
	seg->sacks = (uint8_t)(1 + in_below(in, SACK_BLOCKS_MAX));
	for (unsigned i = 0; i < seg->sacks; i++) {
		unsigned how = in_u8(in);
		uint32_t left = how & 0x80 ? in_u32(in) : place->una + in_u8(in) * (how & 0x40 ? 64 : 1);

		sack->blocks[i].left = left;
		sack->blocks[i].right = how & 0x20 ? place->nxt : left + ((how & 31) * (how & 0x40 ? 64 : 1));
	}
}

/* The low five bits say which; the others, what is wrong with them. */
static void take_options(struct bytes_in *in, const struct place *place, struct seg *seg, struct sack *sack)
{
	unsigned opts = in_u8(in);

	seg->opts = opts & SEG_OPT_TS;
	if (seg->flags & SEG_SYN)
		seg->opts |= opts & (SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK);
	else if (opts & SEG_OPT_SACK)
		take_sack(in, place, seg, sack);
	if (opts & 0x20)
		seg->tsval = place->ts_recent + in_near(in);
	if (opts & 0x40) {
		seg->mss = in_u16(in);
		seg->wscale = (uint8_t)in_below(in, 15);
	}
	if (opts & 0x80) {
		seg->tsval = in_u32(in);
		seg->tsecr = in_u32(in);
	}
}

static payload text(const struct seg *seg, unsigned buffers)
{
	uint8_t *bytes = malloc(seg->len);
	uint32_t seq = seg->seq + !!(seg->flags & SEG_SYN), part = seg->len / buffers;

	for (uint32_t i = 0; i < seg->len; i++)
		bytes[i] = shard_peer_byte(seq + i, seg->tuple.rport);
	payload data = payload_arena_copy(bytes, seg->len - part * (buffers - 1));

	for (unsigned i = 1; i < buffers; i++)
		payload_append(data, payload_arena_copy(bytes + seg->len - part * (buffers - i), part));
	free(bytes);
	return data;
}

static void take_text(struct bytes_in *in, struct seg *seg)
{
	static const uint16_t lengths[] = { 1, 2, 10, 536, 1448, 1460, 8960, 65000 };
	unsigned how = in_u8(in);

	seg->len = how & 8 ? in_u8(in) : lengths[how & 7];
	seg->tos = how >> 6; /* marked by the path, or not */
	if (seg->len > 0)
		seg->payload = text(seg, seg->len > 8 ? 1 + (how >> 4 & 3) : 1);
}

void peer_segment(const struct shard *shard, struct bytes_in *in, uint32_t peer_isn, struct seg *seg,
		  struct seg_side *side)
{
	unsigned what = in_u8(in);
	struct tuple tuple = peer_tuple(shard, what, &side->pair);
	struct place place = place_of(shard, &tuple, peer_isn);

	tuple = arriving_tuple(&side->pair, tuple.lport, tuple.rport);
	*seg = (struct seg){ .tuple = tuple, .flags = take_flags(in), .wnd = 32768, .mss = 1460, .wscale = 7 };
	seg->seq = what & CHANGE_SEQ ? take_seq(in, &place) : place.rcv_nxt;
	if (seg->flags & SEG_ACK || what & CHANGE_ACK)
		seg->ack = what & CHANGE_ACK ? take_ack(in, &place) : place.nxt;
	if (what & CHANGE_WND)
		seg->wnd = take_window(in);
	seg->tsval = place.ts_recent;
	seg->tsecr = place.echo != 0 ? place.echo : shard->tcp->tick;
	if (what & CHANGE_OPTS)
		take_options(in, &place, seg, &side->sack);
	else if (seg->flags & SEG_SYN)
		seg->opts = SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK | SEG_OPT_TS;
	else if (place.timestamps && !(seg->flags & SEG_RST))
		seg->opts = SEG_OPT_TS;
	if (what & CHANGE_TEXT)
		take_text(in, seg);
}

struct icmp_error peer_icmp_error(const struct shard *shard, struct bytes_in *in)
{
	unsigned what = in_u8(in);
	struct pair pair;
	struct tuple tuple = peer_tuple(shard, what, &pair);
	struct place place = place_of(shard, &tuple, 0);

	return (struct icmp_error){
		.pair = pair,
		.lport = tuple.lport,
		.rport = tuple.rport,
		.seq = what & CHANGE_SEQ ? take_ack(in, &place) : place.una,
		.trouble = (uint8_t)((what >> 4 & 3) % 3),
		.mtu = what & CHANGE_OPTS ? in_u16(in) : 0,
		.protocol = IP_PROTOCOL_TCP,
	};
}
