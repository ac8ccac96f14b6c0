/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a cookie shows to somebody who collects them: nothing. Each of its bits depends on each bit of what
 * the MAC is made of, as if by the toss of a coin, and two that differ in anything have nothing to do with
 * each other.
 */
#include <math.h>

#include "support/crowd.h"

#define TRIES 1024
#define EPOCH_NS (1ull << 35)

/* So many standard deviations from the mean: once in 10^11 tosses, and there are some 10^4 of them. */
#define DEVIATIONS 7

/* Bits of the tuple and the number, and two options. */
enum {
	RADDR = 0,
	RPORT = RADDR + 32,
	LADDR = RPORT + 16,
	LPORT = LADDR + 32,
	NUMBER = LPORT + 16,
	SACK = NUMBER + 32,
	WSCALE,
	INPUTS,
};

static void always(struct weir_config *config)
{
	config->defence.mode = WEIR_DEFENCE_ALWAYS;
}

/* A cookie's number, without the bits that are no MAC. */
static uint32_t mac_of(struct crowd *c, struct seg syn)
{
	bool ts = syn.opts & SEG_OPT_TS;
	struct seg answer;

	cr_assert(crowd_give(c, syn, &answer));
	cr_assert_eq(answer.flags, SEG_SYN | SEG_ACK);
	return ts ? answer.seq : answer.seq & ~0xffu;
}

static uint32_t offset_of(struct crowd *c, struct seg syn)
{
	struct seg answer;

	cr_assert(crowd_give(c, syn, &answer));
	return answer.tsval;
}

static struct seg flipped(struct seg syn, unsigned bit)
{
	if (bit < RPORT)
		syn.tuple.raddr ^= 1u << (bit - RADDR);
	else if (bit < LADDR)
		syn.tuple.rport ^= (uint16_t)(1u << (bit - RPORT));
	else if (bit < LPORT)
		syn.tuple.laddr ^= 1u << (bit - LADDR);
	else if (bit < NUMBER)
		syn.tuple.lport ^= (uint16_t)(1u << (bit - LPORT));
	else if (bit < SACK)
		syn.seq ^= 1u << (bit - NUMBER);
	else if (bit == SACK)
		syn.opts ^= SEG_OPT_SACK_OK;
	else
		syn.wscale ^= 2; /* 7 and 5 */
	return syn;
}

static void add_bits(unsigned counts[32], uint32_t difference)
{
	for (unsigned bit = 0; bit < 32; bit++)
		counts[bit] += difference >> bit & 1;
}

/* Each bit above the lowest `fixed` was different in half of the tries, more or less. */
static void fair(const unsigned counts[32], unsigned fixed, const char *what, unsigned which)
{
	double most = DEVIATIONS * sqrt(TRIES) / 2;

	for (unsigned bit = fixed; bit < 32; bit++)
		cr_assert(fabs(counts[bit] - TRIES / 2.0) <= most, "%s %u: bit %u changed in %u of %u", what,
			  which, bit, counts[bit], TRIES);
}

static struct seg any_syn(struct crowd *c, bool ts)
{
	struct seg syn =
		crowd_syn(c, crowd_anybody(c), (uint16_t)(1 + rng_below(&c->rng, 65535)), CROWD_PORT);

	if (!ts)
		syn.opts &= (uint8_t)~SEG_OPT_TS;
	return syn;
}

/* Every port that differs from ours in one bit answers, too. */
static void listen_around(struct crowd *c)
{
	crowd_listen(c, CROWD_PORT);
	for (unsigned bit = 0; bit < 16; bit++)
		crowd_listen(c, (uint16_t)(CROWD_PORT ^ 1u << bit));
}

CROWD(each_bit_of_the_mac_depends_on_each_of_the_syn, always)
{
	listen_around(c);
	for (unsigned ts = 0; ts < 2; ts++) {
		for (unsigned input = 0; input < INPUTS; input++) {
			unsigned counts[32] = { 0 };

			for (unsigned i = 0; i < TRIES; i++) {
				struct seg syn = any_syn(c, ts);

				add_bits(counts, mac_of(c, syn) ^ mac_of(c, flipped(syn, input)));
			}
			fair(counts, ts ? 0 : 8, ts ? "with timestamps, input" : "input", input);
		}
	}
}

/* Where the timestamps start: on each bit of the tuple, and on nothing else. */
CROWD(the_offset_depends_on_the_tuple_alone, always)
{
	listen_around(c);
	for (unsigned input = 0; input < INPUTS - 2; input++) {
		unsigned counts[32] = { 0 };

		for (unsigned i = 0; i < TRIES; i++) {
			struct seg syn = any_syn(c, true);
			uint32_t one = offset_of(c, syn), other = offset_of(c, flipped(syn, input));

			cr_assert(input < NUMBER || one == other);
			add_bits(counts, one ^ other);
		}
		if (input < NUMBER)
			fair(counts, 0, "offset, input", input);
	}
}

/* The same SYN in other epochs, of the same parity, too; and with the time a grain later. */
CROWD(cookies_of_different_times_have_nothing_in_common, always)
{
	static const uint64_t later_ns[] = { 512ull << CLOCK_TICK_SHIFT, EPOCH_NS, 2 * EPOCH_NS,
					     4 * EPOCH_NS };
	static struct seg syns[TRIES];
	static uint32_t macs[TRIES];

	crowd_listen(c, CROWD_PORT);
	for (unsigned ts = 0; ts < 2; ts++) {
		for (unsigned when = ts ? 0 : 1; when < 4; when++) {
			unsigned counts[32] = { 0 };

			for (unsigned i = 0; i < TRIES; i++) {
				syns[i] = any_syn(c, ts);
				macs[i] = mac_of(c, syns[i]);
			}
			crowd_pass(c, later_ns[when]);
			for (unsigned i = 0; i < TRIES; i++)
				add_bits(counts, macs[i] ^ mac_of(c, syns[i]));
			fair(counts, ts ? 0 : 8, ts ? "with timestamps, time" : "time", when);
		}
	}
}

/* Nor have the two kinds, or who saw one could make the other. */
CROWD(one_kind_tells_nothing_of_the_other, always)
{
	unsigned counts[32] = { 0 };

	crowd_listen(c, CROWD_PORT);
	for (unsigned i = 0; i < TRIES; i++) {
		struct seg syn = any_syn(c, true), other = syn;

		other.opts &= (uint8_t)~SEG_OPT_TS;
		add_bits(counts, mac_of(c, syn) ^ mac_of(c, other));
	}
	fair(counts, 8, "kind", 0);
}

/* Nor two cores, each with its own secret. */
CROWDS(another_core_makes_other_cookies)
{
	struct crowd *one = crowd_up(is6, always, 5 * SECONDS, 1),
		     *other = crowd_up(is6, always, 5 * SECONDS, 2);
	unsigned counts[2][32] = { { 0 } };

	crowd_listen(one, CROWD_PORT);
	crowd_listen(other, CROWD_PORT);
	for (unsigned i = 0; i < TRIES; i++) {
		struct seg syn = any_syn(one, true);

		add_bits(counts[0], mac_of(one, syn) ^ mac_of(other, syn));
		add_bits(counts[1], offset_of(one, syn) ^ offset_of(other, syn));
	}
	fair(counts[0], 0, "MAC", 0);
	fair(counts[1], 0, "offset", 0);
	crowd_down(one);
	crowd_down(other);
}
