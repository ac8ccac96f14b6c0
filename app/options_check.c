/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include "flood_sources.h"
#include "ip.h"
#include "options_ports.h"
#include "units.h"

static int check_connect(const struct options *options, char *error)
{
	int rc = 0;

	if (options->connect_count == 0)
		return options_wrong(
			error, "--connect: missing; give the server, such as --connect 192.0.2.20:80 or "
			       "--connect [fd99::20]:80");
	for (unsigned i = 0; i < options->connect_count && rc == 0; i++)
		rc = options_ports_check_target(options, options->connect[i].address, error);
	return rc;
}

static int check_traffic(const struct options *options, char *error)
{
	if (options->app == APP_CONNECT && options->size_given)
		return options_wrong(error, "--size: app connect sends nothing; leave it out");
	if (options->app == APP_CONNECT && options->requests != 1)
		return options_wrong(
			error, "--requests: app connect has none; leave it out, or give --app http or echo");
	if (options->app == APP_ECHO && options->size_bytes == 0)
		return options_wrong(error, "--size: an echo of 0 bytes never comes back; give at least 1");
	if (options->app == APP_ECHO && options->close == CLOSE_PEER)
		return options_wrong(error, "--close: an echo server never closes first; give fin or rst");
	if (options->close == CLOSE_PEER && options->requests == 0)
		return options_wrong(
			error,
			"--requests: the last request asks the peer to close, and 0 has no last; give 1 or more");
	return 0;
}

/*
 * Where a flood hurts nobody who was not asked: private networks (RFC 1918, RFC 4193), those for benchmarks
 * (RFC 2544, RFC 5180), for documentation (RFC 5737, RFC 3849, RFC 9637), those of one link (RFC 3927, RFC
 * 4291). Not RFC 6598's shared ones: a provider's customers live there.
 */
static const struct {
	struct weir_address network;
	unsigned prefix_len;
} harmless[] = {
	{ { 0, 0xffff0a000000 }, 8 },      /* 10.0.0.0 */
	{ { 0, 0xffffa9fe0000 }, 16 },     /* 169.254.0.0 */
	{ { 0, 0xffffac100000 }, 12 },     /* 172.16.0.0 */
	{ { 0, 0xffffc0000200 }, 24 },     /* 192.0.2.0 */
	{ { 0, 0xffffc0a80000 }, 16 },     /* 192.168.0.0 */
	{ { 0, 0xffffc6120000 }, 15 },     /* 198.18.0.0 */
	{ { 0, 0xffffc6336400 }, 24 },     /* 198.51.100.0 */
	{ { 0, 0xffffcb007100 }, 24 },     /* 203.0.113.0 */
	{ { 0xfc00000000000000, 0 }, 7 },  /* fc00:: */
	{ { 0xfe80000000000000, 0 }, 10 }, /* fe80:: */
	{ { 0x20010db800000000, 0 }, 32 }, /* 2001:db8:: */
	{ { 0x3fff000000000000, 0 }, 20 }, /* 3fff:: */
	{ { 0x2001000200000000, 0 }, 48 }, /* 2001:2:: */
};

static bool is_harmless(struct weir_address address)
{
	for (unsigned i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (ip_same_network(harmless[i].network, address, harmless[i].prefix_len))
			return true;
	return false;
}

static const char *source_such_as(struct weir_address target)
{
	return weir_is_ipv4(target) ? "10.0.0.0/8" : "fd10::/16";
}

/* demo's flood leaves the process where it has ports. */
static int check_demo_flood(const struct options *options, char *error)
{
	char text[UNITS_ADDRESS_TEXT];

	for (unsigned i = 0; i < options->connect_count; i++) {
		if (is_harmless(options->connect[i].address))
			continue;
		units_address_text(options->connect[i].address, text);
		return options_wrong(
			error,
			"--flood: %s is no private, benchmarking, documentation or link-local address; give "
			"the server one of these",
			text);
	}
	return 0;
}

static int check_flood(const struct options *options, char *error)
{
	struct weir_address target = options->connect[0].address;
	struct flood_sources sources;
	char text[UNITS_ADDRESS_TEXT];

	units_address_text(target, text);
	if (!options->authorised && !is_harmless(target))
		return options_wrong(
			error,
			"--connect: %s is no private, benchmarking, documentation or link-local address; "
			"flood one of these, or give --i-am-authorised if its owner agreed",
			text);
	if (options->source_given && !ip_same_family(options->source.first, target))
		return options_wrong(error,
				     "--source: it is of %s, and the target of %s; give others, such as %s",
				     options_family_of(options->source.first), options_family_of(target),
				     source_such_as(target));
	if (options->source_given && !flood_sources_init(&sources, &options->source, 1, target, 0))
		return options_wrong(
			error,
			"--source: no host but the target can have an address of it; give others, such "
			"as %s",
			source_such_as(target));
	if (options->flood_pps == 0)
		return options_wrong(error,
				     "--rate: missing; give packets per second, such as --rate 100k, or max");
	return 0;
}

static int check_defence(const struct options *options, char *error)
{
	if (options->cookie_key != NULL && options->defence == WEIR_DEFENCE_OFF)
		return options_wrong(
			error, "--cookie-key: --syn-defence off makes no cookies; leave one of them out");
	return 0;
}

static int check_limits(const struct options *options, char *error)
{
	if (options->connections > options->max_connections)
		return options_wrong(error,
				     "--connections: %lu do not fit --max-connections %u; raise the latter",
				     options->connections, options->max_connections);
	if (options->max_connections < 2)
		return options_wrong(
			error, "--max-connections: 1 leaves no room while another closes; give 2 or more");
	return 0;
}

int options_check(const struct options *options, char error[OPTIONS_ERROR_MAX])
{
	int rc;

	/* It tells by findings what does not fit. */
	if (options->command == COMMAND_DOCTOR)
		return 0;
	rc = options_ports_check(options, error);
	if (rc == 0 && (options->command == COMMAND_LOAD || options->command == COMMAND_FLOOD))
		rc = check_connect(options, error);
	if (rc == 0 && options->command == COMMAND_FLOOD)
		rc = check_flood(options, error);
	if (rc == 0 && options->command == COMMAND_DEMO && options->flood_pps != 0 && !options->wire)
		rc = check_demo_flood(options, error);
	if (rc == 0 && options_run_client(options))
		rc = check_traffic(options, error);
	if (rc == 0 && options->command == COMMAND_SERVE && options->size_given && options->app != APP_HTTP)
		rc = options_wrong(error, "--size: only app http has a size of its own; leave it out");
	if (rc == 0)
		rc = check_defence(options, error);
	return rc == 0 ? check_limits(options, error) : rc;
}
