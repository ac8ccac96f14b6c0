/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crowd.h - many peers of one listening TCP, in virtual time and without frames: those that complete their
 * handshakes, and those that never will.
 *
 * Where a trace (trace.h) expects every segment, a crowd asks what became of it. CROWD(name, setup) { ... }
 * is a test whose body runs four times, over IPv4 and over IPv6: with an ordinary clock, and with one whose
 * ticks wrap ten seconds after the start. At the end of each run nothing may be held any longer.
 *
 * Addresses are numbers (support/addresses.h), in the tuples of the crowd's segments as well: they are those
 * of the family, and have the names of the shard, once they are given to it.
 */
#ifndef WEIR_TESTS_CROWD_H
#define WEIR_TESTS_CROWD_H

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/rng.h"
#include "support/addresses.h"
#include "tcp/tcp_pvt.h"

#define MS CLOCK_NS_PER_MS
#define SECONDS CLOCK_NS_PER_S

#define CROWD_LOCAL 0x0a000001u
#define CROWD_PORT 80

struct crowd {
	struct tcp *tcp;
	struct counters counters;
	struct weir_config config;
	bool is6;
	uint64_t now_ns;
	struct rng rng;
	void *memory;
	uint64_t sent; /* segments that time brought about: retransmissions */
};

typedef void (*crowd_fn)(struct crowd *c);
typedef void (*crowd_setup)(struct weir_config *config);

#define CROWD(name, setup)                         \
	static void crowd_##name(struct crowd *c); \
	Test(tcp, name)                            \
	{                                          \
		crowd_run(crowd_##name, setup);    \
	}                                          \
	static void crowd_##name(struct crowd *c)

void crowd_run(crowd_fn body, crowd_setup setup);

/* A test that brings up crowds of its own, for each family. */
#define CROWDS(name)                         \
	static void crowds_##name(bool is6); \
	Test(tcp, name)                      \
	{                                    \
		crowds_##name(false);        \
		crowds_##name(true);         \
	}                                    \
	static void crowds_##name(bool is6)

/* For those that need more than one: setup may be NULL. */
struct crowd *crowd_up(bool is6, crowd_setup setup, uint64_t start_ns, uint64_t seed);
void crowd_down(struct crowd *c);

/* A listener on any address; its number. */
int crowd_listen(struct crowd *c, uint16_t port);

/* A SYN with all options, of the crowd's own number for this peer. */
struct seg crowd_syn(struct crowd *c, uint32_t address, uint16_t rport, uint16_t lport);

/* The ACK that completes the handshake. */
struct seg crowd_ack(const struct seg *syn, const struct seg *syn_ack);

/* One segment arrives. True: *answer is the first segment that followed at once; others are dropped. */
bool crowd_give(struct crowd *c, struct seg seg, struct seg *answer);

/* SYNs that arrive in one burst and are all answered by cookies. */
void crowd_give_burst(struct crowd *c, const struct seg *syns, unsigned n, struct seg *answers);

/* A SYN, in two ways: answered, and by what? */
bool crowd_asks(struct crowd *c, uint32_t address, uint16_t rport, uint16_t lport);

/*
 * A whole handshake. True: the application has been told, and the connection, and its peer, have gone again.
 */
bool crowd_opens(struct crowd *c, uint32_t address, uint16_t rport, uint16_t lport);

/* So many SYNs of random sources, in bursts; whatever answers them is lost. */
void crowd_flood(struct crowd *c, uint16_t lport, unsigned n);

/* This time goes by; what is sent is counted and lost. */
void crowd_pass(struct crowd *c, uint64_t ns);

/* An ICMP error that quotes this segment of ours. */
struct icmp_error crowd_error(const struct crowd *c, const struct seg *sent, enum icmp_trouble trouble);

/* A public address, at random. */
uint32_t crowd_anybody(struct crowd *c);

static inline struct weir_address crowd_address(const struct crowd *c, uint32_t number)
{
	return numbered_address(c->is6, number);
}

static inline uint64_t crowd_count(const struct crowd *c, enum counter id)
{
	return c->counters.v[id];
}

static inline unsigned long crowd_half_open(const struct crowd *c)
{
	return c->tcp->states[WEIR_SYN_RECEIVED];
}

#endif
