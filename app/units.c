/* SPDX-License-Identifier: BSD-3-Clause */
#include "units.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ip.h"

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

struct suffix {
	const char *text;
	uint64_t factor;
};

static const struct suffix number_suffixes[] = {
	{ "", 1 }, { "k", 1000 }, { "M", 1000000 }, { "G", 1000000000 }, { NULL, 0 },
};

static const struct suffix time_suffixes[] = {
	{ "us", NS_PER_US }, { "ms", NS_PER_MS }, { "s", NS_PER_S }, { "m", 60 * NS_PER_S }, { NULL, 0 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits from *text on. Returns how many there were, or -ERANGE. */
static int digits(const char **text, uint64_t *value)
{
	const char *start = *text;

	*value = 0;
	for (; is_digit(**text); (*text)++) {
		if (__builtin_mul_overflow(*value, 10u, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(**text - '0'), value))
			return -ERANGE;
	}
	return (int)(*text - start);
}

/* value = (whole + fraction / 10^places) * factor, which must come out whole. */
static int scale(uint64_t whole, uint64_t fraction, int places, uint64_t factor, uint64_t *value)
{
	uint64_t part, power = 1;

	for (int i = 0; i < places; i++)
		if (__builtin_mul_overflow(power, 10u, &power))
			return -ERANGE;
	if (__builtin_mul_overflow(fraction, factor, &part) || __builtin_mul_overflow(whole, factor, value))
		return -ERANGE;
	if (part % power != 0)
		return -EINVAL;
	return __builtin_add_overflow(*value, part / power, value) ? -ERANGE : 0;
}

static int with_suffix(const char *text, const struct suffix *suffixes, uint64_t *value)
{
	uint64_t whole, fraction = 0, scaled;
	int places = 0, rc = digits(&text, &whole);

	if (rc == 0)
		return -EINVAL;
	if (rc > 0 && *text == '.') {
		text++;
		rc = places = digits(&text, &fraction);
		if (places == 0)
			return -EINVAL;
	}
	if (rc < 0)
		return rc;
	for (; suffixes->text != NULL; suffixes++) {
		if (strcmp(text, suffixes->text) != 0)
			continue;
		rc = scale(whole, fraction, places, suffixes->factor, &scaled);
		if (rc == 0)
			*value = scaled;
		return rc;
	}
	return -EINVAL;
}

int units_number(const char *text, uint64_t *value)
{
	return with_suffix(text, number_suffixes, value);
}

int units_time(const char *text, uint64_t *ns)
{
	return with_suffix(text, time_suffixes, ns);
}

static int address6(const char *text, struct weir_address *address)
{
	struct in6_addr in;

	if (strchr(text, '%') != NULL)
		return -ENODEV;
	if (inet_pton(AF_INET6, text, &in) != 1)
		return -EINVAL;
	if (weir_is_ipv4(weir_ipv6(in.s6_addr)))
		return -EAFNOSUPPORT;
	*address = weir_ipv6(in.s6_addr);
	return 0;
}

int units_address(const char *text, struct weir_address *address)
{
	struct in_addr in;

	if (strchr(text, ':') != NULL)
		return address6(text, address);
	if (inet_pton(AF_INET, text, &in) != 1)
		return -EINVAL;
	*address = weir_ipv4(ntohl(in.s_addr));
	return 0;
}

/* As units_address() for the first len bytes of text. */
static int address_part(const char *text, size_t len, struct weir_address *address)
{
	char part[UNITS_ADDRESS_TEXT];

	if (len >= sizeof(part))
		return -EINVAL;
	memcpy(part, text, len);
	part[len] = '\0';
	return units_address(part, address);
}

/* The address of "198.18.0.1:80" or "[fd99::1]:80"; *colon: where the port's part begins. */
static int endpoint_address(const char *text, const char **colon, struct weir_address *address)
{
	const char *bracket = strchr(text, ']');
	int rc;

	if (text[0] != '[') {
		*colon = strrchr(text, ':');
		rc = *colon != NULL ? address_part(text, (size_t)(*colon - text), address) : -EINVAL;
		/* "fd99::1:80" is an address, all of it. */
		return rc == 0 && !weir_is_ipv4(*address) ? -EINVAL : rc;
	}
	if (bracket == NULL || bracket[1] != ':')
		return -EINVAL;
	*colon = bracket + 1;
	rc = address_part(text + 1, (size_t)(bracket - text - 1), address);
	return rc == 0 && weir_is_ipv4(*address) ? -EINVAL : rc;
}

int units_endpoint(const char *text, struct weir_endpoint *endpoint)
{
	struct weir_address address;
	const char *colon;
	uint64_t port;
	int rc = endpoint_address(text, &colon, &address);

	if (rc != 0)
		return rc;
	text = colon + 1;
	if (digits(&text, &port) == 0 || *text != '\0')
		return -EINVAL;
	if (ip_is_any(address))
		return -EADDRNOTAVAIL;
	if (port == 0 || port > UINT16_MAX)
		return -ERANGE;
	*endpoint = (struct weir_endpoint){ .address = address, .port = (uint16_t)port };
	return 0;
}

int units_mac(const char *text, uint8_t mac[6])
{
	static const uint8_t zero[6];
	uint8_t bytes[6];

	for (unsigned i = 0; i < sizeof(bytes); i++, text += 3) {
		const char hex[3] = { text[0], text[0] != '\0' ? text[1] : '\0', '\0' };

		if (!isxdigit((unsigned char)hex[0]) || !isxdigit((unsigned char)hex[1]) ||
		    text[2] != (i + 1 < sizeof(bytes) ? ':' : '\0'))
			return -EINVAL;
		bytes[i] = (uint8_t)strtoul(hex, NULL, 16);
	}
	if (memcmp(bytes, zero, sizeof(zero)) == 0 || (bytes[0] & 1) != 0)
		return -ERANGE;
	memcpy(mac, bytes, sizeof(bytes));
	return 0;
}

/*
 * Neither the network's own address, which is a router's anycast address in IPv6 (RFC 4291 section 2.6.1),
 * nor IPv4's broadcast. RFC 3021 and RFC 6164 let a network of two use both.
 */
static bool range_is_usable(const struct weir_range *range)
{
	ip_number hosts = ip_host_mask(range->first, range->prefix_len);
	ip_number first = ip_number_of(range->first), last = ip_number_of(range->last);

	if (ip_is_any(range->first) || first > last || !ip_on_link(range, range->last))
		return false;
	if (hosts <= 1)
		return true;
	return (first & hosts) != 0 && (!weir_is_ipv4(range->last) || (last & hosts) != hosts);
}

/*
 * From the network's first host to its last;
 * both addresses of a network of two, and the one of a network of one.
 */
static void widen(struct weir_range *range)
{
	ip_number hosts = ip_host_mask(range->first, range->prefix_len);
	ip_number first = ip_number_of(range->first) & ~hosts, last = first | hosts;

	if (hosts > 1) {
		first++;
		last -= weir_is_ipv4(range->first);
	}
	range->first = ip_address(first);
	range->last = ip_address(last);
}

/* whole: "A/LEN" is the network that A lies in. */
static int range_of(const char *text, bool whole, struct weir_range *range)
{
	const char *slash = strchr(text, '/'), *dash = strchr(text, '-');
	struct weir_range parsed;
	uint64_t prefix_len;
	int rc;

	if (slash == NULL || (dash != NULL && dash > slash))
		return -EINVAL;
	rc = address_part(text, (size_t)((dash != NULL ? dash : slash) - text), &parsed.first);
	parsed.last = parsed.first;
	if (rc == 0 && dash != NULL)
		rc = address_part(dash + 1, (size_t)(slash - dash - 1), &parsed.last);
	if (rc != 0)
		return rc;
	text = slash + 1;
	if (digits(&text, &prefix_len) == 0 || *text != '\0' || !ip_same_family(parsed.first, parsed.last))
		return -EINVAL;
	if (prefix_len == 0 || prefix_len > ip_bits(parsed.first))
		return -ERANGE;
	parsed.prefix_len = (uint8_t)prefix_len;
	if (whole && dash == NULL)
		widen(&parsed);
	if (!range_is_usable(&parsed))
		return -ERANGE;
	*range = parsed;
	return 0;
}

int units_range(const char *text, struct weir_range *range)
{
	return range_of(text, false, range);
}

int units_network(const char *text, struct weir_range *range)
{
	return range_of(text, true, range);
}

static bool contains(const unsigned *values, unsigned count, unsigned value)
{
	for (unsigned i = 0; i < count; i++)
		if (values[i] == value)
			return true;
	return false;
}

int units_list(const char *text, unsigned last, unsigned *values, unsigned max, unsigned *count)
{
	unsigned n = 0;

	for (;; text++) {
		uint64_t from, to;

		if (digits(&text, &from) == 0)
			return -EINVAL;
		to = from;
		if (*text == '-') {
			text++;
			if (digits(&text, &to) == 0)
				return -EINVAL;
		}
		if (from > to || (*text != ',' && *text != '\0'))
			return -EINVAL;
		if (to > last || to - from >= max - n)
			return -ERANGE;
		for (; from <= to; from++) {
			if (contains(values, n, (unsigned)from))
				return -EINVAL;
			values[n++] = (unsigned)from;
		}
		if (*text == '\0')
			break;
	}
	*count = n;
	return 0;
}

void units_address_text(struct weir_address address, char text[UNITS_ADDRESS_TEXT])
{
	struct in_addr in = { .s_addr = htonl((uint32_t)address.lo) };
	uint64_t words[2] = { htobe64(address.hi), htobe64(address.lo) };

	if (weir_is_ipv4(address))
		inet_ntop(AF_INET, &in, text, UNITS_ADDRESS_TEXT);
	else
		inet_ntop(AF_INET6, words, text, UNITS_ADDRESS_TEXT);
}

void units_endpoint_text(const struct weir_endpoint *endpoint, char text[UNITS_ENDPOINT_TEXT])
{
	char address[UNITS_ADDRESS_TEXT];

	units_address_text(endpoint->address, address);
	snprintf(text, UNITS_ENDPOINT_TEXT, weir_is_ipv4(endpoint->address) ? "%s:%u" : "[%s]:%u", address,
		 endpoint->port);
}

void units_range_text(const struct weir_range *range, char text[UNITS_RANGE_TEXT])
{
	char first[UNITS_ADDRESS_TEXT], last[UNITS_ADDRESS_TEXT];

	units_address_text(range->first, first);
	units_address_text(range->last, last);
	if (strcmp(first, last) == 0)
		snprintf(text, UNITS_RANGE_TEXT, "%s/%u", first, range->prefix_len);
	else
		snprintf(text, UNITS_RANGE_TEXT, "%s-%s/%u", first, last, range->prefix_len);
}
