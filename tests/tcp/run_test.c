/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs (tcp/run.h): segments that only go on with a stream are taken in as one, and nobody can tell. So most
 * of this is one test: a burst leaves the same behind as its segments one by one, whatever they are.
 */
#include "support/trace.h"

#include "base/rng.h"
#include "tcp/reassembly.h"

#define SEED 6
#define ROUNDS 150
#define OURS 2896 /* bytes of ours that are in flight, two segments, for the peer to acknowledge or not */

/* The same of both ways: the record and its extension, what was counted, told and answered. */
struct outcome {
	struct tcb tcb;
	struct tcb_ext ext;
	struct counters counters;
	unsigned what;
	uint32_t received;
	unsigned answers_count;
	struct seg answers[8];
	struct sack sacks[8];
};

/* Empties the endpoint, so that nothing of it is lost when its memory is put back. */
static void look(struct trace *t, struct outcome *outcome)
{
	struct tcb *tcb = tcb_at(t->tcp, t->conn.index);
	struct weir_event event;
	struct seg_side side = { 0 };

	memset(outcome, 0, sizeof(*outcome));
	outcome->tcb = *tcb;
	if (tcb->flags & TCB_EXT)
		outcome->ext = *tcb_ext(t->tcp, tcb);
	outcome->counters = t->counters;
	while (tcp_events(t->tcp, &event, 1) == 1) {
		outcome->what |= event.what;
		outcome->received += event.bytes;
		payload_free((payload)(uintptr_t)event.payload);
	}
	for (struct seg *answer = outcome->answers;
	     tcp_output(t->tcp, answer, &side, 1, t->now_ns) == 1 && answer < &outcome->answers[7];
	     answer++) {
		if (answer->opts & SEG_OPT_SACK)
			outcome->sacks[outcome->answers_count] = side.sack;
		outcome->answers_count++;
	}
	if (tcb->flags & TCB_EXT)
		reassembly_clear(t->tcp, tcb);
}

/* What all segments of a burst have in common. */
struct manner {
	uint32_t len; /* of each; 0: any */
	bool sacks;   /* each tells what arrived of ours */
};

static struct manner any_manner(struct rng *rng)
{
	struct manner manner = { 0 };

	if (rng_below(rng, 8) == 0)
		manner.len = 2000; /* larger than most: the window ends before the buffers do */
	manner.sacks = rng_below(rng, 8) == 0;
	return manner;
}

/* Now and then it stands elsewhere than where it is due. *seq: where the next one does. */
static void misplace(struct rng *rng, struct trace_seg *seg, uint32_t *seq)
{
	switch (rng_below(rng, 80)) {
	case 0: /* one before it was lost */
		*seq += 100;
		break;
	case 1: /* comes again, in part or whole */
		*seq -= rng_below(rng, seg->len + 1);
		break;
	case 2: /* before its turn */
		seg->seq += 500;
		*seq -= seg->len;
		break;
	case 3:
		*seq -= seg->len;
		seg->len = 0;
		break;
	default:
		break;
	}
}

/* Now and then it says something else than the others. */
static void misspeak(struct rng *rng, struct trace_seg *seg)
{
	static const uint32_t tsvals[] = { 0, 690, 701, 703 };
	static const unsigned flags[] = { CWR, URG, ACK, SYN, RST, FIN };

	switch (rng_below(rng, 60)) {
	case 0:
	case 1:
		seg->tsval = tsvals[rng_below(rng, 4)];
		break;
	case 2:
		seg->wnd = 256u << rng_below(rng, 3);
		break;
	case 3:
		seg->ack = 1 + 1448 * rng_below(rng, 4);
		break;
	case 4:
		seg->ecn = 3;
		break;
	case 5:
	case 6:
		seg->flags ^= flags[rng_below(rng, 6)];
		break;
	case 7:
		seg->sack[0] = (struct sack_block){ 1449, 2897 };
		break;
	default:
		break;
	}
}

/*
 * A segment at *seq, and where the next one stands: mostly nothing else than the text that is due. Its length
 * is any: the window is counted by fours.
 */
static struct trace_seg any_segment(struct rng *rng, struct manner manner, uint32_t *seq)
{
	struct trace_seg seg = {
		.flags = rng_below(rng, 4) == 0 ? PSH | ACK : ACK,
		.seq = *seq,
		.ack = 1,
		.len = manner.len > 0 ? manner.len : 1 + rng_below(rng, 240),
		.wnd = 512,
		.tsval = 702,
	};

	if (manner.sacks)
		seg.sack[0] = (struct sack_block){ 1449, 1450 + 4 * rng_below(rng, 300) };
	*seq += seg.len;
	misplace(rng, &seg, seq);
	misspeak(rng, &seg);
	if (seg.flags & FIN)
		*seq += rng_below(rng, 2); /* or it goes on as if there had been none */
	return seg;
}

/* With all options, ECN agreed on, and segments of ours in flight. */
static void open_busy(struct trace *t)
{
	listen(t, 80);
	send(t, SYN | ECE | CWR, .mss = 1472, .wscale = 8, .sack_ok = true, .tsval = 700);
	recv(t, SYN | ACK | ECE, .ack = 1, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1,
	     .tsecr = 700);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512, .tsval = 701);
	event(t, WEIR_EV_OPENED);
	trace_write_static(t, OURS); /* nothing of it is freed when it is acknowledged */
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1448, .ecn = 2);
	recv(t, PSH | ACK, .seq = 1449, .ack = 1, .len = 1448, .ecn = 2);
	quiet(t);
}

/* What came before this burst: as many segments in order, unread. */
static void hold(struct trace *t, unsigned n)
{
	t->keep = true;
	for (unsigned i = 0; i < n; i++)
		send(t, ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000, .wnd = 512, .tsval = 701);
	event(t, n > 0 ? WEIR_EV_DATA : 0);
	if (n > 0)
		recv(t, ACK, .seq = 2897, .ack = 1 + 1000 * n);
}

static void a_burst_and_its_segments(struct trace *t, struct rng *rng, unsigned held)
{
	size_t bytes = tcp_footprint(&t->config);
	uint8_t *before = malloc(bytes);
	struct counters counted_before = t->counters;
	struct trace_seg segs[TCP_BURST_MAX];
	static struct outcome whole, apart;
	uint32_t seq = 1 + 1000 * held;
	struct manner manner = any_manner(rng);
	unsigned n = 1 + rng_below(rng, TCP_BURST_MAX);

	memcpy(before, t->memory, bytes);
	for (unsigned i = 0; i < n; i++)
		segs[i] = any_segment(rng, manner, &seq);
	trace_send_burst(t, segs, n);
	look(t, &whole);

	memcpy(t->memory, before, bytes);
	t->counters = counted_before;
	for (unsigned i = 0; i < n; i++)
		trace_send(t, segs[i]);
	look(t, &apart);

	cr_assert_eq(memcmp(&whole, &apart, sizeof(whole)), 0, "a burst of %u, %u held", n, held);
	memcpy(t->memory, before, bytes);
	t->counters = counted_before;
	free(before);
}

static void any_bursts(struct trace *t, unsigned held)
{
	struct rng rng = { SEED + held };

	open_busy(t);
	hold(t, held);
	for (unsigned i = 0; i < ROUNDS; i++)
		a_burst_and_its_segments(t, &rng, held);
	trace_release(t);
	send(t, ACK, .seq = 1 + 1000 * held, .ack = 1 + OURS, .wnd = 512, .tsval = 702);
	event(t, WEIR_EV_SENT);
	if (held > 0)
		recv(t, ACK, .seq = 1 + OURS, .ack = 1 + 1000 * held); /* the window is open again */
}

TRACE(a_burst_leaves_what_its_segments_leave)
{
	any_bursts(t, 0);
}

/* The window ends within most of the bursts, or the buffers do. */
TRACE(a_burst_leaves_what_its_segments_leave_at_the_windows_edge)
{
	any_bursts(t, 50);
}

/* So many segments of 1000 bytes from the beginning on. */
static void run_of(struct trace_seg *segs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		segs[i] = (struct trace_seg){ .flags = ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000 };
}

TRACE(a_run_is_told_and_answered_once)
{
	struct trace_seg segs[32];

	trace_open_active(t);
	run_of(segs, 32);
	trace_send_burst(t, segs, 32);
	counted(t, bytes_in, 32000);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 32000);
	recv(t, ACK, .seq = 1, .ack = 32001);
	silence(t, 1 * SECONDS);
}

/* Two connections in one burst: each has its own. */
TRACE(a_run_ends_at_anothers_segment)
{
	trace_open_active(t);
	burst(t, { ACK, .seq = 1, .ack = 1, .len = 100 }, { ACK, .seq = 101, .ack = 1, .len = 100 },
	      { ACK, .seq = 201, .ack = 1, .len = 100, .port = 81 },
	      { ACK, .seq = 201, .ack = 1, .len = 100 });
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 300);
	recv(t, RST, .seq = 1, .port = 81);
	recv(t, ACK, .seq = 1, .ack = 301);
}

/* One is lost within it: what is behind the gap waits, and the peer is told. */
TRACE(a_run_ends_at_a_gap)
{
	struct trace_seg segs[32];

	connect(t);
	recv_syn(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460, .sack_ok = true);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	run_of(segs, 32);
	segs[12] = segs[31];
	trace_send_burst(t, segs, 31);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 12000);
	recv(t, ACK, .seq = 1, .ack = 12001, .sack = { { 13001, 32001 } });
	run_of(segs, 13);
	send(t, ACK, .seq = 12001, .ack = 1, .len = 1000);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 32000);
	recv(t, ACK, .seq = 1, .ack = 32001);
}

/* PAWS (RFC 7323 section 5) is asked about each. */
TRACE(an_old_timestamp_ends_a_run)
{
	trace_open_timestamps(t);
	burst(t, { ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 702 },
	      { ACK, .seq = 101, .ack = 1, .len = 100, .tsval = 702 },
	      { ACK, .seq = 201, .ack = 1, .len = 100, .tsval = 600 },
	      { ACK, .seq = 201, .ack = 1, .len = 100, .tsval = 703 });
	counted(t, drop_paws, 1);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 300);
	recv(t, ACK, .seq = 1, .ack = 301, .tsval = 1, .tsecr = 702);
}

/* A window that the last of them tells is in force (RFC 9293 section 3.10.7.4). */
TRACE(a_run_does_not_hide_a_window)
{
	trace_open_active(t);
	burst(t, { ACK, .seq = 1, .ack = 1, .len = 100, .wnd = 512 },
	      { ACK, .seq = 101, .ack = 1, .len = 100, .wnd = 512 },
	      { ACK, .seq = 201, .ack = 1, .len = 100, .wnd = 256 });
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 301);
	cr_assert_eq(trace_info(t).send_window_bytes, 256 << 7);
}

/* An ACK for every second segment, when the first to come has none (RFC 9293 section 3.8.6.3). */
TRACE(a_run_behind_an_empty_segment_is_acknowledged)
{
	trace_open_active(t);
	burst(t, { ACK, .seq = 1, .ack = 1 }, { ACK, .seq = 1, .ack = 1, .len = 100 },
	      { ACK, .seq = 101, .ack = 1, .len = 100 });
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 201);
}

/* A name that two pairs of addresses share is the first one's (tuple.h). */
TRACE_OF(6, a_run_ends_at_another_pair_of_its_name)
{
	struct seg segs[3];
	struct seg_side sides[3];
	struct weir_event event;
	uint64_t turned;

	trace_open_active(t);
	for (unsigned i = 0; i < 3; i++) {
		struct tuple tuple = trace_tuple(t, t->lport, t->rport);

		segs[i] = (struct seg){
			.tuple = tuple,
			.hash = tuple_hash(t->secrets.table, &tuple),
			.seq = t->peer_isn + 1 + i,
			.ack = t->our_iss + 1,
			.flags = ACK,
			.len = 1,
			.wnd = 65535,
			.payload = payload_arena_copy("x", 1),
		};
		sides[i].pair = t->pair;
	}
	sides[2].pair.remote.lo ^= 1;
	cr_assert_eq(tcp_input(t->tcp, segs, sides, 3, t->now_ns, &turned), 3);
	counted(t, drop_name_taken, 1);
	payload_free(segs[2].payload);
	cr_assert_eq(tcp_events(t->tcp, &event, 1), 1);
	cr_assert_eq(event.bytes, 2);
	tcp_release(t->tcp, event.conn, (payload)(uintptr_t)event.payload);
	recv(t, ACK, .seq = 1, .ack = 3);
}

/* What goes out in one call, and segment by segment: the same, and the same is left of the connection. */
static void a_call_and_its_segments(struct trace *t, uint32_t queued)
{
	size_t bytes = tcp_footprint(&t->config);
	struct tcb *tcb = tcb_at(t->tcp, t->conn.index);
	struct seg whole[TCP_BURST_MAX], apart;
	struct seg_side sides[TCP_BURST_MAX];
	struct tcb_ext ext_whole;
	struct tcb tcb_whole;
	uint8_t *before = malloc(bytes);

	trace_write_static(t, queued);
	memcpy(before, t->memory, bytes);
	unsigned n = tcp_output(t->tcp, whole, sides, TCP_BURST_MAX, t->now_ns);

	tcb_whole = *tcb;
	ext_whole = *tcb_ext(t->tcp, tcb);
	memcpy(t->memory, before, bytes);
	for (unsigned i = 0; i < n; i++) {
		cr_assert_eq(tcp_output(t->tcp, &apart, sides, 1, t->now_ns), 1);
		whole[i].like_last = false;
		cr_assert_eq(memcmp(&apart, &whole[i], sizeof(apart)), 0, "segment %u of %u", i, n);
	}
	quiet(t);
	cr_assert_eq(memcmp(tcb, &tcb_whole, sizeof(*tcb)), 0, "%u segments", n);
	cr_assert_eq(memcmp(tcb_ext(t->tcp, tcb), &ext_whole, sizeof(ext_whole)), 0, "%u segments", n);
	free(before);
}

/* All that is queued, the queue's last one with PSH; the windows end before it the other times. */
TRACE(what_is_made_at_once_is_what_is_made_one_by_one)
{
	static const uint32_t queued[] = { 2000, 2920, 7301, 40000, 100000, 60000 };
	uint32_t seq = 1;

	trace_open_active(t);
	for (unsigned i = 0; i < 6; i++) {
		a_call_and_its_segments(t, queued[i]);
		seq += trace_info(t).unacked_bytes;
		send(t, ACK, .seq = 1, .ack = seq, .wnd = i == 3 ? 300 : 512);
		while (trace_info(t).unsent_bytes > 0) {
			struct seg seg;

			cr_assert_eq(tcp_output(t->tcp, &seg, &t->ahead_side, 1, t->now_ns), 1);
			seq += seg.len;
			send(t, ACK, .seq = 1, .ack = seq, .wnd = i == 3 ? 300 : 512);
		}
		event(t, WEIR_EV_SENT);
	}
}

/* Each of a run but its first says what the one before it says; the queue's last one has PSH to say. */
TRACE(a_run_is_marked)
{
	struct seg segs[6];
	struct seg_side sides[6];

	trace_open_active(t);
	trace_write(t, 5 * 1460);
	cr_assert_eq(tcp_output(t->tcp, segs, sides, 6, t->now_ns), 5);
	for (unsigned i = 0; i < 5; i++) {
		cr_assert_eq(segs[i].like_last, i > 0 && i < 4, "segment %u", i);
		cr_assert_eq(segs[i].flags, i < 4 ? ACK : PSH | ACK, "segment %u", i);
	}
	send(t, ACK, .seq = 1, .ack = 1 + 5 * 1460);
	event(t, WEIR_EV_SENT);
}
