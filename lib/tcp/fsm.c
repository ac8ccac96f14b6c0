/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/fsm.h"

#define TO(state) (1u << WEIR_##state)

/*
 * One row a state: where it may lead. To CLOSED leads every state: by RST, abort or time-out. A tcb that
 * is made for a completed handshake starts in SYN-RECEIVED, where its half-open record stood.
 */
static const uint16_t legal[WEIR_STATES] = {
	[WEIR_CLOSED] = TO(SYN_SENT) | TO(SYN_RECEIVED),
	[WEIR_LISTEN] = TO(SYN_RECEIVED) | TO(CLOSED),
	[WEIR_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
	[WEIR_SYN_RECEIVED] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[WEIR_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[WEIR_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) | TO(CLOSED),
	[WEIR_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
	[WEIR_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
	[WEIR_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
	[WEIR_LAST_ACK] = TO(CLOSED),
	[WEIR_TIME_WAIT] = TO(CLOSED),
};

bool fsm_legal(enum weir_state from, enum weir_state to)
{
	return legal[from] >> to & 1;
}
