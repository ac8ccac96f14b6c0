/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_frame.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#define MACS_BYTES (2 * RTE_ETHER_ADDR_LEN)
#define CSUM_AT offsetof(struct rte_tcp_hdr, cksum)
#define SPORT_AT offsetof(struct rte_tcp_hdr, src_port)
#define SEQ_AT offsetof(struct rte_tcp_hdr, sent_seq)
#define ACK_AT offsetof(struct rte_tcp_hdr, recv_ack)

#define IPV6_FIRST_WORD 0x60000000u /* version 6, no traffic class; 20 bits of flow label below */
#define FLOW_LABEL_BITS 20
#define HOPS 64

#define PORT_FIRST 1024u
#define PORTS (65536u - PORT_FIRST)

struct shape {
	uint8_t flags;
	uint8_t options_len;
	uint8_t stamp;      /* TSval's place in the options; 0: none */
	uint16_t window[2]; /* of IPv4, of IPv6 */
	const uint8_t *options;
};

static const uint8_t syn_options[] = {
	2, 4,  0, 0,                   /* MSS: what fits an Ethernet frame */
	4, 2,                          /* SACK-permitted */
	8, 10, 0, 0, 0, 0, 0, 0, 0, 0, /* timestamps */
	1,                             /* NOP */
	3, 3,  7,                      /* window scale */
};
static const uint8_t stamp_options[] = { 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0 };

#define MSS_AT 2
#define SYN_OPTIONS .options = syn_options, .options_len = sizeof(syn_options), .stamp = 8
#define STAMP_OPTIONS .options = stamp_options, .options_len = sizeof(stamp_options), .stamp = 4

/* Windows are those that Linux names in such segments; of what it never sends, nmap's. */
static const struct shape shapes[FLOOD_MIX] = {
	[FLOOD_SYN] = { RTE_TCP_SYN_FLAG, .window = { 64240, 64800 }, SYN_OPTIONS },
	[FLOOD_ACK] = { RTE_TCP_ACK_FLAG, .window = { 502, 502 }, STAMP_OPTIONS },
	[FLOOD_SYNACK] = { RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG, .window = { 65160, 64260 }, SYN_OPTIONS },
	[FLOOD_RST] = { RTE_TCP_RST_FLAG, .window = { 0, 0 } },
	[FLOOD_FIN] = { RTE_TCP_FIN_FLAG, .window = { 502, 502 }, STAMP_OPTIONS },
	[FLOOD_NULL] = { 0, .window = { 1024, 1024 } },
	[FLOOD_XMAS] = { RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG | RTE_TCP_URG_FLAG, .window = { 1024, 1024 } },
};

static inline void put16(uint8_t *frame, size_t at, uint16_t value)
{
	memcpy(frame + at, &value, sizeof(value));
}

static inline void put32(uint8_t *frame, size_t at, uint32_t value)
{
	memcpy(frame + at, &value, sizeof(value));
}

#define SPREAD 0x9e3779b97f4a7c15ull /* 2^64 over the golden ratio, odd */

/* splitmix64: good enough to look like nothing, in a handful of cycles. */
static inline uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += SPREAD;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* The checksum of a sum below 2^48. */
static inline uint16_t checksum(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* As they stand in a frame; of an IPv4 address the last four. */
struct address_bytes {
	uint64_t hi_be, lo_be;
};

static inline struct address_bytes address_bytes(struct weir_address address)
{
	return (struct address_bytes){ rte_cpu_to_be_64(address.hi), rte_cpu_to_be_64(address.lo) };
}

#define IPV4_IN_BYTES 12

/* Its part of the pseudo header's sum. What stands before an IPv4 address adds up to zero. */
static inline uint64_t address_sum(struct address_bytes bytes)
{
	return (bytes.hi_be & UINT32_MAX) + (bytes.hi_be >> 32) + (bytes.lo_be & UINT32_MAX) +
	       (bytes.lo_be >> 32);
}

/* With a tag of 802.1Q if there is a VLAN. Returns its length. */
static unsigned build_link(uint8_t *frame, uint16_t type, uint16_t vlan)
{
	const uint16_t tagged[] = { rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(vlan),
				    rte_cpu_to_be_16(type) };
	unsigned skip = vlan != 0 ? 0 : 2, bytes = (unsigned)sizeof(tagged) - skip * 2;

	memcpy(frame + MACS_BYTES, tagged + skip, bytes);
	return MACS_BYTES + bytes;
}

static void build_ipv4(struct flood_template *template, unsigned at, struct address_bytes target,
		       unsigned tcp_len)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + tcp_len)),
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = HOPS,
		.next_proto_id = IPPROTO_TCP,
	};

	memcpy(&ip.dst_addr, (uint8_t *)&target + IPV4_IN_BYTES, sizeof(ip.dst_addr));
	memcpy(template->bytes + at, &ip, sizeof(ip));
	template->ip_sum = rte_raw_cksum(&ip, sizeof(ip));
	template->tcp_sum = rte_ipv4_phdr_cksum(&ip, 0);
	template->src_at = (uint16_t)(at + offsetof(struct rte_ipv4_hdr, src_addr));
}

static void build_ipv6(struct flood_template *template, unsigned at, struct address_bytes target,
		       unsigned tcp_len)
{
	struct rte_ipv6_hdr ip = {
		.payload_len = rte_cpu_to_be_16((uint16_t)tcp_len),
		.proto = IPPROTO_TCP,
		.hop_limits = HOPS,
	};

	memcpy(ip.dst_addr, &target, sizeof(ip.dst_addr));
	memcpy(template->bytes + at, &ip, sizeof(ip));
	template->tcp_sum = rte_ipv6_phdr_cksum(&ip, 0);
	template->src_at = (uint16_t)(at + offsetof(struct rte_ipv6_hdr, src_addr));
}

static void build_tcp(struct flood_template *template, const struct shape *shape,
		      const struct flood_plan *plan, unsigned options_len)
{
	unsigned tcp_len = sizeof(struct rte_tcp_hdr) + options_len, mss = template->is6 ? 1440 : 1460;
	struct rte_tcp_hdr tcp = {
		.dst_port = rte_cpu_to_be_16(plan->target.port),
		.data_off = (uint8_t)(tcp_len / 4 << 4),
		.tcp_flags = shape->flags,
		.rx_win = rte_cpu_to_be_16(shape->window[template->is6]),
	};
	uint8_t *at = template->bytes + template->tcp_at, *options = at + sizeof(tcp);

	memcpy(at, &tcp, sizeof(tcp));
	if (options_len > 0)
		memcpy(options, shape->options, options_len);
	if (options_len > 0 && shape->options == syn_options)
		put16(options, MSS_AT, rte_cpu_to_be_16((uint16_t)mss));
	template->tcp_sum += rte_raw_cksum(at, tcp_len);
	template->stamp_at = options_len > 0 ? (uint16_t)(template->tcp_at + sizeof(tcp) + shape->stamp) : 0;
	template->len = (uint16_t)(template->tcp_at + tcp_len);
}

static void build(struct flood_template *template, const struct shape *shape, const struct flood_plan *plan)
{
	bool is6 = !weir_is_ipv4(plan->target.address);
	unsigned options_len = plan->plain ? 0 : shape->options_len;
	unsigned tcp_len = sizeof(struct rte_tcp_hdr) + options_len;
	struct address_bytes target = address_bytes(plan->target.address);
	unsigned at;

	*template = (struct flood_template){
		.is6 = is6,
		.ack_mask = shape->flags & RTE_TCP_ACK_FLAG ? UINT32_MAX : 0,
	};
	at = build_link(template->bytes, is6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4, plan->vlan);
	template->ip_at = (uint16_t)at;
	if (is6)
		build_ipv6(template, at, target, tcp_len);
	else
		build_ipv4(template, at, target, tcp_len);
	template->tcp_at = (uint16_t)(at + (is6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr)));
	build_tcp(template, shape, plan, options_len);
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

static const struct flood_template *next_template(struct flood_frames *frames)
{
	const struct flood_template *template = &frames->templates[frames->next];

	frames->next = frames->next + 1 < frames->count ? frames->next + 1 : 0;
	return template;
}

/*
 * IPv6 has a flow label where IPv4 has a checksum:
 * one for each connection (RFC 6437), and these are all others.
 */
static inline void put_ip(const struct flood_template *template, uint8_t *frame, struct address_bytes src,
			  uint32_t random)
{
	uint32_t label = random >> (32 - FLOW_LABEL_BITS), src_be;

	if (template->is6) {
		put32(frame, template->ip_at, rte_cpu_to_be_32(IPV6_FIRST_WORD | label));
		memcpy(frame + template->src_at, &src, sizeof(src));
	} else {
		memcpy(&src_be, (const uint8_t *)&src + IPV4_IN_BYTES, sizeof(src_be));
		put32(frame, template->src_at, src_be);
		put16(frame, template->ip_at + offsetof(struct rte_ipv4_hdr, hdr_checksum),
		      checksum(template->ip_sum + src_be));
	}
}

unsigned flood_frames_write(struct flood_frames *frames, uint8_t *frame)
{
	const struct flood_template *template = next_template(frames);
	struct address_bytes src = address_bytes(flood_sources_next(&frames->sources));
	uint64_t numbers = draw(&frames->random), others = draw(&frames->random);
	uint32_t seq = (uint32_t)numbers, ack = (uint32_t)(numbers >> 32) & template->ack_mask;
	uint32_t low = (uint32_t)others & 0xffff;
	uint16_t port = rte_cpu_to_be_16((uint16_t)(PORT_FIRST + (low * PORTS >> 16)));
	uint64_t sum = template->tcp_sum + address_sum(src) + port + seq + ack;
	uint8_t *tcp = frame + template->tcp_at;

	memcpy(frame, template->bytes, FLOOD_FRAME_BYTES);
	put_ip(template, frame, src, (uint32_t)(numbers * SPREAD >> 32));
	put16(tcp, SPORT_AT, port);
	put32(tcp, SEQ_AT, seq);
	put32(tcp, ACK_AT, ack);
	if (template->stamp_at != 0) {
		uint32_t value = (uint32_t)(others >> 32);
		uint32_t echo = (uint32_t)(others * SPREAD >> 32) & template->ack_mask;

		put32(frame, template->stamp_at, value);
		put32(frame, template->stamp_at + 4u, echo);
		sum += (uint64_t)value + echo;
	}
	put16(tcp, CSUM_AT, checksum(sum));
	return template->len;
}
