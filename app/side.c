/* SPDX-License-Identifier: BSD-3-Clause */
#include "side.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "flood.h"
#include "ip.h"
#include "server.h"
#include "share.h"

_Static_assert(LAYOUT_SHARDS_MAX <= SAMPLE_SHARDS_MAX, "a sample has room for every shard");

#define NS_PER_S 1000000000ull
/* TIME-WAIT records when the rate is not known: what a core's worth of short connections leaves in 2 s. */
#define TIME_WAIT_DEMO (2u << 20)
/* Half-open records where nobody listens: there have to be some. */
#define HALF_OPEN_CLIENT 64
/* How long the clients of a demo that is flooded try: a SYN, another after a second, and 2 s more. */
#define PATIENCE_NS (2 * NS_PER_S)

void side_init(struct side *side, const char *name, struct weir_runtime *runtime, bool is_client)
{
	*side = (struct side){ .name = name, .runtime = runtime, .is_client = is_client };
}

/* Connections at once: a client's shard opens them, a server's gets them by chance. */
static uint32_t room(const struct side *side, const struct options *options, const struct side_place *place)
{
	uint32_t n = options->max_connections;
	uint32_t part = side->is_client ? share_limit(n, place->shards) : share_chance(n, place->shards);

	/* One leaves no room while another closes. */
	return part < 2 ? 2 : part;
}

/*
 * How many connections may be in TIME-WAIT at once. All of them should fit: one that has to go early
 * leaves its port open to old duplicates.
 */
static uint32_t time_wait_size(const struct side *side, const struct options *options, unsigned shards)
{
	bool closes_first = side->is_client == (options->close == CLOSE_FIN);
	uint64_t records = 4ull * options->max_connections;

	if (options->command == COMMAND_DEMO)
		records = closes_first && options->close != CLOSE_RST ? TIME_WAIT_DEMO : 4096;
	if (side->is_client && options->rate != 0)
		records = options->rate * (2 * options->msl_ns / 1000000) / 1000 * 9 / 8;
	if (records < options->max_connections)
		records = options->max_connections;
	records = records < SHARE_TIME_WAIT_MAX ? records : SHARE_TIME_WAIT_MAX;
	return side->is_client ? share_limit((uint32_t)records, shards) :
				 share_chance((uint32_t)records, shards);
}

static void configure_defence(const struct options *options, unsigned shards, struct weir_config *config)
{
	config->defence.mode = options->defence;
	config->defence.backlog = share_limit(options->backlog, shards);
	config->defence.half_open_per_source = share_limit(options->syn_per_source, shards);
	config->defence.opens_per_source = share_limit(options->opens_per_source, shards);
	/* A port that is flooded must leave the others their own. */
	config->max_half_open = config->defence.backlog * options->listen_count;
}

/* demo's flood comes from elsewhere: where no other is, the client's station is the router to there, too. */
static void configure_way_back(const struct options *options, struct weir_config *config)
{
	const struct options_port *client = &options->ports[0], *server = &options->ports[1];

	for (unsigned i = 0; i < client->ranges_count; i++) {
		struct weir_address first = client->ranges[i].first;
		struct weir_address *gateway = weir_is_ipv4(first) ? &config->gateway : &config->gateway6;

		for (unsigned j = 0; j < server->ranges_count && ip_is_none(*gateway); j++)
			if (ip_on_link(&server->ranges[j], first))
				*gateway = first;
	}
}

/* Where it stands. */
static void configure_place(const struct options *options, const struct side_place *place,
			    struct weir_config *config)
{
	const struct options_port *own = place->on->place;

	config->mtu = place->mtu;
	config->vlan = own->vlan;
	config->gateway = own->gateway;
	config->gateway6 = own->gateway6;
	/* Who else could have our address, or lead out, where nobody is? */
	if (options->wire || place->mute) {
		config->dad_probes = 0;
		config->no_router_advertisements = true;
	}
	memcpy(config->ranges, own->ranges, own->ranges_count * sizeof(config->ranges[0]));
	config->ranges_count = own->ranges_count;
}

static void configure(const struct side *side, const struct options *options, const struct side_place *place,
		      struct weir_config *config)
{
	weir_config_default(config);
	configure_place(options, place, config);
	config->max_connections = room(side, options, place);
	/* A client has none. */
	config->max_half_open = HALF_OPEN_CLIENT;
	if (!side->is_client)
		configure_defence(options, place->shards, config);
	config->max_time_wait = time_wait_size(side, options, place->shards);
	config->msl_ns = options->msl_ns;
	config->rfc1337 = options->rfc1337;
	/*
	 * A wire in memory loses nothing. What looks like loss there is a CPU that somebody else needed for a
	 * while, so wait as long as RFC 6298 rule 2.4 has it.
	 */
	if (options->wire)
		config->rto_min_ns = config->rto_initial_ns;
	if (options->command == COMMAND_DEMO && options->flood_pps != 0) {
		config->syn_timeout_ns = PATIENCE_NS;
		if (!side->is_client)
			configure_way_back(options, config);
	}
	config->seeded = options->seeded;
	/* Shards must not draw the same numbers. */
	config->seed = options->seed + 2 * place->shard + (side->is_client ? 0 : 1);
}

static int explain(char *error, const char *why, int rc)
{
	snprintf(error, SIDE_ERROR_MAX, "%s", why != NULL && why[0] != '\0' ? why : strerror(-rc));
	return rc;
}

static unsigned client_source(struct weir_core *core, struct rte_mbuf **mbufs, unsigned max, uint64_t now_ns,
			      void *arg)
{
	const struct client *client = arg;

	return flood_source(core, mbufs, max, now_ns, client->flood);
}

static unsigned client_sink(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n, void *arg)
{
	const struct client *client = arg;

	return flood_sink(core, mbufs, n, client->flood);
}

/* What runs on the shard, and the memory for it. */
static int choose_app(const struct side *side, const struct options *options, struct side_shard *on,
		      struct weir_shard_config *shard)
{
	bool alone = options->command == COMMAND_FLOOD;

	if (alone || (side->is_client && options->flood_pps != 0)) {
		on->flood = calloc(1, sizeof(*on->flood));
		if (on->flood == NULL)
			return -ENOMEM;
		shard->source = alone ? flood_source : client_source;
		shard->sink = alone ? flood_sink : client_sink;
	}
	if (alone) {
		shard->app = flood_round;
		shard->arg = on->flood;
	} else if (side->is_client) {
		shard->app = client_round;
		shard->due = client_due;
		shard->arg = on->client = calloc(1, sizeof(*on->client));
	} else {
		shard->app = server_round;
		shard->arg = on->server = calloc(1, sizeof(*on->server));
	}
	return shard->arg != NULL ? 0 : -ENOMEM;
}

static int init_flood(const struct side *side, const struct options *options, const struct side_shard *on,
		      const struct side_place *place)
{
	/* A station that there is not, of those that anybody may give out. */
	static const uint8_t nobody[] = { 0x02, 0, 0, 0, 0, 0x01 };
	struct weir_port_info info;
	int rc = weir_runtime_port_info(side->runtime, place->port, &info);

	if (rc == 0)
		rc = flood_init(on->flood, options, place->on->place, place->shard, info.mac, &side->orders);
	if (rc == 0 && (options->dest_mac_given || place->mute))
		flood_aim(on->flood, options->dest_mac_given ? options->dest_mac : nobody);
	return rc;
}

static int init_app(const struct side *side, const struct options *options, const struct side_shard *on,
		    const struct side_place *place, uint32_t connections)
{
	struct weir_core *core = weir_runtime_core(side->runtime, on->number);
	struct share share = {
		.shard = place->shard,
		.shards = place->shards,
		.connections = connections,
		.targets = place->on->place->targets,
	};
	int rc = on->flood != NULL ? init_flood(side, options, on, place) : 0;

	if (rc != 0 || options->command == COMMAND_FLOOD)
		return rc;
	if (!side->is_client)
		return server_init(on->server, options, core, &share, &side->orders);
	rc = client_init(on->client, options, core, &share, &side->orders);
	on->client->flood = on->flood;
	return rc;
}

int side_add(struct side *side, const struct options *options, const struct side_place *place,
	     char error[SIDE_ERROR_MAX])
{
	struct side_shard *on = &side->shards[side->count++];
	struct weir_shard_config shard = { .lcore = place->lcore };
	int rc;

	*on = (struct side_shard){ .number = -1, .port = place->port, .queue = place->queue, .on = place->on };
	configure(side, options, place, &shard.config);
	rc = choose_app(side, options, on, &shard);
	if (rc != 0)
		return explain(error, NULL, rc);
	on->number = weir_runtime_shard(side->runtime, place->port, &shard);
	if (on->number < 0)
		return explain(error, weir_runtime_error(side->runtime), on->number);
	rc = init_app(side, options, on, place, shard.config.max_connections);
	return rc < 0 ? explain(error, NULL, rc) : 0;
}

unsigned side_fini(struct side *side)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < side->count; i++) {
		struct side_shard *on = &side->shards[i];

		if (on->client != NULL)
			client_fini(on->client);
		if (on->server != NULL)
			server_fini(on->server);
		if (on->flood != NULL)
			missing += flood_fini(on->flood);
		free(on->client);
		free(on->server);
		free(on->flood);
	}
	side->count = 0;
	return missing;
}

bool side_floods(const struct side *side)
{
	return side->count > 0 && side->shards[0].flood != NULL;
}

void side_set_flood(struct side *side, uint64_t pps)
{
	for (unsigned i = 0; i < side->count; i++)
		flood_set_rate(side->shards[i].flood,
			       pps == OPTIONS_PPS_MAX ? pps : share_exact(pps, i, side->count));
}

static const struct tally *tally_of(const struct side *side, unsigned i)
{
	const struct side_shard *on = &side->shards[i];

	if (on->client != NULL)
		return &on->client->tally;
	return on->server != NULL ? &on->server->tally : &on->flood->tally;
}

static const struct weir_core *core_of(const struct side *side, unsigned i)
{
	return weir_runtime_core(side->runtime, side->shards[i].number);
}

static void add_stats(struct weir_stats *sum, const struct weir_stats *stats)
{
	for (unsigned i = 0; i < WEIR_STATES; i++)
		sum->states[i] += stats->states[i];
	for (unsigned i = 0; i < WEIR_REASONS; i++)
		sum->failed[i] += stats->failed[i];
	sum->opened_active += stats->opened_active;
	sum->opened_passive += stats->opened_passive;
	sum->closed += stats->closed;
	sum->attempted += stats->attempted;
	sum->frames_in += stats->frames_in;
	sum->frames_out += stats->frames_out;
	sum->bytes_in += stats->bytes_in;
	sum->bytes_out += stats->bytes_out;
	sum->retransmits += stats->retransmits;
	sum->cookies_sent += stats->cookies_sent;
	sum->cookies_accepted += stats->cookies_accepted;
	sum->cookies_rejected += stats->cookies_rejected;
	sum->mbufs_taken += stats->mbufs_taken;
	sum->mbufs_returned += stats->mbufs_returned;
	sum->memory_bytes += stats->memory_bytes;
	/* Sizes of records are the same on every shard. */
	sum->bytes_hot = stats->bytes_hot;
	sum->bytes_half_open = stats->bytes_half_open;
	sum->bytes_time_wait = stats->bytes_time_wait;
	sum->bytes_extension = stats->bytes_extension;
	sum->bytes_pair = stats->bytes_pair;
}

static void add_tally(struct tally *sum, const struct tally *tally)
{
	sum->open += tally_get(&tally->open);
	sum->requests += tally_get(&tally->requests);
	sum->rejected += tally_get(&tally->rejected);
	sum->aborted += tally_get(&tally->aborted);
	sum->defending |= __atomic_load_n(&tally->defending, __ATOMIC_RELAXED);
	sum->targets_tried |= __atomic_load_n(&tally->targets_tried, __ATOMIC_RELAXED);
	sum->targets_answered |= __atomic_load_n(&tally->targets_answered, __ATOMIC_RELAXED);
	sum->targets_resolved |= __atomic_load_n(&tally->targets_resolved, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < COMPLAINTS; i++)
		sum->complaints[i] += tally_get(&tally->complaints[i]);
	for (unsigned i = 0; i < HOLDS; i++)
		sum->holds[i] += tally_get(&tally->holds[i]);
	for (unsigned i = 0; i < LATENCIES; i++)
		histogram_add(&sum->latency[i], &tally->latency[i]);
	for (unsigned i = 0; i < TALLY_FAMILIES; i++) {
		sum->families[i].attempted += tally_get(&tally->families[i].attempted);
		sum->families[i].established += tally_get(&tally->families[i].established);
		sum->families[i].closed += tally_get(&tally->families[i].closed);
	}
}

/* Alone, a flood is what its shard does; beside a client it is somebody else's. */
static void add_flood_counts(const struct side *side, unsigned i, struct sample *sample)
{
	struct flood_counts *sum = &sample->flood, counts;

	if (side->shards[i].flood == NULL)
		return;
	flood_counts(side->shards[i].flood, &counts);
	sum->sent += counts.sent;
	sum->syn_acks += counts.syn_acks;
	sum->resets += counts.resets;
	sum->others += counts.others;
	sum->no_buffer += counts.no_buffer;
	sum->mbufs_taken += counts.mbufs_taken;
	sum->mbufs_returned += counts.mbufs_returned;
	if (side->is_client)
		return;
	sample->stats.frames_out += counts.sent;
	sample->stats.frames_in += flood_counts_answers(&counts);
	sample->stats.mbufs_taken += counts.mbufs_taken;
	sample->stats.mbufs_returned += counts.mbufs_returned;
}

/* Its part of the sum, in the line of the shard alone. */
static void add_shard(const struct side *side, unsigned i, const struct weir_stats *stats,
		      const uint64_t *counters, struct sample *sample)
{
	const struct side_shard *on = &side->shards[i];

	sample->shards[sample->shards_count++] = (struct sample_shard){
		.port = on->on->name,
		.queue = on->queue,
		.lcore = weir_runtime_lcore(side->runtime, on->number),
		.frames_in = stats->frames_in,
		.frames_out = stats->frames_out,
		.established = stats->opened_active + stats->opened_passive,
		.handed_over = figures_counter(counters, "handed_over"),
	};
}

static void add_loop(const struct side *side, unsigned i, struct sample *sample)
{
	struct weir_loop_stats loop;

	weir_runtime_loop_stats(side->runtime, side->shards[i].number, &loop);
	sample->busy_cycles += loop.busy_cycles;
	sample->rx_kept_drops += loop.rx_kept_drops;
	sample->tx_backlog_drops += loop.tx_backlog_drops;
	sample->capture_drops += loop.capture_drops;
	sample->handover_drops += loop.handover_drops;
}

void side_sample(const struct side *side, struct sample *sample)
{
	unsigned counters = weir_counter_count();

	memset(sample, 0, sizeof(*sample));
	sample->now_ns = weir_now_ns();
	if (counters > SAMPLE_COUNTERS_MAX)
		counters = SAMPLE_COUNTERS_MAX;
	for (unsigned i = 0; i < side->count; i++) {
		const struct weir_core *core = core_of(side, i);
		uint64_t values[SAMPLE_COUNTERS_MAX];
		struct weir_stats stats;

		weir_stats(core, &stats);
		add_stats(&sample->stats, &stats);
		sample->hugepage_bytes += weir_hugepage_bytes(core);
		weir_counters(core, values, counters);
		for (unsigned c = 0; c < counters; c++)
			sample->counters[c] += values[c];
		add_shard(side, i, &stats, values, sample);
		add_loop(side, i, sample);
		add_tally(&sample->tally, tally_of(side, i));
		add_flood_counts(side, i, sample);
	}
}

int side_ready(const struct side *side)
{
	int ready = 1;

	for (unsigned i = 0; i < side->count && ready == 1; i++)
		ready = __atomic_load_n(&tally_of(side, i)->ready, __ATOMIC_RELAXED);
	return ready;
}

const struct side_shard *side_refused(const struct side *side)
{
	for (unsigned i = 0; i < side->count; i++)
		if (__atomic_load_n(&tally_of(side, i)->ready, __ATOMIC_RELAXED) < 0)
			return &side->shards[i];
	return NULL;
}

bool side_stopped(const struct side *side)
{
	for (unsigned i = 0; i < side->count; i++)
		if (!order_given(&tally_of(side, i)->stopped))
			return false;
	return true;
}

uint64_t side_left(const struct side *side)
{
	uint64_t left = 0;

	for (unsigned i = 0; i < side->count; i++) {
		struct weir_stats stats;

		weir_stats(core_of(side, i), &stats);
		for (unsigned state = WEIR_SYN_SENT; state < WEIR_TIME_WAIT; state++)
			left += stats.states[state];
		/* The stack may be done with connections whose end the application has yet to hear of. */
		left += tally_get(&tally_of(side, i)->open);
	}
	return left;
}

bool side_drained(const struct side *side)
{
	return side_stopped(side) && side_left(side) == 0;
}

void side_release(struct side *side)
{
	for (unsigned i = 0; i < side->count; i++) {
		const struct side_shard *on = &side->shards[i];

		if (on->server != NULL)
			server_release(on->server, weir_runtime_core(side->runtime, on->number));
	}
}

bool side_balanced(const struct side *side)
{
	for (unsigned i = 0; i < side->count; i++) {
		struct weir_stats stats;

		weir_stats(core_of(side, i), &stats);
		if (stats.mbufs_taken != stats.mbufs_returned)
			return false;
	}
	return true;
}

bool side_took_key(const struct side *side)
{
	for (unsigned i = 0; i < side->count && side->orders.key != NULL; i++)
		if (!cookie_key_is_taken(side->orders.key, &tally_of(side, i)->key_taken))
			return false;
	return true;
}

int side_fatal(const struct side *side)
{
	for (unsigned i = 0; i < side->count; i++) {
		int fatal = __atomic_load_n(&tally_of(side, i)->fatal, __ATOMIC_RELAXED);

		if (fatal != 0)
			return fatal;
	}
	return 0;
}
