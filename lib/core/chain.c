/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/chain.h"

#include "base/check.h"
#include "wire/csum.h"

/* The part of a segment that lies in [*offset, ...), at most len bytes of it; moves *offset along. */
static uint32_t part_of(const struct rte_mbuf *m, uint32_t *offset, uint32_t len, const uint8_t **bytes)
{
	*bytes = rte_pktmbuf_mtod_offset(m, const uint8_t *, *offset);
	if (*offset >= m->data_len) {
		*offset -= m->data_len;
		return 0;
	}
	uint32_t here = m->data_len - *offset;

	*offset = 0;
	return here < len ? here : len;
}

uint64_t chain_csum(const struct rte_mbuf *m, uint32_t from, uint32_t to)
{
	uint32_t done = 0, len = to - from;
	const uint8_t *bytes;
	uint64_t sum = 0;

	for (; done < len; m = m->next) {
		CHECK(m != NULL);
		uint32_t part = part_of(m, &from, len - done, &bytes);

		sum = csum_add(sum, csum_at(csum_bytes(bytes, part), done));
		done += part;
	}
	return sum;
}

uint64_t chain_read(const struct rte_mbuf *m, uint32_t offset, void *dst, uint32_t len)
{
	const uint8_t *bytes;
	uint8_t *out = dst;
	uint32_t done = 0;
	uint64_t sum = 0;

	if (likely(offset + len <= m->data_len))
		return csum_copy(dst, rte_pktmbuf_mtod_offset(m, const uint8_t *, offset), len);
	for (; done < len; m = m->next) {
		CHECK(m != NULL);
		uint32_t part = part_of(m, &offset, len - done, &bytes);

		sum = csum_add(sum, csum_at(csum_copy(out + done, bytes, part), done));
		done += part;
	}
	return sum;
}

void chain_cut(struct rte_mbuf *m, uint32_t len)
{
	DCHECK(len <= m->pkt_len);
	m->pkt_len = len;
	for (; m != NULL; m = m->next) {
		if (m->data_len > len)
			m->data_len = (uint16_t)len;
		len -= m->data_len;
	}
}
