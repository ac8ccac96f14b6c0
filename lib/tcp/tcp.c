/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/tcp.h"

#include "tcp/advice.h"
#include "tcp/events.h"
#include "tcp/fsm.h"
#include "tcp/listeners.h"
#include "tcp/reassembly.h"
#include "tcp/rtt.h"
#include "tcp/profiles.h"
#include "tcp/records.h"
#include "tcp/send_queue.h"
#include "tcp/sent.h"
#include "tcp/tcp_pvt.h"
#include "tcp/time_wait.h"

/* More would only let a slow application see older news. */
#define LIST_MAX 65536u
/*
 * Connections with output to make. What is not on the list when it is full must wait,
 * new connections above all.
 */
#define DIRTY_MAX 262144u

#define TIMERS_EXACT 1000000u

static uint32_t power_of_two(uint32_t n)
{
	return n <= 1 ? 1 : 1u << (32 - __builtin_clz(n - 1));
}

static uint32_t or_else(uint32_t asked, uint32_t derived)
{
	return asked != 0 ? asked : derived;
}

/* Every record may have one armed, up to a million; of more, a tenth may at once. */
static uint32_t timers_of(uint32_t records, uint32_t asked)
{
	uint32_t derived = records / 10 > TIMERS_EXACT ? records / 10 : TIMERS_EXACT;
	uint32_t timers = or_else(asked, derived);

	return timers < records ? timers : records;
}

struct sizes {
	uint32_t hot, half_open, time_wait, extensions, pieces, sents, events, dirty, delayed, timers;
	bool ipv6;
};

static bool has_ipv6(const struct weir_config *config)
{
	for (unsigned i = 0; i < config->ranges_count; i++)
		if (!weir_is_ipv4(config->ranges[i].first))
			return true;
	return false;
}

/* What "derived from max_connections" means in weir.h. */
static struct sizes sizes_of(const struct weir_config *config)
{
	uint32_t n = config->max_connections;
	struct sizes sizes = {
		.hot = n,
		.half_open = or_else(config->max_half_open, n / 4 + 64),
		.time_wait = or_else(config->max_time_wait, n + 64),
		.extensions = or_else(config->max_extensions, n / 8 + 256),
		.events = power_of_two(or_else(config->max_events, n < LIST_MAX ? n + 64 : LIST_MAX)),
		.dirty = power_of_two(n < DIRTY_MAX ? n + 64 : DIRTY_MAX),
	};

	sizes.ipv6 = has_ipv6(config);
	if (sizes.extensions > n)
		sizes.extensions = n;
	sizes.pieces = or_else(config->max_send_buffers, 4 * sizes.extensions + 256);
	sizes.sents = 2 * sizes.pieces; /* a piece is a segment or two, now and then many */
	sizes.delayed = sizes.dirty < LIST_MAX ? sizes.dirty : LIST_MAX;
	sizes.timers = timers_of(sizes.hot + sizes.half_open, config->max_timers);
	return sizes;
}

static void ring_init(struct ring *ring, uint32_t size)
{
	*ring = (struct ring){ .mask = size - 1 };
}

/* The lines at the side of IPv6 records: one for each, whichever family it will be of. */
static void carve_pairs(struct tcp *tcp, struct arena *arena, const struct sizes *sizes)
{
	if (!sizes->ipv6)
		return;
	tcp->pairs[REF_HOT] = arena_take(arena, (size_t)sizes->hot * sizeof(struct pair));
	tcp->pairs[REF_HALF_OPEN] = arena_take(arena, (size_t)sizes->half_open * sizeof(struct pair));
	tcp->pairs[REF_TIME_WAIT] = arena_take(arena, (size_t)sizes->time_wait * sizeof(struct pair));
	tcp->reply_pairs = arena_take(arena, TCP_REPLIES * sizeof(struct pair));
}

/* Takes everything from the arena; with a NULL base it only measures. */
static void carve(struct tcp *tcp, struct arena *arena, const struct sizes *sizes)
{
	slot_pool_init(&tcp->hot, arena, sizes->hot, sizeof(struct tcb));
	slot_pool_init(&tcp->half_opens, arena, sizes->half_open, sizeof(struct half_open));
	slot_pool_init(&tcp->exts, arena, sizes->extensions, sizeof(struct tcb_ext));
	slot_pool_init(&tcp->pieces, arena, sizes->pieces, sizeof(struct piece));
	slot_pool_init(&tcp->sents, arena, sizes->sents, sizeof(struct sent));
	tcp->time_waits = arena_take(arena, (size_t)sizes->time_wait * sizeof(struct time_wait));
	tcp->time_wait_capacity = sizes->time_wait;
	tcp->events = arena_take(arena, (size_t)sizes->events * sizeof(struct weir_event));
	tcp->dirty = arena_take(arena, (size_t)sizes->dirty * sizeof(uint32_t));
	tcp->delayed = arena_take(arena, (size_t)sizes->delayed * sizeof(struct delayed_ack));
	sources_init(&tcp->sources, arena, sizes->half_open);
	tcp->replies = arena_take(arena, TCP_REPLIES * sizeof(struct seg));
	carve_pairs(tcp, arena, sizes);
	ring_init(&tcp->events_ring, sizes->events);
	ring_init(&tcp->dirty_ring, sizes->dirty);
	ring_init(&tcp->delayed_ring, sizes->delayed);
	ring_init(&tcp->replies_ring, TCP_REPLIES);

	struct ref_pool records[REF_KINDS] = {
		[REF_HOT] = { .base = tcp->hot.base,
			      .stride = sizeof(struct tcb),
			      .field = offsetof(struct tcb, wheel) },
		[REF_HALF_OPEN] = { .base = tcp->half_opens.base,
				    .stride = sizeof(struct half_open),
				    .field = offsetof(struct half_open, wheel) },
		[REF_TIME_WAIT] = { .base = tcp->time_waits, .stride = sizeof(struct time_wait) },
	};

	conn_table_init(&tcp->table, arena, sizes->hot + sizes->half_open + sizes->time_wait, records);
	timer_wheel_init(&tcp->wheel, arena, sizes->timers, records, tcp->tick);
}

size_t tcp_footprint(const struct weir_config *config)
{
	static const struct tcp blank;
	struct sizes sizes = sizes_of(config);
	struct tcp tcp = blank;
	struct arena arena = { .base = NULL };

	arena_take(&arena, sizeof(struct tcp));
	carve(&tcp, &arena, &sizes);
	rss_create(&arena, &config->rss, config->port_first, config->port_last);
	return arena.used;
}

static uint32_t us(uint64_t ns)
{
	return (uint32_t)(ns >> CLOCK_US_SHIFT);
}

static void take_config(struct tcp *tcp, const struct weir_config *config)
{
	tcp->mtu = config->mtu;
	tcp->receive_buffers = (uint8_t)(config->receive_buffers < 255 ? config->receive_buffers : 255);
	/* The edge of a window cuts a segment short. An eighth more has room for that of several windows. */
	uint32_t held_max = tcp->receive_buffers + tcp->receive_buffers / 8u;

	tcp->held_max = (uint8_t)(held_max < 255 ? held_max : 255);
	tcp->held_now = tcp->held_max;
	tcp->rcv_window = (uint32_t)tcp->receive_buffers * tcp_rcv_mss(tcp, false);
	for (tcp->rcv_wscale = 0; tcp->rcv_window >> tcp->rcv_wscale > UINT16_MAX;)
		tcp->rcv_wscale++;
	tcp->times = (struct tcp_times){
		.time_wait = clock_ticks_from_ns(2 * config->msl_ns),
		.delayed_ack = clock_ticks_from_ns(config->delayed_ack_ns),
		.fin_wait_2 = clock_ticks_from_ns(config->fin_wait_2_ns),
		.user_timeout = clock_ticks_from_ns(config->user_timeout_ns),
		.syn_timeout = clock_ticks_from_ns(config->syn_timeout_ns),
		.rto_initial_us = us(config->rto_initial_ns),
		.rto_min_us = us(config->rto_min_ns),
		.rto_max_us = us(config->rto_max_ns),
	};
	rtt_times(&tcp->times);
	tcp->port_first = config->port_first;
	tcp->port_last = config->port_last;
	tcp->send_buffers = config->send_buffers;
	tcp->queued_max = or_else(config->max_buffers / 2, UINT32_MAX);
	tcp->rfc1337 = config->rfc1337;
	tcp->ecn = config->ecn;
	tcp->timestamps = !config->no_timestamps;
	tcp->defence = config->defence;
	limit_init(&tcp->resets, config->resets_per_s, config->resets_per_s / 10 + 1);
	profiles_init(tcp, config);
	records_init(tcp);
}

struct tcp *tcp_create(void *mem, const struct weir_config *config, const struct tcp_secrets *secrets,
		       struct counters *counters, uint64_t now_ns)
{
	struct sizes sizes = sizes_of(config);
	struct arena arena = { .base = mem };
	struct tcp *tcp = arena_take(&arena, sizeof(struct tcp));

	tcp_set_now(tcp, now_ns);
	carve(tcp, &arena, &sizes);
	take_config(tcp, config);
	tcp->rss = rss_create(&arena, &config->rss, config->port_first, config->port_last);
	tcp->rss_habit = (uint8_t)config->rss.habit;
	tcp->secrets = *secrets;
	tcp->sources.key = secrets->sources;
	cookie_init(tcp, secrets->cookies);
	tcp->counters = counters;
	tcp->abort_cursor = SLOT_NONE;
	tcp->paws_due = tcp->tick;
	advice_init(tcp);
	listeners_init(tcp);
	return tcp;
}

void tcp_refuse_text(struct tcp *tcp, bool refuse)
{
	tcp->held_now = refuse ? 0 : tcp->held_max;
}

unsigned tcp_shard_of(const struct tcp *tcp, const struct tuple *tuple, const struct pair *pair)
{
	return rss_shard(tcp->rss, rss_hash(tcp->rss, tuple, pair));
}

void tcp_keep_all(struct tcp *tcp, bool keep)
{
	tcp->keeps_all = keep;
}

uint64_t tcp_elsewhere(const struct tcp *tcp)
{
	return tcp->elsewhere;
}

struct tuple tcp_tuple(const struct tcp *tcp, const struct pair *pair, uint16_t lport, uint16_t rport)
{
	return tuple_make(tcp->secrets.names, pair, lport, rport);
}

void tcp_destroy(struct tcp *tcp)
{
	struct weir_event event;

	while (tcp_events(tcp, &event, 1) == 1)
		payload_free((payload)(uintptr_t)event.payload);
	for (uint32_t slot = 0; slot < tcp->hot.fresh; slot++) {
		struct tcb *tcb = tcb_at(tcp, slot);

		if (tcb->tuple.rport == 0 || !(tcb->flags & TCB_EXT))
			continue;
		reassembly_clear(tcp, tcb);
		send_queue_clear(tcp, tcb);
	}
}

uint64_t tcp_next_deadline(const struct tcp *tcp, uint64_t now_ns)
{
	uint32_t tick = clock_tick(now_ns), wait = timer_wheel_next(&tcp->wheel), next = UINT32_MAX;

	if (ring_used(&tcp->events_ring) + ring_used(&tcp->dirty_ring) + ring_used(&tcp->replies_ring) > 0)
		return now_ns;
	if (wait != UINT32_MAX)
		next = seq_gt(tcp->wheel.now + wait, tick) ? tcp->wheel.now + wait - tick : 0;
	uint32_t expiry = time_wait_next(tcp);

	if (expiry != UINT32_MAX && expiry < next)
		next = expiry;
	if (ring_used(&tcp->delayed_ring) > 0) {
		uint32_t due = tcp->delayed[tcp->delayed_ring.head & tcp->delayed_ring.mask].deadline;
		uint32_t left = seq_gt(due, tick) ? due - tick : 0;

		next = left < next ? left : next;
	}
	uint32_t guard = guard_next(tcp);

	next = guard < next ? guard : next;
	if (next == UINT32_MAX)
		return UINT64_MAX;
	return next == 0 ? now_ns : ((now_ns >> CLOCK_TICK_SHIFT) + next) << CLOCK_TICK_SHIFT;
}

static uint64_t load(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

void tcp_stats(const struct tcp *tcp, struct weir_stats *stats)
{
	/* The table's lines, shared out over all the records that it was made for. */
	double entry = 64.0 * tcp->table.bucket_count /
		       ((double)tcp->hot.capacity + tcp->half_opens.capacity + tcp->time_wait_capacity);

	for (unsigned i = 0; i < WEIR_STATES; i++)
		stats->states[i] = load(&tcp->states[i]);
	for (unsigned i = 0; i < WEIR_REASONS; i++)
		stats->failed[i] = load(&tcp->failed[i]);
	stats->opened_active = count_get(tcp->counters, COUNT_opened_active);
	stats->opened_passive = count_get(tcp->counters, COUNT_opened_passive);
	stats->closed = count_get(tcp->counters, COUNT_closed);
	stats->attempted = count_get(tcp->counters, COUNT_attempted);
	stats->bytes_in = count_get(tcp->counters, COUNT_bytes_in);
	stats->bytes_out = count_get(tcp->counters, COUNT_bytes_out);
	stats->retransmits = count_get(tcp->counters, COUNT_retransmits);
	stats->cookies_sent = count_get(tcp->counters, COUNT_cookies_sent);
	stats->cookies_accepted = count_get(tcp->counters, COUNT_cookies_accepted);
	stats->cookies_rejected = count_get(tcp->counters, COUNT_cookies_rejected);
	stats->listeners_defending = __atomic_load_n(&tcp->defending, __ATOMIC_RELAXED);
	stats->bytes_hot = sizeof(struct tcb) + entry;
	stats->bytes_half_open = sizeof(struct half_open) + entry;
	stats->bytes_time_wait = sizeof(struct time_wait) + entry;
	stats->bytes_extension = sizeof(struct tcb_ext);
	stats->bytes_pair = tcp->pairs[REF_HOT] != NULL ? sizeof(struct pair) : 0;
}
