/* SPDX-License-Identifier: BSD-3-Clause */
#include "layout.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 48

static struct options options;
static struct layout layout;
static char error[LAYOUT_ERROR_MAX];

/* Lays out "serve --port x", split at blanks, whose options are right. */
static int make(const char *line)
{
	static char text[1024];
	char *argv[ARGS_MAX + 1], *rest = text, wrong[OPTIONS_ERROR_MAX];
	enum command command;
	int argc = 0;

	snprintf(text, sizeof(text), "%s", line);
	for (char *word; argc < ARGS_MAX && (word = strsep(&rest, " ")) != NULL;)
		argv[argc++] = word;
	argv[argc] = NULL;
	cr_assert_eq(options_command(argv[0], &command), 0);
	cr_assert_eq(options_parse(command, argc, argv, &options, wrong), 0, "%s: %s", line, wrong);
	layout_free(&layout);
	return layout_make(&layout, &options, error);
}

#define ONE "serve --port a --addr 192.0.2.10/24"
#define TWO ONE " --port b --addr 198.18.0.1/16"

static void expect_queues(const char *line, unsigned ports, unsigned each)
{
	cr_assert_eq(make(line), 0, "%s: %s", line, error);
	cr_expect_eq(layout.ports_count, ports, "%s", line);
	cr_expect_eq(layout.shards_count, ports * each, "%s: %u shards", line, layout.shards_count);
	for (unsigned i = 0; i < layout.ports_count; i++) {
		cr_expect_eq(layout.ports[i].queues, each, "%s", line);
		cr_expect_eq(layout.ports[i].first, i * each, "%s", line);
	}
}

Test(layout, queues_are_as_many_as_cpus_for_a_port)
{
	expect_queues(ONE, 1, 1);
	expect_queues(ONE " --lcores 3", 1, 1);
	expect_queues(ONE " --lcores 3,4,5", 1, 3);
	expect_queues(TWO " --lcores 3,4,5,6", 2, 2);
	expect_queues(TWO " --lcores 3", 2, 1);
	expect_queues(TWO " --lcores 3 --queues 4", 2, 4);
	expect_queues("demo", 2, 1);
	expect_queues("demo --lcores 1,2", 2, 1);
	expect_queues("demo --lcores 1,2 --queues 2", 2, 2);
	expect_queues("demo --lcores 1-4", 2, 2);
	expect_queues("demo --queues 16", 2, 16);
}

Test(layout, cpus_in_order_and_again_from_the_first)
{
	static const int lcores[] = { 7, 5, 7, 5 };

	expect_queues(TWO " --lcores 7,5 --queues 2", 2, 2);
	for (unsigned shard = 0; shard < 4; shard++)
		cr_expect_eq(layout_lcore(&options, shard), lcores[shard]);
	expect_queues(TWO, 2, 1);
	cr_expect_eq(layout_lcore(&options, 0), -1);
}

Test(layout, names)
{
	expect_queues("demo", 2, 1);
	cr_expect_str_eq(layout.ports[0].name, "wire:client");
	cr_expect_str_eq(layout.ports[1].name, "wire:server");
	cr_expect_null(layout.ports[0].device);
	expect_queues(TWO, 2, 1);
	cr_expect_str_eq(layout.ports[1].name, "b");
}

/* Its queues count where --queues does not say; its device where --port does not. */
Test(layout, profiles)
{
	char path[] = "/tmp/layout_testXXXXXX", line[256];
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_gt(dprintf(fd, "device = \"net_null7\"; queues = 3; mtu = 1400;"), 0);
	close(fd);
	snprintf(line, sizeof(line), "serve --profile %s --addr 192.0.2.10/24", path);
	expect_queues(line, 1, 3);
	cr_expect_str_eq(layout.ports[0].device, "net_null7");
	cr_expect_str_eq(layout.ports[0].name, "net_null7");
	cr_expect_eq(layout.ports[0].profile.mtu, 1400);
	snprintf(line, sizeof(line), ONE " --profile %s --queues 2", path);
	expect_queues(line, 1, 2);
	cr_expect_str_eq(layout.ports[0].device, "a");
	/* Each its own. */
	snprintf(line, sizeof(line), ONE " --port b --addr 198.18.0.1/16 --profile %s", path);
	cr_expect_eq(make(line), 0, "%s", error);
	cr_expect_eq(layout.ports[0].queues, 1);
	cr_expect_eq(layout.ports[1].queues, 3);
	cr_expect_eq(layout.ports[0].profile.mtu, 1500);
	unlink(path);
	layout_free(&layout);
}

Test(layout, a_port_that_leads_to_no_target_has_no_part)
{
	expect_queues(
		"load --port a --addr 192.0.2.10/24 --port b --addr 198.18.0.1/16 --connect 198.18.0.2:80 "
		"--lcores 2,3",
		1, 2);
	cr_expect_str_eq(layout.ports[0].device, "b");
}

/* Each is wrong, and its line begins with the option. */
Test(layout, wrong_ones_are_named)
{
	static const struct {
		const char *line, *begin;
	} wrong[] = {
		{ TWO " --lcores 1,2,3", "--lcores: 3 CPUs cannot be shared out evenly to 2 ports" },
		{ TWO " --lcores 1-5 --queues 2", "--lcores: 5 CPUs for 4 queues in all" },
		{ ONE " --lcores 1-2 --queues 1", "--lcores: 2 CPUs for 1 queue in all" },
		{ "demo --lcores 1-3", "--lcores: 3 CPUs cannot be shared out evenly to demo's two sides" },
		{ "demo --queues 17", "--queues: a wire in memory has 16 at most" },
		{ TWO " --queues 33", "--queues: 66 on 2 ports are too many" },
		{ "serve --profile ./missing.conf --addr 192.0.2.1/24", "--profile: ./missing.conf: " },
	};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_expect_neq(make(wrong[i].line), 0, "%s", wrong[i].line);
		cr_expect_eq(strncmp(error, wrong[i].begin, strlen(wrong[i].begin)), 0, "%s: '%s'",
			     wrong[i].line, error);
		cr_expect_null(strchr(error, '\n'), "%s: more than a line", wrong[i].line);
	}
}
