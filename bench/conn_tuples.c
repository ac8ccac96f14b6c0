/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_tuples.h"

#include <errno.h>
#include <stdlib.h>

#include "core/core.h"
#include "tcp/tcp_pvt.h"

#define ADDRESSES 256u
#define PORTS 65536u
#define WORD_BITS 64

int conn_tuples_init(struct conn_tuples *tuples)
{
	*tuples = (struct conn_tuples){ .seen = calloc(ADDRESSES * PORTS / WORD_BITS, sizeof(uint64_t)) };
	return tuples->seen != NULL ? 0 : -ENOMEM;
}

void conn_tuples_fini(struct conn_tuples *tuples)
{
	free(tuples->seen);
}

static void see(struct conn_tuples *tuples, struct weir_address client, uint16_t port)
{
	uint32_t i = (uint32_t)(client.lo % ADDRESSES) * PORTS + port;
	uint64_t bit = 1ull << i % WORD_BITS;

	tuples->count += (tuples->seen[i / WORD_BITS] & bit) == 0;
	tuples->seen[i / WORD_BITS] |= bit;
}

void conn_tuples_read(struct conn_tuples *tuples, const struct weir_core *core, bool is_client)
{
	const struct tcp *tcp = core->tcp;

	for (; tuples->read != tcp->time_wait_tail;
	     tuples->read = tuples->read + 1 == 2 * tcp->time_wait_capacity ? 0 : tuples->read + 1) {
		uint32_t slot = tuples->read % tcp->time_wait_capacity;
		const struct tuple *tuple = &tcp->time_waits[slot].tuple;
		const struct pair *pair = pair_at(tcp, ref_make(REF_TIME_WAIT, slot));

		if (is_client)
			see(tuples, tuple_local(tuple, pair), tuple->lport);
		else
			see(tuples, tuple_remote(tuple, pair), tuple->rport);
	}
}
