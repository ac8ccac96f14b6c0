/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bulk_veth.h - context for bulk: what Linux carries over a veth, as iperf3 measures it, and weir over that
 * same veth.
 *
 * All on one CPU. Nothing here is what a NIC would make of it: Linux carries weir's frames, one system call
 * for each, and iperf3 neither fills nor looks at the bytes that it sends.
 */
#ifndef WEIR_BENCH_BULK_VETH_H
#define WEIR_BENCH_BULK_VETH_H

#include "bulk_bytes.h"

/*
 * Prints its rows. 0, also where it is not to be had (then after a note that says why);
 * -1: something went wrong.
 */
int bulk_veth(struct bulk_bytes *bytes);

#endif
