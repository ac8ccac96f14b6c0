/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "flood_sources.h"
#include "ip.h"
#include "units.h"

__attribute__((format(printf, 2, 3))) static int wrong(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, OPTIONS_ERROR_MAX, format, args);
	va_end(args);
	return -EINVAL;
}

/* fe80::/10 */
static bool is_link_local(struct weir_address address)
{
	return address.hi >> 54 == 0xfe80 >> 6;
}

/* A link-local address is on every link of IPv6. */
static bool any_on_link(const struct options *options, struct weir_address address)
{
	if (is_link_local(address))
		return true;
	for (unsigned i = 0; i < options->ranges_count; i++)
		if (ip_on_link(&options->ranges[i], address))
			return true;
	return false;
}

static bool any_of_family(const struct options *options, struct weir_address address)
{
	for (unsigned i = 0; i < options->ranges_count; i++)
		if (ip_same_family(options->ranges[i].first, address))
			return true;
	return false;
}

static const char *family_of(struct weir_address address)
{
	return weir_is_ipv4(address) ? "IPv4" : "IPv6";
}

static bool is_own(const struct options *options, struct weir_address address)
{
	for (unsigned i = 0; i < options->ranges_count; i++)
		if (ip_range_has(&options->ranges[i], address))
			return true;
	return false;
}

static bool overlap(const struct weir_range *a, const struct weir_range *b)
{
	return ip_number_of(a->first) <= ip_number_of(b->last) &&
	       ip_number_of(b->first) <= ip_number_of(a->last);
}

/* What an address is that no host on a link has (RFC 6890, RFC 4291 section 2.4); NULL: one may have it. */
static const char *no_host(struct weir_address address)
{
	unsigned byte = (uint32_t)address.lo >> 24;

	if (weir_is_ipv4(address) && byte >> 4 >= 14)
		return "multicast, reserved or broadcast";
	if (weir_is_ipv4(address))
		return byte == 0 ? "reserved" : byte == 127 ? "loopback" : NULL;
	if (address.hi >> 56 == 0xff)
		return "multicast";
	return address.hi == 0 && address.lo == 1 ? "loopback" : NULL;
}

static int check_range(const struct weir_range *range, char *error)
{
	ip_number network = ip_number_of(range->first) & ~ip_host_mask(range->first, range->prefix_len);
	const char *what = no_host(range->first) != NULL ? no_host(range->first) : no_host(range->last);
	char text[UNITS_RANGE_TEXT];

	if (is_link_local(range->first) || is_link_local(range->last))
		what = "link-local, of which weir has one by itself";
	/* Loopback, and what stood for IPv4 (RFC 4291 section 2.5). */
	if (what == NULL && !weir_is_ipv4(range->first) && network >> 64 == 0)
		what = "of a network that holds ::/64, which is reserved";
	if (what == NULL)
		return 0;
	units_range_text(range, text);
	return wrong(error, "--addr: %s is %s; give other addresses", text, what);
}

static int check_ranges(const struct options *options, char *error)
{
	const struct weir_range *ranges = options->ranges;
	char one[UNITS_RANGE_TEXT], other[UNITS_RANGE_TEXT];
	int rc = 0;

	for (unsigned i = 0; i < options->ranges_count && rc == 0; i++) {
		rc = check_range(&ranges[i], error);
		for (unsigned j = 0; j < i && rc == 0; j++) {
			if (!overlap(&ranges[j], &ranges[i]))
				continue;
			units_range_text(&ranges[j], one);
			units_range_text(&ranges[i], other);
			rc = wrong(error, "--addr: %s and %s share addresses; give each of them once", one,
				   other);
		}
	}
	return rc;
}

/* One side's and the other's, of a family. */
static int check_wire(const struct weir_range *client, const struct weir_range *server, char *error)
{
	if (!ip_on_link(client, server->first) || !ip_on_link(server, client->first))
		return wrong(error, "--addr: demo's two sides share a wire; give ranges of the same network");
	if (overlap(client, server))
		return wrong(
			error,
			"--addr: demo's two sides have addresses in common; give ranges that do not overlap");
	return 0;
}

static int check_demo_ranges(const struct options *options, char *error)
{
	struct weir_range clients[2], servers[2];
	unsigned families = options_demo_ranges(options, 0, clients);
	int rc = 0;

	if (options_demo_ranges(options, 1, servers) != families || options->ranges_count != 2 * families)
		return wrong(error,
			     "--addr: give it twice to demo, or twice for each family, first the client's "
			     "range and then the server's");
	for (unsigned i = 0; i < families && rc == 0; i++)
		rc = check_wire(&clients[i], &servers[i], error);
	return rc;
}

static int check_demo(const struct options *options, char *error)
{
	if (options->family_given && options->addr_given)
		return wrong(error, "--family: --addr tells it already; leave one of them out");
	if (options->lcores_count > 2)
		return wrong(error, "--lcores: demo has two sides; give one CPU for both, or two");
	return check_demo_ranges(options, error);
}

static int check_gateway(const struct options *options, struct weir_address gateway, char *error)
{
	if (ip_is_none(gateway))
		return 0;
	if (!any_of_family(options, gateway))
		return wrong(error, "--gateway: it is of %s, and no --addr is; give one, or leave it out",
			     family_of(gateway));
	if (is_own(options, gateway))
		return wrong(error, "--gateway: it is one of --addr's own addresses; give the router's");
	if (!any_on_link(options, gateway))
		return wrong(error,
			     "--gateway: it is on no network of --addr; give a neighbour on one of them");
	return 0;
}

static int check_place(const struct options *options, char *error)
{
	int rc;

	if (options->port == NULL && options->profile == NULL)
		return wrong(error, "--port: missing; give a PCI address or a DPDK vdev string, such as "
				    "--port net_tap0,iface=weir0");
	if (options->ranges_count == 0)
		return wrong(error,
			     "--addr: missing; give this end's addresses, such as --addr 192.0.2.10/24 "
			     "or --addr fd99::10/64");
	rc = check_gateway(options, options->gateway, error);
	return rc == 0 ? check_gateway(options, options->gateway6, error) : rc;
}

static int check_target(const struct options *options, struct weir_address address, char *error)
{
	char text[UNITS_ADDRESS_TEXT];

	units_address_text(address, text);
	if (no_host(address) != NULL)
		return wrong(error, "--connect: %s is %s; give one host's address", text, no_host(address));
	if (!any_of_family(options, address))
		return wrong(error,
			     "--addr: missing for --connect %s; give an address of %s for this end, too",
			     text, family_of(address));
	if (is_own(options, address))
		return wrong(error, "--connect: %s is one of --addr's own addresses; give another host's",
			     text);
	/* IPv6's routers advertise themselves. */
	if (weir_is_ipv4(address) && ip_is_none(options->gateway) && !any_on_link(options, address))
		return wrong(error, "--connect: %s is on no network of --addr; give --gateway too", text);
	return 0;
}

static int check_connect(const struct options *options, char *error)
{
	int rc = 0;

	if (options->connect_count == 0)
		return wrong(error, "--connect: missing; give the server, such as --connect 192.0.2.20:80 or "
				    "--connect [fd99::20]:80");
	for (unsigned i = 0; i < options->connect_count && rc == 0; i++)
		rc = check_target(options, options->connect[i].address, error);
	return rc;
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

static int check_flood(const struct options *options, char *error)
{
	struct weir_address target = options->connect[0].address;
	struct flood_sources sources;
	char text[UNITS_ADDRESS_TEXT];

	units_address_text(target, text);
	if (!options->authorised && !is_harmless(target))
		return wrong(
			error,
			"--connect: %s is no private, benchmarking, documentation or link-local address; "
			"flood one of these, or give --i-am-authorised if its owner agreed",
			text);
	if (options->source_given && !ip_same_family(options->source.first, target))
		return wrong(error, "--source: it is of %s, and the target of %s; give others, such as %s",
			     family_of(options->source.first), family_of(target), source_such_as(target));
	if (options->source_given && !flood_sources_init(&sources, &options->source, 1, target, 0))
		return wrong(error,
			     "--source: no host but the target can have an address of it; give others, such "
			     "as %s",
			     source_such_as(target));
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
	int rc;

	/* It tells by findings what does not fit. */
	if (options->command == COMMAND_DOCTOR)
		return 0;
	rc = options->command == COMMAND_DEMO ? check_demo(options, error) : check_place(options, error);
	if (rc == 0)
		rc = check_ranges(options, error);
	if (rc == 0 && (options->command == COMMAND_LOAD || options->command == COMMAND_FLOOD))
		rc = check_connect(options, error);
	if (rc == 0 && options->command == COMMAND_FLOOD)
		rc = check_flood(options, error);
	if (rc == 0 && options_run_client(options))
		rc = check_traffic(options, error);
	if (rc == 0 && options->command == COMMAND_SERVE && options->size_given && options->app != APP_HTTP)
		rc = wrong(error, "--size: only app http has a size of its own; leave it out");
	if (rc == 0)
		rc = check_defence(options, error);
	return rc == 0 ? check_limits(options, error) : rc;
}
