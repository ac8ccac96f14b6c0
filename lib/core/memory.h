/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory.h - the one block of memory that a core lives in, on pages as large as the machine has free.
 *
 * A table that is hit at random costs a page walk per access on 4 KiB pages: 1 GiB or 2 MiB hugepages
 * if free ones cover the block, else transparent ones, else whatever there is. Zeroed, and untouched:
 * what nobody uses takes no memory beyond what hugepages reserve.
 */
#ifndef WEIR_CORE_MEMORY_H
#define WEIR_CORE_MEMORY_H

#include <stddef.h>

enum memory_pages {
	MEMORY_1G,
	MEMORY_2M,
	MEMORY_TRANSPARENT, /* 2 MiB where the kernel finds them, as pages are touched */
	MEMORY_PLAIN,
};

struct memory {
	void *base;
	size_t bytes;          /* as taken, a multiple of the page size */
	size_t hugepage_bytes; /* of these on reserved hugepages */
	enum memory_pages pages;
};

/* socket: the NUMA node to prefer, -1: any. 0 or -ENOMEM. */
int memory_take(struct memory *memory, size_t bytes, int socket);

void memory_give(struct memory *memory);

#endif
