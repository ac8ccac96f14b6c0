/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * units.h - what people write on a command line, as values: numbers, times, addresses, lists.
 *
 * Every function takes a whole, NUL-terminated text and either understands all of it or nothing.
 * Returns 0; -EINVAL when the text is no such thing; -ERANGE when it is one but does not fit. The
 * result is written on success only. Addresses and ports are in host order, times in nanoseconds.
 */
#ifndef WEIR_APP_UNITS_H
#define WEIR_APP_UNITS_H

#include <stdint.h>

#include "weir.h"

/* "500", "10k", "2.5M", "1G": powers of 1000. A fraction must come out whole. */
int units_number(const char *text, uint64_t *value);

/* "200us", "40ms", "1.5s", "2m". The unit is required: "10" could be meant in any of them. */
int units_time(const char *text, uint64_t *ns);

/*
 * Addresses may be refused for two reasons more, with those that hold one: -EAFNOSUPPORT: an IPv4 address
 * that is written as an IPv6 one (::ffff:198.18.0.1), which no packet may have; -ENODEV: it names a device
 * (fe80::1%eth0), and there is only one.
 */

/* "198.18.0.1", "fd99::1" */
int units_address(const char *text, struct weir_address *address);

/* "198.18.0.1:80", "[fd99::1]:80"; the port must not be 0, nor the address (-EADDRNOTAVAIL). */
int units_endpoint(const char *text, struct weir_endpoint *endpoint);

/* "02:00:00:00:00:01", of one station: neither all zero nor of a group. */
int units_mac(const char *text, uint8_t mac[6]);

/*
 * "198.18.0.1/16", one address in its network, or "198.18.0.1-198.18.3.254/16"; "fd99::1/64",
 * "fd99::1-fd99::ff/64". All of a range lies in one network and holds neither the network's own address nor
 * its broadcast.
 */
int units_range(const char *text, struct weir_range *range);

/*
 * "10.0.0.0/8" or "fd99::/64", every host of the network that the address lies in;
 * or first and last as in units_range().
 */
int units_network(const char *text, struct weir_range *range);

/* "2", "2,4-6": ascending or not, each at most `last`, none twice, at most `max` of them. */
int units_list(const char *text, unsigned last, unsigned *values, unsigned max, unsigned *count);

/* "198.18.0.1"; IPv6's as RFC 5952 has them, "fd99::1". */
#define UNITS_ADDRESS_TEXT 46
void units_address_text(struct weir_address address, char text[UNITS_ADDRESS_TEXT]);

/* "198.18.0.1:80", "[fd99::1]:80" */
#define UNITS_ENDPOINT_TEXT (UNITS_ADDRESS_TEXT + 8)
void units_endpoint_text(const struct weir_endpoint *endpoint, char text[UNITS_ENDPOINT_TEXT]);

/* "198.18.0.1-198.18.3.254/16", or "198.18.0.1/16" for one address. */
#define UNITS_RANGE_TEXT (2 * UNITS_ADDRESS_TEXT + 4)
void units_range_text(const struct weir_range *range, char text[UNITS_RANGE_TEXT]);

#endif
