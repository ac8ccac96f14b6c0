/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault.h - how a fuzzer says that something does not hold, and what it did before.
 *
 * HOLDS() ends the process, which libFuzzer takes for a finding and keeps the byte string of. With FUZZ_TRACE
 * set in the environment each step is printed, so that a replay tells the story:
 *
 *     FUZZ_TRACE=1 build/tests/fuzz/fuzz_session crash-...
 */
#ifndef WEIR_TESTS_FUZZ_FAULT_H
#define WEIR_TESTS_FUZZ_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What libFuzzer calls, and replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline bool fault_tracing(void)
{
	static int tracing = -1;

	if (tracing < 0)
		tracing = getenv("FUZZ_TRACE") != NULL;
	return tracing;
}

#define TELL(...)                                         \
	do {                                              \
		if (__builtin_expect(fault_tracing(), 0)) \
			fprintf(stderr, __VA_ARGS__);     \
	} while (0)

#define HOLDS(cond, ...)                                                                          \
	do {                                                                                      \
		if (__builtin_expect(!(cond), 0)) {                                               \
			fprintf(stderr, "%s:%d: does not hold: %s: ", __FILE__, __LINE__, #cond); \
			fprintf(stderr, __VA_ARGS__);                                             \
			fprintf(stderr, "\n");                                                    \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

#endif
