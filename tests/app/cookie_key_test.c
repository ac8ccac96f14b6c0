/* SPDX-License-Identifier: BSD-3-Clause */
#include "cookie_key.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F"

static char folder[] = "/tmp/weir-cookie-key-XXXXXX";
static char path[64], error[COOKIE_KEY_ERROR_MAX];
static uint8_t key[WEIR_COOKIE_KEY_BYTES];

static void make_folder(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/key", folder);
	memset(key, 0xee, sizeof(key));
}

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

TestSuite(cookie_key, .init = make_folder, .fini = remove_folder);

static void put(const void *bytes, size_t n, mode_t mode)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	cr_assert_eq(fwrite(bytes, 1, n, file), n);
	fclose(file);
	cr_assert_eq(chmod(path, mode), 0);
}

/* Refused with one line that names the option, the file and `why`, and the key is as before. */
static void expect_refused(const char *why)
{
	char begin[96];

	snprintf(begin, sizeof(begin), "--cookie-key: %s", path);
	cr_expect_lt(cookie_key_read(path, key, error), 0, "%s", why);
	cr_expect_eq(strncmp(error, begin, strlen(begin)), 0, "'%s'", error);
	cr_expect_not_null(strstr(error, why), "'%s' does not say '%s'", error, why);
	cr_expect_null(strchr(error, '\n'), "'%s'", error);
	for (unsigned i = 0; i < sizeof(key); i++)
		cr_expect_eq(key[i], 0xee, "byte %u was written", i);
}

static void expect_read(void)
{
	memset(key, 0xee, sizeof(key));
	cr_assert_eq(cookie_key_read(path, key, error), 0, "%s", error);
	for (unsigned i = 0; i < sizeof(key); i++)
		cr_expect_eq(key[i], i, "byte %u is %02x", i, key[i]);
}

Test(cookie_key, hex)
{
	put(HEX, 64, 0600);
	expect_read();
	put(HEX "\n", 65, 0400);
	expect_read();
}

Test(cookie_key, bytes_as_they_are)
{
	uint8_t bytes[WEIR_COOKIE_KEY_BYTES];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	put(bytes, sizeof(bytes), 0600);
	expect_read();
}

Test(cookie_key, neither)
{
	static const struct {
		const char *text;
		size_t n;
	} cases[] = {
		{ "", 0 },          { HEX, 31 },
		{ HEX, 33 },        { HEX, 63 },
		{ HEX "0", 65 },    { HEX "\r\n", 66 },
		{ HEX "\n\n", 66 }, { HEX HEX, 128 },
		{ "g" HEX, 64 },    { &(HEX "\n")[1], 64 },
		{ " " HEX, 65 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(cases[i].text, cases[i].n, 0600);
		expect_refused("64 hex digits");
	}
}

Test(cookie_key, only_its_owner_may_read_or_write_it)
{
	static const mode_t modes[] = { 0640, 0620, 0604, 0602, 0644, 0660, 0666, 0440, 0404, 0777 };
	char mend[96];

	snprintf(mend, sizeof(mend), "chmod 600 %s", path);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		put(HEX, 64, modes[i]);
		expect_refused(mend);
	}
}

Test(cookie_key, of_root_or_this_user)
{
	char mend[96];

	put(HEX, 64, 0600);
	if (geteuid() != 0)
		cr_skip("only root gives files away");
	snprintf(mend, sizeof(mend), "chown 0 %s", path);
	cr_assert_eq(chown(path, 4711, 4711), 0);
	expect_refused(mend);
	cr_assert_eq(chmod(folder, 0711), 0);
	cr_assert_eq(seteuid(4711), 0);
	expect_read();
	cr_assert_eq(seteuid(0), 0);
}

Test(cookie_key, no_file)
{
	expect_refused("No such file");
	cr_assert_eq(mkdir(path, 0700), 0);
	expect_refused("no regular file");
	cr_assert_eq(rmdir(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	expect_refused("no regular file");
}

/* What is mounted as a secret is a link, with a mode of its own; that of the file counts. */
Test(cookie_key, through_a_link)
{
	char target[80];

	put(HEX, 64, 0600);
	snprintf(target, sizeof(target), "%s/target", folder);
	cr_assert_eq(rename(path, target), 0);
	cr_assert_eq(symlink(target, path), 0);
	expect_read();
	cr_assert_eq(chmod(target, 0644), 0);
	memset(key, 0xee, sizeof(key));
	expect_refused("chmod 600");
	unlink(target);
}

Test(cookie_key, a_long_name_leaves_a_line)
{
	char name[2048];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	cr_expect_lt(cookie_key_read(name, key, error), 0);
	cr_expect_lt(strlen(error), COOKIE_KEY_ERROR_MAX);
	cr_expect_not_null(strstr(error, "too long"), "'%s'", error);
}

Test(cookie_key, each_shard_takes_an_offer_once)
{
	static struct cookie_key_offer offer;
	uint32_t taken = 0;

	cr_expect_not(cookie_key_is_new(&offer, &taken));
	for (unsigned i = 0; i < 2; i++) {
		cookie_key_give(&offer);
		cr_expect(cookie_key_is_new(&offer, &taken));
		cr_expect_not(cookie_key_is_taken(&offer, &taken));
		cookie_key_take(&offer, &taken);
		cr_expect_not(cookie_key_is_new(&offer, &taken));
		cr_expect(cookie_key_is_taken(&offer, &taken));
	}
}
