/* SPDX-License-Identifier: BSD-3-Clause */
#include "profile.h"

#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct reader {
	const char *path;
	struct profile *profile;
	char *error;
};

__attribute__((format(printf, 3, 4))) static int wrong(struct reader *reader, int line, const char *format,
						       ...)
{
	int used = snprintf(reader->error, PROFILE_ERROR_MAX, "%s:%d: ", reader->path, line);
	va_list args;

	if (used < 0 || used >= PROFILE_ERROR_MAX)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(reader->error + used, PROFILE_ERROR_MAX - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

static int read_number(struct reader *reader, const config_setting_t *setting, int min, int max,
		       uint16_t *value)
{
	int number = config_setting_get_int(setting);

	if (config_setting_type(setting) != CONFIG_TYPE_INT || number < min || number > max)
		return wrong(reader, config_setting_source_line(setting),
			     "%s: give a whole number from %d to %d", config_setting_name(setting), min, max);
	*value = (uint16_t)number;
	return 0;
}

static int read_text(struct reader *reader, const config_setting_t *setting, char *value, size_t size)
{
	const char *text = config_setting_get_string(setting);

	if (text == NULL || text[0] == '\0' || strlen(text) >= size)
		return wrong(reader, config_setting_source_line(setting),
			     "%s: give a text in quotes, of fewer than %zu characters",
			     config_setting_name(setting), size);
	snprintf(value, size, "%s", text);
	return 0;
}

static int read_bool(struct reader *reader, const config_setting_t *setting, bool *value)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return wrong(reader, config_setting_source_line(setting), "%s: give true or false",
			     config_setting_name(setting));
	*value = config_setting_get_bool(setting) != 0;
	return 0;
}

static int read_setting(struct reader *reader, const config_setting_t *setting)
{
	struct profile *profile = reader->profile;
	const char *name = config_setting_name(setting);

	if (strcmp(name, "device") == 0)
		return read_text(reader, setting, profile->device, sizeof(profile->device));
	/* Descriptors: ethdev counts them in 16 bits. */
	if (strcmp(name, "rx_descriptors") == 0)
		return read_number(reader, setting, 32, 32768, &profile->rx_descriptors);
	if (strcmp(name, "tx_descriptors") == 0)
		return read_number(reader, setting, 32, 32768, &profile->tx_descriptors);
	if (strcmp(name, "mtu") == 0)
		return read_number(reader, setting, 576, 9000, &profile->mtu);
	if (strcmp(name, "software_checksums") == 0)
		return read_bool(reader, setting, &profile->software_checksums);
	return wrong(
		reader, config_setting_source_line(setting),
		"%s: unknown; the keys are device, rx_descriptors, tx_descriptors, mtu and software_checksums",
		name);
}

static int read_all(struct reader *reader, const config_t *config)
{
	const config_setting_t *root = config_root_setting(config);
	int count = config_setting_length(root), rc = 0;

	for (int i = 0; rc == 0 && i < count; i++)
		rc = read_setting(reader, config_setting_get_elem(root, (unsigned)i));
	return rc;
}

/* NULL with errno. libconfig's scanner ends the process when a read fails, as it does on a directory. */
static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct stat status;

	if (file != NULL && fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
		fclose(file);
		errno = EISDIR;
		return NULL;
	}
	return file;
}

void profile_default(struct profile *profile)
{
	*profile = (struct profile){ .mtu = 1500 };
}

int profile_read(const char *path, struct profile *profile, char error[PROFILE_ERROR_MAX])
{
	struct reader reader = { .path = path, .profile = profile, .error = error };
	FILE *file = open_file(path);
	config_t config;
	int rc;

	profile_default(profile);
	if (file == NULL) {
		rc = -errno;
		snprintf(error, PROFILE_ERROR_MAX, "--profile: %s: %s", path, strerror(errno));
		return rc;
	}
	config_init(&config);
	if (config_read(&config, file) == CONFIG_TRUE)
		rc = read_all(&reader, &config);
	else
		rc = wrong(&reader, config_error_line(&config), "%s", config_error_text(&config));
	config_destroy(&config);
	fclose(file);
	return rc;
}
