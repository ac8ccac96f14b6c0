/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/isn.h"

struct isn isn_make(const struct tcp *tcp, const struct tuple *tuple)
{
	uint64_t f = siphash24_2(tcp->secrets.isn, tuple_addrs(tuple), tuple_ports(tuple));
	uint32_t clock = (uint32_t)(tcp->now_ns >> 12);

	return (struct isn){
		.iss = clock + (uint32_t)f,
		.ts_offset = (uint32_t)(f >> 32) | 1,
	};
}
