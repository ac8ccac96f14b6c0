/* SPDX-License-Identifier: BSD-3-Clause */
#include "text.h"

#include <inttypes.h>
#include <string.h>

const char *text_number(uint64_t value, char text[TEXT_NUMBER])
{
	char digits[TEXT_NUMBER];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, value), used = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text[used++] = ',';
		text[used++] = digits[i];
	}
	text[used] = '\0';
	return text;
}

const char *text_time(uint64_t ns, char text[TEXT_NUMBER])
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double value = (double)ns;
	unsigned unit = 0;

	for (; unit < 3 && value >= 999.5; unit++)
		value /= 1000;
	/* Three digits, whatever the size. */
	snprintf(text, TEXT_NUMBER, "%.*f %s",
		 unit == 0 || value >= 99.95 ? 0 :
		 value >= 9.995              ? 1 :
					       2,
		 value, units[unit]);
	return text;
}

void text_clock(FILE *out, double t, double end)
{
	if (end > 0)
		fprintf(out, "%4.0f/%.0f s", t, end);
	else
		fprintf(out, "%5.0f s", t);
}

void text_second(FILE *out, const struct figures *f, double t, double end, bool is_client)
{
	char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER], d[TEXT_NUMBER];
	/* What a client has begun is its own; a server's half-open ones may be anybody's. */
	uint64_t open = f->open + (is_client ? f->half_open : 0);

	text_clock(out, t, end);
	fprintf(out, "  %11s conn/s  %11s req/s  open %s", text_number((uint64_t)(f->cps + 0.5), a),
		text_number((uint64_t)(f->rps + 0.5), b), text_number(open, c));
	if (is_client) {
		fprintf(out, "  connect p50 %s p99 %s", text_time(f->latency[LATENCY_CONNECT].p50, a),
			text_time(f->latency[LATENCY_CONNECT].p99, b));
		if (f->latency[LATENCY_REQUEST].count > 0)
			fprintf(out, "  request p50 %s p99 %s", text_time(f->latency[LATENCY_REQUEST].p50, c),
				text_time(f->latency[LATENCY_REQUEST].p99, d));
	}
	fprintf(out, "  failed %s", text_number(f->failed, a));
	if (f->handed_over > 0)
		fprintf(out, "  handed over %s", text_number(f->handed_over, a));
}

void text_flooded(FILE *out, const struct figures *f)
{
	char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER];

	/*
	 * Handshakes that outnumber connections, those of a whole second too,
	 * are a sign of it without cookies.
	 */
	if (f->cookies_sent_ps == 0 && (double)f->half_open <= (double)f->open + f->cps)
		return;
	fprintf(out, "  half-open %s  cookies %s/s, accepted %s/s", text_number(f->half_open, a),
		text_number((uint64_t)(f->cookies_sent_ps + 0.5), b),
		text_number((uint64_t)(f->cookies_accepted_ps + 0.5), c));
}

static void names_line(FILE *out, const char *title, const struct names *names)
{
	char text[TEXT_NUMBER];

	if (names->count == 0)
		return;
	fprintf(out, "  %-12s", title);
	for (unsigned i = 0; i < names->count; i++)
		fprintf(out, "%s%s %s", i == 0 ? " " : ", ", names->entries[i].name,
			text_number(names->entries[i].count, text));
	fprintf(out, "\n");
}

void text_drops(FILE *out, const struct figures *f)
{
	names_line(out, "drops", &f->drops);
}

static void latency_lines(FILE *out, const struct figures *f)
{
	char p50[TEXT_NUMBER], p90[TEXT_NUMBER], p99[TEXT_NUMBER], p999[TEXT_NUMBER], max[TEXT_NUMBER];

	for (unsigned i = 0; i < LATENCIES; i++) {
		const struct percentiles *p = &f->latency[i];

		if (p->count > 0)
			fprintf(out, "  %-12s p50 %s  p90 %s  p99 %s  p99.9 %s  max %s\n",
				latency_name((enum latency)i), text_time(p->p50, p50), text_time(p->p90, p90),
				text_time(p->p99, p99), text_time(p->p999, p999), text_time(p->max, max));
	}
}

static void states_line(FILE *out, const struct figures *f)
{
	const char *separator = " ";
	char text[TEXT_NUMBER];

	fprintf(out, "  states      ");
	for (unsigned i = 0; i < WEIR_STATES; i++) {
		if (f->states[i] == 0)
			continue;
		fprintf(out, "%s%s %s", separator, weir_state_name((enum weir_state)i),
			text_number(f->states[i], text));
		separator = ", ";
	}
	fprintf(out, "%s\n", separator[0] == ' ' ? " none" : "");
}

/* Where a client had both. */
static void family_lines(FILE *out, const struct figures *f)
{
	static const char *const names[TALLY_FAMILIES] = { [TALLY_IPV4] = "IPv4", [TALLY_IPV6] = "IPv6" };
	char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER];

	if (f->families[TALLY_IPV4].attempted == 0 || f->families[TALLY_IPV6].attempted == 0)
		return;
	for (unsigned i = 0; i < TALLY_FAMILIES; i++)
		fprintf(out, "  of %-9s %s attempted, %s established, %s closed\n", names[i],
			text_number(f->families[i].attempted, a), text_number(f->families[i].established, b),
			text_number(f->families[i].closed, c));
}

static void memory_line(FILE *out, const struct figures *f)
{
	fprintf(out, "  memory       %.0f bytes a connection, %.0f half-open, %.0f in TIME-WAIT; ",
		f->bytes_hot, f->bytes_half_open, f->bytes_time_wait);
	if (f->bytes_pair > 0)
		fprintf(out, "%.0f more each for IPv6; ", f->bytes_pair);
	fprintf(out, "%.1f MB in all\n", (double)f->memory_bytes / 1e6);
}

static void handed_over_line(FILE *out, const struct figures *f)
{
	char a[TEXT_NUMBER];

	if (f->handed_over > 0)
		fprintf(out,
			"  handed over  %s packets that came by another shard's queue (docs/cli.md: Many queues)\n",
			text_number(f->handed_over, a));
}

/* Whether all queues carry traffic; of a device's name what tells it from the others. */
static void queue_lines(FILE *out, const struct figures *f)
{
	char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER], d[TEXT_NUMBER];

	for (unsigned i = 0; i < f->shards_count && f->shards_count > 1; i++) {
		const struct sample_shard *shard = &f->shards[i];

		fprintf(out, "  %-12s %.*s queue %u, CPU %d: %s in, %s out, %s established",
			i == 0 ? "queues" : "", (int)strcspn(shard->port, ","), shard->port, shard->queue,
			shard->lcore, text_number(shard->frames_in, a), text_number(shard->frames_out, b),
			text_number(shard->established, c));
		if (shard->handed_over > 0)
			fprintf(out, ", %s handed over", text_number(shard->handed_over, d));
		fprintf(out, "\n");
	}
}

void text_summary(FILE *out, const struct figures *f, const char *name, bool is_client)
{
	char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER], d[TEXT_NUMBER];

	if (name != NULL)
		fprintf(out, "%s\n", name);
	fprintf(out, "  connections  %s attempted, %s established, %s closed, %s failed\n",
		text_number(f->attempted, a), text_number(f->established, b), text_number(f->closed, c),
		text_number(f->failed, d));
	family_lines(out, f);
	fprintf(out, "  rates        %s conn/s, %s req/s over %.2f s\n",
		text_number((uint64_t)(f->cps + 0.5), a), text_number((uint64_t)(f->rps + 0.5), b),
		f->seconds);
	fprintf(out, "  packets      %s in, %s out, %s retransmitted\n", text_number(f->packets_rx, a),
		text_number(f->packets_tx, b), text_number(f->retransmits, c));
	fprintf(out, "  payload      %s bytes in, %s bytes out\n", text_number(f->bytes_rx, a),
		text_number(f->bytes_tx, b));
	if (f->cookies_sent > 0 || f->cookies_rejected > 0)
		fprintf(out, "  cookies      %s sent, %s accepted, %s rejected\n",
			text_number(f->cookies_sent, a), text_number(f->cookies_accepted, b),
			text_number(f->cookies_rejected, c));
	if (is_client)
		latency_lines(out, f);
	names_line(out, "failures", &f->failures);
	text_drops(out, f);
	queue_lines(out, f);
	handed_over_line(out, f);
	names_line(out, "held back", &f->held_back);
	states_line(out, f);
	fprintf(out, "  cost         %.0f cycles/packet\n", f->cycles_per_packet);
	memory_line(out, f);
	fprintf(out, "  buffers      %s taken, %s returned\n", text_number(f->mbufs_taken, a),
		text_number(f->mbufs_returned, b));
}
