/* SPDX-License-Identifier: BSD-3-Clause */
#include "options_ports.h"

#include <string.h>

#include "ip.h"

static void add_range(struct options_port *port, const struct weir_range *range)
{
	if (port->ranges_count < WEIR_MAX_RANGES)
		port->ranges[port->ranges_count++] = *range;
}

/* What the port has not said itself, but its addresses. */
static void inherit(struct options_port *port, const struct options_port *common)
{
	if (port->profile == NULL)
		port->profile = common->profile;
	if (ip_is_none(port->gateway))
		port->gateway = common->gateway;
	if (ip_is_none(port->gateway6))
		port->gateway6 = common->gateway6;
	if (port->vlan == 0)
		port->vlan = common->vlan;
}

/* In the order in which they were given. */
static void inherit_ranges(struct options_port *port, const struct options_port *common)
{
	struct options_port own = *port;

	port->ranges_count = 0;
	for (unsigned i = 0; i < common->ranges_count; i++)
		add_range(port, &common->ranges[i]);
	for (unsigned i = 0; i < own.ranges_count; i++)
		add_range(port, &own.ranges[i]);
}

/* The client's, the server's, of each family in turn. */
static void share_out(struct options_port sides[2], const struct options_port *common)
{
	unsigned side[2] = { 0, 0 };

	for (unsigned i = 0; i < common->ranges_count; i++) {
		bool ipv6 = !weir_is_ipv4(common->ranges[i].first);

		add_range(&sides[side[ipv6]], &common->ranges[i]);
		side[ipv6] = !side[ipv6];
	}
}

static bool any_own_ranges(const struct options *options)
{
	for (unsigned i = 0; i < options->ports_count; i++)
		if (options->ports[i].ranges_count > 0)
			return true;
	return false;
}

void options_ports_settle(struct options *options)
{
	const struct options_port *common = &options->common;
	bool own = any_own_ranges(options), demo = options->command == COMMAND_DEMO;

	if (options->wire)
		options->ports_count = 2;
	else if (options->ports_count == 0 && common->profile != NULL)
		options->ports_count = 1;
	for (unsigned i = 0; i < options->ports_count; i++) {
		struct options_port *port = &options->ports[i];

		inherit(port, common);
		if (!demo && (options->ports_count == 1 || port->ranges_count == 0))
			inherit_ranges(port, common);
	}
	if (demo && !own)
		share_out(options->ports, common);
}

bool options_port_has_family(const struct options_port *port, struct weir_address address)
{
	for (unsigned i = 0; i < port->ranges_count; i++)
		if (ip_same_family(port->ranges[i].first, address))
			return true;
	return false;
}

bool options_port_is_on_link(const struct options_port *port, struct weir_address address)
{
	if (ip_is_link_local(address))
		return true;
	for (unsigned i = 0; i < port->ranges_count; i++)
		if (ip_on_link(&port->ranges[i], address))
			return true;
	return false;
}

static bool has_way(const struct options_port *port, struct weir_address address)
{
	return options_port_has_family(port, address) &&
	       (options_port_is_on_link(port, address) ||
		!ip_is_none(weir_is_ipv4(address) ? port->gateway : port->gateway6));
}

/* IPv6's routers advertise themselves. */
static bool may_have_way(const struct options_port *port, struct weir_address address)
{
	return !weir_is_ipv4(address) && options_port_has_family(port, address);
}

unsigned options_ports_of_clients(const struct options *options)
{
	return options->command == COMMAND_DEMO ? options->ports_count / 2 : options->ports_count;
}

static unsigned add_ways(struct options *options, unsigned target,
			 bool (*has)(const struct options_port *port, struct weir_address address))
{
	unsigned ways = 0, ports = options_ports_of_clients(options);

	for (unsigned i = 0; i < ports; i++) {
		if (!has(&options->ports[i], options->connect[target].address))
			continue;
		options->ports[i].targets |= 1u << target;
		ways++;
	}
	return ways;
}

void options_ports_route(struct options *options)
{
	for (unsigned i = 0; i < options->connect_count; i++)
		if (add_ways(options, i, has_way) == 0)
			add_ways(options, i, may_have_way);
}

const char *options_port_name(const struct options_port *port)
{
	return port->device != NULL ? port->device : port->profile != NULL ? port->profile : "wire";
}
