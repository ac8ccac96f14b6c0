/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/inside.h"

#include "tcp/profiles.h"
#include "tcp/records.h"
#include "tcp/rtt.h"

static void look_at_extension(const struct tcb *tcb, const struct tcb_ext *ext, struct inside *inside)
{
	inside->cwnd = ext->cwnd / tcb->mss;
	inside->ssthresh = ext->ssthresh / tcb->mss >= PATH_INFINITE ? INSIDE_INFINITE :
								       ext->ssthresh / tcb->mss;
	inside->segments = ext->segments;
	inside->sacked = ext->sacked;
	inside->probes = ext->unanswered;
	inside->recovering = ext->recovering;
	inside->disordered = ext->sacked > 0 || ext->dup_acks > 0;
}

bool inside_look(const struct tcp *tcp, weir_conn conn, struct inside *inside)
{
	const struct tcb *tcb = tcb_find(tcp, conn);

	if (tcb == NULL)
		return false;
	*inside = (struct inside){
		.mss_offered = profile_mss(tcp, profile_of(tcp, tcb), tcb_is6(tcb)),
		.retries = tcb->retries & UINT8_MAX,
		.snd_wscale = tcb->snd_wscale & UINT8_MAX,
		.rcv_wscale = tcb->rcv_wscale & UINT8_MAX,
	};
	if (tcb->flags & TCB_EXT) {
		look_at_extension(tcb, tcb_ext(tcp, tcb), inside);
		return true;
	}
	struct path path = path_unpack(tcb->packed);

	inside->cwnd = path.cwnd;
	inside->ssthresh = path.ssthresh == PATH_INFINITE ? INSIDE_INFINITE : path.ssthresh;
	inside->segments = tcb->flight > 0;
	return true;
}
