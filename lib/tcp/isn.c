/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/isn.h"

static uint64_t f_of(const struct tcp *tcp, const struct tuple *tuple)
{
	return siphash24_2(tcp->secrets.isn, tuple_addrs(tuple), tuple_ports(tuple));
}

static uint32_t offset_of(uint64_t f)
{
	return (uint32_t)(f >> 32) | 1;
}

uint32_t isn_ts_offset(const struct tcp *tcp, const struct tuple *tuple)
{
	return offset_of(f_of(tcp, tuple));
}

struct isn isn_make(const struct tcp *tcp, const struct tuple *tuple)
{
	uint64_t f = f_of(tcp, tuple);
	uint32_t clock = (uint32_t)(tcp->now_ns >> 12);

	return (struct isn){
		.iss = clock + (uint32_t)f,
		.ts_offset = offset_of(f),
	};
}
