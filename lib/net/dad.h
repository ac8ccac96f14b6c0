/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dad.h - does somebody else have our IPv6 addresses? Duplicate address detection (RFC 4862 section 5.4):
 * before they are used, neighbours are asked for them, from no address at all.
 *
 * One for all: until nobody has answered for any of them, all are tentative, and if one is a duplicate they
 * stay so, for a machine that has half of its addresses is worse than one that says what is wrong. Asked for
 * are the first address of each range and the link-local one, not each of millions. All at once; the random
 * delay before the first question (a SHOULD, for machines that one power switch starts) is left out: a person
 * starts this one.
 *
 * Our own question may come back from a switch or a driver:
 * it is known by the MAC address that it came from, and by its nonce (RFC 7527).
 *
 * Pure; time begins with the first dad_advance().
 */
#ifndef WEIR_NET_DAD_H
#define WEIR_NET_DAD_H

#include <stdbool.h>
#include <stdint.h>

enum dad_state {
	DAD_WAITING, /* nobody has said what time it is */
	DAD_ASKING,
	DAD_UNIQUE, /* or not asked for */
	DAD_DUPLICATE,
};

struct dad {
	uint64_t nonce;
	uint64_t due_ns; /* of the next round, or of the end; UINT64_MAX: none */
	uint8_t state;   /* enum dad_state */
	uint8_t probes;  /* rounds */
	uint8_t round;
	uint8_t addresses, next; /* how many to ask for; of this round, whom next */
};

/* probes: rounds, a second apart; 0, or no addresses: all is well. nonce: unlike that of others. */
void dad_init(struct dad *dad, unsigned probes, unsigned addresses, uint64_t nonce);

/* Whether the end has just come: DAD_UNIQUE. */
bool dad_advance(struct dad *dad, uint64_t now_ns);

/* A question to be sent, for the *i-th address; false: none. */
bool dad_next(struct dad *dad, unsigned *i);

/* Somebody has one of them, or wants it as we do. Not once they are DAD_UNIQUE. */
void dad_duplicate(struct dad *dad);

static inline bool dad_pending(const struct dad *dad)
{
	return dad->next < dad->addresses && dad->state == DAD_ASKING;
}

#endif
