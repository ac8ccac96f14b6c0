/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/rng.h"
#include "packetdrill/packet.h"
#include "packetdrill/socket.h"
#include "tcp/tcp_pvt.h"

/* Some time has gone by already, so that nothing takes the beginning for "never". */
#define START_NS (1000 * CLOCK_NS_PER_S)
#define LOOK_NS WORLD_NS_PER_US
#define EVENTS 32
/* Real time. A thread that does not look at the clock after a call is not waited for any longer. */
#define PATIENCE_S 1

struct sleeper {
	struct sleeper *next;
	uint64_t until_ns;
	bool roused;
};

/* Of the thread that reads it: it was woken by the driver, and since then; it returned from such a call. */
static _Thread_local bool am_thinking, am_returning;

static bool is_driver(const struct world *world)
{
	return pthread_equal(pthread_self(), world->driver);
}

/*
 * The window is counted in buffers, of which there are at most 255; a larger one can be announced here, so
 * that window scales of any size can be looked at.
 */
static void take_receive_window(struct tcp *tcp, uint32_t bytes)
{
	tcp->rcv_window = bytes;
	for (tcp->rcv_wscale = 0; bytes >> tcp->rcv_wscale > UINT16_MAX;)
		tcp->rcv_wscale++;
}

struct world *world_create(const struct settings *settings)
{
	struct world *world = calloc(1, sizeof(*world));
	size_t bytes = tcp_footprint(&settings->config);
	struct rng rng = { 1 };
	struct tcp_secrets secrets;

	if (world == NULL)
		return NULL;
	world->memory = aligned_alloc(64, bytes);
	if (world->memory == NULL) {
		free(world);
		return NULL;
	}
	memset(world->memory, 0, bytes);
	secrets = (struct tcp_secrets){
		.table = { rng_u64(&rng), rng_u64(&rng) },
		.names = { rng_u64(&rng), rng_u64(&rng) },
		.isn = { rng_u64(&rng), rng_u64(&rng) },
		.ports = { rng_u64(&rng), rng_u64(&rng) },
	};
	pthread_mutex_init(&world->lock, NULL);
	pthread_cond_init(&world->roused, NULL);
	pthread_cond_init(&world->settled, NULL);
	world->driver = pthread_self();
	world->now_ns = START_NS;
	world->settings = *settings;
	world->tcp = tcp_create(world->memory, &settings->config, &secrets, &world->counters, world->now_ns);
	if (settings->receive_window != 0)
		take_receive_window(world->tcp, settings->receive_window);
	return world;
}

void world_destroy(struct world *world)
{
	descriptors_clear(world);
	sockets_clear(world);
	packets_clear(world);
	tcp_destroy(world->tcp);
	pthread_cond_destroy(&world->settled);
	pthread_cond_destroy(&world->roused);
	pthread_mutex_destroy(&world->lock);
	free(world->memory);
	free(world);
}

void world_enter(struct world *world)
{
	pthread_mutex_lock(&world->lock);
	if (!am_returning)
		return;
	am_returning = false;
	if (world->returning > 0)
		world->returning--;
	pthread_cond_broadcast(&world->settled);
}

static void stop_thinking(struct world *world)
{
	if (!am_thinking)
		return;
	am_thinking = false;
	world->thinking--;
	pthread_cond_broadcast(&world->settled);
}

void world_leave(struct world *world)
{
	world_turn(world);
	if (am_thinking) {
		am_returning = true;
		world->returning++;
	}
	stop_thinking(world);
	pthread_mutex_unlock(&world->lock);
}

static void rouse(struct world *world)
{
	for (struct sleeper *sleeper = world->sleepers; sleeper != NULL; sleeper = sleeper->next) {
		if (sleeper->roused)
			continue;
		sleeper->roused = true;
		world->thinking++;
	}
	pthread_cond_broadcast(&world->roused);
	while (is_driver(world) && world->thinking > 0)
		pthread_cond_wait(&world->settled, &world->lock);
}

void world_turn(struct world *world)
{
	struct weir_event events[EVENTS];
	unsigned n;

	do {
		tcp_advance(world->tcp, world->now_ns);
		while ((n = tcp_events(world->tcp, events, EVENTS)) > 0)
			for (unsigned i = 0; i < n; i++)
				sockets_event(world, &events[i]);
		packets_output(world);
	} while (tcp_next_deadline(world->tcp, world->now_ns) <= world->now_ns);
	sockets_notice_space(world);
	rouse(world);
}

/* Who came back from a call that slept wants to know when: time stands still until they have looked. */
static void await_looks(struct world *world)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += PATIENCE_S;
	while (world->returning > 0 &&
	       pthread_cond_timedwait(&world->settled, &world->lock, &limit) != ETIMEDOUT)
		;
	world->returning = 0;
}

static uint64_t next_due(const struct world *world)
{
	uint64_t due = tcp_next_deadline(world->tcp, world->now_ns);

	for (const struct sleeper *sleeper = world->sleepers; sleeper != NULL; sleeper = sleeper->next)
		if (sleeper->until_ns < due)
			due = sleeper->until_ns;
	return due;
}

bool world_advance(struct world *world, uint64_t until_ns)
{
	await_looks(world);
	uint64_t due = next_due(world);

	if (due == WORLD_NEVER || due > until_ns)
		return false;
	if (due > world->now_ns)
		world->now_ns = due;
	world_turn(world);
	return true;
}

void world_run(struct world *world, uint64_t ns)
{
	uint64_t until_ns = world->now_ns + ns;

	while (world_advance(world, until_ns))
		;
	world->now_ns = until_ns;
}

void world_set_receive_window(struct world *world, uint32_t bytes)
{
	world->tcp->rcv_window = bytes;
}

uint64_t world_look(struct world *world)
{
	world->now_ns += LOOK_NS;
	return world->now_ns;
}

static int drive(struct world *world, uint64_t until_ns)
{
	if (world_advance(world, until_ns))
		return 0;
	if (until_ns == WORLD_NEVER)
		return -EDEADLK;
	world->now_ns = until_ns;
	return -ETIMEDOUT;
}

int world_sleep(struct world *world, uint64_t until_ns)
{
	struct sleeper me = { .until_ns = until_ns }, **link = &world->sleepers;

	world_turn(world);
	if (world->now_ns >= until_ns)
		return -ETIMEDOUT;
	if (is_driver(world))
		return drive(world, until_ns);
	me.next = world->sleepers;
	world->sleepers = &me;
	stop_thinking(world);
	while (!me.roused)
		pthread_cond_wait(&world->roused, &world->lock);
	am_thinking = true;
	while (*link != &me)
		link = &(*link)->next;
	*link = me.next;
	return world->now_ns >= until_ns ? -ETIMEDOUT : 0;
}
