/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/trace.h"

#include <stdlib.h>
#include <string.h>

#include "support/addresses.h"
#include "tcp/isn.h"

#undef listen
#undef connect
#undef send
#undef recv

/* How far below the wrap both streams begin: low enough that handshakes, first data and FINs cross it. */
#define BELOW_WRAP 3u

static uint8_t stream_byte(uint32_t position, unsigned salt)
{
	return (uint8_t)(position * 131 + position / 251 + salt);
}

#define OUR_STREAM 7
#define PEER_STREAM 91

struct tuple trace_tuple(const struct trace *t, uint16_t lport, uint16_t rport)
{
	return tcp_tuple(t->tcp, &t->pair, lport, rport);
}

struct weir_endpoint trace_local(const struct trace *t)
{
	return (struct weir_endpoint){ t->pair.local, t->lport };
}

struct weir_endpoint trace_remote(const struct trace *t)
{
	return (struct weir_endpoint){ t->pair.remote, t->rport };
}

/* The ISS is a clock plus a secret: to have it stand below the wrap, start the clock where it must. */
static void place_iss(struct trace *t)
{
	if (!t->near_wrap)
		return;
	struct tuple tuple = trace_tuple(t, t->lport, t->rport);
	uint32_t iss = isn_make(t->tcp, &tuple).iss;
	uint64_t clock = (t->now_ns >> 12) + (uint32_t)(-BELOW_WRAP - iss);
	/* Rounded within the clock's step: the next one begins after 4 us. */
	t->now_ns = clock << 12;
	tcp_advance(t->tcp, t->now_ns);
}

void trace_listen(struct trace *t, uint16_t port)
{
	cr_assert_geq(tcp_listen(t->tcp, (struct weir_endpoint){ .port = port }, 42), 0);
	t->lport = port;
	t->rport = TRACE_OTHER_PORT;
	place_iss(t);
}

void trace_connect(struct trace *t)
{
	t->lport = TRACE_OTHER_PORT;
	t->rport = TRACE_PORT;
	tcp_advance(t->tcp, t->now_ns);
	place_iss(t);
	int err = tcp_connect(t->tcp, trace_local(t), trace_remote(t), 43, t->now_ns, &t->conn);

	cr_assert_eq(err, 0, "connect: %d", err);
}

static payload stream_payload(uint32_t position, uint32_t len, unsigned salt)
{
	uint8_t bytes[65536];

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = stream_byte(position + i, salt);
	return payload_arena_copy(bytes, len);
}

static struct seg make_seg(const struct trace *t, const struct trace_seg *in)
{
	struct seg seg = {
		.tuple = arriving_tuple(&t->pair, t->lport, in->port != 0 ? (uint16_t)in->port : t->rport),
		.seq = t->peer_isn + in->seq,
		.ack = in->flags & ACK ? t->our_iss + in->ack : 0,
		.flags = (uint8_t)in->flags,
		.len = (uint16_t)in->len,
		.wnd = (uint16_t)(in->wnd != 0 || in->zero_window ? in->wnd : 65535),
		.tsval = in->tsval,
		.tsecr = in->tsecr,
		.tos = (uint8_t)in->ecn,
		.mss = (uint16_t)in->mss,
		.wscale = (uint8_t)(in->wscale > 0 ? in->wscale - 1 : 0),
		.opts = (uint8_t)((in->mss ? SEG_OPT_MSS : 0) | (in->wscale ? SEG_OPT_WSCALE : 0) |
				  (in->tsval ? SEG_OPT_TS : 0) | (in->sack_ok ? SEG_OPT_SACK_OK : 0)),
	};

	if (in->len > 0)
		seg.payload = stream_payload(in->seq + !!(in->flags & SYN), in->len, PEER_STREAM);
	return seg;
}

/* The peer tells of our stream. */
static void make_sack(const struct trace *t, const struct trace_seg *in, struct seg *seg, struct sack *sack)
{
	for (; seg->sacks < SACK_BLOCKS_MAX && in->sack[seg->sacks].right != 0; seg->sacks++) {
		sack->blocks[seg->sacks].left = t->our_iss + in->sack[seg->sacks].left;
		sack->blocks[seg->sacks].right = t->our_iss + in->sack[seg->sacks].right;
		seg->opts |= SEG_OPT_SACK;
	}
}

void trace_send_burst(struct trace *t, const struct trace_seg *in, unsigned n)
{
	struct seg segs[TCP_BURST_MAX];
	struct seg_side sides[TCP_BURST_MAX];

	cr_assert_leq(n, TCP_BURST_MAX);
	for (unsigned i = 0; i < n; i++) {
		segs[i] = make_seg(t, &in[i]);
		sides[i].pair = t->pair;
		make_sack(t, &in[i], &segs[i], &sides[i].sack);
	}
	uint64_t turned;

	cr_assert_eq(tcp_input(t->tcp, segs, sides, n, t->now_ns, &turned), n);
	cr_assert_eq(t->turned_first, t->turned_count, "a cookie was sent, and not expected");
	t->turned_first = t->turned_count = 0;
	for (unsigned i = 0; i < n; i++) {
		payload_free(segs[i].payload);
		segs[i].payload = 0;
		if (turned >> i & 1)
			t->turned[t->turned_count++] = segs[i];
	}
}

void trace_send(struct trace *t, struct trace_seg in)
{
	trace_send_burst(t, &in, 1);
}

/* The next segment of tcp_output(), which must fill in what belongs to it. */
static bool next_output(struct trace *t)
{
	t->ahead_side = (struct seg_side){ 0 };
	return tcp_output(t->tcp, &t->ahead, &t->ahead_side, 1, t->now_ns) == 1;
}

/* Fetches the next segment that is sent, and looks at its bytes while they can be read. */
static bool peek(struct trace *t)
{
	struct seg *seg = &t->ahead;
	uint8_t bytes[65536];

	if (t->has_ahead)
		return true;
	if (t->turned_first < t->turned_count) {
		*seg = t->turned[t->turned_first++];
		t->ahead_side.pair = t->pair; /* those of the SYN */
	} else if (!next_output(t)) {
		return false;
	}
	t->has_ahead = true;
	if (seg->flags & SYN)
		t->our_iss = seg->seq;
	if (seg->opts & SEG_OPT_TS)
		t->tsval = seg->tsval;
	if (seg->len == 0)
		return true;
	tcp_read(t->tcp, seg, bytes);
	for (uint32_t i = 0; i < seg->len; i++) {
		uint32_t position = seg->seq - t->our_iss + i;

		cr_assert_eq(bytes[i], stream_byte(position, OUR_STREAM),
			     "byte %u of our stream is wrong as sent", position);
	}
	return true;
}

static void check_sack(const struct trace *t, const struct trace_seg *want, const struct seg *seg,
		       const char *file, int line)
{
	unsigned n = 0;

	for (; n < SACK_BLOCKS_MAX && want->sack[n].right != 0; n++) {
		uint32_t left = t->ahead_side.sack.blocks[n].left - t->peer_isn;
		uint32_t right = t->ahead_side.sack.blocks[n].right - t->peer_isn;

		cr_assert(n < seg->sacks && left == want->sack[n].left && right == want->sack[n].right,
			  "%s:%d: SACK block %u of %u is %u to %u, expected %u to %u", file, line, n,
			  seg->sacks, left, right, want->sack[n].left, want->sack[n].right);
	}
	cr_assert_eq(seg->sacks, n, "%s:%d: %u SACK blocks, expected %u", file, line, seg->sacks, n);
	cr_assert_eq(!!(seg->opts & SEG_OPT_SACK), n > 0, "%s:%d: SACK option", file, line);
}

/* Which connection's it is. */
static void check_ends(const struct trace *t, const struct tuple *tuple, uint16_t rport, const char *file,
		       int line)
{
	struct tuple fair = trace_tuple(t, t->lport, rport);

	cr_assert(tuple_equal(tuple, &fair), "%s:%d: sent from port %u to port %u, expected %u to %u", file,
		  line, tuple->lport, tuple->rport, t->lport, rport);
	cr_assert(!t->is6 || pair_equal(&t->ahead_side.pair, &t->pair),
		  "%s:%d: sent between others' addresses", file, line);
}

void trace_recv(struct trace *t, struct trace_seg want, const char *file, int line)
{
	cr_assert(peek(t), "%s:%d: nothing was sent", file, line);
	struct seg seg = t->ahead;

	t->has_ahead = false;
	uint32_t seq = seg.seq - t->our_iss;
	uint32_t ack = seg.flags & ACK ? seg.ack - t->peer_isn : 0;

	if (seg.flags & RST && seg.seq == 0)
		seq = 0; /* the RST for what has no ACK */
	check_ends(t, &seg.tuple, (uint16_t)(want.port != 0 ? want.port : t->rport), file, line);
	cr_assert(seg.flags == want.flags && seq == want.seq && ack == want.ack && seg.len == want.len,
		  "%s:%d: sent flags %#x seq %u ack %u len %u, expected flags %#x seq %u ack %u len %u", file,
		  line, seg.flags, seq, ack, seg.len, want.flags, want.seq, want.ack, want.len);
	if (want.wnd != 0 || want.zero_window)
		cr_assert_eq(seg.wnd, want.wnd, "%s:%d: window %u, expected %u", file, line, seg.wnd,
			     want.wnd);
	if (want.flags & SYN) {
		cr_assert_eq(seg.opts & SEG_OPT_MSS ? seg.mss : 0, want.mss, "%s:%d: MSS %u", file, line,
			     seg.mss);
		cr_assert_eq(seg.opts & SEG_OPT_WSCALE ? seg.wscale + 1u : 0, want.wscale, "%s:%d: scale %u",
			     file, line, seg.wscale);
		cr_assert_eq(!!(seg.opts & SEG_OPT_SACK_OK), want.sack_ok, "%s:%d: SACK-permitted", file,
			     line);
		cr_assert_eq(!!(seg.opts & SEG_OPT_TS), want.tsval != 0, "%s:%d: timestamps", file, line);
	} else {
		cr_assert_eq(seg.opts & ~(SEG_OPT_TS | SEG_OPT_SACK), 0, "%s:%d: options %#x without SYN",
			     file, line, seg.opts);
	}
	cr_assert(seg.ttl == (want.ttl != 0 ? want.ttl : 64) && seg.tos == (want.dscp << 2 | want.ecn),
		  "%s:%d: TTL %u, TOS %u", file, line, seg.ttl, seg.tos);
	check_sack(t, &want, &seg, file, line);
	if (want.tsval != 0)
		cr_assert(seg.opts & SEG_OPT_TS, "%s:%d: no timestamps", file, line);
	if (want.tsecr != 0)
		cr_assert_eq(seg.tsecr, want.tsecr, "%s:%d: TSecr %u", file, line, seg.tsecr);
}

void trace_quiet(struct trace *t, const char *file, int line)
{
	const struct seg *seg = &t->ahead;

	cr_assert(!peek(t), "%s:%d: sent flags %#x seq %u ack %u len %u", file, line, seg->flags,
		  seg->seq - t->our_iss, seg->ack - t->peer_isn, seg->len);
}

/* What the application gets must be the peer's stream, without a gap. */
static void take_data(struct trace *t, const struct weir_event *event, const char *file, int line)
{
	payload data = (payload)(uintptr_t)event->payload;
	uint8_t bytes[1 << 18];

	cr_assert_eq(payload_bytes(data), event->bytes);
	cr_assert_eq(payload_buffers(data), event->buffers);
	cr_assert_leq(event->bytes, sizeof(bytes));
	payload_read(data, 0, bytes, event->bytes);
	for (uint32_t i = 0; i < event->bytes; i++)
		cr_assert_eq(bytes[i], stream_byte(1 + t->received + i, PEER_STREAM),
			     "%s:%d: byte %u that arrived is wrong", file, line, t->received + i);
	t->received += event->bytes;
	if (t->keep) {
		cr_assert_lt(t->kept_count, 64);
		t->kept[t->kept_count++] = data;
	} else {
		tcp_release(t->tcp, event->conn, data);
	}
}

void trace_event(struct trace *t, unsigned what, unsigned reason, const char *file, int line)
{
	struct weir_event event;
	unsigned n = tcp_events(t->tcp, &event, 1);

	cr_assert_eq(n, what != 0, "%s:%d: %u events (%#x)", file, line, n, n ? event.what : 0);
	if (n == 0)
		return;
	cr_assert_eq(event.what, what, "%s:%d: event %#x, expected %#x", file, line, event.what, what);
	if (what & (WEIR_EV_CLOSED | WEIR_EV_WARNING))
		cr_assert_eq(event.reason, reason, "%s:%d: reason %s, expected %s", file, line,
			     weir_reason_name((enum weir_reason)event.reason),
			     weir_reason_name((enum weir_reason)reason));
	t->conn = event.conn;
	if (event.payload != NULL)
		take_data(t, &event, file, line);
}

void trace_state(struct trace *t, enum weir_state state, const char *file, int line)
{
	struct weir_info info = { .state = WEIR_CLOSED };

	tcp_info(t->tcp, t->conn, &info);
	cr_assert_eq(info.state, state, "%s:%d: %s, expected %s", file, line, weir_state_name(info.state),
		     weir_state_name(state));
}

struct weir_info trace_info(const struct trace *t)
{
	struct weir_info info;

	cr_assert_eq(tcp_info(t->tcp, t->conn, &info), 0);
	return info;
}

/* Where in our stream the next byte that the application writes will stand. */
static uint32_t write_position(const struct trace *t)
{
	const struct tcb *tcb = tcb_at(t->tcp, t->conn.index);

	return tcb->snd_nxt - t->our_iss + trace_info(t).unsent_bytes;
}

void trace_write_static(struct trace *t, uint32_t len)
{
	uint32_t position = write_position(t);
	uint8_t *bytes = malloc(len);

	cr_assert_lt(t->statics_count, TRACE_STATICS);
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = stream_byte(position + i, OUR_STREAM);
	t->statics[t->statics_count++] = bytes;
	cr_assert_eq(tcp_send_static(t->tcp, t->conn, tcp_static(t->tcp, bytes, len)), 0);
}

void trace_write(struct trace *t, uint32_t len)
{
	payload data = stream_payload(write_position(t), len, OUR_STREAM);
	int err = tcp_send(t->tcp, t->conn, data);

	cr_assert_eq(err, 0, "send: %d", err);
}

void trace_release_some(struct trace *t, unsigned n)
{
	cr_assert_leq(n, t->kept_count);
	for (unsigned i = 0; i < n; i++)
		tcp_release(t->tcp, t->conn, t->kept[i]);
	t->kept_count -= n;
	memmove(t->kept, t->kept + n, t->kept_count * sizeof(*t->kept));
}

void trace_release(struct trace *t)
{
	trace_release_some(t, t->kept_count);
}

/* Moves time on to the next thing that is due, at `end` at the latest. */
static void step(struct trace *t, uint64_t end)
{
	uint64_t next = tcp_next_deadline(t->tcp, t->now_ns);

	if (next <= t->now_ns)
		next = t->now_ns + (1u << CLOCK_TICK_SHIFT); /* it waits for the application: go round */
	t->now_ns = next < end ? next : end;
	tcp_advance(t->tcp, t->now_ns);
}

void trace_after(struct trace *t, uint64_t ns, const char *file, int line)
{
	uint64_t start = t->now_ns, end = start + ns + TRACE_SLACK;

	trace_quiet(t, file, line);
	while (!peek(t) && t->now_ns < end)
		step(t, end);
	cr_assert(t->has_ahead, "%s:%d: nothing was sent", file, line);
	cr_assert_geq(t->now_ns, start + ns, "%s:%d: sent after %lu us", file, line,
		      (unsigned long)((t->now_ns - start) / 1000));
}

void trace_silence(struct trace *t, uint64_t ns, const char *file, int line)
{
	uint64_t start = t->now_ns, end = start + ns;

	trace_quiet(t, file, line);
	while (t->now_ns < end) {
		step(t, end);
		cr_assert(!peek(t), "%s:%d: sent flags %#x seq %u ack %u len %u after %lu us", file, line,
			  t->ahead.flags, t->ahead.seq - t->our_iss, t->ahead.ack - t->peer_isn, t->ahead.len,
			  (unsigned long)((t->now_ns - start) / 1000));
	}
}

void trace_new_peer(struct trace *t, int32_t isn)
{
	t->peer_isn += (uint32_t)isn;
	t->received = 0;
}

void trace_counted(struct trace *t, enum counter id, unsigned times, const char *file, int line)
{
	unsigned now = (unsigned)t->counters.v[id];

	cr_assert_eq(now - t->drops_seen[id], times, "%s:%d: %s grew by %u, expected %u", file, line,
		     counter_name(id), now - t->drops_seen[id], times);
	t->drops_seen[id] = now;
}

void trace_finish(struct trace *t)
{
	struct weir_event event;
	struct seg seg;

	trace_quiet(t, __FILE__, __LINE__);
	trace_event(t, 0, 0, __FILE__, __LINE__);
	trace_release(t);
	tcp_abort_all(t->tcp);
	while (tcp_output(t->tcp, &seg, &t->ahead_side, 1, t->now_ns) == 1)
		;
	while (tcp_events(t->tcp, &event, 1) == 1)
		payload_free((payload)(uintptr_t)event.payload);
	t->now_ns += 10 * t->config.msl_ns;
	for (int i = 0; i < 4; i++)
		tcp_advance(t->tcp, t->now_ns);
	for (unsigned i = 0; i < WEIR_STATES; i++)
		cr_assert_eq(t->tcp->states[i], 0, "%lu still in %s", (unsigned long)t->tcp->states[i],
			     weir_state_name((enum weir_state)i));
	cr_assert_eq(t->tcp->table.entries, 0, "the table is not empty");
	cr_assert_eq(t->tcp->hot.used + t->tcp->exts.used + t->tcp->pieces.used + t->tcp->half_opens.used, 0,
		     "records were not given back");
	cr_assert_eq(payload_arena_live(), 0, "%lu buffers were not given back",
		     (unsigned long)payload_arena_live());
}

/* Our address and the peer's: 10.0.0.1 and 10.0.0.2, fd00::1 and fd00::2. */
static const struct pair pairs[] = {
	{ .local = { 0, 0xffff0a000001 }, .remote = { 0, 0xffff0a000002 } },
	{ .local = { 0xfd00ull << 48, 1 }, .remote = { 0xfd00ull << 48, 2 } },
};

void trace_speak(struct trace *t, bool is6)
{
	t->is6 = is6;
	t->pair = pairs[is6];
}

/* Near the wrap, IPv4 runs beside IPv6. */
static void choose_family(struct trace *t, bool is6, bool near_wrap)
{
	trace_speak(t, is6);
	t->config.ranges[0] = (struct weir_range){ pairs[0].local, pairs[0].local, 24 };
	t->config.ranges[1] = (struct weir_range){ pairs[1].local, pairs[1].local, 64 };
	t->config.ranges_count = is6 || near_wrap ? 2 : 1;
	t->config.mtu += tcp_headers(is6) - tcp_headers(false);
}

static void run_once(trace_fn body, void (*setup)(struct weir_config *config), bool is6, bool near_wrap)
{
	struct trace *t = calloc(1, sizeof(*t));

	weir_config_default(&t->config);
	t->config.max_connections = 16;
	t->config.rto_min_ns =
		SECONDS; /* as RFC 6298 has it: virtual round trips of nothing leave it there */
	if (setup != NULL)
		setup(&t->config);
	choose_family(t, is6, near_wrap);
	t->secrets = (struct tcp_secrets){
		.table = { 1, 2 },
		.names = { 7, 8 },
		.isn = { 3, 4 },
		.ports = { 5, 6 },
	};
	t->now_ns = 5 * SECONDS;
	t->near_wrap = near_wrap;
	t->peer_isn = near_wrap ? -BELOW_WRAP : 1000;
	size_t bytes = tcp_footprint(&t->config);

	t->memory = aligned_alloc(64, bytes);
	memset(t->memory, 0, bytes);
	t->tcp = tcp_create(t->memory, &t->config, &t->secrets, &t->counters, t->now_ns);
	body(t);
	trace_finish(t);
	tcp_destroy(t->tcp);
	for (unsigned i = 0; i < t->statics_count; i++)
		free(t->statics[i]);
	free(t->memory);
	free(t);
}

void trace_run_of(unsigned families, trace_fn body, void (*setup)(struct weir_config *config))
{
	for (unsigned is6 = 0; is6 < 2; is6++) {
		if (!(families >> is6 & 1))
			continue;
		run_once(body, setup, is6, false);
		run_once(body, setup, is6, true);
	}
}

void trace_run(trace_fn body, void (*setup)(struct weir_config *config))
{
	trace_run_of(TRACE_FAMILY_4 | TRACE_FAMILY_6, body, setup);
}

void trace_rto_of_hosts(struct weir_config *config)
{
	config->rto_min_ns = 200 * MS;
}

static void open_passive(struct trace *t, unsigned syns)
{
	trace_listen(t, TRACE_PORT);
	for (unsigned i = 0; i < syns; i++) {
		trace_send(t, (struct trace_seg){ .flags = SYN, .mss = 1460, .wscale = 8 });
		trace_recv(
			t,
			(struct trace_seg){
				.flags = SYN | ACK, .ack = 1, .mss = 1460, .wscale = 1 + t->tcp->rcv_wscale },
			__FILE__, __LINE__);
	}
	trace_send(t, (struct trace_seg){ .flags = ACK, .seq = 1, .ack = 1, .wnd = 512 });
	trace_event(t, WEIR_EV_OPENED, 0, __FILE__, __LINE__);
	trace_quiet(t, __FILE__, __LINE__);
}

void trace_open_passive(struct trace *t)
{
	open_passive(t, 1);
}

void trace_open_unmeasured(struct trace *t)
{
	open_passive(t, 2);
}

void trace_open_active(struct trace *t)
{
	trace_connect(t);
	trace_recv(t,
		   (struct trace_seg){ .flags = SYN,
				       .mss = 1460,
				       .wscale = 1 + t->tcp->rcv_wscale,
				       .sack_ok = true,
				       .tsval = 1 },
		   __FILE__, __LINE__);
	trace_send(t, (struct trace_seg){ .flags = SYN | ACK, .ack = 1, .mss = 1460, .wscale = 8 });
	trace_event(t, WEIR_EV_OPENED, 0, __FILE__, __LINE__);
	trace_recv(t, (struct trace_seg){ .flags = ACK, .seq = 1, .ack = 1 }, __FILE__, __LINE__);
	trace_quiet(t, __FILE__, __LINE__);
}

void trace_open_timestamps(struct trace *t)
{
	trace_listen(t, TRACE_PORT);
	trace_send(t, (struct trace_seg){ .flags = SYN, .mss = 1460, .tsval = 700 });
	trace_recv(t,
		   (struct trace_seg){ .flags = SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 700 },
		   __FILE__, __LINE__);
	trace_send(t,
		   (struct trace_seg){ .flags = ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = t->tsval });
	trace_event(t, WEIR_EV_OPENED, 0, __FILE__, __LINE__);
	trace_quiet(t, __FILE__, __LINE__);
}

/* Our FIN goes out, at 1; the peer has sent its own if `theirs` is 2. */
static void shut_down(struct trace *t, uint32_t theirs)
{
	cr_assert_eq(tcp_shutdown(t->tcp, t->conn), 0);
	trace_recv(t, (struct trace_seg){ .flags = FIN | ACK, .seq = 1, .ack = theirs }, __FILE__, __LINE__);
}

/* The peer's FIN, at 1, and what we answer. */
static void peer_shuts_down(struct trace *t, uint32_t ours)
{
	trace_send(t, (struct trace_seg){ .flags = FIN | ACK, .seq = 1, .ack = 1, .wnd = 512 });
	trace_event(t, WEIR_EV_FIN, 0, __FILE__, __LINE__);
	trace_recv(t, (struct trace_seg){ .flags = ACK, .seq = ours, .ack = 2 }, __FILE__, __LINE__);
}

void trace_reach(struct trace *t, enum weir_state st, uint32_t *theirs, uint32_t *ours)
{
	bool passive_close = st == WEIR_CLOSE_WAIT || st == WEIR_LAST_ACK;

	trace_open_passive(t);
	*theirs = passive_close || st == WEIR_CLOSING ? 2 : 1;
	*ours = st == WEIR_ESTABLISHED || st == WEIR_CLOSE_WAIT ? 1 : 2;
	if (passive_close)
		peer_shuts_down(t, 1);
	if (*ours == 2)
		shut_down(t, passive_close ? 2 : 1);
	if (st == WEIR_CLOSING)
		peer_shuts_down(t, 2);
	if (st == WEIR_FIN_WAIT_2)
		trace_send(t, (struct trace_seg){ .flags = ACK, .seq = 1, .ack = 2, .wnd = 512 });
	trace_state(t, st, __FILE__, __LINE__);
	trace_quiet(t, __FILE__, __LINE__);
}
