/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/world.h"

#include <string.h>

#include "support/addresses.h"
#include "tcp/half_open.h"
#include "tcp/isn.h"

/* Regions of the block that a snapshot leaves out, and the rest. */
#define REGIONS_MAX 32

/* Chunks of a timer wheel that a few records can ever come to use; checked. */
#define CHUNKS_USED 24

struct region {
	uint8_t *start;
	size_t len;
};

struct world *world;
struct tcp *world_tcp[ENDS];
struct counters world_counters[ENDS];
const struct scenario *world_scenario;

static bool speaks6;
static uint64_t clocks_ns[ENDS]; /* what an end's clock is ahead of the world's */
static struct region regions[REGIONS_MAX];
static unsigned regions_count;
static size_t regions_bytes;

/* Each handshake takes so long at least: 8 sequence numbers, more than a stream here has. */
#define HANDSHAKE_NS (8ull << 12)

/* The world begins after 1000 steps, so that old times are not negative. */
#define FIRST_STEP 1000

/* Where streams begin: round numbers, or so that SYN, text and FIN cross the wrap. */
static const uint32_t first_iss[2][ENDS] = { { 1000000, 5000000 }, { UINT32_MAX - 1, UINT32_MAX - 2 } };

uint64_t world_now(unsigned end)
{
	return ((uint64_t)world->steps << WORLD_STEP_SHIFT) + world->handshakes * HANDSHAKE_NS +
	       clocks_ns[end];
}

uint32_t world_tick(unsigned end)
{
	return clock_tick(world_now(end));
}

struct pair world_pair(unsigned end)
{
	static const uint32_t numbers[ENDS] = { 0x0a000001, 0x0a000002 };

	return (struct pair){ numbered_address(speaks6, numbers[end]),
			      numbered_address(speaks6, numbers[end ^ 1]) };
}

struct tuple world_tuple(unsigned end)
{
	static const uint16_t ports[ENDS] = { 1000, 80 };
	const struct pair pair = world_pair(end);

	return tcp_tuple(world_tcp[end], &pair, ports[end], ports[end ^ 1]);
}

uint8_t world_byte(unsigned end, unsigned incarnation, unsigned position)
{
	return (uint8_t)(end << 7 | (incarnation & 7) << 4 | (position & 15));
}

/* ------------------------------------------------------------------------------------------- *
 * The first state
 * ------------------------------------------------------------------------------------------- */

/*
 * IPv6's link takes packets that are larger by what its header is longer:
 * all else is the same in both families.
 */
static struct weir_config config_for(const struct scenario *scenario, unsigned end)
{
	const struct weir_address own = world_pair(end).local;
	struct weir_config config;
	uint64_t r2_ns = scenario->gives_up ? 2 * CLOCK_NS_PER_S : 3600 * CLOCK_NS_PER_S;

	weir_config_default(&config);
	config.ranges[0] = (struct weir_range){ .first = own, .last = own };
	config.ranges_count = 1;
	config.mtu += tcp_headers(speaks6) - tcp_headers(false);
	config.max_connections = 2;
	config.max_half_open = 2;
	config.defence.mode = scenario->cookies ? WEIR_DEFENCE_ALWAYS : WEIR_DEFENCE_OFF;
	config.max_time_wait = 4;
	config.max_events = 4;
	config.max_extensions = 2;
	config.max_send_buffers = 12;
	config.receive_buffers = 8;
	config.send_buffers = 8;
	config.rto_initial_ns = config.rto_min_ns = config.rto_max_ns = CLOCK_NS_PER_S;
	config.user_timeout_ns = config.syn_timeout_ns = r2_ns;
	config.no_timestamps = !scenario->timestamps;
	config.rfc1337 = scenario->rfc1337;
	/* Whoever waits for the end of TIME-WAIT then finds that no cookie is left alive. */
	if (scenario->cookies)
		config.msl_ns = 60 * CLOCK_NS_PER_S;
	return config;
}

/*
 * Where clocks begin within a tick, in units of the ISN's clock, of which a tick has 256: handshakes take a
 * part of a tick, and would come to the next one sooner in one family than in the other.
 */
#define PHASE_MASK 0xffu
#define PHASE 0x10u

/* The ISS is a clock plus a secret: to have it stand where it should, the clock starts where it must. */
static void place_iss(unsigned end, bool wraps)
{
	struct tuple tuple = world_tuple(end);
	uint32_t iss;

	clocks_ns[end] = 0;
	tcp_advance(world_tcp[end], world_now(end));
	do {
		world_tcp[end]->secrets.isn.k1++;
		iss = isn_make(world_tcp[end], &tuple).iss;
	} while (((first_iss[wraps][end] - iss) & PHASE_MASK) != PHASE);
	clocks_ns[end] = (uint64_t)(first_iss[wraps][end] - iss) << 12;
	tcp_advance(world_tcp[end], world_now(end));
	for (unsigned i = 0; i < STREAMS; i++)
		world->ends[end].iss[i] = first_iss[wraps][end];
}

static void add_region(uint8_t *start, uint8_t *end)
{
	if (start >= end)
		return;
	CHECK(regions_count < REGIONS_MAX);
	regions[regions_count++] = (struct region){ .start = start, .len = (size_t)(end - start) };
	regions_bytes += (size_t)(end - start);
}

/* What is left out of a tcp's block, in order of address. */
static void add_regions(struct tcp *tcp, uint8_t *end)
{
	const struct slot_pool *chunks = &tcp->wheel.chunks;
	struct region holes[] = {
		{ (uint8_t *)tcp->port_counters, sizeof(tcp->port_counters) }, /* ports are given */
		{ (uint8_t *)tcp->profiles, sizeof(tcp->profiles) },
		{ (uint8_t *)tcp->statics, sizeof(tcp->statics) },
		{ (uint8_t *)&tcp->listeners[1], sizeof(tcp->listeners) - sizeof(tcp->listeners[0]) },
		{ (uint8_t *)tcp->replies, TCP_REPLIES * sizeof(*tcp->replies) }, /* empty between moves */
		{ (uint8_t *)tcp->reply_pairs, speaks6 ? TCP_REPLIES * sizeof(*tcp->reply_pairs) : 0 },
		{ chunks->base + (size_t)CHUNKS_USED * chunks->stride,
		  (size_t)(chunks->capacity - CHUNKS_USED) * chunks->stride },
	};
	const unsigned n = sizeof(holes) / sizeof(holes[0]);
	uint8_t *from = (uint8_t *)tcp;

	for (;;) {
		const struct region *next = NULL;

		for (unsigned i = 0; i < n; i++)
			if (holes[i].len > 0 && holes[i].start >= from &&
			    (next == NULL || holes[i].start < next->start))
				next = &holes[i];
		if (next == NULL)
			break;
		add_region(from, next->start);
		from = next->start + next->len;
	}
	add_region(from, end);
}

void world_create(const struct scenario *scenario, bool is6)
{
	static uint8_t *memory;

	speaks6 = is6;
	const struct weir_config configs[ENDS] = { config_for(scenario, CLIENT),
						   config_for(scenario, SERVER) };
	size_t head = (sizeof(struct world) + 63) & ~(size_t)63, tcp_bytes = tcp_footprint(&configs[CLIENT]);

	free(memory);
	memory = aligned_alloc(64, head + ENDS * tcp_bytes);
	CHECK(memory != NULL);
	memset(memory, 0, head + ENDS * tcp_bytes);
	world = (struct world *)memory;
	world_scenario = scenario;
	regions_count = 0;
	regions_bytes = 0;
	add_region(memory, memory + head);
	*world = (struct world){
		.steps = FIRST_STEP,
		.drops = scenario->drops,
		.dups = scenario->dups,
		.delays = scenario->delays,
		.aborts = { scenario->aborts[CLIENT], scenario->aborts[SERVER] },
		.olds = scenario->olds,
	};
	payload_blocks_use(&world->blocks);
	for (unsigned end = 0; end < ENDS; end++) {
		struct tcp_secrets secrets = {
			.table = { 1 + end, 2 },
			.names = { 9 + end, 10 },
			.isn = { 3 + end, 4 },
			.cookies = { { 5 + end, 6 }, { 7 + end, 8 } },
		};
		uint8_t *mem = memory + head + end * tcp_bytes;

		clocks_ns[end] = 0;
		world_tcp[end] =
			tcp_create(mem, &configs[end], &secrets, &world_counters[end], world_now(end));
		place_iss(end, scenario->wraps);
		if (scenario->listens[end]) {
			struct weir_endpoint local = { .port = world_tuple(end).lport };

			world->ends[end].listener = tcp_listen(world_tcp[end], local, 0);
			world->ends[end].listening = true;
		}
		add_regions(world_tcp[end], mem + tcp_bytes);
	}
}

void world_note_stream(unsigned end, uint32_t iss, bool known)
{
	uint32_t *all = world->ends[end].iss;

	memmove(all + 1, all, (STREAMS - 1) * sizeof(*all));
	all[0] = iss;
	world->ends[end].incarnation++;
	world->ends[end].known = known;
}

int world_defend(unsigned end, enum weir_defence_mode mode)
{
	struct weir_defence defence;

	tcp_defence_default(world_tcp[end], &defence);
	defence.mode = mode;
	return tcp_set_listener_defence(world_tcp[end], world->ends[end].listener, &defence);
}

/* ------------------------------------------------------------------------------------------- *
 * Snapshots
 * ------------------------------------------------------------------------------------------- */

size_t world_bytes(void)
{
	return regions_bytes;
}

void world_save(uint8_t *image)
{
	for (unsigned i = 0; i < regions_count; i++) {
		memcpy(image, regions[i].start, regions[i].len);
		image += regions[i].len;
	}
	for (unsigned end = 0; end < ENDS; end++)
		CHECK(world_tcp[end]->wheel.chunks.fresh <= CHUNKS_USED);
}

void world_load(const uint8_t *image)
{
	for (unsigned i = 0; i < regions_count; i++) {
		memcpy(regions[i].start, image, regions[i].len);
		image += regions[i].len;
	}
}

/* ------------------------------------------------------------------------------------------- *
 * Looking at it
 * ------------------------------------------------------------------------------------------- */

bool view_synchronized(const struct view *view)
{
	return view->state >= WEIR_ESTABLISHED;
}

/* A name must be that of the addresses beside the record. */
static bool named_well(unsigned end, ref r, const struct tuple *tuple)
{
	const struct tuple want = world_tuple(end);
	const struct pair want_pair = world_pair(end), *pair = pair_at(world_tcp[end], r);

	return tuple_equal(tuple, &want) && (!tuple_is6(tuple) || pair_equal(pair, &want_pair));
}

static void view_tcb(const struct tcp *tcp, struct tcb *tcb, struct view *view)
{
	view->records++;
	view->tcb = tcb;
	view->state = (enum weir_state)tcb->state;
	view->snd_una = tcb_snd_una(tcp, tcb);
	view->snd_nxt = tcb->snd_nxt;
	view->rcv_nxt = tcb->rcv_nxt;
}

struct view world_view(unsigned end)
{
	const struct tcp *tcp = world_tcp[end];
	struct view view = { .state = world->ends[end].listening ? WEIR_LISTEN : WEIR_CLOSED };

	for (uint32_t slot = 0; slot < tcp->hot.fresh; slot++)
		if (tcb_at(tcp, slot)->tuple.rport != 0) {
			view_tcb(tcp, tcb_at(tcp, slot), &view);
			view.misnamed |= !named_well(end, ref_make(REF_HOT, slot), &view.tcb->tuple);
		}
	for (uint32_t slot = 0; slot < tcp->half_opens.fresh; slot++) {
		struct half_open *half = slot_pool_at(&tcp->half_opens, slot);

		if (half->tuple.rport == 0)
			continue;
		view.records++;
		view.half = half;
		view.misnamed |= !named_well(end, ref_make(REF_HALF_OPEN, slot), &half->tuple);
		view.rcv_nxt = half->rcv_nxt;
		view.state = WEIR_SYN_RECEIVED;
	}
	for (uint32_t slot = 0; slot < tcp->time_wait_capacity; slot++) {
		struct time_wait *wait = &tcp->time_waits[slot];

		if (wait->tuple.rport == 0)
			continue;
		view.wait = wait;
		view.misnamed |= !named_well(end, ref_make(REF_TIME_WAIT, slot), &wait->tuple);
		/* Behind a handshake that may turn out to be nobody's it waits. */
		if (view.half != NULL)
			continue;
		view.records++;
		view.state = WEIR_TIME_WAIT;
		view.snd_una = view.snd_nxt = wait->snd_nxt;
		view.rcv_nxt = wait->rcv_nxt;
	}
	return view;
}

static uint32_t steps_to(unsigned end, uint32_t deadline)
{
	int32_t ticks = seq_diff(deadline, world_tick(end));

	return ticks <= 0 ? 0 : ((uint32_t)ticks + WORLD_STEP_TICKS - 1) / WORLD_STEP_TICKS;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t wait_of(unsigned end)
{
	const struct tcp *tcp = world_tcp[end];
	struct view view = world_view(end);
	uint32_t wait = UINT32_MAX;

	if (view.half != NULL)
		wait = steps_to(end, half_open_deadline(world_tcp[end], view.half));
	if (view.wait != NULL)
		wait = least(wait, steps_to(end, view.wait->expires));
	if (view.tcb == NULL)
		return wait;
	if (view.tcb->timer != TIMER_NONE)
		wait = least(wait, steps_to(end, view.tcb->deadline));
	if (view.tcb->flags & TCB_ACK_FILED && view.tcb->flags & TCB_ACK_DELAYED) {
		const struct ring *ring = &tcp->delayed_ring;

		CHECK(ring_used(ring) > 0);
		wait = least(wait, steps_to(end, tcp->delayed[ring->head & ring->mask].deadline));
	}
	return wait;
}

uint32_t world_wait(void)
{
	return least(wait_of(CLIENT), wait_of(SERVER));
}
