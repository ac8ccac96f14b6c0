/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * machine.h - what this machine gives to this process.
 */
#ifndef WEIR_APP_MACHINE_H
#define WEIR_APP_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * MiB of hugepages that are free, and that this user may take. mounted: those alone whose size has a file
 * system, so that they can be files, and others can map them, too.
 */
uint64_t machine_hugepages_mib(bool mounted);

/* NUMA nodes; at least 1. */
unsigned machine_nodes(void);

/*
 * CPUs below `last` that this process may run on, lowest first: into cpus[], at most max. Returns how
 * many.
 */
unsigned machine_cpus(unsigned *cpus, unsigned max, unsigned last);

#endif
