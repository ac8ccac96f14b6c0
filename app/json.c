/* SPDX-License-Identifier: BSD-3-Clause */
#include "json.h"

#include <math.h>

/* jansson counts in signed 64 bits; no counter gets there. */
static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* Three digits are as much as a measurement means. */
static json_t *real(double value)
{
	return json_real(round(value * 1000) / 1000);
}

static json_t *names_object(const struct names *names)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < names->count; i++)
		json_object_set_new(object, names->entries[i].name, number(names->entries[i].count));
	return object;
}

static json_t *connections_object(const struct figures *f)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "attempted", number(f->attempted),
			 "established", number(f->established), "closed", number(f->closed), "failed",
			 number(f->failed), "open", number(f->open), "half_open", number(f->half_open),
			 "time_wait", number(f->time_wait));
}

static json_t *family_object(const struct tally_connections *family)
{
	return json_pack("{s:o, s:o, s:o}", "attempted", number(family->attempted), "established",
			 number(family->established), "closed", number(family->closed));
}

static json_t *us(uint64_t ns)
{
	return real((double)ns / 1000);
}

static json_t *latency_object(const struct figures *f)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < LATENCIES; i++) {
		const struct percentiles *p = &f->latency[i];

		json_object_set_new(object, latency_name((enum latency)i),
				    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "p50", us(p->p50), "p90",
					      us(p->p90), "p99", us(p->p99), "p999", us(p->p999), "max",
					      us(p->max), "count", number(p->count)));
	}
	return object;
}

static json_t *states_object(const struct figures *f)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < WEIR_STATES; i++)
		json_object_set_new(object, weir_state_name((enum weir_state)i), number(f->states[i]));
	return object;
}

static json_t *memory_object(const struct figures *f)
{
	return json_pack("{s:{s:o, s:o, s:o, s:o, s:o}, s:o, s:o}", "bytes_per_connection", "hot",
			 real(f->bytes_hot), "half_open", real(f->bytes_half_open), "time_wait",
			 real(f->bytes_time_wait), "extension", real(f->bytes_extension), "ipv6",
			 real(f->bytes_pair), "total_bytes", number(f->memory_bytes), "hugepage_bytes",
			 number(f->hugepage_bytes));
}

static void set_traffic(json_t *object, const struct figures *f)
{
	json_object_set_new(object, "cps", real(f->cps));
	json_object_set_new(object, "rps", real(f->rps));
	json_object_set_new(object, "requests", number(f->requests));
	json_object_set_new(object, "rejected_requests", number(f->rejected));
	json_object_set_new(object, "bytes_rx", number(f->bytes_rx));
	json_object_set_new(object, "bytes_tx", number(f->bytes_tx));
	json_object_set_new(object, "packets_rx", number(f->packets_rx));
	json_object_set_new(object, "packets_tx", number(f->packets_tx));
	json_object_set_new(object, "retransmits", number(f->retransmits));
}

static json_t *shards_array(const struct figures *f)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < f->shards_count; i++) {
		const struct sample_shard *shard = &f->shards[i];

		json_array_append_new(array, json_pack("{s:s, s:i, s:i, s:o, s:o, s:o, s:o}", "port",
						       shard->port, "queue", (int)shard->queue, "lcore",
						       shard->lcore, "packets_rx", number(shard->frames_in),
						       "packets_tx", number(shard->frames_out), "established",
						       number(shard->established), "handed_over",
						       number(shard->handed_over)));
	}
	return array;
}

json_t *json_figures(const struct figures *f)
{
	json_t *object = json_object();

	json_object_set_new(object, "seconds", real(f->seconds));
	json_object_set_new(object, "connections", connections_object(f));
	json_object_set_new(object, "families",
			    json_pack("{s:o, s:o}", "ipv4", family_object(&f->families[TALLY_IPV4]), "ipv6",
				      family_object(&f->families[TALLY_IPV6])));
	set_traffic(object, f);
	json_object_set_new(object, "latency_us", latency_object(f));
	json_object_set_new(object, "failures", names_object(&f->failures));
	json_object_set_new(object, "drops", names_object(&f->drops));
	json_object_set_new(object, "held_back", names_object(&f->held_back));
	json_object_set_new(object, "cookies",
			    json_pack("{s:o, s:o, s:o}", "sent", number(f->cookies_sent), "accepted",
				      number(f->cookies_accepted), "rejected", number(f->cookies_rejected)));
	json_object_set_new(object, "listeners_defending", json_integer(__builtin_popcount(f->defending)));
	json_object_set_new(object, "states", states_object(f));
	json_object_set_new(object, "cycles_per_packet", real(f->cycles_per_packet));
	json_object_set_new(object, "memory", memory_object(f));
	json_object_set_new(object, "handed_over", number(f->handed_over));
	json_object_set_new(object, "shards", shards_array(f));
	json_object_set_new(object, "mbufs",
			    json_pack("{s:o, s:o}", "taken", number(f->mbufs_taken), "returned",
				      number(f->mbufs_returned)));
	return object;
}
