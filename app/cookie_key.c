/* SPDX-License-Identifier: BSD-3-Clause */
#include "cookie_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX_DIGITS (2 * WEIR_COOKIE_KEY_BYTES)
/* The longest key with its end of line, and one more to tell what is too long. */
#define FILE_BYTES_MAX (HEX_DIGITS + 2)

__attribute__((format(printf, 4, 5))) static int wrong(char *error, int rc, const char *path,
						       const char *format, ...)
{
	int used = snprintf(error, COOKIE_KEY_ERROR_MAX, "--cookie-key: %.200s", path);
	va_list args;

	va_start(args, format);
	vsnprintf(error + used, COOKIE_KEY_ERROR_MAX - (size_t)used, format, args);
	va_end(args);
	return rc;
}

/*
 * Asked of the open file, so that nobody can put another in its place between the question and the reading.
 */
static int check_owner(int fd, const char *path, char *error)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return wrong(error, -errno, path, ": %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return wrong(error, -EINVAL, path, " is no regular file; give one with the key in it");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return wrong(error, -EPERM, path, " belongs to another user (%u); chown %u %.200s", st.st_uid,
			     geteuid(), path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return wrong(error, -EPERM, path, " is open to others than its owner; chmod 600 %.200s",
			     path);
	return 0;
}

/* Returns how many bytes there are, FILE_BYTES_MAX at most, or a negative errno. */
static int read_file(int fd, uint8_t bytes[FILE_BYTES_MAX])
{
	size_t used = 0;

	while (used < FILE_BYTES_MAX) {
		ssize_t n = read(fd, bytes + used, FILE_BYTES_MAX - used);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0)
			used += (size_t)n;
	}
	return (int)used;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	/* Letters of either case, by the bit between them. */
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -EINVAL;
}

/* All of the key or nothing. */
static int from_hex(const uint8_t *digits, uint8_t *key)
{
	for (unsigned i = 0; i < HEX_DIGITS; i++)
		if (hex_digit(digits[i]) < 0)
			return -EINVAL;
	for (unsigned i = 0; i < WEIR_COOKIE_KEY_BYTES; i++)
		key[i] = (uint8_t)(hex_digit(digits[2 * i]) << 4 | hex_digit(digits[2 * i + 1]));
	return 0;
}

static int parse(const uint8_t *bytes, int n, uint8_t *key)
{
	if (n == WEIR_COOKIE_KEY_BYTES) {
		memcpy(key, bytes, WEIR_COOKIE_KEY_BYTES);
		return 0;
	}
	if (n == HEX_DIGITS || (n == HEX_DIGITS + 1 && bytes[HEX_DIGITS] == '\n'))
		return from_hex(bytes, key);
	return -EINVAL;
}

static int read_key(int fd, const char *path, uint8_t *key, char *error)
{
	uint8_t bytes[FILE_BYTES_MAX];
	int rc = check_owner(fd, path, error), n;

	if (rc != 0)
		return rc;
	n = read_file(fd, bytes);
	if (n < 0)
		rc = wrong(error, n, path, ": %s", strerror(-n));
	else if (parse(bytes, n, key) != 0)
		rc = wrong(error, -EINVAL, path,
			   " holds no key of 64 hex digits, or 32 bytes; openssl rand -hex 32 makes one");
	explicit_bzero(bytes, sizeof(bytes));
	return rc;
}

int cookie_key_read(const char *path, uint8_t key[WEIR_COOKIE_KEY_BYTES], char error[COOKIE_KEY_ERROR_MAX])
{
	/* Non-blocking: a pipe would wait for somebody to write, before it can be seen to be one. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), rc;

	if (fd < 0)
		return wrong(error, -errno, path, ": %s", strerror(errno));
	rc = read_key(fd, path, key, error);
	close(fd);
	return rc;
}
