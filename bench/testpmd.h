/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * testpmd.h - DPDK's own packet forwarder, run as a child: what a port and a core can do with packets.
 *
 * It stands still but within testpmd_run(), and forwards on the CPU of the caller, which waits meanwhile;
 * bursts of 32, buffers as weir has them, hugepages if this process has any. It runs all the time that is
 * measured, and its CPU time is read before it begins and after it has ended: what others take of a busy
 * machine is left out, and no packet is counted that has not been paid for.
 */
#ifndef WEIR_BENCH_TESTPMD_H
#define WEIR_BENCH_TESTPMD_H

#include <stdint.h>

struct testpmd;

/*
 * Starts it on one port, the vdev string, with `mbufs` buffers. NULL after a note that says why, which is
 * most often that it is not installed.
 */
struct testpmd *testpmd_start(const char *device, uint32_t mbufs);

/*
 * Forwards for about so long by an engine ("5tswap", "csum"). Packets a second of CPU time; 0 after a note.
 */
double testpmd_run(struct testpmd *testpmd, const char *engine, uint64_t ns);

void testpmd_stop(struct testpmd *testpmd);

#endif
