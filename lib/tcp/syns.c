/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of a SYN. It does what tcp_input() does with one that nothing stands for, by way of
 * handshake_listen(), passive_syn() and cookie_answer(), but for a burst at once.
 */
#include "tcp/handshake.h"
#include "tcp/listeners.h"
#include "tcp/passive.h"
#include "tcp/profiles.h"

bool tcp_defends(const struct tcp *tcp)
{
	return tcp->defending > 0 && tcp->timestamps;
}

/*
 * Whether tcp_input() will take all of a burst: what comes behind a SYN that is answered must not come again.
 */
static bool has_room(const struct tcp *tcp)
{
	return ring_room(&tcp->events_ring) >= TCP_BURST_MAX &&
	       ring_room(&tcp->dirty_ring) >= TCP_BURST_MAX && ring_room(&tcp->replies_ring) >= TCP_BURST_MAX;
}

/* Their listener, if it answers by cookies. */
static struct listener *defender(struct tcp *tcp, const struct syns *syns)
{
	const struct listener *listener = listeners_find(tcp, syns_local(syns), syns_lport(syns));

	return listener != NULL && listener->guard.on ? &tcp->listeners[listener - tcp->listeners] : NULL;
}

static void name(const struct tcp *tcp, struct syns *syns)
{
	uint64_t hashes[SYNS_MAX];

	tcp->cookies.bulk->hash13_32(tcp->secrets.names, syns->pairs[0], syns->pairs[1], syns->pairs[2],
				     syns->pairs[3], syns->count, hashes);
	for (unsigned i = 0; i < syns->count; i++)
		syns->addrs[i] = tuple_name(hashes[i]);
}

void tcp_expect_syns(const struct tcp *tcp, struct syns *syns)
{
	if (syns->is6)
		name(tcp, syns);
	tcp->cookies.bulk->hash13_12(tcp->secrets.table, syns->addrs, syns->ports, syns->count, syns->hashes);
	for (unsigned i = 0; i < syns->count; i++)
		conn_table_prefetch(&tcp->table, syns->hashes[i]);
}

/* Those that are this shard's: where any may have got them. */
static uint64_t ours(const struct tcp *tcp, const struct syns *syns, uint64_t which)
{
	uint64_t ours = which;

	if (tcp->rss == NULL || tcp->keeps_all || tcp->rss_habit != WEIR_RSS_ANY)
		return which;
	for (; which != 0; which &= which - 1) {
		unsigned i = (unsigned)__builtin_ctzll(which);
		struct tuple tuple = { (uint32_t)syns->addrs[i], (uint32_t)(syns->addrs[i] >> 32),
				       (uint16_t)syns->ports[i], (uint16_t)(syns->ports[i] >> 16) };
		struct pair pair = { { 0, 0 }, { 0, 0 } };

		if (syns->is6)
			pair = (struct pair){ { syns->pairs[0][i], syns->pairs[1][i] },
					      { syns->pairs[2][i], syns->pairs[3][i] } };
		if (tcp_shard_of(tcp, &tuple, &pair) != tcp->rss->shard)
			ours &= ~(1ull << i);
	}
	return ours;
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
		.mss = profile_mss(tcp, profile, syns->is6),
		.wscale = tcp->rcv_wscale,
		.ttl = profile->ttl,
		.tos = profile->tos,
	};
	/*
	 * Before the table is looked at: what is made for one that turns out to have
	 * a record is made in vain.
	 */
	for (unsigned i = 0; i < syns->count; i++)
		syns->wnds[i] = handshake_rcv_wnd(tcp, 0, handshake_mss(syns->mss[i], answer->mss, true));
	cookie_make(tcp, syns);

	which &= conn_table_absent_bulk(&tcp->table, syns->hashes, syns->count);
	which = ours(tcp, syns, which);
	unsigned n = (unsigned)__builtin_popcountll(which);

	listener->guard.syns += n;
	cookie_sent(tcp, n);
	count_add(tcp->counters, COUNT_syn_in, n);
	count_add(tcp->counters, ACCEPTED, n);
	return which;
}
