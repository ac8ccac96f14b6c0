/* SPDX-License-Identifier: BSD-3-Clause */
#include "syn_source.h"

#include <string.h>

#include "wire/build.h"
#include "wire/csum.h"

#define IP_AT ETH_BYTES
#define IP_CSUM_AT (IP_AT + 10)
#define SOURCE_AT (IP_AT + 12)
#define TCP_AT (ETH_BYTES + IP_BYTES)
#define PORTS_AT TCP_AT
#define SEQ_AT (TCP_AT + 4)
#define TCP_CSUM_AT (TCP_AT + TCP_HDR_CSUM_AT)
#define TSVAL_AT (TCP_AT + TCP_HDR_BYTES + 8) /* behind MSS, SACK-permitted and the option's own two bytes */
#define TCP_BYTES (SYN_SOURCE_BYTES - TCP_AT)

#define NETWORK 0x0a000000u /* 10/8 */
#define HIGH_PORTS 0x8000u

static void put_word(uint8_t *at, uint32_t word)
{
	memcpy(at, &word, sizeof(word));
}

void syn_source_init(struct syn_source *source, const struct eth_addr *to, const struct eth_addr *from,
		     uint32_t address, uint16_t port, uint64_t seed)
{
	const struct seg syn = {
		.tuple = { .raddr = address, .rport = port },
		.flags = SEG_SYN,
		.opts = SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE,
		.mss = 1460,
		.wscale = 7,
		.wnd = 64240,
		.ttl = 64,
	};

	build_headers(source->frame, &syn, to, from);
	put_word(source->frame + TSVAL_AT, 0);
	source->ip_sum = csum_header(source->frame + IP_AT, IP_BYTES);
	source->tcp_sum = csum_add(csum_header(source->frame + TCP_AT, TCP_BYTES),
				   csum_pseudo(0, address, IP_PROTOCOL_TCP, TCP_BYTES));
	source->rng = (struct rng){ seed };
}

void syn_source_write(struct syn_source *source, uint8_t *frame)
{
	uint64_t random = rng_u64(&source->rng);
	uint32_t ports, address = htobe32(NETWORK | (random & 0xffffff));
	uint32_t seq = (uint32_t)(random >> 32), tsval = (uint32_t)(random >> 24);

	memcpy(frame, source->frame, SYN_SOURCE_BYTES);
	memcpy(&ports, frame + PORTS_AT, sizeof(ports));
	ports |= htobe32((HIGH_PORTS | (random >> 24 & 0x7fff)) << 16);
	put_word(frame + SOURCE_AT, address);
	put_word(frame + PORTS_AT, ports);
	put_word(frame + SEQ_AT, seq);
	put_word(frame + TSVAL_AT, tsval);
	csum_put(frame + IP_CSUM_AT, source->ip_sum + address);
	/* The template's sum has the port that is attacked, and small sums of words do not overflow. */
	csum_put(frame + TCP_CSUM_AT,
		 source->tcp_sum + address + (ports & htobe32(0xffff0000)) + seq + tsval);
}
