/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * machine.h - what this machine gives to this process.
 */
#ifndef WEIR_APP_MACHINE_H
#define WEIR_APP_MACHINE_H

#include <stdbool.h>

/* Hugepages that are free, and that this user may take. */
bool machine_hugepages(void);

/*
 * CPUs below `last` that this process may run on, lowest first: into cpus[], at most max. Returns how
 * many.
 */
unsigned machine_cpus(unsigned *cpus, unsigned max, unsigned last);

#endif
