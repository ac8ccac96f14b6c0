/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/tcp_hdr.h"

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/tcp_opt.h"

verdict tcp_hdr_parse(const struct tcp_bytes *segment, struct seg *seg)
{
	const uint8_t *header = segment->bytes;

	if (segment->contiguous < TCP_HDR_BYTES)
		return COUNT_drop_tcp_short;
	unsigned header_bytes = tcp_hdr_bytes(header);

	if (header_bytes < TCP_HDR_BYTES || header_bytes > segment->len)
		return COUNT_drop_tcp_data_offset;
	if (header_bytes > segment->contiguous)
		return COUNT_drop_tcp_short;
	if (!segment->verified &&
	    csum_fold(csum_add(segment->sum, csum_bytes(header, segment->contiguous))) != CSUM_RIGHT)
		return COUNT_drop_tcp_csum;
	seg->tuple.rport = bytes_get16(header);
	seg->tuple.lport = bytes_get16(header + 2);
	seg->seq = bytes_get32(header + 4);
	seg->ack = bytes_get32(header + 8);
	seg->flags = header[13];
	seg->wnd = bytes_get16(header + 14);
	seg->len = (uint16_t)(segment->len - header_bytes);
	if (seg->tuple.rport == 0 || seg->tuple.lport == 0)
		return COUNT_drop_tcp_port_zero;
	return tcp_opt_parse(header + TCP_HDR_BYTES, header_bytes - TCP_HDR_BYTES, seg);
}

unsigned tcp_hdr_build(uint8_t *header, const struct seg *seg)
{
	unsigned header_bytes = TCP_HDR_BYTES + tcp_opt_bytes(seg);

	/* In the words that the checksum will read: a load that spans two fresh stores waits for both. */
	bytes_put32(header, (uint32_t)seg->tuple.lport << 16 | seg->tuple.rport);
	bytes_put32(header + 4, seg->seq);
	bytes_put32(header + 8, seg->ack);
	bytes_put32(header + 12, header_bytes / 4 << 28 | (uint32_t)seg->flags << 16 | seg->wnd);
	bytes_put32(header + TCP_HDR_CSUM_AT, 0); /* and the urgent pointer: weir sends no urgent data */
	tcp_opt_build(header + TCP_HDR_BYTES, seg);
	return header_bytes;
}
