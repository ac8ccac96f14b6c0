/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rest.h - what an lcore does while nothing comes.
 *
 * It spins for REST_PATIENCE_NS after the last work, far longer than a peer's answer takes where every lcore
 * has a CPU of its own. Then, by what the ports behind it allow:
 *
 *     spin       stays on the CPU, and lets go first whoever else wants it: on NICs, unless resting
 *                is asked for
 *     nap        sleeps, for an eighth of the time that it has been quiet and REST_NAP_MAX_NS at most:
 *                virtual devices
 *     interrupt  sleeps until the port has a frame, and REST_WAIT_MS at most: where the driver has interrupts
 *     monitor    stops the processor until the port writes to memory (UMWAIT), as long as a nap: NICs whose
 *                driver tells the address, on processors that can
 *
 * A frame that comes during a nap waits for its end: an eighth at most of the time for which none came.
 * (Where naps were longer than a queue of 1,024 descriptors lasts, the first frames after a silence could be
 * lost: 0.1 ms is ten million a second.) None goes on beyond what the shard, or the application, knows to
 * come: who rests wakes up REST_MARGIN_NS before, and spins. Where several loops share an lcore, it rests
 * when all of them are idle.
 *
 * What other shards of a port hand over brings no interrupt and no write of the port: it is seen at the end
 * of a nap, or when the wait for an interrupt ends, REST_WAIT_MS later at most.
 *
 * Threads: all belongs to the lcore but rest_add(), before it runs. The kernel's timer slack of a thread that
 * rests, 50 us by default, is turned off.
 */
#ifndef WEIR_RUN_REST_H
#define WEIR_RUN_REST_H

#include <stdbool.h>
#include <stdint.h>

struct inboxes;
struct port;

#define REST_PLACES_MAX 128

#define REST_SHARE 8             /* of the quiet before it, a nap is one in so many */
#define REST_NAP_MIN_NS 10000ull /* less is not worth a call of the kernel, and its timer's interrupt */
#define REST_NAP_MAX_NS 100000ull
#define REST_PATIENCE_NS (REST_SHARE * REST_NAP_MIN_NS)
#define REST_MARGIN_NS 50000ull /* what a kernel may be late by; some 25 us in a virtual machine */
#define REST_WAIT_MS 1          /* so that stopping, and what other threads tell, is not missed */

enum rest_way {
	REST_UNSETTLED, /* until the lcore first has nothing to do */
	REST_SPIN,
	REST_NAP,
	REST_INTERRUPT,
	REST_MONITOR,
};

struct rest_place {
	const struct port *port;
	uint16_t queue;
	const struct inboxes *inboxes; /* of the shards on the port's queues; NULL: there is one */
};

struct rest {
	enum rest_way way;
	uint64_t worked_tsc; /* the last lap with work */
	unsigned count;
	struct rest_place places[REST_PLACES_MAX];
};

/* The lcore receives from here, too. */
void rest_add(struct rest *rest, struct rest_place place);

/* Of a lap with work, all that there is to pay. tsc: its end. */
static inline void rest_worked(struct rest *rest, uint64_t tsc)
{
	rest->worked_tsc = tsc;
}

/* Has it been quiet for so long, at tsc, that rest_lap() should be called? */
bool rest_is_due(const struct rest *rest, uint64_t tsc);

/*
 * A lap without work after a long time of quiet. left_ns: until the next one is known to have some; 0: this
 * one had some that could not be done.
 */
void rest_lap(struct rest *rest, uint64_t tsc, uint64_t left_ns);

/* How long a nap is. 0: none. */
uint64_t rest_nap_ns(uint64_t quiet_ns, uint64_t left_ns);

#endif
