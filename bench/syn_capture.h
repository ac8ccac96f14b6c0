/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syn_capture.h - a flood to replay: 64 k SYNs of one family as Linux sends them, of as many clients, in a
 * file that libpcap wrote.
 *
 * 74 bytes each, or 94 of IPv6: MSS 1460 or 1440, SACK-permitted, timestamps, NOP, window scale 7, and right
 * checksums. Each has an address and an ISN that no other has. They are the same in each run.
 *
 * The file has no name (memfd_create(2)), so that none is left behind, however a run ends. This process
 * and its children open it through /proc while the capture is open.
 */
#ifndef WEIR_BENCH_SYN_CAPTURE_H
#define WEIR_BENCH_SYN_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/eth.h"
#include "wire/seg.h"

#define SYN_CAPTURE_FRAMES 65536
#define SYN_CAPTURE_FRAME_MAX 94

/* Whom they are for. The clients are on the same link. */
#define SYN_CAPTURE_SERVER 0xc613fffeu /* 198.19.255.254/15, or this number in fd99::/64 */
#define SYN_CAPTURE_NET_6 0xfd99000000000000ull
#define SYN_CAPTURE_PORT 80

extern const struct eth_addr syn_capture_server_mac, syn_capture_client_mac;

/* One of this link's addresses, by its number: that of IPv4. */
static inline struct weir_address syn_capture_address(bool is6, uint32_t number)
{
	return is6 ? (struct weir_address){ SYN_CAPTURE_NET_6, number } : weir_ipv4(number);
}

static inline unsigned syn_capture_prefix_len(bool is6)
{
	return is6 ? 64 : 15;
}

static inline unsigned syn_capture_frame_bytes(bool is6)
{
	return is6 ? 94 : 74;
}

/* SYN number i and its addresses, as its client sees it. Of an IPv6 tuple the ports alone mean something. */
struct seg syn_capture_seg(bool is6, uint32_t i, struct pair *pair);

/* The same as a frame; returns how many bytes it has. */
unsigned syn_capture_frame(bool is6, uint8_t *frame, uint32_t i);

struct syn_capture {
	bool is6;
	int fd;
	char device[96]; /* vdev string of a port that replays it without end, and drops what is sent */
};

/* 0, or -1 after a note that says why. One of each family at a time. */
int syn_capture_open(struct syn_capture *capture, bool is6);

void syn_capture_close(struct syn_capture *capture);

#endif
