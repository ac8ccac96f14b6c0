/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ladder.h - the way to a state, drawn as RFC 9293 draws its figures: the client to the left, the server to
 * the right, "..." for the network.
 */
#ifndef WEIR_TESTS_LADDER_H
#define WEIR_TESTS_LADDER_H

#include <stdio.h>

#include "explore/search.h"

/* Plays the moves to found's state, and found's move if it has one, from the root, and draws them. */
void ladder_draw(FILE *out, const struct scenario *scenario, const struct found *found);

#endif
