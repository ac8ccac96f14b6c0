/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_frame.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#define IP_AT RTE_ETHER_HDR_LEN
#define TCP_AT (IP_AT + sizeof(struct rte_ipv4_hdr))
#define OPTIONS_AT (TCP_AT + sizeof(struct rte_tcp_hdr))

#define IP_SRC_AT (IP_AT + offsetof(struct rte_ipv4_hdr, src_addr))
#define IP_CSUM_AT (IP_AT + offsetof(struct rte_ipv4_hdr, hdr_checksum))
#define TCP_SPORT_AT (TCP_AT + offsetof(struct rte_tcp_hdr, src_port))
#define TCP_SEQ_AT (TCP_AT + offsetof(struct rte_tcp_hdr, sent_seq))
#define TCP_ACK_AT (TCP_AT + offsetof(struct rte_tcp_hdr, recv_ack))
#define TCP_CSUM_AT (TCP_AT + offsetof(struct rte_tcp_hdr, cksum))

#define PORT_FIRST 1024u
#define PORTS (65536u - PORT_FIRST)

struct shape {
	uint8_t flags;
	uint8_t options_len;
	uint8_t stamp; /* TSval's place in the options; 0: none */
	uint16_t window;
	const uint8_t *options;
};

static const uint8_t syn_options[] = {
	2, 4,  1460 >> 8, 1460 & 0xff,                   /* MSS */
	4, 2,                                            /* SACK-permitted */
	8, 10, 0,         0,           0, 0, 0, 0, 0, 0, /* timestamps */
	1,                                               /* NOP */
	3, 3,  7,                                        /* window scale */
};
static const uint8_t stamp_options[] = { 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0 };

#define SYN_OPTIONS .options = syn_options, .options_len = sizeof(syn_options), .stamp = 8
#define STAMP_OPTIONS .options = stamp_options, .options_len = sizeof(stamp_options), .stamp = 4

/* Windows are those that Linux names in such segments; of what it never sends, nmap's. */
static const struct shape shapes[FLOOD_MIX] = {
	[FLOOD_SYN] = { RTE_TCP_SYN_FLAG, .window = 64240, SYN_OPTIONS },
	[FLOOD_ACK] = { RTE_TCP_ACK_FLAG, .window = 502, STAMP_OPTIONS },
	[FLOOD_SYNACK] = { RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG, .window = 65160, SYN_OPTIONS },
	[FLOOD_RST] = { RTE_TCP_RST_FLAG, .window = 0 },
	[FLOOD_FIN] = { RTE_TCP_FIN_FLAG, .window = 502, STAMP_OPTIONS },
	[FLOOD_NULL] = { 0, .window = 1024 },
	[FLOOD_XMAS] = { RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG | RTE_TCP_URG_FLAG, .window = 1024 },
};

#define SPREAD 0x9e3779b97f4a7c15ull /* 2^64 over the golden ratio, odd */

/* splitmix64: good enough to look like nothing, in a handful of cycles. */
static inline uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += SPREAD;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Of fewer than 2^15 16-bit words, as they stand in memory (RFC 1071). */
static uint64_t sum_words(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i += 2) {
		uint16_t word;

		memcpy(&word, bytes + i, sizeof(word));
		sum += word;
	}
	return sum;
}

/* The checksum of a sum below 2^48. */
static inline uint16_t checksum(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static void build(struct flood_template *template, const struct shape *shape, const struct flood_plan *plan)
{
	unsigned options_len = plan->plain ? 0 : shape->options_len;
	unsigned tcp_len = sizeof(struct rte_tcp_hdr) + options_len;
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + tcp_len)),
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
		.dst_addr = rte_cpu_to_be_32(plan->target.address),
	};
	struct rte_tcp_hdr tcp = {
		.dst_port = rte_cpu_to_be_16(plan->target.port),
		.data_off = (uint8_t)(tcp_len / 4 << 4),
		.tcp_flags = shape->flags,
		.rx_win = rte_cpu_to_be_16(shape->window),
	};
	struct rte_ether_hdr eth = { .ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) };

	*template = (struct flood_template){
		.len = (uint16_t)(TCP_AT + tcp_len),
		.ack_mask = shape->flags & RTE_TCP_ACK_FLAG ? UINT32_MAX : 0,
		.stamp_at = options_len > 0 ? (uint16_t)(OPTIONS_AT + shape->stamp) : 0,
	};
	memcpy(template->bytes, &eth, sizeof(eth));
	memcpy(template->bytes + IP_AT, &ip, sizeof(ip));
	memcpy(template->bytes + TCP_AT, &tcp, sizeof(tcp));
	if (options_len > 0)
		memcpy(template->bytes + OPTIONS_AT, shape->options, options_len);
	template->ip_sum = sum_words(template->bytes + IP_AT, sizeof(ip));
	/* With the pseudo header of RFC 9293 section 3.1. */
	template->tcp_sum = sum_words(template->bytes + TCP_AT, tcp_len) +
			    sum_words(&ip.dst_addr, sizeof(ip.dst_addr)) + rte_cpu_to_be_16(IPPROTO_TCP) +
			    rte_cpu_to_be_16((uint16_t)tcp_len);
}

bool flood_frames_init(struct flood_frames *frames, const struct flood_plan *plan)
{
	uint64_t random = plan->seed;

	*frames = (struct flood_frames){ .count = plan->kind == FLOOD_MIX ? FLOOD_MIX : 1 };
	for (unsigned i = 0; i < frames->count; i++)
		build(&frames->templates[i], &shapes[frames->count == 1 ? plan->kind : i], plan);
	frames->random = draw(&random);
	return flood_sources_init(&frames->sources, plan->sources, plan->sources_count, plan->target.address,
				  draw(&random));
}

void flood_frames_aim(struct flood_frames *frames, const uint8_t dst[6], const uint8_t src[6])
{
	for (unsigned i = 0; i < frames->count; i++) {
		memcpy(frames->templates[i].bytes, dst, RTE_ETHER_ADDR_LEN);
		memcpy(frames->templates[i].bytes + RTE_ETHER_ADDR_LEN, src, RTE_ETHER_ADDR_LEN);
	}
}

static inline void put16(uint8_t *frame, size_t at, uint16_t value)
{
	memcpy(frame + at, &value, sizeof(value));
}

static inline void put32(uint8_t *frame, size_t at, uint32_t value)
{
	memcpy(frame + at, &value, sizeof(value));
}

static const struct flood_template *next_template(struct flood_frames *frames)
{
	const struct flood_template *template = &frames->templates[frames->next];

	frames->next = frames->next + 1 < frames->count ? frames->next + 1 : 0;
	return template;
}

unsigned flood_frames_write(struct flood_frames *frames, uint8_t *frame)
{
	const struct flood_template *template = next_template(frames);
	uint32_t src = rte_cpu_to_be_32(flood_sources_next(&frames->sources));
	uint64_t numbers = draw(&frames->random), others = draw(&frames->random);
	uint32_t seq = (uint32_t)numbers, ack = (uint32_t)(numbers >> 32) & template->ack_mask;
	uint32_t low = (uint32_t)others & 0xffff;
	uint16_t port = rte_cpu_to_be_16((uint16_t)(PORT_FIRST + (low * PORTS >> 16)));
	uint64_t sum = template->tcp_sum + src + port + seq + ack;

	memcpy(frame, template->bytes, FLOOD_FRAME_BYTES);
	put32(frame, IP_SRC_AT, src);
	put16(frame, TCP_SPORT_AT, port);
	put32(frame, TCP_SEQ_AT, seq);
	put32(frame, TCP_ACK_AT, ack);
	if (template->stamp_at != 0) {
		uint32_t value = (uint32_t)(others >> 32);
		uint32_t echo = (uint32_t)(others * SPREAD >> 32) & template->ack_mask;

		put32(frame, template->stamp_at, value);
		put32(frame, template->stamp_at + 4u, echo);
		sum += (uint64_t)value + echo;
	}
	put16(frame, IP_CSUM_AT, checksum(template->ip_sum + src));
	put16(frame, TCP_CSUM_AT, checksum(sum));
	return template->len;
}
