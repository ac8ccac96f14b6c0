/* SPDX-License-Identifier: BSD-3-Clause */
/* What an option says that nobody gave. */
#include "options.h"

#include <string.h>

#include "ip.h"
#include "options_ports.h"

#define NS_PER_S 1000000000ull

/* Connections that fit when nobody says how many are wanted. */
#define MAX_CONNECTIONS_DEFAULT 65536
/* Enough to keep a core busy in bursts, few enough for their records to stay in its cache. */
#define CONNECTIONS_DEFAULT 64
/* demo: two CPUs that other programs use as well must not wait for each other all the time. */
#define CONNECTIONS_DEMO 256
/* RFC 9293 section 3.4.2 calls its 2 minutes an engineering choice; hosts wait this long. */
#define MSL_DEFAULT_NS (30 * NS_PER_S)
/* With its headers, a response of 64 bytes. */
#define HTTP_BODY_DEFAULT 24
#define ECHO_MESSAGE_DEFAULT 64
/*
 * Half-open handshakes of a port: what 400,000 connections a second leave open over a path of 150 ms, in 4
 * MB. Linux has 4096 (net.core.somaxconn).
 */
#define BACKLOG_DEFAULT 65536
/*
 * demo's with a flood: few enough for any flood to fill it at once, and sixteen times what the clients take.
 */
#define BACKLOG_DEMO_FLOOD 4096
/* Three phases of 5 s (flood_phases.h). */
#define DEMO_FLOOD_NS (15 * NS_PER_S)
#define RATE_DEMO_FLOOD 10000

/*
 * demo's addresses, from the blocks for benchmarks of RFC 2544 and RFC 5180: 198.19.0.1 and 2001:2::19:1 for
 * the server; for the client 198.18.0.1 to .250 and 2001:2::18:1 to :fa, with 16 million ports each: more
 * than 2 MSL of TIME-WAIT use up at any rate, and as many neighbours as a shard remembers easily.
 */
static const struct weir_range demo_ranges[][2] = {
	[FAMILY_4] = { { { 0, 0xffffc6120001 }, { 0, 0xffffc61200fa }, 15 },
		       { { 0, 0xffffc6130001 }, { 0, 0xffffc6130001 }, 15 } },
	[FAMILY_6] = { { { 0x2001000200000000, 0x180001 }, { 0x2001000200000000, 0x1800fa }, 48 },
		       { { 0x2001000200000000, 0x190001 }, { 0x2001000200000000, 0x190001 }, 48 } },
};

/* The first of two private networks that this side, of the target's family, does not live in. */
static struct weir_range demo_source(const struct weir_range *own)
{
	static const struct weir_range networks[][2] = {
		[FAMILY_4] = { { { 0, 0xffff0a000001 }, { 0, 0xffff0afffffe }, 8 },    /* 10.0.0.0/8 */
			       { { 0, 0xffffac100001 }, { 0, 0xffffac1ffffe }, 12 } }, /* 172.16.0.0/12 */
		[FAMILY_6] = { { { 0xfd10000000000000, 1 }, { 0xfd10ffffffffffff, UINT64_MAX }, 16 },
			       { { 0xfd11000000000000, 1 }, { 0xfd11ffffffffffff, UINT64_MAX }, 16 } },
	};
	const struct weir_range *two = networks[weir_is_ipv4(own->first) ? FAMILY_4 : FAMILY_6];

	return two[ip_on_link(&two[0], own->first) || ip_on_link(own, two[0].first)];
}

static void demo_flood_defaults(struct options *options)
{
	if (options->backlog == 0)
		options->backlog = BACKLOG_DEMO_FLOOD;
	/*
	 * At intended times: clients that begin anew when they are done, and those alone who had luck, would
	 * keep passing the few free places of the backlog on to each other.
	 */
	if (options->rate == 0 && options->connections == 0)
		options->rate = RATE_DEMO_FLOOD;
	options->source = demo_source(&options->ports[0].ranges[0]);
	options->source_given = true;
}

static void demo_ranges_defaults(struct options *options)
{
	struct options_port *common = &options->common;

	for (unsigned f = FAMILY_4; f <= FAMILY_6; f++) {
		if (options->family != f && options->family != FAMILY_BOTH)
			continue;
		memcpy(&common->ranges[common->ranges_count], demo_ranges[f], sizeof(demo_ranges[f]));
		common->ranges_count += 2;
	}
}

/* Its server is at the first of the server's addresses of each family that the client has, too. */
static void demo_connect(struct options *options)
{
	const struct options_port *client = &options->ports[0], *server = &options->ports[1];
	bool wanted[2] = { false, false };

	for (unsigned i = 0; i < client->ranges_count; i++)
		wanted[weir_is_ipv4(client->ranges[i].first)] = true;
	for (unsigned i = 0; i < server->ranges_count; i++) {
		struct weir_address address = server->ranges[i].first;

		if (!wanted[weir_is_ipv4(address)])
			continue;
		wanted[weir_is_ipv4(address)] = false;
		options->connect[options->connect_count++] =
			(struct weir_endpoint){ .address = address, .port = 80 };
	}
}

static void demo_defaults(struct options *options)
{
	if (options->duration_ns == 0)
		options->duration_ns = options->flood_pps != 0 && !options->defence_given ? DEMO_FLOOD_NS :
											    10 * NS_PER_S;
	if (options->msl_ns == 0)
		options->msl_ns = NS_PER_S;
	if (!options->addr_given)
		demo_ranges_defaults(options);
}

/* The size that the app has when none is asked for; a load that checks none has 0. */
static uint64_t size_default(const struct options *options)
{
	if (options->app == APP_ECHO)
		return ECHO_MESSAGE_DEFAULT;
	return options->command == COMMAND_LOAD ? 0 : HTTP_BODY_DEFAULT;
}

bool options_run_client(const struct options *options)
{
	return options->command == COMMAND_DEMO || options->command == COMMAND_LOAD;
}

void options_defaults(struct options *options)
{
	if (options->command == COMMAND_DEMO)
		demo_defaults(options);
	options_ports_settle(options);
	if (options->command == COMMAND_DEMO)
		demo_connect(options);
	if (options->command == COMMAND_DEMO && options->flood_pps != 0)
		demo_flood_defaults(options);
	options_ports_route(options);
	if (options->msl_ns == 0)
		options->msl_ns = MSL_DEFAULT_NS;
	if (options->listen_count == 0) {
		options->listen[0] = 80;
		options->listen_count = 1;
	}
	if (options_run_client(options) && options->rate == 0 && options->connections == 0)
		options->connections = options->command == COMMAND_DEMO ? CONNECTIONS_DEMO :
									  CONNECTIONS_DEFAULT;
	if (!options->size_given)
		options->size_bytes = size_default(options);
	if (options->requests == OPTIONS_REQUESTS_DEFAULT)
		options->requests = 1;
	if (options->max_connections == 0) {
		/* An eighth more: what is closing counts as well. */
		uint64_t wanted = options->connections + options->connections / 8;

		options->max_connections = wanted > MAX_CONNECTIONS_DEFAULT ? (uint32_t)wanted :
									      MAX_CONNECTIONS_DEFAULT;
	}
	if (options->backlog == 0)
		options->backlog = options->max_connections < BACKLOG_DEFAULT ? options->max_connections :
										BACKLOG_DEFAULT;
}
