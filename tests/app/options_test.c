/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ARGS_MAX 32

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
#define FLOOD "flood --port net_null0 --addr 192.0.2.10/24 --rate 1k --connect 192.0.2.20:80"
#define LOAD "load --port net_tap0 --addr 192.0.2.10/24 --connect 192.0.2.20:80"

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

Test(options, demo_needs_nothing)
{
	cr_assert_eq(parse("demo"), 0, "%s", error);
	cr_expect_eq(options.duration_ns, 10000000000ull);
	cr_expect_eq(options.msl_ns, 1000000000ull);
	cr_expect_eq(options.ranges_count, 2);
	cr_expect_gt(options.ranges[0].last - options.ranges[0].first, 100,
		     "addresses for ports in TIME-WAIT");
	cr_expect_eq(options.ranges[1].first, options.connect.address);
	cr_expect_eq(options.connect.port, 80);
	cr_expect_eq(options.requests, 1);
	cr_expect_gt(options.connections, 0);
	cr_expect_eq(options.close, CLOSE_FIN);
}

Test(options, every_one_of_serve)
{
	cr_assert_eq(
		parse("serve --port 0000:3b:00.0 --profile a.conf --addr 192.0.2.10/24 --addr "
		      "198.18.0.1-198.18.3.254/16 --gateway 192.0.2.1 --lcores 3 --max-connections 10k "
		      "--duration 90s --json --capture c.pcapng --seed 7 --msl 2s --rfc1337 --listen 80,443 "
		      "--app http --size 1k"),
		0, "%s", error);
	cr_expect_str_eq(options.port, "0000:3b:00.0");
	cr_expect_str_eq(options.profile, "a.conf");
	cr_expect_eq(options.ranges_count, 2);
	cr_expect_eq(options.ranges[1].last, 0xc61203fe);
	cr_expect_eq(options.gateway, 0xc0000201);
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

Test(options, every_one_of_load)
{
	cr_assert_eq(
		parse(LOAD
		      " --app echo --rate 5k --connections 100 --requests 0 --size 64 --ramp 2s --close rst"),
		0, "%s", error);
	cr_expect_eq(options.connect.address, 0xc0000214);
	cr_expect_eq(options.connect.port, 80);
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
	cr_expect_eq(options.connect.address, 0xc0000214);
	cr_expect_eq(options.kind, FLOOD_MIX);
	cr_expect_eq(options.flood_pps, 1500000);
	cr_expect(options.source_given);
	cr_expect(options.source.first == 0x0a000001 && options.source.last == 0x0afffffe, "%x-%x",
		  options.source.first, options.source.last);
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

/* Through a gateway, so that only the target's kind decides. */
static int flood_at(const char *target, const char *more)
{
	char line[200];

	snprintf(line, sizeof(line),
		 "flood --port x --addr 192.0.2.10/24 --gateway 192.0.2.1 --rate 1 --connect %s:80%s", target,
		 more);
	return parse(line);
}

Test(options, floods_hit_nobody_else)
{
	static const char *const harmless[] = {
		"10.0.0.1",       "10.255.255.255", "169.254.0.1", "172.16.0.1",
		"172.31.255.254", "192.0.2.77",     "192.168.0.1", "198.18.0.1",
		"198.19.255.1",   "198.51.100.200", "203.0.113.5",
	};
	static const char *const others[] = {
		"9.255.255.255", "11.0.0.0",     "100.64.0.1", "127.0.0.1",   "169.253.255.255",
		"172.15.255.1",  "172.32.0.1",   "192.0.3.1",  "192.0.1.1",   "192.167.0.1",
		"192.169.0.1",   "198.17.255.1", "198.20.0.1", "203.0.112.1", "8.8.8.8",
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
	{ SERVE " --vlan 5", "--vlan: not yet" },
	{ SERVE " --lcores 1,x", "--lcores: '1,x' " },
	{ SERVE " --lcores 1,2", "--lcores: " },
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
	{ FLOOD " --connect 192.0.2.10:80", "--connect: 192.0.2.10 is one of --addr's own" },
	{ FLOOD " --connect 8.8.8.8:80 --gateway 192.0.2.1", "--connect: 8.8.8.8 is no private" },
	{ FLOOD " --app http", "--app: " },
	{ "demo --port net_tap0", "--port: demo brings a wire of its own" },
	{ "demo --profile x", "--profile: " },
	{ "demo --gateway 192.0.2.1", "--gateway: " },
	{ "demo --lcores 1,2,3", "--lcores: " },
	{ "demo --addr 192.0.2.1/24", "--addr: give it twice" },
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

Test(options, too_many_ranges)
{
	char line[1024] = "serve --port x";

	for (int i = 0; i <= WEIR_MAX_RANGES; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), " --addr=192.0.2.%d/24", i + 1);
	cr_expect_eq(parse(line), -EINVAL);
	cr_expect_eq(strncmp(error, "--addr: more than", 17), 0, "%s", error);
}
