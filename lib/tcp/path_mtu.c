/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/path_mtu.h"

#include "tcp/output.h"
#include "tcp/records.h"
#include "tcp/recovery.h"
#include "tcp/rtt.h"
#include "tcp/sent.h"

/* What links take, RFC 1191 section 7.1, of the sizes that can be sent and are believed. */
static const uint16_t plateaus[] = { 8166, 4352, 2002, 1492, 1006, PATH_MTU_MIN };

/*
 * For routers older than RFC 1191. IPv6 never had any:
 * there a message that names no size claims one that is none.
 */
static uint32_t plateau_below(uint32_t packet)
{
	unsigned i = 0;

	while (plateaus[i] >= packet && plateaus[i] > PATH_MTU_MIN)
		i++;
	return plateaus[i];
}

/* What packets of mtu bytes can be made of; 0: it is not believed. */
static uint32_t believed(const struct tcb *tcb, uint32_t mtu, uint32_t packet)
{
	if (tcb_is6(tcb))
		return mtu < PATH_MTU_MIN_6 ? 0 : mtu; /* RFC 8201 section 4: discarded */
	if (mtu == 0)
		return plateau_below(packet);
	return mtu < PATH_MTU_MIN ? PATH_MTU_MIN : mtu;
}

static uint32_t headers(const struct tcb *tcb)
{
	return tcp_headers(tcb_is6(tcb)) + (tcb->flags & TCB_TS ? TCP_TS_BYTES : 0);
}

/* Payload of the segment in the network that starts at seq; 0: none does. */
static uint32_t payload_at(const struct tcp *tcp, const struct tcb *tcb, uint32_t seq)
{
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t space = 0;

	if (ext != NULL) {
		const struct sent *sent = sent_find(tcp, ext, seq);

		space = sent != NULL ? sent->space : 0;
	} else if (seq == tcb_snd_una(tcp, tcb) && !(tcb->flags & TCB_RESEND)) {
		space = tcb->flight;
	}
	bool fin = space > 0 && tcb->flags & TCB_FIN_SENT && seq + space == tcb->snd_nxt;

	return space - fin;
}

/* The windows stay as they are, and what is lost goes again as they allow. */
static void send_smaller(struct tcp *tcp, struct tcb *tcb, bool extended)
{
	if (extended) {
		recovery_path_narrowed(tcp, tcb);
		if (tcb->timer == TIMER_RETRANSMIT)
			tcb_arm(tcp, tcb, TIMER_RETRANSMIT, rtt_rto_ticks(tcp, tcb));
	} else {
		tcb->flags |= TCB_RESEND; /* it waits for an extension, and its timer runs */
	}
	output_mark(tcp, tcb);
}

verdict path_mtu_told(struct tcp *tcp, struct tcb *tcb, uint32_t seq, uint32_t mtu)
{
	uint32_t len = payload_at(tcp, tcb, seq), packet = len + headers(tcb);
	uint32_t fits = believed(tcb, mtu, packet);

	if (len == 0)
		return COUNT_drop_icmp_sequence;
	if (fits == 0 || fits >= packet || fits - headers(tcb) >= tcb->mss)
		return COUNT_drop_icmp_mtu;
	if (!output_room(tcp, tcb))
		return COUNT_drop_icmp_limited;
	bool extended = tcb_extend(tcp, tcb); /* first, as it counts the window in segments */

	tcb->mss = (uint16_t)(fits - headers(tcb));
	tcb->flags |= TCB_NARROWED;
	count(tcp->counters, COUNT_path_mtu_lowered);
	send_smaller(tcp, tcb, extended);
	return ACCEPTED;
}
