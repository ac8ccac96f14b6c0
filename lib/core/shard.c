/* SPDX-License-Identifier: BSD-3-Clause */
/* A core's beginning and end: one block of memory, its secrets, and what was chosen once for all packets. */
#include "core/core.h"

#include <errno.h>
#include <sys/random.h>

#include <rte_errno.h>

#include "base/arena.h"
#include "base/rng.h"
#include "core/payload_mbuf.h"

struct secrets {
	struct tcp_secrets tcp;
	struct siphash_key neighbours;
};

/* 0 or a negative errno. */
static int draw_secrets(const struct weir_config *config, struct secrets *secrets)
{
	if (config->seeded) {
		struct rng rng = { config->seed };

		uint64_t words[sizeof(*secrets) / sizeof(uint64_t)];

		for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			words[i] = rng_u64(&rng);
		memcpy(secrets, words, sizeof(words));
		return 0;
	}
	/* Up to 256 bytes come whole, or not at all while the machine boots. */
	return getrandom(secrets, sizeof(*secrets), 0) == sizeof(*secrets) ? 0 : -EIO;
}

static void choose(struct weir_core *core, const struct weir_config *config)
{
	core->pool = config->pool;
	core->vlan = config->vlan;
	core->tags_by_port = config->offloads & WEIR_OFFLOAD_TX_VLAN;
	core->copy_room = rte_pktmbuf_data_room_size(config->pool) - RTE_PKTMBUF_HEADROOM;
	core->unread_max = config->max_buffers / 2;
	core->ttl = config->ttl;
	core->tx_finish = config->offloads & WEIR_OFFLOAD_TX_CSUM ? tx_finish_offload : tx_finish_software;
	core->rx_flags = config->offloads & WEIR_OFFLOAD_RX_CSUM ? UINT64_MAX : 0;
	core->now_ns = CORE_START_NS;
}

/*
 * With max_buffers, which TCP cannot derive. What is queued,
 * what is unread and frames under way share the pool.
 */
static struct weir_config complete(const struct weir_config *asked)
{
	struct weir_config config = *asked;

	if (config.max_buffers == 0)
		config.max_buffers = RTE_MAX(config.pool->size / 2, 2u);
	return config;
}

static struct weir_core *create(const struct weir_config *config, const struct secrets *secrets,
				const struct memory *memory)
{
	struct arena arena = { .base = memory->base };
	struct weir_core *core = arena_take(&arena, sizeof(*core));

	core->memory = *memory;
	control_init(&core->control);
	handover_init(&core->handover, &config->rss);
	choose(core, config);
	net_init(&core->net, config, secrets->neighbours, &core->counters);
	core->tcp = tcp_create(arena_take(&arena, tcp_footprint(config)), config, &secrets->tcp,
			       &core->counters, core->now_ns);
	return core;
}

uint64_t weir_config_bytes(const struct weir_config *config)
{
	struct arena size = { .base = NULL };

	arena_take(&size, sizeof(struct weir_core));
	arena_take(&size, tcp_footprint(config));
	return size.used;
}

struct weir_core *weir_core_create(const struct weir_config *config)
{
	struct secrets secrets;
	struct memory memory;
	int err = weir_config_check(config) == NULL ? 0 : -EINVAL;

	if (err == 0)
		err = payload_mbuf_register();
	if (err == 0)
		err = draw_secrets(config, &secrets);
	if (err == 0)
		err = memory_take(&memory, weir_config_bytes(config), config->socket, config->pages);
	if (err != 0) {
		rte_errno = -err;
		return NULL;
	}
	struct weir_config whole = complete(config);
	struct weir_core *core = create(&whole, &secrets, &memory);

	explicit_bzero(&secrets, sizeof(secrets));
	return core;
}

void weir_core_destroy(struct weir_core *core)
{
	struct memory memory;

	if (core == NULL)
		return;
	control_clear(core);
	handover_clear(&core->handover);
	rte_pktmbuf_free_bulk(core->turned + core->turned_first, core->turned_count);
	tcp_destroy(core->tcp);
	memory = core->memory;
	memory_give(&memory);
}
