/* SPDX-License-Identifier: BSD-3-Clause */
#include "profile.h"

#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile_find.h"
#include "profile_keys.h"
#include "profile_text.h"

#define NAMES_MAX 300

struct reader {
	struct profile *profile;
	const struct profile_key *list; /* whose elements are read; NULL: none */
	char *error;
};

/* "path:line: list.key: what would be right", without a key where none is to be named. */
__attribute__((format(printf, 4, 5))) static int wrong(struct reader *reader, int line, const char *key,
						       const char *format, ...)
{
	int used = snprintf(reader->error, PROFILE_ERROR_MAX, "%.*s:%d: %s%s%.64s%s", PROFILE_ERROR_MAX / 3,
			    reader->profile->path, line, reader->list != NULL ? reader->list->name : "",
			    reader->list != NULL && key != NULL ? "." : "", key != NULL ? key : "",
			    reader->list != NULL || key != NULL ? ": " : "");
	va_list args;

	va_start(args, format);
	vsnprintf(reader->error + used, PROFILE_ERROR_MAX - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

/* Of one line, since it is shown as it is. */
static bool read_text(const config_setting_t *setting, const struct profile_key *key, const char **value)
{
	const char *text = config_setting_get_string(setting);

	if (text == NULL || text[0] == '\0' || strlen(text) > key->max)
		return false;
	*value = text;
	while (*text != '\0' && !iscntrl((unsigned char)*text))
		text++;
	return *text == '\0';
}

static bool read_texts(const config_setting_t *setting, const struct profile_key *key, const char **values,
		       unsigned *count)
{
	int length = config_setting_length(setting);

	*count = 1;
	if (config_setting_type(setting) != CONFIG_TYPE_ARRAY)
		return read_text(setting, key, values);
	if (length == 0 || length > PROFILE_DRIVERS_MAX)
		return false;
	*count = (unsigned)length;
	for (unsigned i = 0; i < *count; i++)
		if (!read_text(config_setting_get_elem(setting, i), key, &values[i]))
			return false;
	return true;
}

static bool read_number(const config_setting_t *setting, const struct profile_key *key, uint16_t *value)
{
	int number = config_setting_get_int(setting);

	*value = (uint16_t)number;
	return config_setting_type(setting) == CONFIG_TYPE_INT && number >= key->min && number <= key->max;
}

static bool read_switch(const config_setting_t *setting, bool *value)
{
	*value = config_setting_get_bool(setting) != 0;
	return config_setting_type(setting) == CONFIG_TYPE_BOOL;
}

static bool read_choice(const config_setting_t *setting, const struct profile_key *key, unsigned *value)
{
	const char *text = config_setting_get_string(setting);

	for (unsigned i = 0; text != NULL && key->choices[i] != NULL; i++) {
		*value = key->min + i;
		if (strcmp(text, key->choices[i]) == 0)
			return true;
	}
	return false;
}

static bool read_bytes(const config_setting_t *setting, const struct profile_key *key, uint8_t *bytes,
		       unsigned *count)
{
	const char *text = config_setting_get_string(setting);
	size_t digits = text != NULL ? strspn(text, "0123456789abcdefABCDEF") : 0;

	if (digits == 0 || text[digits] != '\0' || digits % 2 != 0 || digits / 2 < key->min ||
	    digits / 2 > key->max)
		return false;
	*count = (unsigned)digits / 2;
	for (unsigned i = 0; i < *count; i++)
		sscanf(text + (size_t)2 * i, "%2hhx", &bytes[i]);
	return true;
}

static int read_group(struct reader *reader, const config_setting_t *group, const struct profile_key *keys,
		      void *values);

static int read_list(struct reader *reader, const config_setting_t *list, const struct profile_key *key,
		     char *elements, unsigned *count)
{
	int rc = 0;

	reader->list = key;
	*count = (unsigned)config_setting_length(list);
	for (unsigned i = 0; rc == 0 && i < *count; i++)
		rc = read_group(reader, config_setting_get_elem(list, i), key->fields,
				elements + i * key->element_bytes);
	reader->list = NULL;
	return rc;
}

static bool is_list(const config_setting_t *setting, const struct profile_key *key)
{
	int length = config_setting_length(setting);

	if (config_setting_type(setting) != CONFIG_TYPE_LIST || length > key->max)
		return false;
	for (unsigned i = 0; i < (unsigned)length; i++)
		if (config_setting_type(config_setting_get_elem(setting, i)) != CONFIG_TYPE_GROUP)
			return false;
	return true;
}

/* Whether the value is what the schema says; then it is in values. */
static bool read_value(const config_setting_t *setting, const struct profile_key *key, char *values)
{
	void *value = values + key->offset;
	unsigned *count = (void *)(values + key->count_offset);

	switch (key->type) {
	case PROFILE_TEXT:
		return read_text(setting, key, value);
	case PROFILE_TEXTS:
		return read_texts(setting, key, value, count);
	case PROFILE_NUMBER:
		return read_number(setting, key, value);
	case PROFILE_SWITCH:
		return read_switch(setting, value);
	case PROFILE_CHOICE:
		return read_choice(setting, key, value);
	case PROFILE_BYTES:
		return read_bytes(setting, key, value, count);
	case PROFILE_LIST:
		return is_list(setting, key);
	}
	return false;
}

static int read_setting(struct reader *reader, const config_setting_t *setting,
			const struct profile_key *keys, char *values)
{
	const char *name = config_setting_name(setting);
	int line = (int)config_setting_source_line(setting);
	const struct profile_key *key = keys;
	char names[NAMES_MAX], rule[PROFILE_RULE_MAX];

	while (key->name != NULL && strcmp(key->name, name) != 0)
		key++;
	if (key->name == NULL)
		return wrong(reader, line, name, "unknown; the keys are %s",
			     profile_key_names(keys, names, sizeof(names)));
	if (!read_value(setting, key, values))
		return wrong(reader, line, name, "give %s", profile_key_rule(key, rule));
	if (key->type != PROFILE_LIST)
		return 0;
	return read_list(reader, setting, key, values + key->offset, (void *)(values + key->count_offset));
}

static int read_group(struct reader *reader, const config_setting_t *group, const struct profile_key *keys,
		      void *values)
{
	unsigned count = (unsigned)config_setting_length(group);
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < count; i++)
		rc = read_setting(reader, config_setting_get_elem(group, i), keys, values);
	for (const struct profile_key *key = keys; rc == 0 && key->name != NULL; key++)
		if (key->otherwise == NULL && config_setting_get_member(group, key->name) == NULL)
			rc = wrong(reader, (int)config_setting_source_line(group), key->name,
				   "missing; give it in each group");
	return rc;
}

/* What one key says of another. */
static int check(struct reader *reader, const config_setting_t *root)
{
	const struct profile *profile = reader->profile;

	if (profile->rss_key_length == 0 || profile->rss_key_bytes == 0 ||
	    profile->rss_key_length == profile->rss_key_bytes)
		return 0;
	return wrong(reader, (int)config_setting_source_line(config_setting_get_member(root, "rss_key")),
		     "rss_key", "give %u bytes, as rss_key_bytes says, instead of %u", profile->rss_key_bytes,
		     profile->rss_key_length);
}

/* libconfig names the line; the key is known, too, where the line has but one. */
static int given_twice(struct reader *reader, const char *text, int line)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
	const char *end, *separator;
	char name[64];

	for (int i = 1; i < line; i++)
		text = strchr(text, '\n') + 1;
	text += strspn(text, " \t");
	end = text + strcspn(text, "\n");
	separator = strchr(text, ';');
	snprintf(name, sizeof(name), "%.*s", (int)strspn(text, letters), text);
	if (separator != NULL && separator < end && memchr(separator, '=', (size_t)(end - separator)))
		name[0] = '\0';
	return wrong(reader, line, name[0] != '\0' ? name : NULL, "given twice; give it once");
}

static int parse(struct reader *reader, const char *text)
{
	config_t *config = reader->profile->config;
	const config_setting_t *root;
	const char *fault;
	int rc;

	if (config_read_string(config, text) != CONFIG_TRUE) {
		fault = config_error_text(config);
		if (strcmp(fault, "duplicate setting name") == 0)
			return given_twice(reader, text, config_error_line(config));
		return wrong(reader, config_error_line(config), NULL, "%s", fault);
	}
	root = config_root_setting(config);
	rc = read_group(reader, root, profile_keys, reader->profile);
	return rc == 0 ? check(reader, root) : rc;
}

void profile_default(struct profile *profile)
{
	*profile = (struct profile){ .mtu = 1500 };
}

bool profile_fits(const struct profile *profile, const char *driver)
{
	for (unsigned i = 0; i < profile->drivers_count; i++)
		if (strcmp(profile->drivers[i], driver) == 0)
			return true;
	return profile->drivers_count == 0;
}

void profile_free(struct profile *profile)
{
	if (profile->config != NULL)
		config_destroy(profile->config);
	free(profile->config);
	profile_default(profile);
}

static int read_text_of(struct reader *reader, const char *text, size_t bytes)
{
	int line;
	const char *fault = profile_text_fault(text, bytes, &line);

	if (fault != NULL)
		return wrong(reader, line, NULL, "%s", fault);
	reader->profile->config = malloc(sizeof(config_t));
	if (reader->profile->config == NULL)
		return wrong(reader, 1, NULL, "%s", strerror(ENOMEM));
	config_init(reader->profile->config);
	return parse(reader, text);
}

static int read_file(struct reader *reader)
{
	const char *path = reader->profile->path;
	size_t bytes;
	char *text = profile_text_load(path, &bytes);
	int rc = -errno;

	if (text == NULL) {
		snprintf(reader->error, PROFILE_ERROR_MAX, "--profile: %.*s: %s", PROFILE_ERROR_MAX / 2, path,
			 strerror(-rc));
		return rc;
	}
	rc = read_text_of(reader, text, bytes);
	free(text);
	return rc;
}

int profile_read(const char *name, struct profile *profile, char error[PROFILE_ERROR_MAX])
{
	struct reader reader = { .profile = profile, .error = error };
	int rc;

	profile_default(profile);
	rc = profile_find(name, profile->path, error);
	if (rc == 0)
		rc = read_file(&reader);
	if (rc != 0)
		profile_free(profile);
	return rc;
}
