/* SPDX-License-Identifier: BSD-3-Clause */
#include "goodput_clients.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <rte_mbuf.h>

#include "bench.h"
#include "goodput_server.h"

/* More than are under way and have yet to be heard of: a power of two, 5 s of 50,000 per second. */
#define ATTEMPTS (1u << 18)
#define CONNECTIONS_MAX ATTEMPTS
#define EVENTS 64
#define TIMERS_NS 10e3
#define MESSAGE_BYTES 64

static const char request[MESSAGE_BYTES] = "a request of 64 bytes, and nothing that anybody would look at.";

/* What becomes of a connection. */
enum attempt_state {
	ATTEMPT_OPENING,
	ATTEMPT_OPEN,
	ATTEMPT_OVER, /* well or badly, and counted */
};

struct attempt {
	weir_conn conn;
	double intended_ns;
	uint32_t bytes; /* of the response */
	uint8_t state;
	bool measured;
};

struct goodput_clients {
	struct weir_core *core;
	struct weir_endpoint server;
	int request;
	double period_ns, next_ns; /* of opens */
	uint64_t opened, oldest;   /* the next attempt's number; the first that may not be over */
	uint64_t measure;          /* attempts that are still to be measured */
	uint64_t measuring;        /* that are under way */
	uint64_t refused;
	double turned_ns; /* the last turn */
	bool more;        /* its output was cut short */
	struct goodput_result result;
	struct attempt attempts[ATTEMPTS]; /* by number */
};

static struct attempt *attempt_of(struct goodput_clients *clients, uint64_t number)
{
	return &clients->attempts[number % ATTEMPTS];
}

static void end(struct goodput_clients *clients, struct attempt *attempt, bool well)
{
	if (attempt->state == ATTEMPT_OPENING && attempt->measured)
		histogram_record(&clients->result.connect, (uint64_t)GOODPUT_CLIENTS_PATIENCE_NS);
	attempt->state = ATTEMPT_OVER;
	if (!attempt->measured)
		return;
	clients->measuring--;
	clients->result.attempted++;
	clients->result.succeeded += well;
}

static void on_event(struct goodput_clients *clients, const struct weir_event *event, double now_ns)
{
	struct attempt *attempt = attempt_of(clients, event->word);

	if (event->what & WEIR_EV_DATA)
		weir_release(clients->core, event->conn, event->payload);
	if (attempt->state == ATTEMPT_OVER)
		return;
	if (event->what & WEIR_EV_OPENED) {
		if (attempt->measured)
			histogram_record(&clients->result.connect, (uint64_t)(now_ns - attempt->intended_ns));
		attempt->state = ATTEMPT_OPEN;
		clients->refused += weir_send_static(clients->core, event->conn, clients->request) != 0;
	}
	if (event->what & WEIR_EV_DATA)
		attempt->bytes += event->bytes;
	if (event->what & WEIR_EV_FIN)
		weir_close(clients->core, event->conn);
	if (event->what & WEIR_EV_CLOSED)
		end(clients, attempt,
		    event->reason == WEIR_REASON_NONE && attempt->bytes == sizeof(request) &&
			    now_ns - attempt->intended_ns <= GOODPUT_CLIENTS_PATIENCE_NS);
}

static void take_events(struct goodput_clients *clients, double now_ns)
{
	struct weir_event events[EVENTS];
	unsigned n;

	do {
		n = weir_events(clients->core, events, EVENTS);
		for (unsigned i = 0; i < n; i++)
			on_event(clients, &events[i], now_ns);
	} while (n == EVENTS);
}

/* False: the core takes no more before its output has gone. */
static bool open_one(struct goodput_clients *clients)
{
	struct attempt *attempt = attempt_of(clients, clients->opened);
	uint32_t word = (uint32_t)(clients->opened % ATTEMPTS);
	int err = -ENOMEM;
	weir_conn conn = { 0 };

	if (clients->opened - clients->oldest < ATTEMPTS)
		err = weir_connect(clients->core, (struct weir_endpoint){ 0 }, clients->server, word, &conn);
	if (err == -EAGAIN)
		return false;
	if (err != 0) {
		clients->refused++;
		return true;
	}
	*attempt = (struct attempt){
		.conn = conn,
		.intended_ns = clients->next_ns,
		.measured = clients->measure > 0,
	};
	clients->measure -= attempt->measured;
	clients->measuring += attempt->measured;
	clients->opened++;
	return true;
}

static void open_due(struct goodput_clients *clients, double now_ns)
{
	while (clients->next_ns <= now_ns && open_one(clients))
		clients->next_ns += clients->period_ns;
}

static double patience_ends(const struct goodput_clients *clients)
{
	if (clients->oldest == clients->opened)
		return INFINITY;
	return clients->attempts[clients->oldest % ATTEMPTS].intended_ns + GOODPUT_CLIENTS_PATIENCE_NS;
}

/* They were opened in order, and are as patient as each other. */
static void give_up_late(struct goodput_clients *clients, double now_ns)
{
	for (; clients->oldest < clients->opened; clients->oldest++) {
		struct attempt *attempt = attempt_of(clients, clients->oldest);

		if (attempt->state == ATTEMPT_OVER)
			continue;
		if (patience_ends(clients) > now_ns)
			return;
		clients->refused += weir_abort(clients->core, attempt->conn) != 0;
		end(clients, attempt, false);
	}
}

unsigned goodput_clients_turn(struct goodput_clients *clients, struct rte_mbuf **frames, unsigned n,
			      struct rte_mbuf **out, unsigned max, double now_ns)
{
	unsigned sent, taken = weir_input(clients->core, frames, n, (uint64_t)now_ns, NULL);

	/* A burst is far below what an empty core takes; if it were not, TCP would see to the loss. */
	rte_pktmbuf_free_bulk(frames + taken, n - taken);
	take_events(clients, now_ns);
	give_up_late(clients, now_ns);
	open_due(clients, now_ns);
	sent = weir_output(clients->core, out, max);
	clients->more = sent == max;
	clients->turned_ns = now_ns;
	return sent;
}

double goodput_clients_next(const struct goodput_clients *clients)
{
	uint64_t deadline = weir_next_deadline(clients->core);
	double next_ns = INFINITY;

	if (clients->more)
		return clients->turned_ns;
	/* Timers have ticks of a millisecond; one that says "at once" again and again must not stop time. */
	if (deadline != UINT64_MAX)
		next_ns = fmax((double)deadline, clients->turned_ns + TIMERS_NS);
	return fmin(next_ns, fmin(clients->next_ns, patience_ends(clients)));
}

void goodput_clients_pace(struct goodput_clients *clients, double per_s, double now_ns)
{
	clients->period_ns = 1e9 / per_s;
	clients->next_ns = per_s > 0 ? now_ns : INFINITY;
}

void goodput_clients_measure(struct goodput_clients *clients, uint64_t count)
{
	clients->measure = count;
}

bool goodput_clients_measured(const struct goodput_clients *clients)
{
	return clients->measure == 0 && clients->measuring == 0;
}

const struct goodput_result *goodput_clients_result(const struct goodput_clients *clients)
{
	return &clients->result;
}

uint64_t goodput_clients_refused(const struct goodput_clients *clients)
{
	return clients->refused;
}

struct weir_core *goodput_clients_core(struct goodput_clients *clients)
{
	return clients->core;
}

static struct weir_core *create_core(struct rte_mempool *pool, bool is6)
{
	struct weir_config config;

	weir_config_default(&config);
	config.mac[0] = 2;
	config.mac[5] = 1;
	config.ranges[0] = (struct weir_range){
		.first = goodput_address(is6, GOODPUT_CLIENTS_FIRST),
		.last = goodput_address(is6, GOODPUT_CLIENTS_FIRST + 249),
		.prefix_len = goodput_prefix_len(is6),
	};
	config.ranges_count = 1;
	config.no_router_advertisements = true;
	config.dad_probes = 0;
	config.max_connections = CONNECTIONS_MAX;
	config.pool = pool;
	return weir_core_create(&config);
}

struct goodput_clients *goodput_clients_create(struct rte_mempool *pool, struct weir_endpoint server)
{
	struct goodput_clients *clients = calloc(1, sizeof(*clients));

	if (clients == NULL)
		return NULL;
	clients->server = server;
	clients->next_ns = INFINITY;
	clients->core = create_core(pool, !weir_is_ipv4(server.address));
	if (clients->core == NULL) {
		bench_note("flood_goodput: no memory for the clients");
		free(clients);
		return NULL;
	}
	clients->request = weir_static(clients->core, request, sizeof(request));
	return clients;
}

void goodput_clients_destroy(struct goodput_clients *clients)
{
	weir_core_destroy(clients->core);
	free(clients);
}
