/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an ICMP error does to a connection, and to one that is forged.
 *
 * Anybody may send one: nothing but the quoted segment shows that its sender saw us speak. So that must be in
 * flight: SND.UNA <= SEQ < SND.NXT (RFC 5927 section 4.1). A connection with nothing in flight cannot be hit.
 *
 * Hard errors, protocol and port unreachable, SHOULD abort (RFC 9293 SHLD-26). RFC 5927 section 5.2 describes
 * hosts that take them as soft ones once synchronized: within a window of 64 kB a blind attacker needs 65536
 * messages, where RFC 5961 has made a RST need 2^32. Both are kept to here: as a RST must stand at RCV.NXT
 * exactly, a hard error must quote SND.UNA exactly. A genuine one does, with the next retransmission at the
 * latest; and the peer has acknowledged nothing since. Any other in the window is taken as a soft one.
 *
 * Soft errors are advice: no state ends by them (MUST-56), SYN-SENT neither.
 *
 * A flood of them costs a lookup each; of those that quote rightly, one pending event for each connection;
 * and segments sent again only for a path MTU that is smaller than before.
 */
#include "tcp/events.h"
#include "tcp/half_open.h"
#include "tcp/listeners.h"
#include "tcp/path_mtu.h"
#include "tcp/records.h"

static verdict hot_error(struct tcp *tcp, struct tcb *tcb, const struct icmp_error *error)
{
	uint32_t una = tcb_snd_una(tcp, tcb);

	if (!seq_within(error->seq, una, tcb->snd_nxt - una))
		return COUNT_drop_icmp_sequence;
	if (error->trouble == ICMP_TOO_BIG)
		return path_mtu_told(tcp, tcb, error->seq, error->mtu);
	if (error->trouble == ICMP_HARD && error->seq == una) {
		if (!event_room(tcp, tcb))
			return COUNT_drop_icmp_limited; /* the next retransmission brings another */
		count(tcp->counters, COUNT_icmp_hard);
		tcb_end(tcp, tcb, WEIR_REASON_UNREACHABLE);
		return ACCEPTED;
	}
	count(tcp->counters, COUNT_icmp_soft);
	event_warn(tcp, tcb, WEIR_REASON_UNREACHABLE);
	return ACCEPTED;
}

/* Only our SYN-ACK is in flight, which every path has room for. The user knows nothing of it yet. */
static verdict half_open_error(struct tcp *tcp, uint32_t slot, const struct icmp_error *error)
{
	if (error->seq != half_open_at(tcp, slot)->iss)
		return COUNT_drop_icmp_sequence;
	if (error->trouble != ICMP_HARD)
		return COUNT_drop_icmp_state;
	count(tcp->counters, COUNT_icmp_hard);
	half_open_forget(tcp, slot);
	return ACCEPTED;
}

bool tcp_icmp_shard(const struct tcp *tcp, const struct icmp_error *error, unsigned *shard)
{
	struct tuple tuple = tcp_tuple(tcp, &error->pair, error->lport, error->rport);

	*shard = tcp_shard_of(tcp, &tuple, &error->pair);
	return tcp->rss_habit == WEIR_RSS_ANY || listeners_find(tcp, error->pair.local, error->lport) == NULL;
}

verdict tcp_icmp(struct tcp *tcp, const struct icmp_error *error, uint64_t now_ns)
{
	tcp_set_now(tcp, now_ns);
	struct tuple tuple = tcp_tuple(tcp, &error->pair, error->lport, error->rport);
	ref r = conn_table_find(&tcp->table, tcp_hash(tcp, &tuple), &tuple);

	if (tuple_is6(&tuple) && r != REF_NONE && !pair_equal(pair_at(tcp, r), &error->pair))
		r = REF_NONE;
	switch (ref_kind(r)) {
	case REF_HOT:
		return hot_error(tcp, tcb_at(tcp, ref_slot(r)), error);
	case REF_HALF_OPEN:
		return half_open_error(tcp, ref_slot(r), error);
	case REF_TIME_WAIT:
		return COUNT_drop_icmp_state; /* everything of ours has been acknowledged */
	case REF_NONE:
	case REF_KINDS:
		break;
	}
	return COUNT_drop_icmp_no_connection;
}
