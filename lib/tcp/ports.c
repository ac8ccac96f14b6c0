/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/ports.h"

#include <errno.h>

#include "tcp/time_wait.h"

int ports_choose(struct tcp *tcp, struct tuple *tuple, uint64_t *hash, ref *found)
{
	uint64_t f = siphash24_12(tcp->secrets.ports, tuple_addrs(tuple), tuple->rport);
	uint32_t *counter = &tcp->port_counters[(f >> 32) % TCP_PORT_BUCKETS];
	uint32_t range = (uint32_t)tcp->port_last - tcp->port_first + 1;
	uint32_t tries = range < PORTS_TRIES ? range : PORTS_TRIES;

	for (; tries > 0; tries--) {
		tuple->lport = (uint16_t)(tcp->port_first + ((uint32_t)f + *counter) % range);
		(*counter)++;
		*hash = tcp_hash(tcp, tuple);
		*found = conn_table_find(&tcp->table, *hash, tuple);
		if (*found == REF_NONE)
			return 0;
		if (ref_kind(*found) == REF_TIME_WAIT && time_wait_reusable(tcp, ref_slot(*found)))
			return 0;
	}
	count(tcp->counters, COUNT_ports_exhausted);
	return -EADDRNOTAVAIL;
}
