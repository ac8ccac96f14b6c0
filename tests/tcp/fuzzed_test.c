/* SPDX-License-Identifier: BSD-3-Clause */
/* What fuzzers found (tests/fuzz), each as a trace. */
#include "support/trace.h"

/* The SYN's time-out has fired, and its answer comes before the next output: nothing is to be sent again. */
TRACE(data_is_sent_though_a_syn_waited_to_be_sent_again)
{
	connect(t);
	recv_syn(t);
	t->now_ns += 1100 * MS;
	tcp_advance(t->tcp, t->now_ns);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	trace_write_static(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	quiet(t);
}
