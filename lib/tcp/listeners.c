/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/listeners.h"

#include <errno.h>
#include <string.h>

#include "tcp/fsm.h"
#include "tcp/half_open.h"

static uint16_t *chain_of(struct tcp *tcp, uint16_t port)
{
	return &tcp->listener_chains[port % TCP_LISTENERS];
}

void listeners_init(struct tcp *tcp)
{
	memset(tcp->listener_chains, 0xff, sizeof(tcp->listener_chains)); /* LISTENER_NONE */
}

const struct listener *listeners_find_for(const struct tcp *tcp, const struct seg *seg)
{
	return listeners_find(tcp, tuple_local(&seg->tuple, &tcp->side->pair), seg->tuple.lport);
}

const struct listener *listeners_find(const struct tcp *tcp, struct weir_address address, uint16_t port)
{
	const struct listener *any = NULL;

	for (uint16_t i = tcp->listener_chains[port % TCP_LISTENERS]; i != LISTENER_NONE;
	     i = tcp->listeners[i].next) {
		const struct listener *listener = &tcp->listeners[i];

		if (listener->port != port)
			continue;
		if (address_equal(listener->address, address))
			return listener;
		if (address_is_none(listener->address))
			any = listener;
	}
	return any;
}

/* At most what there is, and one at least. */
static struct weir_defence bounded(const struct tcp *tcp, const struct weir_defence *asked)
{
	struct weir_defence defence = *asked;

	if (defence.backlog == 0 || defence.backlog > tcp->half_opens.capacity)
		defence.backlog = tcp->half_opens.capacity;
	return defence;
}

void tcp_defence_default(const struct tcp *tcp, struct weir_defence *defence)
{
	*defence = tcp->defence;
}

static bool is_listener(const struct tcp *tcp, int listener)
{
	return listener >= 0 && listener < TCP_LISTENERS && tcp->listeners[listener].port != 0;
}

int tcp_set_listener_defence(struct tcp *tcp, int listener, const struct weir_defence *defence)
{
	if (!is_listener(tcp, listener) || (unsigned)defence->mode > WEIR_DEFENCE_OFF ||
	    defence->timeout_ns < DEFENCE_TIMEOUT_MIN_NS || defence->timeout_ns > DEFENCE_TIMEOUT_MAX_NS)
		return -EINVAL;
	tcp->listeners[listener].defence = bounded(tcp, defence);
	guard_reset(tcp, &tcp->listeners[listener]);
	return 0;
}

int tcp_listener_defending(const struct tcp *tcp, int listener)
{
	return is_listener(tcp, listener) ? tcp->listeners[listener].guard.on : -EINVAL;
}

int tcp_listen(struct tcp *tcp, struct weir_endpoint local, uint32_t word)
{
	uint16_t free = LISTENER_NONE;

	if (local.port == 0)
		return -EINVAL;
	for (uint16_t i = 0; i < TCP_LISTENERS; i++) {
		const struct listener *listener = &tcp->listeners[i];

		if (listener->port == local.port && address_equal(listener->address, local.address))
			return -EADDRINUSE;
		if (listener->port == 0 && free == LISTENER_NONE)
			free = i;
	}
	if (free == LISTENER_NONE)
		return -ENOSPC;
	tcp->listeners[free] = (struct listener){
		.address = local.address,
		.word = word,
		.port = local.port,
		.next = *chain_of(tcp, local.port),
		.profile = 0,
		.defence = bounded(tcp, &tcp->defence),
		.oldest = SLOT_NONE,
		.newest = SLOT_NONE,
	};
	*chain_of(tcp, local.port) = free;
	guard_reset(tcp, &tcp->listeners[free]);
	fsm_count(tcp, WEIR_LISTEN, 1);
	return free;
}

int tcp_unlisten(struct tcp *tcp, int listener)
{
	if (!is_listener(tcp, listener))
		return -EINVAL;
	struct listener *gone = &tcp->listeners[listener];
	uint16_t *link = chain_of(tcp, gone->port);

	while (*link != listener)
		link = &tcp->listeners[*link].next;
	*link = gone->next;
	gone->port = 0;
	fsm_count(tcp, WEIR_LISTEN, -1);

	/* Handshakes under way have nobody to come to (RFC 9293 3.10.4, CLOSE in LISTEN). */
	while (gone->oldest != SLOT_NONE)
		half_open_forget(tcp, gone->oldest);
	guard_reset(tcp, gone);
	return 0;
}
