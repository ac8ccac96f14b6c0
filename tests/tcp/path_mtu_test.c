/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments as large as their path takes: RFC 1191, RFC 8201. */
#include "support/trace.h"
#include "tcp/path_mtu.h"

#define SAME .wnd = 512
#define BLOCK(l, r)                       \
	{                                 \
		.left = (l), .right = (r) \
	}

/* A router cannot pass on our segment at `seq`: the next link takes packets of `mtu` bytes. */
static verdict too_big(struct trace *t, uint32_t seq, uint32_t mtu)
{
	return tcp_icmp(t->tcp,
			&(struct icmp_error){ .pair = t->pair,
					      .lport = t->lport,
					      .rport = t->rport,
					      .seq = t->our_iss + seq,
					      .mtu = mtu,
					      .trouble = ICMP_TOO_BIG },
			t->now_ns);
}
/* The same by what a segment may have, options and text: each family adds its header to it. */
#define told(t, seq, fits, v) cr_assert_eq(too_big(t, seq, (fits) + tcp_headers((t)->is6)), v)
#define told_mtu(t, seq, mtu, v) cr_assert_eq(too_big(t, seq, mtu), v)

static void two_in_flight(struct trace *t)
{
	trace_open_passive(t);
	trace_write(t, 2 * 1460);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
}

TRACE(what_did_not_fit_goes_again_at_once)
{
	two_in_flight(t);
	uint32_t cwnd = trace_info(t).cwnd_bytes;

	silence(t, 900 * MS);
	told(t, 1, 1260, ACCEPTED);
	cr_assert_eq(trace_info(t).mss, 1260);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
	recv(t, ACK, .seq = 1261, .ack = 1, .len = 200);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1260);
	recv(t, PSH | ACK, .seq = 2721, .ack = 1, .len = 200);
	quiet(t);
	cr_assert_eq(trace_info(t).cwnd_bytes, cwnd);
	counted(t, path_mtu_lowered, 1);
	counted(t, rto_fired, 0);
	counted(t, fast_retransmits, 0);
	silence(t, 900 * MS); /* they have an RTO of their own */
	send(t, ACK, .seq = 1, .ack = 2921, SAME);
	event(t, WEIR_EV_SENT);
	trace_write(t, 2600);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1260);
	recv(t, ACK, .seq = 4181, .ack = 1, .len = 1260);
	send(t, ACK, .seq = 1, .ack = 5441, SAME);
	recv(t, PSH | ACK, .seq = 5441, .ack = 1, .len = 80);
}

/* The RTO is neither backed off nor the next one doubled. */
TRACE(timer_does_not_back_off)
{
	two_in_flight(t);
	told(t, 1, 1260, ACCEPTED);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
	recv(t, ACK, .seq = 1261, .ack = 1, .len = 200);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1260);
	recv(t, PSH | ACK, .seq = 2721, .ack = 1, .len = 200);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
	after(t, 2 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
}

/* One message comes for each segment in flight; all but the first are no news. */
TRACE(second_message_is_no_news)
{
	two_in_flight(t);
	told(t, 1, 1260, ACCEPTED);
	told(t, 1461, 1260, COUNT_drop_icmp_sequence); /* it is about to go again */
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
	recv(t, ACK, .seq = 1261, .ack = 1, .len = 200);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1260);
	recv(t, PSH | ACK, .seq = 2721, .ack = 1, .len = 200);
	told(t, 1461, 1260, COUNT_drop_icmp_mtu);
	told(t, 1, 1260, COUNT_drop_icmp_mtu);
	quiet(t);
	counted(t, path_mtu_lowered, 1);
}

TRACE(path_may_narrow_twice)
{
	trace_open_passive(t);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	told(t, 1, 1300, ACCEPTED);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1300);
	recv(t, PSH | ACK, .seq = 1301, .ack = 1, .len = 160);
	told(t, 1301, 1250, COUNT_drop_icmp_mtu); /* that one was small enough */
	told(t, 1, 1250, ACCEPTED);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1250);
	recv(t, ACK, .seq = 1251, .ack = 1, .len = 50);
	quiet(t); /* the last 160 fit, and stay */
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(trace_info(t).mss, 1250);
}

/* RFC 1191 section 5: a router that does not name its MTU; section 7.1's plateaus. */
TRACE_OF(4, old_router_names_no_mtu)
{
	trace_open_passive(t);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	told_mtu(t, 1, 0, ACCEPTED);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1492 - 40);
	recv(t, PSH | ACK, .seq = 1453, .ack = 1, .len = 8);
	told_mtu(t, 1, 0, ACCEPTED);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1006 - 40);
	recv(t, ACK, .seq = 967, .ack = 1, .len = 486);
	told_mtu(t, 1, 0, ACCEPTED);
	recv(t, ACK, .seq = 1, .ack = 1, .len = PATH_MTU_MIN - 40);
	recv(t, ACK, .seq = 513, .ack = 1, .len = 454);
	told_mtu(t, 1, 0, COUNT_drop_icmp_mtu);
	told_mtu(t, 967, 0, COUNT_drop_icmp_mtu);
}

TRACE_OF(4, nothing_below_the_least_is_believed)
{
	two_in_flight(t);
	told_mtu(t, 1, 68, ACCEPTED);
	cr_assert_eq(trace_info(t).mss, PATH_MTU_MIN - 40);
	for (uint32_t seq = 1; seq < 2921; seq += 1460) {
		recv(t, ACK, .seq = seq, .ack = 1, .len = 512);
		recv(t, ACK, .seq = seq + 512, .ack = 1, .len = 512);
		recv(t, ACK | (seq == 1 ? 0 : PSH), .seq = seq + 1024, .ack = 1, .len = 436);
	}
	for (uint16_t mtu = 0; mtu <= PATH_MTU_MIN; mtu++)
		told_mtu(t, 1, mtu, COUNT_drop_icmp_mtu);
	quiet(t);
}

/*
 * RFC 8201 section 4: what claims to be smaller than any link may be is discarded;
 * nobody there names no size.
 */
TRACE_OF(6, what_no_link_may_have_is_discarded)
{
	two_in_flight(t);
	for (uint32_t mtu = 0; mtu < 1280; mtu++)
		told_mtu(t, 1, mtu, COUNT_drop_icmp_mtu);
	cr_assert_eq(trace_info(t).mss, 1460);
	quiet(t);
	told_mtu(t, 1, 1280, ACCEPTED);
	cr_assert_eq(trace_info(t).mss, 1220);
	for (uint32_t seq = 1; seq < 2921; seq += 1460) {
		recv(t, ACK, .seq = seq, .ack = 1, .len = 1220);
		recv(t, ACK | (seq == 1 ? 0 : PSH), .seq = seq + 1220, .ack = 1, .len = 240);
	}
	told_mtu(t, 1, 1280, COUNT_drop_icmp_mtu);
	quiet(t);
}

TRACE(no_smaller_than_what_was_sent)
{
	two_in_flight(t);
	told(t, 1, 1460, COUNT_drop_icmp_mtu);
	told(t, 1, 1461, COUNT_drop_icmp_mtu);
	told_mtu(t, 1, 65535, COUNT_drop_icmp_mtu);
	told_mtu(t, 1, UINT32_MAX, COUNT_drop_icmp_mtu);
	cr_assert_eq(trace_info(t).mss, 1460);
	told(t, 1, 1459, ACCEPTED);
	cr_assert_eq(trace_info(t).mss, 1459);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1459);
	recv(t, ACK, .seq = 1460, .ack = 1, .len = 1);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1459);
	recv(t, PSH | ACK, .seq = 2920, .ack = 1, .len = 1);
}

/* Whoever did not see the segment must guess where it begins. */
TRACE(middle_of_a_segment_is_a_guess)
{
	static const uint32_t seqs[] = { 0, 2, 1460, 1462, 2920, 2921, 1u << 31 };

	two_in_flight(t);
	for (unsigned i = 0; i < 7; i++)
		told(t, seqs[i], 1260, COUNT_drop_icmp_sequence);
	cr_assert_eq(trace_info(t).mss, 1460);
	quiet(t);
}

TRACE(what_has_arrived_is_not_too_big)
{
	two_in_flight(t);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	told(t, 1, 1260, COUNT_drop_icmp_sequence);
	cr_assert_eq(trace_info(t).mss, 1460);
}

TRACE(small_segment_was_never_too_big)
{
	trace_open_passive(t);
	trace_write(t, 500);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 500);
	told_mtu(t, 1, 0, COUNT_drop_icmp_mtu);
	told_mtu(t, 1, 576, COUNT_drop_icmp_mtu);
	told(t, 1, 1260, COUNT_drop_icmp_mtu);
	quiet(t);
}

TRACE(timestamps_take_their_share)
{
	trace_open_timestamps(t);
	cr_assert_eq(trace_info(t).mss, 1448);
	trace_write(t, 1448);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1448, .tsval = 1);
	told(t, 1, 1460, COUNT_drop_icmp_mtu);
	told(t, 1, 1260, ACCEPTED);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1248, .tsval = 1);
	recv(t, PSH | ACK, .seq = 1249, .ack = 1, .len = 200, .tsval = 1);
}

/* Nor do the duplicate ACKs that they cause tell of congestion. */
TRACE(small_ones_stay_where_they_are)
{
	struct weir_options options;

	trace_open_passive(t);
	tcp_options_default(t->tcp, &options);
	options.no_delay = true;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101, SAME);
	event(t, WEIR_EV_SENT);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 101, .ack = 1, .len = 1460);
	for (uint32_t i = 0; i < 4; i++) {
		trace_write(t, 100);
		recv(t, PSH | ACK, .seq = 1561 + 100 * i, .ack = 1, .len = 100);
	}
	uint32_t cwnd = trace_info(t).cwnd_bytes;

	told(t, 101, 1260, ACCEPTED);
	recv(t, ACK, .seq = 101, .ack = 1, .len = 1260);
	recv(t, ACK, .seq = 1361, .ack = 1, .len = 200);
	for (unsigned i = 0; i < 4; i++)
		send(t, ACK, .seq = 1, .ack = 101, SAME); /* for each of the small ones */
	quiet(t);
	counted(t, fast_retransmits, 0);
	cr_assert_eq(trace_info(t).cwnd_bytes, cwnd);
	send(t, ACK, .seq = 1, .ack = 1961, SAME);
	event(t, WEIR_EV_SENT);
}

TRACE(what_the_peer_holds_does_not_go_again)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .wscale = 8, .sack_ok = true);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 1 + t->tcp->rcv_wscale, .sack_ok = true);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 3 * 1460);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 2921, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1, .sack = { BLOCK(1461, 2921) }, SAME);
	quiet(t);
	told(t, 1461, 1260, COUNT_drop_icmp_sequence);
	told(t, 2921, 1260, ACCEPTED);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
	recv(t, ACK, .seq = 1261, .ack = 1, .len = 200);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1260);
	recv(t, PSH | ACK, .seq = 4181, .ack = 1, .len = 200);
	quiet(t);
}

/* A piece that the record remembers by its number alone. */
TRACE(piece_without_an_extension_is_cut)
{
	trace_open_passive(t);
	trace_write_static(t, 1400);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1400);
	cr_assert_eq(t->tcp->exts.used, 0);
	told(t, 2, 1260, COUNT_drop_icmp_sequence);
	told(t, 1, 1400, COUNT_drop_icmp_mtu);
	uint32_t cwnd = trace_info(t).cwnd_bytes;

	told(t, 1, 1260, ACCEPTED);
	cr_assert_eq(trace_info(t).cwnd_bytes, cwnd);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
	recv(t, PSH | ACK, .seq = 1261, .ack = 1, .len = 140);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1401, SAME);
	event(t, WEIR_EV_SENT);
	trace_write_static(t, 1261); /* more than one segment by now */
	recv(t, ACK, .seq = 1401, .ack = 1, .len = 1260);
	send(t, ACK, .seq = 1, .ack = 2661, SAME);
	recv(t, PSH | ACK, .seq = 2661, .ack = 1, .len = 1);
}

TRACE(piece_waits_for_an_extension)
{
	uint32_t slots[64];
	unsigned n = 0;

	trace_open_passive(t);
	trace_write_static(t, 1400);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1400);
	while ((slots[n] = slot_pool_take(&t->tcp->exts)) != SLOT_NONE)
		n++;
	told(t, 1, 1260, ACCEPTED);
	told(t, 1, 1250, COUNT_drop_icmp_sequence); /* it has not gone again */
	silence(t, 1500 * MS);
	while (n > 0)
		slot_pool_give(&t->tcp->exts, slots[--n]);
	after(t, 1500 * MS); /* the second time-out */
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
	send(t, ACK, .seq = 1, .ack = 1261, SAME);
	recv(t, PSH | ACK, .seq = 1261, .ack = 1, .len = 140);
}

TRACE(fin_rides_on_the_last_part)
{
	trace_open_passive(t);
	trace_write(t, 1460);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	told(t, 1, 1260, ACCEPTED);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
	recv(t, FIN | PSH | ACK, .seq = 1261, .ack = 1, .len = 200);
	told(t, 1261, 1250, COUNT_drop_icmp_mtu); /* 200 bytes; the FIN is none */
	send(t, ACK, .seq = 1, .ack = 1462, SAME);
	event(t, WEIR_EV_SENT);
	state(t, WEIR_FIN_WAIT_2);
}

TRACE(lone_fin_fits_everywhere)
{
	trace_open_passive(t);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	told(t, 1, 1260, COUNT_drop_icmp_sequence);
	quiet(t);
}

TRACE(closed_window_is_respected)
{
	two_in_flight(t);
	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	told(t, 1, 1260, ACCEPTED);
	quiet(t);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
}

/* Each learns for itself, and begins with what both ends can take. */
TRACE(next_connection_begins_with_full_segments)
{
	two_in_flight(t);
	told(t, 1, 1260, ACCEPTED);
	for (unsigned i = 0; i < 2; i++) {
		recv(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1260);
		recv(t, i == 0 ? ACK : PSH | ACK, .seq = 1261 + 1460 * i, .ack = 1, .len = 200);
	}
	t->rport++;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).mss, 1460);
}

/* Without a descriptor for its rest, a segment seems larger than it was when it went again. */
TRACE(sizes_do_not_grow)
{
	uint32_t slots[1024];
	unsigned n = 0;

	trace_open_passive(t);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	while ((slots[n] = slot_pool_take(&t->tcp->sents)) != SLOT_NONE)
		n++;
	told(t, 1, 1260, ACCEPTED);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
	told(t, 1, 1300, COUNT_drop_icmp_mtu);
	cr_assert_eq(trace_info(t).mss, 1260);
	while (n > 0)
		slot_pool_give(&t->tcp->sents, slots[--n]);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1260);
}

/* The peer's way to us is another one: its segments are as large as before, and so is the window for them. */
TRACE(our_own_window_stays_as_wide)
{
	two_in_flight(t);
	told(t, 1, 1260, ACCEPTED);
	for (uint32_t seq = 1; seq < 2921; seq += 1460) {
		recv(t, ACK, .seq = seq, .ack = 1, .len = 1260);
		recv(t, seq == 1 ? ACK : PSH | ACK, .seq = seq + 1260, .ack = 1, .len = 200);
	}
	send(t, ACK, .seq = 1, .ack = 2921, .len = 1460);
	event(t, WEIR_EV_SENT | WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 2921, .ack = 1461);
	cr_assert_eq(trace_info(t).receive_window_bytes, 64 * 1460);
}
