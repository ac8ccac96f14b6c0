/* SPDX-License-Identifier: BSD-3-Clause */
#include "profile_keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "profile.h"

#define AT(field) .offset = offsetof(struct profile, field)
#define COUNTED(field, count) AT(field), .count_offset = offsetof(struct profile, count)

/* Of what is shown: a line or two of a terminal for each. */
#define SENTENCE_MAX 500

static const char *const kinds[] = { "physical", "virtual", NULL };
static const char *const habits[] = { "auto", "any", "flow", "toeplitz", NULL };
static const char *const parties[] = { "kernel", "firmware", "library", "permission", "option", NULL };

static const struct profile_key need_fields[] = {
	{ "what", PROFILE_CHOICE, 0, 0, .choices = parties, .offset = offsetof(struct profile_need, what),
	  .meaning = "what kind of thing it is" },
	{ "text", PROFILE_TEXT, 1, SENTENCE_MAX, .offset = offsetof(struct profile_need, text),
	  .meaning = "which one, with its version or the command that brings it" },
	{ 0 },
};

static const struct profile_key trap_fields[] = {
	{ "symptom", PROFILE_TEXT, 1, SENTENCE_MAX, .offset = offsetof(struct profile_trap, symptom),
	  .meaning = "what is seen" },
	{ "cure", PROFILE_TEXT, 1, SENTENCE_MAX, .offset = offsetof(struct profile_trap, cure),
	  .meaning = "what mends it" },
	{ "source", PROFILE_TEXT, 1, SENTENCE_MAX, .offset = offsetof(struct profile_trap, source),
	  .meaning = "the document that says so" },
	{ 0 },
};

const struct profile_key profile_keys[] = {
	{ "summary", PROFILE_TEXT, 1, SENTENCE_MAX, AT(summary), .otherwise = "",
	  .meaning = "what the device is and what it is good for" },
	{ "driver", PROFILE_TEXTS, 1, 63, COUNTED(drivers, drivers_count), .otherwise = "any",
	  .meaning = "DPDK's name of the driver that this is for, or of several" },
	{ "kind", PROFILE_CHOICE, PROFILE_PHYSICAL, 0, .choices = kinds, AT(kind), .otherwise = "",
	  .meaning =
		  "`physical`: on a bus, a card or what a hypervisor shows as one; `virtual`: made by DPDK (a vdev)" },
	{ "tested", PROFILE_TEXT, 1, SENTENCE_MAX, AT(tested), .otherwise = "",
	  .meaning = "on what weir was run with it, or that it was not" },
	{ "device", PROFILE_TEXT, 1, 255, AT(device), .otherwise = "`--port` is needed",
	  .meaning = "DPDK vdev string or PCI address; `--port` goes before it" },
	{ "queues", PROFILE_NUMBER, 1, WEIR_PORT_QUEUES_MAX, AT(queues),
	  .otherwise = "one per `--lcores` of the port",
	  .meaning = "queues of each direction, a shard on each; `--queues` goes before it" },
	{ "rx_descriptors", PROFILE_NUMBER, 32, 32768, AT(rx_descriptors),
	  .otherwise = "the driver's preference", .meaning = "length of the receive rings" },
	{ "tx_descriptors", PROFILE_NUMBER, 32, 32768, AT(tx_descriptors),
	  .otherwise = "the driver's preference", .meaning = "length of the transmit rings" },
	{ "mtu", PROFILE_NUMBER, 576, 9000, AT(mtu), .otherwise = "1500", .meaning = "of IP packets" },
	{ "software_checksums", PROFILE_SWITCH, AT(software_checksums), .otherwise = "false",
	  .meaning = "compute and check them here even if the port could" },
	{ "rss", PROFILE_CHOICE, WEIR_PORT_RSS_AUTO, 0, .choices = habits, AT(rss), .otherwise = "auto",
	  .meaning =
		  "which queue a connection's frames come by: `toeplitz`, the one that key and table say; `flow`, one that "
		  "nobody knows; `any`, several; `auto`, what the driver is known to do" },
	{ "rss_key", PROFILE_BYTES, 40, WEIR_RSS_KEY_MAX, COUNTED(rss_key, rss_key_length),
	  .otherwise = "weir's own, symmetric one",
	  .meaning = "key of Toeplitz, for the driver and to reckon with" },
	{ "rss_key_bytes", PROFILE_NUMBER, 40, WEIR_RSS_KEY_MAX, AT(rss_key_bytes),
	  .otherwise = "none, or not known",
	  .meaning = "length of the key that the driver takes; `rss_key` must have it" },
	{ "rss_table_size", PROFILE_NUMBER, 1, WEIR_RSS_TABLE_MAX, AT(rss_table_size),
	  .otherwise = "none, or not known", .meaning = "entries of the driver's redirection table" },
	{ "needs", PROFILE_LIST, 0, PROFILE_NEEDS_MAX, .fields = need_fields, COUNTED(needs, needs_count),
	  .element_bytes = sizeof(struct profile_need), .otherwise = "",
	  .meaning = "what must be there before it works" },
	{ "traps", PROFILE_LIST, 0, PROFILE_TRAPS_MAX, .fields = trap_fields, COUNTED(traps, traps_count),
	  .element_bytes = sizeof(struct profile_trap), .otherwise = "",
	  .meaning = "what goes wrong with it, by its documentation" },
	{ 0 },
};

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, size - used, format, args);
	va_end(args);
}

const char *profile_key_names(const struct profile_key *keys, char *names, size_t size)
{
	names[0] = '\0';
	for (const struct profile_key *key = keys; key->name != NULL; key++) {
		const char *before = key == keys ? "" : key[1].name == NULL ? " and " : ", ";

		append(names, size, "%s%s", before, key->name);
	}
	return names;
}

static void append_choices(const char *const *choices, char *rule)
{
	append(rule, PROFILE_RULE_MAX, "one of ");
	for (const char *const *choice = choices; *choice != NULL; choice++)
		append(rule, PROFILE_RULE_MAX, "%s\"%s\"",
		       choice == choices ? "" :
		       choice[1] == NULL ? " and " :
					   ", ",
		       *choice);
}

const char *profile_key_rule(const struct profile_key *key, char rule[PROFILE_RULE_MAX])
{
	char names[PROFILE_RULE_MAX / 2];

	rule[0] = '\0';
	switch (key->type) {
	case PROFILE_TEXT:
		append(rule, PROFILE_RULE_MAX, "a text in quotes, of 1 to %u characters", key->max);
		break;
	case PROFILE_TEXTS:
		append(rule, PROFILE_RULE_MAX,
		       "a text in quotes of 1 to %u characters, or an array of up to %u", key->max,
		       PROFILE_DRIVERS_MAX);
		break;
	case PROFILE_NUMBER:
		append(rule, PROFILE_RULE_MAX, "a whole number from %u to %u", key->min, key->max);
		break;
	case PROFILE_SWITCH:
		append(rule, PROFILE_RULE_MAX, "true or false");
		break;
	case PROFILE_CHOICE:
		append_choices(key->choices, rule);
		break;
	case PROFILE_BYTES:
		append(rule, PROFILE_RULE_MAX, "%u to %u bytes as hex digits in quotes", key->min, key->max);
		break;
	case PROFILE_LIST:
		append(rule, PROFILE_RULE_MAX, "a list of up to %u groups, each with %s", key->max,
		       profile_key_names(key->fields, names, sizeof(names)));
		break;
	}
	return rule;
}
