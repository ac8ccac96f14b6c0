/* SPDX-License-Identifier: BSD-3-Clause */
/* Local ports for opens (RFC 6056): all used up, given back, taken again. */
#include <errno.h>

#include "support/trace.h"

static void four_ports(struct weir_config *config)
{
	config->port_first = 5000;
	config->port_last = 5003;
}

static int open_any(struct trace *t, uint16_t rport, weir_conn *conn)
{
	return tcp_connect(t->tcp, (struct weir_endpoint){ .address = t->pair.local },
			   (struct weir_endpoint){ t->pair.remote, rport }, 1, t->now_ns, conn);
}

static void expect_syn(struct trace *t, uint16_t rport, weir_conn conn)
{
	t->conn = conn;
	t->lport = trace_info(t).local.port;
	t->rport = rport;
	recv_syn(t);
}

TRACE_CONFIGURED(used_up_and_given_back, four_ports)
{
	weir_conn conns[4], more;
	unsigned seen = 0;

	for (unsigned i = 0; i < 4; i++) {
		call(open_any(t, 80, &conns[i]), 0);
		expect_syn(t, 80, conns[i]);
		cr_assert(t->lport >= 5000 && t->lport <= 5003);
		seen |= 1u << (t->lport - 5000);
	}
	cr_assert_eq(seen, 15, "each port once");
	call(open_any(t, 80, &more), -EADDRNOTAVAIL);
	counted(t, ports_exhausted, 1);
	call(open_any(t, 81, &more), 0); /* another destination has all its own */
	expect_syn(t, 81, more);
	t->conn = conns[2];
	uint16_t port = trace_info(t).local.port;

	call(tcp_close(t->tcp, conns[2]), 0);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	call(open_any(t, 80, &more), 0);
	expect_syn(t, 80, more);
	cr_assert_eq(t->lport, port);
}

/*
 * With timestamps a port in TIME-WAIT is as good as free a tick later; without it the load tester would
 * run dry.
 */
TRACE_CONFIGURED(time_wait_does_not_use_them_up, four_ports)
{
	for (unsigned i = 0; i < 20; i++) {
		weir_conn conn;

		call(open_any(t, 80, &conn), 0);
		expect_syn(t, 80, conn);
		send(t, SYN | ACK, .seq = 1000 * i, .ack = 1, .mss = 1460, .tsval = 700 + i);
		event(t, WEIR_EV_OPENED);
		recv(t, ACK, .seq = 1, .ack = 1 + 1000 * i, .tsval = 1);
		call(tcp_close(t->tcp, t->conn), 0);
		recv(t, FIN | ACK, .seq = 1, .ack = 1 + 1000 * i, .tsval = 1);
		send(t, FIN | ACK, .seq = 1 + 1000 * i, .ack = 2, .tsval = 700 + i);
		recv(t, ACK, .seq = 2, .ack = 2 + 1000 * i, .tsval = 1);
		event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
		silence(t, 2 * MS);
	}
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 4);
	counted(t, time_wait_reused, 16);
}

TRACE(given_port_that_is_taken)
{
	weir_conn conn;

	connect(t);
	recv_syn(t);
	call(tcp_connect(t->tcp, trace_local(t), trace_remote(t), 0, t->now_ns, &conn), -EADDRINUSE);
	cr_assert_eq(t->tcp->hot.used, 1);
}
