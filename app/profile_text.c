/* SPDX-License-Identifier: BSD-3-Clause */
#include "profile_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 10^9 - 1 fits 32 bits, and no setting is larger. */
#define DIGITS_MAX 9

char *profile_text_load(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "r");
	char *text = file != NULL ? malloc(PROFILE_TEXT_MAX + 1) : NULL;
	int error;

	if (text != NULL) {
		*bytes = fread(text, 1, PROFILE_TEXT_MAX + 1, file);
		if (!ferror(file) && *bytes <= PROFILE_TEXT_MAX) {
			text[*bytes] = '\0';
			fclose(file);
			return text;
		}
		if (!ferror(file))
			errno = EFBIG;
	}
	error = errno;
	free(text);
	if (file != NULL)
		fclose(file);
	errno = error;
	return NULL;
}

/* The place behind the text that begins at a quotation mark, or NULL. */
static const char *behind_quotes(const char *at)
{
	for (at++; *at != '\0' && *at != '"'; at++)
		if (at[0] == '\\' && at[1] != '\0')
			at++;
	return *at == '"' ? at + 1 : NULL;
}

static const char *behind_comment(const char *at)
{
	const char *end = strstr(at + 2, "*/");

	return end != NULL ? end + 2 : NULL;
}

/* The place behind the number, name, text, comment or character that begins here; NULL: it is a fault. */
static const char *next(const char *at, const char **fault)
{
	size_t digits = strspn(at, "0123456789");
	const char *end;

	*fault = "a text begins here that does not end; close its quotes";
	if (*at == '"')
		return behind_quotes(at);
	*fault = "a comment begins here that does not end; close it with */";
	if (at[0] == '/' && at[1] == '*')
		return behind_comment(at);
	if (*at == '#' || (at[0] == '/' && at[1] == '/'))
		return at + strcspn(at, "\n");
	*fault = "@include: a profile is one file; put the settings in here";
	if (*at == '@')
		return NULL;
	*fault = "give whole numbers in decimal, of at most nine digits";
	if (digits > DIGITS_MAX || (digits == 1 && at[0] == '0' && (at[1] | 0x20) == 'x'))
		return NULL;
	for (end = at; isalnum((unsigned char)*end) || *end == '_'; end++)
		;
	return end > at ? end : at + 1;
}

const char *profile_text_fault(const char *text, size_t bytes, int *line)
{
	const char *at = text, *fault = NULL, *behind;

	*line = 1;
	for (; *at != '\0'; at = behind) {
		behind = next(at, &fault);
		if (behind == NULL)
			return fault;
		for (const char *byte = at; byte < behind; byte++)
			*line += *byte == '\n';
	}
	return at < text + bytes ? "a byte of zero; a profile is text" : NULL;
}
