/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_parse - a received frame, all bytes of it hostile: Ethernet, IPv4, TCP, options, SACK blocks.
 *
 * The frame stands in two heap blocks as a chain of buffers would, each exactly as long as its bytes. Most
 * byte strings would die of a wrong checksum, so that one bit of the first byte mends both.
 */
#include "fuzz/bytes_in.h"
#include "fuzz/fault.h"
#include "support/exact.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/parse.h"
#include "wire/tcp_hdr.h"
#include "wire/tcp_opt.h"

#define FRAME_MAX 9014

enum {
	MEND = 1 << 0,
	IP_VERIFIED = 1 << 1,
	L4_VERIFIED = 1 << 2,
	SPLIT = 1 << 3, /* a byte says how much of the frame is contiguous */
};

/* Right checksums, where the lengths in the headers make sense. */
static void mend(uint8_t *frame, uint32_t len)
{
	uint8_t *ip = frame + ETH_BYTES;

	if (len < ETH_BYTES + IPV4_BYTES)
		return;
	uint32_t header = (ip[0] & 15) * 4u, total = bytes_get16(ip + 2);

	if (header < IPV4_BYTES || total < header || total > len - ETH_BYTES)
		return;
	bytes_put16(ip + 10, 0);
	csum_put(ip + 10, csum_bytes(ip, header));
	if (total - header < TCP_HDR_BYTES)
		return;
	bytes_put16(ip + header + TCP_HDR_CSUM_AT, 0);
	csum_put(ip + header + TCP_HDR_CSUM_AT,
		 csum_add(csum_pseudo(weir_ipv4(bytes_get32(ip + 12)), weir_ipv4(bytes_get32(ip + 16)),
				      IP_PROTOCOL_TCP, (uint16_t)(total - header)),
			  csum_bytes(ip + header, total - header)));
}

/* What tcp/ relies on. */
static void check_segment(const struct frame *frame, const struct seg *seg, uint32_t headers)
{
	HOLDS(headers <= frame_contiguous(frame), "headers end at %u", headers);
	HOLDS(headers + seg->len == frame_end(frame), "%u + %u bytes", headers, seg->len);
	HOLDS(seg->tuple.lport != 0 && seg->tuple.rport != 0, "port 0");
	HOLDS(seg->wscale <= TCP_OPT_WSCALE_MAX, "shift %u", seg->wscale);
	HOLDS(seg->flags & SEG_SYN || !(seg->opts & (SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK)),
	      "a SYN's options %#x", seg->opts);
	HOLDS(address_v4_is_host(seg->tuple.raddr), "from %#x", seg->tuple.raddr);
}

static void parse(struct frame *frame, const uint8_t *whole)
{
	const struct pair untouched = { weir_ipv4(1), weir_ipv4(2) };
	struct seg_side side = { .pair = untouched };
	struct seg seg;
	uint32_t headers;

	if (parse_link(frame) != ACCEPTED || frame->eth.type != ETH_TYPE_IPV4 ||
	    parse_ip(frame) != ACCEPTED || parse_accept(frame) != ACCEPTED ||
	    frame->ip.protocol != IP_PROTOCOL_TCP)
		return;
	uint32_t here = frame_contiguous(frame);
	uint64_t rest = csum_bytes(whole + here, frame_end(frame) - here);

	if (parse_tcp(frame, rest, &seg, &side, &headers) != ACCEPTED)
		return;
	check_segment(frame, &seg, headers);
	HOLDS(seg.sacks <= SACK_BLOCKS_MAX && pair_equal(&side.pair, &untouched), "%u blocks", seg.sacks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_in in = { data, data + size };
	unsigned how = in_u8(&in);
	uint8_t part = how & SPLIT ? in_u8(&in) : UINT8_MAX;
	uint32_t total = (uint32_t)in_left(&in);

	if (total > FRAME_MAX)
		return 0;
	uint8_t *whole = exact_copy(in.at, total);

	if (how & MEND)
		mend(whole, total);
	uint32_t here = how & SPLIT && part < total ? part : total;
	uint8_t *first = exact_copy(whole, here);

	parse(&(struct frame){ .bytes = first,
			       .contiguous = here,
			       .total = total,
			       .ip_verified = how & IP_VERIFIED,
			       .l4_verified = how & L4_VERIFIED },
	      whole);
	free(first);
	free(whole);
	return 0;
}
