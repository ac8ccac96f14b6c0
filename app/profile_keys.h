/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * profile_keys.h - the schema of a profile: which keys there are, and what each may be.
 *
 * One table says it to the reader (profile.c), to the person whose line is wrong (profile_key_rule()) and
 * to drivers-cfg/README.md, which a test holds equal to it. A key is here only if it changes what a run does
 * or is shown by `weir doctor`.
 */
#ifndef WEIR_APP_PROFILE_KEYS_H
#define WEIR_APP_PROFILE_KEYS_H

#include <stddef.h>
#include <stdint.h>

/* And the type of what is at profile_key.offset. */
enum profile_type {
	PROFILE_TEXT,   /* const char * */
	PROFILE_TEXTS,  /* const char *[], and how many; one text, or an array of them */
	PROFILE_NUMBER, /* uint16_t */
	PROFILE_SWITCH, /* bool */
	PROFILE_CHOICE, /* an enum */
	PROFILE_BYTES,  /* uint8_t[], and how many; a text of hex digits */
	PROFILE_LIST,   /* an array of structs, and how many; each with all of its fields */
};

struct profile_key {
	const char *name;
	enum profile_type type;
	/* Of numbers, a text's characters, bytes, elements. CHOICE: min is the first one's value. */
	uint16_t min, max;
	const char *const *choices;       /* of CHOICE, up to a NULL */
	const struct profile_key *fields; /* of LIST, up to one without a name */
	size_t offset;                    /* in struct profile, or in the struct of a list's element */
	size_t count_offset;              /* TEXTS, BYTES, LIST: of an unsigned in struct profile */
	size_t element_bytes;             /* LIST */
	const char *otherwise;            /* what holds without it; NULL: it may not be missing */
	const char *meaning;
};

/* Up to one without a name. */
extern const struct profile_key profile_keys[];

#define PROFILE_RULE_MAX 160

/* What a value must be: "a whole number from 576 to 9000". Returns rule. */
const char *profile_key_rule(const struct profile_key *key, char rule[PROFILE_RULE_MAX]);

/* The names of keys, as a sentence has them: "symptom, cure and source". Returns names. */
const char *profile_key_names(const struct profile_key *keys, char *names, size_t size);

#endif
