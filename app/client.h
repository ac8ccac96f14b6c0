/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.h - the application of load, and of demo's client: opens connections by a plan, uses
 * each as often as asked, checks what comes back, closes it, and measures.
 *
 * With a rate, connections are opened at intended times (pace.h) and latencies count from them;
 * with a number of connections, each that ends makes room for the next; with both, the rate is a ceiling.
 * What cannot be opened right now is held back, counted, and tried again; its intended time stays.
 *
 * One for each shard: client_round() is its weir_app_fn. Everything else is for the main thread, before
 * the loops start and after they ended; `tally` may be read at any time.
 */
#ifndef WEIR_APP_CLIENT_H
#define WEIR_APP_CLIENT_H

#include "body.h"
#include "ending.h"
#include "http.h"
#include "options.h"
#include "pace.h"
#include "share.h"
#include "slots.h"
#include "tally.h"
#include "weir.h"

struct flood;

enum client_phase {
	CLIENT_FREE,
	CLIENT_OPENING, /* until WEIR_EV_OPENED */
	CLIENT_WAITING, /* for the rest of an answer */
	CLIENT_PEER,    /* done; the peer closes first */
	CLIENT_CLOSING, /* until WEIR_EV_CLOSED; what still arrives is dropped */
};

struct client_conn {
	weir_conn handle;
	uint64_t intended_ns;
	uint64_t mark_ns;       /* when the request, or the close, was made */
	uint64_t answer_bytes;  /* echo: received of this answer */
	uint32_t requests_left; /* this one included; UINT32_MAX: until the end */
	uint32_t pieces_left;   /* of the request that is being sent */
	uint32_t target;
	const struct body *request;
	struct ending ending;
	uint8_t phase; /* enum client_phase */
	bool answered; /* a first byte has come */
	bool partial;  /* a response is under way in its stream */
};

/* Only an IPv6 router can lead to some targets, and it is not known at once. */
enum client_way {
	WAY_UNTRIED,
	WAY_MISSING, /* no connection could be opened yet */
	WAY_KNOWN,   /* one could */
};

/* Whom it connects to, and what is said there. */
struct client_target {
	struct weir_endpoint endpoint;
	uint32_t bit;                      /* of --connect, as the tally has it */
	struct body request, last_request; /* last: the one after which the server shall close */
	enum client_way way;
	uint64_t hold_until_ns; /* not tried before */
};

struct client {
	/* The plan. */
	enum app_kind app;
	enum close_kind close;
	struct client_target targets[OPTIONS_CONNECT_MAX];
	unsigned targets_count;
	uint64_t size_bytes;
	uint32_t requests;             /* UINT32_MAX: until the end */
	uint64_t open_max;             /* this shard's share of --connections; 0: no bound */
	bool idle;                     /* there are fewer connections than shards */
	uint64_t ramp_ns, duration_ns; /* duration 0: no end */
	bool paced;
	struct pace pace;
	const struct orders *orders;

	/* The state. */
	bool started;
	uint64_t start_ns;
	uint64_t hold_until_ns; /* nothing is opened before */
	uint64_t opening;       /* that wait for an answer to their SYN, and those that had one */
	uint64_t answered;
	struct slots slots;
	struct client_conn *conns;
	struct http_stream *streams; /* of responses that come in pieces */
	struct http_memo memo;
	uint32_t turn; /* the next connection's target */

	struct flood *flood; /* what else its shard sends; NULL: nothing */
	struct tally tally;
};

/*
 * share: which part of the load is its. core: the one that it will run on, not started.
 * Returns 0, -ENOMEM or what weir_static() said.
 */
int client_init(struct client *client, const struct options *options, struct weir_core *core,
		const struct share *share, const struct orders *orders);
void client_fini(struct client *client);

/* A weir_due_fn: the next intended time. */
uint64_t client_due(const void *arg);

void client_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		  void *arg);

#endif
