/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_text.h"

#include "text.h"

static uint64_t whole(double value)
{
	return (uint64_t)(value + 0.5);
}

void flood_text_second(FILE *out, const struct flood_figures *flood, double t, double end)
{
	const struct flood_counts *counts = &flood->counts;
	char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER], d[TEXT_NUMBER];

	text_clock(out, t, end);
	fprintf(out, "  %11s packets/s  back %s/s", text_number(whole(flood->pps), a),
		text_number(whole(flood->answers_ps), b));
	if (flood_counts_answers(counts) > 0)
		fprintf(out, "  so far SYN-ACK %s  RST %s  other %s", text_number(counts->syn_acks, b),
			text_number(counts->resets, c), text_number(counts->others, d));
	fputc('\n', out);
}

void flood_text_summary(FILE *out, const struct flood_figures *flood, const struct figures *f)
{
	const struct flood_counts *counts = &flood->counts;
	char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER], d[TEXT_NUMBER];

	fprintf(out, "  flood        %s packets (%s), %s/s over %.2f s\n", text_number(counts->sent, a),
		flood->kind, text_number(whole(flood->pps), b), flood->seconds);
	fprintf(out, "  came back    %s SYN-ACK, %s RST, %s other\n", text_number(counts->syn_acks, b),
		text_number(counts->resets, c), text_number(counts->others, d));
	if (f == NULL)
		return;
	text_drops(out, f);
	fprintf(out, "  cost         %.0f cycles/packet\n", f->cycles_per_packet);
	fprintf(out, "  buffers      %s taken, %s returned\n", text_number(f->mbufs_taken, a),
		text_number(f->mbufs_returned, b));
}

static void rate_text(FILE *out, uint64_t pps)
{
	char text[TEXT_NUMBER];

	if (pps == OPTIONS_PPS_MAX)
		fprintf(out, "A flood of SYNs, as many as the wire takes, ");
	else
		fprintf(out, "A flood of SYNs, %s a second, ", text_number(pps, text));
}

void flood_text_phase(FILE *out, const struct options *options, const struct flood_phase *phase)
{
	char text[TEXT_NUMBER];

	if (!phase->flooded) {
		fprintf(out, "No flood.\n");
		return;
	}
	rate_text(out, options->flood_pps);
	switch (phase->defence) {
	case WEIR_DEFENCE_OFF:
		fprintf(out, "and no defence: whoever comes while %s handshakes are half open is refused.\n",
			text_number(options->backlog, text));
		return;
	case WEIR_DEFENCE_AUTO:
		fprintf(out, "and the defence on its own: cookies while they are needed.\n");
		return;
	case WEIR_DEFENCE_ALWAYS:
		fprintf(out, "and a cookie for every SYN.\n");
		return;
	}
}

void flood_text_demo(FILE *out, const struct flood_figures *flood, const struct figures *client,
		     const struct figures *server, double t, double end)
{
	const struct percentiles *connect = &client->latency[LATENCY_CONNECT];
	char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER], d[TEXT_NUMBER];

	text_clock(out, t, end);
	fprintf(out, "  %-6s  flood %9s/s  %9s conn/s  connect p99 %7s  failed %5s", flood->phase,
		text_number(whole(flood->pps), a), text_number(whole(client->cps), b),
		connect->count > 0 ? text_time(connect->p99, c) : "-", text_number(client->failed, d));
	/* Those that were accepted are the connections. */
	fprintf(out, "  half-open %6s  cookies %9s/s\n", text_number(server->half_open, a),
		text_number(whole(server->cookies_sent_ps), b));
}
