/* SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <rte_mbuf.h>
#include <rte_time.h>

#include "ending.h"

/* The word of a connection that has no slot yet: its listener's. */
#define WORD_NEW UINT32_MAX
/* Waiting connections, and connections to close, that a round looks at. */
#define RETRIES_PER_ROUND 32
#define SWEEP_PER_ROUND 256
/* A person is told once a second. */
#define LOOK_NS 100000000ull

static struct server_rest *rest_of(struct server *server, const struct server_conn *conn)
{
	return &server->rests[conn - server->conns];
}

static uint32_t slot_of(const struct server *server, const struct server_conn *conn)
{
	return (uint32_t)(conn - server->conns);
}

void server_close(struct server *server, struct weir_core *core, struct server_conn *conn)
{
	struct ending ending = { 0 };

	conn->phase = SERVER_CLOSING;
	conn->unclosed = !ending_try(&ending, core, conn->handle);
	if (conn->unclosed)
		slots_wait(&server->slots, slot_of(server, conn));
}

static uint32_t take_echo(struct server *server, struct weir_core *core, struct server_conn *conn,
			  const uint8_t *bytes, uint32_t len)
{
	/* A copy: the received buffers go back at once, and open the window again. */
	int rc = weir_send_copy(core, conn->handle, bytes, len);

	if (sending_needs_retry(core, conn->handle, rc))
		slots_wait(&server->slots, slot_of(server, conn));
	if (rc == -ENOMEM || rc == -EAGAIN)
		return 0;
	if (rc == 0)
		tally_add(&server->tally.requests, 1);
	return len;
}

/* Returns how many of the bytes were taken; fewer than len: hold the rest. */
static uint32_t take(struct server *server, struct weir_core *core, struct server_conn *conn,
		     const uint8_t *bytes, uint32_t len)
{
	switch (server->app) {
	case APP_HTTP:
		return server_http_take(server, core, conn, bytes, len);
	case APP_ECHO:
		return take_echo(server, core, conn, bytes, len);
	case APP_DISCARD:
	case APP_ACCEPT:
	case APP_CONNECT:
	case APP_KINDS:
		break;
	}
	return len;
}

/*
 * Takes a chain from byte `from` on, as far as it goes. Returns how many bytes of it are taken in all;
 * all of them when the connection is closing.
 */
static uint32_t take_chain(struct server *server, struct weir_core *core, struct server_conn *conn,
			   const struct rte_mbuf *chain, uint32_t from)
{
	uint32_t done = 0;

	for (const struct rte_mbuf *m = chain; m != NULL; m = m->next) {
		uint32_t skip = from > done ? from - done : 0, taken;

		if (conn->phase != SERVER_OPEN)
			return chain->pkt_len;
		if (skip < m->data_len) {
			taken = skip + take(server, core, conn, rte_pktmbuf_mtod(m, const uint8_t *) + skip,
					    m->data_len - skip);
			if (taken < m->data_len || conn->pieces_left > 0)
				return done + taken;
		}
		done += m->data_len;
	}
	return done;
}

/* Takes a chain from byte `from` on; what is left of it stays held. */
static void work(struct server *server, struct weir_core *core, struct server_conn *conn,
		 struct rte_mbuf *chain, uint32_t from)
{
	uint32_t taken = take_chain(server, core, conn, chain, from);
	struct server_rest *rest = rest_of(server, conn);

	conn->holding = taken < chain->pkt_len;
	if (conn->holding) {
		rest->held = chain;
		rest->held_taken = taken;
	} else {
		weir_release(core, conn->handle, chain);
	}
}

/* The peer is done, and everything that it sent is answered: so are we. */
static void close_if_over(struct server *server, struct weir_core *core, struct server_conn *conn)
{
	if (!conn->fin || conn->phase != SERVER_OPEN || conn->pieces_left > 0 || conn->holding)
		return;
	server_close(server, core, conn);
}

/* There is room to send again. */
static void resume(struct server *server, struct weir_core *core, struct server_conn *conn)
{
	const struct server_rest *rest = rest_of(server, conn);

	if (conn->phase != SERVER_OPEN)
		return;
	if (conn->pieces_left > 0 && !server_http_push(server, core, conn))
		return;
	if (conn->holding)
		work(server, core, conn, rest->held, rest->held_taken);
	close_if_over(server, core, conn);
}

static void on_data(struct server *server, struct weir_core *core, struct server_conn *conn,
		    struct rte_mbuf *payload)
{
	struct server_rest *rest = rest_of(server, conn);

	if (conn->phase != SERVER_OPEN) {
		weir_release(core, conn->handle, payload);
	} else if (conn->holding) {
		/* Bounded by the receive window, which only a release opens again. */
		rte_pktmbuf_chain(rest->held, payload);
	} else if (conn->pieces_left > 0) {
		conn->holding = true;
		rest->held = payload;
		rest->held_taken = 0;
	} else {
		work(server, core, conn, payload, 0);
	}
}

/*
 * The first that is heard of a connection, or the first since there is a slot for it. NULL: there is
 * none; it is aborted.
 */
static struct server_conn *on_opened(struct server *server, struct weir_core *core,
				     const struct weir_event *event)
{
	uint32_t slot = slots_take(&server->slots);
	struct server_conn *conn;

	if (slot == SLOTS_NONE) {
		if (weir_abort(core, event->conn) == 0)
			tally_add(&server->tally.complaints[COMPLAINT_NO_ROOM], 1);
		return NULL;
	}
	conn = &server->conns[slot];
	*conn = (struct server_conn){ .handle = event->conn, .phase = SERVER_OPEN };
	weir_set_word(core, event->conn, slot);
	tally_add(&server->tally.open, 1);
	if (server->app == APP_ACCEPT || order_given(&server->orders->stop))
		server_close(server, core, conn);
	return conn;
}

static void on_closed(struct server *server, struct weir_core *core, struct server_conn *conn)
{
	struct server_rest *rest = rest_of(server, conn);

	if (conn->holding)
		weir_release(core, conn->handle, rest->held);
	if (conn->partial)
		rest->stream = (struct http_stream){ 0 };
	conn->phase = SERVER_FREE;
	conn->unclosed = false;
	slots_give(&server->slots, slot_of(server, conn));
	tally_add(&server->tally.open, (uint64_t)-1);
}

static void handle(struct server *server, struct weir_core *core, const struct weir_event *event)
{
	struct server_conn *conn = NULL;

	if (event->word != WORD_NEW)
		conn = &server->conns[event->word];
	else
		conn = on_opened(server, core, event);
	if (conn == NULL) {
		if (event->what & WEIR_EV_DATA)
			weir_release(core, event->conn, event->payload);
		return;
	}
	if (event->what & WEIR_EV_DATA)
		on_data(server, core, conn, event->payload);
	if (event->what & WEIR_EV_FIN)
		conn->fin = true;
	if (event->what & WEIR_EV_SENT)
		resume(server, core, conn);
	else if (event->what & WEIR_EV_FIN)
		close_if_over(server, core, conn);
	if (event->what & WEIR_EV_CLOSED)
		on_closed(server, core, conn);
}

/* Those that were told to wait, a few at a time; they stand in line again if it is no better. */
static void retry(struct server *server, struct weir_core *core)
{
	uint32_t n = server->slots.waiting < RETRIES_PER_ROUND ? server->slots.waiting : RETRIES_PER_ROUND;

	for (; n > 0; n--) {
		struct server_conn *conn = &server->conns[slots_next(&server->slots)];

		if (conn->unclosed)
			server_close(server, core, conn);
		else
			resume(server, core, conn);
	}
}

/* Stopping: closes what is idle, some at a time; what is being answered is closed after its answer. */
static void sweep(struct server *server, struct weir_core *core)
{
	for (unsigned n = 0; n < SWEEP_PER_ROUND; n++) {
		struct server_conn *conn;

		if (server->sweep >= server->slots.fresh)
			server->sweep = 0;
		if (server->tally.open == 0)
			return;
		conn = &server->conns[server->sweep++];
		if (conn->phase != SERVER_OPEN || conn->pieces_left > 0)
			continue;
		server_close(server, core, conn);
	}
}

static void close_ports(struct server *server, struct weir_core *core)
{
	for (unsigned i = 0; i < server->listeners_count; i++)
		weir_unlisten(core, server->listeners[i]);
}

static void change_defence(struct server *server, struct weir_core *core, uint8_t mode)
{
	struct weir_defence defence;

	weir_defence_default(core, &defence);
	defence.mode = (enum weir_defence_mode)mode;
	for (unsigned i = 0; i < server->listeners_count; i++)
		weir_set_listener_defence(core, server->listeners[i], &defence);
	server->defence = mode;
}

static uint64_t time_of_day_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return rte_timespec_to_ns(&now);
}

static void take_key(struct server *server, struct weir_core *core)
{
	const struct cookie_key_offer *offer = server->orders->key;

	weir_set_cookie_key(core, offer->key, time_of_day_ns());
	cookie_key_take(offer, &server->tally.key_taken);
}

/* For the main thread, which may not ask the core; and the core may not ask the time. */
static void look_at_ports(struct server *server, struct weir_core *core, uint64_t now_ns)
{
	uint32_t defending = 0;

	for (unsigned i = 0; i < server->listeners_count; i++)
		if (weir_listener_defending(core, server->listeners[i]) == 1)
			defending |= 1u << i;
	__atomic_store_n(&server->tally.defending, defending, __ATOMIC_RELAXED);
	if (server->orders->key != NULL)
		weir_set_cookie_time(core, time_of_day_ns());
	server->look_ns = now_ns + LOOK_NS;
}

/* What concerns the ports, while they are open. */
static void tend_ports(struct server *server, struct weir_core *core, uint64_t now_ns)
{
	const struct orders *orders = server->orders;
	uint8_t defence = __atomic_load_n(&orders->defence, __ATOMIC_RELAXED);

	if (defence != server->defence)
		change_defence(server, core, defence);
	if (orders->key != NULL && cookie_key_is_new(orders->key, &server->tally.key_taken))
		take_key(server, core);
	if (now_ns >= server->look_ns)
		look_at_ports(server, core, now_ns);
}

void server_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		  void *arg)
{
	struct server *server = arg;

	tally_ready(&server->tally, core);
	for (unsigned i = 0; i < n; i++)
		handle(server, core, &events[i]);
	if (server->slots.waiting > 0)
		retry(server, core);
	if (!order_given(&server->orders->stop)) {
		tend_ports(server, core, now_ns);
		return;
	}
	if (!server->tally.stopped)
		close_ports(server, core);
	order_give(&server->tally.stopped);
	if (order_given(&server->orders->abort))
		weir_abort_all(core);
	else
		sweep(server, core);
}

static int open_ports(struct server *server, struct weir_core *core, const struct options *options)
{
	for (unsigned i = 0; i < options->listen_count; i++) {
		int listener = weir_listen(
			core, (struct weir_endpoint){ .port = (uint16_t)options->listen[i] }, WORD_NEW);

		if (listener < 0)
			return listener;
		server->listeners[server->listeners_count++] = listener;
	}
	return 0;
}

/* What demo's server does for what its client does. */
static enum app_kind app_of(const struct options *options)
{
	if (options->app != APP_CONNECT)
		return options->app;
	return options->close == CLOSE_PEER ? APP_ACCEPT : APP_DISCARD;
}

int server_init(struct server *server, const struct options *options, struct weir_core *core,
		const struct share *share, const struct orders *orders)
{
	uint32_t slots = share->connections + SLOTS_UNHEARD;
	int rc;

	*server = (struct server){ .app = app_of(options), .orders = orders, .defence = options->defence };
	rc = slots_init(&server->slots, slots);
	server->conns = calloc(slots, sizeof(*server->conns));
	server->rests = calloc(slots, sizeof(*server->rests));
	if (rc == 0 && (server->conns == NULL || server->rests == NULL))
		rc = -ENOMEM;
	if (rc == 0 && server->app == APP_HTTP)
		rc = server_http_init(server, core, options->size_bytes);
	return rc == 0 ? open_ports(server, core, options) : rc;
}

void server_release(struct server *server, struct weir_core *core)
{
	for (uint32_t slot = 0; slot < server->slots.fresh; slot++) {
		struct server_conn *conn = &server->conns[slot];

		if (conn->phase == SERVER_FREE || !conn->holding)
			continue;
		conn->holding = false;
		weir_release(core, conn->handle, rest_of(server, conn)->held);
	}
}

void server_fini(struct server *server)
{
	server_http_fini(server);
	slots_fini(&server->slots);
	free(server->conns);
	free(server->rests);
}
