/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/attacker.h"

#include "support/addresses.h"
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

static void receive(struct host *host, const struct seg *seg, const struct pair *pair, uint64_t now_ns)
{
	uint8_t frame[BUILD_HEADERS_MAX];
	unsigned len = build_headers(frame, seg, pair, &macs[0], &macs[1]);

	build_csum(frame, seg);
	host_receive(host, frame, len, now_ns);
}

/*
 * With the options of most systems, or without any;
 * or one of four other segments, between the ports of a connection.
 */
static void send_one(struct rng *rng, struct host *host, struct weir_endpoint to, uint16_t victims,
		     uint64_t now_ns)
{
	static const uint8_t forged[] = { SEG_ACK, SEG_RST, SEG_RST | SEG_ACK, SEG_FIN | SEG_ACK };
	const struct pair pair = {
		/* 172.16.0.0/16, or 256 networks of as many hosts */
		.local = numbered_address(!weir_is_ipv4(to.address), 0xac100000u | rng_below(rng, 1 << 16)),
		.remote = to.address,
	};
	struct seg seg = {
		.tuple = arriving_tuple(&pair, (uint16_t)(1024 + rng_below(rng, 60000)), to.port),
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
	if (rng_below(rng, 4) == 0) {
		seg.tuple.lport = (uint16_t)(victims + rng_below(rng, 2));
		seg.flags = forged[rng_below(rng, 4)];
		seg.ack = (uint32_t)rng_u64(rng);
		seg.opts &= SEG_OPT_TS;
	}
	receive(host, &seg, &pair, now_ns);
}

uint64_t attacker_send(struct attacker *attacker, struct host *host, const struct weir_endpoint to[2],
		       uint16_t victims, uint64_t now_ns)
{
	if (attacker->next_ns > now_ns)
		return attacker->next_ns;
	for (unsigned i = 0; i < BURST; i++)
		send_one(&attacker->rng, host, to[i & 1], victims, now_ns);
	attacker->next_ns = --attacker->bursts > 0 ? now_ns + PAUSE_NS : UINT64_MAX;
	return attacker->next_ns;
}
