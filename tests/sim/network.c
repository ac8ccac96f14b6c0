/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/network.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "wire/eth.h"
#include "wire/ipv4.h"

void network_init(struct network *network, const struct network_faults *faults, uint64_t seed)
{
	*network = (struct network){ .faults = *faults, .rng = { seed } };
}

void network_free(struct network *network)
{
	for (unsigned i = 0; i < network->count; i++)
		free(network->heap[i].bytes);
	free(network->heap);
}

static bool earlier(const struct network_frame *a, const struct network_frame *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void push(struct network *network, struct network_frame frame)
{
	if (network->count == network->capacity) {
		network->capacity = network->capacity ? 2 * network->capacity : 64;
		network->heap = realloc(network->heap, network->capacity * sizeof(*network->heap));
		CHECK(network->heap != NULL);
	}
	unsigned i = network->count++;

	for (; i > 0 && earlier(&frame, &network->heap[(i - 1) / 2]); i = (i - 1) / 2)
		network->heap[i] = network->heap[(i - 1) / 2];
	network->heap[i] = frame;
}

static bool happens(struct network *network, unsigned per_mille)
{
	return rng_below(&network->rng, 1000) < per_mille;
}

/* Within one byte: the ones' complement sum finds every such change, so nothing wrong may get through. */
static void corrupt(struct network *network, uint8_t *bytes, uint32_t len)
{
	bytes[rng_below(&network->rng, len)] ^= (uint8_t)(1 + rng_below(&network->rng, 255));
	network->corrupted++;
}

/*
 * Congestion Experienced, on a packet that says ECT(0) or ECT(1) (RFC 3168 section 5): in IPv4's second byte,
 * or four bits further on, where IPv6's traffic class ends.
 */
static void mark(struct network *network, uint8_t *bytes)
{
	uint8_t *packet = bytes + ETH_BYTES;
	bool is6 = packet[0] >> 4 == 6;
	unsigned shift = is6 ? 4 : 0, ecn = packet[1] >> shift & 3;

	if (ecn == 0 || ecn == 3 || !happens(network, network->faults.marking))
		return;
	packet[1] |= (uint8_t)(3 << shift);
	network->marked++;
	if (is6)
		return;
	packet[10] = packet[11] = 0; /* the checksum, as ipv4_build_csum() wants it */
	ipv4_build_csum(packet);
}

static void send_copy(struct network *network, unsigned to, const uint8_t *bytes, uint32_t len,
		      uint64_t now_ns)
{
	struct network_frame frame = {
		.due_ns = now_ns + network->faults.delay_ns,
		.order = network->sent++,
		.bytes = malloc(len),
		.len = len,
		.to = to,
	};

	CHECK(frame.bytes != NULL);
	memcpy(frame.bytes, bytes, len);
	mark(network, frame.bytes);
	if (happens(network, network->faults.reordering)) {
		frame.due_ns += (rng_u64(&network->rng) >> 16) % (network->faults.jitter_ns + 1);
		network->reordered++;
	}
	if (happens(network, network->faults.corruption))
		corrupt(network, frame.bytes, len);
	push(network, frame);
}

void network_send(struct network *network, unsigned to, const uint8_t *bytes, uint32_t len, uint64_t now_ns)
{
	if (happens(network, network->faults.loss)) {
		network->lost++;
		return;
	}
	send_copy(network, to, bytes, len, now_ns);
	if (happens(network, network->faults.duplication)) {
		network->doubled++;
		send_copy(network, to, bytes, len, now_ns);
	}
}

uint64_t network_next(const struct network *network)
{
	return network->count > 0 ? network->heap[0].due_ns : UINT64_MAX;
}

struct network_frame network_take(struct network *network)
{
	struct network_frame first = network->heap[0], last = network->heap[--network->count];
	unsigned i = 0;

	for (;;) {
		unsigned child = 2 * i + 1;

		if (child >= network->count)
			break;
		if (child + 1 < network->count && earlier(&network->heap[child + 1], &network->heap[child]))
			child++;
		if (!earlier(&network->heap[child], &last))
			break;
		network->heap[i] = network->heap[child];
		i = child;
	}
	network->heap[i] = last;
	return first;
}
