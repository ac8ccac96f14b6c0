/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory.h - the one block of memory that a core lives in, on pages as large as the machine has free.
 *
 * A table that is hit at random costs a page walk per access on 4 KiB pages: 1 GiB or 2 MiB hugepages if free
 * ones cover the block, else transparent ones, else whatever there is. Zeroed, and populated: a page that the
 * kernel makes under way costs a burst some hundred microseconds, and memory that is not there is to be
 * missed at start.
 *
 * Not thread-safe but for memory_hugepage_bytes(), which any thread may call while the block is there.
 */
#ifndef WEIR_CORE_MEMORY_H
#define WEIR_CORE_MEMORY_H

#include <stddef.h>

#include "weir.h"

struct memory {
	void *base;
	size_t bytes; /* as taken, a multiple of the page size */
	enum weir_pages pages;
	/* Private: what is given back, with what keeps neighbours apart from it. */
	void *mapping;
	size_t mapping_bytes;
};

/* socket: the NUMA node to prefer, -1: any. largest: no larger pages than these. 0 or -ENOMEM. */
int memory_take(struct memory *memory, size_t bytes, int socket, enum weir_pages largest);

/*
 * How many of its bytes lie on hugepages now. Of transparent ones the kernel makes as many as it finds room
 * for; it is asked, which takes a while.
 */
size_t memory_hugepage_bytes(const struct memory *memory);

void memory_give(struct memory *memory);

#endif
