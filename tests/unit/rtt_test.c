/* SPDX-License-Identifier: BSD-3-Clause */
/* What a connection knows of its path: packing and its errors, the arithmetic of RFC 6298. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tcp/rtt.h"

static struct path round_trip(struct path path)
{
	return path_unpack(path_pack(&path));
}

Test(rtt, packing_rounds_down_by_less_than_its_last_place)
{
	for (uint32_t v = 0; v < 511u << 14; v += 1 + v / 1000) {
		uint32_t srtt = round_trip((struct path){ .srtt_us = v }).srtt_us;

		cr_assert(srtt <= v && v - srtt <= v / 256, "srtt %u became %u", v, srtt);
	}
	for (uint32_t v = 0; v < 127u << 14; v += 1 + v / 1000) {
		uint32_t rttvar = round_trip((struct path){ .rttvar_us = v }).rttvar_us;

		cr_assert(rttvar <= v && v - rttvar <= v / 64, "rttvar %u became %u", v, rttvar);
	}
	for (uint32_t v = 0; v < PATH_INFINITE; v++) {
		struct path path = round_trip((struct path){ .cwnd = v, .ssthresh = v });

		cr_assert(path.cwnd <= v && v - path.cwnd <= v / 5, "cwnd %u became %u", v, path.cwnd);
		cr_assert_eq(path.ssthresh, path.cwnd);
	}
}

Test(rtt, packing_keeps_the_fields_apart)
{
	struct path path = round_trip(
		(struct path){ .srtt_us = 511u << 14, .rttvar_us = 0, .cwnd = PATH_INFINITE, .ssthresh = 0 });

	cr_assert(path.srtt_us == 511u << 14 && path.rttvar_us == 0);
	cr_assert(path.cwnd == PATH_INFINITE && path.ssthresh == 0);
	path = round_trip((struct path){ .rttvar_us = 127u << 14, .ssthresh = PATH_INFINITE });
	cr_assert(path.srtt_us == 0 && path.rttvar_us == 127u << 14);
	cr_assert(path.cwnd == 0 && path.ssthresh == PATH_INFINITE);
}

Test(rtt, packing_saturates)
{
	struct path path = round_trip((struct path){ UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX });

	cr_assert(path.srtt_us == 511u << 14 && path.rttvar_us == 127u << 14);
	cr_assert(path.cwnd == PATH_INFINITE && path.ssthresh == PATH_INFINITE);
}

/* Packing again loses nothing more: a connection may idle as often as it likes. */
Test(rtt, packing_twice_is_packing_once)
{
	for (uint32_t code = 0; code < 1u << 12; code++) {
		struct path path =
			path_unpack(code << 20 | (code & 0x3ff) << 10 | (code & 0x1f) << 5 | (code & 0x1f));

		cr_assert_eq(path_pack(&path),
			     code << 20 | (code & 0x3ff) << 10 | (code & 0x1f) << 5 | (code & 0x1f));
	}
}

Test(rtt, initial_path)
{
	struct path path = path_unpack(path_initial(1460));

	cr_assert(path.srtt_us == 0 && path.rttvar_us == 0, "nothing was measured");
	cr_assert_eq(path.cwnd, 10, "RFC 6928");
	cr_assert_eq(path.ssthresh, PATH_INFINITE);
}

/* RFC 6928: min(10 * MSS, max(2 * MSS, 14600)). */
Test(rtt, first_window_of_any_segments)
{
	for (unsigned mss = 64; mss <= 8960; mss++) {
		unsigned most = 2 * mss > 14600 ? 2 * mss : 14600;
		unsigned bytes = 10 * mss < most ? 10 * mss : most;
		unsigned cwnd = path_unpack(path_initial((uint16_t)mss)).cwnd;

		cr_assert(cwnd * mss <= bytes && (cwnd + 2) * mss > bytes, "%u of %u", cwnd, mss);
	}
}

Test(rtt, first_sample)
{
	uint32_t srtt = 0, rttvar = 0;

	rtt_update(&srtt, &rttvar, 1000);
	cr_assert(srtt == 1000 && rttvar == 500, "rule 2.2");
	srtt = rttvar = 0;
	rtt_update(&srtt, &rttvar, 0);
	cr_assert_eq(srtt, 1, "0 would mean that there is none");
}

/* Rule 2.3 with alpha 1/8 and beta 1/4, and RTTVAR before SRTT. */
Test(rtt, further_samples)
{
	static const uint32_t samples[] = { 1000, 2000, 500, 500, 80000, 1, 0, 3000000, 7 };
	uint32_t srtt = 4000, rttvar = 900;

	for (unsigned i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		double error = samples[i] > srtt ? samples[i] - srtt : srtt - samples[i];
		double rttvar_exact = 0.75 * rttvar + 0.25 * error,
		       srtt_exact = 0.875 * srtt + 0.125 * samples[i];

		rtt_update(&srtt, &rttvar, samples[i]);
		cr_assert(srtt > srtt_exact - 1 && srtt < srtt_exact + 1);
		cr_assert(rttvar > rttvar_exact - 1 && rttvar < rttvar_exact + 1);
	}
}

Test(rtt, steady_samples_converge)
{
	uint32_t srtt = 0, rttvar = 0;

	rtt_update(&srtt, &rttvar, 1000000);
	for (unsigned i = 0; i < 100; i++)
		rtt_update(&srtt, &rttvar, 20000);
	cr_assert(srtt >= 20000 && srtt <= 20010, "%u", srtt);
	cr_assert_leq(rttvar, 10);
}

Test(rtt, samples_of_an_hour_do_not_wrap)
{
	uint32_t srtt = 0, rttvar = 0;

	for (unsigned i = 0; i < 10; i++)
		rtt_update(&srtt, &rttvar, 3600u * 1000000);
	cr_assert_eq(srtt, 3600u * 1000000);
	rtt_update(&srtt, &rttvar, 1);
	cr_assert_eq(srtt, 3600u * 1000000 / 8 * 7);
}

static struct tcp tcp = {
	.times = { .rto_initial_us = 976563,
		   .rto_min_us = 195313,
		   .rto_max_us = 58593750 }, /* 1 s, 200 ms, 60 s */
};

static void derive_times(void)
{
	rtt_times(&tcp.times);
}

TestSuite(rtt, .init = derive_times);

static uint64_t rto_ns(const struct tcb *tcb)
{
	return clock_ns_from_ticks(rtt_rto_ticks(&tcp, tcb));
}

/* Rounded up to a tick: never less than it should be. */
static void expect_rto(const struct tcb *tcb, uint64_t ms)
{
	uint64_t ns = rto_ns(tcb);

	cr_assert(ns >= ms * CLOCK_NS_PER_MS && ns < (ms + 3) * CLOCK_NS_PER_MS, "%lu us",
		  (unsigned long)(ns / 1000));
}

Test(rtt, rto_before_a_sample_is_the_initial_one)
{
	struct tcb tcb = { .packed = path_initial(1460) };

	expect_rto(&tcb, 1000);
}

Test(rtt, rto_is_srtt_and_four_times_rttvar)
{
	struct tcb tcb = { .packed = path_pack(&(struct path){ .srtt_us = 512000, .rttvar_us = 102400 }) };

	cr_assert_eq(path_unpack(tcb.packed).srtt_us, 512000, "this one packs without loss");
	expect_rto(&tcb, (uint64_t)(512 + 4 * path_unpack(tcb.packed).rttvar_us / 1000) * 1024 / 1000);
}

Test(rtt, rto_has_bounds)
{
	struct tcb tcb = { .packed = path_pack(&(struct path){ .srtt_us = 1 }) };

	expect_rto(&tcb, 200);
	struct tcb_ext ext = { .srtt_us = 3600u * 1000000 };
	struct tcb extended = { .flags = TCB_EXT };

	tcp.exts = (struct slot_pool){ .base = (uint8_t *)&ext, .stride = sizeof(ext) };
	expect_rto(&extended, 60000);
}

/* The granularity G of rule 2.3 is a tick: with no variance at all the RTO stays above the round trip. */
Test(rtt, rto_leaves_a_tick_for_the_clock)
{
	struct tcb tcb = { .packed = path_pack(&(struct path){ .srtt_us = 512000 }) };

	cr_assert_geq(rto_ns(&tcb), 512000 * 1024ull + (1u << CLOCK_TICK_SHIFT));
}

Test(rtt, rto_doubles_up_to_the_largest)
{
	struct tcb tcb = { .packed = path_initial(1460) };
	uint64_t ms = 1000;

	for (unsigned retries = 0; retries <= TCB_RETRIES_MAX; retries++, ms = ms < 60000 ? 2 * ms : ms) {
		tcb.retries = retries & 127;
		expect_rto(&tcb, ms < 60000 ? ms : 60000);
	}
}

Test(rtt, silence_is_the_sum_of_what_was_waited)
{
	struct tcb tcb = { .packed = path_initial(1460) };
	static const unsigned seconds[] = { 0, 1, 3, 7, 15, 31, 63, 123, 183 };

	for (unsigned retries = 0; retries < 9; retries++) {
		tcb.retries = retries & 127; /* of no influence */
		uint64_t ns = clock_ns_from_ticks(rtt_silence_ticks(&tcp, &tcb, retries));

		cr_assert(ns >= seconds[retries] * CLOCK_NS_PER_S &&
			  ns < seconds[retries] * CLOCK_NS_PER_S + 3 * CLOCK_NS_PER_MS);
	}
}

Test(rtt, sample_goes_where_the_estimate_is)
{
	struct tcb tcb = { .packed = path_initial(1460) };

	rtt_sample(&tcp, &tcb, 512000);
	struct path path = path_unpack(tcb.packed);

	cr_assert(path.srtt_us == 512000 && path.rttvar_us == 256000 && path.cwnd == 10);
	struct tcb_ext ext = { .srtt_us = 0 };
	struct tcb extended = { .flags = TCB_EXT };

	tcp.exts = (struct slot_pool){ .base = (uint8_t *)&ext, .stride = sizeof(ext) };
	rtt_sample(&tcp, &extended, 12345);
	cr_assert(ext.srtt_us == 12345 && ext.rttvar_us == 6172);
}

/*
 * Karn: the RTO stays where back-off has put it, with an extension and without; the next sample starts
 * afresh.
 */
Test(rtt, back_off_is_kept_until_a_sample)
{
	struct tcb tcb = { .packed = path_pack(
				   &(struct path){ .srtt_us = 512000, .rttvar_us = 128000, .cwnd = 7 }),
			   .retries = 1 };
	uint64_t before = rto_ns(&tcb);

	rtt_keep_back_off(&tcp, &tcb);
	tcb.retries = 0;
	cr_assert(rto_ns(&tcb) <= before && rto_ns(&tcb) > before - before / 60);
	cr_assert_eq(path_unpack(tcb.packed).cwnd, 7);
	rtt_sample(&tcp, &tcb, 64000);
	cr_assert(path_unpack(tcb.packed).srtt_us == 64000 && path_unpack(tcb.packed).rttvar_us == 32000);

	struct tcb_ext ext = { .srtt_us = 500000, .rttvar_us = 1000 };
	struct tcb extended = { .flags = TCB_EXT, .retries = 3 };

	tcp.exts = (struct slot_pool){ .base = (uint8_t *)&ext, .stride = sizeof(ext) };
	before = rto_ns(&extended);
	rtt_keep_back_off(&tcp, &extended);
	extended.retries = 0;
	cr_assert(rto_ns(&extended) <= before && rto_ns(&extended) + 2 * CLOCK_NS_PER_MS > before);
}

Test(rtt, lost_syn)
{
	struct tcb tcb = { .packed = path_initial(1460) };

	rtt_syn_lost(&tcp, &tcb);
	cr_assert(rto_ns(&tcb) >= 3 * CLOCK_NS_PER_S && rto_ns(&tcb) < 3050 * CLOCK_NS_PER_MS, "rule 5.7");
	cr_assert_eq(path_unpack(tcb.packed).cwnd, 1, "RFC 5681 section 3.1");
	cr_assert_eq(path_unpack(tcb.packed).ssthresh, PATH_INFINITE);
	rtt_sample(&tcp, &tcb, 1000);
	expect_rto(&tcb, 200);
}

/* Who waits longer than 3 s to begin with goes on doing so. */
Test(rtt, lost_syn_with_a_long_initial_rto)
{
	struct tcb tcb = { .packed = path_initial(1460) };
	struct tcp slow = {
		.times = { .rto_initial_us = 5000000, .rto_min_us = 195313, .rto_max_us = 58593750 }
	};

	rtt_syn_lost(&slow, &tcb);
	cr_assert_gt(clock_ns_from_ticks(rtt_rto_ticks(&slow, &tcb)), 5000 * CLOCK_NS_PER_MS);
}

Test(rtt, time_out_without_an_extension)
{
	struct tcb tcb = { .packed = path_pack(&(struct path){ 512000, 102400, 10, PATH_INFINITE }) };
	struct path before = path_unpack(tcb.packed);

	rtt_timed_out(&tcb);
	struct path path = path_unpack(tcb.packed);

	cr_assert(path.cwnd == 1 && path.ssthresh == 2);
	cr_assert(path.srtt_us == before.srtt_us && path.rttvar_us == before.rttvar_us);
}

/* Nobody is called near whose RTO would be another one, and near ones are told apart from others at all. */
Test(rtt, near_peers_have_the_least_rto)
{
	static const uint32_t least_us[] = { 1, 1000, 1024, 2047, 2048, 2100, 10000, 195313, 976563 };

	for (unsigned i = 0; i < sizeof(least_us) / sizeof(least_us[0]); i++) {
		struct tcp one = { .times = { .rto_initial_us = 976563,
					      .rto_min_us = least_us[i],
					      .rto_max_us = 58593750 } };
		unsigned near = 0;

		rtt_times(&one.times);
		for (uint32_t packed = 0; packed < 1u << 22; packed += 7) {
			struct tcb tcb = { .packed = packed << 10 };

			near += !rtt_is_unknown(&tcb) && rtt_is_near(&one, &tcb);
			cr_assert_eq(rtt_rto_ticks(&one, &tcb), rtt_rto_ticks_exactly(&one, &tcb), "%x at %u",
				     packed, least_us[i]);
			tcb.retries = 1;
			cr_assert_eq(rtt_rto_ticks(&one, &tcb), rtt_rto_ticks_exactly(&one, &tcb));
		}
		cr_assert_eq(near > 0, least_us[i] >= 2 * clock_us_from_ticks(1));
	}
}
