/* SPDX-License-Identifier: BSD-3-Clause */
/* user.h - the user's calls, RFC 9293 section 3.10.1 to 3.10.6. Their doors are in tcp.h. */
#ifndef WEIR_TCP_USER_H
#define WEIR_TCP_USER_H

#include "tcp/tcp_pvt.h"

/* RFC 9293 section 3.10.5, from any state. There must be room for a RST and an event. */
void user_abort(struct tcp *tcp, struct tcb *tcb, enum weir_reason reason);

/* Goes on with tcp_abort_all() as far as there is room for RSTs and events. */
void user_abort_more(struct tcp *tcp);

#endif
