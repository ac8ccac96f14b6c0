/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/isn.h"

static uint64_t f_of(const struct tcp *tcp, const struct tuple *tuple)
{
	if (tcp_seg_is_of(tcp, tuple) && tcp->seg->f != 0)
		return tcp->seg->f;
	return siphash24_12(tcp->secrets.isn, tuple_addrs(tuple), tuple_ports(tuple));
}

void isn_look_ahead(const struct tcp *tcp, struct seg *const *segs, unsigned n)
{
	uint64_t addrs[TCP_BURST_MAX], f[TCP_BURST_MAX];
	uint32_t ports[TCP_BURST_MAX];
	unsigned i = 0;

	if (n == 0)
		return;
	do {
		addrs[i] = tuple_addrs(&segs[i]->tuple);
		ports[i] = tuple_ports(&segs[i]->tuple);
	} while (++i < n);
	tcp->cookies.bulk->prf24_12(tcp->secrets.isn, addrs, ports, n, f);
	for (i = 0; i < n; i++)
		segs[i]->f = f[i];
}

static uint32_t offset_of(uint64_t f)
{
	return (uint32_t)(f >> 32) | 1;
}

uint32_t isn_ts_offset(const struct tcp *tcp, const struct tuple *tuple)
{
	return offset_of(f_of(tcp, tuple));
}

struct isn isn_of(const struct tcp *tcp, uint64_t f)
{
	uint32_t clock = (uint32_t)(tcp->now_ns >> 12);

	return (struct isn){
		.iss = clock + (uint32_t)f,
		.ts_offset = offset_of(f),
	};
}

struct isn isn_make(const struct tcp *tcp, const struct tuple *tuple)
{
	return isn_of(tcp, f_of(tcp, tuple));
}
