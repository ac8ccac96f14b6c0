/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hugepages.h - 2 MiB hugepages for a run of benches: those that are free, and as many more as are wanted.
 *
 * Tables that are hit at random cost a page walk an access on 4 KiB pages, for weir and for its references
 * alike, so figures are told for hugepages wherever they can be had. Root takes what is missing from the
 * kernel, says so, and gives exactly that many back at the end, or when a signal ends the run; pages that are
 * still in use then go as the process does. Where they cannot be had a run goes on without.
 *
 * One run per process; the main thread.
 */
#ifndef WEIR_BENCH_HUGEPAGES_H
#define WEIR_BENCH_HUGEPAGES_H

#include <stdbool.h>

/*
 * Whether `mib` MiB of free hugepages are there for this process, now at the latest.
 * A note says how, or why not.
 */
bool hugepages_take(unsigned mib);

/* Memory that may be had now: free hugepages, and what else is free. */
unsigned long hugepages_and_rest_mib(void);

/* What was taken goes back. */
void hugepages_give(void);

#endif
