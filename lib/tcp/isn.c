/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/isn.h"

uint64_t isn_f(const struct tcp *tcp, const struct tuple *tuple)
{
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
