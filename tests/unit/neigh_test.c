/* SPDX-License-Identifier: BSD-3-Clause */
/* Each test runs twice, once with neighbours of each family. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/rng.h"
#include "net/neigh.h"
#include "support/payload_arena.h"

#define S CLOCK_NS_PER_S
/* Neighbours, by their last 32 bits. */
#define GATEWAY 0x0a0000feu
#define HOST 0x0a000007u
#define SCAN 0x0a010000u

static struct neigh neigh;
static struct counters counters;
static uint64_t now_ns;
static bool is6;

/* Each test ends so: every frame is accounted for. (Criterion does not count what fails in a .fini.) */
static void finish(void)
{
	neigh_clear(&neigh);
	cr_assert_eq(payload_arena_live(), 0);
}

/* 10.x.y.z, or 2001:db8::10.x.y.z */
static struct weir_address at(uint32_t last)
{
	return is6 ? (struct weir_address){ 0x20010db8ull << 32, last } : weir_ipv4(last);
}

static void start(bool of6)
{
	is6 = of6;
	now_ns = 100 * S;
	neigh_init(&neigh, (struct siphash_key){ 0x0123456789abcdef, 0xfedcba9876543210 }, &counters);
	neigh_set_gateway(&neigh, of6, at(GATEWAY));
}

#define BOTH(name)               \
	static void name(void);  \
	Test(neigh, name##_ipv4) \
	{                        \
		start(false);    \
		name();          \
		finish();        \
	}                        \
	Test(neigh, name##_ipv6) \
	{                        \
		start(true);     \
		name();          \
		finish();        \
	}                        \
	static void name(void)

static struct eth_addr mac_of(uint32_t last)
{
	return (struct eth_addr){ { 2, 0, (uint8_t)(last >> 24), (uint8_t)(last >> 16), (uint8_t)(last >> 8),
				    (uint8_t)last } };
}

static const struct eth_addr other_mac = { { 2, 9, 9, 9, 9, 9 } };

static void hold(uint32_t last)
{
	neigh_hold(&neigh, at(last), payload_arena_copy(&last, 4), now_ns);
}

static enum neigh_effect told(uint32_t last, struct eth_addr mac, unsigned news)
{
	return neigh_learn(&neigh, at(last), &mac, news, now_ns);
}

/* The neighbour answers. */
static bool confirm(uint32_t last)
{
	return told(last, mac_of(last), NEIGH_SOLICITED | NEIGH_OVERRIDE) == NEIGH_ANSWERED;
}

/* Somebody says that it is elsewhere, and that he was asked. */
static enum neigh_effect forge(uint32_t last)
{
	return told(last, other_mac, NEIGH_SOLICITED | NEIGH_OVERRIDE);
}

static bool is_at(uint32_t last, struct eth_addr mac)
{
	const struct eth_addr *found = neigh_find(&neigh, at(last), now_ns);

	return found != NULL && eth_equal(found, &mac);
}

static bool known(uint32_t last)
{
	return is_at(last, mac_of(last));
}

static unsigned requests(void)
{
	struct neigh_request request;
	unsigned n = 0;

	while (neigh_next_request(&neigh, &request))
		n++;
	return n;
}

/* Whether the next request is for that neighbour, and to whom. */
static bool asks(uint32_t last, struct eth_addr mac)
{
	struct neigh_request request;

	return neigh_next_request(&neigh, &request) && address_equal(request.address, at(last)) &&
	       eth_equal(&request.mac, &mac);
}

static unsigned released(void)
{
	struct eth_addr mac;
	payload frame;
	unsigned n = 0;

	for (; (frame = neigh_release(&neigh, &mac)) != 0; n++)
		payload_free(frame);
	return n;
}

static void pass(uint64_t ns)
{
	now_ns += ns;
	neigh_advance(&neigh, now_ns);
}

/* Time in steps, as a loop sees it; the requests of that time. */
static unsigned pass_slowly(uint64_t ns)
{
	unsigned asked = 0;

	for (uint64_t end_ns = now_ns + ns; now_ns < end_ns;) {
		asked += requests();
		pass(S / 20);
	}
	return asked + requests();
}

static uint64_t lost(void)
{
	return count_get(&counters, COUNT_tx_no_neighbour);
}

/* A neighbour that has just answered. */
static void resolve(uint32_t last)
{
	hold(last);
	cr_assert_gt(requests(), 0);
	cr_assert(confirm(last));
	cr_assert_eq(released(), 1);
}

BOTH(an_answer_frees_the_frames_in_order)
{
	struct eth_addr mac, want = mac_of(HOST);

	cr_assert_null(neigh_find(&neigh, at(HOST), now_ns));
	for (uint8_t i = 0; i < 3; i++)
		neigh_hold(&neigh, at(HOST), payload_arena_copy(&i, 1), now_ns);
	cr_assert(asks(HOST, ETH_BROADCAST));
	cr_assert_eq(requests(), 0, "one request, however many frames wait");
	cr_assert_eq(released(), 0);

	cr_assert(confirm(HOST));
	cr_assert(known(HOST));
	for (uint8_t i = 0; i < 3; i++) {
		payload frame = neigh_release(&neigh, &mac);
		uint8_t byte;

		cr_assert_neq(frame, 0);
		payload_read(frame, 0, &byte, 1);
		cr_assert_eq(byte, i);
		cr_assert(eth_equal(&mac, &want));
		payload_free(frame);
	}
	cr_assert_eq(released(), 0);
	cr_assert_eq(lost(), 0);
}

BOTH(asked_for_without_a_frame)
{
	neigh_ask(&neigh, at(HOST), now_ns);
	neigh_ask(&neigh, at(HOST), now_ns);
	cr_assert_eq(requests(), 1, "asked once, however often somebody wants to know");
	cr_assert_null(neigh_find(&neigh, at(HOST), now_ns));
	cr_assert(confirm(HOST));
	cr_assert(known(HOST));
	neigh_ask(&neigh, at(HOST), now_ns);
	cr_assert_eq(requests(), 0, "known");
	cr_assert_eq(lost(), 0);
}

/* RFC 4861 section 7.2.2, RFC 1122 section 2.3.2.1 */
BOTH(requests_are_a_second_apart_and_end)
{
	uint64_t begun = now_ns, asked_at[8];
	unsigned asked = 0;

	hold(HOST);
	while (now_ns < begun + 20 * S) {
		for (unsigned n = requests(); n > 0; n--)
			asked_at[asked++] = now_ns;
		pass(S / 100);
	}
	cr_assert_eq(asked, 3);
	cr_assert_eq(asked_at[0], begun);
	for (unsigned i = 1; i < 3; i++) {
		cr_assert_geq(asked_at[i], asked_at[i - 1] + S);
		cr_assert_lt(asked_at[i], asked_at[i - 1] + S + S / 5);
	}
	cr_assert_eq(lost(), 1);
	cr_assert_eq(neigh.used, 0);
	cr_assert_eq(neigh.incomplete, 0);
	cr_assert_not(confirm(HOST), "given up: nobody asks any more");
	hold(HOST);
	cr_assert_eq(requests(), 1, "and then it may be asked anew");
}

BOTH(what_was_not_asked_makes_no_entry)
{
	cr_assert_eq(forge(HOST), NEIGH_UNKNOWN);
	cr_assert_eq(told(HOST, mac_of(HOST), NEIGH_OVERRIDE), NEIGH_UNKNOWN);
	cr_assert_not(known(HOST));
	cr_assert_eq(neigh.used, 0);
}

/*
 * RFC 4861 section 7.2.5, of an INCOMPLETE entry: any address is better than none;
 * only an answer shows both ways.
 */
BOTH(one_that_speaks_before_it_answers)
{
	hold(HOST);
	requests();
	cr_assert_eq(told(HOST, mac_of(HOST), NEIGH_SOLICITED | NEIGH_NO_MAC), NEIGH_UNKNOWN);
	cr_assert_null(neigh_find(&neigh, at(HOST), now_ns));
	cr_assert_eq(told(HOST, mac_of(HOST), NEIGH_OVERRIDE), NEIGH_NOTED);
	cr_assert_eq(released(), 1);
	cr_assert_eq(requests(), 0);
	pass(6 * S);
	cr_assert(asks(HOST, mac_of(HOST)), "asked five seconds after the frame that waited");

	neigh_ask(&neigh, at(SCAN), now_ns);
	requests();
	cr_assert_eq(told(SCAN, mac_of(SCAN), 0), NEIGH_NOTED);
	cr_assert_eq(pass_slowly(9 * S), 2, "of the first alone: nobody uses the second");
	cr_assert(known(SCAN));
}

BOTH(the_oldest_frame_of_a_neighbour_goes_first)
{
	for (uint8_t i = 0; i < NEIGH_HELD_EACH + 5; i++)
		neigh_hold(&neigh, at(HOST), payload_arena_copy(&i, 1), now_ns);
	cr_assert_eq(lost(), 5);
	cr_assert_eq(payload_arena_live(), NEIGH_HELD_EACH);
	confirm(HOST);
	struct eth_addr mac;
	payload first = neigh_release(&neigh, &mac);
	uint8_t byte;

	payload_read(first, 0, &byte, 1);
	cr_assert_eq(byte, 5);
	payload_free(first);
	cr_assert_eq(released(), NEIGH_HELD_EACH - 1);
}

BOTH(frames_that_wait_are_bounded_in_all)
{
	for (uint32_t i = 0; i < NEIGH_INCOMPLETE_MAX; i++) {
		hold(SCAN + i);
		hold(SCAN + i);
	}
	cr_assert_eq(payload_arena_live(), NEIGH_HELD_MAX);
	cr_assert_eq(lost(), 2 * NEIGH_INCOMPLETE_MAX - NEIGH_HELD_MAX);
	confirm(SCAN);
	cr_assert_eq(released(), 2);
	hold(SCAN + 1);
	cr_assert_eq(payload_arena_live(), NEIGH_HELD_MAX - 1, "what was released may be used again");
}

/*
 * 100 thousand addresses, one after the other; the two that are in use answer when they are asked,
 * nobody else does.
 */
BOTH(a_scan_evicts_nobody)
{
	const uint32_t in_use[] = { HOST, GATEWAY };
	struct neigh_request request;

	resolve(HOST);
	resolve(GATEWAY);
	for (uint32_t round = 0; round < 50; round++) {
		for (uint32_t i = 0; i < 2000; i++)
			hold(SCAN + 2000 * round + i);
		cr_assert_leq(neigh.incomplete, NEIGH_INCOMPLETE_MAX);
		while (neigh_next_request(&neigh, &request))
			for (unsigned i = 0; i < 2; i++)
				if (address_equal(request.address, at(in_use[i])))
					cr_assert(confirm(in_use[i]));
		pass(S);
		cr_assert(known(HOST));
		cr_assert(known(GATEWAY));
	}
	cr_assert_leq(neigh.used, NEIGH_INCOMPLETE_MAX + 2);
	pass(4 * S);
	pass_slowly(4 * S);
	cr_assert_leq(neigh.used, 2, "nothing of it stays");
	released();
}

/* A full table of neighbours that answer; the gateway comes last and finds its place. */
BOTH(a_gateway_has_a_place_of_its_own)
{
	for (uint32_t i = 0; i < NEIGH_ENTRIES; i++) {
		hold(SCAN + i);
		confirm(SCAN + i);
		released();
	}
	cr_assert_eq(neigh.used, NEIGH_ENTRIES - NEIGH_GATEWAYS);
	cr_assert_eq(lost(), NEIGH_GATEWAYS);
	hold(GATEWAY);
	cr_assert(confirm(GATEWAY));
	cr_assert(known(GATEWAY));
	released();
}

/* Gateways that come and go leave entries behind; even then there is an answer to "full". */
BOTH(a_crowd_of_gateways_is_refused)
{
	for (uint32_t i = 0; i < NEIGH_ENTRIES; i++) {
		hold(SCAN + i);
		confirm(SCAN + i);
		released();
	}
	requests();
	for (uint32_t i = 0; i < 3 * NEIGH_GATEWAYS; i++) {
		neigh_set_gateway(&neigh, i % NEIGH_GATEWAYS, at(HOST + i));
		neigh_ask(&neigh, at(HOST + i), now_ns);
	}
	cr_assert_eq(neigh.used, NEIGH_ENTRIES);
	cr_assert_eq(requests(), NEIGH_GATEWAYS);
	pass_slowly(5 * S);
	cr_assert_eq(neigh.used, NEIGH_ENTRIES - NEIGH_GATEWAYS, "they were silent");
}

#define OTHERS (NEIGH_ENTRIES - NEIGH_GATEWAYS - 1)

/* The gateway, and all the others that fit; nobody else does. */
static void fill(void)
{
	resolve(GATEWAY);
	for (uint32_t i = 0; i < OTHERS; i++)
		resolve(SCAN + i);
}

BOTH(a_full_table_gives_way_by_what_was_unused_longest)
{
	fill();
	hold(HOST);
	cr_assert_eq(lost(), 1, "all are fresh");
	pass(5 * S);
	cr_assert(known(SCAN + 77));
	pass(35 * S);
	hold(HOST);
	cr_assert_eq(lost(), 2, "all are stale, but were in use within a minute");
	pass(S);
	for (uint32_t i = 0; i < OTHERS; i++)
		if (i != 77 && i != 78)
			cr_assert(known(SCAN + i));
	requests();
	pass(29 * S);
	hold(HOST);
	cr_assert_eq(lost(), 2);
	cr_assert(confirm(HOST));
	released();
	cr_assert_not(known(SCAN + 78), "unused for 70 s");
	cr_assert(known(SCAN + 77), "unused for 65 s");
	cr_assert(known(GATEWAY), "unused for 70 s, but the gateway");
}

/* Many share a bucket: those who go take nobody with them. */
BOTH(the_silent_go_alone)
{
	uint32_t addresses[NEIGH_INCOMPLETE_MAX];
	struct rng rng = { 9 };

	for (unsigned i = 0; i < NEIGH_INCOMPLETE_MAX; i++) {
		addresses[i] = (uint32_t)rng_u64(&rng);
		hold(addresses[i]);
	}
	for (unsigned i = 0; i < NEIGH_INCOMPLETE_MAX; i += 2)
		cr_assert(confirm(addresses[i]));
	released();
	for (unsigned i = 0; i < 10; i++)
		pass(S);
	cr_assert_eq(neigh.used, NEIGH_INCOMPLETE_MAX / 2);
	for (unsigned i = 0; i < NEIGH_INCOMPLETE_MAX; i++)
		cr_assert_eq(known(addresses[i]), i % 2 == 0);
}

/* REACHABLE, STALE, DELAY, PROBE: RFC 4861 section 7.3.2 */
BOTH(an_old_answer_is_probed_after_its_use)
{
	resolve(HOST);
	pass(29 * S);
	cr_assert(known(HOST));
	cr_assert_eq(requests(), 0);
	pass(2 * S);
	pass(10 * S);
	cr_assert_eq(requests(), 0, "nobody is asked about whom nobody needs");
	cr_assert(known(HOST), "good for sending");
	pass(4 * S);
	cr_assert_eq(requests(), 0, "not for five seconds: those above may hear of it");
	pass(2 * S);
	cr_assert(known(HOST), "good while it is asked");
	cr_assert(asks(HOST, mac_of(HOST)));
	cr_assert(confirm(HOST));
	pass(20 * S);
	cr_assert(known(HOST));
	cr_assert_eq(requests(), 0);
}

BOTH(a_neighbour_that_went_silent_is_asked_of_all_while_it_is_needed)
{
	resolve(HOST);
	pass(31 * S);
	for (unsigned i = 0; i < 8; i++) { /* five seconds of DELAY, three of PROBE */
		cr_assert(known(HOST));
		cr_assert_eq(requests(), i >= 5);
		pass(S + S / 10);
	}
	known(HOST);
	requests();
	for (unsigned i = 0; i < 4; i++) {
		pass(S + S / 10);
		hold(HOST);
	}
	cr_assert_null(neigh_find(&neigh, at(HOST), now_ns), "not there any more: nothing is sent to nobody");
	cr_assert_gt(requests(), 0);
	for (unsigned i = 0; i < 4; i++)
		pass(S + S / 10);
	cr_assert_eq(neigh.used, 0);
}

BOTH(one_that_is_not_needed_is_given_up)
{
	resolve(HOST);
	pass(31 * S);
	cr_assert(known(HOST));
	cr_assert_eq(pass_slowly(20 * S), 3, "by unicast");
	cr_assert_eq(neigh.used, 0);
}

BOTH(the_unused_are_forgotten)
{
	resolve(HOST);
	pass(31 * S);
	cr_assert_eq(neigh.used, 1);
	pass(560 * S);
	cr_assert_eq(neigh.used, 1);
	pass(15 * S);
	cr_assert_eq(neigh.used, 0);
	requests();
	cr_assert_eq(neigh_next_deadline(&neigh, now_ns), UINT64_MAX);
}

/* However long nobody looked: no deadline is left in the past. */
BOTH(the_unused_are_forgotten_in_one_look)
{
	resolve(HOST);
	pass(3600 * S);
	cr_assert_eq(neigh.used, 0);
	cr_assert_eq(neigh_next_deadline(&neigh, now_ns), UINT64_MAX);
}

BOTH(deadlines_are_met_and_not_missed)
{
	cr_assert_eq(neigh_next_deadline(&neigh, now_ns), UINT64_MAX);
	hold(HOST);
	cr_assert_eq(neigh_next_deadline(&neigh, now_ns), now_ns, "a request waits");
	requests();
	uint64_t due_ns = neigh_next_deadline(&neigh, now_ns);

	cr_assert_geq(due_ns, now_ns + S);
	cr_assert_lt(due_ns, now_ns + S + S / 5);
	pass(due_ns - now_ns - 1);
	cr_assert_eq(requests(), 0);
	pass(1);
	cr_assert_eq(requests(), 1);
	confirm(HOST);
	cr_assert_eq(neigh_next_deadline(&neigh, now_ns), now_ns, "a frame may go");
	released();
	cr_assert_gt(neigh_next_deadline(&neigh, now_ns), now_ns);
}

/* Entries that go and come while their place in the queue of requests is still taken. */
BOTH(the_queue_of_requests_survives_reuse)
{
	for (uint32_t round = 0; round < 50; round++) {
		for (uint32_t i = 0; i < NEIGH_INCOMPLETE_MAX; i++)
			hold(SCAN + 1000 * round + i);
		pass(10 * S); /* three times a second and gone, if time goes on in steps */
		pass(10 * S);
		pass(10 * S);
		cr_assert_eq(neigh.used, 0);
		cr_assert_leq(neigh.ask_tail - neigh.ask_head, NEIGH_ENTRIES);
	}
	hold(HOST);
	cr_assert_eq(requests(), 1);
}

BOTH(one_that_is_doubted_is_asked_and_used_meanwhile)
{
	resolve(HOST);
	pass(S / 2);
	neigh_doubt(&neigh, at(HOST), now_ns);
	cr_assert_eq(requests(), 0, "it answered just now");
	pass(S);
	neigh_doubt(&neigh, at(HOST), now_ns);
	neigh_doubt(&neigh, at(HOST), now_ns);
	cr_assert(known(HOST));
	cr_assert(asks(HOST, mac_of(HOST)));
	cr_assert_eq(requests(), 0);
	cr_assert(confirm(HOST));
	pass(40 * S); /* STALE */
	neigh_doubt(&neigh, at(HOST), now_ns);
	cr_assert(asks(HOST, mac_of(HOST)));
	for (unsigned i = 0; i < 12; i++)
		pass(S);
	cr_assert_not(known(HOST), "it answered no more");
}

BOTH(one_that_is_doubted_in_delay_is_asked_at_once)
{
	resolve(HOST);
	pass(31 * S);
	cr_assert(known(HOST));
	cr_assert_eq(requests(), 0);
	neigh_doubt(&neigh, at(HOST), now_ns);
	cr_assert(asks(HOST, mac_of(HOST)));
}

BOTH(doubt_makes_no_entry)
{
	neigh_doubt(&neigh, at(HOST), now_ns);
	cr_assert_eq(neigh.used, 0);
	hold(HOST);
	requests();
	neigh_doubt(&neigh, at(HOST), now_ns);
	cr_assert_eq(requests(), 0, "it is being asked");
}

/* Claims. */

static uint64_t claims(void)
{
	return count_get(&counters, COUNT_neigh_claims);
}

static uint64_t refused(void)
{
	return count_get(&counters, COUNT_neigh_claims_refused);
}

BOTH(a_forged_address_is_refused)
{
	resolve(HOST);
	pass(10 * S);
	cr_assert_eq(forge(HOST), NEIGH_CLAIMED);
	cr_assert_eq(forge(HOST), NEIGH_CLAIMED);
	cr_assert(known(HOST), "used as before");
	cr_assert(asks(HOST, mac_of(HOST)), "who is known is asked first");
	cr_assert_eq(requests(), 0);
	cr_assert_eq(claims(), 1);
	cr_assert_eq(refused(), 0);
	cr_assert(confirm(HOST));
	cr_assert(known(HOST));
	cr_assert_eq(claims(), 1);
	cr_assert_eq(refused(), 1);
	cr_assert_eq(pass_slowly(20 * S), 0);
	cr_assert(known(HOST));
}

/*
 * A thousand a second for an hour, against a neighbour that answers:
 * frames go on to it, and it is asked once a second.
 */
BOTH(a_flood_of_forgeries_changes_nothing)
{
	const unsigned seconds = 120, each = 1000;
	unsigned asked = 0;

	resolve(HOST);
	for (unsigned i = 0; i < seconds * each; i++) {
		pass(S / each);
		cr_assert_eq(told(HOST, (struct eth_addr){ { 2, 6, 6, 6, (uint8_t)(i >> 8), (uint8_t)i } },
				  i & 1 ? NEIGH_OVERRIDE : NEIGH_OVERRIDE | NEIGH_SOLICITED),
			     NEIGH_CLAIMED);
		cr_assert(known(HOST));
		if (requests() > 0) {
			asked++;
			cr_assert(confirm(HOST));
		}
	}
	cr_assert_leq(asked, seconds);
	cr_assert_geq(asked, seconds - seconds / 5);
	cr_assert_eq(refused(), asked);
	cr_assert_leq(claims(), asked + 1);
}

/* One that moved, or whose port did: found after three seconds. */
BOTH(a_neighbour_that_moved_is_found)
{
	resolve(HOST);
	pass(10 * S);
	cr_assert_eq(told(HOST, other_mac, NEIGH_OVERRIDE), NEIGH_CLAIMED);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(asks(HOST, mac_of(HOST)));
		cr_assert(known(HOST));
		pass(S + S / 10);
	}
	cr_assert(asks(HOST, ETH_BROADCAST));
	cr_assert_null(neigh_find(&neigh, at(HOST), now_ns));
	hold(HOST);
	cr_assert_eq(forge(HOST), NEIGH_ANSWERED);
	cr_assert(is_at(HOST, other_mac));
	cr_assert_eq(released(), 1);
	cr_assert_eq(claims(), 1);
	cr_assert_eq(refused(), 0);
}

/* Right after its answer a claim waits for its second, and is not forgotten. */
BOTH(a_claim_that_comes_too_early_waits)
{
	resolve(HOST);
	pass(S / 4);
	cr_assert_eq(forge(HOST), NEIGH_CLAIMED);
	cr_assert_eq(requests(), 0);
	cr_assert_leq(neigh_next_deadline(&neigh, now_ns), now_ns + S);
	pass(S);
	cr_assert(asks(HOST, mac_of(HOST)));
	cr_assert(confirm(HOST));
	cr_assert_eq(refused(), 1);
}

BOTH(a_claim_on_one_that_nobody_needs_is_settled_by_itself)
{
	resolve(HOST);
	pass(60 * S);
	cr_assert_eq(forge(HOST), NEIGH_CLAIMED);
	cr_assert_eq(pass_slowly(20 * S), 3);
	cr_assert_eq(neigh.used, 0, "not there, and not needed");
	resolve(HOST);
	pass(S * 35);
	cr_assert(known(HOST)); /* DELAY */
	cr_assert_eq(forge(HOST), NEIGH_CLAIMED);
	cr_assert(asks(HOST, mac_of(HOST)));
	cr_assert(confirm(HOST));
	cr_assert(known(HOST));
}

BOTH(a_claim_on_one_that_is_stale_since_its_answer)
{
	resolve(HOST);
	cr_assert_eq(told(HOST, other_mac, 0), NEIGH_NOTED); /* STALE */
	pass(S / 4);
	cr_assert_eq(forge(HOST), NEIGH_CLAIMED);
	cr_assert_eq(requests(), 0, "too early");
	pass(S);
	cr_assert(asks(HOST, mac_of(HOST)));
	cr_assert(confirm(HOST));
	cr_assert_eq(refused(), 1);
}

/* It came from elsewhere, but names no other address. */
BOTH(no_address_is_no_claim)
{
	resolve(HOST);
	pass(5 * S);
	cr_assert_eq(told(HOST, other_mac, NEIGH_OVERRIDE | NEIGH_SOLICITED | NEIGH_NO_MAC), NEIGH_NOTED);
	cr_assert_eq(claims(), 0);
	cr_assert_eq(requests(), 0);
}

/* RFC 4861 section 7.2.5: without Override another address is no claim, but makes one look again. */
BOTH(another_address_without_override)
{
	resolve(HOST);
	pass(2 * S);
	cr_assert_eq(told(HOST, other_mac, NEIGH_SOLICITED), NEIGH_NOTED);
	cr_assert_eq(claims(), 0);
	cr_assert(known(HOST));
	cr_assert_eq(requests(), 0);
	pass(6 * S);
	cr_assert(asks(HOST, mac_of(HOST)));
	cr_assert_eq(told(HOST, other_mac, NEIGH_SOLICITED), NEIGH_NOTED, "not the one who was asked");
	pass(S + S / 10);
	cr_assert_eq(requests(), 1, "so he is asked again");
	cr_assert_eq(told(HOST, mac_of(HOST), 0), NEIGH_NOTED, "no answer");
	pass(S + S / 10);
	cr_assert_eq(requests(), 1);
	cr_assert_eq(told(HOST, mac_of(HOST), NEIGH_SOLICITED | NEIGH_NO_MAC), NEIGH_ANSWERED);
	cr_assert(known(HOST));
	cr_assert_eq(pass_slowly(20 * S), 0);
}

/* What is said unasked does not make it last longer: it shows one direction alone. */
BOTH(unasked_words_refresh_nothing)
{
	resolve(HOST);
	for (unsigned i = 0; i < 31; i++) {
		pass(S);
		cr_assert_eq(told(HOST, mac_of(HOST), NEIGH_SOLICITED | NEIGH_OVERRIDE), NEIGH_NOTED);
		cr_assert_eq(told(HOST, mac_of(HOST), NEIGH_OVERRIDE), NEIGH_NOTED);
	}
	cr_assert(known(HOST));
	pass(6 * S);
	cr_assert(asks(HOST, mac_of(HOST)));
}

BOTH(gateways_are_reported_on)
{
	unsigned bit = 1u << is6;

	resolve(GATEWAY);
	cr_assert_not(neigh.gateways_changed);
	pass(60 * S);
	known(GATEWAY);
	pass_slowly(10 * S);
	cr_assert(neigh.gateways_changed);
	cr_assert_eq(neigh.gateways_failed, bit);
	neigh.gateways_changed = false;
	hold(GATEWAY);
	pass_slowly(5 * S);
	cr_assert(neigh.gateways_changed, "again");
	cr_assert_eq(neigh.gateways_failed, bit);
	resolve(GATEWAY);
	cr_assert(neigh.gateways_changed);
	cr_assert_eq(neigh.gateways_failed, 0);
}
