/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal.h - EAL for tests: no hugepages, no PCI, no root, no files; two lcores, on one CPU if there is but one.
 *
 * Criterion runs each test in a process of its own, so each may start EAL: make it the suite's .init.
 */
#ifndef WEIR_TESTS_EAL_H
#define WEIR_TESTS_EAL_H

#define EAL_WORKER 1u /* the lcore beside the main one, which is 0 */

void eal_start(void);

#endif
