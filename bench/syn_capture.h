/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syn_capture.h - a flood to replay: 64 k SYNs as Linux sends them, of as many clients, in a file that
 * libpcap wrote.
 *
 * 74 bytes each: MSS 1460, SACK-permitted, timestamps, NOP, window scale 7, and right checksums. Each
 * has an address and an ISN that no other has. They are the same in each run.
 *
 * The file has no name (memfd_create(2)), so that none is left behind, however a run ends. This process
 * and its children open it through /proc while the capture is open.
 */
#ifndef WEIR_BENCH_SYN_CAPTURE_H
#define WEIR_BENCH_SYN_CAPTURE_H

#include <stdint.h>

#include "wire/eth.h"
#include "wire/seg.h"

#define SYN_CAPTURE_FRAMES 65536
#define SYN_CAPTURE_FRAME_BYTES 74

/* Whom they are for. The clients are on the same link: SYN_CAPTURE_PREFIX_LEN bits. */
#define SYN_CAPTURE_SERVER 0xc613fffeu /* 198.19.255.254 */
#define SYN_CAPTURE_PREFIX_LEN 15
#define SYN_CAPTURE_PORT 80

extern const struct eth_addr syn_capture_server_mac, syn_capture_client_mac;

/* SYN number i, as its client sees it. */
struct seg syn_capture_seg(uint32_t i);

/* The same as a frame of SYN_CAPTURE_FRAME_BYTES; returns how many it has. */
unsigned syn_capture_frame(uint8_t *frame, uint32_t i);

struct syn_capture {
	int fd;
	char device[96]; /* vdev string of a port that replays it without end, and drops what is sent */
};

/* 0, or -1 after a note that says why. */
int syn_capture_open(struct syn_capture *capture);

void syn_capture_close(struct syn_capture *capture);

#endif
