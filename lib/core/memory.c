/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/mman.h>
#include <numa.h>
#include <numaif.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB_2 ((size_t)2 << 20)
#define GIB_1 ((size_t)1 << 30)

static size_t round_up(size_t bytes, size_t page)
{
	return (bytes + page - 1) / page * page;
}

/* Reserved pages are taken from others: an eighth more than asked for is the most. */
static bool worth(size_t bytes, size_t page)
{
	return round_up(bytes, page) - bytes <= bytes / 8;
}

static void *map(size_t bytes, int flags)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return base == MAP_FAILED ? NULL : base;
}

/* Fails unless free hugepages cover the whole block: the kernel reserves them here. */
static bool take_huge(struct memory *memory, size_t bytes, size_t page, int flag, enum memory_pages pages)
{
	if (!worth(bytes, page))
		return false;
	memory->bytes = round_up(bytes, page);
	memory->base = map(memory->bytes, MAP_HUGETLB | flag);
	memory->hugepage_bytes = memory->bytes;
	memory->pages = pages;
	return memory->base != NULL;
}

/* Aligned to 2 MiB, so that no huge page is lost at the ends. */
static bool take_transparent(struct memory *memory, size_t bytes)
{
	size_t wanted = round_up(bytes, MIB_2);

	if (!worth(bytes, MIB_2))
		return false;
	uint8_t *base = map(wanted + MIB_2, 0);

	if (base == NULL)
		return false;
	size_t front = (MIB_2 - (uintptr_t)base % MIB_2) % MIB_2;

	if (front > 0)
		munmap(base, front);
	munmap(base + front + wanted, MIB_2 - front);
	*memory = (struct memory){ .base = base + front, .bytes = wanted, .pages = MEMORY_TRANSPARENT };
	if (madvise(memory->base, wanted, MADV_HUGEPAGE) != 0)
		memory->pages = MEMORY_PLAIN;
	return true;
}

/* Preferred, not bound: a page from afar is better than a signal. */
static void prefer_node(const struct memory *memory, int socket)
{
	if (socket < 0 || numa_available() < 0 || numa_max_node() < 1 || socket > numa_max_node())
		return;
	struct bitmask *nodes = numa_bitmask_alloc((unsigned)numa_max_node() + 1);

	if (nodes == NULL)
		return;
	numa_bitmask_setbit(nodes, (unsigned)socket);
	mbind(memory->base, memory->bytes, MPOL_PREFERRED, nodes->maskp, nodes->size + 1, 0);
	numa_bitmask_free(nodes);
}

int memory_take(struct memory *memory, size_t bytes, int socket)
{
	*memory = (struct memory){ .base = NULL };
	if (!take_huge(memory, bytes, GIB_1, MAP_HUGE_1GB, MEMORY_1G) &&
	    !take_huge(memory, bytes, MIB_2, MAP_HUGE_2MB, MEMORY_2M) && !take_transparent(memory, bytes)) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);

		*memory = (struct memory){ .bytes = round_up(bytes, page), .pages = MEMORY_PLAIN };
		memory->base = map(memory->bytes, 0);
	}
	if (memory->base == NULL)
		return -ENOMEM;
	prefer_node(memory, socket);
	return 0;
}

void memory_give(struct memory *memory)
{
	if (memory->base != NULL)
		munmap(memory->base, memory->bytes);
	memory->base = NULL;
}
