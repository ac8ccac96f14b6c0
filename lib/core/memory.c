/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

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

static void *map(size_t bytes, int protection, int flags)
{
	void *base = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return base == MAP_FAILED ? NULL : base;
}

/* The whole mapping is the block. */
static bool take_whole(struct memory *memory, size_t bytes, size_t page, int flags)
{
	memory->bytes = memory->mapping_bytes = round_up(bytes, page);
	memory->base = memory->mapping = map(memory->bytes, PROT_READ | PROT_WRITE, flags);
	return memory->base != NULL;
}

/* Fails unless free hugepages cover the whole block: the kernel reserves them here. */
static bool take_reserved(struct memory *memory, size_t bytes, size_t page, int flag)
{
	return worth(bytes, page) && take_whole(memory, bytes, page, MAP_HUGETLB | flag);
}

/*
 * Aligned to 2 MiB, so that no huge page is lost at the ends. What is left over there stays, out of reach:
 * the kernel would make one mapping of two blocks that touch, and could not tell their pages apart any more.
 */
static bool take_transparent(struct memory *memory, size_t bytes)
{
	if (!worth(bytes, MIB_2))
		return false;
	memory->bytes = round_up(bytes, MIB_2);
	memory->mapping_bytes = memory->bytes + MIB_2;
	memory->mapping = map(memory->mapping_bytes, PROT_NONE, 0);
	if (memory->mapping == NULL)
		return false;
	size_t front = MIB_2 - (uintptr_t)memory->mapping % MIB_2;

	memory->base = (uint8_t *)memory->mapping + (front % MIB_2);
	if (mprotect(memory->base, memory->bytes, PROT_READ | PROT_WRITE) == 0 &&
	    madvise(memory->base, memory->bytes, MADV_HUGEPAGE) == 0)
		return true;
	memory_give(memory);
	return false;
}

/* No larger ones, though the kernel may be set to make them unasked. */
static bool take_normal(struct memory *memory, size_t bytes)
{
	if (!take_whole(memory, bytes, (size_t)sysconf(_SC_PAGESIZE), 0))
		return false;
	madvise(memory->base, memory->bytes, MADV_NOHUGEPAGE);
	return true;
}

static bool take(struct memory *memory, size_t bytes, enum weir_pages pages)
{
	*memory = (struct memory){ .pages = pages };
	switch (pages) {
	case WEIR_PAGES_1G:
		return take_reserved(memory, bytes, GIB_1, MAP_HUGE_1GB);
	case WEIR_PAGES_2M:
		return take_reserved(memory, bytes, MIB_2, MAP_HUGE_2MB);
	case WEIR_PAGES_TRANSPARENT:
		return take_transparent(memory, bytes);
	case WEIR_PAGES_NORMAL:
		return take_normal(memory, bytes);
	}
	return false;
}

/* Preferred, not bound: a page from afar is better than a signal. */
static void prefer_node(const struct memory *memory, int socket)
{
	if (socket < 0 || numa_available() < 0 || socket > numa_max_node())
		return;
	struct bitmask *nodes = numa_bitmask_alloc((unsigned)numa_max_node() + 1);

	if (nodes == NULL)
		return;
	numa_bitmask_setbit(nodes, (unsigned)socket);
	mbind(memory->base, memory->bytes, MPOL_PREFERRED, nodes->maskp, nodes->size + 1, 0);
	numa_bitmask_free(nodes);
}

/*
 * False: there is not that much. A kernel before 5.14 cannot be asked,
 * and makes the pages when they are touched.
 */
static bool populate(const struct memory *memory)
{
	return madvise(memory->base, memory->bytes, MADV_POPULATE_WRITE) == 0 || errno == EINVAL;
}

int memory_take(struct memory *memory, size_t bytes, int socket, enum weir_pages largest)
{
	for (unsigned pages = largest; pages <= WEIR_PAGES_NORMAL; pages++) {
		if (!take(memory, bytes, (enum weir_pages)pages))
			continue;
		prefer_node(memory, socket);
		if (populate(memory))
			return 0;
		memory_give(memory);
	}
	return -ENOMEM;
}

void memory_give(struct memory *memory)
{
	if (memory->mapping != NULL)
		munmap(memory->mapping, memory->mapping_bytes);
	memory->base = memory->mapping = NULL;
}

/*
 * As the kernel tells of its mappings: each begins with a line "first-last ...",
 * and AnonHugePages is a line in it.
 */
static size_t transparent_bytes(const struct memory *memory)
{
	uintptr_t begin = (uintptr_t)memory->base, at = 0, first, last;
	FILE *file = fopen("/proc/self/smaps", "re");
	size_t kib, found = 0;
	char line[512];

	if (file == NULL)
		return 0;
	while (at < begin + memory->bytes && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &first, &last) == 2)
			at = first;
		else if (at >= begin && sscanf(line, "AnonHugePages: %zu kB", &kib) == 1)
			found += kib * 1024;
	}
	fclose(file);
	return found;
}

size_t memory_hugepage_bytes(const struct memory *memory)
{
	switch (memory->pages) {
	case WEIR_PAGES_1G:
	case WEIR_PAGES_2M:
		return memory->bytes;
	case WEIR_PAGES_TRANSPARENT:
		return transparent_bytes(memory);
	case WEIR_PAGES_NORMAL:
		return 0;
	}
	return 0;
}
