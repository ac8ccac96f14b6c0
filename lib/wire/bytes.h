/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bytes.h - network-order integers at any alignment. The caller has checked that the bytes are there.
 */
#ifndef WEIR_WIRE_BYTES_H
#define WEIR_WIRE_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "weir.h"

static inline uint16_t bytes_get16(const uint8_t *p)
{
	uint16_t v_be;

	memcpy(&v_be, p, sizeof(v_be));
	return be16toh(v_be);
}

static inline uint32_t bytes_get32(const uint8_t *p)
{
	uint32_t v_be;

	memcpy(&v_be, p, sizeof(v_be));
	return be32toh(v_be);
}

static inline uint64_t bytes_get64(const uint8_t *p)
{
	uint64_t v_be;

	memcpy(&v_be, p, sizeof(v_be));
	return be64toh(v_be);
}

/* 16 bytes of an IPv6 address. */
static inline struct weir_address bytes_get_address(const uint8_t *p)
{
	return (struct weir_address){ bytes_get64(p), bytes_get64(p + 8) };
}

static inline void bytes_put16(uint8_t *p, uint16_t v)
{
	uint16_t v_be = htobe16(v);

	memcpy(p, &v_be, sizeof(v_be));
}

static inline void bytes_put32(uint8_t *p, uint32_t v)
{
	uint32_t v_be = htobe32(v);

	memcpy(p, &v_be, sizeof(v_be));
}

static inline void bytes_put64(uint8_t *p, uint64_t v)
{
	uint64_t v_be = htobe64(v);

	memcpy(p, &v_be, sizeof(v_be));
}

static inline void bytes_put_address(uint8_t *p, struct weir_address address)
{
	bytes_put64(p, address.hi);
	bytes_put64(p + 8, address.lo);
}

#endif
