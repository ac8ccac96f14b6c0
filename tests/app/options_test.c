/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ip.h"

#define ARGS_MAX 48

static struct options options;
static char error[OPTIONS_ERROR_MAX];

/* Parses "serve --port x", split at blanks. */
static int parse(const char *line)
{
	static char text[1024];
	char *argv[ARGS_MAX + 1], *rest = text;
	enum command command;
	int argc = 0;

	snprintf(text, sizeof(text), "%s", line);
	for (char *word; argc < ARGS_MAX && (word = strsep(&rest, " ")) != NULL;)
		argv[argc++] = word;
	argv[argc] = NULL;
	cr_assert_eq(options_command(argv[0], &command), 0);
	return options_parse(command, argc, argv, &options, error);
}

#define SERVE "serve --port net_tap0 --addr 192.0.2.10/24"
#define SERVE6 "serve --port net_tap0 --addr fd99::10/64"
#define FLOODER "flood --port net_null0 --addr 192.0.2.10/24 --rate 1k"
#define FLOOD FLOODER " --connect 192.0.2.20:80"
#define LOAD "load --port net_tap0 --addr 192.0.2.10/24 --connect 192.0.2.20:80"

#define LOAD6 "load --port net_tap0 --addr fd99::10/64 --connect [fd99::20]:80"

Test(options, commands)
{
	enum command command;

	cr_expect_eq(options_command("demo", &command), 0);
	cr_expect_eq(command, COMMAND_DEMO);
	cr_expect_eq(options_command("load", &command), 0);
	cr_expect_eq(command, COMMAND_LOAD);
	cr_expect_eq(options_command("flood", &command), 0);
	cr_expect_eq(command, COMMAND_FLOOD);
	cr_expect_eq(options_command("fly", &command), -EINVAL);
	cr_expect_eq(options_command("", &command), -EINVAL);
}

/*
 * demo's addresses, in any family: enough of them for ports in TIME-WAIT, on one network, harmless to flood.
 */
static void expect_demo_place(unsigned families)
{
	const struct weir_range *clients = options.ports[0].ranges, *servers = options.ports[1].ranges;

	cr_assert_eq(options.ports_count, 2);
	cr_assert_eq(options.ports[0].ranges_count, families);
	cr_assert_eq(options.ports[1].ranges_count, families);
	cr_assert_eq(options.connect_count, families);
	for (unsigned i = 0; i < families; i++) {
		cr_expect(ip_number_of(clients[i].last) - ip_number_of(clients[i].first) == 249);
		cr_expect(ip_on_link(&clients[i], servers[i].first));
		cr_expect(ip_number_of(options.connect[i].address) == ip_number_of(servers[i].first));
		cr_expect_eq(options.connect[i].port, 80);
	}
}

Test(options, rest)
{
	cr_assert_eq(parse(SERVE), 0, "%s", error);
	cr_expect_eq(options.rest, WEIR_REST_AUTO);
	cr_assert_eq(parse(LOAD " --rest never"), 0, "%s", error);
	cr_expect_eq(options.rest, WEIR_REST_NEVER);
	cr_assert_eq(parse("demo --rest always"), 0, "%s", error);
	cr_expect_eq(options.rest, WEIR_REST_ALWAYS);
	cr_assert_eq(parse("demo --rest auto"), 0, "%s", error);
	cr_expect_eq(options.rest, WEIR_REST_AUTO);
}

Test(options, demo_has_addresses_of_the_family_that_is_wanted)
{
	cr_assert_eq(parse("demo --family 4"), 0, "%s", error);
	expect_demo_place(1);
	cr_expect(weir_is_ipv4(options.connect[0].address));
	cr_assert_eq(parse("demo --family 6"), 0, "%s", error);
	expect_demo_place(1);
	cr_expect_not(weir_is_ipv4(options.connect[0].address));
	cr_assert_eq(parse("demo --family both"), 0, "%s", error);
	expect_demo_place(2);
	cr_expect(weir_is_ipv4(options.connect[0].address) != weir_is_ipv4(options.connect[1].address));
	cr_assert_eq(
		parse("demo --addr fd99::1-fd99::fa/64 --addr 10.0.0.1-10.0.0.250/8 --addr fd99::100/64 --addr "
		      "10.0.1.1/8"),
		0, "%s", error);
	expect_demo_place(2);
}

/* From where none of the two sides is, in the family of the server's first address. */
Test(options, demo_is_flooded_from_elsewhere)
{
	static const char *const lines[] = {
		"demo --flood 1k",
		"demo --flood 1k --family 6",
		"demo --flood 1k --family both",
		"demo --flood 1k --addr 10.0.0.1/8 --addr 10.0.0.2/8",
		"demo --flood 1k --addr fd10::1/64 --addr fd10::2/64",
		"demo --flood 1k --addr fd10::1/8 --addr fd10::2/8",
	};

	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		cr_assert_eq(parse(lines[i]), 0, "%s: %s", lines[i], error);
		cr_expect(ip_same_family(options.source.first, options.connect[0].address), "%s", lines[i]);
		cr_expect_not(ip_on_link(&options.source, options.connect[0].address), "%s", lines[i]);
	}
}

Test(options, demo_needs_nothing)
{
	cr_assert_eq(parse("demo"), 0, "%s", error);
	cr_expect_eq(options.duration_ns, 10000000000ull);
	cr_expect_eq(options.msl_ns, 1000000000ull);
	expect_demo_place(1);
	cr_expect(options.wire);
	cr_expect_eq(options.requests, 1);
	cr_expect_gt(options.connections, 0);
	cr_expect_eq(options.close, CLOSE_FIN);
}

Test(options, every_one_of_serve)
{
	const struct options_port *port = &options.ports[0];

	cr_assert_eq(
		parse("serve --port 0000:3b:00.0 --profile a.conf --addr 192.0.2.10/24 --addr "
		      "198.18.0.1-198.18.3.254/16 --addr fd99::10/64 --gateway 192.0.2.1 --gateway fe80::1 --vlan 4094 --lcores 3 --queues 2 --max-connections 10k "
		      "--duration 90s --json --capture c.pcapng --seed 7 --msl 2s --rfc1337 --listen 80,443 "
		      "--app http --size 1k"),
		0, "%s", error);
	cr_assert_eq(options.ports_count, 1);
	cr_expect_str_eq(port->device, "0000:3b:00.0");
	cr_expect_str_eq(port->profile, "a.conf");
	cr_expect_eq(port->ranges_count, 3);
	cr_expect_eq(port->ranges[1].last.lo, 0xffffc61203fe);
	cr_expect_eq(port->ranges[2].first.hi, 0xfd99000000000000);
	cr_expect_eq(port->gateway6.hi, 0xfe80000000000000);
	cr_expect_eq(port->vlan, 4094);
	cr_expect_eq(port->gateway.lo, 0xffffc0000201);
	cr_expect_eq(options.queues, 2);
	cr_expect(options.lcores_count == 1 && options.lcores[0] == 3);
	cr_expect_eq(options.max_connections, 10000);
	cr_expect_eq(options.duration_ns, 90000000000ull);
	cr_expect(options.json && options.rfc1337 && options.seeded);
	cr_expect_str_eq(options.capture, "c.pcapng");
	cr_expect_eq(options.seed, 7);
	cr_expect_eq(options.msl_ns, 2000000000ull);
	cr_expect(options.listen_count == 2 && options.listen[0] == 80 && options.listen[1] == 443);
	cr_expect_eq(options.size_bytes, 1000);
}

/* IPv6's routers advertise themselves; IPv4's do not. */
Test(options, targets_of_both_families)
{
	cr_assert_eq(parse("load --port x --addr 192.0.2.10/24 --addr fd99::10/64 --connect [fd99::20]:8080 "
			   "--connect 192.0.2.20:80 --connect [2001:db8::1]:443"),
		     0, "%s", error);
	cr_assert_eq(options.connect_count, 3);
	cr_expect_eq(options.connect[0].address.hi, 0xfd99000000000000);
	cr_expect_eq(options.connect[0].port, 8080);
	cr_expect_eq(options.connect[1].address.lo, 0xffffc0000214);
	cr_expect_eq(options.connect[2].address.hi, 0x20010db800000000);
}

Test(options, every_one_of_load)
{
	cr_assert_eq(
		parse(LOAD
		      " --app echo --rate 5k --connections 100 --requests 0 --size 64 --ramp 2s --close rst"),
		0, "%s", error);
	cr_expect_eq(options.connect[0].address.lo, 0xffffc0000214);
	cr_expect_eq(options.connect[0].port, 80);
	cr_expect_eq(options.app, APP_ECHO);
	cr_expect_eq(options.rate, 5000);
	cr_expect_eq(options.connections, 100);
	cr_expect_eq(options.requests, 0);
	cr_expect_eq(options.size_bytes, 64);
	cr_expect_eq(options.ramp_ns, 2000000000ull);
	cr_expect_eq(options.close, CLOSE_RST);
}

/* Clients that only begin anew when they are done do not show what a flood does to those that wait. */
Test(options, a_flooded_demo_opens_at_intended_times)
{
	cr_assert_eq(parse("demo --flood 1k"), 0);
	cr_expect_eq(options.rate, 10000);
	cr_assert_eq(parse("demo --flood 1k --rate 5"), 0);
	cr_expect_eq(options.rate, 5);
	cr_assert_eq(parse("demo --flood 1k --connections 7"), 0);
	cr_expect_eq(options.rate, 0);
	cr_assert_eq(parse("demo"), 0);
	cr_expect_eq(options.rate, 0);
}

Test(options, every_one_of_flood)
{
	cr_assert_eq(parse("flood --port net_null0 --addr 192.0.2.10/24 --connect 192.0.2.20:80 --kind mix "
			   "--rate 1.5M --source 10.0.0.0/8 --plain --i-am-authorised --duration 5s"),
		     0, "%s", error);
	cr_expect_eq(options.connect[0].address.lo, 0xffffc0000214);
	cr_expect_eq(options.kind, FLOOD_MIX);
	cr_expect_eq(options.flood_pps, 1500000);
	cr_expect(options.source_given);
	cr_expect_eq(options.source.first.lo, 0xffff0a000001);
	cr_expect_eq(options.source.last.lo, 0xffff0afffffe);
	cr_expect(options.plain && options.authorised);
	cr_assert_eq(parse(FLOOD " --rate max"), 0, "%s", error);
	cr_expect_eq(options.flood_pps, OPTIONS_PPS_MAX);
	cr_expect_eq(options.kind, FLOOD_SYN);
	cr_expect_not(options.source_given || options.plain || options.authorised);
}

Test(options, every_kind_of_flood)
{
	char line[160];

	for (unsigned i = 0; i < FLOOD_KINDS; i++) {
		snprintf(line, sizeof(line), FLOOD " --kind %s", options_flood_name((enum flood_kind)i));
		cr_assert_eq(parse(line), 0, "%s", error);
		cr_expect_eq(options.kind, i);
	}
	cr_expect_eq(options.kind, FLOOD_MIX);
}

/* Through gateways, so that only the target's kind decides. */
static int flood_at(const char *target, const char *more)
{
	bool ipv6 = strchr(target, ':') != NULL;
	char line[240];

	snprintf(
		line, sizeof(line),
		"flood --port x --addr 192.0.2.10/24 --addr fd99::10/64 --gateway 192.0.2.1 --gateway fd99::1 --rate 1 "
		"--connect %s%s%s:80%s",
		ipv6 ? "[" : "", target, ipv6 ? "]" : "", more);
	return parse(line);
}

Test(options, floods_hit_nobody_else)
{
	static const char *const harmless[] = {
		"10.0.0.1",         "10.255.255.255",   "169.254.0.1",  "172.16.0.1",   "172.31.255.254",
		"192.0.2.77",       "192.168.0.1",      "198.18.0.1",   "198.19.255.1", "198.51.100.200",
		"203.0.113.5",      "fc00::1",          "fdff:ffff::1", "fe80::1",      "febf::1",
		"2001:db8::1",      "2001:db8:ffff::1", "3fff::1",      "3fff:fff::1",  "2001:2::1",
		"2001:2:0:ffff::1",
	};
	static const char *const others[] = {
		"9.255.255.255", "11.0.0.0",     "100.64.0.1",  "126.0.0.1",   "169.253.255.255",
		"172.15.255.1",  "172.32.0.1",   "192.0.3.1",   "192.0.1.1",   "192.167.0.1",
		"192.169.0.1",   "198.17.255.1", "198.20.0.1",  "203.0.112.1", "8.8.8.8",
		"fbff::1",       "fec0::1",      "2001:db7::1", "2001:db9::1", "3fff:1000::1",
		"3ffe::1",       "2001:2:1::1",  "2001:1::1",   "2600::1",     "2001:4860:4860::8888",
		"::a00:1",
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		cr_expect_eq(flood_at(harmless[i], ""), 0, "%s: %s", harmless[i], error);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		cr_expect_eq(flood_at(others[i], ""), -EINVAL, "%s", others[i]);
		cr_expect_not_null(strstr(error, "--i-am-authorised"), "%s: %s", others[i], error);
		cr_expect_eq(flood_at(others[i], " --i-am-authorised"), 0, "%s: %s", others[i], error);
	}
}

Test(options, demo_may_be_flooded)
{
	cr_assert_eq(parse("demo --flood 2M --syn-defence off"), 0, "%s", error);
	cr_expect_eq(options.flood_pps, 2000000);
	cr_expect_eq(options.kind, FLOOD_SYN);
	cr_expect_eq(options.defence, WEIR_DEFENCE_OFF);
	cr_assert_eq(parse("demo --flood max"), 0, "%s", error);
	cr_expect_eq(options.flood_pps, OPTIONS_PPS_MAX);
	cr_assert_eq(parse("demo"), 0, "%s", error);
	cr_expect_eq(options.flood_pps, 0);
}

Test(options, defence)
{
	cr_assert_eq(parse(SERVE), 0, "%s", error);
	cr_expect_eq(options.defence, WEIR_DEFENCE_AUTO);
	cr_expect_not(options.defence_given);
	cr_expect_eq(options.backlog, 65536);
	cr_expect(options.syn_per_source == 0 && options.opens_per_source == 0);
	cr_expect_null(options.cookie_key);
	cr_assert_eq(parse(SERVE
			   " --syn-defence always --backlog 4k --syn-per-source 100 --opens-per-source 50 "
			   "--cookie-key /run/key"),
		     0, "%s", error);
	cr_expect_eq(options.defence, WEIR_DEFENCE_ALWAYS);
	cr_expect(options.defence_given);
	cr_expect_eq(options.backlog, 4000);
	cr_expect_eq(options.syn_per_source, 100);
	cr_expect_eq(options.opens_per_source, 50);
	cr_expect_str_eq(options.cookie_key, "/run/key");
	cr_assert_eq(parse(SERVE " --syn-defence auto"), 0, "%s", error);
	cr_expect(options.defence == WEIR_DEFENCE_AUTO && options.defence_given);
}

Test(options, backlog_fits_what_may_come_of_it)
{
	cr_assert_eq(parse(SERVE " --max-connections 500"), 0, "%s", error);
	cr_expect_eq(options.backlog, 500);
	cr_assert_eq(parse(SERVE " --max-connections 10M"), 0, "%s", error);
	cr_expect_eq(options.backlog, 65536);
	cr_assert_eq(parse(SERVE " --max-connections 500 --backlog 1k"), 0, "%s", error);
	cr_expect_eq(options.backlog, 1000);
}

Test(options, sizes_follow_what_is_asked)
{
	cr_assert_eq(parse(LOAD), 0);
	cr_expect_eq(options.msl_ns, 30000000000ull);
	cr_expect_gt(options.connections, 0, "neither rate nor number: some at once");
	cr_expect_eq(options.requests, 1);
	cr_expect_eq(options.size_bytes, 0, "any body will do");
	cr_assert_eq(parse(LOAD " --rate 10"), 0);
	cr_expect_eq(options.connections, 0, "a rate alone has no such bound");
	cr_assert_eq(parse(LOAD " --connections 1M"), 0);
	cr_expect_geq(options.max_connections, 1000000);
	cr_assert_eq(parse("demo --app echo"), 0);
	cr_expect_eq(options.size_bytes, 64);
}

/* Behind a --port its own, before the first one everybody's. */
Test(options, several_ports)
{
	const struct options_port *a = &options.ports[0], *b = &options.ports[1];

	cr_assert_eq(
		parse("serve --vlan 7 --profile all --port a --addr 192.0.2.10/24 --gateway 192.0.2.1 --port b "
		      "--profile own --addr 198.18.0.1/16 --addr fd99::1/64 --vlan 8"),
		0, "%s", error);
	cr_assert_eq(options.ports_count, 2);
	cr_expect(a->ranges_count == 1 && b->ranges_count == 2);
	cr_expect_eq(b->ranges[0].first.lo, 0xffffc6120001);
	cr_expect(a->vlan == 7 && b->vlan == 8);
	cr_expect_str_eq(a->profile, "all");
	cr_expect_str_eq(b->profile, "own");
	cr_expect_eq(a->gateway.lo, 0xffffc0000201);
	cr_expect_eq(b->gateway.lo, 0);
	cr_expect_not(options.wire);
}

Test(options, what_stands_before_the_only_port_is_its_own)
{
	cr_assert_eq(parse("serve --addr 192.0.2.10/24 --gateway 192.0.2.1 --port a --addr 198.18.0.1/16"), 0,
		     "%s", error);
	cr_assert_eq(options.ports[0].ranges_count, 2);
	cr_expect_eq(options.ports[0].ranges[0].first.lo, 0xffffc000020a);
	cr_expect_eq(options.ports[0].gateway.lo, 0xffffc0000201);
	cr_assert_eq(parse("serve --profile names.one --addr 192.0.2.10/24"), 0, "%s", error);
	cr_assert_eq(options.ports_count, 1);
	cr_expect_null(options.ports[0].device);
	cr_expect_eq(options.ports[0].ranges_count, 1);
}

Test(options, a_port_without_addresses_has_those_of_all)
{
	cr_assert_eq(parse("serve --addr 192.0.2.10/24 --port a --port b --addr 198.18.0.1/16"), 0, "%s",
		     error);
	cr_expect_eq(options.ports[0].ranges[0].first.lo, 0xffffc000020a);
	cr_assert_eq(options.ports[1].ranges_count, 1);
	cr_expect_eq(options.ports[1].ranges[0].first.lo, 0xffffc6120001);
}

/* By a network of theirs, a gateway, or where nobody has either, a router that may advertise itself. */
Test(options, targets_are_of_the_ports_that_lead_there)
{
	cr_assert_eq(
		parse("load --port a --addr 192.0.2.10/24 --port b --addr 198.18.0.1/16 --gateway 198.18.0.2 "
		      "--addr fd99::1/64 --port c --addr fd98::1/64 --connect 192.0.2.20:80 --connect 203.0.113.1:80 "
		      "--connect [fd99::2]:80 --connect [2001:db8::1]:80"),
		0, "%s", error);
	cr_expect_eq(options.ports[0].targets, 0x1);
	cr_expect_eq(options.ports[1].targets, 0x1 | 0x2 | 0x4 | 0x8);
	cr_expect_eq(options.ports[2].targets, 0x8);
	cr_assert_eq(
		parse("load --port a --addr 192.0.2.10/24 --port b --addr 198.18.0.1/16 --connect 192.0.2.20:80"),
		0, "%s", error);
	cr_expect_eq(options.ports[1].targets, 0);
}

Test(options, demo_on_two_ports)
{
	static const char *const lines[] = {
		"demo --port a --port b --family both",
		"demo --addr 198.18.0.1-198.18.0.250/15 --addr 198.19.0.1/15 --addr 2001:2::1-2001:2::fa/48 --addr "
		"2001:2::19:1/48 --port a --port b",
		"demo --port a --addr 198.18.0.1-198.18.0.250/15 --addr 2001:2::1-2001:2::fa/48 --port b --addr "
		"198.19.0.1/15 --addr 2001:2::19:1/48",
	};

	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		cr_assert_eq(parse(lines[i]), 0, "%s: %s", lines[i], error);
		expect_demo_place(2);
		cr_expect_not(options.wire);
		cr_expect_str_eq(options.ports[0].device, "a");
		cr_expect_str_eq(options.ports[1].device, "b");
		cr_expect_eq(options.ports[0].targets, 0x3);
	}
	/* Through a router. */
	cr_assert_eq(
		parse("demo --port a --addr 192.0.2.1/24 --gateway 192.0.2.254 --port b --addr 198.18.0.1/16 "
		      "--gateway 198.18.0.254"),
		0, "%s", error);
	cr_expect_eq(options.connect[0].address.lo, 0xffffc6120001);
}

Test(options, help_comes_before_what_is_missing)
{
	cr_expect_eq(parse("load --help"), 0);
	cr_expect(options.help);
	cr_expect_eq(parse("serve -h"), 0);
	cr_expect(options.help);
}

/* Each line is wrong, and its message is one line that begins with the option. */
static const struct {
	const char *line, *begin;
} wrong[] = {
	{ "serve --addr 192.0.2.10/24", "--port: missing" },
	{ "serve --port x", "--addr: missing" },
	{ "load --port x --addr 192.0.2.10/24", "--connect: missing" },
	{ SERVE " --frobnicate", "--frobnicate: " },
	{ SERVE " --frobnicate=5", "--frobnicate=5: " },
	{ SERVE " -z", "-z: " },
	{ SERVE " --json=1", "--json=1: " },
	{ SERVE " --listen", "--listen: " },
	{ SERVE " extra", "'extra' " },
	{ SERVE " --rate 5", "--rate: " },
	{ SERVE " --addr 192.0.2.10", "--addr: '192.0.2.10' is not understood" },
	{ SERVE " --addr 192.0.2.20-192.0.2.10/24", "--addr: '192.0.2.20-192.0.2.10/24' is out of range" },
	{ SERVE " --gateway 192.0.2", "--gateway: '192.0.2' " },
	{ SERVE " --gateway 192.0.3.1", "--gateway: " },
	{ SERVE " --gateway 192.0.2.10", "--gateway: " },
	{ SERVE " --gateway 192.0.2.1 --gateway 192.0.2.2", "--gateway: '192.0.2.2' is the second of IPv4" },
	{ SERVE " --gateway fd99::1", "--gateway: it is of IPv6, and no --addr is" },
	{ SERVE " --gateway fe80::1%eth0", "--gateway: 'fe80::1%eth0' names a device" },
	{ SERVE6 " --gateway fd98::1", "--gateway: it is on no network" },
	{ SERVE6 " --gateway ::", "--gateway: '::' is no host's address" },
	{ SERVE " --gateway 0.0.0.0", "--gateway: '0.0.0.0' is no host's address" },
	{ SERVE6 " --gateway fd99::10", "--gateway: it is one of --addr's own" },
	{ SERVE " --vlan 0", "--vlan: '0' is out of range; give a number from 1 to 4094" },
	{ SERVE " --vlan 4095", "--vlan: '4095' is out of range" },
	{ SERVE " --vlan blue", "--vlan: 'blue' is not understood" },
	{ SERVE " --addr ::ffff:192.0.2.10/120", "--addr: '::ffff:192.0.2.10/120' is an IPv4 address in" },
	{ SERVE " --addr fe80::1%eth0/64", "--addr: 'fe80::1%eth0/64' names a device" },
	{ SERVE " --addr fd99::1-fd99::1:0:1:0/64", "--addr: 'fd99::1-fd99::1:0:1:0/64' is out of range" },
	{ SERVE " --addr fd99::1-fd99:0:0:1::/48", "--addr: 'fd99::1-fd99:0:0:1::/48' is out of range" },
	{ SERVE " --addr ff02::1/64", "--addr: ff02::1/64 is multicast" },
	{ SERVE " --addr fe80::1/64", "--addr: fe80::1/64 is link-local, of which weir has one by itself" },
	{ SERVE " --addr ::1/128", "--addr: ::1/128 is loopback" },
	{ SERVE " --addr ::5/64", "--addr: ::5/64 is of a network that holds ::/64" },
	{ SERVE " --addr 127.0.0.1/8", "--addr: 127.0.0.1/8 is loopback" },
	{ SERVE " --addr 0.0.0.1/8", "--addr: 0.0.0.1/8 is reserved" },
	{ SERVE " --addr 239.0.0.1/24", "--addr: 239.0.0.1/24 is multicast" },
	{ SERVE " --addr 192.0.2.1-192.0.2.20/24",
	  "--addr: 192.0.2.10/24 and 192.0.2.1-192.0.2.20/24 share addresses" },
	{ SERVE6 " --addr fd99::1-fd99::10/64", "--addr: fd99::10/64 and fd99::1-fd99::10/64 share" },
	{ SERVE " --lcores 1,x", "--lcores: '1,x' " },
	{ SERVE " --rest often", "--rest: 'often' " },
	{ SERVE " --queues 0", "--queues: '0' is out of range; give a number from 1 to 64" },
	{ SERVE " --queues 65", "--queues: '65' is out of range" },
	{ SERVE " --queues all", "--queues: 'all' is not understood" },
	{ SERVE " --port net_tap0", "--port: 'net_tap0' is given twice" },
	{ SERVE " --port y",
	  "--addr: missing; give this end's addresses, such as --addr 192.0.2.10/24 or --addr "
	  "fd99::10/64 (of --port y)" },
	{ "serve --addr 192.0.2.10/24 --port x --port y",
	  "--addr: 192.0.2.10/24 would be on two ports, x and y" },
	{ SERVE " --port y --addr 192.0.2.1-192.0.2.20/24",
	  "--addr: 192.0.2.10/24 would be on two ports, net_tap0 and y" },
	{ SERVE " --port y --addr 198.18.0.1/16 --gateway 192.0.2.1",
	  "--gateway: it is on no network of --addr; give a neighbour on one of them (of --port y)" },
	{ SERVE " --profile a --profile b", "--profile: 'b' is a second one" },
	{ "serve --profile a --profile b --addr 192.0.2.10/24", "--profile: 'b' is a second one" },
	{ LOAD " --port y --addr 198.18.0.1/16 --connect 203.0.113.1:80",
	  "--connect: 203.0.113.1 is on no network of --addr" },
	{ LOAD " --port y --addr 198.18.0.1/16 --connect 198.18.0.1:80",
	  "--connect: 198.18.0.1 is one of --addr's own" },
	{ SERVE " --max-connections 0", "--max-connections: '0' is out of range" },
	{ SERVE " --max-connections many", "--max-connections: 'many' is not understood" },
	{ SERVE " --max-connections 1", "--max-connections: " },
	{ SERVE " --duration 10", "--duration: '10' is not understood" },
	{ SERVE " --duration 0s", "--duration: '0s' is out of range" },
	{ SERVE " --msl 1h", "--msl: '1h' " },
	{ SERVE " --seed x", "--seed: 'x' " },
	{ SERVE " --listen 0", "--listen: '0' is out of range" },
	{ SERVE " --listen 80,80", "--listen: '80,80' " },
	{ SERVE " --listen 65536", "--listen: '65536' is out of range" },
	{ SERVE " --app ftp", "--app: serve knows no 'ftp'" },
	{ SERVE " --app connect", "--app: serve knows no 'connect'" },
	{ SERVE " --app echo --size 5", "--size: " },
	{ LOAD " --app accept", "--app: load knows no 'accept'" },
	{ LOAD " --connect 192.0.2.20", "--connect: '192.0.2.20' is not understood" },
	{ LOAD " --connect 192.0.2.20:0", "--connect: '192.0.2.20:0' is out of range" },
	{ LOAD " --connect 192.0.3.20:80", "--connect: 192.0.3.20 is on no network" },
	{ LOAD " --connect 192.0.2.10:80", "--connect: 192.0.2.10 is one of --addr's own" },
	{ LOAD " --connect 224.0.0.1:80", "--connect: 224.0.0.1 is multicast" },
	{ LOAD " --connect [fd99::20]:80",
	  "--addr: missing for --connect fd99::20; give an address of IPv6" },
	{ LOAD6 " --connect 192.0.2.20:80",
	  "--addr: missing for --connect 192.0.2.20; give an address of IPv4" },
	{ LOAD6 " --connect fd99::20", "--connect: 'fd99::20' is not understood" },
	{ LOAD6 " --connect [fd99::10]:80", "--connect: fd99::10 is one of --addr's own" },
	{ LOAD6 " --connect [ff02::1]:80", "--connect: ff02::1 is multicast" },
	{ LOAD6 " --connect [::1]:80", "--connect: ::1 is loopback" },
	{ LOAD " --connect 127.0.0.1:80", "--connect: 127.0.0.1 is loopback" },
	{ LOAD6 " --connect [::]:80", "--connect: '[::]:80' is no host's address" },
	{ LOAD " --connect 0.0.0.0:80", "--connect: '0.0.0.0:80' is no host's address" },
	{ LOAD " --rate 0", "--rate: '0' is out of range" },
	{ LOAD " --rate 5x", "--rate: '5x' is not understood" },
	{ LOAD " --connections 0", "--connections: '0' is out of range" },
	{ LOAD " --connections 100 --max-connections 50", "--connections: 100 do not fit" },
	{ LOAD " --requests -1", "--requests: '-1' " },
	{ LOAD " --ramp 5", "--ramp: '5' " },
	{ LOAD " --close later", "--close: 'later' " },
	{ LOAD " --app echo --close peer", "--close: " },
	{ LOAD " --app echo --size 0", "--size: " },
	{ LOAD " --app connect --size 5", "--size: " },
	{ LOAD " --app connect --requests 5", "--requests: " },
	{ LOAD " --close peer --requests 0", "--requests: " },
	{ SERVE " --syn-defence on", "--syn-defence: 'on' is no mode" },
	{ SERVE " --backlog 0", "--backlog: '0' is out of range" },
	{ SERVE " --backlog full", "--backlog: 'full' is not understood" },
	{ SERVE " --syn-per-source -1", "--syn-per-source: '-1' is not understood" },
	{ SERVE " --opens-per-source 1G", "--opens-per-source: '1G' is out of range" },
	{ SERVE " --syn-defence off --cookie-key x", "--cookie-key: " },
	{ SERVE " --flood 5", "--flood: " },
	{ "demo --flood 0", "--flood: '0' is out of range" },
	{ "demo --flood much", "--flood: 'much' is not understood" },
	{ LOAD " --syn-defence off", "--syn-defence: " },
	{ "flood --addr 192.0.2.10/24", "--port: missing" },
	{ "flood --port x --addr 192.0.2.10/24", "--connect: missing" },
	{ "flood --port x --addr 192.0.2.10/24 --connect 192.0.2.20:80", "--rate: missing" },
	{ FLOOD " --kind syns", "--kind: 'syns' is no kind of flood" },
	{ FLOOD " --rate 0",
	  "--rate: '0' is out of range; give packets per second from 1 to 1G, such as 500, 10k or 2M, or max" },
	{ FLOOD " --rate maximum", "--rate: 'maximum' is not understood" },
	{ FLOOD " --source 10.0.0.0", "--source: '10.0.0.0' is not understood" },
	{ FLOOD " --source 10.0.0.0/0", "--source: '10.0.0.0/0' is out of range" },
	{ FLOOD " --connect 192.0.2.10:80", "--connect: '192.0.2.10:80' is a second target" },
	{ FLOODER " --connect 192.0.2.10:80", "--connect: 192.0.2.10 is one of --addr's own" },
	{ FLOODER " --connect 8.8.8.8:80 --gateway 192.0.2.1", "--connect: 8.8.8.8 is no private" },
	{ FLOODER " --addr fd99::10/64 --connect [2600::1]:80", "--connect: 2600::1 is no private" },
	{ FLOOD " --source fd10::/16", "--source: it is of IPv6, and the target of IPv4" },
	{ FLOOD " --source 192.0.2.20/32", "--source: no host but the target" },
	{ FLOOD " --source ::/0",
	  "--source: '::/0' is out of range; give NETWORK/LEN or FIRST-LAST/LEN, hosts of one "
	  "network, LEN 1 or more" },
	{ FLOOD " --app http", "--app: " },
	{ "demo --port net_tap0", "--port: demo takes two" },
	{ "demo --port a --port b --port c", "--port: demo takes two" },
	{ "demo --port a --addr 192.0.2.1/24 --port b", "--addr: missing" },
	{ "demo --port a --addr 192.0.2.1/24 --port b --addr fd99::1/64", "--addr: the client's are all of" },
	{ "demo --port a --addr 192.0.2.1/24 --port b --addr 198.18.0.1/16",
	  "--addr: 198.18.0.1 is on no network" },
	{ "demo --port a --addr 192.0.2.1/24 --gateway 192.0.2.254 --port b --addr 198.18.0.1/16",
	  "--gateway: missing behind --port b, which has no way back to 192.0.2.1" },
	{ "demo --addr 192.0.2.1/24 --port a --port b --addr 192.0.2.2/24",
	  "--addr: give the client's and then" },
	{ "demo --port a --addr 192.0.2.1/24 --port b --addr 192.0.2.1/24",
	  "--addr: 192.0.2.1/24 would be on two" },
	{ "demo --flood 1 --port a --addr 8.8.8.1/24 --port b --addr 8.8.8.8/24",
	  "--flood: 8.8.8.8 is no private" },
	{ "demo --profile x", "--profile: " },
	{ "demo --gateway 192.0.2.1", "--gateway: " },
	{ "demo --addr 192.0.2.1/24", "--addr: give it twice" },
	{ "demo --addr 192.0.2.1/24 --addr fd99::1/64", "--addr: give it twice" },
	{ "demo --addr 192.0.2.1/24 --addr 192.0.2.2/24 --addr fd99::1/64", "--addr: give it twice" },
	{ "demo --addr 192.0.2.1/24 --addr 192.0.2.2/24 --addr 192.0.2.3/24", "--addr: give it twice" },
	{ "demo --addr fd99::1/64 --addr fd98::1/64", "--addr: demo's two sides share a wire" },
	{ "demo --addr fd99::1-fd99::9/64 --addr fd99::5/64", "--addr: demo's two sides have addresses in" },
	{ "demo --family 5", "--family: '5' is none" },
	{ "demo --family 6 --addr fd99::1/64 --addr fd99::2/64", "--family: --addr tells it already" },
	{ "demo --addr 192.0.2.1/24 --addr 192.0.3.1/24", "--addr: " },
	{ "demo --addr 192.0.2.1-192.0.2.9/24 --addr 192.0.2.5/24", "--addr: " },
	{ "demo --connect 192.0.2.1:80", "--connect: " },
};

Test(options, wrong_ones_are_named)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_expect_eq(parse(wrong[i].line), -EINVAL, "%s", wrong[i].line);
		cr_expect_eq(strncmp(error, wrong[i].begin, strlen(wrong[i].begin)), 0, "%s: '%s'",
			     wrong[i].line, error);
		cr_expect_null(strchr(error, '\n'), "%s: more than a line", wrong[i].line);
	}
}

/* Where the end of a line is what matters. */
Test(options, wrong_ones_are_told_what_would_be_right)
{
	static const struct {
		const char *line, *whole;
	} lines[] = {
		{ SERVE " --vlan 0", "--vlan: '0' is out of range; give a number from 1 to 4094" },
		{ SERVE " --addr fe80::1%eth0/64",
		  "--addr: 'fe80::1%eth0/64' names a device, and weir knows --port alone; leave out the % and the name" },
		{ LOAD6 " --connect [fe80::1%eth0]:80",
		  "--connect: '[fe80::1%eth0]:80' names a device, and weir knows --port alone; leave out the % and the name" },
		{ FLOOD " --source 192.0.2.20/32",
		  "--source: no host but the target can have an address of it; give others, such as 10.0.0.0/8" },
		{ "flood --port x --rate 1 --addr fd99::1/64 --connect [fd99::2]:80 --source fd99::2/128",
		  "--source: no host but the target can have an address of it; give others, such as fd10::/16" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		cr_expect_eq(parse(lines[i].line), -EINVAL, "%s", lines[i].line);
		cr_expect_str_eq(error, lines[i].whole);
	}
}

Test(options, too_many_targets)
{
	char line[1024] = "load --port x --addr 192.0.2.254/24";

	for (int i = 0; i < OPTIONS_CONNECT_MAX; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), " --connect=192.0.2.%d:80", i + 1);
	cr_expect_eq(parse(line), 0, "%s", error);
	cr_expect_eq(options.connect_count, OPTIONS_CONNECT_MAX);
	snprintf(line + strlen(line), sizeof(line) - strlen(line), " --connect=192.0.2.99:80");
	cr_expect_eq(parse(line), -EINVAL);
	cr_expect_eq(strncmp(error, "--connect: more than 16", 23), 0, "%s", error);
}

Test(options, too_many_ranges)
{
	char line[1024] = "serve --port x";

	for (int i = 0; i <= WEIR_MAX_RANGES; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), " --addr=192.0.2.%d/24", i + 1);
	cr_expect_eq(parse(line), -EINVAL);
	cr_expect_eq(strncmp(error, "--addr: more than", 17), 0, "%s", error);
}
