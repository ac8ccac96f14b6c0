/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_ends.h - the applications at both ends of short connections, and what a connection's life is with
 * them.
 *
 * A life is a handshake, a request and a response of 64 bytes each, and a close. The client opens a
 * connection for each that ends, keeps a record of each, and a histogram of how long they took to connect and
 * to close. Beside these it may have others open, which are idle on both sides.
 *
 * Applications run on their shards' lcores; the thread that runs those loops, or has stopped them, calls the
 * rest.
 */
#ifndef WEIR_BENCH_CONN_ENDS_H
#define WEIR_BENCH_CONN_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"
#include "http.h"
#include "slots.h"
#include "weir.h"

enum conn_life {
	CONN_LIFE_PLAIN,        /* the response is the server's last: FIN with it, six packets */
	CONN_LIFE_CLIENT_FIRST, /* the client closes when it has the response: seven packets */
	CONN_LIFE_HTTP,         /* as the plain one; each has another header than the last, and is parsed */
	CONN_LIFE_HTTP_VARIED,  /* each has another path or body, and is known by the rest */
	CONN_LIFE_HTTP_SAME,    /* all are the same, and known by their bytes */
};

#define CONN_MESSAGE_BYTES 64

/* Lives at a time: bursts stay full, and records within the first two levels of cache. */
#define CONN_LIVES 128

/* The first; one with another path or body; one with another header. */
#define CONN_MESSAGES 3

/* One side's messages, and what it makes of the other side's. */
struct conn_messages {
	enum conn_life life;
	bool http;
	int ids[CONN_MESSAGES]; /* of weir_static() */
	unsigned other;         /* that takes turns with the first; 0: none */
	unsigned turn;
	struct http_memo memo;
	struct http_stream stream;
};

struct conn_client {
	struct conn_messages messages;
	struct weir_endpoint server;
	bool lives_wanted;      /* to be set to have lives, cleared to let them end */
	uint32_t others_wanted; /* idle ones, opened before any life */
	uint32_t others_begun, others_open;
	weir_conn other;                 /* the one that opened last */
	uint32_t lives;                  /* now */
	uint64_t lived;                  /* over */
	uint64_t faults;                 /* what should not have happened */
	uint64_t mark_ns[CONN_LIVES];    /* of a life: when it was begun, later when it was closed */
	struct histogram connect, close; /* ns */
	struct slots slots;
};

struct conn_server {
	struct conn_messages messages;
	uint64_t faults;
};

/* 0, or a negative errno. */
int conn_client_init(struct conn_client *client, enum conn_life life, struct weir_core *core,
		     struct weir_endpoint server);
void conn_client_fini(struct conn_client *client);
int conn_server_init(struct conn_server *server, enum conn_life life, struct weir_core *core);

/* weir_app_fn; arg is the client, or the server. */
void conn_client_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg);
void conn_server_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg);

#endif
