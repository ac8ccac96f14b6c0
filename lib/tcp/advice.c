/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/advice.h"

void advice_init(struct tcp *tcp)
{
	tcp->advice_ring = (struct ring){ .mask = TCP_ADVICE - 1 };
}

void advice_give(struct tcp *tcp, const struct tcb *tcb)
{
	struct ring *ring = &tcp->advice_ring;

	if (ring_room(ring) > 0)
		tcp->advice[ring->tail++ & ring->mask] = tuple_remote(&tcb->tuple, tcb_pair(tcp, tcb));
}

bool tcp_advice(struct tcp *tcp, struct weir_address *peer)
{
	struct ring *ring = &tcp->advice_ring;

	if (ring_used(ring) == 0)
		return false;
	*peer = tcp->advice[ring->head++ & ring->mask];
	return true;
}
