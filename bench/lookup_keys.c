/* SPDX-License-Identifier: BSD-3-Clause */
#include "lookup_keys.h"

#include "base/rng.h"

#define SERVER 0xc6120001u     /* 198.18.0.1 */
#define FIRST_PEER 0x0a000000u /* 10.0.0.0 */
#define SERVER_PORT 80

struct lookup_key lookup_key(uint32_t number)
{
	struct rng rng = { number };

	return (struct lookup_key){ .tuple = { .laddr = SERVER,
					       .raddr = FIRST_PEER + number,
					       .lport = SERVER_PORT,
					       .rport = (uint16_t)(1 + rng_below(&rng, UINT16_MAX)) } };
}

uint32_t lookup_answer(const struct tuple *tuple)
{
	return tuple->raddr - FIRST_PEER + 1;
}

uint64_t lookup_keys_draw(struct lookup_key *keys, uint32_t count, uint32_t first, uint32_t range)
{
	struct rng rng = { range };
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		keys[i] = lookup_key(first + rng_below(&rng, range));
		sum += lookup_answer(&keys[i].tuple);
	}
	return sum;
}
