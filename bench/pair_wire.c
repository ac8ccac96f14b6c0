/* SPDX-License-Identifier: BSD-3-Clause */
/* Two cores in one process, on a wire in memory. */
#include <stdlib.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "bench.h"
#include "nic/nic.h"
#include "pair_stage.h"

struct pair_wire {
	struct pair_stage stage;
	unsigned server_lcore;
	bool wired;
	struct wire wire;
	struct port ends[2];
	struct pair_core *cores[2]; /* client's and server's, in lines of their own */
};

struct job {
	struct pair_core *core;
	enum pair_work work;
	struct core_turn turn;
	struct core_result *result;
};

static int run_job(void *arg)
{
	struct job *job = arg;
	struct core_result result;

	pair_core_turn(job->core, job->work, &job->turn, &result);
	*job->result = result;
	return 0;
}

static int turn(struct pair_stage *stage, enum pair_work work, uint64_t cycles, struct core_result results[2])
{
	struct pair_wire *pair = (struct pair_wire *)stage;
	struct job jobs[2];

	for (int i = 0; i < 2; i++)
		jobs[i] = (struct job){ pair->cores[i], work, core_turn_soon(cycles), &results[i] };
	jobs[1].turn = jobs[0].turn;
	if (rte_eal_remote_launch(run_job, &jobs[1], pair->server_lcore) != 0) {
		bench_note("lcore %u does not start", pair->server_lcore);
		return -1;
	}
	run_job(&jobs[0]);
	rte_eal_wait_lcore(pair->server_lcore);
	return 0;
}

static int destroy(struct pair_stage *stage)
{
	struct pair_wire *pair = (struct pair_wire *)stage;
	int failed = 0;

	for (int i = 0; i < 2; i++)
		if (pair->cores[i] != NULL)
			pair_core_stop(pair->cores[i]);
	if (pair->wired) {
		wire_drain(&pair->wire);
		port_close(&pair->ends[0]);
		port_close(&pair->ends[1]);
		wire_destroy(&pair->wire);
	}
	for (int i = 0; i < 2; i++) {
		failed |= pair->cores[i] != NULL ? pair_core_fini(pair->cores[i]) : 0;
		free(pair->cores[i]);
	}
	free(pair);
	return failed;
}

static int create_wire(struct pair_wire *pair)
{
	const struct port_options options = { .queues = 1, .software_checksums = true };
	struct why why = { 0 };

	pair->wired = wire_create(&pair->wire, pair->ends, &options, SOCKET_ID_ANY, &why) == 0;
	if (!pair->wired)
		bench_note("%s", why.text);
	return pair->wired ? 0 : -1;
}

static int create_cores(struct pair_wire *pair)
{
	for (int i = 0; i < 2; i++) {
		unsigned lcore = i == 0 ? rte_get_main_lcore() : pair->server_lcore;

		pair->cores[i] = aligned_alloc(RTE_CACHE_LINE_SIZE,
					       RTE_ALIGN(sizeof(*pair->cores[i]), RTE_CACHE_LINE_SIZE));
		if (pair->cores[i] == NULL ||
		    pair_core_init(pair->cores[i], &pair->ends[i], i == 0, lcore) != 0)
			return -1;
	}
	return 0;
}

struct pair_stage *pair_wire_create(unsigned server_lcore)
{
	struct pair_wire *pair = calloc(1, sizeof(*pair));

	if (pair == NULL)
		return NULL;
	pair->stage = (struct pair_stage){ .turn = turn, .destroy = destroy };
	pair->server_lcore = server_lcore;
	if (create_wire(pair) == 0 && create_cores(pair) == 0)
		return &pair->stage;
	destroy(&pair->stage);
	return NULL;
}
