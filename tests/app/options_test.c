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
#define LOAD "load --port net_tap0 --addr 192.0.2.10/24 --connect 192.0.2.20:80"

Test(options, commands)
{
	enum command command;

	cr_expect_eq(options_command("demo", &command), 0);
	cr_expect_eq(command, COMMAND_DEMO);
	cr_expect_eq(options_command("load", &command), 0);
	cr_expect_eq(command, COMMAND_LOAD);
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
