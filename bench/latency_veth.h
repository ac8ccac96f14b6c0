/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * latency_veth.h - context for latency: sockperf's round trips over TCP between two namespaces, and weir's
 * over that same veth. All on one CPU: Linux changes over between two processes, and carries weir's frames by
 * system calls.
 */
#ifndef WEIR_BENCH_LATENCY_VETH_H
#define WEIR_BENCH_LATENCY_VETH_H

#include "latency_pair.h"

/*
 * Prints its rows. 0, also where it is not to be had (then after a note that says why);
 * -1: something went wrong.
 */
int latency_veth(struct latency_pair *pair);

#endif
