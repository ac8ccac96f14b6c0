/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/events.h"

#include "tcp/profiles.h"

/* weir.h shows the application its own buffers' type; below the shard they are references. */
static payload event_payload(const struct weir_event *event)
{
	return (payload)(uintptr_t)event->payload;
}

struct weir_event *event_begin(struct tcp *tcp, struct tcb *tcb)
{
	DCHECK(ring_room(&tcp->events_ring) > 0);
	uint32_t index = tcp->events_ring.tail++;
	struct weir_event *event = event_at(tcp, index);

	*event = (struct weir_event){
		.conn = { .index = tcb_slot(tcp, tcb), .generation = tcb->generation },
		.word = tcb->word,
	};
	tcb->event = index;
	tcb->flags |= TCB_EVENT;
	return event;
}

void event_warn(struct tcp *tcp, struct tcb *tcb, enum weir_reason reason)
{
	if (event_room(tcp, tcb) && !profile_of(tcp, tcb)->options.no_warnings)
		event_raise(tcp, tcb, WEIR_EV_WARNING)->reason = (uint8_t)reason;
}

void event_data(struct tcp *tcp, struct tcb *tcb, payload data, uint32_t bytes)
{
	struct weir_event *event = event_raise(tcp, tcb, WEIR_EV_DATA);
	uint32_t buffers = payload_buffers(data);

	if (event->payload == NULL)
		event->payload = (struct rte_mbuf *)(uintptr_t)data; // NOLINT(performance-no-int-to-ptr)
	else
		payload_append(event_payload(event), data);
	event->bytes += bytes;
	event->buffers += buffers;
}

bool event_unread(const struct tcp *tcp, const struct tcb *tcb)
{
	return tcb->flags & TCB_EVENT && event_at(tcp, tcb->event)->bytes > 0;
}

uint32_t event_word(const struct tcp *tcp, const struct tcb *tcb)
{
	return tcb->flags & TCB_EVENT ? event_at(tcp, tcb->event)->word : tcb->word;
}

void event_set_word(struct tcp *tcp, struct tcb *tcb, uint32_t word)
{
	if (tcb->flags & TCB_EVENT)
		event_at(tcp, tcb->event)->word = word;
	else
		tcb->word = word;
}

unsigned tcp_events(struct tcp *tcp, struct weir_event *events, unsigned max)
{
	uint32_t used = ring_used(&tcp->events_ring);
	unsigned n = max < used ? max : used;

	for (unsigned i = 0; i < n; i++) {
		const struct weir_event *event = event_at(tcp, tcp->events_ring.head++);

		events[i] = *event;
		if (event->what & WEIR_EV_CLOSED)
			continue; /* the record is gone, or another connection's */
		struct tcb *tcb = tcb_at(tcp, event->conn.index);

		tcb->flags &= (uint16_t)~TCB_EVENT;
		tcb->word = event->word;
	}
	return n;
}
