/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * transitions.h - which changes of state are legal, by whatever brings them about, written down from RFC
 * 9293's figure 5 and section 3.10 alone; and which of them have been seen.
 *
 * What one segment does in several steps is a row of its own: an ACK with a FIN leads from SYN-RECEIVED to
 * CLOSE-WAIT. "CLOSED" as the end of a connection stands for LISTEN too, where a listener remains.
 */
#ifndef WEIR_TESTS_TRANSITIONS_H
#define WEIR_TESTS_TRANSITIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "weir.h"

/* by: BY_ bits of moves.h. False when no row allows it; otherwise the row has been seen. */
bool transitions_see(enum weir_state from, enum weir_state to, unsigned by);

unsigned transitions_count(void);
unsigned transitions_seen(void);

/* One line for each row: how often it was seen, or only those that never were. */
void transitions_print(FILE *out, bool missing_only, const char *prefix);

#endif
