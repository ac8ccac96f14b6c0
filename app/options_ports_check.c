/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ip.h"
#include "options_ports.h"
#include "units.h"

int options_wrong(char error[OPTIONS_ERROR_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, OPTIONS_ERROR_MAX, format, args);
	va_end(args);
	return -EINVAL;
}

const char *options_family_of(struct weir_address address)
{
	return weir_is_ipv4(address) ? "IPv4" : "IPv6";
}

static bool is_own(const struct options_port *port, struct weir_address address)
{
	for (unsigned i = 0; i < port->ranges_count; i++)
		if (ip_range_has(&port->ranges[i], address))
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

	if (ip_is_link_local(range->first) || ip_is_link_local(range->last))
		what = "link-local, of which weir has one by itself";
	/* Loopback, and what stood for IPv4 (RFC 4291 section 2.5). */
	if (what == NULL && !weir_is_ipv4(range->first) && network >> 64 == 0)
		what = "of a network that holds ::/64, which is reserved";
	if (what == NULL)
		return 0;
	units_range_text(range, text);
	return options_wrong(error, "--addr: %s is %s; give other addresses", text, what);
}

/* The first range of b, from range `from` on of a, with addresses of a's; NULL: none. */
static const struct weir_range *shared(const struct options_port *a, const struct options_port *b,
				       const struct weir_range **other)
{
	for (unsigned i = 0; i < a->ranges_count; i++) {
		for (unsigned j = 0; j < (a == b ? i : b->ranges_count); j++) {
			*other = &b->ranges[j];
			if (overlap(&a->ranges[i], *other))
				return &a->ranges[i];
		}
	}
	return NULL;
}

static int check_own_ranges(const struct options_port *port, char *error)
{
	const struct weir_range *one, *other;
	char a[UNITS_RANGE_TEXT], b[UNITS_RANGE_TEXT];

	for (unsigned i = 0; i < port->ranges_count; i++)
		if (check_range(&port->ranges[i], error) != 0)
			return -EINVAL;
	one = shared(port, port, &other);
	if (one == NULL)
		return 0;
	units_range_text(other, a);
	units_range_text(one, b);
	return options_wrong(error, "--addr: %s and %s share addresses; give each of them once", a, b);
}

/* Two stations with one address would take each other's answers. */
static int check_ranges_apart(const struct options_port *a, const struct options_port *b, char *error)
{
	const struct weir_range *one, *other;
	char text[UNITS_RANGE_TEXT];

	one = shared(a, b, &other);
	if (one == NULL)
		return 0;
	units_range_text(one, text);
	return options_wrong(
		error,
		"--addr: %s would be on two ports, %s and %s; give each addresses of its own, behind its --port",
		text, options_port_name(a), options_port_name(b));
}

static int check_gateway(const struct options_port *port, struct weir_address gateway, char *error)
{
	if (ip_is_none(gateway))
		return 0;
	if (!options_port_has_family(port, gateway))
		return options_wrong(error,
				     "--gateway: it is of %s, and no --addr is; give one, or leave it out",
				     options_family_of(gateway));
	if (is_own(port, gateway))
		return options_wrong(error,
				     "--gateway: it is one of --addr's own addresses; give the router's");
	if (!options_port_is_on_link(port, gateway))
		return options_wrong(
			error, "--gateway: it is on no network of --addr; give a neighbour on one of them");
	return 0;
}

static int check_port(const struct options_port *port, char *error)
{
	int rc;

	if (port->ranges_count == 0)
		return options_wrong(
			error, "--addr: missing; give this end's addresses, such as --addr 192.0.2.10/24 "
			       "or --addr fd99::10/64");
	rc = check_own_ranges(port, error);
	if (rc == 0)
		rc = check_gateway(port, port->gateway, error);
	return rc == 0 ? check_gateway(port, port->gateway6, error) : rc;
}

static int check_ports(const struct options *options, char *error)
{
	for (unsigned i = 0; i < options->ports_count; i++) {
		const struct options_port *port = &options->ports[i];

		if (check_port(port, error) != 0) {
			/* Where there is one, it goes without saying. */
			size_t used = options->ports_count > 1 ? strlen(error) : OPTIONS_ERROR_MAX;

			if (used < OPTIONS_ERROR_MAX)
				snprintf(error + used, OPTIONS_ERROR_MAX - used, " (of --port %s)",
					 options_port_name(port));
			return -EINVAL;
		}
		for (unsigned j = 0; j < i; j++)
			if (check_ranges_apart(&options->ports[j], port, error) != 0)
				return -EINVAL;
	}
	return 0;
}

/* One side's and the other's, of a family. */
static int check_wire_pair(const struct weir_range *client, const struct weir_range *server, char *error)
{
	if (!ip_on_link(client, server->first) || !ip_on_link(server, client->first))
		return options_wrong(
			error, "--addr: demo's two sides share a wire; give ranges of the same network");
	if (overlap(client, server))
		return options_wrong(
			error,
			"--addr: demo's two sides have addresses in common; give ranges that do not overlap");
	return 0;
}

static int check_wire(const struct options *options, char *error)
{
	const struct options_port *client = &options->ports[0], *server = &options->ports[1];
	unsigned pairs = 0;
	int rc = 0;

	if (options->common.profile != NULL)
		return options_wrong(
			error,
			"--profile: demo brings a wire of its own; leave it out, or give two --port for it");
	if (!ip_is_none(options->common.gateway) || !ip_is_none(options->common.gateway6))
		return options_wrong(error,
				     "--gateway: demo's two sides share a wire and need none; leave it out");
	for (unsigned i = 0; i < client->ranges_count && rc == 0; i++) {
		for (unsigned j = 0; j < server->ranges_count && rc == 0; j++) {
			if (!ip_same_family(client->ranges[i].first, server->ranges[j].first))
				continue;
			rc = check_wire_pair(&client->ranges[i], &server->ranges[j], error);
			pairs++;
		}
	}
	if (rc == 0 && (pairs != client->ranges_count || pairs != server->ranges_count ||
			pairs != options->connect_count))
		rc = options_wrong(
			error, "--addr: give it twice to demo, or twice for each family, first the client's "
			       "range and then the server's");
	for (unsigned i = 0; i < 2 && rc == 0; i++)
		rc = check_own_ranges(&options->ports[i], error);
	return rc;
}

/* Whoever is asked must be able to answer. */
static int check_way_back(const struct options *options, char *error)
{
	const struct options_port *client = &options->ports[0], *server = &options->ports[1];
	char text[UNITS_ADDRESS_TEXT];

	for (unsigned i = 0; i < client->ranges_count; i++) {
		struct weir_address first = client->ranges[i].first;

		if (!weir_is_ipv4(first) || !options_port_has_family(server, first) ||
		    options_port_is_on_link(server, first) || !ip_is_none(server->gateway))
			continue;
		units_address_text(first, text);
		return options_wrong(error,
				     "--gateway: missing behind --port %s, which has no way back to %s",
				     options_port_name(server), text);
	}
	return 0;
}

/* The first before the first --port is the client's, unless a port has some of its own. */
static bool mixes_addresses(const struct options *options)
{
	const struct options_port *common = &options->common, *client = &options->ports[0];

	return common->ranges_count > 0 &&
	       (client->ranges_count == 0 ||
		memcmp(&client->ranges[0], &common->ranges[0], sizeof(common->ranges[0])) != 0);
}

static int check_demo(const struct options *options, char *error)
{
	int rc;

	if (options->family_given && options->addr_given)
		return options_wrong(error, "--family: --addr tells it already; leave one of them out");
	if (options->wire)
		return check_wire(options, error);
	if (options->ports_count != 2)
		return options_wrong(error,
				     "--port: demo takes two, the client's and the server's, or none and "
				     "brings a wire of its own");
	if (mixes_addresses(options))
		return options_wrong(
			error, "--addr: give the client's and then the server's before the first --port, or "
			       "each behind its own");
	rc = check_ports(options, error);
	if (rc == 0 && options->connect_count == 0)
		rc = options_wrong(
			error, "--addr: the client's are all of another family than the server's; give both "
			       "addresses of one");
	for (unsigned i = 0; i < options->connect_count && rc == 0; i++)
		rc = options_ports_check_target(options, options->connect[i].address, error);
	return rc == 0 ? check_way_back(options, error) : rc;
}

int options_ports_check(const struct options *options, char error[OPTIONS_ERROR_MAX])
{
	if (options->command == COMMAND_DEMO)
		return check_demo(options, error);
	if (options->ports_count == 0)
		return options_wrong(error,
				     "--port: missing; give a PCI address or a DPDK vdev string, such as "
				     "--port net_tap0,iface=weir0");
	return check_ports(options, error);
}

int options_ports_check_target(const struct options *options, struct weir_address address,
			       char error[OPTIONS_ERROR_MAX])
{
	unsigned ports = options_ports_of_clients(options);
	bool family = false, own = false, way = false;
	const char *option = options->command == COMMAND_DEMO ? "--addr" : "--connect";
	char text[UNITS_ADDRESS_TEXT];

	for (unsigned i = 0; i < ports; i++) {
		const struct options_port *port = &options->ports[i];

		family |= options_port_has_family(port, address);
		own |= is_own(port, address);
		way |= options_port_has_family(port, address) &&
		       (options_port_is_on_link(port, address) || !weir_is_ipv4(address) ||
			!ip_is_none(port->gateway));
	}
	units_address_text(address, text);
	if (no_host(address) != NULL)
		return options_wrong(error, "%s: %s is %s; give one host's address", option, text,
				     no_host(address));
	if (!family)
		return options_wrong(
			error, "--addr: missing for --connect %s; give an address of %s for this end, too",
			text, options_family_of(address));
	if (own)
		return options_wrong(error, "%s: %s is one of --addr's own addresses; give another host's",
				     option, text);
	/* IPv6's routers advertise themselves. */
	if (!way)
		return options_wrong(error, "%s: %s is on no network of --addr; give --gateway too", option,
				     text);
	return 0;
}
