/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shards.h - two stations of several shards each, and a wire between their ports that puts each frame into
 * the queue that a test wants: what RSS would do, or would never do.
 *
 * Station 0 opens connections to port 80 of station 1: each sends a few bytes, hears them again, and closes.
 * All runs on one thread, in turns, by the calls of weir.h that a loop of its own would make. Criterion runs
 * each test in a process of its own, so there is one wire.
 */
#ifndef WEIR_TESTS_SHARDS_H
#define WEIR_TESTS_SHARDS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/counters.h"
#include "base/rng.h"
#include "weir.h"

#define SHARDS_MAX 4
#define SHARDS_QUEUE 1024
#define SHARDS_POOL 8191

struct shards_queue {
	unsigned count;
	struct rte_mbuf *frames[SHARDS_QUEUE];
};

struct shards_station {
	struct weir_config config; /* of each shard, but for seed and rss.shard; until shards_up() */
	struct weir_core *cores[SHARDS_MAX];
	struct shards_queue received[SHARDS_MAX], handed[SHARDS_MAX];
};

#define SHARDS_LOST UINT32_MAX

/* The queue of the other station, or SHARDS_LOST, for a frame that shard `from` of `station` has sent. */
typedef unsigned (*shards_steer)(unsigned station, unsigned from, const struct rte_mbuf *frame);

struct shards_wire {
	struct shards_station stations[2];
	unsigned shards;
	shards_steer steer;
	const uint8_t *nic_key; /* of shards_by_rss() */
	uint16_t split; /* of text, so many bytes at the end stand in a second buffer when it arrives */
	uint64_t now_ns;
	struct rng rng;
	struct rte_mempool *pool;
	bool deaf;                             /* station 1's application takes no events */
	unsigned flow;                         /* bytes that station 0 sends instead, and no more */
	unsigned opened[2], closed[2], failed; /* by applications; of both stations */
	unsigned reasons[WEIR_REASONS];
};

extern struct shards_wire shards_wire;

/* A suite's .init: EAL, a pool, IPv4 and IPv6 on both stations, two shards each. */
void shards_init(void);

/* As many shards a station, of this habit; station 1 listens. */
void shards_up(unsigned shards, enum weir_rss_habit habit, shards_steer steer);

/* One turn of each shard; time passes by ns. */
void shards_turn(uint64_t ns);

/* Opens so many from each shard of station 0, and goes on until all have ended or a minute has passed. */
void shards_run(unsigned connections, bool is6);

/* Of all shards of a station. */
uint64_t shards_count(unsigned station, enum counter counter);

/* Ends a test: every buffer is back. */
void shards_down(void);

/* Straight on, one queue further, any, always the first. */
unsigned shards_straight(unsigned station, unsigned from, const struct rte_mbuf *frame);
unsigned shards_crossed(unsigned station, unsigned from, const struct rte_mbuf *frame);
unsigned shards_sprayed(unsigned station, unsigned from, const struct rte_mbuf *frame);
unsigned shards_first(unsigned station, unsigned from, const struct rte_mbuf *frame);

/* As a NIC does, with nic_key and a table of 128 entries: of what is no TCP the first. */
unsigned shards_by_rss(unsigned station, unsigned from, const struct rte_mbuf *frame);

/* All of one connection to one queue, whatever RSS would say. */
unsigned shards_by_flow(unsigned station, unsigned from, const struct rte_mbuf *frame);

#endif
