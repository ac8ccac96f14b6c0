/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netns.h - network namespaces of our own, for benches that have Linux at an end of a cable.
 *
 * A namespace is a file descriptor. It has no name, so that it is gone with the descriptor, at the latest
 * with this process. For root; a namespace is entered by the calling thread alone.
 */
#ifndef WEIR_BENCH_NETNS_H
#define WEIR_BENCH_NETNS_H

#include <stdbool.h>

/* The calling thread's, as it is now. -1: none. */
int netns_here(void);

/* A new one; the calling thread stays where it is. -1: none, with errno. */
int netns_make(void);

/* The calling thread is in that one from now on. False after a note. */
bool netns_enter(int netns);

/*
 * A shell's commands in that one; the calling thread stays where it is. True if the last of them succeeded.
 */
bool netns_run(int netns, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
