/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stage.h - where the cycles of a burst go, for builds that ask (meson's option `stages`);
 * in all others nothing.
 *
 * stage_enter() says that another stage of the pipeline begins. What lies between two such calls is the
 * cycles of the first one's stage: run/stages.c adds them up, since nobody below reads a clock, and
 * weir-bench tells them. A reading costs some twenty cycles itself, once for each stage of a burst.
 *
 * One set of counters for each thread.
 */
#ifndef WEIR_BASE_STAGE_H
#define WEIR_BASE_STAGE_H

#include <stdint.h>

enum stage {
	STAGE_OTHER, /* whatever lies between turns */
	STAGE_RECEIVE,
	STAGE_PARSE,
	STAGE_INPUT, /* records looked up, and segments */
	STAGE_DISPOSE,
	STAGE_TIMERS,
	STAGE_APPLICATION,
	STAGE_OUTPUT,
	STAGE_BUILD,
	STAGE_TRANSMIT,
	STAGES,
};

#ifdef WEIR_STAGES
void stage_enter(enum stage stage);

/* Cycles of the calling thread so far, and the stage's name. */
uint64_t stage_cycles(enum stage stage);
const char *stage_name(enum stage stage);
#else
static inline void stage_enter(enum stage stage)
{
	(void)stage;
}
#endif

#endif
