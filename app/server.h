/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * server.h - the application of serve, and of demo's server: http, echo, discard, accept.
 *
 * Every app takes bytes of a connection as they come and says how many it took. It takes fewer when its
 * answer does not fit into the send queue: then the rest is held, unreleased, so that the receive window
 * closes and the peer waits too, until what was sent is acknowledged. So no peer makes the
 * server hold more than its receive window, whatever it asks and however slowly it reads.
 *
 * One for each shard: server_round() is its weir_app_fn. Everything else is for the main thread, before
 * the loops start and after they ended; `tally` may be read at any time.
 */
#ifndef WEIR_APP_SERVER_H
#define WEIR_APP_SERVER_H

#include "body.h"
#include "http.h"
#include "options.h"
#include "share.h"
#include "slots.h"
#include "tally.h"
#include "weir.h"

enum server_phase {
	SERVER_FREE,
	SERVER_OPEN,
	SERVER_CLOSING, /* until WEIR_EV_CLOSED; what still arrives is dropped */
};

enum server_response {
	RESPONSE_KEEP,      /* HTTP/1.1, and the connection stays */
	RESPONSE_KEEP_10,   /* HTTP/1.0, where staying has to be said */
	RESPONSE_CLOSE,     /* and closes */
	RESPONSE_HEAD_KEEP, /* the same three without their body */
	RESPONSE_HEAD_KEEP_10,
	RESPONSE_HEAD_CLOSE,
	RESPONSE_BAD,       /* 400, and closes */
	RESPONSE_TOO_LARGE, /* 431, and closes */
	RESPONSES,
};

/* What every connection has, and what only those need that wait or got half a request. */
struct server_conn {
	weir_conn handle;
	uint32_t pieces_left; /* of the response that is being sent */
	uint8_t phase;        /* enum server_phase */
	uint8_t response;     /* enum server_response, of pieces_left */
	bool fin;             /* the peer will send no more */
	bool unclosed;        /* its close has yet to be taken by the stack */
	bool holding;         /* its rest holds payload */
	bool partial;         /* its rest has a request under way */
};

struct server_rest {
	struct rte_mbuf *held; /* payload that could not be taken yet */
	uint32_t held_taken;   /* bytes of it that were */
	struct http_stream stream;
};

struct server {
	enum app_kind app;
	const struct orders *orders;
	uint32_t sweep;   /* stopping: the next slot to look at */
	uint64_t look_ns; /* when to look next whether ports answer by cookies */
	int listeners[OPTIONS_LISTEN_MAX];
	unsigned listeners_count;
	uint8_t defence; /* as the orders last said */
	struct slots slots;
	struct server_conn *conns;
	struct server_rest *rests;
	struct http_memo memo;
	struct body responses[RESPONSES];
	struct tally tally;
};

/* Registers responses and opens the ports. Returns 0, -ENOMEM or what weir_static() or weir_listen() said. */
int server_init(struct server *server, const struct options *options, struct weir_core *core,
		const struct share *share, const struct orders *orders);

/* Releases payloads that are held, at the end of a run that was cut short. */
void server_release(struct server *server, struct weir_core *core);
void server_fini(struct server *server);

void server_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		  void *arg);

/* Closes a connection, now or as soon as the stack takes it. */
void server_close(struct server *server, struct weir_core *core, struct server_conn *conn);

/* server_http.c: the same for app http. */
int server_http_init(struct server *server, struct weir_core *core, uint64_t size_bytes);
void server_http_fini(struct server *server);
uint32_t server_http_take(struct server *server, struct weir_core *core, struct server_conn *conn,
			  const uint8_t *bytes, uint32_t len);

/*
 * Sends what the connection takes of its response, and closes it after one that says so. False while
 * something is left.
 */
bool server_http_push(struct server *server, struct weir_core *core, struct server_conn *conn);

#endif
