/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slots.h - numbers for an application's connections, 0..max-1, and a line to wait in.
 *
 * The number is the connection's application word, and the index into whatever arrays the
 * application keeps. The handle's own index will not do: it is free for a new connection as soon
 * as the stack is done with the old one, while the application has yet to hear of that. The number given back
 * last is given out first, so that few connections touch few cache lines.
 *
 * Whoever waits (for a buffer to send from) stands in line, at most once, and keeps its place when its
 * number goes to another connection: being called for nothing must be harmless.
 *
 * One thread. Memory is taken once and touched as it is used.
 */
#ifndef WEIR_APP_SLOTS_H
#define WEIR_APP_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#define SLOTS_NONE UINT32_MAX

/* More than the stack holds: connections whose end the application has yet to hear of. */
#define SLOTS_UNHEARD 8192

struct slots {
	uint32_t max;
	uint32_t fresh; /* those from here on were never used */
	uint32_t free_count;
	uint32_t *free;

	uint32_t waiting; /* how many stand in line */
	uint32_t head, tail;
	uint32_t *next; /* 0: not in line; SLOTS_NONE: the last; else 1 + who is behind */
};

/* 0 or -ENOMEM. */
int slots_init(struct slots *slots, uint32_t max);
void slots_fini(struct slots *slots);

/* A number that is in nobody's use, or SLOTS_NONE. */
uint32_t slots_take(struct slots *slots);

/* Takes a number back. */
void slots_give(struct slots *slots, uint32_t slot);

/* To the end of the line; again is harmless. */
void slots_wait(struct slots *slots, uint32_t slot);

/* The first in line, taken out of it; SLOTS_NONE: nobody. */
uint32_t slots_next(struct slots *slots);

#endif
