/* SPDX-License-Identifier: BSD-3-Clause */
#include "profile_find.h"

#include <errno.h>
#include <glob.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* From the folder of the program. */
static const char *const places[] = { "../drivers-cfg", "../share/weir/drivers-cfg" };

#define PLACES (sizeof(places) / sizeof(places[0]))

#define FOLDER_MAX (PATH_MAX / 2)

/* The folder of the program that runs; the one where it runs, if /proc does not say. */
static void own_folder(char folder[FOLDER_MAX])
{
	ssize_t length = readlink("/proc/self/exe", folder, FOLDER_MAX - 1);
	char *end;

	folder[length > 0 ? length : 0] = '\0';
	end = strrchr(folder, '/');
	snprintf(end != NULL ? end : folder, 2, "%s", end != NULL ? "" : ".");
}

/* Names the profiles of a folder, as many as fit. */
static void list(const char *folder, const char *place, char *names, size_t size)
{
	char pattern[PATH_MAX];
	size_t used = 0;
	glob_t files;

	snprintf(pattern, sizeof(pattern), "%s/%s/*.conf", folder, place);
	if (glob(pattern, 0, NULL, &files) != 0)
		return;
	for (size_t i = 0; i < files.gl_pathc && used < size; i++) {
		const char *name = strrchr(files.gl_pathv[i], '/') + 1;

		used += (size_t)snprintf(names + used, size - used, "%s%.*s", i > 0 ? ", " : "",
					 (int)(strlen(name) - strlen(".conf")), name);
	}
	globfree(&files);
}

int profile_find(const char *name, char path[PATH_MAX], char error[PROFILE_ERROR_MAX])
{
	char folder[FOLDER_MAX], names[PROFILE_ERROR_MAX / 2] = "";

	if (name[0] == '\0' || strpbrk(name, "/.") != NULL) {
		if ((size_t)snprintf(path, PATH_MAX, "%s", name) < PATH_MAX)
			return 0;
		snprintf(error, PROFILE_ERROR_MAX, "--profile: %.64s...: %s", name, strerror(ENAMETOOLONG));
		return -ENAMETOOLONG;
	}
	own_folder(folder);
	for (size_t i = 0; i < PLACES; i++) {
		snprintf(path, PATH_MAX, "%s/%s/%.255s.conf", folder, places[i], name);
		if (access(path, F_OK) == 0)
			return 0;
	}
	for (size_t i = 0; i < PLACES && names[0] == '\0'; i++)
		list(folder, places[i], names, sizeof(names));
	snprintf(error, PROFILE_ERROR_MAX,
		 "--profile: %.64s: give one that comes with weir (%s), or a file with its path, as ./%.64s",
		 name, names[0] != '\0' ? names : "here none does", name);
	return -ENOENT;
}
