/* SPDX-License-Identifier: BSD-3-Clause */
#include "bulk_loop.h"

#include <rte_cycles.h>

#include "bench.h"

#define BURST 32
/* Of pieces: weir's receive_buffers by default. */
#define WINDOW 64

double bulk_loop_run(struct bulk_bytes *bytes, uint32_t piece, uint64_t cycles)
{
	static uint8_t queue[WINDOW][BULK_PIECE_MAX];
	uint64_t begin = bench_cycles(), start = rte_rdtsc(), in = 0, out = 0;
	bool right = true;

	/* As in a connection, a window's worth is under way. */
	for (; in < WINDOW - BURST; in++)
		memcpy(queue[in], bulk_bytes_at(bytes, in * piece), piece);
	while (rte_rdtsc() - start < cycles) {
		for (unsigned i = 0; i < BURST; i++, in++)
			memcpy(queue[in % WINDOW], bulk_bytes_at(bytes, in * piece), piece);
		for (unsigned i = 0; i < BURST; i++, out++)
			right &= bulk_bytes_take(bytes, out * piece, queue[out % WINDOW], piece);
	}
	if (right)
		return (double)(bench_cycles() - begin) / (double)(out * piece);
	bench_note("bulk: the loop itself lost bytes");
	return 0;
}
