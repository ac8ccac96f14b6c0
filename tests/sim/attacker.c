/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/attacker.h"

#include "wire/build.h"

#define BURST 64
#define PAUSE_NS (50 * CLOCK_NS_PER_MS)

static const struct eth_addr macs[2] = { { { 2, 0, 0, 0, 0, 2 } }, { { 2, 0, 0, 0, 0, 3 } } };

void attacker_init(struct attacker *attacker, uint64_t seed, unsigned bursts, uint64_t now_ns)
{
	*attacker = (struct attacker){
		.rng = { seed },
		.next_ns = bursts > 0 ? now_ns : UINT64_MAX,
		.bursts = bursts,
	};
}

/* With the options of most systems, or without any. */
static void send_syn(struct rng *rng, struct host *host, struct weir_endpoint to, uint64_t now_ns)
{
	uint8_t frame[BUILD_HEADERS_MAX];
	struct seg seg = {
		.tuple = { .laddr = 0xac100000u | rng_below(rng, 1 << 16), /* 172.16.0.0/16 */
			   .raddr = to.address,
			   .lport = (uint16_t)(1024 + rng_below(rng, 60000)),
			   .rport = to.port },
		.seq = (uint32_t)rng_u64(rng),
		.flags = SEG_SYN,
		.wnd = 64240,
		.mss = 1460,
		.wscale = 7,
		.tsval = (uint32_t)rng_u64(rng),
		.ttl = 64,
	};

	if (rng_below(rng, 2))
		seg.opts = SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK | SEG_OPT_TS;
	unsigned len = build_headers(frame, &seg, &macs[0], &macs[1]);

	build_csum(frame, &seg);
	host_receive(host, frame, len, now_ns);
}

uint64_t attacker_send(struct attacker *attacker, struct host *host, struct weir_endpoint to, uint64_t now_ns)
{
	if (attacker->next_ns > now_ns)
		return attacker->next_ns;
	for (unsigned i = 0; i < BURST; i++)
		send_syn(&attacker->rng, host, to, now_ns);
	attacker->next_ns = --attacker->bursts > 0 ? now_ns + PAUSE_NS : UINT64_MAX;
	return attacker->next_ns;
}
