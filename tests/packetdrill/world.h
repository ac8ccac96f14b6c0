/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * world.h - a weir core in virtual time, and the threads that call on it.
 *
 * Time moves only when the driver (the thread that made the world) sleeps, waits for a packet or looks at the
 * clock; each look moves it a little, because packetdrill spins until a moment has come. Whoever else
 * must wait sleeps for real, on a condition variable, and is woken when anything has happened.
 *
 * A test must come out the same each time, so the driver takes no step while somebody that it woke is still
 * thinking: it waits until they sleep again or have returned, and time stands still until they have
 * looked at the clock to see how long they were away.
 *
 * Every function wants the world entered, but for those that enter it. Times are nanoseconds.
 */
#ifndef WEIR_TESTS_PACKETDRILL_WORLD_H
#define WEIR_TESTS_PACKETDRILL_WORLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "packetdrill/descriptor.h"
#include "packetdrill/settings.h"
#include "tcp/tcp.h"

#define WORLD_SOCKETS 256
#define WORLD_NEVER UINT64_MAX
#define WORLD_NS_PER_US 1000ull

struct packet;
struct sleeper;
struct socket;

struct world {
	pthread_mutex_t lock;
	pthread_cond_t roused;  /* those who sleep should look again */
	pthread_cond_t settled; /* somebody who was woken has done so, or has looked at the clock */
	pthread_t driver;
	struct sleeper *sleepers;
	unsigned thinking;  /* threads that were woken and neither sleep nor have returned */
	unsigned returning; /* threads that returned and have not looked at the clock */

	uint64_t now_ns;
	struct settings settings;
	struct tcp *tcp;
	void *memory;
	struct counters counters;
	struct packet *out_first, *out_last; /* sent, and not yet received by packetdrill */
	int icmp_error;                      /* what the last ICMP message means in errnos */

	struct socket *sockets[WORLD_SOCKETS]; /* by application word - 1 */
	struct descriptor descriptors[DESCRIPTORS];
};

/* NULL: no memory. The calling thread is the driver. */
struct world *world_create(const struct settings *settings);
void world_destroy(struct world *world);

void world_enter(struct world *world);
/* Lets what has been done take effect, and leaves. */
void world_leave(struct world *world);

/* Everything that is due now: timers, events to sockets, segments out; then the sleepers. */
void world_turn(struct world *world);

/*
 * Sleeps until something has happened. 0; -ETIMEDOUT once it is until_ns; -EDEADLK if nothing can happen any
 * more. For the driver, who has nobody to wait for, this moves time to the next thing that is due.
 */
int world_sleep(struct world *world, uint64_t until_ns);

/* Driver: moves time to the next thing that is due, and does it. False: nothing was, by until_ns. */
bool world_advance(struct world *world, uint64_t until_ns);

/* Driver: lets this much time go by. */
void world_run(struct world *world, uint64_t ns);

/*
 * What is offered to peers when nothing is unread; bytes. weir's window is the core's, the same for all
 * connections: a script has one, as a rule. The scale stays what it was.
 */
void world_set_receive_window(struct world *world, uint32_t bytes);

/* Looks at the clock. */
uint64_t world_look(struct world *world);

#endif
