/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor_machine.h - a machine made up in a folder, for the doctor to look at.
 *
 * It lacks nothing: two sockets of two cores of two threads, CPUs 4 to 7 and three cards on node 1,
 * hugepages, an IOMMU, Debian's kernel, and root as its user. What a test changes can be put back, since
 * making all of it takes a while. What goes wrong while it is made fails the test.
 */
#ifndef WEIR_TESTS_DOCTOR_MACHINE_H
#define WEIR_TESTS_DOCTOR_MACHINE_H

#include <limits.h>

extern char machine_root[PATH_MAX];

void machine_make(void);
void machine_unmake(void);

/* text: what the file holds, and a newline; "-> X": a link to X; "/": a folder; NULL: nothing is there. */
void machine_put(const char *path, const char *text);

/* Undoes every machine_put() since machine_make(), or since the last of these. */
void machine_restore(void);

#endif
