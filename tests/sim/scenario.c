/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/scenario.h"

#include <errno.h>
#include <string.h>

#include "sim/attacker.h"
#include "sim/host.h"
#include "support/addresses.h"
#include "support/payload_arena.h"
#include "tcp/isn.h"

#define CONNECTIONS_MAX 6
#define STREAM_MAX 60000
#define HELD_MAX 64
#define PIECE_MAX 8000
#define SERVER_PORT 80
#define CLIENT_PORT 5000 /* and up: each connection's number added */
#define MTU_MIN_6 1280   /* RFC 8200 section 5 */

/* The longest that a scenario may take: retransmissions back off to a minute each. */
#define VIRTUAL_LIMIT_NS (6 * 3600 * CLOCK_NS_PER_S)

static const uint32_t addresses[2] = { 0x0a000001, 0x0a000002 }; /* or such numbers of IPv6 */

/* Payload that an application has not read yet. */
struct held {
	payload data;
	uint64_t due_ns;
};

/* One end of one connection. */
struct side {
	weir_conn conn;
	uint32_t to_send, sent, to_receive, received;
	bool open, shut, fin, closed, closes_late;
	uint8_t small[200]; /* the whole stream, if it is sent as one static piece */
	int static_id;      /* of that, or 0 */
	unsigned slowness;  /* per mille of payloads that are kept for a while */
	unsigned thinking;  /* per mille of pieces that a pause follows */
	uint64_t resumes_ns;
	struct held held[HELD_MAX];
	unsigned held_count;
};

struct scenario {
	struct rng rng;
	struct network network;
	struct host hosts[2]; /* 0 opens */
	struct side sides[2][CONNECTIONS_MAX];
	unsigned connections;
	struct attacker attacker;
	uint64_t now_ns;
	FILE *trace;
	struct scenario_result result;
};

static uint8_t stream_byte(uint32_t position, unsigned end, unsigned connection)
{
	return (uint8_t)(position * 167 + position / 253 + 31 * connection + 97 * end);
}

static void fail(struct scenario *s, const char *fault, unsigned end, unsigned connection)
{
	if (s->result.fault != NULL)
		return;
	s->result.fault = fault;
	snprintf(s->result.detail, sizeof(s->result.detail), "%s of connection %u at %.6f s",
		 end == 0 ? "client" : "server", connection, (double)s->now_ns / 1e9);
}

/* Each family alone, or in turn. */
static bool is_6(const struct scenario *s, unsigned connection)
{
	const bool *options = s->result.options;

	return options[SCENARIO_IPV6] && (!options[SCENARIO_IPV4] || connection % 2 == 0);
}

static struct weir_address address_of(const struct scenario *s, unsigned end, unsigned connection)
{
	return numbered_address(is_6(s, connection), addresses[end]);
}

static void choose_faults(struct scenario *s, struct network_faults *faults)
{
	*faults = (struct network_faults){
		.loss = rng_below(&s->rng, 201),
		.duplication = rng_below(&s->rng, 51),
		.reordering = rng_below(&s->rng, 201),
		.corruption = rng_below(&s->rng, 11),
		.marking = rng_below(&s->rng, 101),
		.delay_ns = 50000 + rng_below(&s->rng, 50) * CLOCK_NS_PER_MS,
	};
	faults->jitter_ns = 4 * faults->delay_ns;
	if (rng_below(&s->rng, 8) == 0) /* now and then a clean wire */
		faults->loss = faults->duplication = faults->reordering = faults->corruption = 0;
}

/*
 * SACK and window scale are not the configuration's: something on the path takes them off in one seed of four
 * each.
 */
static unsigned choose_strip(struct scenario *s)
{
	unsigned strip = rng_below(&s->rng, 4) == 0 ? SEG_OPT_SACK_OK : 0;

	return strip | (rng_below(&s->rng, 4) == 0 ? SEG_OPT_WSCALE : 0);
}

static void choose_config(struct scenario *s, unsigned end, struct weir_config *config)
{
	static const uint16_t mtus[] = { 576, 1500, 1500, 9000 };

	weir_config_default(config);
	for (unsigned is6 = 0; is6 < 2; is6++) {
		struct weir_range *range = &config->ranges[config->ranges_count];

		if (!s->result.options[is6 ? SCENARIO_IPV6 : SCENARIO_IPV4])
			continue;
		range->first = range->last = numbered_address(is6, addresses[end]);
		config->ranges_count++;
	}
	config->max_connections = 16;
	config->max_extensions = 16;
	config->max_send_buffers = 256;
	config->mtu = mtus[rng_below(&s->rng, 4)];
	if (s->result.options[SCENARIO_IPV6] && config->mtu < MTU_MIN_6)
		config->mtu = MTU_MIN_6;
	config->receive_buffers = (uint16_t)(2 + rng_below(&s->rng, 60));
	config->send_buffers = (uint16_t)(1 + rng_below(&s->rng, 40));
	config->no_delay = rng_below(&s->rng, 2);
	config->no_timestamps = rng_below(&s->rng, 4) == 0;
	config->ecn = rng_below(&s->rng, 2);
	config->user_timeout_ns = 3600 * CLOCK_NS_PER_S; /* a bad hour is no reason to give up here */
	config->syn_timeout_ns = 3600 * CLOCK_NS_PER_S;
	config->msl_ns = 300 * CLOCK_NS_PER_S; /* longer than a FIN's last retransmission takes to come */
}

#define FLOOD_BURSTS 40

/* In turn and without a draw too, so that each family meets each defence, and wraps and does not. */
static void choose_family(struct scenario *s, uint64_t seed)
{
	unsigned which = (unsigned)(seed / 6 % 3);

	s->result.options[SCENARIO_IPV4] = which != 1;
	s->result.options[SCENARIO_IPV6] = which != 0;
	s->result.options[SCENARIO_PLAIN] = seed / 18 % 2;
}

/*
 * In turn, and without a draw, so that all else is as it would be. Where cookies come both ends have
 * timestamps: without them text that overtakes one is reset.
 */
static void choose_defence(struct scenario *s, uint64_t seed, struct weir_config *config)
{
	s->result.options[SCENARIO_COOKIES] = seed % 3 == 1;
	s->result.flooded = seed % 3 == 2;
	if (s->result.options[SCENARIO_COOKIES])
		config->defence.mode = WEIR_DEFENCE_ALWAYS;
	if (s->result.options[SCENARIO_COOKIES] || s->result.flooded)
		config->no_timestamps = false;
}

/*
 * Who waits for a peer to begin, and whose ACK is lost, waits for ever: of a cookie the server keeps nothing.
 */
static void let_client_speak(struct side *client, struct side *server)
{
	if (client->to_send == 0 && client->closes_late)
		client->to_send = server->to_receive = 1;
}

/*
 * For every other seed: both ends' clocks are set so that the first connection's numbers wrap in its
 * course.
 */
static void place_clock(struct scenario *s, unsigned end, const struct tcp_secrets *secrets)
{
	const struct pair pair = { address_of(s, end, 0), address_of(s, !end, 0) };
	struct tuple tuple = tuple_make(secrets->names, &pair, end == 0 ? CLIENT_PORT : SERVER_PORT,
					end == 0 ? SERVER_PORT : CLIENT_PORT);
	uint64_t f = siphash24_12(secrets->isn, tuple_addrs(&tuple), tuple_ports(&tuple));
	uint32_t below = s->sides[end][0].to_send + 20000;
	uint32_t clock = (uint32_t)-rng_below(&s->rng, below) - (uint32_t)f - (uint32_t)(s->now_ns >> 12);

	s->hosts[end].clock_ns = (uint64_t)clock << 12;
}

/* A small stream may be registered bytes: no extension then, as most of a load test's connections. */
static void register_small(struct scenario *s, unsigned end, unsigned connection)
{
	struct side *side = &s->sides[end][connection];

	if (side->to_send == 0 || side->to_send > sizeof(side->small) || rng_below(&s->rng, 2))
		return;
	for (uint32_t i = 0; i < side->to_send; i++)
		side->small[i] = stream_byte(i, end, connection);
	side->static_id = tcp_static(s->hosts[end].tcp, side->small, side->to_send);
	CHECK(side->static_id > 0);
}

static void set_up(struct scenario *s, uint64_t seed)
{
	struct network_faults faults;

	s->rng = (struct rng){ seed };
	s->now_ns = CLOCK_NS_PER_S;
	choose_family(s, seed);
	choose_faults(s, &faults);
	network_init(&s->network, &faults, rng_u64(&s->rng));
	s->connections = 1 + rng_below(&s->rng, CONNECTIONS_MAX);
	for (unsigned c = 0; c < s->connections; c++) {
		for (unsigned end = 0; end < 2; end++) {
			struct side *side = &s->sides[end][c];

			side->to_send = rng_below(&s->rng, 3) == 0 ? rng_below(&s->rng, 200) :
								     rng_below(&s->rng, STREAM_MAX);
			side->closes_late = rng_below(&s->rng, 2);
			side->slowness = rng_below(&s->rng, 2) ? rng_below(&s->rng, 300) : 0;
			side->thinking = rng_below(&s->rng, 2) ? rng_below(&s->rng, 300) : 0;
		}
		/* Somebody must begin to close. */
		if (s->sides[0][c].closes_late && s->sides[1][c].closes_late)
			s->sides[rng_below(&s->rng, 2)][c].closes_late = false;
		s->sides[0][c].to_receive = s->sides[1][c].to_send;
		s->sides[1][c].to_receive = s->sides[0][c].to_send;
		let_client_speak(&s->sides[0][c], &s->sides[1][c]);
	}
	unsigned strip = choose_strip(s);

	s->result.options[SCENARIO_TIMESTAMPS] = s->result.options[SCENARIO_NAGLE] = true;
	s->result.options[SCENARIO_SACK] = !(strip & SEG_OPT_SACK_OK);
	s->result.options[SCENARIO_WINDOW_SCALE] = !(strip & SEG_OPT_WSCALE);
	for (unsigned end = 0; end < 2; end++) {
		struct weir_config config;
		struct tcp_secrets secrets = {
			.table = { rng_u64(&s->rng), 1 },
			.names = { seed, 7 + end },
			.isn = { rng_u64(&s->rng), 2 },
			.ports = { rng_u64(&s->rng), 3 },
			.cookies = { { seed, 4 }, { seed, 5 } },
			.sources = { seed, 6 },
		};

		choose_config(s, end, &config);
		choose_defence(s, seed, &config);
		s->result.options[SCENARIO_TIMESTAMPS] &= !config.no_timestamps;
		s->result.options[SCENARIO_NAGLE] &= !config.no_delay;
		if (end == 0) /* the server has it if it is asked */
			s->result.options[SCENARIO_ECN] = config.ecn;
		if (seed & 1)
			place_clock(s, end, &secrets);
		host_init(&s->hosts[end], &s->network, end, &config, &secrets, s->now_ns);
		s->hosts[end].trace = s->trace;
		s->hosts[end].strip = strip;
		s->hosts[end].addresses[0] = numbered_address(false, addresses[end]);
		s->hosts[end].addresses[1] = numbered_address(true, addresses[end]);
		s->hosts[end].plain = s->result.options[SCENARIO_PLAIN];
		for (unsigned c = 0; c < s->connections; c++)
			register_small(s, end, c);
	}
	attacker_init(&s->attacker, seed, s->result.flooded ? FLOOD_BURSTS : 0, s->now_ns);
}

static void begin(struct scenario *s)
{
	struct tcp *server = s->hosts[1].tcp;

	CHECK(tcp_listen(server, (struct weir_endpoint){ .port = SERVER_PORT }, UINT32_MAX) >= 0);
	for (unsigned c = 0; c < s->connections; c++) {
		struct weir_endpoint local = { address_of(s, 0, c), (uint16_t)(CLIENT_PORT + c) };
		struct weir_endpoint remote = { address_of(s, 1, c), SERVER_PORT };

		CHECK(tcp_connect(s->hosts[0].tcp, local, remote, c, host_now(&s->hosts[0], s->now_ns),
				  &s->sides[0][c].conn) == 0);
	}
}

/* The next piece; false when it must wait. */
static bool send_piece(struct scenario *s, unsigned end, unsigned connection)
{
	struct side *side = &s->sides[end][connection];
	struct tcp *tcp = s->hosts[end].tcp;
	uint32_t len = side->to_send - side->sent, most = 1 + rng_below(&s->rng, PIECE_MAX);
	uint8_t bytes[PIECE_MAX];
	int err;

	if (side->static_id != 0) {
		err = tcp_send_static(tcp, side->conn, side->static_id);
	} else {
		len = len < most ? len : most;
		for (uint32_t i = 0; i < len; i++)
			bytes[i] = stream_byte(side->sent + i, end, connection);
		payload data = payload_arena_copy(bytes, len);

		err = tcp_send(tcp, side->conn, data);
		if (err != 0)
			payload_free(data);
	}
	if (err != 0 && err != -EAGAIN && err != -ENOMEM)
		fail(s, "a send was refused", end, connection);
	if (err == 0)
		side->sent += len;
	return err == 0;
}

/* Sends what it can, and closes when the time has come. Returns when it wants to go on. */
static uint64_t pump(struct scenario *s, unsigned end, unsigned connection)
{
	struct side *side = &s->sides[end][connection];
	struct tcp *tcp = s->hosts[end].tcp;

	if (!side->open || side->closed)
		return UINT64_MAX;
	while (side->sent < side->to_send) {
		if (s->now_ns < side->resumes_ns)
			return side->resumes_ns;
		if (!send_piece(s, end, connection))
			return UINT64_MAX;
		if (rng_below(&s->rng, 1000) < side->thinking)
			side->resumes_ns = s->now_ns + rng_below(&s->rng, 3000) * CLOCK_NS_PER_MS;
	}
	if (!side->shut && (!side->closes_late || side->fin)) {
		side->shut = true;
		if (tcp_shutdown(tcp, side->conn) != 0)
			fail(s, "a close was refused", end, connection);
	}
	return UINT64_MAX;
}

static void release(struct scenario *s, unsigned end, struct side *side, unsigned i)
{
	tcp_release(s->hosts[end].tcp, side->conn, side->held[i].data);
	side->held[i] = side->held[--side->held_count];
}

static void take_data(struct scenario *s, unsigned end, unsigned connection, const struct weir_event *event)
{
	struct side *side = &s->sides[end][connection];
	payload data = (payload)(uintptr_t)event->payload;
	uint8_t byte;

	for (uint32_t i = 0; i < event->bytes; i++) {
		payload_read(data, i, &byte, 1);
		if (byte != stream_byte(side->received + i, !end, connection))
			fail(s, "a byte arrived wrong", end, connection);
	}
	side->received += event->bytes;
	if (side->received > side->to_receive)
		fail(s, "more arrived than was sent", end, connection);
	if (side->held_count == HELD_MAX || rng_below(&s->rng, 1000) >= side->slowness) {
		tcp_release(s->hosts[end].tcp, event->conn, data);
		return;
	}
	side->held[side->held_count++] = (struct held){
		.data = data,
		.due_ns = s->now_ns + rng_below(&s->rng, 2000) * CLOCK_NS_PER_MS,
	};
}

/* All that a client sent was lost until its cookie was too old: the server has never heard of it. */
static bool outlives_cookie(const struct scenario *s, unsigned end, unsigned connection,
			    const struct weir_event *event)
{
	return s->hosts[1].counters.v[COUNT_cookies_sent] > 0 && end == 0 && !s->sides[1][connection].open &&
	       event->reason == WEIR_REASON_RESET;
}

static void take_closed(struct scenario *s, unsigned end, unsigned connection, const struct weir_event *event)
{
	struct side *side = &s->sides[end][connection];

	side->closed = true;
	while (side->held_count > 0)
		release(s, end, side, 0);
	if (outlives_cookie(s, end, connection, event)) {
		s->sides[1][connection].closed = true;
		s->result.outlived++;
	} else if (side->received != side->to_receive || side->sent != side->to_send)
		fail(s, weir_reason_name((enum weir_reason)event->reason), end, connection);
	else if (event->reason != WEIR_REASON_NONE)
		fail(s, "did not end properly", end, connection);
}

/*
 * An old duplicate of the ACK that a cookie came with, once the connection that it made is over and has left
 * no TIME-WAIT here: it makes another one, which the application has no use for.
 */
static bool is_replayed(struct scenario *s, unsigned end, const struct weir_event *event)
{
	struct weir_info info;

	if (event->word != UINT32_MAX || s->hosts[end].counters.v[COUNT_cookies_accepted] == 0)
		return false;
	CHECK(tcp_info(s->hosts[end].tcp, event->conn, &info) == 0);
	return s->sides[end][info.remote.port - CLIENT_PORT].closed;
}

static void refuse_replayed(struct scenario *s, unsigned end, const struct weir_event *event)
{
	if (event->what & WEIR_EV_DATA)
		tcp_release(s->hosts[end].tcp, event->conn, (payload)(uintptr_t)event->payload);
	CHECK(tcp_abort(s->hosts[end].tcp, event->conn) == 0);
	s->result.replayed++;
}

static unsigned connection_of(struct scenario *s, unsigned end, const struct weir_event *event)
{
	struct weir_info info;

	if (event->word != UINT32_MAX)
		return event->word;
	CHECK(tcp_info(s->hosts[end].tcp, event->conn, &info) == 0);
	unsigned connection = info.remote.port - CLIENT_PORT;

	CHECK(connection < s->connections);
	CHECK(tcp_set_word(s->hosts[end].tcp, event->conn, connection) == 0);
	s->sides[end][connection].conn = event->conn;
	return connection;
}

static void take_events(struct scenario *s, unsigned end)
{
	struct weir_event event;

	while (tcp_events(s->hosts[end].tcp, &event, 1) == 1) {
		if (event.what & WEIR_EV_CLOSED && event.word == UINT32_MAX)
			/* Refused; what else opens does not end within one event, data was to come. */
			continue;
		if (is_replayed(s, end, &event)) {
			refuse_replayed(s, end, &event);
			continue;
		}
		unsigned connection = connection_of(s, end, &event);
		struct side *side = &s->sides[end][connection];

		if (s->trace != NULL)
			fprintf(s->trace, "%12.6f %s %u event %#x %s, %u bytes\n", (double)s->now_ns / 1e9,
				end ? "server" : "client", connection, event.what,
				weir_reason_name((enum weir_reason)event.reason), event.bytes);
		if (side->closed)
			fail(s, "an event came after the last one", end, connection);
		side->open |= event.what & WEIR_EV_OPENED;
		if (event.what & WEIR_EV_DATA)
			take_data(s, end, connection, &event);
		if (event.what & WEIR_EV_FIN)
			side->fin = true;
		if (event.what & WEIR_EV_CLOSED)
			take_closed(s, end, connection, &event);
	}
}

/* Applications that read slowly get round to it. */
static uint64_t read_late(struct scenario *s, unsigned end)
{
	uint64_t next = UINT64_MAX;

	for (unsigned c = 0; c < s->connections; c++) {
		struct side *side = &s->sides[end][c];

		for (unsigned i = 0; i < side->held_count;) {
			if (side->held[i].due_ns <= s->now_ns) {
				release(s, end, side, i);
				continue;
			}
			next = side->held[i].due_ns < next ? side->held[i].due_ns : next;
			i++;
		}
	}
	return next;
}

/* What both ends do at this moment. Returns when the next thing happens. */
static uint64_t step(struct scenario *s)
{
	const struct weir_endpoint servers[] = { { address_of(s, 1, 0), SERVER_PORT },
						 { address_of(s, 1, 1), SERVER_PORT } };
	uint64_t next = attacker_send(&s->attacker, &s->hosts[1], servers, CLIENT_PORT, s->now_ns);

	while (network_next(&s->network) <= s->now_ns) {
		struct network_frame frame = network_take(&s->network);

		host_receive(&s->hosts[frame.to], frame.bytes, frame.len, s->now_ns);
		free(frame.bytes);
	}
	for (unsigned end = 0; end < 2; end++) {
		struct host *host = &s->hosts[end];

		tcp_advance(host->tcp, host_now(host, s->now_ns));
		take_events(s, end);
		uint64_t late = read_late(s, end);

		for (unsigned c = 0; c < s->connections; c++) {
			uint64_t resumes = pump(s, end, c);

			late = resumes < late ? resumes : late;
		}
		host_send(host, s->now_ns);
		uint64_t due = host_next(host, s->now_ns);

		next = late < next ? late : next;
		next = due < next ? due : next;
	}
	return network_next(&s->network) < next ? network_next(&s->network) : next;
}

/* Of the listener: its guard came with the flood and went after it, and cookies were of use. */
static void judge_defence(struct scenario *s)
{
	const struct host *server = &s->hosts[1];
	const uint64_t *counters = server->counters.v;

	s->result.cookies_sent = counters[COUNT_cookies_sent];
	s->result.cookies_accepted = counters[COUNT_cookies_accepted];
	if (s->result.flooded && (counters[COUNT_guard_entered] == 0 || server->tcp->defending > 0))
		fail(s, "the guard did not come, or did not go", 1, 0);
	if (s->result.options[SCENARIO_COOKIES] &&
	    counters[COUNT_cookies_accepted] + s->result.outlived < s->connections)
		fail(s, "a connection was made without a cookie", 1, 0);
}

static void finish(struct scenario *s)
{
	judge_defence(s);
	for (unsigned end = 0; end < 2; end++) {
		struct host *host = &s->hosts[end];

		s->result.retransmits += host->counters.v[COUNT_retransmits];
		s->result.bytes += host->counters.v[COUNT_bytes_in];
		s->result.reductions += host->counters.v[COUNT_ecn_reductions];
		const char *fault = host_finish(host);

		if (fault != NULL)
			fail(s, fault, end, 0);
	}
	for (unsigned end = 0; end < 2; end++) {
		for (unsigned c = 0; c < s->connections; c++) {
			if (!s->sides[end][c].closed)
				fail(s, "never ended", end, c);
			for (unsigned i = 0; i < s->sides[end][c].held_count; i++)
				payload_free(s->sides[end][c].held[i].data);
		}
	}
	if (payload_arena_live() != 0)
		fail(s, "a buffer was not given back", 0, 0);
	s->result.virtual_ns = s->now_ns;
	s->result.frames = s->network.sent;
	s->result.lost = s->network.lost;
	s->result.marked = s->network.marked;
	if (s->network.marked > 0 && !s->result.options[SCENARIO_ECN])
		fail(s, "segments were ECT though nobody asked for it", 0, 0);
	s->result.connections = s->connections;
	network_free(&s->network);
}

/* A listener that always answers by cookies looks at itself for ever: nothing else is due. */
static bool is_over(const struct scenario *s)
{
	if (s->result.flooded && s->hosts[1].tcp->defending > 0)
		return false;
	return s->network.count == 0 && s->attacker.next_ns == UINT64_MAX &&
	       s->hosts[0].tcp->table.entries + s->hosts[1].tcp->table.entries == 0;
}

struct scenario_result scenario_run(uint64_t seed, FILE *trace)
{
	static struct scenario scenario;
	struct scenario *s = &scenario;

	memset(s, 0, sizeof(*s));
	s->trace = trace;
	set_up(s, seed);
	begin(s);
	while (s->now_ns < VIRTUAL_LIMIT_NS && s->result.fault == NULL) {
		uint64_t next = step(s);

		if (next == UINT64_MAX || is_over(s))
			break;
		/* Work that a bound left over is taken up in the next microsecond. */
		s->now_ns = next > s->now_ns ? next : s->now_ns + 1000;
	}
	finish(s);
	return s->result;
}
