/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/control.h"

#include "core/chain.h"
#include "core/core.h"
#include "core/payload_mbuf.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#define ARP_FRAME_BYTES (ETH_BYTES + ARP_BYTES)
/* Errors that are sent, a second (RFC 4443 section 2.4 (f)). */
#define PROBLEMS_PER_S 100
#define PROBLEMS_BURST 20

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

#define MESSAGE_AT (ETH_BYTES + IPV6_BYTES)

/* A frame with `len` bytes at MESSAGE_AT becomes one of IPv6. */
static void put_ipv6(const struct weir_core *core, struct rte_mbuf *m, const struct eth_addr *dst,
		     struct ip_hdr ip, uint32_t len)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	ip.total_bytes = (uint16_t)(IPV6_BYTES + len);
	eth_build(frame, &(struct eth_hdr){ .dst = *dst, .src = core->net.mac, .type = ETH_TYPE_IPV6 });
	ip_build(frame + ETH_BYTES, &ip, 0);
	m->data_len = (uint16_t)(MESSAGE_AT + len);
	m->pkt_len = m->data_len;
}

/* With the hop limit that says "from this link" (RFC 4861 section 3.1). */
static void put_nd(const struct weir_core *core, struct rte_mbuf *m, const struct nd_out *out)
{
	uint8_t *message = rte_pktmbuf_mtod_offset(m, uint8_t *, MESSAGE_AT);
	uint32_t len = nd_build(message, &out->nd);

	icmp6_build_csum(message, len, out->src, out->dst);
	put_ipv6(core, m, &out->mac,
		 (struct ip_hdr){ .src = out->src,
				  .dst = out->dst,
				  .protocol = IP_PROTOCOL_ICMP6,
				  .ttl = ND_HOP_LIMIT },
		 len);
}

static void put_mld(const struct weir_core *core, struct rte_mbuf *m, const struct eth_addr *dst,
		    const struct mld_report *report)
{
	uint32_t len = mld_build(rte_pktmbuf_mtod_offset(m, uint8_t *, MESSAGE_AT), report);

	put_ipv6(core, m, dst,
		 (struct ip_hdr){ .src = report->src,
				  .dst = mld_destination(report),
				  .protocol = IP_HOP_BY_HOP,
				  .ttl = MLD_HOP_LIMIT },
		 len);
}

verdict control_arp(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame, bool *about_us)
{
	struct arp arp, answer;
	bool answer_due, news;
	verdict v = arp_parse(frame->bytes + ETH_BYTES, frame->contiguous - ETH_BYTES, &arp);

	*about_us = true;
	if (v != ACCEPTED)
		return v;
	*about_us = addrs_local(&core->net.addrs, weir_ipv4(arp.target));
	/* An answer, or an announcement (RFC 5227 section 2.3). */
	news = arp.op == ARP_REPLY || arp.sender == arp.target;
	if (news)
		handover_news(core, *m);
	v = net_arp_input(&core->net, &arp, core->now_ns, &answer_due, &answer);
	if (news)
		v = handover_unasked(&core->handover, v, COUNT_drop_arp_other);
	if (!answer_due)
		return v;
	struct rte_mbuf *reply = core_owns(*m) ? reuse(m) : core_alloc(core);

	if (reply == NULL)
		return v;
	put_arp(core, reply, &answer.target_mac, &answer);
	queue_push(core, reply);
	return v;
}

/* A frame with the message of `frame` at `at`: the same one, or a copy. NULL: it cannot be had. */
static struct rte_mbuf *echo_frame(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame,
				   uint32_t at)
{
	uint32_t start = frame_l4_start(frame), len = frame_end(frame) - start;

	if (core_owns(*m)) {
		struct rte_mbuf *same = reuse(m);

		/* Options of the request are not those of the answer. */
		rte_pktmbuf_adj(same, (uint16_t)(start - at));
		chain_cut(same, at + len);
		return same;
	}
	struct rte_mbuf *copy = core_alloc(core);

	if (copy == NULL)
		return NULL;
	if (rte_pktmbuf_tailroom(copy) < at + len) {
		core_free(core, &copy, 1);
		return NULL;
	}
	chain_read(*m, start, rte_pktmbuf_append(copy, (uint16_t)(at + len)) + at, len);
	return copy;
}

/* Ethernet's and IP's headers of an answer to the packet in `frame`, bytes long beyond those. */
static void put_answer_headers(const struct weir_core *core, uint8_t *bytes, const struct frame *frame,
			       unsigned len)
{
	const struct ip_hdr *ip = &frame->ip;
	bool is6 = ip_is6(ip);
	struct ip_hdr answer = {
		.src = ip->dst,
		.dst = ip->src,
		.total_bytes = (uint16_t)(ip_build_bytes(is6) + len),
		.protocol = is6 ? IP_PROTOCOL_ICMP6 : IP_PROTOCOL_ICMP,
		.ttl = core->ttl,
		.tos = ip->tos,
	};

	/* Back to where it came from (RFC 1122 section 3.2.2.6), as hosts do without asking for a route. */
	eth_build(bytes,
		  &(struct eth_hdr){ .dst = frame->eth.src, .src = core->net.mac, .type = frame->eth.type });
	ip_build(bytes + ETH_BYTES, &answer, 0);
	if (!is6)
		ipv4_build_csum(bytes + ETH_BYTES);
}

static void answer_echo(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame)
{
	bool is6 = ip_is6(&frame->ip);
	uint32_t at = ETH_BYTES + ip_build_bytes(is6), len = frame_end(frame) - frame_l4_start(frame);
	struct rte_mbuf *reply = echo_frame(core, m, frame, at);

	if (reply == NULL)
		return;
	uint8_t *bytes = rte_pktmbuf_mtod(reply, uint8_t *);

	put_answer_headers(core, bytes, frame, len);
	icmp_echo_to_reply(bytes + at, is6);
	queue_push(core, reply);
}

void control_problem(struct weir_core *core, const struct rte_mbuf *m, const struct frame *frame)
{
	const uint32_t at = ETH_BYTES + ip_build_bytes(true);
	unsigned len = icmp6_error_bytes(frame->ip.total_bytes);
	struct rte_mbuf *reply;

	if (!icmp6_error_allowed(&frame->ip, frame->bytes + ETH_BYTES, frame_contiguous(frame) - ETH_BYTES,
				 eth_is_group(&frame->eth.dst)) ||
	    !addrs_local(&core->net.addrs, frame->ip.dst))
		return;
	if (!limit_take(&core->control.problems, core->now_ns)) {
		count(&core->counters, COUNT_icmp_problems_limited);
		return;
	}
	reply = core_alloc(core);
	if (reply == NULL)
		return;
	uint8_t *bytes = (uint8_t *)rte_pktmbuf_append(reply, (uint16_t)(at + len));

	chain_read(m, ETH_BYTES, bytes + at + ICMP_BYTES, len - ICMP_BYTES);
	put_answer_headers(core, bytes, frame, len);
	icmp6_problem_build(bytes + at, len, &frame->ip);
	count(&core->counters, COUNT_icmp_problems_out);
	queue_push(core, reply);
}

/*
 * Whether all shards of the port want to hear of it: whatever asks for nothing, and who else would have an
 * address of ours (RFC 4862 section 5.4.3). Our own, come back, has one shard's nonce. What a router has
 * passed on nobody believes (RFC 4861 section 7.1); so whoever is beyond one cannot use up the limit.
 */
static bool is_news(const struct weir_core *core, const struct frame *frame)
{
	bool asks = frame->bytes[frame_l4_start(frame)] == ICMP6_NEIGHBOUR_SOLICITATION;

	return frame->ip.ttl == ND_HOP_LIMIT && !net_nd_is_own(&core->net, &frame->ip, &frame->eth.src) &&
	       (!asks || address_is_none(frame->ip.src));
}

/* A message of neighbour discovery. *about_us: as for control_arp(). */
static verdict take_nd(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame, bool *about_us)
{
	uint32_t start = frame_l4_start(frame), here = frame_contiguous(frame);
	struct net_answer answer = { .about_us = true };
	verdict v = COUNT_drop_nd_malformed; /* none is so long that it should stand in two buffers */

	if (is_news(core, frame))
		handover_news(core, *m);
	if (here == frame_end(frame))
		v = net_nd_input(&core->net, &frame->ip, frame->bytes + start, here - start, &frame->eth.src,
				 core->now_ns, &answer);
	v = handover_unasked(&core->handover, v, COUNT_drop_nd_unasked);
	*about_us = answer.about_us;
	if (!answer.due)
		return v;
	/* Longer than the question, which names no MAC address where it comes from nobody. */
	struct rte_mbuf *reply = core_may_reuse(*m, MESSAGE_AT + ND_BYTES_MAX) ? reuse(m) : core_alloc(core);

	if (reply == NULL)
		return v;
	put_nd(core, reply, &answer.nd);
	queue_push(core, reply);
	return v;
}

/* The same for a query of multicast listener discovery, which is everybody's who can read it. */
static verdict take_query(struct weir_core *core, const struct rte_mbuf *m, const struct frame *frame,
			  bool *about_us)
{
	uint32_t start = frame_l4_start(frame);

	handover_news(core, m);
	verdict v = net_mld_input(&core->net, &frame->ip, frame->bytes + start,
				  frame_contiguous(frame) - start, frame_end(frame) - start, core->now_ns);

	*about_us = v != ACCEPTED && v != COUNT_drop_mld_other;
	return v;
}

/* An error about a connection that is not found here may be of another shard's. */
static verdict take_error(struct weir_core *core, struct rte_mbuf **m, const struct icmp_error *error)
{
	verdict v = tcp_icmp(core->tcp, error, core->now_ns);
	unsigned shard;

	if (v != COUNT_drop_icmp_no_connection || !handover_may(&core->handover))
		return v;
	if (!tcp_icmp_shard(core->tcp, error, &shard)) {
		handover_error(core, *m);
		return v;
	}
	if (shard == core->handover.shard || handover_room(&core->handover) == 0)
		return v;
	handover_put(&core->handover, *m, shard);
	*m = NULL;
	return COUNT_handed_over;
}

verdict control_icmp(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame, bool *about_us)
{
	uint32_t start = frame_l4_start(frame), here = frame_contiguous(frame), end = frame_end(frame);
	struct icmp icmp;
	verdict v = icmp_parse(&frame->ip, frame->bytes + start, here - start, end - start,
			       chain_csum(*m, here, end), &icmp);

	*about_us = !address_is_multicast(frame->ip.dst);
	if (v != ACCEPTED)
		return v;
	if (icmp.kind == ICMP_IS_NEIGHBOUR)
		return take_nd(core, m, frame, about_us);
	if (icmp.kind == ICMP_IS_QUERY)
		return take_query(core, *m, frame, about_us);
	if (address_is_multicast(frame->ip.dst))
		return COUNT_drop_ip_destination;
	if (addrs_local(&core->net.addrs, frame->ip.src))
		return COUNT_drop_ip_source;
	switch (net_icmp_input(&core->net, &icmp, core->now_ns, &v)) {
	case NET_ICMP_DROP:
		break;
	case NET_ICMP_ECHO:
		answer_echo(core, m, frame);
		break;
	case NET_ICMP_ERROR:
		return take_error(core, m, &icmp.error);
	}
	return v;
}

/* Something that is to be sent unasked. NULL: there is no buffer. */
static struct rte_mbuf *request_frame(struct weir_core *core, const struct net_request *request)
{
	struct rte_mbuf *m = core_alloc(core);

	if (m == NULL)
		return NULL;
	switch ((enum net_message)request->what) {
	case NET_SEND_ARP:
		put_arp(core, m, &request->mac, &request->arp);
		break;
	case NET_SEND_ND:
		put_nd(core, m, &request->nd);
		break;
	case NET_SEND_MLD:
		put_mld(core, m, &request->mac, &request->mld);
		break;
	}
	return m;
}

static unsigned requests_output(struct weir_core *core, struct rte_mbuf **frames, unsigned max)
{
	struct net_request request;
	unsigned n = 0;

	/* One that finds no buffer is lost, and repeated when its time comes. */
	while (n < max && net_has_requests(&core->net) && net_next_request(&core->net, &request)) {
		if (request.once && !handover_speaks(&core->handover))
			continue;
		frames[n] = request_frame(core, &request);
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
	struct weir_address silent;
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

void control_init(struct control *control)
{
	limit_init(&control->problems, PROBLEMS_PER_S, PROBLEMS_BURST);
}

bool control_pending(const struct weir_core *core)
{
	return core->control.head != core->control.tail;
}

void control_clear(struct weir_core *core)
{
	struct control *control = &core->control;

	while (control->head != control->tail)
		core_free(core, &control->queue[control->head++ % CONTROL_QUEUE], 1);
	neigh_clear(&core->net.neigh);
}
