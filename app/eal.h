/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal.h - DPDK's EAL, started quietly and with what this machine has.
 *
 * What EAL says while it starts is held back: it belongs to standard error, not among the JSON lines, and
 * when EAL refuses, its first line goes into our one. Others may look in: over its telemetry socket, and,
 * where there are hugepages, as a second process that takes copies of frames. Main thread, once per
 * process.
 */
#ifndef WEIR_APP_EAL_H
#define WEIR_APP_EAL_H

#include "layout.h"
#include "options.h"

#define EAL_ERROR_MAX 512

/* With memory and cards for the layout. 0, or a negative errno with one line. */
int eal_start(const struct options *options, const struct layout *layout, char error[EAL_ERROR_MAX]);

/* EAL's file prefix, by which others find this process; NULL if nobody can. After eal_start(). */
const char *eal_prefix(void);

void eal_stop(void);

#endif
