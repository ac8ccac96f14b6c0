/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal_args.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct eal_args args;
static char joined[EAL_ARGS_TEXT];

static const char *build(const struct eal_wishes *wishes, const char *user)
{
	size_t used = 0;

	cr_assert_eq(eal_args_build(&args, wishes, user), 0);
	cr_assert_null(args.argv[args.argc]);
	for (int i = 1; i < args.argc; i++)
		used += (size_t)snprintf(joined + used, sizeof(joined) - used, "%s%s", i > 1 ? "|" : "",
					 args.argv[i]);
	return joined;
}

static const struct eal_wishes plain = { .memory_mib = 512 };

Test(eal_args, without_hugepages)
{
	cr_expect_str_eq(build(&plain, NULL),
			 "--no-huge|-m|512|--no-pci|--no-shconf|--no-telemetry|--log-level=*:error");
}

Test(eal_args, quiet_unless_asked)
{
	build(&plain, "--no-pci");
	cr_expect(args.quiet);
	build(&plain, "--log-level=8");
	cr_expect(!args.quiet);
}

Test(eal_args, with_hugepages)
{
	struct eal_wishes wishes = plain;

	wishes.hugepages = true;
	cr_expect_str_eq(build(&wishes, NULL),
			 "--in-memory|--no-pci|--no-shconf|--no-telemetry|--log-level=*:error");
}

Test(eal_args, memory_that_a_driver_lends)
{
	struct eal_wishes wishes = plain;

	wishes.lent = true;
	cr_expect_eq(strncmp(build(&wishes, NULL), "--no-huge|--single-file-segments|", 33), 0, "%s", joined);
	wishes.hugepages = true;
	cr_expect_eq(strncmp(build(&wishes, NULL), "--in-memory|--single-file-segments|", 35), 0, "%s",
		     joined);
	cr_expect_eq(strncmp(build(&wishes, "--in-memory"), "--in-memory|--single-file-segments|", 35), 0,
		     "%s", joined);
	cr_expect_null(strstr(build(&wishes, "--legacy-mem"), "single-file"), "%s", joined);
}

/* Or what shards take for themselves could leave nothing for the buffers of the next. */
Test(eal_args, hugepages_of_buffers_are_set_aside)
{
	struct eal_wishes wishes = plain;

	wishes.hugepages = wishes.set_aside = true;
	cr_expect_eq(strncmp(build(&wishes, NULL), "--in-memory|-m|512|--no-pci", 27), 0, "%s", joined);
	cr_expect_eq(strncmp(build(&wishes, "-m 64"), "-m|64|--in-memory|--no-pci", 26), 0, "%s", joined);
	cr_expect_eq(strncmp(build(&wishes, "--socket-mem=64"), "--socket-mem=64|--no-pci", 24), 0, "%s",
		     joined);
}

static void expect_choice(uint64_t free_mib, const char *user, enum eal_hugepages want, unsigned want_mib)
{
	unsigned mib = 512;

	cr_expect_eq(eal_args_hugepages(free_mib, &mib, user), want, "%lu MiB and %s", free_mib, user);
	cr_expect_eq(mib, want_mib, "%s", user);
}

Test(eal_args, hugepages_if_there_are_enough)
{
	expect_choice(0, NULL, EAL_HUGEPAGES_NONE, 512);
	expect_choice(2, NULL, EAL_HUGEPAGES_FEW, 512);
	expect_choice(511, "--no-pci", EAL_HUGEPAGES_FEW, 512);
	expect_choice(512, NULL, EAL_HUGEPAGES_ENOUGH, 512);
	expect_choice(100, "-m 100", EAL_HUGEPAGES_ENOUGH, 100);
	expect_choice(100, "--no-pci -m101", EAL_HUGEPAGES_FEW, 101);
	expect_choice(1000, "-m 2048 -l 3", EAL_HUGEPAGES_FEW, 2048);
	expect_choice(0, "-m 64", EAL_HUGEPAGES_NONE, 64);
}

Test(eal_args, which_pages_is_the_users_choice)
{
	expect_choice(100, "--no-huge -m 512", EAL_HUGEPAGES_NONE, 512);
	expect_choice(100, "--in-memory", EAL_HUGEPAGES_NONE, 512);
	expect_choice(4096, "--socket-mem=8192", EAL_HUGEPAGES_NONE, 512);
	expect_choice(4096, "--no-pci 'x", EAL_HUGEPAGES_NONE, 512);
}

Test(eal_args, cards_and_some_cpus)
{
	static const char *const cards[] = { "0000:3b:00.0", "0000:3b:00.1" };
	static const unsigned lcores[] = { 4, 2 };
	struct eal_wishes wishes = { .memory_mib = 64,
				     .pci_devices = cards,
				     .pci_devices_count = 2,
				     .lcores = lcores,
				     .lcores_count = 2,
				     .main_lcore = 2 };

	cr_expect_str_eq(build(&wishes, NULL),
			 "--no-huge|-m|64|-a|0000:3b:00.0|-a|0000:3b:00.1|-l|4,2|--main-lcore=2|--no-shconf|"
			 "--no-telemetry|--log-level=*:error");
}

/* The example of the documentation, which must work with every command. */
Test(eal_args, what_the_user_says_is_not_said_again)
{
	static const unsigned lcores[] = { 0 };
	struct eal_wishes wishes = plain;

	wishes.lcores = lcores;
	wishes.lcores_count = 1;
	cr_expect_str_eq(build(&wishes, "--no-pci --no-huge -m 512 --file-prefix X"),
			 "--no-pci|--no-huge|-m|512|--file-prefix|X|-l|0|--main-lcore=0|--log-level=*:error");
	cr_expect_str_eq(build(&wishes, "-l 3 --log-level=lib.eal:debug --telemetry"),
			 "-l|3|--log-level=lib.eal:debug|--telemetry|--no-huge|-m|512|--no-pci|--no-shconf");
	cr_expect_str_eq(build(&plain, "-m64 --file-prefix=y --lcores 0@1"),
			 "-m64|--file-prefix=y|--lcores|0@1|--no-huge|--no-pci|--log-level=*:error");
	cr_expect_str_eq(build(&plain, "--socket-mem=1024 -a 01:00.0"),
			 "--socket-mem=1024|-a|01:00.0|--no-shconf|--no-telemetry|--log-level=*:error");
}

/* Others find this process, where files can be made; without hugepages they cannot attach to it. */
Test(eal_args, seen_under_a_prefix_of_its_own)
{
	struct eal_wishes wishes = plain;

	wishes.prefix = "weir-7";
	cr_expect_str_eq(build(&wishes, NULL),
			 "--no-huge|-m|512|--no-pci|--no-shconf|--file-prefix|weir-7|--log-level=*:error");
	cr_expect_not(args.shared);
	cr_expect_str_eq(build(&wishes, "--file-prefix X --no-telemetry"),
			 "--file-prefix|X|--no-telemetry|--no-huge|-m|512|--no-pci|--log-level=*:error");
	cr_expect(args.shared, "files are written, though nobody can attach");
	cr_expect_str_eq(build(&wishes, "--proc-type=secondary --no-huge"),
			 "--proc-type=secondary|--no-huge|-m|512|--no-pci|--log-level=*:error");
	wishes.hugepages = true;
	cr_expect_str_eq(build(&wishes, NULL),
			 "--in-memory|--no-pci|--no-shconf|--file-prefix|weir-7|--log-level=*:error");
	cr_expect_not(args.shared);
}

Test(eal_args, hugepages_are_shared_where_they_can_be_files)
{
	struct eal_wishes wishes = plain;

	wishes.prefix = "weir-7";
	wishes.hugepages = wishes.shared = true;
	cr_expect_str_eq(build(&wishes, NULL), "--no-pci|--file-prefix|weir-7|--log-level=*:error");
	cr_expect(args.shared);
	cr_expect_str_eq(build(&wishes, "--file-prefix=X"), "--file-prefix=X|--no-pci|--log-level=*:error");
	cr_expect(args.shared);
	cr_expect_str_eq(build(&wishes, "--huge-dir /huge"),
			 "--huge-dir|/huge|--no-pci|--file-prefix|weir-7|--log-level=*:error");
	cr_expect(args.shared);
	cr_expect_str_eq(build(&wishes, "--in-memory"),
			 "--in-memory|--no-pci|--file-prefix|weir-7|--log-level=*:error");
	cr_expect_not(args.shared);
	cr_expect_str_eq(build(&wishes, "--no-huge"),
			 "--no-huge|-m|512|--no-pci|--no-shconf|--file-prefix|weir-7|--log-level=*:error");
	cr_expect_not(args.shared);
	build(&wishes, "--no-shconf");
	cr_expect_not(args.shared);
}

Test(eal_args, no_hugepages_although_there_are_some)
{
	struct eal_wishes wishes = plain;

	wishes.hugepages = true;
	cr_expect_str_eq(build(&wishes, "--no-huge"),
			 "--no-huge|-m|512|--no-pci|--no-shconf|--no-telemetry|--log-level=*:error");
	cr_expect_str_eq(build(&wishes, "--no-huge -m 100"),
			 "--no-huge|-m|100|--no-pci|--no-shconf|--no-telemetry|--log-level=*:error");
}

Test(eal_args, quotes_as_in_a_shell)
{
	cr_expect_eq(strncmp(build(&plain, "  --vdev 'net_tap0,iface=a b'\t-x\\ y \"q'\\\"q\" e''e  "),
			     "--vdev|net_tap0,iface=a b|-x y|q'\"q|ee|--no-huge", 48),
		     0, "%s", joined);
}

Test(eal_args, too_much_or_not_closed)
{
	static char many[3 * EAL_ARGS_MAX + 1], longish[EAL_ARGS_TEXT + 1];

	cr_expect_eq(eal_args_build(&args, &plain, "--a 'b"), -EINVAL);
	for (int i = 0; i < EAL_ARGS_MAX; i++)
		memcpy(many + 3 * i, "-x ", 3);
	cr_expect_eq(eal_args_build(&args, &plain, many), -E2BIG);
	memset(longish, 'a', EAL_ARGS_TEXT);
	cr_expect_eq(eal_args_build(&args, &plain, longish), -E2BIG);
}
