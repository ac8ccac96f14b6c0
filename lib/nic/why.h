/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * why.h - one line for a person: what is wrong with a device or a file, and what to do.
 *
 * An errno value alone sends people searching; "no such network interface 'veth9': `ip link` lists
 * those there are" does not. Whoever finds the fault writes the line, because only there the name of
 * the thing is known; the public API hands it out by weir_runtime_error().
 */
#ifndef WEIR_NIC_WHY_H
#define WEIR_NIC_WHY_H

#include <stdarg.h>
#include <stdio.h>

#define WHY_BYTES 256

struct why {
	char text[WHY_BYTES]; /* without a newline; empty: nothing went wrong yet */
};

/* Writes the line and returns `error` (a negative errno), so that a caller can return it at once. */
static inline __attribute__((format(printf, 3, 4))) int why_set(struct why *why, int error,
								const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return error;
}

#endif
