/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "units.h"

/* Opens per round: as many as a burst has frames, so that opening does not delay answering. */
#define OPENS_PER_ROUND 32
/* Waiting connections that a round looks at. */
#define RETRIES_PER_ROUND 32
/*
 * How long nothing is opened after there was no port or no memory: about what it takes until some are free,
 * and long enough not to burn the core on asking.
 */
#define HOLD_NS 100000ull
/* The same after a peer refused: a closed port is no reason for a flood of SYNs. */
#define REFUSED_HOLD_NS 10000000ull

/*
 * A run begins slowly: with so many SYNs, and one more for each that was answered. Until the neighbour,
 * or for the peer each of our addresses, is known by ARP, only a few frames wait for it; the rest would
 * be lost and come again a second later. That is over after WARM_UP_NS in any case.
 */
#define WARM_UP_OPENS 16
#define WARM_UP_NS 1000000000ull

/*
 * A host asks for routers three times, 4 s apart,
 * and waits a second for the last answer (RFC 4861 section 6.3.7).
 */
#define ROUTER_WAIT_NS 9000000000ull
#define NO_ROUTE_HOLD_NS 10000000ull

static void latency(struct client *client, enum latency which, uint64_t from_ns, uint64_t now_ns)
{
	histogram_record(&client->tally.latency[which], now_ns > from_ns ? now_ns - from_ns : 0);
}

static struct tally_connections *family_of(struct client *client, const struct client_conn *conn)
{
	bool ipv4 = weir_is_ipv4(client->targets[conn->target].endpoint.address);

	return &client->tally.families[ipv4 ? TALLY_IPV4 : TALLY_IPV6];
}

static uint32_t slot_of(const struct client *client, const struct client_conn *conn)
{
	return (uint32_t)(conn - client->conns);
}

/* why: counted once it was aborted; NULL to close. */
static void end(struct client *client, struct weir_core *core, struct client_conn *conn, uint64_t *why)
{
	conn->phase = CLIENT_CLOSING;
	conn->ending = (struct ending){ .reset = why != NULL, .why = why };
	if (!ending_try(&conn->ending, core, conn->handle))
		slots_wait(&client->slots, slot_of(client, conn));
}

/* Gives a connection up. */
static void complain(struct client *client, struct weir_core *core, struct client_conn *conn,
		     enum complaint complaint)
{
	end(client, core, conn, &client->tally.complaints[complaint]);
}

static void begin_close(struct client *client, struct weir_core *core, struct client_conn *conn,
			uint64_t now_ns)
{
	conn->mark_ns = now_ns;
	if (client->close == CLOSE_PEER && !order_given(&client->orders->stop))
		conn->phase = CLIENT_PEER;
	else
		end(client, core, conn, client->close == CLOSE_RST ? &client->tally.aborted : NULL);
}

/* Sends what the connection takes of its request. */
static void push(struct client *client, struct weir_core *core, struct client_conn *conn)
{
	int rc = body_send(conn->request, core, conn->handle, &conn->pieces_left);

	if (sending_needs_retry(core, conn->handle, rc))
		slots_wait(&client->slots, slot_of(client, conn));
}

static void send_request(struct client *client, struct weir_core *core, struct client_conn *conn,
			 uint64_t now_ns)
{
	bool last = conn->requests_left == 1 || order_given(&client->orders->stop);

	conn->phase = CLIENT_WAITING;
	conn->mark_ns = now_ns;
	conn->answer_bytes = 0;
	conn->request = last && client->close == CLOSE_PEER ? &client->targets[conn->target].last_request :
							      &client->targets[conn->target].request;
	conn->pieces_left = conn->request->pieces;
	push(client, core, conn);
}

static void on_opened(struct client *client, struct weir_core *core, struct client_conn *conn,
		      uint64_t now_ns)
{
	latency(client, LATENCY_CONNECT, conn->intended_ns, now_ns);
	tally_set(&client->tally.targets_answered, client->targets[conn->target].bit);
	tally_add(&family_of(client, conn)->established, 1);
	client->opening--;
	client->answered++;
	if (client->app == APP_CONNECT)
		begin_close(client, core, conn, now_ns);
	else
		send_request(client, core, conn, now_ns);
}

/* An answer is complete: the next request, or the end. */
static void on_answer(struct client *client, struct weir_core *core, struct client_conn *conn, bool reusable,
		      uint64_t now_ns)
{
	latency(client, LATENCY_REQUEST, conn->mark_ns, now_ns);
	tally_add(&client->tally.requests, 1);
	if (conn->requests_left != UINT32_MAX)
		conn->requests_left--;
	if (conn->requests_left == 0 || !reusable || order_given(&client->orders->stop))
		begin_close(client, core, conn, now_ns);
	else
		send_request(client, core, conn, now_ns);
}

static void check_response(struct client *client, struct weir_core *core, struct client_conn *conn,
			   const struct http_info *info, uint64_t now_ns)
{
	if (info->status != 200)
		complain(client, core, conn, COMPLAINT_STATUS);
	else if (client->size_bytes != 0 && info->body_bytes != client->size_bytes)
		complain(client, core, conn, COMPLAINT_LENGTH);
	else
		on_answer(client, core, conn, info->keep_alive, now_ns);
}

static void take_http(struct client *client, struct weir_core *core, struct client_conn *conn,
		      const uint8_t *bytes, uint32_t len, uint64_t now_ns)
{
	struct http_stream *stream = &client->streams[conn - client->conns];
	enum http_outcome outcome = HTTP_DONE;
	struct http_info info;
	uint32_t consumed = conn->partial ? 0 : http_recall(&client->memo, bytes, len, &info);

	if (consumed == 0) {
		outcome = http_feed(HTTP_KIND_RESPONSE, &client->memo, stream, bytes, len, &consumed, &info);
		conn->partial = http_pending(stream);
	}
	switch (outcome) {
	case HTTP_MORE:
		return;
	case HTTP_DONE:
		/* One request at a time has one response; whatever follows answers nothing. */
		if (consumed != len)
			complain(client, core, conn, COMPLAINT_LENGTH);
		else
			check_response(client, core, conn, &info, now_ns);
		return;
	case HTTP_MALFORMED:
	case HTTP_TOO_LARGE:
		complain(client, core, conn, COMPLAINT_MALFORMED);
		return;
	}
}

static void take_echo(struct client *client, struct weir_core *core, struct client_conn *conn,
		      const uint8_t *bytes, uint32_t len, uint64_t now_ns)
{
	if (conn->answer_bytes + len > client->size_bytes) {
		complain(client, core, conn, COMPLAINT_LENGTH);
		return;
	}
	if (!body_matches(conn->request, conn->answer_bytes, bytes, len)) {
		complain(client, core, conn, COMPLAINT_MISMATCH);
		return;
	}
	conn->answer_bytes += len;
	if (conn->answer_bytes == client->size_bytes)
		on_answer(client, core, conn, true, now_ns);
}

static void take(struct client *client, struct weir_core *core, struct client_conn *conn,
		 const uint8_t *bytes, uint32_t len, uint64_t now_ns)
{
	switch (client->app) {
	case APP_HTTP:
		take_http(client, core, conn, bytes, len, now_ns);
		return;
	case APP_ECHO:
		take_echo(client, core, conn, bytes, len, now_ns);
		return;
	case APP_CONNECT:
	case APP_DISCARD:
	case APP_ACCEPT:
	case APP_KINDS:
		return;
	}
}

static void on_data(struct client *client, struct weir_core *core, struct client_conn *conn,
		    struct rte_mbuf *payload, uint64_t now_ns)
{
	if (!conn->answered) {
		conn->answered = true;
		latency(client, LATENCY_FIRST_BYTE, conn->intended_ns, now_ns);
	}
	for (struct rte_mbuf *m = payload; m != NULL && conn->phase == CLIENT_WAITING; m = m->next)
		take(client, core, conn, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, now_ns);
	weir_release(core, conn->handle, payload);
}

/* The peer closes: the end of a response without a length, what CLIENT_PEER waits for, or too early. */
static void on_fin(struct client *client, struct weir_core *core, struct client_conn *conn, uint64_t now_ns)
{
	struct http_stream *stream = &client->streams[conn - client->conns];
	struct http_info info;

	if (conn->phase == CLIENT_WAITING && conn->partial && http_end(stream, &info) == HTTP_DONE)
		check_response(client, core, conn, &info, now_ns);
	if (conn->phase == CLIENT_WAITING)
		complain(client, core, conn, COMPLAINT_CUT_SHORT);
	if (conn->phase == CLIENT_PEER)
		end(client, core, conn, NULL);
}

/* By --close rst, and counted so: it is no failure then. */
static bool aborted_as_asked(const struct client *client, const struct client_conn *conn)
{
	return conn->ending.why == &client->tally.aborted && !conn->ending.wanted;
}

/* Of somebody there, or on the way there, to a SYN. */
static bool is_answer(enum weir_reason reason)
{
	return reason == WEIR_REASON_REFUSED || reason == WEIR_REASON_RESET ||
	       reason == WEIR_REASON_UNREACHABLE;
}

static void on_closed(struct client *client, struct client_conn *conn, enum weir_reason reason,
		      uint64_t now_ns)
{
	uint32_t slot = slot_of(client, conn);

	if (reason == WEIR_REASON_NONE)
		latency(client, LATENCY_CLOSE, conn->mark_ns, now_ns);
	if (reason == WEIR_REASON_NONE || (reason == WEIR_REASON_ABORTED && aborted_as_asked(client, conn)))
		tally_add(&family_of(client, conn)->closed, 1);
	if (conn->phase == CLIENT_OPENING) {
		if (is_answer(reason))
			tally_set(&client->tally.targets_answered, client->targets[conn->target].bit);
		client->hold_until_ns = now_ns + REFUSED_HOLD_NS;
		client->opening--;
		client->answered++;
	}
	conn->phase = CLIENT_FREE;
	conn->pieces_left = 0;
	conn->ending.wanted = false;
	if (conn->partial)
		client->streams[slot] = (struct http_stream){ 0 };
	slots_give(&client->slots, slot);
	tally_add(&client->tally.open, (uint64_t)-1);
}

static void handle(struct client *client, struct weir_core *core, const struct weir_event *event,
		   uint64_t now_ns)
{
	struct client_conn *conn = &client->conns[event->word];

	if (event->what & WEIR_EV_OPENED)
		on_opened(client, core, conn, now_ns);
	if (event->what & WEIR_EV_DATA)
		on_data(client, core, conn, event->payload, now_ns);
	if (event->what & WEIR_EV_FIN)
		on_fin(client, core, conn, now_ns);
	if (event->what & WEIR_EV_SENT && conn->pieces_left > 0)
		push(client, core, conn);
	if (event->what & WEIR_EV_CLOSED)
		on_closed(client, conn, event->reason, now_ns);
}

/* Those that were told to wait, a few at a time; they stand in line again if it is no better. */
static void retry(struct client *client, struct weir_core *core)
{
	uint32_t n = client->slots.waiting < RETRIES_PER_ROUND ? client->slots.waiting : RETRIES_PER_ROUND;

	for (; n > 0; n--) {
		struct client_conn *conn = &client->conns[slots_next(&client->slots)];

		if (conn->ending.wanted)
			end(client, core, conn, conn->ending.why);
		else if (conn->phase == CLIENT_WAITING && conn->pieces_left > 0)
			push(client, core, conn);
	}
}

/* What weir_connect() answered, as the reason to open no more in this round. */
static void held_back(struct client *client, struct client_target *target, int rc, uint64_t now_ns)
{
	struct tally *tally = &client->tally;

	if (rc == -EAGAIN) {
		tally_add(&tally->holds[HOLD_OUTPUT], 1);
	} else if (rc == -EADDRNOTAVAIL || rc == -ENOMEM) {
		tally_add(&tally->holds[rc == -ENOMEM ? HOLD_NO_MEMORY : HOLD_NO_PORT], 1);
		client->hold_until_ns = now_ns + HOLD_NS;
	} else if (rc == -ENETUNREACH && target->way != WAY_KNOWN &&
		   now_ns - client->start_ns < ROUTER_WAIT_NS) {
		/* Other targets may have another way, so they need not wait with it. */
		tally_add(&tally->holds[HOLD_NO_ROUTE], 1);
		target->way = WAY_MISSING;
		target->hold_until_ns = now_ns + NO_ROUTE_HOLD_NS;
	} else {
		__atomic_store_n(&tally->fatal, rc, __ATOMIC_RELAXED);
	}
}

/*
 * In turn, whatever comes of it: a target that has no port or no way must not hold up the others.
 * NULL: all wait.
 */
static struct client_target *next_target(struct client *client, uint64_t now_ns)
{
	for (unsigned n = 0; n < client->targets_count; n++) {
		struct client_target *target = &client->targets[client->turn];

		client->turn = client->turn + 1 < client->targets_count ? client->turn + 1 : 0;
		if (now_ns >= target->hold_until_ns)
			return target;
	}
	return NULL;
}

static bool open_one(struct client *client, struct weir_core *core, uint64_t intended_ns, uint64_t now_ns)
{
	struct client_target *target = next_target(client, now_ns);
	struct client_conn *conn;
	uint32_t slot;
	int rc;

	if (target == NULL)
		return false;
	slot = slots_take(&client->slots);
	if (slot == SLOTS_NONE) {
		held_back(client, target, -ENOMEM, now_ns);
		return false;
	}
	conn = &client->conns[slot];
	*conn = (struct client_conn){
		.intended_ns = intended_ns,
		.requests_left = client->requests,
		.target = (uint32_t)(target - client->targets),
		.phase = CLIENT_OPENING,
	};
	rc = weir_connect(core, (struct weir_endpoint){ 0 }, target->endpoint, slot, &conn->handle);
	if (rc != 0) {
		conn->phase = CLIENT_FREE;
		slots_give(&client->slots, slot);
		held_back(client, target, rc, now_ns);
		return false;
	}
	client->opening++;
	target->way = WAY_KNOWN;
	tally_set(&client->tally.targets_tried, target->bit);
	tally_add(&client->tally.open, 1);
	tally_add(&family_of(client, conn)->attempted, 1);
	return true;
}

/* When the next connection is meant to be opened; UINT64_MAX: not now. */
static uint64_t next_intended(const struct client *client, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns - client->start_ns;

	if (elapsed_ns < WARM_UP_NS && client->opening >= WARM_UP_OPENS + client->answered)
		return UINT64_MAX;
	if (client->open_max != 0 &&
	    client->tally.open >=
		    pace_ramped(client->open_max, client->paced ? 0 : client->ramp_ns, elapsed_ns))
		return UINT64_MAX;
	if (!client->paced)
		return now_ns;
	return pace_due(&client->pace, elapsed_ns) ? client->start_ns + client->pace.next_ns : UINT64_MAX;
}

static bool plan_is_over(const struct client *client, uint64_t now_ns)
{
	if (client->idle)
		return true;
	/* A rate has a last intended time, which may still be waiting to be opened after the end. */
	if (client->paced)
		return client->pace.next_ns == UINT64_MAX;
	return client->duration_ns != 0 && now_ns - client->start_ns >= client->duration_ns;
}

static bool lacks_a_way(const struct client *client)
{
	for (unsigned i = 0; i < client->targets_count; i++)
		if (client->targets[i].way == WAY_MISSING)
			return true;
	return false;
}

/* The plan is over, or those who wait for it. */
static void stop(struct client *client, struct weir_core *core)
{
	uint8_t mac[6];

	/* A run that is over before there was a way has not done what was asked, however short it was. */
	if (lacks_a_way(client))
		__atomic_store_n(&client->tally.fatal, -ENETUNREACH, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < client->targets_count; i++)
		if (weir_neighbour(core, client->targets[i].endpoint.address, mac) == 0)
			tally_set(&client->tally.targets_resolved, client->targets[i].bit);
	order_give(&client->tally.stopped);
}

static void open_more(struct client *client, struct weir_core *core, uint64_t now_ns)
{
	if (!order_given(&client->orders->start) && !order_given(&client->orders->stop))
		return;
	if (!client->started) {
		client->started = true;
		client->start_ns = now_ns;
	}
	if (order_given(&client->orders->stop) || plan_is_over(client, now_ns) || client->tally.fatal != 0) {
		stop(client, core);
		return;
	}
	for (unsigned n = 0; n < OPENS_PER_ROUND && now_ns >= client->hold_until_ns; n++) {
		uint64_t intended_ns = next_intended(client, now_ns);

		if (intended_ns == UINT64_MAX || !open_one(client, core, intended_ns, now_ns))
			return;
		if (client->paced)
			pace_advance(&client->pace);
	}
}

static int init_request(const struct client *client, struct weir_core *core,
			const struct weir_endpoint *server, struct body *body, bool last)
{
	char head[BODY_HEAD_MAX], host[UNITS_ENDPOINT_TEXT];

	if (client->app != APP_HTTP)
		return body_init(body, core, NULL, client->size_bytes);
	units_endpoint_text(server, host);
	/* RFC 9110 section 4.2.3: better without the port that goes without saying. */
	if (server->port == 80)
		*strrchr(host, ':') = '\0';
	snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: weir\r\n%s\r\n", host,
		 last ? "Connection: close\r\n" : "");
	return body_init(body, core, head, 0);
}

static int init_targets(struct client *client, struct weir_core *core)
{
	int rc = 0;

	for (unsigned i = 0; i < client->targets_count && rc == 0; i++) {
		struct client_target *target = &client->targets[i];

		rc = init_request(client, core, &target->endpoint, &target->request, false);
		if (rc == 0)
			rc = init_request(client, core, &target->endpoint, &target->last_request, true);
	}
	return rc;
}

static int init_state(struct client *client, struct weir_core *core, uint32_t slots)
{
	int rc = slots_init(&client->slots, slots);

	client->conns = calloc(slots, sizeof(*client->conns));
	client->streams = calloc(slots, sizeof(*client->streams));
	if (rc == 0 && (client->conns == NULL || client->streams == NULL))
		rc = -ENOMEM;
	if (rc != 0 || client->app == APP_CONNECT)
		return rc;
	return init_targets(client, core);
}

static void choose_targets(struct client *client, const struct options *options, uint32_t targets)
{
	for (unsigned i = 0; i < options->connect_count; i++) {
		if ((targets >> i & 1) == 0)
			continue;
		client->targets[client->targets_count++] =
			(struct client_target){ .endpoint = options->connect[i], .bit = 1u << i };
	}
}

int client_init(struct client *client, const struct options *options, struct weir_core *core,
		const struct share *share, const struct orders *orders)
{
	uint64_t end_ns = options->duration_ns == 0 ? UINT64_MAX : options->duration_ns;
	unsigned shards = share->shards;

	/* One connection is opened by one shard, whatever the number of them. */
	if (options->connections != 0 && options->connections < shards)
		shards = (unsigned)options->connections;
	*client = (struct client){
		.app = options->app,
		.close = options->close,
		.size_bytes = options->size_bytes,
		.requests = options->requests == 0 ? UINT32_MAX : (uint32_t)options->requests,
		.open_max = share_exact(options->connections, share->shard, shards),
		.idle = share->shard >= shards,
		.ramp_ns = options->ramp_ns,
		.duration_ns = options->duration_ns,
		.paced = options->rate != 0,
		.orders = orders,
	};
	choose_targets(client, options, share->targets);
	if (client->paced)
		pace_init(&client->pace, options->rate, options->ramp_ns, end_ns, share->shard, shards);
	return init_state(client, core, share->connections + SLOTS_UNHEARD);
}

void client_fini(struct client *client)
{
	for (unsigned i = 0; i < client->targets_count; i++) {
		body_fini(&client->targets[i].request);
		body_fini(&client->targets[i].last_request);
	}
	slots_fini(&client->slots);
	free(client->conns);
	free(client->streams);
}

uint64_t client_due(const void *arg)
{
	const struct client *client = arg;

	if (!client->paced || !client->started || client->pace.next_ns == UINT64_MAX)
		return UINT64_MAX;
	return client->start_ns + client->pace.next_ns;
}

void client_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		  void *arg)
{
	struct client *client = arg;

	for (unsigned i = 0; i < n; i++)
		handle(client, core, &events[i], now_ns);
	if (client->slots.waiting > 0)
		retry(client, core);
	tally_ready(&client->tally, core);
	if (!client->tally.stopped)
		open_more(client, core, now_ns);
	else if (order_given(&client->orders->abort) && client->tally.open > 0)
		weir_abort_all(core);
}
