/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies: what survives in them, how long they live,
 * and what they are not good for (RFC 4987 section 3.6).
 */
#include "support/trace.h"
#include "tcp/half_open.h"

static void always(struct weir_config *config)
{
	config->defence.mode = WEIR_DEFENCE_ALWAYS;
}

static unsigned long half_open(const struct trace *t)
{
	return t->tcp->states[WEIR_SYN_RECEIVED];
}

/* Nothing is kept: no record, no entry, no timer, no answer that waits. */
TRACE_CONFIGURED(a_cookie_keeps_nothing, always)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .wscale = 8, .sack_ok = true, .tsval = 700);
	cr_assert(half_open(t) == 0 && t->tcp->table.entries == 0 && t->tcp->hot.used == 0);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1, .tsecr = 700);
	quiet(t);
	counted(t, cookies_sent, 1);
	counted(t, syn_ack_out, 1);
	silence(t, 100 * SECONDS);
	cr_assert_eq(t->tcp->wheel.filings, 0);
}

/* All that a SYN may say: with timestamps to the letter but for the MSS. */
TRACE_CONFIGURED(options_survive, always)
{
	/* Rounded down to what the eight values know, and what the seven scales. */
	static const unsigned mss[][2] = { { 0 },          { 40, 64 },     { 64, 64 },     { 535, 64 },
					   { 536, 536 },   { 1219, 536 },  { 1220, 1220 }, { 1359, 1220 },
					   { 1360, 1360 }, { 1399, 1360 }, { 1400, 1400 }, { 1440, 1440 },
					   { 1459, 1440 }, { 1460, 1460 }, { 9000, 1460 } };
	static const unsigned scales[] = { 0, 0, 2, 2, 2, 5, 6, 7, 8, 8, 10, 10, 10, 10, 10 };

	listen(t, 80);
	for (unsigned i = 0; i < sizeof(mss) / sizeof(mss[0]) * 16 * 4; i++) {
		unsigned m = i / 64, scale = i % 16; /* the option's value and 1 */
		bool sack = i & 16, ts = i & 32;

		t->rport = (uint16_t)(1000 + i);
		send(t, SYN, .mss = mss[m][0], .wscale = scale, .sack_ok = sack, .tsval = ts ? 700 : 0);
		/* An MSS that was not asked for takes another option's place. */
		if (!mss[m][0] && scale)
			scale = 0;
		else if (!mss[m][0] && ts)
			ts = false;
		else if (!mss[m][0])
			sack = false;
		recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = scale ? 2 : 0, .sack_ok = sack,
		     .tsval = ts, .tsecr = ts ? 700 : 0);
		send(t, ACK, .seq = 1, .ack = 1, .wnd = 60, .tsval = ts ? 701 : 0, .tsecr = t->tsval);
		event(t, WEIR_EV_OPENED);
		struct weir_info info = trace_info(t);
		unsigned shift = scale == 0 ? 0 : ts ? scale - 1 : scales[scale - 1];

		cr_assert_eq(info.mss, (mss[m][0] ? mss[m][1] : trace_default_mss(t)) - (ts ? 12 : 0),
			     "MSS %u", mss[m][0]);
		cr_assert_eq(info.send_window_bytes, 60u << shift, "scale %u, timestamps %d", scale, ts);
		cr_assert(info.sack == sack && info.timestamps == ts && info.window_scaling == !!scale);
		call(tcp_abort(t->tcp, t->conn), 0);
		recv(t, RST | ACK, .seq = 1, .ack = 1);
		event_closed(t, 0, WEIR_REASON_ABORTED);
		quiet(t);
	}
}

/* The first text may bring the cookie, with the FIN if that is all. */
TRACE_CONFIGURED(text_and_fin_may_complete_it, always)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK | FIN, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA | WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 102);
	state(t, WEIR_CLOSE_WAIT);
	counted(t, cookies_accepted, 1);
}

/* Text that overtakes the ACK is not answered by a RST, and comes again. */
TRACE_CONFIGURED(text_may_overtake_the_cookie, always)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 700);
	send(t, ACK, .seq = 101, .ack = 1, .len = 100, .tsval = 700, .tsecr = t->tsval);
	quiet(t);
	counted(t, drop_cookie, 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 700, .tsecr = t->tsval);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA);
	counted(t, cookies_rejected, 1);
}

/*
 * What echoes no time at which a cookie was made, or none at all,
 * is of a connection that we have forgotten: RST.
 */
TRACE_CONFIGURED(text_of_a_forgotten_connection_is_reset, always)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 700);
	send(t, ACK, .seq = 101, .ack = 1, .len = 100, .tsval = 700, .tsecr = t->tsval + 3000);
	recv(t, RST, .seq = 1);
	send(t, ACK, .seq = 101, .ack = 1, .len = 100, .tsval = 700, .tsecr = t->tsval - 70000);
	recv(t, RST, .seq = 1);
	send(t, FIN | ACK, .seq = 101, .ack = 1);
	recv(t, RST, .seq = 1);
	counted(t, drop_listen_ack, 3);
}

/* A SYN with it follows nothing: it answers a SYN that somebody sent in our name, and is refused at once. */
TRACE_CONFIGURED(a_syn_ack_follows_no_cookie, always)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, SYN | ACK, .seq = 101, .ack = 1, .mss = 1460);
	recv(t, RST, .seq = 1);
	counted(t, drop_listen_ack, 1);
}

/* So may a FIN. */
TRACE_CONFIGURED(fin_may_overtake_the_cookie, always)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 700);
	send(t, FIN | ACK, .seq = 101, .ack = 1, .tsval = 700, .tsecr = t->tsval);
	quiet(t);
	counted(t, drop_cookie, 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 700, .tsecr = t->tsval);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA);
}

/* And where the SYN came twice, and the listener has come to remember handshakes in between. */
TRACE_CONFIGURED(text_may_overtake_the_cookie_beside_a_record, always)
{
	struct weir_defence defence;

	listen(t, 80);
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 700);
	uint32_t cookie = t->our_iss, tsval = t->tsval;

	tcp_defence_default(t->tcp, &defence);
	defence.mode = WEIR_DEFENCE_AUTO;
	call(tcp_set_listener_defence(t->tcp, 0, &defence), 0);
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 700);
	uint32_t ack = 1 + cookie - t->our_iss;

	send(t, ACK, .seq = 101, .ack = ack, .len = 100, .tsval = 700, .tsecr = tsval);
	quiet(t);
	counted(t, drop_cookie, 1);
	send(t, ACK, .seq = 1, .ack = ack, .len = 100, .tsval = 700, .tsecr = tsval);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA);
	counted(t, cookies_accepted, 1);
}

/*
 * What a cookie's timestamps said is never taken back (RFC 7323 section 5.3),
 * at any point of their clock's steps.
 */
TRACE_CONFIGURED(timestamps_go_on_from_the_cookies, always)
{
	listen(t, 80);
	for (unsigned i = 0; i < 64; i++) {
		t->rport = (uint16_t)(2000 + i);
		silence(t, 17 * MS);
		send(t, SYN, .mss = 1460, .wscale = 1 + i % 15, .sack_ok = true, .tsval = 700);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1,
		     .tsecr = 700);
		uint32_t cookie = t->tsval;

		send(t, ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = cookie);
		event(t, WEIR_EV_OPENED);
		trace_write(t, 10);
		recv(t, ACK | PSH, .seq = 1, .ack = 1, .len = 10, .tsval = 1, .tsecr = 701);
		cr_assert(seq_ge(t->tsval, cookie) && t->tsval - cookie <= 1024, "%u after %u", t->tsval,
			  cookie);
		call(tcp_abort(t->tcp, t->conn), 0);
		recv(t, RST | ACK, .seq = 11, .ack = 1);
		event_closed(t, 0, WEIR_REASON_ABORTED);
	}
}

/* An ACK that is no cookie's makes no connection. It is answered by a RST, unless it may only be early. */
static void refused(struct trace *t)
{
	struct seg seg;
	struct seg_side side;

	counted(t, cookies_rejected, 1);
	cr_assert_eq(t->tcp->hot.used, 0);
	while (tcp_output(t->tcp, &seg, &side, 1, t->now_ns) == 1)
		cr_assert_eq(seg.flags, RST);
	no_event(t);
}

static void cookie_comes(struct trace *t, bool ts)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .tsval = ts ? 700 : 0);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = ts, .tsecr = ts ? 700 : 0);
}

/* Two epochs of 34 s are accepted: 32 s is always young enough, 69 s never is. */
TRACE_CONFIGURED(a_cookie_lives_for_half_a_minute, always)
{
	for (unsigned phase = 0; phase < 18; phase++) {
		for (unsigned ts = 0; ts < 2; ts++) {
			if (phase + ts == 0)
				listen(t, 80);
			t->rport = (uint16_t)(3000 + 2 * phase + ts);
			send(t, SYN, .mss = 1460, .tsval = ts ? 700 : 0);
			recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = ts, .tsecr = ts ? 700 : 0);
			uint32_t tsval = t->tsval;

			silence(t, 32 * SECONDS);
			send(t, ACK, .seq = 1, .ack = 1, .tsval = ts ? 700 : 0, .tsecr = tsval);
			event(t, WEIR_EV_OPENED);
			call(tcp_abort(t->tcp, t->conn), 0);
			recv(t, RST | ACK, .seq = 1, .ack = 1);
			event_closed(t, 0, WEIR_REASON_ABORTED);
			/* Captured, and played again when the connection is over. */
			silence(t, 37 * SECONDS);
			send(t, SYN, .mss = 1460, .port = 9);
			uint32_t iss = t->our_iss;

			recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .port = 9);
			t->our_iss = iss;
			send(t, ACK, .seq = 1, .ack = 1, .tsval = ts ? 700 : 0, .tsecr = tsval);
			refused(t);
		}
		silence(t, 2 * SECONDS);
	}
}

TRACE_CONFIGURED(a_cookie_is_of_one_tuple, always)
{
	cookie_comes(t, false);
	send(t, ACK, .seq = 1, .ack = 1, .port = t->rport + 1u);
	counted(t, cookies_rejected, 1);
	recv(t, RST, .seq = 1, .port = t->rport + 1u);
	cr_assert_eq(t->tcp->hot.used, 0);
}

TRACE_CONFIGURED(a_cookie_is_of_one_syn, always)
{
	cookie_comes(t, true);
	send(t, ACK, .seq = 2, .ack = 1, .tsval = 700, .tsecr = t->tsval);
	refused(t);
}

/* No bit of what it says can be changed: those of the number, and those of the timestamp. */
TRACE_CONFIGURED(a_cookie_cannot_be_changed, always)
{
	cookie_comes(t, true);
	for (unsigned bit = 0; bit < 32; bit++) {
		send(t, ACK, .seq = 1, .ack = 1 ^ 1u << bit, .tsval = 700, .tsecr = t->tsval);
		refused(t);
		send(t, ACK, .seq = 1, .ack = 1, .tsval = 700, .tsecr = t->tsval ^ 1u << bit);
		refused(t);
	}
	send(t, ACK, .seq = 1, .ack = 1); /* without the timestamps that it was made with */
	refused(t);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 700, .tsecr = t->tsval);
	event(t, WEIR_EV_OPENED);
}

/* The connection that it made is what its segments find. */
TRACE_CONFIGURED(a_cookie_makes_one_connection, always)
{
	cookie_comes(t, false);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	quiet(t);
	counted(t, cookies_accepted, 1);
	cr_assert_eq(t->tcp->hot.used, 1);
}

/* Both sides close, the peer last: the connection waits in TIME-WAIT here. */
static void close_both(struct trace *t, bool ts)
{
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .tsval = ts ? 702 : 0, .tsecr = t->tsval);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

/* Nor does a captured one open it again from TIME-WAIT, whatever timestamp it is given. */
TRACE_CONFIGURED(a_cookie_does_not_end_its_own_time_wait, always)
{
	cookie_comes(t, true);
	uint32_t cookie = t->tsval;

	silence(t, 600 * MS);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = cookie);
	event(t, WEIR_EV_OPENED);
	close_both(t, true);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = cookie);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 800, .tsecr = cookie);
	send(t, ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 900, .tsecr = cookie);
	recv(t, ACK, .seq = 2, .ack = 2); /* TIME-WAIT's answer to what is out of place there */
	cr_assert(t->tcp->states[WEIR_TIME_WAIT] == 1 && t->tcp->hot.used == 0);
	counted(t, cookies_accepted, 1);
	no_event(t);
}

TRACE_CONFIGURED(nor_without_timestamps, always)
{
	cookie_comes(t, false);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	close_both(t, false);
	send(t, ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 10);
	recv(t, ACK, .seq = 2, .ack = 2);
	cr_assert(t->tcp->states[WEIR_TIME_WAIT] == 1 && t->tcp->hot.used == 0);
	counted(t, cookies_accepted, 1);
}

/*
 * A newer connection from the same port: TIME-WAIT stands until its ACK comes,
 * and a SYN alone does not end it.
 */
TRACE_CONFIGURED(a_newer_cookie_ends_time_wait, always)
{
	for (unsigned ts = 0; ts < 2; ts++) {
		if (ts == 0)
			listen(t, 80);
		t->rport = (uint16_t)(4000 + ts);
		send(t, SYN, .mss = 1460, .tsval = ts ? 700 : 0);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = ts, .tsecr = ts ? 700 : 0);
		send(t, ACK, .seq = 1, .ack = 1, .tsval = ts ? 701 : 0, .tsecr = t->tsval);
		event(t, WEIR_EV_OPENED);
		close_both(t, ts);
		silence(t, 700 * MS);
		trace_new_peer(t, 5000);
		send(t, SYN, .mss = 1460, .tsval = ts ? 2000 : 0);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = ts, .tsecr = ts ? 2000 : 0);
		cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 1);
		send(t, ACK, .seq = 1, .ack = 1, .tsval = ts ? 2001 : 0, .tsecr = t->tsval);
		event(t, WEIR_EV_OPENED);
		cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 0);
		counted(t, time_wait_reused, 1);
		call(tcp_abort(t->tcp, t->conn), 0);
		recv(t, RST | ACK, .seq = 1, .ack = 1);
		event_closed(t, 0, WEIR_REASON_ABORTED);
	}
}

/* Who does not answer by cookies does not look for any. */
TRACE(no_cookie_without_need)
{
	cookie_comes(t, false);
	cr_assert_eq(half_open(t), 1);
	send(t, ACK, .seq = 1, .ack = 99, .port = 5);
	recv(t, RST, .seq = 99, .port = 5);
	counted(t, cookies_rejected, 0);
}

/* A core has a secret of its own; a fleet has one that all of it accept. */
static const uint8_t fleet_key[WEIR_COOKIE_KEY_BYTES] = "a fleet's key, of 32 bytes......";
static const uint8_t next_key[WEIR_COOKIE_KEY_BYTES] = "the next one, of 32 bytes.......";

#define TODAY (1700000000ull * SECONDS)

/* Nothing under way is lost when the key is changed; and the key before is forgotten with its cookies. */
TRACE_CONFIGURED(a_key_may_be_changed, always)
{
	listen(t, 80);
	for (unsigned ts = 0; ts < 2; ts++) {
		const uint8_t *keys[] = { fleet_key, next_key };

		for (unsigned i = 0; i < 2; i++) {
			t->rport = (uint16_t)(6000 + 2 * ts + i);
			send(t, SYN, .mss = 1460, .tsval = ts ? 700 : 0);
			recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = ts, .tsecr = ts ? 700 : 0);
			uint32_t iss = t->our_iss, tsval = t->tsval;

			tcp_set_cookie_key(t->tcp, keys[i], TODAY + t->now_ns);
			send(t, ACK, .seq = 1, .ack = 1, .tsval = ts ? 701 : 0, .tsecr = tsval);
			event(t, WEIR_EV_OPENED);
			trace_write(t, 10);
			recv(t, ACK | PSH, .seq = 1, .ack = 1, .len = 10, .tsval = ts, .tsecr = ts ? 701 : 0);
			cr_assert(!ts || seq_ge(t->tsval, tsval));
			call(tcp_abort(t->tcp, t->conn), 0);
			recv(t, RST | ACK, .seq = 11, .ack = 1);
			event_closed(t, 0, WEIR_REASON_ABORTED);
			silence(t, 69 * SECONDS);
			t->our_iss = iss;
			send(t, ACK, .seq = 1, .ack = 1, .tsval = ts ? 701 : 0, .tsecr = tsval);
			refused(t);
		}
	}
}

/* The cookie of a record that another one has replaced by now makes the connection all the same. */
static void small_backlog(struct weir_config *config)
{
	config->max_half_open = 8;
}

TRACE_CONFIGURED(a_cookie_beside_a_half_open_record, small_backlog)
{
	struct weir_defence defence;

	cookie_comes(t, false);
	tcp_defence_default(t->tcp, &defence);
	defence.mode = WEIR_DEFENCE_ALWAYS;
	call(tcp_set_listener_defence(t->tcp, 0, &defence), 0);
	t->rport++;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	uint32_t iss = t->our_iss;

	defence.mode = WEIR_DEFENCE_AUTO;
	call(tcp_set_listener_defence(t->tcp, 0, &defence), 0);
	send(t, SYN, .mss = 1460); /* again: this time there is a record */
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	cr_assert(half_open(t) == 2 && t->our_iss != iss);
	t->our_iss = iss;
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(half_open(t), 1);
	counted(t, cookies_accepted, 1);
}
