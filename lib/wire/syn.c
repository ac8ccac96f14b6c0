/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/syn.h"

#include "base/tuple.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp_opt.h"

/*
 * The frame, by eights; "." is looked at elsewhere, or by nobody:
 *
 *      0  destination, and the group bit of the source
 *
 *     12  08 00 45 .. 00 3c .. ..      IPv4: type, version and length, TOS, total length, identification
 *     20  .. .. .. 06 .. .. .. ..      fragment, TTL, protocol, checksum, source
 *     26  source, destination
 *
 *     12  86 dd 6. .. .. .. 00 28      IPv6: type, version, traffic class, flow label, payload length
 *     20  06 ..                        next header, hop limit
 *     22  source, destination
 *
 * and of TCP, which begins at 34 or 54:
 *
 *      0  ports, sequence number
 *     12  a0 02 .. .. .. .. .. ..      data offset, SYN, window, checksum, urgent pointer
 *     20  02 04 .. .. 04 02 08 0a      MSS, SACK-permitted, timestamps
 *     28  TSval, TSecr
 *     36  01 03 03 ..                  window scale
 */
#define MASK_12 0xffffff00ffff0000ull
#define WANT_12 0x08004500003c0000ull
#define MASK_20 0x3fff00ff00000000ull
#define WANT_20 0x0000000600000000ull
#define MASK_12_6 0xfffff0000000ffffull
#define WANT_12_6 0x86dd600000000028ull
#define SRC_6 22
#define DST_6 38

#define TCP_MASK_12 0xffff000000000000ull
#define TCP_WANT_12 0xa002000000000000ull
#define TCP_MASK_20 0xffff0000ffffffffull
#define TCP_WANT_20 0x020400000402080aull
#define TCP_WANT_36 0x010303u

#define TCP_AT (ETH_BYTES + IPV4_BYTES)
#define TCP_AT_6 (ETH_BYTES + IPV6_BYTES)
#define TCP_TOTAL 40

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline bool matches(const uint8_t *p, uint64_t mask, uint64_t want)
{
	return ((load64(p) ^ htobe64(want)) & htobe64(mask)) == 0;
}

/* The first eight bytes of a frame: the destination, and of the source the bit that makes it a group's. */
#define DST_MASK htobe64(0xffffffffffff0100ull)

static inline bool ip_has_shape(const uint8_t *frame, bool is6)
{
	if (is6)
		return matches(frame + 12, MASK_12_6, WANT_12_6) && frame[20] == IP_PROTOCOL_TCP;
	return matches(frame + 12, MASK_12, WANT_12) && matches(frame + 20, MASK_20, WANT_20);
}

static inline bool tcp_has_shape(const uint8_t *tcp)
{
	return matches(tcp + 12, TCP_MASK_12, TCP_WANT_12) && matches(tcp + 20, TCP_MASK_20, TCP_WANT_20) &&
	       bytes_get32(tcp + 36) >> 8 == TCP_WANT_36;
}

/* Of eight bytes: no sum of two dozen of these leaves 64 bits. */
static inline uint64_t both_halves(uint64_t word)
{
	return (word & UINT32_MAX) + (word >> 32);
}

/* The sum of so many eights. */
static inline uint64_t sum_eights(const uint8_t *p, unsigned bytes)
{
	uint64_t sum = 0;

	for (unsigned at = 0; at < bytes; at += 8)
		sum += both_halves(load64(p + at));
	return sum;
}

static inline bool tcp_right(const uint8_t *tcp, uint64_t addresses)
{
	uint64_t sum = addresses + htobe16(IP_PROTOCOL_TCP) + htobe16(TCP_TOTAL) + sum_eights(tcp, TCP_TOTAL);

	return csum_fold(sum) == CSUM_RIGHT;
}

bool syns_csums_right(const struct syns *syns, const uint8_t *frame)
{
	if (syns->is6)
		return tcp_right(frame + TCP_AT_6, sum_eights(frame + SRC_6, 32));
	uint64_t addresses = both_halves(load64(frame + 26));
	uint64_t ip = both_halves(load64(frame + 14)) + (load64(frame + 18) >> 32) + addresses;

	return csum_fold(ip) == CSUM_RIGHT && tcp_right(frame + TCP_AT, addresses);
}

void syns_init(struct syns *syns, const struct eth_addr *dst, bool is6)
{
	uint8_t bytes[8] = { 0 };

	memcpy(bytes, dst->bytes, sizeof(dst->bytes));
	syns->dst = load64(bytes);
	syns->is6 = is6;
	syns->count = 0;
}

/* False: they are for another address than the first SYN, or it is no IPv6 address to us. */
static inline bool add_addresses_6(struct syns *syns, const uint8_t *frame, unsigned i)
{
	struct weir_address remote = bytes_get_address(frame + SRC_6);
	struct weir_address local = bytes_get_address(frame + DST_6);

	syns->pairs[0][i] = local.hi;
	syns->pairs[1][i] = local.lo;
	syns->pairs[2][i] = remote.hi;
	syns->pairs[3][i] = remote.lo;
	return !weir_is_ipv4(remote) && !weir_is_ipv4(local) && address_equal(local, syns_local(syns));
}

static inline bool add_addresses(struct syns *syns, const uint8_t *frame, unsigned i, bool is6)
{
	if (is6)
		return add_addresses_6(syns, frame, i);
	syns->addrs[i] = be64toh(load64(frame + 26)); /* the source, theirs, above ours */
	return (uint32_t)syns->addrs[i] == (uint32_t)syns->addrs[0];
}

static inline bool add(struct syns *syns, const uint8_t *frame, bool is6)
{
	const uint8_t *tcp = frame + (is6 ? TCP_AT_6 : TCP_AT);
	unsigned i = syns->count;

	if (((load64(frame) ^ syns->dst) & DST_MASK) != 0 || !ip_has_shape(frame, is6) ||
	    !tcp_has_shape(tcp) || !add_addresses(syns, frame, i, is6))
		return false;
	uint64_t ports_and_number = be64toh(load64(tcp));
	uint32_t ports = (uint32_t)(ports_and_number >> 32);
	uint8_t wscale = tcp[39];

	syns->ports[i] = ports;
	if (ports >> 16 == 0 || (ports & 0xffff) == 0 || (uint16_t)ports != syns_lport(syns))
		return false;
	syns->numbers[i] = ports_and_number << 32 | ports;
	syns->tsvals[i] = bytes_get32(tcp + 28);
	syns->mss[i] = bytes_get16(tcp + 22);
	syns->wscales[i] = wscale < TCP_OPT_WSCALE_MAX ? wscale : TCP_OPT_WSCALE_MAX;
	syns->count++;
	return true;
}

bool syns_add(struct syns *syns, const uint8_t *frame, uint32_t len)
{
	if (syns->is6)
		return len >= SYN_BYTES_6 && add(syns, frame, true);
	return len >= SYN_BYTES && add(syns, frame, false);
}

static inline uint64_t put64(uint8_t *at, uint64_t word)
{
	uint64_t word_be = htobe64(word);

	memcpy(at, &word_be, sizeof(word_be));
	return both_halves(word_be);
}

/* The checksum of words that sum up to this, in host order. */
static inline uint16_t csum_of(uint64_t sum)
{
	return be16toh((uint16_t)~csum_fold(sum));
}

/* Both return the sum of the addresses. */
static inline uint64_t answer_ipv4(const struct syns *syns, unsigned i, const struct syn_answer *answer,
				   uint8_t *frame)
{
	uint32_t ttl = (uint32_t)answer->ttl << 24 | IP_PROTOCOL_TCP << 16;
	uint64_t addresses = put64(frame + 26, syns->addrs[i] << 32 | syns->addrs[i] >> 32);
	uint64_t ip =
		put64(frame + 14, 0x4500003c00000000ull | IPV4_DONT_FRAGMENT | (uint64_t)answer->tos << 48);

	bytes_put32(frame + 22, ttl | csum_of(addresses + ip + htobe32(ttl)));
	return addresses;
}

static inline uint64_t answer_ipv6(const struct syns *syns, unsigned i, const struct syn_answer *answer,
				   uint8_t *frame)
{
	const struct tuple tuple = { (uint32_t)syns->addrs[i], (uint32_t)(syns->addrs[i] >> 32),
				     (uint16_t)syns->ports[i], (uint16_t)(syns->ports[i] >> 16) };
	uint32_t first = 0x60000000u | (uint32_t)answer->tos << 20 | ipv6_flow_label(&tuple);

	put64(frame + 14, (uint64_t)first << 32 | TCP_TOTAL << 16 | IP_PROTOCOL_TCP << 8 | answer->ttl);
	return put64(frame + SRC_6, syns->pairs[0][i]) + put64(frame + SRC_6 + 8, syns->pairs[1][i]) +
	       put64(frame + DST_6, syns->pairs[2][i]) + put64(frame + DST_6 + 8, syns->pairs[3][i]);
}

static inline void answer_tcp(const struct syns *syns, unsigned i, const struct syn_answer *answer,
			      uint8_t *tcp, uint64_t sum)
{
	uint32_t ack = (uint32_t)(syns->numbers[i] >> 32) + 1;
	uint32_t wscale = TCP_WANT_36 << 8 | answer->wscale;
	uint64_t ports = syns->ports[i] << 16 | syns->ports[i] >> 16;
	uint64_t flags = 0xa012ull << 48 | (uint64_t)syns->wnds[i] << 32;

	sum += htobe16(IP_PROTOCOL_TCP) + htobe16(TCP_TOTAL);
	sum += put64(tcp, ports << 32 | syns->iss[i]);
	sum += put64(tcp + 20, TCP_WANT_20 | (uint64_t)answer->mss << 32);
	sum += put64(tcp + 28, (uint64_t)syns->our_tsvals[i] << 32 | syns->tsvals[i]);
	sum += htobe32(ack) + (uint64_t)htobe32(wscale) + both_halves(htobe64(flags));
	bytes_put32(tcp + 8, ack);
	bytes_put32(tcp + 36, wscale);
	put64(tcp + 12, flags | (uint64_t)csum_of(sum) << 16);
}

void syns_answer(const struct syns *syns, unsigned i, const struct syn_answer *answer, uint8_t *frame,
		 const struct eth_addr *src)
{
	memcpy(frame, frame + 6, 6); /* back to where it came from */
	memcpy(frame + 6, src->bytes, 6);
	if (syns->is6)
		answer_tcp(syns, i, answer, frame + TCP_AT_6, answer_ipv6(syns, i, answer, frame));
	else
		answer_tcp(syns, i, answer, frame + TCP_AT, answer_ipv4(syns, i, answer, frame));
}
