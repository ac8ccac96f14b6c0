/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lcores.h - which lcore a shard gets when nobody says.
 *
 * The least loaded one; among those the nearest to the port by the machine's NUMA distances; among
 * those a worker before the main lcore, which has statistics to print and captures to write. Machines
 * with one node, or kernels without NUMA, are all equally near.
 */
#ifndef WEIR_RUN_LCORES_H
#define WEIR_RUN_LCORES_H

/*
 * socket: the port's NUMA node, -1: any. loads: shards on each lcore so far, RTE_MAX_LCORE of them.
 * Returns an lcore of EAL's.
 */
unsigned lcores_choose(int socket, const unsigned *loads);

#endif
