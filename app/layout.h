/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * layout.h - the ports of a run with their profiles, queues and CPUs: a shard stands on each queue.
 *
 * How many queues a port has: --queues, else its profile, else as many as there are --lcores for each port,
 * else one. Shards get the CPUs of --lcores in the order of ports and queues; where there are fewer, they
 * begin anew and shards take turns. More CPUs than shards are an error, because somebody counted wrong.
 *
 * Ports from which no target can be reached have no part in a load or flood, and are not here.
 *
 * Pure, but for the files of profiles; before anything is started.
 */
#ifndef WEIR_APP_LAYOUT_H
#define WEIR_APP_LAYOUT_H

#include "options.h"
#include "profile.h"

#define LAYOUT_ERROR_MAX PROFILE_ERROR_MAX
#define LAYOUT_SHARDS_MAX OPTIONS_LCORES_MAX

struct layout_port {
	const struct options_port *place;
	const char *device; /* NULL: an end of demo's wire */
	const char *name;   /* for people and programs: the device, or "wire:client", "wire:server" */
	struct profile profile;
	unsigned queues;
	unsigned first; /* number of its first queue's shard, among all of the run */
};

struct layout {
	struct layout_port ports[OPTIONS_PORTS_MAX];
	unsigned ports_count, shards_count;
};

/* Returns 0, or -EINVAL or -ENOENT with one line. To be freed in any case. The options must outlive it. */
int layout_make(struct layout *layout, const struct options *options, char error[LAYOUT_ERROR_MAX]);
void layout_free(struct layout *layout);

/* The CPU of a shard, or -1: --lcores does not say. */
int layout_lcore(const struct options *options, unsigned shard);

#endif
