/* SPDX-License-Identifier: BSD-3-Clause */
#include "profile.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[64], error[PROFILE_ERROR_MAX], expected[256];
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
	unlink(path);
}

TestSuite(profile, .init = init, .fini = fini);

static int read_text(const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
	error[0] = '\0';
	return profile_read(path, &profile, error);
}

/* The line begins with the file's name and the number of the line at fault, and goes on so. */
static void expect_fault(const char *text, int line, const char *rest)
{
	cr_expect_eq(read_text(text), -EINVAL, "%s", text);
	snprintf(expected, sizeof(expected), "%s:%d: %s", path, line, rest);
	cr_expect_eq(strncmp(error, expected, strlen(expected)), 0, "'%s' instead of '%s'", error, expected);
	cr_expect_null(strchr(error, '\n'), "one line");
}

Test(profile, all_keys)
{
	cr_assert_eq(read_text(
			     "device = \"net_tap0,iface=t0\";\nrx_descriptors = 512;\ntx_descriptors = 256;\n"
			     "mtu = 9000;\nsoftware_checksums = true; // a comment\n"),
		     0, "%s", error);
	cr_expect_str_eq(profile.device, "net_tap0,iface=t0");
	cr_expect_eq(profile.rx_descriptors, 512);
	cr_expect_eq(profile.tx_descriptors, 256);
	cr_expect_eq(profile.mtu, 9000);
	cr_expect(profile.software_checksums);
}

Test(profile, no_key_is_needed)
{
	cr_assert_eq(read_text("# nothing\n"), 0);
	cr_expect_str_empty(profile.device);
	cr_expect_eq(profile.mtu, 1500);
	cr_expect_eq(profile.rx_descriptors, 0);
	cr_expect(!profile.software_checksums);
}

Test(profile, faults_are_named_with_their_line)
{
	expect_fault("mtu = 1500;\n\nspeed = 10;\n", 3, "speed: unknown");
	expect_fault("mtu = \"1500\";\n", 1, "mtu: give a whole number from 576 to 9000");
	expect_fault("\nmtu = 10;\n", 2, "mtu: give a whole number");
	expect_fault("mtu = 9001;\n", 1, "mtu: give a whole number");
	expect_fault("rx_descriptors = -1;\n", 1, "rx_descriptors: give a whole number");
	expect_fault("tx_descriptors = 65536;\n", 1, "tx_descriptors: give a whole number");
	expect_fault("software_checksums = 1;\n", 1, "software_checksums: give true or false");
	expect_fault("device = 5;\n", 1, "device: give a text");
	expect_fault("device = \"\";\n", 1, "device: give a text");
	expect_fault("mtu = 1500;\ndevice = ;\n", 2, "syntax error");
	expect_fault("mtu = 1500;\nmtu = 1400;\n", 2, "duplicate setting name");
}

Test(profile, files_that_cannot_be_read)
{
	cr_expect_eq(profile_read("/nonexistent.conf", &profile, error), -ENOENT);
	cr_expect_str_eq(error, "--profile: /nonexistent.conf: No such file or directory");
	cr_expect_eq(profile_read("/tmp", &profile, error), -EISDIR);
	cr_expect_str_eq(error, "--profile: /tmp: Is a directory");
}

Test(profile, those_that_come_with_weir)
{
	glob_t paths;

	cr_assert_eq(glob(DRIVERS_CFG "/*.conf", 0, NULL, &paths), 0);
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		cr_expect_eq(profile_read(paths.gl_pathv[i], &profile, error), 0, "%s", error);
		cr_expect_str_not_empty(profile.device, "%s", paths.gl_pathv[i]);
	}
	globfree(&paths);
}
