/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/frames.h"
#include "wire/build.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"

/* 192.0.2.1:49152 -> 192.0.2.2:80, SYN, MSS 1460: put together by hand, checksums as tshark confirms. */
static const uint8_t syn_frame[] = {
	2,    0,    0,    0,    0,    2,    2,    0,    0,    0,    0,    1,    0x08, 0x00, /* Ethernet */
	0x45, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x40, 0x00, 0x40, 0x06, 0xb6, 0xc8, 192,  0,
	2,    1,    192,  0,    2,    2, /* IP */
	0xc0, 0x00, 0x00, 0x50, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x60, 0x02,
	0xff, 0xff, 0x53, 0xd1, 0x00, 0x00, 2,    4,    5,    0xb4, /* TCP */
};

static const struct seg syn = {
	.tuple = { .laddr = 0xc0000201, .raddr = 0xc0000202, .lport = 49152, .rport = 80 },
	.seq = 1,
	.wnd = 65535,
	.flags = SEG_SYN,
	.opts = SEG_OPT_MSS,
	.mss = 1460,
	.ttl = 64,
};

Test(build, known_frame)
{
	uint8_t *frame = malloc(sizeof(syn_frame));

	cr_assert_eq(build_headers(frame, &syn, NULL, &frames_peer_mac, &frames_our_mac), sizeof(syn_frame));
	build_csum(frame, &syn);
	cr_assert_arr_eq(frame, syn_frame, sizeof(syn_frame));
	free(frame);
}

/* A port adds up what it finds, the partial sum in the field included, and complements it. */
Test(build, what_a_port_finishes_is_what_software_makes)
{
	struct rng rng = { 8 };

	for (unsigned round = 0; round < 1000; round++) {
		struct seg seg = frames_random_seg(&rng);
		uint8_t soft[FRAMES_MAX], hard[FRAMES_MAX];
		unsigned headers = build_headers(soft, &seg, NULL, &frames_peer_mac, &frames_our_mac);
		uint8_t *ip = hard + ETH_BYTES, *tcp = ip + IPV4_BYTES;

		cr_assert_eq(bytes_get16(soft + ETH_BYTES + 2), headers - ETH_BYTES + seg.len);
		for (uint32_t i = 0; i < seg.len; i++)
			soft[headers + i] = (uint8_t)rng_u64(&rng);
		memcpy(hard, soft, headers + seg.len);
		build_csum(soft, &seg);
		build_csum_offload(hard, &seg);
		cr_assert_eq(bytes_get16(ip + 10), 0);
		csum_put(ip + 10, csum_bytes(ip, IPV4_BYTES));
		csum_put(tcp + TCP_HDR_CSUM_AT, csum_bytes(tcp, headers - ETH_BYTES - IPV4_BYTES + seg.len));
		cr_assert_arr_eq(hard, soft, headers + seg.len);
	}
}

Test(build, headers_fit_their_maximum)
{
	struct seg seg = { .flags = SEG_SYN,
			   .opts = SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE };
	uint8_t *frame = malloc(BUILD_HEADERS_MAX);

	cr_assert_leq(build_headers(frame, &seg, NULL, &frames_peer_mac, &frames_our_mac), BUILD_HEADERS_MAX);
	free(frame);
}
