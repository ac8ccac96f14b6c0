/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal.h - EAL for tests: no hugepages, no PCI, no root, no files; two lcores, on one CPU if there is but one.
 *
 * Criterion runs each test in a process of its own, so each may start EAL: make it the suite's .init.
 */
#ifndef WEIR_TESTS_EAL_H
#define WEIR_TESTS_EAL_H

#define EAL_WORKER 1u /* the lcore beside the main one, which is 0 */

#define EAL_SOCKET_MAX 108 /* a path of a Unix socket */

void eal_start(void);

/*
 * The same with DPDK's telemetry, in a directory of its own. path: its socket. Files go by
 * eal_forget_socket(), which the suite's .fini calls.
 */
void eal_start_watched(char path[EAL_SOCKET_MAX]);
void eal_forget_socket(const char *path);

#endif
