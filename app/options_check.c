/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "flood_sources.h"
#include "units.h"

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
 * Half-open handshakes of a port: what 400,000 connections a second leave open over a path of 150 ms, in 4 MB.
 * Linux has 4096 (net.core.somaxconn).
 */
#define BACKLOG_DEFAULT 65536
/* demo's with a flood: few enough for any flood to fill it at once, and sixteen times what the clients take. */
#define BACKLOG_DEMO_FLOOD 4096
/* Three phases of 5 s (flood_phases.h). */
#define DEMO_FLOOD_NS (15 * NS_PER_S)
#define RATE_DEMO_FLOOD 10000

/*
 * demo's addresses, from RFC 2544's benchmarking block: 198.19.0.1 for the server; for the client
 * 198.18.0.1 to .250, with 16 million ports: more than 2 MSL of TIME-WAIT use up at any rate, and as many
 * neighbours as a shard remembers easily.
 */
static const struct weir_range demo_client = { .first = 0xc6120001, .last = 0xc61200fa, .prefix_len = 15 };
static const struct weir_range demo_server = { .first = 0xc6130001, .last = 0xc6130001, .prefix_len = 15 };

__attribute__((format(printf, 2, 3))) static int wrong(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, OPTIONS_ERROR_MAX, format, args);
	va_end(args);
	return -EINVAL;
}

static bool on_link(const struct weir_range *range, uint32_t address)
{
	unsigned host_bits = 32 - range->prefix_len;

	return ((uint64_t)range->first >> host_bits) == ((uint64_t)address >> host_bits);
}

/* The first of the private networks that demo's own two sides do not live in. */
static struct weir_range demo_source(const struct options *options)
{
	static const struct weir_range networks[] = {
		{ .first = 0x0a000001, .last = 0x0afffffe, .prefix_len = 8 },  /* 10.0.0.0/8 */
		{ .first = 0xac100001, .last = 0xac1ffffe, .prefix_len = 12 }, /* 172.16.0.0/12 */
	};

	return networks[on_link(&networks[0], options->ranges[0].first) ||
			on_link(&options->ranges[0], networks[0].first)];
}

static void demo_flood_defaults(struct options *options)
{
	if (options->backlog == 0)
		options->backlog = BACKLOG_DEMO_FLOOD;
	/*
	 * At intended times: clients that begin anew when they are done, and those alone who had luck, would keep
	 * passing the few free places of the backlog on to each other.
	 */
	if (options->rate == 0 && options->connections == 0)
		options->rate = RATE_DEMO_FLOOD;
	options->source = demo_source(options);
	options->source_given = true;
}

static void demo_defaults(struct options *options)
{
	if (options->duration_ns == 0)
		options->duration_ns = options->flood_pps != 0 && !options->defence_given ? DEMO_FLOOD_NS :
											    10 * NS_PER_S;
	if (options->msl_ns == 0)
		options->msl_ns = NS_PER_S;
	if (options->ranges_count == 0) {
		options->ranges[0] = demo_client;
		options->ranges[1] = demo_server;
		options->ranges_count = 2;
	}
	options->connect = (struct weir_endpoint){ .address = options->ranges[1].first, .port = 80 };
	if (options->flood_pps != 0)
		demo_flood_defaults(options);
}

/* The size that the app has when none is asked for; a load that checks none has 0. */
static uint64_t size_default(const struct options *options)
{
	if (options->app == APP_ECHO)
		return ECHO_MESSAGE_DEFAULT;
	return options->command == COMMAND_LOAD ? 0 : HTTP_BODY_DEFAULT;
}

static bool runs_client(const struct options *options)
{
	return options->command == COMMAND_DEMO || options->command == COMMAND_LOAD;
}

void options_defaults(struct options *options)
{
	if (options->command == COMMAND_DEMO)
		demo_defaults(options);
	if (options->msl_ns == 0)
		options->msl_ns = MSL_DEFAULT_NS;
	if (options->listen_count == 0) {
		options->listen[0] = 80;
		options->listen_count = 1;
	}
	if (runs_client(options) && options->rate == 0 && options->connections == 0)
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

static bool any_on_link(const struct options *options, uint32_t address)
{
	for (unsigned i = 0; i < options->ranges_count; i++)
		if (on_link(&options->ranges[i], address))
			return true;
	return false;
}

static bool is_own(const struct options *options, uint32_t address)
{
	for (unsigned i = 0; i < options->ranges_count; i++)
		if (address >= options->ranges[i].first && address <= options->ranges[i].last)
			return true;
	return false;
}

static int check_demo(const struct options *options, char *error)
{
	if (options->port != NULL)
		return wrong(error,
			     "--port: demo brings a wire of its own; weir serve, load and flood use ports");
	if (options->profile != NULL)
		return wrong(
			error,
			"--profile: demo brings a wire of its own; weir serve, load and flood use devices");
	if (options->gateway != 0)
		return wrong(error, "--gateway: demo's two sides share a wire and need none; leave it out");
	if (options->lcores_count > 2)
		return wrong(error, "--lcores: demo has two sides; give one CPU for both, or two");
	if (options->ranges_count != 2)
		return wrong(error,
			     "--addr: give it twice to demo, first the client's range and then the server's");
	if (!on_link(&options->ranges[0], options->ranges[1].first) ||
	    !on_link(&options->ranges[1], options->ranges[0].first))
		return wrong(error, "--addr: demo's two sides share a wire; give ranges of the same network");
	if (options->ranges[0].first <= options->ranges[1].last &&
	    options->ranges[1].first <= options->ranges[0].last)
		return wrong(
			error,
			"--addr: demo's two sides have addresses in common; give ranges that do not overlap");
	return 0;
}

static int check_place(const struct options *options, char *error)
{
	if (options->port == NULL && options->profile == NULL)
		return wrong(error, "--port: missing; give a PCI address or a DPDK vdev string, such as "
				    "--port net_tap0,iface=weir0");
	if (options->ranges_count == 0)
		return wrong(error,
			     "--addr: missing; give this end's addresses, such as --addr 192.0.2.10/24");
	if (options->gateway == 0)
		return 0;
	if (is_own(options, options->gateway))
		return wrong(error, "--gateway: it is one of --addr's own addresses; give the router's");
	if (!any_on_link(options, options->gateway))
		return wrong(error,
			     "--gateway: it is on no network of --addr; give a neighbour on one of them");
	return 0;
}

static int check_connect(const struct options *options, char *error)
{
	uint32_t address = options->connect.address;
	char text[UNITS_ADDRESS_TEXT];

	if (address == 0)
		return wrong(error, "--connect: missing; give the server, such as --connect 192.0.2.20:80");
	units_address_text(address, text);
	if (address >> 28 >= 14)
		return wrong(error,
			     "--connect: %s is multicast, reserved or broadcast; give one host's address",
			     text);
	if (is_own(options, address))
		return wrong(error, "--connect: %s is one of --addr's own addresses; give another host's",
			     text);
	if (options->gateway == 0 && !any_on_link(options, address))
		return wrong(error, "--connect: %s is on no network of --addr; give --gateway too", text);
	return 0;
}

static int check_traffic(const struct options *options, char *error)
{
	if (options->app == APP_CONNECT && options->size_given)
		return wrong(error, "--size: app connect sends nothing; leave it out");
	if (options->app == APP_CONNECT && options->requests != 1)
		return wrong(error,
			     "--requests: app connect has none; leave it out, or give --app http or echo");
	if (options->app == APP_ECHO && options->size_bytes == 0)
		return wrong(error, "--size: an echo of 0 bytes never comes back; give at least 1");
	if (options->app == APP_ECHO && options->close == CLOSE_PEER)
		return wrong(error, "--close: an echo server never closes first; give fin or rst");
	if (options->close == CLOSE_PEER && options->requests == 0)
		return wrong(
			error,
			"--requests: the last request asks the peer to close, and 0 has no last; give 1 or more");
	return 0;
}

/*
 * Where a flood hurts nobody who was not asked: RFC 1918's private networks, RFC 2544's for benchmarks,
 * RFC 5737's for documentation, RFC 3927's of one link. Not RFC 6598's shared ones: a provider's customers
 * live there.
 */
static const struct weir_range harmless[] = {
	{ .first = 0x0a000000, .last = 0x0affffff }, /* 10.0.0.0/8 */
	{ .first = 0xa9fe0000, .last = 0xa9feffff }, /* 169.254.0.0/16 */
	{ .first = 0xac100000, .last = 0xac1fffff }, /* 172.16.0.0/12 */
	{ .first = 0xc0000200, .last = 0xc00002ff }, /* 192.0.2.0/24 */
	{ .first = 0xc0a80000, .last = 0xc0a8ffff }, /* 192.168.0.0/16 */
	{ .first = 0xc6120000, .last = 0xc613ffff }, /* 198.18.0.0/15 */
	{ .first = 0xc6336400, .last = 0xc63364ff }, /* 198.51.100.0/24 */
	{ .first = 0xcb007100, .last = 0xcb0071ff }, /* 203.0.113.0/24 */
};

static bool is_harmless(uint32_t address)
{
	for (unsigned i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (address >= harmless[i].first && address <= harmless[i].last)
			return true;
	return false;
}

static int check_flood(const struct options *options, char *error)
{
	struct flood_sources sources;
	char text[UNITS_ADDRESS_TEXT];

	units_address_text(options->connect.address, text);
	if (!options->authorised && !is_harmless(options->connect.address))
		return wrong(
			error,
			"--connect: %s is no private, benchmarking, documentation or link-local address; "
			"flood one of these, or give --i-am-authorised if its owner agreed",
			text);
	if (options->source_given &&
	    !flood_sources_init(&sources, &options->source, 1, options->connect.address, 0))
		return wrong(error,
			     "--source: no host but the target can have an address of it; give others, such "
			     "as 10.0.0.0/8");
	if (options->flood_pps == 0)
		return wrong(error, "--rate: missing; give packets per second, such as --rate 100k, or max");
	return 0;
}

static int check_defence(const struct options *options, char *error)
{
	if (options->cookie_key != NULL && options->defence == WEIR_DEFENCE_OFF)
		return wrong(error,
			     "--cookie-key: --syn-defence off makes no cookies; leave one of them out");
	return 0;
}

static int check_limits(const struct options *options, char *error)
{
	if (options->command != COMMAND_DEMO && options->lcores_count > 1)
		return wrong(error, "--lcores: one CPU for a port, as yet; give one");
	if (options->connections > options->max_connections)
		return wrong(error, "--connections: %lu do not fit --max-connections %u; raise the latter",
			     options->connections, options->max_connections);
	if (options->max_connections < 2)
		return wrong(error,
			     "--max-connections: 1 leaves no room while another closes; give 2 or more");
	return 0;
}

int options_check(const struct options *options, char error[OPTIONS_ERROR_MAX])
{
	int rc = options->command == COMMAND_DEMO ? check_demo(options, error) : check_place(options, error);

	if (rc == 0 && (options->command == COMMAND_LOAD || options->command == COMMAND_FLOOD))
		rc = check_connect(options, error);
	if (rc == 0 && options->command == COMMAND_FLOOD)
		rc = check_flood(options, error);
	if (rc == 0 && runs_client(options))
		rc = check_traffic(options, error);
	if (rc == 0 && options->command == COMMAND_SERVE && options->size_given && options->app != APP_HTTP)
		rc = wrong(error, "--size: only app http has a size of its own; leave it out");
	if (rc == 0)
		rc = check_defence(options, error);
	return rc == 0 ? check_limits(options, error) : rc;
}
