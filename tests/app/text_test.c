/* SPDX-License-Identifier: BSD-3-Clause */
#include "text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char text[TEXT_NUMBER];

Test(text, numbers)
{
	cr_expect_str_eq(text_number(0, text), "0");
	cr_expect_str_eq(text_number(999, text), "999");
	cr_expect_str_eq(text_number(1000, text), "1,000");
	cr_expect_str_eq(text_number(1234567, text), "1,234,567");
	cr_expect_str_eq(text_number(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

Test(text, times_have_three_digits)
{
	cr_expect_str_eq(text_time(0, text), "0 ns");
	cr_expect_str_eq(text_time(850, text), "850 ns");
	cr_expect_str_eq(text_time(999, text), "999 ns");
	cr_expect_str_eq(text_time(1000, text), "1.00 us");
	cr_expect_str_eq(text_time(12345, text), "12.3 us");
	cr_expect_str_eq(text_time(99960, text), "100 us");
	cr_expect_str_eq(text_time(999900, text), "1.00 ms");
	cr_expect_str_eq(text_time(4560000, text), "4.56 ms");
	cr_expect_str_eq(text_time(1200000000, text), "1.20 s");
	cr_expect_str_eq(text_time(137000000000, text), "137 s");
}

/* What is printed about figures, to be freed. */
static char *printed(const struct figures *figures, bool second, bool is_client)
{
	char *output = NULL;
	size_t size;
	FILE *out = open_memstream(&output, &size);

	cr_assert_not_null(out);
	if (second)
		text_second(out, figures, 3, 10, is_client);
	else
		text_summary(out, figures, "client", is_client);
	fclose(out);
	return output;
}

Test(text, a_second_is_one_line_with_what_matters)
{
	struct figures f = { .cps = 412345.4, .rps = 824690, .open = 60, .half_open = 4, .failed = 7 };
	char *line;

	f.latency[LATENCY_CONNECT] = (struct percentiles){ .count = 1, .p50 = 12300, .p99 = 45600 };
	line = printed(&f, true, true);
	cr_expect_null(strchr(line, '\n'), "one line, whose end is the caller's");
	cr_expect_not_null(strstr(line, "3/10 s"), "%s", line);
	cr_expect_not_null(strstr(line, "412,345 conn/s"));
	cr_expect_not_null(strstr(line, "824,690 req/s"));
	cr_expect_not_null(strstr(line, "open 64"));
	cr_expect_not_null(strstr(line, "p50 12.3 us p99 45.6 us"));
	cr_expect_not_null(strstr(line, "failed 7"));
	cr_expect_null(strstr(line, "handed"), "nothing was, nothing said");
	free(line);
	f.handed_over = 1234;
	line = printed(&f, true, false);
	cr_expect_not_null(strstr(line, "  handed over 1,234"), "%s", line);
	cr_expect_not_null(strstr(line, "open 60 "), "a server's handshakes are not connections: %s", line);
	free(line);
}

Test(text, a_flood_shows_while_it_lasts)
{
	struct figures f = { .open = 60, .half_open = 60 };
	char *output = NULL;
	size_t size;
	FILE *out = open_memstream(&output, &size);

	cr_assert_not_null(out);
	text_flooded(out, &f);
	fflush(out);
	cr_expect_str_eq(output, "", "as many handshakes as connections are nothing to speak of");
	f = (struct figures){ .open = 60, .half_open = 128, .cps = 800000 };
	text_flooded(out, &f);
	fflush(out);
	cr_expect_str_eq(output, "", "nor are those that a busy server has at any moment");
	f = (struct figures){ .open = 60, .half_open = 60 };
	f.cookies_sent_ps = 1234567.4;
	f.cookies_accepted_ps = 31;
	text_flooded(out, &f);
	f = (struct figures){ .half_open = 65536, .open = 60 };
	text_flooded(out, &f);
	fclose(out);
	cr_expect_str_eq(output, "  half-open 60  cookies 1,234,567/s, accepted 31/s"
				 "  half-open 65,536  cookies 0/s, accepted 0/s");
	free(output);
}

Test(text, a_summary_names_reasons_and_states)
{
	static struct figures f = { .attempted = 10, .established = 9, .closed = 8, .failed = 2 };
	char *summary;

	f.failures.entries[f.failures.count++] = (struct named){ "reset", 2 };
	f.states[WEIR_TIME_WAIT] = 8;
	summary = printed(&f, false, true);
	cr_expect_not_null(strstr(summary, "10 attempted, 9 established, 8 closed, 2 failed"), "%s", summary);
	cr_expect_not_null(strstr(summary, "reset 2"));
	cr_expect_not_null(strstr(summary, "TIME-WAIT 8"));
	cr_expect_null(strstr(summary, "drops"), "nothing dropped, nothing said");
	cr_expect_null(strstr(summary, "cookies"), "no flood, nothing said");
	cr_expect_null(strstr(summary, "IPv6"), "one family, nothing said");
	free(summary);
	f.families[TALLY_IPV4] = (struct tally_connections){ 7, 6, 5 };
	f.families[TALLY_IPV6] = (struct tally_connections){ 3, 3, 3 };
	f.bytes_pair = 32;
	summary = printed(&f, false, true);
	cr_expect_not_null(strstr(summary, "of IPv4      7 attempted, 6 established, 5 closed"), "%s",
			   summary);
	cr_expect_not_null(strstr(summary, "of IPv6      3 attempted, 3 established, 3 closed"));
	cr_expect_not_null(strstr(summary, "32 more each for IPv6"));
	free(summary);
	f.cookies_sent = 5000;
	f.cookies_accepted = 9;
	f.cookies_rejected = 3;
	summary = printed(&f, false, true);
	cr_expect_not_null(strstr(summary, "5,000 sent, 9 accepted, 3 rejected"), "%s", summary);
	cr_expect_null(strstr(summary, "handed over"), "nothing was, nothing said");
	free(summary);
	f.handed_over = 7;
	summary = printed(&f, false, true);
	cr_expect_not_null(strstr(summary, "handed over  7 packets"), "%s", summary);
	free(summary);
}

Test(text, a_summary_shows_what_each_queue_carried)
{
	static struct figures f = { .shards_count = 1 };
	char *summary;

	f.shards[0] = (struct sample_shard){ "net_tap0,iface=t0", 0, 4, 1200, 34, 56, 0 };
	f.shards[1] = (struct sample_shard){ "net_tap0,iface=t0", 1, 5, 78, 90, 11, 1012 };
	summary = printed(&f, false, true);
	cr_expect_null(strstr(summary, "queue"), "one alone carries everything: %s", summary);
	free(summary);
	f.shards_count = 2;
	summary = printed(&f, false, true);
	cr_expect_not_null(
		strstr(summary,
		       "  queues       net_tap0 queue 0, CPU 4: 1,200 in, 34 out, 56 established\n"
		       "               net_tap0 queue 1, CPU 5: 78 in, 90 out, 11 established, 1,012 handed over\n"),
		"%s", summary);
	free(summary);
}
