/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/rng.h"
#include "net/neigh.h"
#include "support/payload_arena.h"

#define S CLOCK_NS_PER_S
#define GATEWAY 0x0a0000feu
#define HOST 0x0a000007u
#define SCAN 0x0a010000u

static struct neigh neigh;
static struct counters counters;
static uint64_t now_ns;

static void start(void)
{
	now_ns = 100 * S;
	neigh_init(&neigh, GATEWAY, &counters);
}

/* Each test ends so: every frame is accounted for. (Criterion does not count what fails in a .fini.) */
static void finish(void)
{
	neigh_clear(&neigh);
	cr_assert_eq(payload_arena_live(), 0);
}

TestSuite(neigh, .init = start);

static struct eth_addr mac_of(uint32_t address)
{
	return (struct eth_addr){ { 2, 0, (uint8_t)(address >> 24), (uint8_t)(address >> 16),
				    (uint8_t)(address >> 8), (uint8_t)address } };
}

static void hold(uint32_t address)
{
	neigh_hold(&neigh, address, payload_arena_copy(&address, 4), now_ns);
}

static bool confirm(uint32_t address)
{
	struct eth_addr mac = mac_of(address);

	return neigh_confirm(&neigh, address, &mac, now_ns);
}

static bool known(uint32_t address)
{
	const struct eth_addr *found = neigh_find(&neigh, address, now_ns);
	struct eth_addr mac = mac_of(address);

	return found != NULL && eth_equal(found, &mac);
}

static unsigned requests(void)
{
	struct neigh_request request;
	unsigned n = 0;

	while (neigh_next_request(&neigh, &request))
		n++;
	return n;
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

static uint64_t lost(void)
{
	return count_get(&counters, COUNT_tx_no_neighbour);
}

Test(neigh, an_answer_frees_the_frames_in_order)
{
	struct neigh_request request;
	struct eth_addr mac, want = mac_of(HOST);

	cr_assert_null(neigh_find(&neigh, HOST, now_ns));
	for (uint8_t i = 0; i < 3; i++)
		neigh_hold(&neigh, HOST, payload_arena_copy(&i, 1), now_ns);
	cr_assert(neigh_next_request(&neigh, &request));
	cr_assert_eq(request.address, HOST);
	cr_assert(eth_equal(&request.mac, &ETH_BROADCAST));
	cr_assert_not(neigh_next_request(&neigh, &request), "one request, however many frames wait");
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
	finish();
}

Test(neigh, asked_for_without_a_frame)
{
	neigh_ask(&neigh, HOST, now_ns);
	neigh_ask(&neigh, HOST, now_ns);
	cr_assert_eq(requests(), 1, "asked once, however often somebody wants to know");
	cr_assert_null(neigh_find(&neigh, HOST, now_ns));
	cr_assert(confirm(HOST));
	cr_assert(known(HOST));
	neigh_ask(&neigh, HOST, now_ns);
	cr_assert_eq(requests(), 0, "known");
	cr_assert_eq(lost(), 0);
	finish();
}

Test(neigh, requests_back_off_and_end)
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
	cr_assert_geq(asked_at[1], begun + S);
	cr_assert_lt(asked_at[1], begun + S + S / 5);
	cr_assert_geq(asked_at[2], asked_at[1] + 2 * S);
	cr_assert_lt(asked_at[2], asked_at[1] + 2 * S + S / 5);
	cr_assert_eq(lost(), 1);
	cr_assert_eq(neigh.used, 0);
	cr_assert_eq(neigh.incomplete, 0);
	cr_assert_not(confirm(HOST), "given up: nobody asks any more");
	hold(HOST);
	cr_assert_eq(requests(), 1, "and then it may be asked anew");
	finish();
}

Test(neigh, what_was_not_asked_makes_no_entry)
{
	cr_assert_not(confirm(HOST));
	cr_assert_not(known(HOST));
	cr_assert_eq(neigh.used, 0);
	finish();
}

Test(neigh, an_entry_that_is_there_follows_a_change)
{
	struct eth_addr other = { { 2, 9, 9, 9, 9, 9 } };

	hold(HOST);
	confirm(HOST);
	cr_assert(neigh_confirm(&neigh, HOST, &other, now_ns));
	cr_assert(eth_equal(neigh_find(&neigh, HOST, now_ns), &other));
	released();
	finish();
}

Test(neigh, the_oldest_frame_of_a_neighbour_goes_first)
{
	for (uint8_t i = 0; i < NEIGH_HELD_EACH + 5; i++)
		neigh_hold(&neigh, HOST, payload_arena_copy(&i, 1), now_ns);
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
	finish();
}

Test(neigh, frames_that_wait_are_bounded_in_all)
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
	finish();
}

Test(neigh, a_scan_evicts_nobody)
{
	hold(HOST);
	confirm(HOST);
	hold(GATEWAY);
	confirm(GATEWAY);
	for (uint32_t round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 2000; i++)
			hold(SCAN + 2000 * round + i);
		cr_assert_leq(neigh.incomplete, NEIGH_INCOMPLETE_MAX);
		requests();
		pass(S);
		cr_assert(known(HOST));
		cr_assert(known(GATEWAY));
	}
	released();
	finish();
}

/* A full table of neighbours that answer; the gateway comes last and finds its place. */
Test(neigh, the_gateway_has_a_place_of_its_own)
{
	for (uint32_t i = 0; i < NEIGH_ENTRIES; i++) {
		hold(SCAN + i);
		confirm(SCAN + i);
		released();
	}
	cr_assert_eq(neigh.used, NEIGH_ENTRIES - 1);
	cr_assert_eq(lost(), 1);
	hold(GATEWAY);
	cr_assert(confirm(GATEWAY));
	cr_assert(known(GATEWAY));
	released();
	finish();
}

/* The gateway, and all the others that fit; nobody else does. */
static void fill(void)
{
	hold(GATEWAY);
	confirm(GATEWAY);
	for (uint32_t i = 0; i < NEIGH_ENTRIES - 2; i++) {
		hold(SCAN + i);
		confirm(SCAN + i);
		released();
	}
	requests();
}

Test(neigh, a_full_table_gives_way_by_what_was_unused_longest)
{
	fill();
	hold(HOST);
	cr_assert_eq(lost(), 1, "all are fresh");
	pass(5 * S);
	cr_assert(known(SCAN + 77));
	pass(35 * S);
	hold(HOST);
	cr_assert_eq(lost(), 2, "all are stale, but were in use within a minute");
	for (uint32_t i = 0; i < NEIGH_ENTRIES - 2; i++)
		if (i != 77 && i != 78)
			cr_assert(known(SCAN + i));
	requests();
	pass(30 * S);
	hold(HOST);
	cr_assert_eq(lost(), 2);
	cr_assert(confirm(HOST));
	released();
	cr_assert_not(known(SCAN + 78), "unused for 70 s");
	cr_assert(known(SCAN + 77), "unused for 65 s");
	cr_assert(known(GATEWAY), "unused for 70 s, but the gateway");
	finish();
}

/* Many share a bucket: those who go take nobody with them. */
Test(neigh, the_silent_go_alone)
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
	finish();
}

Test(neigh, an_old_answer_is_probed_by_its_use)
{
	struct neigh_request request;
	struct eth_addr mac = mac_of(HOST);

	hold(HOST);
	requests();
	confirm(HOST);
	released();
	pass(29 * S);
	cr_assert(known(HOST));
	cr_assert_eq(requests(), 0);
	pass(2 * S);
	cr_assert_eq(requests(), 0, "nobody is asked about whom nobody needs");
	cr_assert(known(HOST), "good while it is asked");
	cr_assert(neigh_next_request(&neigh, &request));
	cr_assert(eth_equal(&request.mac, &mac));
	cr_assert(confirm(HOST));
	pass(20 * S);
	cr_assert(known(HOST));
	cr_assert_eq(requests(), 0);
	finish();
}

Test(neigh, a_neighbour_that_went_silent_is_given_up)
{
	hold(HOST);
	confirm(HOST);
	released();
	requests();
	pass(31 * S);
	cr_assert(known(HOST));
	unsigned asked = 0;

	for (unsigned i = 0; i < 800 && neigh.used > 0; i++) {
		asked += requests();
		pass(S / 20);
	}
	cr_assert_eq(neigh.used, 0);
	cr_assert_eq(asked, 6, "three times by unicast, three by broadcast");
	cr_assert_not(known(HOST));
	finish();
}

Test(neigh, the_unused_are_forgotten)
{
	hold(HOST);
	confirm(HOST);
	released();
	pass(31 * S);
	cr_assert_eq(neigh.used, 1);
	pass(560 * S);
	cr_assert_eq(neigh.used, 1);
	pass(15 * S);
	cr_assert_eq(neigh.used, 0);
	requests();
	cr_assert_eq(neigh_next_deadline(&neigh, now_ns), UINT64_MAX);
	finish();
}

/* However long nobody looked: no deadline is left in the past. */
Test(neigh, the_unused_are_forgotten_in_one_look)
{
	hold(HOST);
	confirm(HOST);
	released();
	requests();
	pass(3600 * S);
	cr_assert_eq(neigh.used, 0);
	cr_assert_eq(neigh_next_deadline(&neigh, now_ns), UINT64_MAX);
	finish();
}

Test(neigh, deadlines_are_met_and_not_missed)
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
	finish();
}

/* Entries that go and come while their place in the queue of requests is still taken. */
Test(neigh, the_queue_of_requests_survives_reuse)
{
	for (uint32_t round = 0; round < 50; round++) {
		for (uint32_t i = 0; i < NEIGH_INCOMPLETE_MAX; i++)
			hold(SCAN + 1000 * round + i);
		pass(10 * S); /* 1 s, 2 s, 4 s and gone, if time goes on in steps */
		pass(10 * S);
		pass(10 * S);
		cr_assert_eq(neigh.used, 0);
		cr_assert_leq(neigh.ask_tail - neigh.ask_head, NEIGH_ENTRIES);
	}
	hold(HOST);
	cr_assert_eq(requests(), 1);
	finish();
}

static bool asked_by_unicast(uint32_t address)
{
	struct neigh_request request;
	struct eth_addr mac = mac_of(address);

	return neigh_next_request(&neigh, &request) && request.address == address &&
	       eth_equal(&request.mac, &mac);
}

Test(neigh, one_that_is_doubted_is_asked_and_used_meanwhile)
{
	hold(HOST);
	confirm(HOST);
	released();
	requests();
	pass(S / 2);
	neigh_doubt(&neigh, HOST, now_ns);
	cr_assert_eq(requests(), 0, "it answered just now");
	pass(S);
	neigh_doubt(&neigh, HOST, now_ns);
	neigh_doubt(&neigh, HOST, now_ns);
	cr_assert(known(HOST));
	cr_assert(asked_by_unicast(HOST));
	cr_assert_eq(requests(), 0);
	cr_assert(confirm(HOST));
	pass(40 * S); /* STALE */
	neigh_doubt(&neigh, HOST, now_ns);
	cr_assert(asked_by_unicast(HOST));
	for (unsigned i = 0; i < 12; i++)
		pass(S);
	cr_assert_not(known(HOST), "it answered no more, and everybody is asked");
	finish();
}

Test(neigh, doubt_makes_no_entry)
{
	neigh_doubt(&neigh, HOST, now_ns);
	cr_assert_eq(neigh.used, 0);
	hold(HOST);
	requests();
	neigh_doubt(&neigh, HOST, now_ns);
	cr_assert_eq(requests(), 0, "it is being asked");
	finish();
}
