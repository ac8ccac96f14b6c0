/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/settings.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tcp/tcp_pvt.h"

#define FLAGS_MAX 256
#define CONNECTIONS_MAX 256   /* a script has one, or a few */
#define WINDOW_MAX (1u << 30) /* RFC 7323 section 2.3 */

static bool number(const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*value = strtoull(text, &end, 10);
	return *end == '\0' && *value <= most;
}

static const char *take_address(struct settings *settings, const char *text)
{
	struct weir_config *config = &settings->config;
	struct in6_addr in6;
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) == 1)
		settings->address = weir_ipv4(ntohl(in.s_addr));
	else if (inet_pton(AF_INET6, text, &in6) == 1)
		settings->address = weir_ipv6(in6.s6_addr);
	else
		return "--so_flags must begin with the local address, as --local_ip";
	config->ranges[0] = (struct weir_range){ .first = settings->address, .last = settings->address };
	config->ranges_count = 1;
	config->mtu += tcp_headers(!weir_is_ipv4(settings->address)) - tcp_headers(false);
	return NULL;
}

static const char *take(struct settings *settings, const char *name, const char *text)
{
	struct weir_config *config = &settings->config;
	uint64_t value;

	if (strcmp(name, "receive_window") == 0) {
		if (!number(text, WINDOW_MAX, &value) || value == 0)
			return "receive_window: from 1 byte to 1 GiB is wanted";
		settings->receive_window = (uint32_t)value;
		return NULL;
	}
	if (strcmp(name, "msl") == 0) {
		if (!number(text, 3600, &value) || value == 0)
			return "msl: from 1 second to an hour is wanted";
		config->msl_ns = value * CLOCK_NS_PER_S;
		return NULL;
	}
	if (strcmp(name, "delayed_ack") == 0) {
		if (!number(text, 499, &value))
			return "delayed_ack: under 500 milliseconds is wanted";
		config->delayed_ack_ns = value * CLOCK_NS_PER_MS;
		return NULL;
	}
	if (strcmp(name, "timestamps") == 0) {
		if (!number(text, 1, &value))
			return "timestamps: 0 or 1 is wanted";
		config->no_timestamps = value == 0;
		return NULL;
	}
	if (strcmp(name, "ecn") == 0) {
		if (!number(text, 1, &value))
			return "ecn: 0 or 1 is wanted";
		config->ecn = value;
		return NULL;
	}
	return "--so_flags knows receive_window, msl, delayed_ack, timestamps and ecn";
}

/* Buffers for the window: as many as weir counts at most, one for a full segment each. */
static uint16_t buffers_for(const struct settings *settings)
{
	uint32_t mss = settings->config.mtu - tcp_headers(!weir_is_ipv4(settings->address));
	uint32_t buffers = (settings->receive_window + mss - 1) / mss;

	return (uint16_t)(buffers < 2 ? 2 : buffers > UINT8_MAX ? UINT8_MAX : buffers);
}

const char *settings_parse(struct settings *settings, const char *flags)
{
	char copy[FLAGS_MAX], *rest = NULL;
	const char *wrong;

	*settings = (struct settings){ .receive_window = 0 };
	weir_config_default(&settings->config);
	settings->config.defence.mode = WEIR_DEFENCE_OFF;
	settings->config.max_connections = CONNECTIONS_MAX;
	settings->config.send_buffers = 1024;
	settings->config.max_send_buffers = 16 * 1024;
	if (flags == NULL || strlen(flags) >= sizeof(copy))
		return "--so_flags=ADDR[,receive_window=BYTES][,msl=SECONDS][,delayed_ack=MS][,timestamps=0][,ecn=1] is wanted";
	memcpy(copy, flags, strlen(flags) + 1);
	char *word = strtok_r(copy, ",", &rest);

	wrong = take_address(settings, word != NULL ? word : "");
	while (wrong == NULL && (word = strtok_r(NULL, ",", &rest)) != NULL) {
		char *value = strchr(word, '=');

		if (value != NULL)
			*value++ = '\0';
		wrong = take(settings, word, value != NULL ? value : "");
	}
	if (settings->receive_window != 0)
		settings->config.receive_buffers = buffers_for(settings);
	return wrong;
}
