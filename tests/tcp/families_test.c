/* SPDX-License-Identifier: BSD-3-Clause */
/* Both families in one TCP: what they share, what each has of its own, and what IPv4 must not pay for it. */
#include <errno.h>
#include <math.h>

#include "support/addresses.h"
#include "support/trace.h"

/* A link of 1500 bytes: that of an IPv6 run takes 20 more than is said here (trace.h). */
static void ethernet(struct weir_config *config)
{
	config->mtu = 1480;
}

/* One that was open in the trace before; ports and the peer's numbers are the same. */
struct other {
	weir_conn conn;
	uint32_t our_iss, received;
	bool is6;
};

static void swap(struct trace *t, struct other *other)
{
	struct other now = { t->conn, t->our_iss, t->received, t->is6 };

	t->conn = other->conn;
	t->our_iss = other->our_iss;
	t->received = other->received;
	trace_speak(t, other->is6);
	*other = now;
}

/* A peer that takes segments of any size comes to port 80. */
static void open_wide(struct trace *t, bool is6, unsigned mss)
{
	trace_speak(t, is6);
	t->received = 0;
	send(t, SYN, .mss = 9000);
	recv(t, SYN | ACK, .ack = 1, .mss = mss);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	quiet(t);
	cr_assert_eq(trace_info(t).mss, mss);
	cr_assert(address_equal(trace_info(t).local.address, t->pair.local));
	cr_assert(address_equal(trace_info(t).remote.address, t->pair.remote));
}

/* An IPv6 connection, and as `other` an IPv4 one between the same ports. */
static struct other open_both(struct trace *t)
{
	listen(t, 80);
	open_wide(t, false, 1460);
	struct other other = { t->conn, t->our_iss, t->received, t->is6 };

	open_wide(t, true, 1440);
	cr_assert_eq(t->tcp->hot.used, 2);
	return other;
}

/* RFC 9293 section 3.7.1: an MSS leaves room for the header of its own family. */
TRACE_OF_CONFIGURED(6, each_family_has_segments_of_its_own_size, ethernet)
{
	struct other other = open_both(t);

	trace_write(t, 2000);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1440);
	send(t, ACK, .seq = 1, .ack = 1441);
	recv(t, PSH | ACK, .seq = 1441, .ack = 1, .len = 560);
	swap(t, &other);
	trace_write(t, 2000);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1461);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 540);
}

TRACE_OF_CONFIGURED(6, an_open_offers_what_its_family_can_take, ethernet)
{
	connect(t);
	recv(t, SYN, .mss = 1440, .wscale = 2, .sack_ok = true, .tsval = 1);
	cr_assert_eq(trace_info(t).mss, trace_default_mss(t), "until the peer says more");
	send(t, SYN | ACK, .ack = 1, .mss = 9000);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	cr_assert_eq(trace_info(t).mss, 1440);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	trace_speak(t, false);
	connect(t);
	recv(t, SYN, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1);
}

static void four_buffers(struct weir_config *config)
{
	ethernet(config);
	config->receive_buffers = 4;
}

/*
 * A window is counted in buffers, each of which holds a segment:
 * no more is promised than fits, and none is taken back.
 */
TRACE_OF_CONFIGURED(6, windows_are_of_segments_that_come, four_buffers)
{
	listen(t, 80);
	for (unsigned is6 = 0; is6 < 2; is6++) {
		unsigned mss = is6 ? 1440 : 1460;

		trace_speak(t, is6);
		send(t, SYN, .mss = 9000);
		recv(t, SYN | ACK, .ack = 1, .mss = mss, .wnd = 4 * mss);
		send(t, ACK, .seq = 1, .ack = 1);
		event(t, WEIR_EV_OPENED);
		cr_assert_eq(trace_info(t).receive_window_bytes, 4 * mss);
	}
	connect(t);
	recv(t, SYN, .mss = 1440, .wscale = 1, .sack_ok = true, .tsval = 1, .wnd = 4 * 1440);
	send(t, SYN | ACK, .ack = 1, .mss = 9000);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1, .wnd = 4 * 1440);
}

static void only_cookies(struct weir_config *config)
{
	ethernet(config);
	config->defence.mode = WEIR_DEFENCE_ALWAYS;
}

TRACE_OF_CONFIGURED(6, cookies_of_both_families, only_cookies)
{
	open_both(t);
	counted(t, cookies_sent, 2);
	counted(t, cookies_accepted, 2);
}

/* Ports are each family's own, and so is what happens between them. */
TRACE_OF_CONFIGURED(6, connections_of_the_same_ports_are_two, ethernet)
{
	struct other other = open_both(t);

	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 11);
	swap(t, &other);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 20);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 21);
	send(t, RST, .seq = 21);
	event_closed(t, 0, WEIR_REASON_RESET);
	swap(t, &other);
	state(t, WEIR_ESTABLISHED);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 11);
}

/* Segments of both in one burst, and answers to both in one. */
TRACE_OF_CONFIGURED(6, one_burst_may_have_both, ethernet)
{
	struct other other = open_both(t);
	struct seg segs[2];
	struct seg_side sides[2];
	uint64_t turned;

	for (unsigned i = 0; i < 2; i++, swap(t, &other)) {
		segs[i] = (struct seg){
			.tuple = arriving_tuple(&t->pair, t->lport, t->rport),
			.seq = t->peer_isn + 1,
			.ack = t->our_iss + 1,
			.flags = FIN | ACK,
			.wnd = 1000,
		};
		sides[i].pair = t->pair;
	}
	cr_assert_eq(tcp_input(t->tcp, segs, sides, 2, t->now_ns, &turned), 2);
	for (unsigned i = 0; i < 2; i++, swap(t, &other)) {
		event(t, WEIR_EV_FIN);
		recv(t, ACK, .seq = 1, .ack = 2);
	}
}

TRACE_OF(6, a_listener_of_one_family_is_closed_to_the_other)
{
	for (unsigned is6 = 0; is6 < 2; is6++) {
		trace_speak(t, is6);
		t->lport = 80 + is6;
		t->rport = TRACE_OTHER_PORT;
		cr_assert_geq(tcp_listen(t->tcp, trace_local(t), 0), 0);
		send(t, SYN, .mss = 1460);
		recv(t, SYN | ACK, .ack = 1, .mss = is6 ? 1460 : 1480);
		trace_speak(t, !is6);
		send(t, SYN, .mss = 1460);
		recv(t, RST | ACK, .ack = 1);
	}
	/* And both may listen on one port, each for itself. */
	t->lport = 81;
	trace_speak(t, false);
	cr_assert_geq(tcp_listen(t->tcp, trace_local(t), 0), 0);
	call(tcp_listen(t->tcp, trace_local(t), 0), -EADDRINUSE);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1480);
}

TRACE_OF(6, ends_of_two_families_are_no_connection)
{
	struct weir_endpoint ends[2] = { { .port = 80 }, { .port = 80 } };
	weir_conn conn;

	for (unsigned is6 = 0; is6 < 2; is6++) {
		trace_speak(t, is6);
		ends[is6].address = t->pair.remote;
	}
	for (unsigned is6 = 0; is6 < 2; is6++)
		call(tcp_connect(t->tcp, ends[is6], ends[!is6], 0, t->now_ns, &conn), -EINVAL);
	cr_assert_eq(t->tcp->hot.used, 0);
}

/* ------------------------------------------------------------------------------------------- *
 * What a record takes
 * ------------------------------------------------------------------------------------------- */

#define RECORDS (1u << 20)

static void more_connections(struct weir_config *config)
{
	config->max_connections += RECORDS;
}

static void more_half_open(struct weir_config *config)
{
	config->max_half_open += RECORDS;
}

static void more_time_wait(struct weir_config *config)
{
	config->max_time_wait += RECORDS;
}

/* Bytes that one more record of this kind takes, its share of the table included. */
static double bytes_each(void (*more)(struct weir_config *config), bool ipv6)
{
	struct weir_config config;

	weir_config_default(&config);
	config.max_connections = config.max_half_open = config.max_time_wait = RECORDS;
	config.max_extensions = config.max_send_buffers = config.max_events = RECORDS / 16;
	config.ranges_count = 1;
	config.ranges[0].first = config.ranges[0].last = ipv6 ? (struct weir_address){ 0xfd00ull << 48, 1 } :
								weir_ipv4(0x0a000001);
	double before = (double)tcp_footprint(&config);

	more(&config);
	return ((double)tcp_footprint(&config) - before) / RECORDS;
}

/* IPv4 pays nothing for IPv6; an IPv6 record has its pair beside it, and no more. */
Test(tcp, record_sizes)
{
	static const struct {
		void (*more)(struct weir_config *config);
		unsigned bytes;
	} kinds[] = { { more_connections, 64 }, { more_half_open, 48 }, { more_time_wait, 32 } };

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		double ipv4 = bytes_each(kinds[i].more, false), ipv6 = bytes_each(kinds[i].more, true);

		/* A sixth of a line of the table, and a place in the wheel. */
		cr_assert(ipv4 >= kinds[i].bytes && ipv4 < kinds[i].bytes + 20, "%u: %.2f", i, ipv4);
		cr_assert_lt(fabs(ipv6 - ipv4 - 32), 0.01, "%u: %.2f and %.2f", i, ipv4, ipv6);
	}
}

TRACE(stats_tell_what_a_pair_takes)
{
	struct weir_stats stats = { 0 };

	tcp_stats(t->tcp, &stats);
	cr_assert_eq(stats.bytes_pair, t->config.ranges_count == 2 ? 32 : 0);
}
