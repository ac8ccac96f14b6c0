/* SPDX-License-Identifier: BSD-3-Clause */
/* Two processes, a core each, over memif. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_lcore.h>

#include "bench.h"
#include "pair_process.h"
#include "pair_stage.h"

struct pair_memif {
	struct pair_stage stage;
	char folder[32];
	struct pair_process processes[2]; /* client's and server's */
};

static int turn(struct pair_stage *stage, enum pair_work work, uint64_t cycles, struct core_result results[2])
{
	struct pair_memif *pair = (struct pair_memif *)stage;
	struct core_turn both = core_turn_soon(cycles);

	for (int i = 0; i < 2; i++)
		if (pair_process_order(&pair->processes[i], work, &both) != 0)
			return -1;
	for (int i = 0; i < 2; i++)
		if (pair_process_result(&pair->processes[i], &results[i]) != 0)
			return -1;
	return 0;
}

static int destroy(struct pair_stage *stage)
{
	struct pair_memif *pair = (struct pair_memif *)stage;
	char path[64];
	int failed = 0;

	/* Who connected leaves first. */
	for (int i = 1; i >= 0; i--)
		failed |= pair_process_end(&pair->processes[i]);
	if (failed != 0)
		bench_note("a process of memif did not end well: its notes are above");
	snprintf(path, sizeof(path), "%s/memif", pair->folder);
	unlink(path);
	rmdir(pair->folder);
	free(pair);
	return failed;
}

static unsigned cpu_of(unsigned lcore)
{
	return (unsigned)rte_lcore_to_cpu_id((int)lcore);
}

struct pair_stage *pair_memif_create(unsigned server_lcore)
{
	struct pair_memif *pair = calloc(1, sizeof(*pair));

	if (pair == NULL)
		return NULL;
	pair->stage = (struct pair_stage){ .turn = turn, .destroy = destroy };
	snprintf(pair->folder, sizeof(pair->folder), "/tmp/weir-bench-XXXXXX");
	if (mkdtemp(pair->folder) == NULL) {
		bench_note("no folder %s for memif's socket: %s", pair->folder, strerror(errno));
		free(pair);
		return NULL;
	}
	if (pair_process_start(&pair->processes[0], true, cpu_of(rte_get_main_lcore()), pair->folder) == 0 &&
	    pair_process_start(&pair->processes[1], false, cpu_of(server_lcore), pair->folder) == 0)
		return &pair->stage;
	destroy(&pair->stage);
	return NULL;
}
