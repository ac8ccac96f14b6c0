/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/control.h"

#include "core/chain.h"
#include "core/core.h"
#include "core/payload_mbuf.h"

#define ARP_FRAME_BYTES (ETH_BYTES + ARP_BYTES)
#define ICMP_AT (ETH_BYTES + IP_BYTES)

static void queue_push(struct weir_core *core, struct rte_mbuf *m)
{
	struct control *control = &core->control;

	if (control->tail - control->head == CONTROL_QUEUE) {
		count(&core->counters, COUNT_replies_full);
		core_free(core, &m, 1);
		return;
	}
	control->queue[control->tail++ % CONTROL_QUEUE] = m;
}

/* A received frame is ours to write into unless somebody else holds its bytes, too. */
static bool writable(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

static struct rte_mbuf *reuse(struct rte_mbuf **m)
{
	struct rte_mbuf *frame = *m;

	*m = NULL;
	frame->ol_flags = 0;
	frame->tx_offload = 0;
	return frame;
}

static void put_arp(const struct weir_core *core, struct rte_mbuf *m, const struct eth_addr *dst,
		    const struct arp *arp)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	eth_build(frame, &(struct eth_hdr){ .dst = *dst, .src = core->net.mac, .type = ETH_TYPE_ARP });
	arp_build(frame + ETH_BYTES, arp);
	m->data_len = ARP_FRAME_BYTES;
	m->pkt_len = ARP_FRAME_BYTES;
}

verdict control_arp(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame, bool *about_us)
{
	struct arp arp, answer;
	bool answer_due;
	verdict v = arp_parse(frame->bytes + ETH_BYTES, frame->contiguous - ETH_BYTES, &arp);

	*about_us = true;
	if (v != ACCEPTED)
		return v;
	*about_us = addrs_local(&core->net.addrs, arp.target);
	v = net_arp_input(&core->net, &arp, core->now_ns, &answer_due, &answer);
	if (!answer_due)
		return v;
	struct rte_mbuf *reply = writable(*m) ? reuse(m) : core_alloc(core);

	if (reply == NULL)
		return v;
	put_arp(core, reply, &answer.target_mac, &answer);
	queue_push(core, reply);
	return v;
}

/* A frame with the message of `frame` at ICMP_AT: the same one, or a copy. NULL: it cannot be had. */
static struct rte_mbuf *echo_frame(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame)
{
	uint32_t start = frame_l4_start(frame), len = frame_end(frame) - start;

	if (writable(*m)) {
		struct rte_mbuf *same = reuse(m);

		/* Options of the request are not those of the answer. */
		rte_pktmbuf_adj(same, (uint16_t)(start - ICMP_AT));
		chain_cut(same, ICMP_AT + len);
		return same;
	}
	struct rte_mbuf *copy = core_alloc(core);

	if (copy == NULL)
		return NULL;
	if (rte_pktmbuf_tailroom(copy) < ICMP_AT + len) {
		core_free(core, &copy, 1);
		return NULL;
	}
	chain_read(*m, start, rte_pktmbuf_append(copy, (uint16_t)(ICMP_AT + len)) + ICMP_AT, len);
	return copy;
}

static void answer_echo(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame)
{
	struct rte_mbuf *reply = echo_frame(core, m, frame);

	if (reply == NULL)
		return;
	uint8_t *bytes = rte_pktmbuf_mtod(reply, uint8_t *);

	/* Back to where it came from (RFC 1122 section 3.2.2.6), as hosts do without asking for a route. */
	eth_build(bytes,
		  &(struct eth_hdr){ .dst = frame->eth.src, .src = core->net.mac, .type = ETH_TYPE_IPV4 });
	ip_build(bytes + ETH_BYTES,
		 &(struct ip_hdr){
			 .src = frame->ip.dst,
			 .dst = frame->ip.src,
			 .total_bytes = (uint16_t)(frame->ip.total_bytes - frame->ip.header_bytes + IP_BYTES),
			 .protocol = IP_PROTOCOL_ICMP,
			 .ttl = core->ttl,
			 .tos = frame->ip.tos,
		 });
	ip_build_csum(bytes + ETH_BYTES);
	icmp_echo_to_reply(bytes + ICMP_AT);
	queue_push(core, reply);
}

verdict control_icmp(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame)
{
	verdict v = ip_acceptable(frame->bytes + ETH_BYTES, &frame->ip);
	uint32_t start = frame_l4_start(frame), here = frame_contiguous(frame), end = frame_end(frame);
	struct icmp icmp;

	if (v == ACCEPTED)
		v = icmp_parse(frame->bytes + start, here - start, end - start, chain_csum(*m, here, end),
			       &icmp);
	if (v != ACCEPTED)
		return v;
	switch (net_icmp_input(&core->net, &icmp, core->now_ns, &v)) {
	case NET_ICMP_DROP:
		break;
	case NET_ICMP_ECHO:
		answer_echo(core, m, frame);
		break;
	case NET_ICMP_ERROR:
		return tcp_icmp(core->tcp, &icmp.error, core->now_ns);
	}
	return v;
}

/* A request for `address`, or an announcement of it. NULL: there is no buffer. */
static struct rte_mbuf *arp_request(struct weir_core *core, uint32_t address, const struct eth_addr *dst)
{
	struct arp arp = net_arp_request(&core->net, address);
	struct rte_mbuf *m = core_alloc(core);

	if (m != NULL)
		put_arp(core, m, dst, &arp);
	return m;
}

/* The first address of each range: all of a large one would be a storm. */
static bool next_announcement(struct weir_core *core, uint32_t *address)
{
	if (!core->started || core->control.announced == core->net.addrs.count)
		return false;
	*address = core->net.addrs.ranges[core->control.announced++].first;
	return true;
}

static unsigned requests_output(struct weir_core *core, struct rte_mbuf **frames, unsigned max)
{
	struct neigh_request request = { .mac = ETH_BROADCAST };
	unsigned n = 0;

	/* One that finds no buffer is lost, and repeated when its time comes. */
	while (n < max && (next_announcement(core, &request.address) ||
			   neigh_next_request(&core->net.neigh, &request))) {
		frames[n] = arp_request(core, request.address, &request.mac);
		if (frames[n] == NULL)
			break;
		n++;
	}
	return n;
}

unsigned control_output(struct weir_core *core, struct rte_mbuf **frames, unsigned max)
{
	struct control *control = &core->control;
	struct eth_addr mac;
	payload waited;
	uint32_t silent;
	unsigned n = 0;

	while (n < max && control->head != control->tail)
		frames[n++] = control->queue[control->head++ % CONTROL_QUEUE];
	while (n < max && (waited = neigh_release(&core->net.neigh, &mac)) != 0) {
		frames[n] = payload_mbuf(waited);
		memcpy(rte_pktmbuf_mtod(frames[n], uint8_t *), mac.bytes, sizeof(mac.bytes));
		n++;
	}
	while (tcp_advice(core->tcp, &silent))
		net_doubt(&core->net, silent, core->now_ns);
	return n + requests_output(core, frames + n, max - n);
}

bool control_pending(const struct weir_core *core)
{
	return core->control.head != core->control.tail || core->control.announced < core->net.addrs.count;
}

void control_clear(struct weir_core *core)
{
	struct control *control = &core->control;

	while (control->head != control->tail)
		core_free(core, &control->queue[control->head++ % CONTROL_QUEUE], 1);
	neigh_clear(&core->net.neigh);
}
