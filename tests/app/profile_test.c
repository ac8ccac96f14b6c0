/* SPDX-License-Identifier: BSD-3-Clause */
#include "profile.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "profile_keys.h"
#include "profile_text.h"

static char path[64], error[PROFILE_ERROR_MAX], expected[PROFILE_ERROR_MAX];
static struct profile profile;

static void init(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/weir-profile-XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	close(fd);
}

static void fini(void)
{
	profile_free(&profile);
	unlink(path);
}

/* libconfig drops what it has read of a text when the text turns out to be wrong. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

TestSuite(profile, .init = init, .fini = fini);

static int read_bytes(const char *text, size_t bytes)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	cr_assert_eq(fwrite(text, 1, bytes, file), bytes);
	fclose(file);
	error[0] = '\0';
	profile_free(&profile);
	return profile_read(path, &profile, error);
}

static int read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

Test(profile, all_keys)
{
	cr_assert_eq(
		read_text(
			"summary = \"a wire \" \"of paper\"; driver = [ \"net_a\", \"net_b\" ];\n"
			"kind = \"virtual\"; tested = \"not yet\";\n"
			"device = \"net_tap0,iface=t0\"; queues = 64;\n"
			"rx_descriptors = 512;\ntx_descriptors = 256;\n"
			"mtu = 9000;\nsoftware_checksums = true; // a comment\n"
			"rss = \"toeplitz\"; rss_key_bytes = 40; rss_table_size = 128;\n"
			"rss_key = \"6d5A6d5a6d5a6d5a6d5a6d5a6d5a6d5a6d5a6d5a\"\n"
			"          \"000102030405060708090a0b0c0d0e0f10111213\";\n"
			"needs = ( { what = \"firmware\"; text = \"1.2\" }, { what = \"option\"; text = \"-x\" } );\n"
			"traps = ( { symptom = \"slow\"; cure = \"fast\"; source = \"a book\" } );\n"),
		0, "%s", error);
	cr_expect_str_eq(profile.summary, "a wire of paper");
	cr_expect_eq(profile.drivers_count, 2);
	cr_expect_str_eq(profile.drivers[1], "net_b");
	cr_expect_eq(profile.kind, PROFILE_VIRTUAL);
	cr_expect_str_eq(profile.tested, "not yet");
	cr_expect_str_eq(profile.device, "net_tap0,iface=t0");
	cr_expect_eq(profile.queues, 64);
	cr_expect_eq(profile.rx_descriptors, 512);
	cr_expect_eq(profile.tx_descriptors, 256);
	cr_expect_eq(profile.mtu, 9000);
	cr_expect(profile.software_checksums);
	cr_expect_eq(profile.rss, WEIR_PORT_RSS_TOEPLITZ);
	cr_expect_eq(profile.rss_key_bytes, 40);
	cr_expect_eq(profile.rss_table_size, 128);
	cr_expect_eq(profile.rss_key_length, 40);
	cr_expect_eq(profile.rss_key[1], 0x5a);
	cr_expect_eq(profile.rss_key[39], 0x13);
	cr_expect_eq(profile.needs_count, 2);
	cr_expect_eq(profile.needs[1].what, PROFILE_NEED_OPTION);
	cr_expect_str_eq(profile.needs[0].text, "1.2");
	cr_expect_eq(profile.traps_count, 1);
	cr_expect_str_eq(profile.traps[0].symptom, "slow");
	cr_expect_str_eq(profile.traps[0].cure, "fast");
	cr_expect_str_eq(profile.traps[0].source, "a book");
	cr_expect_str_eq(profile.path, path);
}

Test(profile, no_key_is_needed)
{
	cr_assert_eq(read_text("# nothing\n"), 0);
	cr_expect_null(profile.device);
	cr_expect_null(profile.tested);
	cr_expect_eq(profile.kind, PROFILE_KIND_UNSAID);
	cr_expect_eq(profile.mtu, 1500);
	cr_expect_eq(profile.queues, 0);
	cr_expect_eq(profile.rx_descriptors, 0);
	cr_expect_eq(profile.rss, WEIR_PORT_RSS_AUTO);
	cr_expect_eq(profile.rss_key_length, 0);
	cr_expect(!profile.software_checksums);
}

Test(profile, drivers)
{
	cr_assert_eq(read_text("driver = \"net_tap\";"), 0, "%s", error);
	cr_expect(profile_fits(&profile, "net_tap"));
	cr_expect(!profile_fits(&profile, "net_tap0"));
	cr_assert_eq(read_text("driver = [ \"mlx5_pci\", \"mlx5_auxiliary\" ];"), 0, "%s", error);
	cr_expect(profile_fits(&profile, "mlx5_auxiliary"));
	cr_expect(!profile_fits(&profile, "net_tap"));
	cr_assert_eq(read_text("mtu = 1400;"), 0, "%s", error);
	cr_expect(profile_fits(&profile, "net_tap"));
}

/* Each choice is what it says. */
Test(profile, choices)
{
	static const struct {
		const char *text;
		enum weir_port_rss rss;
	} cases[] = {
		{ "rss = \"auto\";", WEIR_PORT_RSS_AUTO },
		{ "rss = \"any\";", WEIR_PORT_RSS_ANY },
		{ "rss = \"flow\";", WEIR_PORT_RSS_FLOW },
		{ "rss = \"toeplitz\";", WEIR_PORT_RSS_TOEPLITZ },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(read_text(cases[i].text), 0, "%s", error);
		cr_expect_eq(profile.rss, cases[i].rss, "%s", cases[i].text);
	}
	cr_expect_eq(read_text("kind = \"physical\";"), 0);
	cr_expect_eq(profile.kind, PROFILE_PHYSICAL);
	cr_expect_eq(read_text("needs = ( { what = \"kernel\"; text = \"5.4\" } );"), 0);
	cr_expect_eq(profile.needs[0].what, PROFILE_NEED_KERNEL);
}

#define KEYS                                                                                   \
	"summary, driver, kind, tested, device, queues, rx_descriptors, tx_descriptors, mtu, " \
	"software_checksums, rss, rss_key, rss_key_bytes, rss_table_size, needs and traps"
#define MTU "mtu: give a whole number from 576 to 9000"
#define DRIVER "driver: give a text in quotes of 1 to 63 characters, or an array of up to 4"
#define RSS "rss: give one of \"auto\", \"any\", \"flow\" and \"toeplitz\""
#define RSS_KEY "rss_key: give 40 to 52 bytes as hex digits in quotes"
#define NEEDS "needs: give a list of up to 16 groups, each with what and text"
#define TRAPS "traps: give a list of up to 16 groups, each with symptom, cure and source"
#define NUMBERS "give whole numbers in decimal, of at most nine digits"
#define INCLUDE "@include: a profile is one file; put the settings in here"
#define HEX38 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff001122334455"

static const struct {
	const char *text;
	int line;
	const char *rest; /* of the line, behind the file's name and the line's number: all of it */
} faults[] = {
	{ "mtu = 1500;\n\nspeed = 10;\n", 3, "speed: unknown; the keys are " KEYS },
	{ "Mtu = 1500;\n", 1, "Mtu: unknown; the keys are " KEYS },
	{ "mtu = \"1500\";\n", 1, MTU },
	{ "\nmtu = 10;\n", 2, MTU },
	{ "mtu = 9001;\n", 1, MTU },
	{ "mtu = 1500.0;\n", 1, MTU },
	{ "mtu = 1500L;\n", 1, MTU },
	{ "mtu = 4294968796;\n", 1, NUMBERS },
	{ "device = \"0123456789\"; # 0123456789\nmtu = 18446744073709553116;\n", 2, NUMBERS },
	{ "mtu = 0x5dc;\n", 1, NUMBERS },
	{ "queues = 0;\n", 1, "queues: give a whole number from 1 to 64" },
	{ "queues = 65;\n", 1, "queues: give a whole number from 1 to 64" },
	{ "rx_descriptors = -1;\n", 1, "rx_descriptors: give a whole number from 32 to 32768" },
	{ "tx_descriptors = 65536;\n", 1, "tx_descriptors: give a whole number from 32 to 32768" },
	{ "software_checksums = 1;\n", 1, "software_checksums: give true or false" },
	{ "software_checksums = \"true\";\n", 1, "software_checksums: give true or false" },
	{ "device = 5;\n", 1, "device: give a text in quotes, of 1 to 255 characters" },
	{ "device = \"\";\n", 1, "device: give a text in quotes, of 1 to 255 characters" },
	{ "device = [ \"a\" ];\n", 1, "device: give a text in quotes, of 1 to 255 characters" },
	{ "tested = \"one\\ntwo\";\n", 1, "tested: give a text in quotes, of 1 to 500 characters" },
	{ "driver = ( \"a\" );\n", 1, DRIVER },
	{ "driver = [];\n", 1, DRIVER },
	{ "driver = [ 1 ];\n", 1, DRIVER },
	{ "driver = [ \"a\", \"\" ];\n", 1, DRIVER },
	{ "driver = [ \"a\", \"b\", \"c\", \"d\", \"e\" ];\n", 1, DRIVER },
	{ "driver = [ \"a\", 1 ];\n", 1, "mismatched element type in array" },
	{ "kind = \"metal\";\n", 1, "kind: give one of \"physical\" and \"virtual\"" },
	{ "kind = true;\n", 1, "kind: give one of \"physical\" and \"virtual\"" },
	{ "rss = \"Toeplitz\";\n", 1, RSS },
	{ "rss = \"\";\n", 1, RSS },
	{ "rss_key = \"" HEX38 "55\";\n", 1, RSS_KEY },
	{ "rss_key = \"" HEX38 "55667\";\n", 1, RSS_KEY },
	{ "rss_key = \"" HEX38 "556x\";\n", 1, RSS_KEY },
	{ "rss_key = \"" HEX38 "5566 \";\n", 1, RSS_KEY },
	{ "rss_key = \"" HEX38 HEX38 "\";\n", 1, RSS_KEY },
	{ "rss_key_bytes = 39;\n", 1, "rss_key_bytes: give a whole number from 40 to 52" },
	{ "rss_key_bytes = 52;\nrss_key = \"" HEX38 "5566\";\n", 2,
	  "rss_key: give 52 bytes, as rss_key_bytes says, instead of 40" },
	{ "rss_table_size = 4096;\n", 1, "rss_table_size: give a whole number from 1 to 2048" },
	{ "needs = \"root\";\n", 1, NEEDS },
	{ "needs = { what = \"kernel\"; text = \"5\" };\n", 1, NEEDS },
	{ "needs = [ \"kernel\" ];\n", 1, NEEDS },
	{ "needs = ( { what = \"kernel\"; text = \"5\" },\n\"root\" );\n", 1, NEEDS },
	{ "needs = ( {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {} );\n", 1, NEEDS },
	{ "needs = (\n{ what = \"luck\"; text = \"much\" } );\n", 2,
	  "needs.what: give one of \"kernel\", \"firmware\", \"library\", \"permission\" and \"option\"" },
	{ "needs = ( { what = \"kernel\"; text = \"5\" } );\nmtu = 10;\n", 2, MTU },
	{ "needs = ( { what = \"kernel\" } );\n", 1, "needs.text: missing; give it in each group" },
	{ "traps = ( \"slow\" );\n", 1, TRAPS },
	{ "traps = ( { symptom = \"a\"; cure = \"b\" } );\n", 1,
	  "traps.source: missing; give it in each group" },
	{ "traps = (\n{ symptom = \"a\";\ncause = \"b\" } );\n", 3,
	  "traps.cause: unknown; the keys are symptom, cure and source" },
	{ "traps = ( { symptom = \"a\";\ncure = 5; source = \"c\" } );\n", 2,
	  "traps.cure: give a text in quotes, of 1 to 500 characters" },
	{ "mtu = 1500;\ndevice = ;\n", 2, "syntax error" },
	{ "mtu = 1500;;\n", 1, "syntax error" },
	{ "mtu = 1500;\nmtu = 1400;\n", 2, "mtu: given twice; give it once" },
	{ "mtu = 1500; queues = 2; mtu = 1400;\n", 1, "given twice; give it once" },
	{ "traps = ( { symptom = \"a\";\n symptom = \"b\"; } );\n", 2, "symptom: given twice; give it once" },
	{ "@include \"/etc/hostname\"\n", 1, INCLUDE },
	{ "mtu = 1500;\n \t@include \"/tmp\"\n", 2, INCLUDE },
	{ "/* mtu = 1500;\n*/ @include \"x\"\n", 2, INCLUDE },
	{ "mtu = 1500;\n/* of all\nqueues = 2;\n", 2,
	  "a comment begins here that does not end; close it with */" },
	{ "mtu = 1500;\ndevice = \"a\\\";\nqueues = 2;\n", 2,
	  "a text begins here that does not end; close its quotes" },
};

Test(profile, faults_are_named_with_their_line)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		cr_expect_eq(read_text(faults[i].text), -EINVAL, "%s", faults[i].text);
		snprintf(expected, sizeof(expected), "%s:%d: %s", path, faults[i].line, faults[i].rest);
		cr_expect_str_eq(error, expected, "of %s", faults[i].text);
	}
}

/* What only looks like one. */
Test(profile, no_faults)
{
	cr_expect_eq(read_text("device = \"@include \\\"x\\\" /* 12345678901\"; // @include 0x5dc /*\n"
			       "# 12345678901 \"\n/* \" @include \"x\"\n12345678901 \" **/ mtu = 000001400"),
		     0, "%s", error);
	cr_expect_str_eq(profile.device, "@include \"x\" /* 12345678901");
	cr_expect_eq(profile.mtu, 1400);
	cr_expect_eq(read_text("needs = (); traps = ();"), 0, "%s", error);
}

Test(profile, bytes_of_zero)
{
	cr_expect_eq(read_bytes("mtu = 1400;\n\0queues = 2;\n", 25), -EINVAL);
	snprintf(expected, sizeof(expected), "%s:2: a byte of zero; a profile is text", path);
	cr_expect_str_eq(error, expected);
}

Test(profile, files_that_cannot_be_read)
{
	cr_expect_eq(profile_read("/nonexistent.conf", &profile, error), -ENOENT);
	cr_expect_str_eq(error, "--profile: /nonexistent.conf: No such file or directory");
	cr_expect_eq(profile_read("/tmp", &profile, error), -EISDIR);
	cr_expect_str_eq(error, "--profile: /tmp: Is a directory");
	cr_expect_eq(profile_read("/dev/zero", &profile, error), -EFBIG);
	cr_expect_str_eq(error, "--profile: /dev/zero: File too large");
}

/* A line at fault fits, whatever its key and its file are called. */
Test(profile, long_names)
{
	static char text[PROFILE_TEXT_MAX + 2], name[2 * PATH_MAX];

	memset(text, 'k', 5000);
	snprintf(text + 5000, sizeof(text) - 5000, " = 1;");
	cr_expect_eq(read_text(text), -EINVAL);
	cr_expect_not_null(strstr(error, ":1: kkkk"));
	cr_expect_not_null(strstr(error, "kkkk: unknown; the keys are "));
	snprintf(text, sizeof(text), "summary = \"%0501d\";", 0);
	cr_expect_eq(read_text(text), -EINVAL);
	snprintf(text, sizeof(text), "summary = \"%0500d\";", 0);
	cr_expect_eq(read_text(text), 0, "%s", error);
	memset(text, ' ', PROFILE_TEXT_MAX);
	cr_expect_eq(read_text(text), 0, "%s", error);
	text[PROFILE_TEXT_MAX] = ' ';
	cr_expect_eq(read_text(text), -EFBIG);
	memset(name, 'n', sizeof(name) - 1);
	cr_expect_eq(profile_read(name, &profile, error), -ENOENT);
	name[0] = '/';
	cr_expect_eq(profile_read(name, &profile, error), -ENAMETOOLONG);
	cr_expect_eq(strncmp(error, "--profile: /nnnn", 16), 0, "%s", error);
}

/* What drivers-cfg/README.md must say of a key. */
static void row(const struct profile_key *key, const char *list, char *text, size_t size)
{
	char rule[PROFILE_RULE_MAX];

	snprintf(text, size, "| `%s%s%s` | %s | %s | %s |\n", list, list[0] != '\0' ? "." : "", key->name,
		 profile_key_rule(key, rule), key->otherwise != NULL ? key->otherwise : "must be given",
		 key->meaning);
}

static const char *expect_rows(const char *at, const struct profile_key *keys, const char *list)
{
	char text[700];

	for (const struct profile_key *key = keys; key->name != NULL; key++) {
		row(key, list, text, sizeof(text));
		cr_expect_eq(strncmp(at, text, strlen(text)), 0, "README.md must say: %s", text);
		at = strchr(at, '\n') + 1;
		if (key->fields != NULL)
			at = expect_rows(at, key->fields, key->name);
	}
	return at;
}

/* The table that people read is the one that the reader reads by. */
Test(profile, schema_in_the_readme)
{
	static const char head[] = "| key | value | without it | meaning |\n|---|---|---|---|\n";
	size_t bytes;
	char *readme = profile_text_load(DRIVERS_CFG "/README.md", &bytes), *table;

	cr_assert_not_null(readme);
	table = strstr(readme, head);
	cr_assert_not_null(table, "README.md must say: %s", head);
	cr_expect_eq(*expect_rows(table + strlen(head), profile_keys, ""), '\n', "a row too many");
	free(readme);
}

static glob_t shipped(void)
{
	glob_t paths;

	cr_assert_eq(glob(DRIVERS_CFG "/*.conf", 0, NULL, &paths), 0);
	cr_assert_geq(paths.gl_pathc, 20);
	return paths;
}

/* Hardware has no address that would be everybody's, and nobody shall think that it was tried. */
static void expect_physical(const char *name)
{
	cr_expect(strncmp(profile.tested, "not run on this hardware: ", 26) == 0, "%s", name);
	cr_expect_null(profile.device, "%s", name);
	cr_expect_gt(profile.needs_count, 0, "%s", name);
	cr_expect_gt(profile.traps_count, 0, "%s", name);
}

static void expect_virtual(const char *name)
{
	const char *driver = profile.drivers[0];

	cr_expect_null(strstr(profile.tested, "not run"), "%s", name);
	cr_assert_not_null(profile.device, "%s", name);
	cr_expect_eq(strncmp(profile.device, driver, strlen(driver)), 0, "%s is of %s", profile.device,
		     driver);
}

Test(profile, those_that_come_with_weir)
{
	glob_t paths = shipped();

	for (size_t i = 0; i < paths.gl_pathc; i++) {
		const char *name = paths.gl_pathv[i];

		cr_assert_eq(profile_read(name, &profile, error), 0, "%s", error);
		cr_assert(profile.summary != NULL && profile.tested != NULL && profile.drivers_count > 0,
			  "%s", name);
		cr_expect_neq(profile.kind, PROFILE_KIND_UNSAID, "%s", name);
		if (profile.kind == PROFILE_PHYSICAL)
			expect_physical(name);
		else
			expect_virtual(name);
		profile_free(&profile);
	}
	globfree(&paths);
}

static void append_number(char *text, size_t size, unsigned number, const char *otherwise)
{
	size_t used = strlen(text);

	if (number > 0)
		snprintf(text + used, size - used, "%u | ", number);
	else
		snprintf(text + used, size - used, "%s | ", otherwise);
}

/* What drivers-cfg/README.md must say of the profile: of what was tested, all before the colon. */
static void profile_row(char *text, size_t size)
{
	const char *file = strrchr(profile.path, '/') + 1;

	snprintf(text, size, "| [`%.*s`](%s) | ", (int)strcspn(file, "."), file, file);
	for (unsigned i = 0; i < profile.drivers_count; i++)
		snprintf(text + strlen(text), size - strlen(text), "%s%s", i > 0 ? ", " : "",
			 profile.drivers[i]);
	snprintf(text + strlen(text), size - strlen(text), " | %s | ",
		 profile.kind == PROFILE_PHYSICAL ? "physical" : "virtual");
	append_number(text, size, profile.queues, "as asked");
	append_number(text, size, profile.rss_key_bytes, "-");
	append_number(text, size, profile.rss_table_size, "-");
	snprintf(text + strlen(text), size - strlen(text), "%s | %.*s |\n", profile.summary,
		 (int)strcspn(profile.tested, ":"), profile.tested);
}

Test(profile, list_in_the_readme)
{
	static const char head[] =
		"| profile | driver | kind | queues | RSS key, bytes | RSS table | what it is | tested |\n"
		"|---|---|---|---|---|---|---|---|\n";
	glob_t paths = shipped();
	size_t bytes;
	char *readme = profile_text_load(DRIVERS_CFG "/README.md", &bytes), *at, text[1000];

	cr_assert_not_null(readme);
	at = strstr(readme, head);
	cr_assert_not_null(at, "README.md must say: %s", head);
	at += strlen(head);
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		cr_assert_eq(profile_read(paths.gl_pathv[i], &profile, error), 0, "%s", error);
		profile_row(text, sizeof(text));
		cr_expect_eq(strncmp(at, text, strlen(text)), 0, "README.md must list: %s", text);
		at = strchr(at, '\n') + 1;
		profile_free(&profile);
	}
	cr_expect_eq(*at, '\n', "a row too many");
	free(readme);
	globfree(&paths);
}

/* Read, or refused with one line that names a line which there is. */
static void expect_sane(const char *text, size_t bytes)
{
	int rc = read_bytes(text, bytes), lines = 1, line = 0;
	size_t before = strlen(path);

	if (rc == 0)
		return;
	for (size_t i = 0; i < bytes; i++)
		lines += text[i] == '\n';
	cr_assert_eq(rc, -EINVAL, "%s", error);
	cr_assert_eq(strncmp(error, path, before), 0, "%s", error);
	cr_assert_eq(sscanf(error + before, ":%d: %*c", &line), 1, "%s", error);
	cr_assert(line >= 1 && line <= lines, "%d of %d lines: %s", line, lines, error);
	for (const char *letter = error; *letter != '\0'; letter++)
		cr_assert((unsigned char)*letter >= ' ', "%s", error);
}

/* A byte that means something to the scanner, or any. */
static char odd_byte(struct rng *rng)
{
	static const char marks[] = "\"\\/*#(){};=@,\n";

	return rng_below(rng, 4) == 0 ? (char)rng_u64(rng) : marks[rng_below(rng, sizeof(marks) - 1)];
}

/* Cut off; with bytes changed; with a line put in that would have libconfig read a folder, which ends it. */
static void spoil(struct rng *rng, char *text, uint32_t bytes, size_t room)
{
	static const char include[] = "\n\t@include \"/tmp\"\n";
	uint32_t place = rng_below(rng, bytes);

	expect_sane(text, rng_below(rng, bytes));
	for (uint32_t i = rng_below(rng, 4) + 1; i > 0; i--)
		text[rng_below(rng, bytes)] = odd_byte(rng);
	expect_sane(text, bytes);
	cr_assert_leq(bytes + sizeof(include), room);
	memmove(text + place + sizeof(include) - 1, text + place, bytes - place);
	memcpy(text + place, include, sizeof(include) - 1);
	expect_sane(text, bytes + sizeof(include) - 1);
}

Test(profile, spoilt_files, .timeout = 60)
{
	static char text[PROFILE_TEXT_MAX];
	struct rng rng = { 1 };
	glob_t paths = shipped();

	for (size_t i = 0; i < paths.gl_pathc * 25; i++) {
		size_t bytes;
		char *whole = profile_text_load(paths.gl_pathv[i % paths.gl_pathc], &bytes);

		cr_assert_not_null(whole);
		memcpy(text, whole, bytes);
		spoil(&rng, text, (uint32_t)bytes, sizeof(text));
		free(whole);
	}
	for (int i = 0; i < 500; i++) {
		uint32_t bytes = rng_below(&rng, 200);

		for (uint32_t j = 0; j < bytes; j++)
			text[j] = odd_byte(&rng);
		expect_sane(text, bytes);
	}
	globfree(&paths);
}
