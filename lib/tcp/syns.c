/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of a SYN. It does what tcp_input() does with one that nothing stands for, by way of handshake_listen(),
 * passive_syn() and cookie_answer(), but for a burst at once and for one listener: the first SYN's.
 */
#include "tcp/handshake.h"
#include "tcp/listeners.h"
#include "tcp/passive.h"
#include "tcp/profiles.h"

bool tcp_defends(const struct tcp *tcp)
{
	return tcp->defending > 0 && tcp->timestamps;
}

/* Whether tcp_input() will take all of a burst: what comes behind a SYN that is answered must not come again. */
static bool has_room(const struct tcp *tcp)
{
	return ring_room(&tcp->events_ring) >= TCP_BURST_MAX &&
	       ring_room(&tcp->dirty_ring) >= TCP_BURST_MAX && ring_room(&tcp->replies_ring) >= TCP_BURST_MAX;
}

/* The listener of the first SYN, if it answers by cookies. */
static struct listener *defender(struct tcp *tcp, const struct syns *syns)
{
	const struct listener *listener =
		listeners_find(tcp, weir_ipv4((uint32_t)syns->addrs[0]), (uint16_t)syns->ports[0]);

	return listener != NULL && listener->guard.on ? &tcp->listeners[listener - tcp->listeners] : NULL;
}

/* Those that are for the same address and port as the first. */
static uint64_t for_the_same(const struct syns *syns)
{
	uint64_t same = 0;

	for (unsigned i = 0; i < syns->count; i++)
		same |= (uint64_t)((uint32_t)syns->addrs[i] == (uint32_t)syns->addrs[0] &&
				   (uint16_t)syns->ports[i] == (uint16_t)syns->ports[0])
			<< i;
	return same;
}

void tcp_expect_syns(const struct tcp *tcp, struct syns *syns)
{
	tcp->cookies.bulk->hash13_12(tcp->secrets.table, syns->addrs, syns->ports, syns->count, syns->hashes);
	for (unsigned i = 0; i < syns->count; i++)
		conn_table_prefetch(&tcp->table, syns->hashes[i]);
}

uint64_t tcp_answer_syns(struct tcp *tcp, struct syns *syns, uint64_t which, struct syn_answer *answer,
			 uint64_t now_ns)
{
	struct listener *listener;

	tcp_set_now(tcp, now_ns);
	if (syns->count == 0 || !has_room(tcp))
		return 0;
	listener = defender(tcp, syns);
	if (listener == NULL)
		return 0;
	const struct profile *profile = &tcp->profiles[listener->profile];

	*answer = (struct syn_answer){
		.mss = profile_mss(tcp, profile, false),
		.wscale = tcp->rcv_wscale,
		.ttl = profile->ttl,
		.tos = profile->tos,
	};
	/* Before the table is looked at: what is made for one that turns out to have a record is made in vain. */
	for (unsigned i = 0; i < syns->count; i++)
		syns->wnds[i] = handshake_rcv_wnd(tcp, 0, handshake_mss(syns->mss[i], answer->mss, true));
	cookie_make(tcp, syns);

	which &= for_the_same(syns) & conn_table_absent_bulk(&tcp->table, syns->hashes, syns->count);
	unsigned n = (unsigned)__builtin_popcountll(which);

	listener->guard.syns += n;
	cookie_sent(tcp, n);
	count_add(tcp->counters, COUNT_syn_in, n);
	count_add(tcp->counters, ACCEPTED, n);
	return which;
}
