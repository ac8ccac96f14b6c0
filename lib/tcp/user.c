/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/user.h"

#include <errno.h>

#include "tcp/ecn.h"
#include "tcp/events.h"
#include "tcp/fsm.h"
#include "tcp/half_open.h"
#include "tcp/isn.h"
#include "tcp/output.h"
#include "tcp/ports.h"
#include "tcp/profiles.h"
#include "tcp/records.h"
#include "tcp/reply.h"
#include "tcp/rtt.h"
#include "tcp/send_queue.h"
#include "tcp/text.h"
#include "tcp/time_wait.h"

/* Finds a place for the claim's pair and ports; a local one that is 0 is chosen. */
static int claim_tuple(struct tcp *tcp, struct claim *claim)
{
	struct tuple *tuple = &claim->tuple;

	if (tuple->lport == 0)
		return ports_choose(tcp, claim);
	*tuple = tcp_tuple(tcp, &claim->pair, tuple->lport, tuple->rport);
	if (tcp->rss != NULL && !ports_lead_here(tcp, tuple, &claim->pair))
		return -EADDRNOTAVAIL;
	claim->hash = tcp_hash(tcp, tuple);
	claim->found = conn_table_find(&tcp->table, claim->hash, tuple);
	if (claim->found == REF_NONE)
		return 0;
	if (ref_kind(claim->found) == REF_TIME_WAIT && time_wait_reusable(tcp, ref_slot(claim->found)))
		return 0;
	return -EADDRINUSE;
}

void tcp_expect_opens(struct tcp *tcp, const struct weir_address *locals, unsigned n,
		      struct weir_endpoint remote)
{
	ports_expect(tcp, locals, n, remote);
}

bool tcp_opens_expected(const struct tcp *tcp)
{
	return ports_expected(tcp);
}

/* Whether there is room for what an open needs besides its tuple: 0, or why not. */
static int may_open(const struct tcp *tcp)
{
	if (ring_room(&tcp->dirty_ring) == 0)
		return -EAGAIN;
	return slot_pool_free(&tcp->hot) == 0 ? -ENOMEM : 0;
}

/* RFC 9293 section 3.10.1, an active open, of a tuple that may be had. */
static int open_claimed(struct tcp *tcp, const struct claim *claim, uint32_t word, weir_conn *conn)
{
	struct isn isn = claim->f != 0 ? isn_of(tcp, claim->f) : isn_make(tcp, &claim->tuple);

	if (claim->found != REF_NONE) {
		uint32_t beyond = time_wait_remove(tcp, ref_slot(claim->found)) + 1;

		isn.iss = seq_max(isn.iss, beyond);
		count(tcp->counters, COUNT_time_wait_reused);
	}
	struct tcb *tcb = tcb_take(tcp, &claim->tuple, &claim->pair);

	if (!conn_table_insert(&tcp->table, claim->hash, ref_make(REF_HOT, tcb_slot(tcp, tcb)))) {
		tcb_give(tcp, tcb);
		return -ENOMEM;
	}
	tcb->word = word;
	tcb->ts_offset = isn.ts_offset;
	tcb->snd_nxt = isn.iss + 1;
	tcb->flight = 1;
	tcb->flags |= TCB_SACK | TCB_WSCALE | TCB_RESEND | (tcp->timestamps ? TCB_TS : 0);
	if (tcp->ecn)
		ecn_use(tcb);
	tcb_set_state(tcp, tcb, WEIR_SYN_SENT);
	count(tcp->counters, COUNT_attempted);
	output_mark(tcp, tcb);
	*conn = (weir_conn){ .index = tcb_slot(tcp, tcb), .generation = tcb->generation };
	return 0;
}

int tcp_connect_expected(struct tcp *tcp, uint32_t word, uint64_t now_ns, weir_conn *conn)
{
	int err = may_open(tcp);

	if (err != 0)
		return err;
	tcp_set_now(tcp, now_ns);
	const struct claim *claim = ports_next(tcp);

	return claim != NULL ? open_claimed(tcp, claim, word, conn) : -EADDRINUSE;
}

int tcp_connect(struct tcp *tcp, struct weir_endpoint local, struct weir_endpoint remote, uint32_t word,
		uint64_t now_ns, weir_conn *conn)
{
	struct claim claim = {
		.pair = { .local = local.address, .remote = remote.address },
		.tuple = { .lport = local.port, .rport = remote.port },
	};

	tcp_set_now(tcp, now_ns);
	if (remote.port == 0 || address_is_none(remote.address) || address_is_none(local.address) ||
	    weir_is_ipv4(remote.address) != weir_is_ipv4(local.address))
		return -EINVAL;
	int err = may_open(tcp);

	if (err == 0)
		err = claim_tuple(tcp, &claim);
	return err == 0 ? open_claimed(tcp, &claim, word, conn) : err;
}

/* RFC 9293 section 3.10.2: whether this connection takes data now. 0 or why not. */
static int may_send(const struct tcp *tcp, const struct tcb *tcb)
{
	if (tcb == NULL)
		return -ESTALE;
	if (!fsm_synchronized((enum weir_state)tcb->state))
		return -ENOTCONN;
	if (tcb->flags & TCB_FIN_QUEUED)
		return -EPIPE;
	return output_room(tcp, tcb) ? 0 : -EAGAIN;
}

/* The same of data in so many buffers. */
static int may_send_buffers(const struct tcp *tcp, const struct tcb *tcb, uint32_t buffers)
{
	int err = may_send(tcp, tcb);

	if (err != 0)
		return err;
	if (buffers > tcp->queued_max - tcp->queued) {
		count(tcp->counters, COUNT_sends_refused);
		return -ENOMEM;
	}
	return tcb->flags & TCB_EXT && tcb_ext(tcp, tcb)->pieces >= tcp->send_buffers ? -EAGAIN : 0;
}

int tcp_may_send(const struct tcp *tcp, weir_conn conn, uint32_t buffers)
{
	return may_send_buffers(tcp, tcb_find(tcp, conn), buffers);
}

uint32_t tcp_queued(const struct tcp *tcp)
{
	return tcp->queued;
}

/* For a connection that may send. */
static int send_piece(struct tcp *tcp, struct tcb *tcb, const struct piece *piece)
{
	int err;

	if (piece->len == 0)
		return -EINVAL;
	if (!tcb_extend(tcp, tcb))
		return -ENOMEM;
	err = send_queue_append(tcp, tcb, piece);
	if (err == 0)
		output_mark(tcp, tcb);
	else if (tcb_at_rest(tcb))
		tcb_arm(tcp, tcb, TIMER_IDLE, rtt_rto_ticks(tcp, tcb)); /* or the extension would stay */
	return err;
}

int tcp_send(struct tcp *tcp, weir_conn conn, payload data)
{
	struct tcb *tcb = tcb_find(tcp, conn);
	int err = may_send_buffers(tcp, tcb, payload_buffers(data));

	if (err != 0)
		return err;
	return send_piece(tcp, tcb, &(struct piece){ .data = data, .len = payload_bytes(data) });
}

int tcp_send_static(struct tcp *tcp, weir_conn conn, int id)
{
	struct tcb *tcb = tcb_find(tcp, conn);
	int err = may_send(tcp, tcb);

	if (err != 0)
		return err;
	if (id <= 0 || (unsigned)id > tcp->statics_count)
		return -EINVAL;
	const struct static_bytes *bytes = &tcp->statics[id];

	/* One small piece and nothing else: the hot record remembers it by its number. */
	if (!(tcb->flags & TCB_EXT) && tcb->piece == 0 && tcb->flight == 0 && bytes->len <= tcb->mss &&
	    bytes->len <= tcb_snd_wnd(tcb)) {
		tcb->piece = (uint8_t)id;
		output_mark(tcp, tcb);
		return 0;
	}
	return send_piece(tcp, tcb,
			  &(struct piece){ .bytes = bytes->bytes, .len = bytes->len, .is_static = true });
}

int tcp_static(struct tcp *tcp, const void *data, uint32_t len)
{
	if (data == NULL || len == 0)
		return -EINVAL;
	if (tcp->statics_count == TCP_STATICS - 1)
		return -ENOSPC;
	tcp->statics[++tcp->statics_count] = (struct static_bytes){ .bytes = data, .len = len };
	return (int)tcp->statics_count;
}

/* RFC 9293 section 3.10.4 for synchronized states: a FIN follows what is queued. */
static int queue_fin(struct tcp *tcp, struct tcb *tcb)
{
	if (tcb->flags & TCB_FIN_QUEUED)
		return 0;
	if (!output_room(tcp, tcb))
		return -EAGAIN;
	tcb->flags |= TCB_FIN_QUEUED;
	if (tcb->state == WEIR_SYN_RECEIVED)
		return 0; /* a simultaneous open: it goes out once the SYN has been acknowledged */
	tcb_set_state(tcp, tcb, tcb->state == WEIR_CLOSE_WAIT ? WEIR_LAST_ACK : WEIR_FIN_WAIT_1);
	output_mark(tcp, tcb);
	return 0;
}

int tcp_shutdown(struct tcp *tcp, weir_conn conn)
{
	struct tcb *tcb = tcb_find(tcp, conn);

	if (tcb == NULL)
		return -ESTALE;
	if (!fsm_synchronized((enum weir_state)tcb->state))
		return -ENOTCONN;
	return queue_fin(tcp, tcb);
}

/*
 * Puts an end to what is about to be closed, if the application wants one: an alarm of its own beside the
 * timer that runs. Until our FIN is acknowledged there is something to wait for. Without an extension to keep
 * the alarm in, and before the SYNs are acknowledged, R2 is the end: closing never fails for want of memory.
 */
static void bound_lingering(struct tcp *tcp, struct tcb *tcb)
{
	uint32_t linger = profile_of(tcp, tcb)->linger;

	if (linger == PROFILE_LINGER_ON || !fsm_synchronized((enum weir_state)tcb->state) ||
	    tcb->state == WEIR_FIN_WAIT_2 || tcb->flags & TCB_DEAF || !tcb_extend(tcp, tcb))
		return;
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	ext->lingers = true;
	ext->linger_end = tcp->tick + linger + 1;
	timer_wheel_file(&tcp->wheel, ref_make(REF_HOT, tcb_slot(tcp, tcb)), ext->linger_end);
}

int tcp_close(struct tcp *tcp, weir_conn conn)
{
	struct tcb *tcb = tcb_find(tcp, conn);

	if (tcb == NULL)
		return -ESTALE;
	if (tcb->state == WEIR_SYN_SENT) {
		if (!event_room(tcp, tcb))
			return -EAGAIN;
		tcb_end(tcp, tcb, WEIR_REASON_ABORTED);
		return 0;
	}
	/* RFC 9293 3.6.1: what has come in and will not be read is lost, and the peer must know (SHLD-3). */
	if (event_unread(tcp, tcb) || profile_of(tcp, tcb)->linger == 0)
		return tcp_abort(tcp, conn);
	if (!output_room(tcp, tcb))
		return -EAGAIN; /* before anything has happened */
	bound_lingering(tcp, tcb);
	(void)queue_fin(tcp, tcb); /* it has room */
	tcb->flags |= TCB_DEAF;
	if (tcb->state == WEIR_FIN_WAIT_2 && tcb->timer != TIMER_FIN_WAIT_2)
		tcb_arm(tcp, tcb, TIMER_FIN_WAIT_2, tcp->times.fin_wait_2);
	return 0;
}

/*
 * RFC 9293 section 3.10.5: no RST for a SYN that was not answered, nor where each side has sent its FIN - it
 * would only end the peer's TIME-WAIT early. CLOSING and LAST-ACK begin with the call here, and our FIN may
 * still have to wait.
 */
static bool reset_due(const struct tcb *tcb)
{
	if (tcb->state == WEIR_CLOSING || tcb->state == WEIR_LAST_ACK)
		return !(tcb->flags & TCB_FIN_SENT);
	return tcb->state != WEIR_SYN_SENT;
}

void user_abort(struct tcp *tcp, struct tcb *tcb, enum weir_reason reason)
{
	if (reset_due(tcb))
		reply_reset(tcp, tcb);
	tcb_end(tcp, tcb, reason);
}

int tcp_abort(struct tcp *tcp, weir_conn conn)
{
	struct tcb *tcb = tcb_find(tcp, conn);

	if (tcb == NULL)
		return -ESTALE;
	if (!event_room(tcp, tcb) || ring_room(&tcp->replies_ring) == 0)
		return -EAGAIN;
	user_abort(tcp, tcb, WEIR_REASON_ABORTED);
	return 0;
}

void tcp_abort_all(struct tcp *tcp)
{
	for (int i = 0; i < TCP_LISTENERS; i++)
		tcp_unlisten(tcp, i);
	/* Whoever asks in each round must not make it begin anew in each. */
	if (tcp->abort_cursor == SLOT_NONE)
		tcp->abort_cursor = 0;
	else
		tcp->abort_again = true;
	user_abort_more(tcp);
}

void user_abort_more(struct tcp *tcp)
{
	if (tcp->abort_cursor == SLOT_NONE)
		return;
	for (; tcp->abort_cursor < tcp->hot.fresh; tcp->abort_cursor++) {
		struct tcb *tcb = tcb_at(tcp, tcp->abort_cursor);

		if (tcb->tuple.rport == 0)
			continue;
		if (!event_room(tcp, tcb) || ring_room(&tcp->replies_ring) == 0)
			return;
		user_abort(tcp, tcb, WEIR_REASON_SHUTDOWN);
	}
	tcp->abort_cursor = tcp->abort_again ? 0 : SLOT_NONE;
	tcp->abort_again = false;
}

void tcp_release(struct tcp *tcp, weir_conn conn, payload data)
{
	struct tcb *tcb = tcb_find(tcp, conn);

	if (tcb != NULL)
		text_released(tcp, tcb, payload_buffers(data));
	payload_free(data);
}

int tcp_set_word(struct tcp *tcp, weir_conn conn, uint32_t word)
{
	struct tcb *tcb = tcb_find(tcp, conn);

	if (tcb == NULL)
		return -ESTALE;
	event_set_word(tcp, tcb, word);
	return 0;
}

int tcp_info(const struct tcp *tcp, weir_conn conn, struct weir_info *info)
{
	const struct tcb *tcb = tcb_find(tcp, conn);

	if (tcb == NULL)
		return -ESTALE;
	const struct pair *pair = tcb_pair(tcp, tcb);
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);
	struct path path = ext == NULL ?
				   path_unpack(tcb->packed) :
				   (struct path){ .srtt_us = ext->srtt_us, .rttvar_us = ext->rttvar_us };
	uint32_t una = tcb_snd_una(tcp, tcb), end = send_queue_end(tcp, tcb);

	*info = (struct weir_info){
		.state = (enum weir_state)tcb->state,
		.local = { .address = tuple_local(&tcb->tuple, pair), .port = tcb->tuple.lport },
		.remote = { .address = tuple_remote(&tcb->tuple, pair), .port = tcb->tuple.rport },
		.word = event_word(tcp, tcb),
		.srtt_us = path.srtt_us,
		.rttvar_us = path.rttvar_us,
		.cwnd_bytes = ext != NULL ? ext->cwnd : path.cwnd * tcb->mss,
		.send_window_bytes = tcb_snd_wnd(tcb),
		.receive_window_bytes = tcb_rcv_wnd(tcb),
		.unsent_bytes = seq_gt(end, tcb->snd_nxt) ? end - tcb->snd_nxt : 0,
		.unacked_bytes = tcb->snd_nxt - una,
		.mss = tcb->mss,
		.timestamps = tcb->flags & TCB_TS,
		.sack = tcb->flags & TCB_SACK,
		.window_scaling = tcb->flags & TCB_WSCALE,
		.ecn = tcb->ecn == ECN_ON,
	};
	return 0;
}
