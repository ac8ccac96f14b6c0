/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal_files.h - what DPDK keeps in the file system while a process runs, so that others find it: a directory
 * named after the process's file prefix, with the telemetry socket and, where memory is shared, what a second
 * process attaches to; and then a file for each hugepage.
 *
 * EAL leaves them behind, for the next start under the same prefix. weir's prefix is its own in each run,
 * weir-PID, so that two runs never meet; so it cleans up behind itself: files at its end, and those of a
 * weir that was killed when the next one starts. A file of hugepages keeps its page from everybody else
 * until then.
 *
 * Main thread.
 */
#ifndef WEIR_APP_EAL_FILES_H
#define WEIR_APP_EAL_FILES_H

#include <stdbool.h>

#define EAL_RUNTIME_DIR_MAX 108 /* a socket's path */

/*
 * Makes this process's directory as EAL would, and writes its path. False, and an empty path, where that
 * cannot be, or the path of its socket would be too long.
 */
bool eal_files_claim(char runtime_dir[EAL_RUNTIME_DIR_MAX]);

/* The prefix that a directory is named after; empty if it is none. */
const char *eal_files_prefix(const char *runtime_dir);

/* Removes what EAL made under this directory's prefix, and the directory if nothing else is in it. */
void eal_files_remove(const char *runtime_dir);

/* Removes those of weirs that run no more. */
void eal_files_sweep(void);

#endif
