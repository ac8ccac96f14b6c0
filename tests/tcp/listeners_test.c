/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening: which listener a peer comes to, and what the calls answer. */
#include <errno.h>

#include "support/trace.h"

static const struct weir_address any;

/* Another one of ours: of IPv6 it differs in the first half alone. */
static struct weir_address other_address(const struct trace *t)
{
	return (struct weir_address){ t->pair.local.hi + t->is6, t->pair.local.lo + (t->is6 ? 0 : 4) };
}

static int listen_at(struct trace *t, struct weir_address address, uint16_t port, uint32_t word)
{
	return tcp_listen(t->tcp, (struct weir_endpoint){ address, port }, word);
}

/* Opens a connection from the peer and tells whose it is. */
static uint32_t word_of_an_open(struct trace *t, uint16_t rport)
{
	t->lport = 80;
	t->rport = rport;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	return trace_info(t).word;
}

TRACE(specific_goes_before_any)
{
	cr_assert_geq(listen_at(t, any, 80, 1), 0);
	cr_assert_eq(word_of_an_open(t, 1), 1);
	cr_assert_geq(listen_at(t, other_address(t), 80, 2), 0);
	cr_assert_eq(word_of_an_open(t, 2), 1);
	int specific = listen_at(t, t->pair.local, 80, 3);

	cr_assert_geq(specific, 0);
	cr_assert_eq(word_of_an_open(t, 3), 3);
	call(tcp_unlisten(t->tcp, specific), 0);
	cr_assert_eq(word_of_an_open(t, 4), 1);
}

TRACE(specific_goes_before_any_in_either_order)
{
	cr_assert_geq(listen_at(t, t->pair.local, 80, 3), 0);
	cr_assert_geq(listen_at(t, any, 80, 1), 0);
	cr_assert_eq(word_of_an_open(t, 1), 3);
}

TRACE(another_address_or_port_is_closed)
{
	cr_assert_geq(listen_at(t, other_address(t), 80, 1), 0);
	cr_assert_geq(listen_at(t, any, 81, 1), 0);
	t->lport = 80;
	t->rport = 1;
	send(t, SYN, .mss = 1460);
	recv(t, RST | ACK, .ack = 1);
}

/* Ports that share a chain of the index do not answer for each other. */
TRACE(ports_far_apart)
{
	cr_assert_geq(listen_at(t, any, 80 + 256, 1), 0);
	cr_assert_geq(listen_at(t, any, 80 + 512, 2), 0);
	t->lport = 80;
	t->rport = 1;
	send(t, SYN, .mss = 1460);
	recv(t, RST | ACK, .ack = 1);
	cr_assert_geq(listen_at(t, any, 80, 3), 0);
	cr_assert_eq(word_of_an_open(t, 2), 3);
}

TRACE(errors)
{
	call(listen_at(t, any, 0, 1), -EINVAL);
	int first = listen_at(t, any, 80, 1);

	cr_assert_geq(first, 0);
	call(listen_at(t, any, 80, 2), -EADDRINUSE);
	cr_assert_geq(listen_at(t, t->pair.local, 80, 2), 0);
	call(listen_at(t, t->pair.local, 80, 3), -EADDRINUSE);
	call(tcp_unlisten(t->tcp, -1), -EINVAL);
	call(tcp_unlisten(t->tcp, TCP_LISTENERS), -EINVAL);
	call(tcp_unlisten(t->tcp, TCP_LISTENERS - 1), -EINVAL);
	call(tcp_unlisten(t->tcp, first), 0);
	call(tcp_unlisten(t->tcp, first), -EINVAL);
	call(listen_at(t, any, 80, 2), first);
	cr_assert_eq(t->tcp->states[WEIR_LISTEN], 2);
}

TRACE(used_up)
{
	for (uint16_t i = 0; i < TCP_LISTENERS; i++)
		cr_assert_eq(listen_at(t, any, 1000 + i, i), i);
	call(listen_at(t, any, 80, 1), -ENOSPC);
	call(tcp_unlisten(t->tcp, 100), 0);
	call(listen_at(t, any, 80, 1), 100);
	cr_assert_eq(word_of_an_open(t, 1), 1);
}

TRACE(unlisten_leaves_connections_alone)
{
	trace_open_passive(t);
	call(tcp_unlisten(t->tcp, 0), 0);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 11);
	send(t, SYN, .mss = 1460, .port = 41000);
	recv(t, RST | ACK, .ack = 1, .port = 41000);
}

/* Another listener's handshakes are not touched. */
TRACE(unlisten_forgets_its_own_handshakes_only)
{
	cr_assert_eq(listen_at(t, any, 80, 1), 0);
	cr_assert_eq(listen_at(t, any, 81, 2), 1);
	t->lport = 80;
	t->rport = 1;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	t->lport = 81;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	call(tcp_unlisten(t->tcp, 0), 0);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 1);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).word, 2);
}

/* MUST-41, MUST-42: an open of ours from a listening port. */
TRACE(open_from_a_listening_port)
{
	cr_assert_geq(listen_at(t, any, 40000, 1), 0);
	trace_open_active(t);
	cr_assert_eq(t->lport, 40000);
	t->rport = 7;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
}
