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
#define SRC 26
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

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* What is not as it should be. */
static inline uint64_t differs(const uint8_t *p, uint64_t mask, uint64_t want)
{
	return (load64(p) ^ htobe64(want)) & htobe64(mask);
}

/* The first eight bytes of a frame: the destination, and of the source the bit that makes it a group's. */
#define DST_MASK htobe64(0xffffffffffff0100ull)

static inline uint64_t ip_differs(const uint8_t *frame, bool is6)
{
	if (is6)
		return differs(frame + 12, MASK_12_6, WANT_12_6) | (frame[20] ^ IP_PROTOCOL_TCP);
	return differs(frame + 12, MASK_12, WANT_12) | differs(frame + 20, MASK_20, WANT_20);
}

static inline uint64_t tcp_differs(const uint8_t *tcp)
{
	return differs(tcp + 12, TCP_MASK_12, TCP_WANT_12) | differs(tcp + 20, TCP_MASK_20, TCP_WANT_20) |
	       ((load32(tcp + 36) ^ htobe32(TCP_WANT_36 << 8)) & htobe32(0xffffff00));
}

/* The sum of so many eights. */
static inline uint64_t sum_eights(const uint8_t *p, unsigned bytes)
{
	uint64_t sum = load64(p);

	for (unsigned at = 8; at < bytes; at += 8)
		sum = csum_add(sum, load64(p + at));
	return sum;
}

#define TCP_PSEUDO ((uint64_t)htobe16(IP_PROTOCOL_TCP) + htobe16(TCP_TOTAL))

static inline bool tcp_right(const uint8_t *tcp, uint64_t addresses)
{
	return csum_is_right(csum_add(csum_add(sum_eights(tcp, TCP_TOTAL), addresses), TCP_PSEUDO));
}

bool syns_csums_right(const struct syns *syns, const uint8_t *frame)
{
	if (syns->is6)
		return tcp_right(frame + TCP_AT_6, sum_eights(frame + SRC_6, 32));
	uint64_t addresses = load64(frame + SRC);
	uint64_t ip = csum_add(csum_add(load64(frame + 14), load32(frame + 22)), addresses);

	return csum_is_right(ip) && tcp_right(frame + TCP_AT, addresses);
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
	syns->addrs[i] = be64toh(load64(frame + SRC)); /* the source, theirs, above ours */
	return (uint32_t)syns->addrs[i] == (uint32_t)syns->addrs[0];
}

static inline bool add(struct syns *syns, const uint8_t *frame, bool is6)
{
	const uint8_t *tcp = frame + (is6 ? TCP_AT_6 : TCP_AT);
	unsigned i = syns->count;

	if ((((load64(frame) ^ syns->dst) & DST_MASK) | ip_differs(frame, is6) | tcp_differs(tcp)) != 0 ||
	    !add_addresses(syns, frame, i, is6))
		return false;
	uint64_t ports_and_number = be64toh(load64(tcp));
	uint32_t ports = (uint32_t)(ports_and_number >> 32);
	uint8_t wscale = tcp[39];

	syns->ports[i] = ports;
	if (ports >> 16 == 0 || (ports & 0xffff) == 0 || (uint16_t)ports != syns_lport(syns))
		return false;
	syns->numbers[i] = ports_and_number << 32 | ports;
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

void syns_template(const struct syns *syns, const struct syn_answer *answer, const struct eth_addr *src,
		   struct syn_template *template)
{
	uint8_t *ip = template->bytes + ETH_BYTES, *tcp = ip + (syns->is6 ? IPV6_BYTES : IPV4_BYTES);
	struct eth_hdr eth = { .src = *src, .type = syns->is6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4 };
	struct ip_hdr header = { .protocol = IP_PROTOCOL_TCP, .ttl = answer->ttl, .tos = answer->tos };

	*template = (struct syn_template){ .ip_sum = 0 };
	header.total_bytes = (uint16_t)(syns_bytes(syns) - ETH_BYTES);
	eth_build(template->bytes, &eth);
	if (syns->is6)
		ipv6_build(ip, &header, 0);
	else
		ipv4_build(ip, &header);
	bytes_put16(tcp + 12, 0xa012);
	bytes_put64(tcp + 20, TCP_WANT_20 | (uint64_t)answer->mss << 32);
	bytes_put32(tcp + 36, TCP_WANT_36 << 8 | answer->wscale);
	template->ip_sum = csum_header(ip, IPV4_BYTES);
	template->tcp_sum = TCP_PSEUDO + csum_header(tcp, TCP_TOTAL);
}

/* Of 32 bits each, so that a dozen of them need no carry. */
static inline uint64_t put32(uint8_t *at, uint32_t word_be)
{
	memcpy(at, &word_be, sizeof(word_be));
	return word_be;
}

static inline uint64_t both_halves(uint64_t word)
{
	return (word & UINT32_MAX) + (word >> 32);
}

static inline void put_csum(uint8_t *at, uint64_t sum)
{
	uint16_t csum = (uint16_t)~csum_fold(sum);

	memcpy(at, &csum, sizeof(csum));
}

static inline uint64_t answer_ipv4(const struct syn_template *template, uint8_t *frame, uint64_t src_dst)
{
	uint64_t dst_src = src_dst << 32 | src_dst >> 32, addresses = both_halves(src_dst);

	memcpy(frame + SRC, &dst_src, sizeof(dst_src));
	put_csum(frame + 24, template->ip_sum + addresses);
	return addresses;
}

static inline uint64_t answer_ipv6(const struct syns *syns, unsigned i, const struct syn_template *template,
				   uint8_t *frame)
{
	const struct tuple tuple = { (uint32_t)syns->addrs[i], (uint32_t)(syns->addrs[i] >> 32),
				     (uint16_t)syns->ports[i], (uint16_t)(syns->ports[i] >> 16) };
	uint64_t sum = 0;

	bytes_put32(frame + 14, bytes_get32(template->bytes + 14) | ipv6_flow_label(&tuple));
	for (unsigned word = 0; word < 4; word++) {
		uint64_t word_be = htobe64(syns->pairs[word][i]);

		memcpy(frame + SRC_6 + 8 * word, &word_be, sizeof(word_be));
		sum += both_halves(word_be);
	}
	return sum;
}

/* Of one family: what of the SYN is wanted is read before the template is laid over it. */
static inline void answer(const struct syns *syns, unsigned i, const struct syn_template *template,
			  uint8_t *frame, bool is6)
{
	uint8_t *tcp = frame + (is6 ? TCP_AT_6 : TCP_AT);
	uint64_t back = load64(frame + 6), src_dst = load64(frame + SRC), sum;
	uint32_t ports = load32(tcp), tsval = load32(tcp + 28);
	uint32_t ack = (uint32_t)(syns->numbers[i] >> 32) + 1;
	uint16_t wnd_be = htobe16(syns->wnds[i]);

	memcpy(frame, template->bytes, is6 ? SYN_BYTES_6 : SYN_BYTES);
	memcpy(frame, &back, sizeof(struct eth_addr)); /* to where it came from */
	sum = is6 ? answer_ipv6(syns, i, template, frame) : answer_ipv4(template, frame, src_dst);
	sum += template->tcp_sum + wnd_be;
	sum += put32(tcp, ports << 16 | ports >> 16);
	sum += put32(tcp + 4, htobe32(syns->iss[i]));
	sum += put32(tcp + 8, htobe32(ack));
	sum += put32(tcp + 28, htobe32(syns->our_tsvals[i]));
	sum += put32(tcp + 32, tsval);
	memcpy(tcp + 14, &wnd_be, sizeof(wnd_be));
	put_csum(tcp + 16, sum);
}

void syns_answer(const struct syns *syns, unsigned i, const struct syn_template *template, uint8_t *frame)
{
	if (syns->is6)
		answer(syns, i, template, frame, true);
	else
		answer(syns, i, template, frame, false);
}
