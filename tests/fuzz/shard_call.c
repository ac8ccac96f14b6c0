/* SPDX-License-Identifier: BSD-3-Clause */
/* What the application does: any call, at any time, with handles that are right, stale or made up. */
#include <errno.h>

#include "fuzz/fault.h"
#include "fuzz/invariants.h"
#include "fuzz/shard.h"
#include "fuzz/witness.h"
#include "support/payload_arena.h"
#include "tcp/send_queue.h"

#define MOST_AT_ONCE 20000 /* bytes */
#define EXPECTED 3         /* opens, as many as there are ports to choose */

enum call {
	CALL_SEND,
	CALL_SEND_STATIC,
	CALL_SHUTDOWN,
	CALL_CLOSE,
	CALL_RELEASE,
	CALL_ABORT,
	CALL_LISTEN,
	CALL_UNLISTEN,
	CALL_CONNECT,
	CALL_SET_WORD,
	CALL_SET_OPTIONS,
	CALL_LISTENER_OPTIONS,
	CALL_STALE,
	CALL_ABORT_ALL,
	CALLS,
};

static void say(const struct shard *shard, const char *call, weir_conn conn, int result)
{
	witness_note_number(result);
	TELL("%10.6f %s(%u/%u): %d\n", (double)shard->now_ns / 1e9, call, conn.index, conn.generation,
	     result);
}

/* A live connection: the one heard of last, or any; a handle that is nobody's if there is none. */
static weir_conn choose(const struct shard *shard, struct bytes_in *in)
{
	const struct tcp *tcp = shard->tcp;
	uint8_t which = in_u8(in);

	if (which == 0 || tcp->hot.fresh == 0)
		return shard->last;
	uint32_t slot = which % tcp->hot.fresh;

	return (weir_conn){ .index = slot, .generation = tcb_at(tcp, slot)->generation };
}

/* The books of a connection that is alive, or NULL. */
static struct shard_conn *books_of(struct shard *shard, weir_conn conn)
{
	if (conn.index >= shard->tcp->hot.fresh || conn.index >= SHARD_HOT)
		return NULL;
	struct shard_conn *books = &shard->conns[conn.index];

	return books->generation == conn.generation && conn.generation != 0 ? books : NULL;
}

int shard_send(struct shard *shard, weir_conn conn, uint32_t len)
{
	struct shard_conn *books = books_of(shard, conn);
	uint8_t bytes[MOST_AT_ONCE];
	payload data = 0;

	len = len < MOST_AT_ONCE ? len : MOST_AT_ONCE;
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = books != NULL ? shard_our_byte(&books->tuple, books->written + i) : 0;
	/* In two buffers now and then. */
	if (len % 5 == 4) {
		data = payload_arena_copy(bytes, len / 2);
		payload_append(data, payload_arena_copy(bytes + len / 2, len - len / 2));
	} else {
		data = payload_arena_copy(bytes, len);
	}
	int err = tcp_send(shard->tcp, conn, data);

	say(shard, "send", conn, err);
	if (err != 0)
		payload_free(data);
	else
		books->written += len;
	HOLDS(err == 0 || err == -ESTALE || err == -EPIPE || err == -ENOTCONN || err == -EAGAIN ||
		      err == -ENOMEM || (err == -EINVAL && len == 0),
	      "%d", err);
	invariants_check(shard);
	return err;
}

static void send_static(struct shard *shard, weir_conn conn, struct bytes_in *in)
{
	struct shard_conn *books = books_of(shard, conn);
	unsigned length = in_below(in, SHARD_LENGTHS + 1);
	uint32_t place = books != NULL ? (books->written + shard_phase(&books->tuple)) % SHARD_PERIOD : 0;
	int id = (int)(length * SHARD_PERIOD + place + 1);

	if (length == SHARD_LENGTHS)
		id = (int[]){ 0, -1, 255, INT32_MAX }[in_below(in, 4)];
	int err = tcp_send_static(shard->tcp, conn, id);

	say(shard, "send_static", conn, err);
	HOLDS(err != 0 || length < SHARD_LENGTHS, "no such bytes as %d", id);
	if (err == 0)
		books->written += shard->tcp->statics[id].len;
	invariants_check(shard);
}

static void open_listener(struct shard *shard, struct bytes_in *in)
{
	static const uint16_t ports[4] = { 80, 81, 80, 0 };
	const struct pair pair = shard_pair(shard, shard->is6);
	unsigned which = in_below(in, 4);
	int listener = tcp_listen(
		shard->tcp,
		(struct weir_endpoint){ .address = which == 2 ? pair.local : (struct weir_address){ 0, 0 },
					.port = ports[which] },
		42);

	TELL("%10.6f listen: %d\n", (double)shard->now_ns / 1e9, listener);
	HOLDS(listener >= 0 || which == 3 || listener == -EADDRINUSE, "%d", listener);
	invariants_check(shard);
}

/* By the long ways nothing is made ready: what was computed is computed anew, and F when the open comes. */
static void expect_more(struct tcp *tcp, struct weir_address local, struct weir_endpoint remote)
{
	const struct weir_address locals[EXPECTED] = { local, local, local };

	tcp_expect_opens(tcp, locals, EXPECTED, remote);
	for (unsigned i = 0; i < EXPECTED && !SHORT_WAYS; i++) {
		struct claim *claim = &tcp->expected[i];

		claim->tuple = tcp_tuple(tcp, &claim->pair, claim->tuple.lport, claim->tuple.rport);
		claim->hash = tuple_hash(tcp->secrets.table, &claim->tuple);
		claim->f = 0;
	}
}

/* As core/weir.c does: one that was expected if there is one, else expectations begin anew. */
static int open_one(struct shard *shard, struct weir_endpoint local, struct weir_endpoint remote,
		    weir_conn *conn)
{
	struct tcp *tcp = shard->tcp;
	int err = -EADDRINUSE;

	if (local.port == 0 && tcp_opens_expected(tcp) &&
	    address_equal(tcp->expected[0].pair.remote, remote.address))
		err = tcp_connect_expected(tcp, 43, shard->now_ns, conn);
	if (err != -EADDRINUSE)
		return err;
	tcp_expect_opens(tcp, NULL, 0, remote);
	err = tcp_connect(tcp, local, remote, 43, shard->now_ns, conn);
	if (err == 0 && local.port == 0)
		expect_more(tcp, local.address, remote);
	return err;
}

int shard_connect(struct shard *shard, struct weir_endpoint local, struct weir_endpoint remote)
{
	weir_conn conn = { 0 };
	int err = open_one(shard, local, remote, &conn);

	say(shard, "connect", conn, err);
	if (err == 0)
		shard->last = conn;
	HOLDS(err == 0 || err == -EADDRNOTAVAIL || err == -EADDRINUSE || err == -ENOMEM || err == -EAGAIN ||
		      err == -EINVAL,
	      "%d", err);
	invariants_check(shard);
	return err;
}

static void connect_somewhere(struct shard *shard, struct bytes_in *in)
{
	unsigned which = in_below(in, 5);
	const struct pair pair = shard_pair(shard, shard->is6 && which != 1);
	struct weir_endpoint local = { .address = pair.local }, remote = { pair.remote, 80 };

	if (shard->other != NULL)
		local.port = shard->next_port++;
	else if (which < 3)
		local.port = (uint16_t)(SHARD_OPEN_PORT + which);
	shard_connect(shard, local, remote);
}

static struct weir_options take_options(const struct shard *shard, struct bytes_in *in)
{
	struct weir_options options;
	unsigned flags = in_u8(in), times = in_u8(in);

	tcp_options_default(shard->tcp, &options);
	options.keep_alive = flags & 1;
	options.no_delay = flags & 2;
	options.no_warnings = flags & 4;
	/* Two that mean to finish do without: set between SYNs it makes windows of less than a segment. */
	options.mss_max = shard->other == NULL ? (uint16_t[]){ 0, 64, 200, 63 }[flags >> 3 & 3] : 0;
	options.linger_ns =
		(uint64_t[]){ WEIR_LINGER_ON, 0, CLOCK_NS_PER_S, 50 * CLOCK_NS_PER_MS }[flags >> 5 & 3];
	options.keep_idle_ns = (1 + (times & 7)) * CLOCK_NS_PER_S;
	options.keep_interval_ns = (1 + (times >> 3 & 3)) * CLOCK_NS_PER_S;
	options.keep_probes = (uint8_t)(times >> 5 & 3);
	options.user_timeout_ns = times & 0x80 ? 3 * CLOCK_NS_PER_S : 0;
	return options;
}

static void set_options(struct shard *shard, weir_conn conn, struct bytes_in *in)
{
	struct weir_options options = take_options(shard, in), got;
	int err = tcp_set_options(shard->tcp, conn, &options);

	say(shard, "set_options", conn, err);
	HOLDS(err == 0 || err == -ESTALE || err == -EINVAL || err == -ENOSPC, "%d", err);
	HOLDS(err != 0 || (tcp_get_options(shard->tcp, conn, &got) == 0 &&
			   got.keep_idle_ns == options.keep_idle_ns && got.linger_ns == options.linger_ns),
	      "set and got");
	invariants_check(shard);
}

static void set_listener_options(struct shard *shard, struct bytes_in *in)
{
	int listener = (int)in_below(in, 5) - 1;
	struct weir_options options = take_options(shard, in);

	tcp_set_listener_options(shard->tcp, listener, &options);
	invariants_check(shard);
}

/* Handles that were never valid, or are no more: nothing may come of them. */
static void call_stale(struct shard *shard, weir_conn conn, struct bytes_in *in)
{
	struct tcp *tcp = shard->tcp;
	struct weir_info info;

	conn.generation += 1u + in_u8(in);
	conn.index ^= in_u8(in) & 0x80 ? 0x80000000u : 0;
	if (tcp_info(tcp, conn, &info) == 0)
		return; /* it was made up of a stale one, and is none now */
	HOLDS(tcp_shutdown(tcp, conn) == -ESTALE && tcp_close(tcp, conn) == -ESTALE, "ending");
	HOLDS(tcp_abort(tcp, conn) == -ESTALE && tcp_set_word(tcp, conn, 1) == -ESTALE, "abort, word");
	HOLDS(tcp_info(tcp, conn, &info) == -ESTALE && tcp_send_static(tcp, conn, 1) == -ESTALE, "info");
	tcp_release(tcp, conn, payload_arena_copy("stale", 5));
	invariants_check(shard);
}

/* The ends of a connection, and what may be refused. */
static void end_one(struct shard *shard, weir_conn conn, enum call call)
{
	struct tcp *tcp = shard->tcp;
	int err = call == CALL_SHUTDOWN ? tcp_shutdown(tcp, conn) :
		  call == CALL_CLOSE    ? tcp_close(tcp, conn) :
					  tcp_abort(tcp, conn);

	say(shard, call == CALL_SHUTDOWN ? "shutdown" : call == CALL_CLOSE ? "close" : "abort", conn, err);
	HOLDS(err == 0 || err == -ESTALE || err == -EAGAIN || (err == -ENOTCONN && call == CALL_SHUTDOWN),
	      "%d", err);
	invariants_check(shard);
}

static void set_word(struct shard *shard, weir_conn conn, uint32_t word)
{
	struct weir_info info;

	if (tcp_set_word(shard->tcp, conn, word) == 0)
		HOLDS(tcp_info(shard->tcp, conn, &info) == 0 && info.word == word, "the word");
	invariants_check(shard);
}

static void set_defence(struct shard *shard, struct bytes_in *in)
{
	unsigned which = in_u8(in);
	int listener = (int)(which & 3);
	struct weir_defence defence = shard_take_defence(in, (enum weir_defence_mode)((which >> 2) % 3));
	int err = tcp_set_listener_defence(shard->tcp, listener, &defence);

	TELL("%10.6f defence of %d, %s: %d\n", (double)shard->now_ns / 1e9, listener,
	     weir_defence_name(defence.mode), err);
	HOLDS(err == (shard->tcp->listeners[listener].port != 0 ? 0 : -EINVAL), "%d", err);
	HOLDS(err != 0 ||
		      tcp_listener_defending(shard->tcp, listener) == (defence.mode == WEIR_DEFENCE_ALWAYS),
	      "%s", weir_defence_name(defence.mode));
}

static void set_cookie_key(struct shard *shard, struct bytes_in *in)
{
	unsigned how = in_u8(in);
	uint8_t key[WEIR_COOKIE_KEY_BYTES] = { (uint8_t)(how & 3) };

	TELL("%10.6f cookie key %u\n", (double)shard->now_ns / 1e9, how & 3);
	/* Clocks may be set, too. */
	tcp_set_cookie_key(shard->tcp, key, shard->now_ns + (1ull << 60) + (how >> 4) * 10 * CLOCK_NS_PER_S);
}

/* Seldom the former: it ends what else could be found. */
static void abort_all_or_defend(struct shard *shard, struct bytes_in *in)
{
	unsigned how = in_u8(in);

	if (how == 0x5a)
		tcp_abort_all(shard->tcp);
	else if (shard->config.defence.mode != WEIR_DEFENCE_OFF && how & 1)
		set_defence(shard, in);
	else if (shard->config.defence.mode != WEIR_DEFENCE_OFF && how & 4)
		set_cookie_key(shard, in);
	invariants_check(shard);
}

void shard_call(struct shard *shard, struct bytes_in *in)
{
	static const uint16_t lengths[] = { 1, 10, 536, 1460, 1461, 5000, MOST_AT_ONCE, 0 };
	enum call call = (enum call)in_below(in, CALLS);
	weir_conn conn = choose(shard, in);

	switch (call) {
	case CALL_SEND:
		shard_send(shard, conn, lengths[in_below(in, 8)]);
		return;
	case CALL_SEND_STATIC:
		send_static(shard, conn, in);
		return;
	case CALL_SHUTDOWN:
	case CALL_CLOSE:
	case CALL_ABORT:
		end_one(shard, conn, call);
		return;
	case CALL_RELEASE:
		if (shard->held_count > 0)
			shard_release(shard, in_below(in, shard->held_count));
		return;
	case CALL_LISTEN:
		open_listener(shard, in);
		return;
	case CALL_UNLISTEN:
		tcp_unlisten(shard->tcp, (int)in_below(in, 5) - 1);
		invariants_check(shard);
		return;
	case CALL_CONNECT:
		connect_somewhere(shard, in);
		return;
	case CALL_SET_WORD:
		set_word(shard, conn, in_u8(in));
		return;
	case CALL_SET_OPTIONS:
		set_options(shard, conn, in);
		return;
	case CALL_LISTENER_OPTIONS:
		set_listener_options(shard, in);
		return;
	case CALL_STALE:
		call_stale(shard, conn, in);
		return;
	case CALL_ABORT_ALL:
		abort_all_or_defend(shard, in);
		return;
	case CALLS:
		return;
	}
}
