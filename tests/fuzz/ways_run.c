/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiled into each copy of ways.h, where WAYS_RUN is the name that the other program knows it by. */
#include "fuzz/programs.h"
#include "fuzz/ways.h"
#include "fuzz/witness.h"

__attribute__((visibility("default"))) const struct witness *WAYS_RUN(enum ways_program program,
								      const uint8_t *data, size_t size)
{
	static void (*const programs[WAYS_PROGRAMS])(const uint8_t *data, size_t size) = {
		[WAYS_SESSION] = session_run,
		[WAYS_PAIR] = pair_run,
		[WAYS_FRAMES] = frames_run,
	};
	static struct witness witness;

	witness_watch(&witness);
	programs[program](data, size);
	witness_watch(NULL);
	return &witness;
}
