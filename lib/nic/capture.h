/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * capture.h - every frame of every port, both directions, in a pcapng file that Wireshark opens.
 *
 * The lcore that holds a frame copies it (rte_pcapng) and puts the copy into a ring; the main thread
 * takes copies out and writes them, so that no loop waits for a disk. Both ends have a bound: without
 * room in the ring or in the pool of copies, capture_frames() records less than it was given.
 *
 * A frame whose checksums were left to the port would look broken in the file: while capturing they
 * are computed here, in the frame itself, before it is copied and sent.
 *
 * Three things that rte_pcapng of DPDK 22.11 does not do for us: it converts time by static variables that
 * all lcores write, it does not free what it wrote, and it knows only the ports that existed when
 * its file was begun. capture.c works around each where it matters.
 *
 * Threads: capture_frames() and capture_room() any lcore; all others the main thread.
 */
#ifndef WEIR_NIC_CAPTURE_H
#define WEIR_NIC_CAPTURE_H

#include <stdint.h>

#include "nic/why.h"

struct capture;
struct rte_mbuf;

enum capture_direction {
	CAPTURE_IN,
	CAPTURE_OUT,
};

/* What time stamps are made of: a moment shortly before, by the TSC and since 1970, and the TSC's rate. */
struct capture_clock {
	uint64_t tsc, wall_ns, hz;
};

/* Creates the file. NULL with the reason in `why` and its errno value in rte_errno. */
struct capture *capture_open(const char *path, struct why *why);

/*
 * Takes memory for copies of frames of max_frame bytes, and writes the file's header with all ports that are
 * open now. 0, or a negative errno with the reason in `why`. Once, before the first frame.
 */
int capture_begin(struct capture *capture, uint32_t max_frame, const struct capture_clock *clock,
		  struct why *why);

/* Records n frames, which stay the caller's. Returns how many were recorded; the rest is lost. */
uint16_t capture_frames(struct capture *capture, uint16_t port, uint16_t queue,
			struct rte_mbuf *const *frames, uint16_t n, enum capture_direction direction);

/* Frames that fit now. */
unsigned capture_room(const struct capture *capture);

/*
 * Writes what is waiting, up to a bound. Returns how many frames, or the negative errno of the first failure;
 * after one, frames are freed unwritten.
 */
int capture_write(struct capture *capture);

/* Writes the rest and closes the file. 0, or the negative errno of the first failure. Loops stopped. */
int capture_close(struct capture *capture);

#endif
