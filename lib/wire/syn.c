/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/syn.h"

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/tcp_opt.h"

/*
 * The frame, by eights; "." is looked at elsewhere, or by nobody:
 *
 *      0  destination, and the group bit of the source
 *     12  08 00 45 .. 00 3c .. ..      type, version and length, TOS, total length, identification
 *     20  .. .. .. 06 .. .. .. ..      fragment, TTL, protocol, checksum, source
 *     26  source, destination
 *     34  ports, sequence number
 *     46  a0 02 .. .. .. .. .. ..      data offset, SYN, window, checksum, urgent pointer
 *     54  02 04 .. .. 04 02 08 0a      MSS, SACK-permitted, timestamps
 *     62  TSval, TSecr
 *     70  01 03 03 ..                  window scale
 */
#define MASK_12 0xffffff00ffff0000ull
#define WANT_12 0x08004500003c0000ull
#define MASK_20 0x3fff00ff00000000ull
#define WANT_20 0x0000000600000000ull
#define MASK_46 0xffff000000000000ull
#define WANT_46 0xa002000000000000ull
#define MASK_54 0xffff0000ffffffffull
#define WANT_54 0x020400000402080aull
#define WANT_70 0x010303u

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

static inline bool has_shape(const uint8_t *frame)
{
	return matches(frame + 12, MASK_12, WANT_12) && matches(frame + 20, MASK_20, WANT_20) &&
	       matches(frame + 46, MASK_46, WANT_46) && matches(frame + 54, MASK_54, WANT_54) &&
	       bytes_get32(frame + 70) >> 8 == WANT_70;
}

/* Of eight bytes: no sum of a dozen of these leaves 64 bits. */
static inline uint64_t both_halves(uint64_t word)
{
	return (word & UINT32_MAX) + (word >> 32);
}

bool syns_csums_right(const uint8_t *frame)
{
	uint64_t addresses = both_halves(load64(frame + 26));
	uint64_t ip = both_halves(load64(frame + 14)) + (load64(frame + 18) >> 32) + addresses;
	uint64_t tcp = addresses + htobe16(IP_PROTOCOL_TCP) + htobe16(TCP_TOTAL);

	for (unsigned at = 34; at < SYN_BYTES; at += 8)
		tcp += both_halves(load64(frame + at));
	return csum_fold(ip) == CSUM_RIGHT && csum_fold(tcp) == CSUM_RIGHT;
}

void syns_init(struct syns *syns, const struct eth_addr *dst)
{
	uint8_t bytes[8] = { 0 };

	memcpy(bytes, dst->bytes, sizeof(dst->bytes));
	syns->dst = load64(bytes);
	syns->count = 0;
}

bool syns_add(struct syns *syns, const uint8_t *frame, uint32_t len)
{
	unsigned i = syns->count;

	if (len < SYN_BYTES || ((load64(frame) ^ syns->dst) & DST_MASK) != 0 || !has_shape(frame))
		return false;
	uint64_t ports_and_number = be64toh(load64(frame + 34));
	uint32_t ports = (uint32_t)(ports_and_number >> 32);
	uint8_t wscale = frame[73];

	if (ports >> 16 == 0 || (ports & 0xffff) == 0)
		return false;
	syns->addrs[i] = be64toh(load64(frame + 26)); /* the source, theirs, above ours */
	syns->numbers[i] = ports_and_number << 32 | ports;
	syns->ports[i] = ports;
	syns->tsvals[i] = bytes_get32(frame + 62);
	syns->mss[i] = bytes_get16(frame + 56);
	syns->wscales[i] = wscale < TCP_OPT_WSCALE_MAX ? wscale : TCP_OPT_WSCALE_MAX;
	syns->count++;
	return true;
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

void syns_answer(const struct syns *syns, unsigned i, const struct syn_answer *answer, uint8_t *frame,
		 const struct eth_addr *src)
{
	uint32_t ttl = (uint32_t)answer->ttl << 24 | IP_PROTOCOL_TCP << 16;
	uint32_t ack = (uint32_t)(syns->numbers[i] >> 32) + 1;
	uint32_t wscale = WANT_70 << 8 | answer->wscale;
	uint64_t ports = syns->ports[i] << 16 | syns->ports[i] >> 16;
	uint64_t flags = 0xa012ull << 48 | (uint64_t)syns->wnds[i] << 32;
	uint64_t addresses, ip, tcp;

	memcpy(frame, frame + 6, 6); /* back to where it came from */
	memcpy(frame + 6, src->bytes, 6);

	addresses = put64(frame + 26, syns->addrs[i] << 32 | syns->addrs[i] >> 32);
	ip = put64(frame + 14, 0x4500003c00000000ull | IPV4_DONT_FRAGMENT | (uint64_t)answer->tos << 48);
	bytes_put32(frame + 22, ttl | csum_of(addresses + ip + htobe32(ttl)));

	tcp = addresses + htobe16(IP_PROTOCOL_TCP) + htobe16(TCP_TOTAL);
	tcp += put64(frame + 34, ports << 32 | syns->iss[i]);
	tcp += put64(frame + 54, WANT_54 | (uint64_t)answer->mss << 32);
	tcp += put64(frame + 62, (uint64_t)syns->our_tsvals[i] << 32 | syns->tsvals[i]);
	tcp += htobe32(ack) + (uint64_t)htobe32(wscale) + both_halves(htobe64(flags));
	bytes_put32(frame + 42, ack);
	bytes_put32(frame + 70, wscale);
	put64(frame + 46, flags | (uint64_t)csum_of(tcp) << 16);
}
