/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/shard.h"

#include <errno.h>
#include <string.h>

#include "fuzz/fault.h"
#include "fuzz/invariants.h"
#include "fuzz/witness.h"
#include "support/addresses.h"
#include "support/payload_arena.h"
#include "tcp/isn.h"
#include "tcp/send_queue.h"

#define SECONDS CLOCK_NS_PER_S

/*
 * Connections that the application opens, when it leaves the choice of a port to us:
 * few, so that they run out.
 */
#define PORT_FIRST 6000
#define PORT_LAST 6002

/* How far below the wrap a stream begins. */
#define BELOW_WRAP 3u

/* Of tcp_advance() for one step of time: each does a bounded part, and small rings make small parts. */
#define ADVANCES_MAX 1000

#define MTU_MIN_6 1280 /* RFC 8200 section 5 */

#define SHARD_EVENTS 8 /* taken at once */

/* Long enough for the longest piece from any place in the period. */
static uint8_t pattern[SHARD_PERIOD + 9000];

static const uint32_t static_lengths[SHARD_LENGTHS] = { 1, 64, 700, 3000 };

uint8_t shard_our_byte(const struct tuple *tuple, uint32_t position)
{
	uint32_t place = (position + shard_phase(tuple)) % SHARD_PERIOD;

	return (uint8_t)(place * place * 3 + place + 17);
}

struct weir_defence shard_take_defence(struct bytes_in *in, enum weir_defence_mode mode)
{
	unsigned how = in_u8(in);

	return (struct weir_defence){
		.mode = mode,
		.backlog = how & 3,
		.timeout_ns = how & 4 ? 3 * SECONDS : 63 * SECONDS,
		.half_open_per_source = (uint32_t[]){ 0, 1, 2, 0 }[how >> 3 & 3],
		.opens_per_source = (uint32_t[]){ 0, 1, 100, 0 }[how >> 5 & 3],
	};
}

/* Where there is none the byte string has no byte for it. */
static void choose_defence(struct weir_defence *defence, unsigned which, struct bytes_in *in)
{
	if (which == 1)
		*defence = shard_take_defence(in, WEIR_DEFENCE_ALWAYS);
	else if (which == 2)
		*defence = shard_take_defence(in, WEIR_DEFENCE_AUTO);
	else
		defence->mode = WEIR_DEFENCE_OFF;
}

/*
 * One or both. IPv6's link takes packets larger by what its header is longer, or as small ones as any does.
 */
static void choose_family(struct shard *shard, bool small)
{
	struct weir_config *config = &shard->config;

	for (unsigned is6 = 0; is6 < 2; is6++) {
		struct weir_range *range = &config->ranges[config->ranges_count];

		if (is6 && !shard->is6)
			continue;
		range->first = range->last = numbered_address(is6, shard->address);
		config->ranges_count++;
	}
	if (!shard->is6)
		return;
	config->mtu += tcp_headers(true) - tcp_headers(false);
	if (small || config->mtu < MTU_MIN_6)
		config->mtu = MTU_MIN_6;
}

/* One in eight, by bytes that have said everything else already. */
static void choose_shards(struct weir_rss *rss, unsigned mixed)
{
	if ((mixed & 7) != 5)
		return;
	rss->habit = (enum weir_rss_habit)(mixed >> 3 & 1 ? WEIR_RSS_ANY : WEIR_RSS_FLOW);
	rss->shards = 2 + (mixed >> 4 & 1);
	rss->shard = 1;
}

static void choose_config(struct shard *shard, struct bytes_in *in, const struct shard *like, bool shares)
{
	static const uint16_t mtus[] = { 1500, 576, 9000, 1500 };
	struct weir_config *config = &shard->config;
	unsigned flags = in_u8(in), records = in_u8(in), extras = in_u8(in), buffers = in_u8(in);

	weir_config_default(config);
	config->no_timestamps = flags & 1;
	config->rfc1337 = flags & 2;
	config->no_delay = flags & 4;
	config->ecn = flags >> 5 & 1;
	config->mtu = mtus[flags >> 3 & 3];
	shard->is6 = like != NULL ? like->is6 : (flags >> 3 & 3) == 3;
	choose_family(shard, flags >> 6 == 3);
	config->max_connections = 1 + (~records & 7);
	config->max_half_open = 1 + (records >> 3 & 3);
	choose_defence(&config->defence, flags >> 6, in);
	config->max_time_wait = 1 + (records >> 5);
	config->max_extensions = 1 + (~extras & 7);
	config->max_send_buffers = 1 + (~extras >> 3 & 31);
	config->max_events = 1 + (buffers & 7);
	config->receive_buffers = (uint16_t[]){ 6, 2, 3, 64 }[buffers >> 3 & 3];
	config->send_buffers = (uint16_t[]){ 8, 1, 2, 1024, 3, 4, 5, 6 }[buffers >> 5];
	/* Short enough that large steps of time reach them all. */
	config->msl_ns = 2 * SECONDS;
	config->user_timeout_ns = 20 * SECONDS;
	config->syn_timeout_ns = 30 * SECONDS;
	config->fin_wait_2_ns = 5 * SECONDS;
	config->port_first = PORT_FIRST;
	config->port_last = PORT_LAST;
	if (shares)
		choose_shards(&config->rss, flags + 3 * records + 5 * extras + 7 * buffers);
}

/* Rings that fill: a smaller mask is a smaller ring, of the same memory. */
static void shrink_rings(struct tcp *tcp, unsigned how)
{
	static const uint32_t masks[4] = { UINT32_MAX, 3, 1, 0 };

	tcp->dirty_ring.mask &= masks[how & 3];
	tcp->replies_ring.mask &= masks[how >> 2 & 3];
	tcp->delayed_ring.mask &= masks[how >> 4 & 3];
}

/* Times that make ticks, half seconds and the ISN's clock wrap on the way. */
static uint64_t start_of_time(unsigned how)
{
	static const uint64_t starts[4] = {
		5 * SECONDS, (1ull << 52) - 3 * SECONDS, /* ticks wrap */
		(1ull << 51) - 3 * SECONDS,              /* their sign changes */
		(1ull << 44) - 3 * SECONDS,              /* the ISN's clock wraps */
	};

	return starts[how & 3];
}

static void register_statics(struct tcp *tcp)
{
	static const struct tuple at_zero;

	for (unsigned i = 0; i < sizeof(pattern); i++)
		pattern[i] = shard_our_byte(&at_zero, i);
	for (unsigned length = 0; length < SHARD_LENGTHS; length++) {
		for (unsigned place = 0; place < SHARD_PERIOD; place++)
			CHECK(tcp_static(tcp, pattern + place, static_lengths[length]) > 0);
	}
}

void shard_create(struct shard *shard, struct bytes_in *in, uint32_t address, uint32_t peer,
		  const struct shard *like, bool shares)
{
	memset(shard, 0, sizeof(*shard));
	shard->address = address;
	shard->peer = peer;
	choose_config(shard, in, like, shares);
	unsigned rings = in_u8(in);
	struct tcp_secrets secrets = {
		.table = { 1, address },
		.names = { 10, address },
		.isn = { 3, address },
		.ports = { 5, 6 },
		.cookies = { { 7, address }, { 8, address } },
		.sources = { 9, address },
	};
	size_t bytes = tcp_footprint(&shard->config);

	shard->now_ns = start_of_time(rings >> 6);
	shard->memory = aligned_alloc(64, bytes);
	CHECK(shard->memory != NULL);
	memset(shard->memory, 0, bytes);
	shard->tcp = tcp_create(shard->memory, &shard->config, &secrets, &shard->counters, shard->now_ns);
	if (!SHORT_WAYS)
		shard->tcp->cookies.bulk = siphash_bulk_named("scalar");
	shrink_rings(shard->tcp, rings);
	register_statics(shard->tcp);
}

struct pair shard_pair(const struct shard *shard, bool is6)
{
	return (struct pair){ numbered_address(is6, shard->address), numbered_address(is6, shard->peer) };
}

void shard_check_name(const struct shard *shard, const struct tuple *tuple, const struct pair *pair)
{
	struct weir_address local = tuple_local(tuple, pair), remote = tuple_remote(tuple, pair);
	struct tuple name =
		tcp_tuple(shard->tcp, &(struct pair){ local, remote }, tuple->lport, tuple->rport);

	HOLDS(tuple_equal(&name, tuple), "%#x %#x is not the name", tuple->laddr, tuple->raddr);
	HOLDS(address_equal(local, numbered_address(tuple_is6(tuple), shard->address)), "%#lx is not ours",
	      (unsigned long)local.lo);
}

void shard_place_iss(struct shard *shard, const struct tuple *tuple)
{
	uint32_t iss = isn_make(shard->tcp, tuple).iss;
	uint64_t clock = (shard->now_ns >> 12) + (uint32_t)(-BELOW_WRAP - iss);

	shard_advance(shard, clock << 12);
}

static void release_all(struct shard *shard)
{
	while (shard->held_count > 0)
		shard_release(shard, shard->held_count - 1);
}

/* Nothing may be left once all was aborted, taken and waited for. */
static void end_orderly(struct shard *shard)
{
	struct tcp *tcp = shard->tcp;
	struct seg seg;
	struct seg_side side;

	tcp_abort_all(tcp);
	for (unsigned i = 0; i < 64 && (!shard_drained(shard) || tcp->abort_cursor != SLOT_NONE); i++) {
		while (shard_events(shard, 1, false) > 0)
			;
		while (shard_output(shard, &seg, &side, 1) > 0)
			;
		shard_advance(shard, shard->now_ns);
	}
	release_all(shard);
	shard_advance(shard, shard->now_ns + 3 * shard->config.msl_ns);
	for (unsigned i = 0; i < WEIR_STATES; i++)
		HOLDS(tcp->states[i] == 0, "%lu in %s", (unsigned long)tcp->states[i],
		      weir_state_name((enum weir_state)i));
	HOLDS(tcp->table.entries == 0, "%u", tcp->table.entries);
	HOLDS(tcp->hot.used + tcp->half_opens.used + tcp->exts.used + tcp->pieces.used + tcp->sents.used == 0,
	      "records");
}

void shard_destroy(struct shard *shard, bool orderly)
{
	if (orderly)
		end_orderly(shard);
	tcp_destroy(shard->tcp);
	for (unsigned i = 0; i < shard->held_count; i++)
		payload_free(shard->held[i].data);
	free(shard->memory);
	shard->tcp = NULL;
}

static const char *flag_names(uint8_t flags)
{
	static char names[9];
	unsigned n = 0;

	for (unsigned i = 0; i < 8; i++) {
		if (flags >> i & 1)
			names[n++] = "FSRPAUEC"[i];
	}
	names[n] = 0;
	return names;
}

static void tell_segment(const struct shard *shard, const char *way, const struct seg *seg,
			 const struct seg_side *side)
{
	if (!fault_tracing())
		return;
	TELL("%10.6f IPv%c :%u %s :%u %s seq %u ack %u len %u wnd %u opts %#x ts %u %u",
	     (double)shard->now_ns / 1e9, tuple_is6(&seg->tuple) ? '6' : '4', seg->tuple.lport, way,
	     seg->tuple.rport, flag_names(seg->flags), seg->seq, seg->ack, seg->len, seg->wnd, seg->opts,
	     seg->tsval, seg->tsecr);
	for (unsigned i = 0; seg->opts & SEG_OPT_SACK && i < seg->sacks; i++)
		TELL(" [%u %u)", side->sack.blocks[i].left, side->sack.blocks[i].right);
	TELL("\n");
}

/* SYNs that are SYN-ACKs now. */
static void note_turned(struct shard *shard, const struct seg *syns, struct seg *segs,
			const struct seg_side *sides, unsigned taken)
{
	for (unsigned i = 0; i < TCP_BURST_MAX; i++) {
		if (!(shard->turned >> i & 1))
			continue;
		HOLDS(i < taken, "place %u of %u", i, taken);
		tell_segment(shard, "=>", &segs[i], &sides[i]);
		witness_note_segment(&segs[i], &sides[i]);
		emitted_turned(shard, &syns[i], &segs[i], &sides[i]);
		shard->offers[shard->offers_count++ % SHARD_OFFERS] = segs[i];
	}
}

const struct seg *shard_offer(const struct shard *shard, const struct tuple *tuple)
{
	for (unsigned i = 1; i <= SHARD_OFFERS && i <= shard->offers_count; i++) {
		const struct seg *offer = &shard->offers[(shard->offers_count - i) % SHARD_OFFERS];

		if (tuple_equal(&offer->tuple, tuple))
			return offer;
	}
	return NULL;
}

/*
 * How many of n segments go in together. By the long ways each goes alone; and who is held against those must
 * take as many, though text that follows on text needs no further room for events: so no more than there is
 * room for, whatever they do.
 */
static unsigned at_once(const struct tcp *tcp, unsigned n)
{
	const struct ring *rings[] = { &tcp->events_ring, &tcp->dirty_ring, &tcp->replies_ring };

	if (!SHORT_WAYS)
		return 1;
	for (unsigned i = 0; i < 3 && witness_watches(); i++)
		n = ring_room(rings[i]) < n ? ring_room(rings[i]) : n;
	return n > 0 ? n : 1;
}

/* Whole, to others, and nothing of this shard's: no record stands for them. */
static void check_handed(const struct shard *shard, const struct seg *segs, const struct seg_side *sides,
			 uint64_t handed)
{
	const struct weir_rss *rss = &shard->config.rss;
	const struct tcp *tcp = shard->tcp;

	HOLDS(handed == 0 || rss->shards > 1, "there is nobody to hand it to");
	for (; handed != 0; handed &= handed - 1) {
		const struct seg *seg = &segs[__builtin_ctzll(handed)];
		const struct pair *pair = &sides[__builtin_ctzll(handed)].pair;

		HOLDS(tcp_shard_of(tcp, &seg->tuple, pair) != rss->shard, "it is ours");
		HOLDS((seg->len > 0) == (seg->payload != 0), "its text has gone");
	}
}

/* Half of a burst is looked up ahead, as core/rx.c does with all of it. */
static unsigned input(struct shard *shard, struct seg *segs, const struct seg_side *sides, unsigned n)
{
	struct tcp *tcp = shard->tcp;
	unsigned taken = 0, part, got;
	uint64_t turned, handed = 0;

	shard->turned = 0;
	do {
		part = at_once(tcp, n - taken);
		if (SHORT_WAYS)
			tcp_look_ahead(tcp, segs + taken, sides + taken, (part + 1) / 2);
		got = tcp_input(tcp, segs + taken, sides + taken, part, shard->now_ns, &turned);
		shard->turned |= turned << taken;
		handed |= tcp_elsewhere(tcp) << taken;
		taken += got;
	} while (got == part && taken < n);
	check_handed(shard, segs, sides, handed);
	return taken;
}

unsigned shard_input(struct shard *shard, struct seg *segs, const struct seg_side *sides, unsigned n)
{
	struct seg before[TCP_BURST_MAX];

	for (unsigned i = 0; i < n; i++)
		tell_segment(shard, "<-", &segs[i], &sides[i]);
	memcpy(before, segs, n * sizeof(*segs));
	for (unsigned i = 0; i < n; i++)
		if (tuple_is6(&before[i].tuple))
			before[i].tuple = tcp_tuple(shard->tcp, &sides[i].pair, before[i].tuple.lport,
						    before[i].tuple.rport);
	uint32_t replies = shard->tcp->replies_ring.tail;
	unsigned taken = input(shard, segs, sides, n);

	HOLDS(taken <= n, "%u of %u", taken, n);
	for (unsigned i = 0; i < n; i++) {
		payload_free(segs[i].payload);
		segs[i].payload = 0;
	}
	note_turned(shard, before, segs, sides, taken);
	shard->taken += taken;
	witness_note_number(taken);
	invariants_check(shard);
	if (n == 1)
		emitted_replies(shard, replies);
	return taken;
}

/* As often as it takes until nothing more is due, or somebody else must take something first. */
void shard_advance(struct shard *shard, uint64_t now_ns)
{
	TELL("%10.6f advance to %.6f\n", (double)shard->now_ns / 1e9, (double)now_ns / 1e9);
	shard->now_ns = now_ns;
	for (unsigned i = 0; i < ADVANCES_MAX; i++) {
		uint32_t replies = shard->tcp->replies_ring.tail;

		tcp_advance(shard->tcp, now_ns);
		invariants_check(shard);
		emitted_replies(shard, replies);
		if (!shard_drained(shard))
			return;
		if (tcp_next_deadline(shard->tcp, now_ns) > now_ns)
			break;
	}
	invariants_timers(shard);
}

uint64_t shard_next(const struct shard *shard)
{
	struct tcp *tcp = shard->tcp;
	uint32_t defending = tcp->defending;

	tcp->defending = 0;
	uint64_t next = tcp_next_deadline(tcp, shard->now_ns);

	tcp->defending = defending;
	return next;
}

unsigned shard_output(struct shard *shard, struct seg *segs, struct seg_side *sides, unsigned max)
{
	uint32_t replies = ring_used(&shard->tcp->replies_ring);
	unsigned n = tcp_output(shard->tcp, segs, sides, max, shard->now_ns);

	HOLDS(n <= max, "%u of %u", n, max);
	HOLDS(n == max || ring_used(&shard->tcp->dirty_ring) + ring_used(&shard->tcp->replies_ring) == 0,
	      "less than asked for, and more is there");
	for (unsigned i = 0; i < n; i++) {
		tell_segment(shard, i < replies ? "=>" : "->", &segs[i], &sides[i]);
		witness_note_segment(&segs[i], &sides[i]);
		emitted_check(shard, &segs[i], &sides[i], i < replies);
	}
	invariants_check(shard);
	return n;
}

static uint8_t expected_byte(const struct shard *shard, const struct shard_conn *conn, uint32_t position)
{
	return shard->other != NULL ? shard_our_byte(&conn->tuple, position) :
				      shard_peer_byte(conn->rcv_start + position, conn->tuple.rport);
}

/* In order, and nothing but what peers sent. */
static void check_data(struct shard *shard, const struct weir_event *event)
{
	struct shard_conn *conn = &shard->conns[event->conn.index];
	payload data = (payload)(uintptr_t)event->payload;
	uint8_t bytes[1 << 16];

	HOLDS(payload_bytes(data) == event->bytes, "%u", event->bytes);
	HOLDS(payload_buffers(data) == event->buffers, "%u", event->buffers);
	/* Another connection may have the slot, and the books, by now. */
	if (conn->generation != event->conn.generation)
		return;
	for (uint32_t done = 0, part; done < event->bytes && !shard->damaged; done += part) {
		part = event->bytes - done < sizeof(bytes) ? event->bytes - done : sizeof(bytes);
		payload_read(data, done, bytes, part);
		for (uint32_t i = 0; i < part; i++)
			HOLDS(bytes[i] == expected_byte(shard, conn, conn->delivered + done + i),
			      "byte %u of the stream", conn->delivered + done + i);
	}
	conn->delivered += event->bytes;
}

unsigned shard_events(struct shard *shard, unsigned max, bool keep)
{
	struct weir_event events[SHARD_EVENTS];
	unsigned kept = 0;

	while (shard->held_count > SHARD_HELD - SHARD_EVENTS)
		shard_release(shard, 0);
	unsigned n = tcp_events(shard->tcp, events, max < SHARD_EVENTS ? max : SHARD_EVENTS);

	for (unsigned i = 0; i < n; i++) {
		const struct weir_event *event = &events[i];

		TELL("%10.6f event %#x of %u/%u, %u bytes, reason %u\n", (double)shard->now_ns / 1e9,
		     event->what, event->conn.index, event->conn.generation, event->bytes, event->reason);
		witness_note_event(event);
		HOLDS(!(event->what & WEIR_EV_DATA) == (event->payload == NULL), "payload");
		shard->last = event->conn;
		if (event->payload == NULL)
			continue;
		check_data(shard, event);
		shard->held[shard->held_count + kept++] = (struct shard_held){
			.conn = event->conn,
			.data = (payload)(uintptr_t)event->payload,
		};
	}
	shard->held_count += kept;
	invariants_check(shard);
	while (!keep && kept-- > 0)
		shard_release(shard, shard->held_count - 1);
	return n;
}

void shard_release(struct shard *shard, unsigned i)
{
	struct shard_held held = shard->held[i];

	TELL("%10.6f release of %u/%u\n", (double)shard->now_ns / 1e9, held.conn.index, held.conn.generation);
	shard->held[i] = shard->held[--shard->held_count];
	tcp_release(shard->tcp, held.conn, held.data);
	invariants_check(shard);
}
