/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * core_faults.h - what has no place in a connection that nothing disturbs, by what a core has counted: drops,
 * retransmissions, cookies, connections that failed, and records or ports that ran out. A bench in which one
 * happens has measured something else.
 */
#ifndef WEIR_BENCH_CORE_FAULTS_H
#define WEIR_BENCH_CORE_FAULTS_H

#include <stdint.h>

struct weir_core;

/* So far. */
uint64_t core_faults(const struct weir_core *core);

/* Notes of what they were, of whose core. */
void core_faults_tell(const struct weir_core *core, const char *who);

#endif
