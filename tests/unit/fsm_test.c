/* SPDX-License-Identifier: BSD-3-Clause */
/* The legal transitions, against RFC 9293 figure 5 and the text of section 3.10. */
#include <criterion/criterion.h>

#include "tcp/fsm.h"

/*
 * f: an arrow of figure 5. r: RST, abort, time-out or the end of 2 MSL, from section 3.10. w: weir's own:
 * a record is made when its handshake completes. Arrows into and out of LISTEN are no tcb's: listeners
 * are not connections, and what a RST sends back to LISTEN is a half-open record.
 */
static const char *const arrows[WEIR_STATES] = {
	/*                      from \ to       C L S R E 1 2 W G A T */
	[WEIR_CLOSED] = /*              */ "    . . f w . . . . . . .",
	[WEIR_LISTEN] = /*              */ "    f . . f . . . . . . .",
	[WEIR_SYN_SENT] = /*            */ "    f . . f f . . . . . .",
	[WEIR_SYN_RECEIVED] = /*        */ "    r . . . f f . f . . .",
	[WEIR_ESTABLISHED] = /*         */ "    r . . . . f . f . . .",
	[WEIR_FIN_WAIT_1] = /*          */ "    r . . . . . f . f . f",
	[WEIR_FIN_WAIT_2] = /*          */ "    r . . . . . . . . . f",
	[WEIR_CLOSE_WAIT] = /*          */ "    r . . . . . . . . f .",
	[WEIR_CLOSING] = /*             */ "    r . . . . . . . . . f",
	[WEIR_LAST_ACK] = /*            */ "    f . . . . . . . . . .",
	[WEIR_TIME_WAIT] = /*           */ "    f . . . . . . . . . .",
};

Test(fsm, legal_transitions_are_those_of_figure_5)
{
	for (unsigned from = 0; from < WEIR_STATES; from++)
		for (unsigned to = 0; to < WEIR_STATES; to++)
			cr_assert_eq(fsm_legal((enum weir_state)from, (enum weir_state)to),
				     arrows[from][4 + 2 * to] != '.', "%s to %s",
				     weir_state_name((enum weir_state)from),
				     weir_state_name((enum weir_state)to));
}

Test(fsm, synchronized_states)
{
	for (unsigned st = 0; st < WEIR_STATES; st++)
		cr_assert_eq(fsm_synchronized((enum weir_state)st), st != WEIR_CLOSED && st != WEIR_LISTEN &&
									    st != WEIR_SYN_SENT &&
									    st != WEIR_SYN_RECEIVED);
}

/* Each state's count is what is in it; CLOSED is nothing's. */
Test(fsm, states_are_counted)
{
	static struct tcp tcp;
	struct tcb one = { .state = WEIR_CLOSED }, two = { .state = WEIR_CLOSED };

	tcb_set_state(&tcp, &one, WEIR_SYN_SENT);
	tcb_set_state(&tcp, &two, WEIR_SYN_SENT);
	cr_assert_eq(tcp.states[WEIR_SYN_SENT], 2);
	tcb_set_state(&tcp, &one, WEIR_ESTABLISHED);
	cr_assert(tcp.states[WEIR_SYN_SENT] == 1 && tcp.states[WEIR_ESTABLISHED] == 1);
	tcb_set_state(&tcp, &one, WEIR_CLOSED);
	tcb_set_state(&tcp, &two, WEIR_CLOSED);
	for (unsigned st = 0; st < WEIR_STATES; st++)
		cr_assert_eq(tcp.states[st], 0);
	fsm_count(&tcp, WEIR_TIME_WAIT, 1);
	fsm_count(&tcp, WEIR_TIME_WAIT, 1);
	fsm_count(&tcp, WEIR_TIME_WAIT, -1);
	cr_assert_eq(tcp.states[WEIR_TIME_WAIT], 1);
}
