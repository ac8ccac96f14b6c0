/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * core_round_trip.h - how far apart two cores are: the time in which a cache line goes from one to the other
 * and back.
 *
 * Whatever two cores do together waits for this. On a virtual machine it changes within minutes, with where
 * the host has put the virtual CPUs, so that a figure of two cores says nothing without it.
 */
#ifndef WEIR_BENCH_CORE_ROUND_TRIP_H
#define WEIR_BENCH_CORE_ROUND_TRIP_H

/*
 * Cycles of the time-stamp counter, the median of many, between the calling lcore and `other`, which must
 * wait for work. Takes some milliseconds. 0 after a note when the other one cannot be started.
 */
double core_round_trip(unsigned other);

#endif
