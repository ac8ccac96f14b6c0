/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor_tree.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor_cpus.h"

/* A path that is too long names nothing. */
static void full_path(char full[PATH_MAX], const char *root, const char *path, va_list args)
{
	int used = snprintf(full, PATH_MAX, "%s", root);

	if (used < 0 || used >= PATH_MAX ||
	    vsnprintf(full + used, PATH_MAX - (size_t)used, path, args) >= PATH_MAX - used)
		full[0] = '\0';
}

#define FULL_PATH(full, root, path)                      \
	do {                                             \
		va_list args;                            \
		va_start(args, path);                    \
		full_path((full), (root), (path), args); \
		va_end(args);                            \
	} while (0)

static bool first_line(const char *full, char *text, size_t size)
{
	FILE *file = fopen(full, "re");
	bool read;

	if (file == NULL)
		return false;
	read = fgets(text, (int)size, file) != NULL;
	/* An empty file says nothing, and says it. */
	if (!read)
		text[0] = '\0';
	read = read || !ferror(file);
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return read;
}

bool doctor_tree_has(const char *root, const char *path, ...)
{
	char full[PATH_MAX];

	FULL_PATH(full, root, path);
	return access(full, F_OK) == 0;
}

bool doctor_tree_text(const char *root, char *text, size_t size, const char *path, ...)
{
	char full[PATH_MAX];

	FULL_PATH(full, root, path);
	return first_line(full, text, size);
}

bool doctor_tree_number(const char *root, int64_t *value, const char *path, ...)
{
	char full[PATH_MAX], text[64], *end;
	int64_t number;

	FULL_PATH(full, root, path);
	if (!first_line(full, text, sizeof(text)))
		return false;
	number = strtoll(text, &end, 0);
	if (end == text)
		return false;
	*value = number;
	return true;
}

bool doctor_tree_cpus(const char *root, cpu_set_t *cpus, const char *path, ...)
{
	char full[PATH_MAX], text[DOCTOR_LINE];

	FULL_PATH(full, root, path);
	CPU_ZERO(cpus);
	return first_line(full, text, sizeof(text)) && doctor_cpus_parse(text, cpus);
}

static const char *after_key(const char *line, const char *key)
{
	size_t len = strlen(key);

	return strncmp(line, key, len) == 0 && strchr(" \t:=\n", line[len]) != NULL ? line + len : NULL;
}

bool doctor_tree_field(const char *root, const char *key, char *text, size_t size, const char *path, ...)
{
	char full[PATH_MAX], line[DOCTOR_LINE];
	const char *value = NULL;
	FILE *file;

	FULL_PATH(full, root, path);
	file = fopen(full, "re");
	if (file == NULL)
		return false;
	while (value == NULL && fgets(line, sizeof(line), file) != NULL)
		value = after_key(line, key);
	fclose(file);
	if (value == NULL)
		return false;
	value += strspn(value, " \t:=");
	snprintf(text, size, "%.*s", (int)strcspn(value, "\n"), value);
	return true;
}

bool doctor_tree_holds(const char *root, const char *text, const char *path, ...)
{
	char full[PATH_MAX], line[DOCTOR_LINE];
	bool found = false;
	FILE *file;

	FULL_PATH(full, root, path);
	file = fopen(full, "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, text) != NULL;
	if (file != NULL)
		fclose(file);
	return found;
}

bool doctor_tree_link(const char *root, char *name, size_t size, const char *path, ...)
{
	char full[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t len;

	FULL_PATH(full, root, path);
	len = readlink(full, target, sizeof(target) - 1);
	if (len <= 0)
		return false;
	target[len] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%s", slash != NULL ? slash + 1 : target);
	return true;
}

static int by_number(const void *a, const void *b)
{
	return strverscmp(a, b);
}

void doctor_tree_entries(const char *root, struct doctor_entries *entries, const char *prefix,
			 const char *path, ...)
{
	const struct dirent *entry;
	char full[PATH_MAX];
	DIR *folder;

	FULL_PATH(full, root, path);
	entries->count = 0;
	folder = opendir(full);
	while (folder != NULL && entries->count < DOCTOR_ENTRIES && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= DOCTOR_NAME ||
		    strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		memcpy(entries->names[entries->count++], entry->d_name, strlen(entry->d_name) + 1);
	}
	if (folder != NULL)
		closedir(folder);
	qsort(entries->names, entries->count, sizeof(entries->names[0]), by_number);
}

static bool in_group(const char *root, gid_t group)
{
	char groups[DOCTOR_LINE], number[32];

	snprintf(number, sizeof(number), "%u", group);
	return (doctor_tree_field(root, "Gid", groups, sizeof(groups), "/proc/self/status") &&
		doctor_tree_word(groups, number)) ||
	       (doctor_tree_field(root, "Groups", groups, sizeof(groups), "/proc/self/status") &&
		doctor_tree_word(groups, number));
}

bool doctor_tree_permits(const char *root, const char *path, ...)
{
	char full[PATH_MAX], text[128];
	struct stat status;
	uint32_t user = 0;
	unsigned mode;

	FULL_PATH(full, root, path);
	if (stat(full, &status) != 0 ||
	    !doctor_tree_field(root, "Uid", text, sizeof(text), "/proc/self/status") ||
	    sscanf(text, "%*u %" SCNu32, &user) != 1)
		return false;
	if (user == 0)
		return true;
	mode = status.st_mode & 0006u;
	if (status.st_uid == user)
		mode = status.st_mode >> 6 & 0006u;
	else if (in_group(root, status.st_gid))
		mode = status.st_mode >> 3 & 0006u;
	return mode == 0006u;
}

bool doctor_tree_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
		bool begins = at == text || strchr(" \t", at[-1]) != NULL;

		if (begins && strchr(" \t", at[len]) != NULL)
			return true;
	}
	return false;
}
