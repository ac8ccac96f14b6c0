/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * profile_text.h - the text of a profile, read whole and looked through for what libconfig (1.5) would take
 * otherwise than it is written.
 *
 *     @include "other"    would read another file; one that cannot be read ends the process. A profile
 *                         is one file: what a line of an error names is all that there is to look at
 *     mtu = 4294968796    is 1500 modulo 2^32
 *     mtu = 0x5dc         the same, in hexadecimal and longer
 *     a comment or text that does not end swallows the keys behind it
 *     a zero byte ends the text for it, but not for an editor
 */
#ifndef WEIR_APP_PROFILE_TEXT_H
#define WEIR_APP_PROFILE_TEXT_H

#include <stddef.h>

/* Larger than anybody writes, smaller than what would fill memory by mistake. */
#define PROFILE_TEXT_MAX (64 << 10)

/* The file's text, to be freed, or NULL with errno; EFBIG: it is longer than PROFILE_TEXT_MAX. */
char *profile_text_load(const char *path, size_t *bytes);

/* NULL, or what is wrong with the text, with the number of its line. */
const char *profile_text_fault(const char *text, size_t bytes, int *line);

#endif
