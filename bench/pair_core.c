/* SPDX-License-Identifier: BSD-3-Clause */
#include "pair_core.h"

#include <stddef.h>

#include "nic/nic.h"

/* Buffers first: memif shares what memory there is when the port starts. */
int pair_core_init(struct pair_core *core, struct port *port, bool is_client, unsigned lcore)
{
	*core = (struct pair_core){ .is_client = is_client };
	if (bare_end_init(&core->bare, port, is_client) != 0)
		return -1;
	core->side = conn_side_create(port, is_client, lcore);
	return core->side != NULL ? 0 : -1;
}

void pair_core_turn(struct pair_core *core, enum pair_work work, const struct core_turn *turn,
		    struct core_result *result)
{
	switch (work) {
	case PAIR_WEIR:
		conn_sides_turn(&core->side, 1, turn, result);
		return;
	case PAIR_BARE:
		bare_end_turn(&core->bare, turn, result);
		return;
	}
}

void pair_core_stop(struct pair_core *core)
{
	if (core->side != NULL)
		conn_side_destroy(core->side);
}

int pair_core_fini(struct pair_core *core)
{
	bare_end_fini(&core->bare);
	return core->side != NULL ? conn_side_free(core->side) : 0;
}
