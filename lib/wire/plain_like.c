/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/plain_like.h"

#include "base/check.h"
#include "wire/tcp_opt.h"

void plain_like_of(struct plain_like *like, const struct seg *seg, const struct pair *pair,
		   const struct eth_addr *dst, const struct eth_addr *src)
{
	uint16_t csum;

	DCHECK(!(seg->opts & ~SEG_OPT_TS));
	like->bytes = plain_build(like->headers, seg, pair, dst, src, 0);
	like->tcp_at = like->bytes - TCP_HDR_BYTES - tcp_opt_bytes(seg);
	memcpy(&csum, like->headers + like->tcp_at + TCP_HDR_CSUM_AT, sizeof(csum));
	/* What is taken off a sum is added as its complement (RFC 1624 section 3). */
	like->sum = (uint64_t)(uint16_t)~csum + (uint16_t)~csum_fold(htobe32(seg->seq));
}
