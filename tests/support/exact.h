/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exact.h - bytes in a heap buffer exactly as large as they are, so that a sanitizer sees a parser touch the
 * first one beyond.
 */
#ifndef WEIR_TESTS_EXACT_H
#define WEIR_TESTS_EXACT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* free() it. */
static inline uint8_t *exact_copy(const void *bytes, size_t len)
{
	uint8_t *copy = calloc(1, len); /* gcc takes nothing of none for something unwritten */

	CHECK(copy != NULL || len == 0);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

#endif
