/* SPDX-License-Identifier: BSD-3-Clause */
/* Data that comes before its turn (RFC 9293 SHLD-31, RFC 5681 section 4.2). */
#include "support/trace.h"

TRACE(two_change_places)
{
	trace_open_active(t);
	send(t, ACK, .seq = 101, .ack = 1, .len = 100);
	recv(t, ACK, .seq = 1, .ack = 1); /* a duplicate ACK, at once */
	no_event(t);
	send(t, ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 200);
	recv(t, ACK, .seq = 1, .ack = 201); /* at once as well: the gap is closed */
}

TRACE(every_segment_behind_a_gap_brings_a_duplicate_ack)
{
	trace_open_active(t);
	for (unsigned i = 1; i <= 5; i++) {
		send(t, ACK, .seq = 1 + 100 * i, .ack = 1, .len = 100);
		recv(t, ACK, .seq = 1, .ack = 1);
	}
	send(t, ACK, .seq = 1, .ack = 1, .len = 100);
	recv(t, ACK, .seq = 1, .ack = 601);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 600);
}

TRACE(two_gaps)
{
	trace_open_active(t);
	send(t, ACK, .seq = 401, .ack = 1, .len = 100);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 201, .ack = 1, .len = 100);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 200);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 300);
	recv(t, ACK, .seq = 1, .ack = 301);
	send(t, ACK, .seq = 301, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 500);
	recv(t, ACK, .seq = 1, .ack = 501);
}

/* Overlaps of every kind; what arrives is each byte once. */
TRACE(overlaps)
{
	static const struct {
		unsigned seq, len;
	} segments[] = {
		{ 101, 50 }, { 101, 50 },                           /* the same again */
		{ 111, 20 },                                        /* within */
		{ 81, 40 },                                         /* over its front */
		{ 141, 40 },                                        /* over its back */
		{ 301, 10 }, { 321, 10 }, { 341, 10 }, { 295, 60 }, /* over three and what lies between */
		{ 61, 300 },                                        /* over all */
	};

	trace_open_active(t);
	for (unsigned i = 0; i < 10; i++) {
		send(t, ACK, .seq = segments[i].seq, .ack = 1, .len = segments[i].len);
		recv(t, ACK, .seq = 1, .ack = 1);
		no_event(t);
	}
	send(t, ACK, .seq = 1, .ack = 1, .len = 70);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 360);
	recv(t, ACK, .seq = 1, .ack = 361);
}

TRACE(what_fills_the_gap_overlaps_what_waits)
{
	trace_open_active(t);
	send(t, ACK, .seq = 51, .ack = 1, .len = 10);
	send(t, ACK, .seq = 71, .ack = 1, .len = 30);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 80);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 100);
	recv(t, ACK, .seq = 1, .ack = 101);
}

TRACE(burst_in_reverse_order)
{
	trace_open_active(t);
	burst(t, { FIN | ACK, .seq = 301, .ack = 1 }, { ACK, .seq = 201, .ack = 1, .len = 100 },
	      { ACK, .seq = 101, .ack = 1, .len = 100 }, { ACK, .seq = 1, .ack = 1, .len = 100 });
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	cr_assert_eq(t->received, 300);
	recv(t, ACK, .seq = 1, .ack = 302);
	quiet(t);
	state(t, WEIR_CLOSE_WAIT);
}

static void four_buffers(struct weir_config *config)
{
	config->receive_buffers = 4;
}

/* What waits counts among the buffers, all but one: the byte that everything waits for finds room. */
TRACE_CONFIGURED(bound_on_what_waits, four_buffers)
{
	trace_open_active(t);
	t->keep = true;
	for (unsigned i = 1; i <= 4; i++) {
		send(t, ACK, .seq = 1 + 10 * i, .ack = 1, .len = 10);
		recv(t, ACK, .seq = 1, .ack = 1);
	}
	counted(t, drop_receive_buffers, 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 40);
	recv(t, ACK, .seq = 1, .ack = 41);
}

static void one_extension(struct weir_config *config)
{
	config->max_extensions = 1;
}

TRACE_CONFIGURED(no_extension_is_left_to_wait_in, one_extension)
{
	trace_open_passive(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	uint32_t iss = t->our_iss;

	t->rport = 50000;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	send(t, ACK, .seq = 101, .ack = 1, .len = 10);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_extensions_full, 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 100);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 101);
	t->our_iss = iss;
	t->rport = TRACE_OTHER_PORT;
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
}

TRACE_CONFIGURED(extension_goes_back_when_the_gap_has_closed, trace_rto_of_hosts)
{
	trace_open_active(t);
	send(t, ACK, .seq = 11, .ack = 1, .len = 10);
	recv(t, ACK, .seq = 1, .ack = 1);
	silence(t, 10 * SECONDS);
	cr_assert_eq(t->tcp->exts.used, 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 21);
	silence(t, 300 * MS);
	cr_assert_eq(t->tcp->exts.used, 0);
}

/* What waits keeps the extension, though nothing that we sent does. */
TRACE_CONFIGURED(what_waits_outlives_the_idle_timer, trace_rto_of_hosts)
{
	trace_open_active(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
	send(t, ACK, .seq = 11, .ack = 11, .len = 10);
	recv(t, ACK, .seq = 11, .ack = 1);
	silence(t, 10 * SECONDS);
	send(t, ACK, .seq = 1, .ack = 11, .len = 10);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 20);
	recv(t, ACK, .seq = 11, .ack = 21);
	silence(t, 300 * MS);
	cr_assert_eq(t->tcp->exts.used, 0);
}

TRACE(text_behind_a_gap_after_close_resets)
{
	trace_open_active(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 11, .ack = 1, .len = 10);
	recv(t, RST | ACK, .seq = 2, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}
