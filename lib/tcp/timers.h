/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timers.h - every timer of this room, and where it is armed:
 *
 *   retransmission    tcb  TIMER_RETRANSMIT   output.c note_sent(), ack.c restart_timer()
 *   persist           tcb  TIMER_PERSIST      output.c persist_if_stuck()
 *   FIN-WAIT-2        tcb  TIMER_FIN_WAIT_2   input.c fin_acked(), user.c tcp_close()
 *   extension idle    tcb  TIMER_IDLE         ack.c restart_timer()
 *   keepalive         tcb  TIMER_KEEPALIVE    records.h tcb_rest()
 *   lingering         tcb_ext linger_end      user.c tcp_close(); beside one of the others
 *   SYN-ACK           half_open               half_open.c arm()
 *   delayed ACK       queue of constant delay output.c delay_ack()
 *   TIME-WAIT         ring of constant delay  time_wait.c
 *
 * The first seven are filed in one wheel; the last two expire in the order in which they began.
 */
#ifndef WEIR_TCP_TIMERS_H
#define WEIR_TCP_TIMERS_H

#include "tcp/tcp_pvt.h"

/* A record's filing came up: fires what is due, files again what is not. */
void timers_due(struct tcp *tcp, ref r);

/*
 * The peer has answered from behind a closed window: R2 begins anew (RFC 9293 MUST-37). With an extension its
 * count of unanswered probes says so; without one, the time-outs that R2 is counted by must.
 */
void timers_answered(const struct tcp *tcp, struct tcb *tcb);

/* An acceptable segment has come while TIMER_IDLE or TIMER_KEEPALIVE runs. */
void timers_heard(struct tcp *tcp, struct tcb *tcb);

#endif
