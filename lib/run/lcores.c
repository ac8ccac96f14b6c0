/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/lcores.h"

#include <numa.h>
#include <stdbool.h>

#include <rte_lcore.h>

/* As the firmware says: 10 is the own node, 20 a neighbour. 0 from libnuma: it does not know. */
static int distance(int socket, unsigned lcore)
{
	int node = (int)rte_lcore_to_socket_id(lcore), known;

	if (socket < 0 || socket == node)
		return 10;
	known = numa_available() >= 0 ? numa_distance(socket, node) : 0;
	return known > 0 ? known : 20;
}

static bool better(unsigned a, unsigned b, int socket, const unsigned *loads)
{
	int nearer;

	if (loads[a] != loads[b])
		return loads[a] < loads[b];
	nearer = distance(socket, a) - distance(socket, b);
	if (nearer != 0)
		return nearer < 0;
	return b == rte_get_main_lcore();
}

unsigned lcores_choose(int socket, const unsigned *loads)
{
	unsigned best = rte_get_main_lcore(), lcore;

	RTE_LCORE_FOREACH_WORKER (lcore) {
		if (better(lcore, best, socket, loads))
			best = lcore;
	}
	return best;
}
