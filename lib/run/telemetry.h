/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * telemetry.h - what runs, shown over DPDK's telemetry socket:
 *
 *     /weir/list       ports, queues and lcores of the shards
 *     /weir/stats      the figures of reading.h
 *     /weir/counters   every counter and drop, by name
 *     /weir/loops      cycles, rounds and drops of the loops
 *     /weir/ports      the ports, and what they lost themselves
 *
 * stats and loops tell the sum of all shards and each one's part, counters the sum alone; with ",SHARD" one
 * shard's; with ",NAME" one number, its sum and all its parts. A sum is made of the parts that stand beside
 * it, each of which was read once: so they agree. Parts stand in columns, one array for each number, its
 * index the shard. DPDK's answers end at 16 KiB, and what would not fit is cut off without a word: of many
 * shards the later columns are left out, as many as could not fit however large the numbers are.
 *
 * Shards are numbered through the runtimes of a process, in the order of their starts.
 *
 * Threads. Callbacks come from threads of DPDK, one for each client; they only read what shards and loops
 * write. One lock, which no loop knows, stands between them and the main thread: telemetry_remove() waits
 * for a callback under way, and none comes after it.
 */
#ifndef WEIR_RUN_TELEMETRY_H
#define WEIR_RUN_TELEMETRY_H

struct weir_runtime;

/* Its ports and shards are complete. Where EAL has no telemetry nobody will ask. */
void telemetry_add(struct weir_runtime *rt);

/* Before anything of it goes. Harmless where it was not added. */
void telemetry_remove(struct weir_runtime *rt);

#endif
