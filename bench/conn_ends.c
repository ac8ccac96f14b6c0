/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_ends.h"

#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

/* As many as a burst has frames. */
#define OPENS_PER_ROUND 32
/*
 * At first few at a time, and one more for each that was answered, until both ends have learned each other's
 * Ethernet addresses.
 */
#define OPEN_AT_FIRST 16

/* The application word of those that stay open and idle; lives have their slots'. */
#define WORD_OTHER UINT32_MAX

static const char requests[CONN_MESSAGES][CONN_MESSAGE_BYTES + 1] = {
	"GET /123456789 HTTP/1.1\r\nHost: 198.19.0.1\r\nConnection: close\r\n\r\n",
	"GET /987654321 HTTP/1.1\r\nHost: 198.19.0.1\r\nConnection: close\r\n\r\n",
	"GET /123456789 HTTP/1.1\r\nHost: 198.19.0.2\r\nConnection: close\r\n\r\n",
};

static const char responses[CONN_MESSAGES][CONN_MESSAGE_BYTES + 1] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nanswer\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nANSWER\n",
	"HTTP/1.1 200 ok\r\nContent-Length: 7\r\nConnection: close\r\n\r\nanswer\n",
};

static int init_messages(struct conn_messages *messages, enum conn_life life, struct weir_core *core,
			 const char bytes[CONN_MESSAGES][CONN_MESSAGE_BYTES + 1])
{
	messages->life = life;
	messages->http = life == CONN_LIFE_HTTP || life == CONN_LIFE_HTTP_VARIED ||
			 life == CONN_LIFE_HTTP_SAME;
	messages->other = life == CONN_LIFE_HTTP_VARIED ? 1 : life == CONN_LIFE_HTTP ? 2 : 0;
	for (unsigned i = 0; i < CONN_MESSAGES; i++) {
		messages->ids[i] = weir_static(core, bytes[i], CONN_MESSAGE_BYTES);
		if (messages->ids[i] < 0)
			return messages->ids[i];
	}
	return 0;
}

static int next_message(struct conn_messages *messages)
{
	messages->turn ^= messages->other;
	return messages->ids[messages->turn];
}

/* Whether it is one whole message that ends the connection: each fits a segment. */
static bool parse(struct conn_messages *messages, enum http_kind kind, const struct rte_mbuf *payload,
		  struct http_info *info)
{
	const uint8_t *bytes = rte_pktmbuf_mtod(payload, const uint8_t *);
	uint32_t len = payload->data_len;
	uint32_t consumed = http_recall(&messages->memo, bytes, len, info);

	if (consumed == 0 &&
	    http_feed(kind, &messages->memo, &messages->stream, bytes, len, &consumed, info) != HTTP_DONE)
		return false;
	return consumed == len && !info->keep_alive;
}

static bool is_request(struct conn_messages *messages, const struct weir_event *event)
{
	struct http_info info;

	if (!messages->http)
		return event->bytes == CONN_MESSAGE_BYTES;
	return parse(messages, HTTP_KIND_REQUEST, event->payload, &info);
}

static bool is_response(struct conn_messages *messages, const struct weir_event *event)
{
	struct http_info info;

	if (!messages->http)
		return event->bytes == CONN_MESSAGE_BYTES;
	return parse(messages, HTTP_KIND_RESPONSE, event->payload, &info) && info.status == 200 &&
	       info.body_bytes == 7;
}

int conn_client_init(struct conn_client *client, enum conn_life life, struct weir_core *core,
		     struct weir_endpoint server)
{
	int rc = init_messages(&client->messages, life, core, requests);

	client->server = server;
	return rc != 0 ? rc : slots_init(&client->slots, CONN_LIVES);
}

void conn_client_fini(struct conn_client *client)
{
	slots_fini(&client->slots);
}

int conn_server_init(struct conn_server *server, enum conn_life life, struct weir_core *core)
{
	return init_messages(&server->messages, life, core, responses);
}

static void record(struct histogram *histogram, uint64_t from_ns, uint64_t now_ns)
{
	histogram_record(histogram, now_ns > from_ns ? now_ns - from_ns : 0);
}

static void begin_close(struct conn_client *client, struct weir_core *core, const struct weir_event *event,
			uint64_t now_ns)
{
	client->mark_ns[event->word] = now_ns;
	client->faults += weir_close(core, event->conn) != 0;
}

static void take_response(struct conn_client *client, struct weir_core *core, const struct weir_event *event,
			  uint64_t now_ns)
{
	client->faults += !is_response(&client->messages, event);
	weir_release(core, event->conn, event->payload);
	if (client->messages.life == CONN_LIFE_CLIENT_FIRST)
		begin_close(client, core, event, now_ns);
}

/* One event of a life. */
static void live_on(struct conn_client *client, struct weir_core *core, const struct weir_event *event,
		    uint64_t now_ns)
{
	uint64_t *mark_ns = &client->mark_ns[event->word];

	if (event->what & WEIR_EV_OPENED) {
		record(&client->connect, *mark_ns, now_ns);
		client->faults += weir_send_static(core, event->conn, next_message(&client->messages)) != 0;
	}
	if (event->what & WEIR_EV_DATA)
		take_response(client, core, event, now_ns);
	if (event->what & WEIR_EV_FIN && client->messages.life != CONN_LIFE_CLIENT_FIRST)
		begin_close(client, core, event, now_ns);
	if (event->what & WEIR_EV_CLOSED) {
		record(&client->close, *mark_ns, now_ns);
		client->faults += event->reason != WEIR_REASON_NONE;
		slots_give(&client->slots, event->word);
		client->lives--;
		client->lived++;
	}
}

/* Nothing but opening may happen to one that is idle. */
static void stay(struct conn_client *client, const struct weir_event *event)
{
	client->faults += event->what != WEIR_EV_OPENED;
	client->others_open++;
	client->other = event->conn;
}

static bool begin(struct conn_client *client, struct weir_core *core, uint32_t word)
{
	weir_conn conn;
	int rc = weir_connect(core, (struct weir_endpoint){ 0 }, client->server, word, &conn);

	client->faults += rc != 0 && rc != -EAGAIN;
	return rc == 0;
}

static bool begin_life(struct conn_client *client, struct weir_core *core, uint64_t now_ns)
{
	uint32_t slot = slots_take(&client->slots);

	client->mark_ns[slot] = now_ns;
	if (!begin(client, core, slot)) {
		slots_give(&client->slots, slot);
		return false;
	}
	client->lives++;
	return true;
}

static bool begin_other(struct conn_client *client, struct weir_core *core)
{
	if (!begin(client, core, WORD_OTHER))
		return false;
	client->others_begun++;
	return true;
}

static void open_more(struct conn_client *client, struct weir_core *core, uint64_t now_ns)
{
	uint64_t most = OPEN_AT_FIRST + client->others_open + client->lived;

	if (most > CONN_LIVES)
		most = CONN_LIVES;
	for (unsigned n = 0; n < OPENS_PER_ROUND; n++) {
		bool others = client->others_begun < client->others_wanted;

		if (client->lives + client->others_begun - client->others_open >= most)
			return;
		if (others && !begin_other(client, core))
			return;
		if (!others && (!client->lives_wanted || !begin_life(client, core, now_ns)))
			return;
	}
}

void conn_client_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg)
{
	struct conn_client *client = arg;

	for (unsigned i = 0; i < n; i++) {
		if (events[i].word != WORD_OTHER)
			live_on(client, core, &events[i], now_ns);
		else
			stay(client, &events[i]);
	}
	open_more(client, core, now_ns);
}

void conn_server_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg)
{
	struct conn_server *server = arg;
	bool first = server->messages.life != CONN_LIFE_CLIENT_FIRST;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		const struct weir_event *event = &events[i];

		if (event->what & WEIR_EV_DATA) {
			server->faults += !is_request(&server->messages, event);
			weir_release(core, event->conn, event->payload);
			server->faults +=
				weir_send_static(core, event->conn, next_message(&server->messages)) != 0;
		}
		if (event->what & (first ? WEIR_EV_DATA : WEIR_EV_FIN))
			server->faults += weir_close(core, event->conn) != 0;
	}
}
