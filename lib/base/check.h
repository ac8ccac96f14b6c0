/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check.h - assertions. Peers cause drops, applications and machines cause errors; what fails
 * here is a fault of weir's own.
 *
 * CHECK is always on: for control code, where its cost is nothing. DCHECK is on in debug and
 * sanitizer builds (-DWEIR_DCHECK), for the packet path.
 */
#ifndef WEIR_BASE_CHECK_H
#define WEIR_BASE_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(cond)                                              \
	do {                                                     \
		if (__builtin_expect(!(cond), 0))                \
			check_failed(#cond, __FILE__, __LINE__); \
	} while (0)

#ifdef WEIR_DCHECK
#define DCHECK(cond) CHECK(cond)
#else
#define DCHECK(cond) ((void)sizeof(!(cond)))
#endif

static inline _Noreturn void check_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "weir: %s:%d: assertion failed: %s\n", file, line, cond);
	abort();
}

#endif
