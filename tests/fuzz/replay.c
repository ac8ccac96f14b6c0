/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * replay.c - stands in for libFuzzer where a tree is not built for fuzzing: runs a fuzzer over the files and
 * folders that are named, once each, and reports in TAP. A finding aborts.
 */
#include <dirent.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fault.h"

static unsigned replayed;

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	long size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
		perror(path);
		return 1;
	}
	rewind(file);
	/* Exactly as large as the bytes, for the sanitizers. */
	uint8_t *bytes = malloc((size_t)size);
	size_t got = fread(bytes, 1, (size_t)size, file);

	fclose(file);
	TELL("%s\n", path);
	if (got == (size_t)size)
		LLVMFuzzerTestOneInput(bytes, got);
	free(bytes);
	replayed++;
	return got != (size_t)size;
}

static int replay(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int failed = 0;

	if (folder == NULL)
		return replay_file(path);
	while ((entry = readdir(folder)) != NULL) {
		char inside[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
		failed |= replay_file(inside);
	}
	closedir(folder);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	printf("1..1\n%sok 1 - %u inputs replayed\n", failed || replayed == 0 ? "not " : "", replayed);
	return failed || replayed == 0;
}
