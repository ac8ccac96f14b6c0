/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <numa.h>
#include <numaif.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/memory.h"
#include "tcp/tcp.h"

#define MIB ((size_t)1 << 20)
#define PAGE_2M (2 * MIB)
#define FOLDER_2M "/sys/kernel/mm/hugepages/hugepages-2048kB/"

static size_t read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t number = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%zu", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

static void write_number(const char *path, size_t number)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return;
	fprintf(file, "%zu", number);
	fclose(file);
}

/* Of the whole process, as the kernel sums it up. */
static size_t transparent_bytes(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	size_t kib = 0;
	char line[256];

	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL && sscanf(line, "AnonHugePages: %zu", &kib) != 1)
		;
	fclose(file);
	return kib * 1024;
}

/* Pages of the block that are in memory. */
static size_t resident(const struct memory *memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = memory->bytes / page, found = 0;
	unsigned char *map = calloc(pages, 1);

	cr_assert_eq(mincore(memory->base, memory->bytes, map), 0);
	for (size_t i = 0; i < pages; i++)
		found += map[i] & 1;
	free(map);
	return found;
}

Test(memory, blocks_of_many_sizes)
{
	static const size_t sizes[] = { 1, 4096, 100000, 3 << 19, 2 << 20, (40 << 20) + 12345 };

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]) * 4; i++) {
		size_t size = sizes[i / 4];
		enum weir_pages largest = (enum weir_pages)(i % 4);
		struct memory memory;

		cr_assert_eq(memory_take(&memory, size, -1, largest), 0);
		cr_assert_geq(memory.pages, largest);
		cr_assert_geq(memory.bytes, size);
		cr_assert_leq(memory.bytes, size + size / 8 + 4096);
		cr_assert_eq((uintptr_t)memory.base % 4096, 0);
		if (memory.pages != WEIR_PAGES_NORMAL)
			cr_assert_eq((uintptr_t)memory.base % PAGE_2M, 0);
		uint8_t *bytes = memory.base;

		for (size_t k = 0; k < size; k += 4096)
			cr_assert_eq(bytes[k], 0);
		bytes[size - 1] = 1;
		memory_give(&memory);
		cr_assert_null(memory.base);
		cr_assert_eq(mincore(bytes, 4096, &(unsigned char){ 0 }), -1);
		cr_assert_eq(errno, ENOMEM, "the pages are gone");
	}
}

/* No burst waits for the kernel to make a page. */
Test(memory, all_is_there)
{
	struct memory memory;

	for (unsigned pages = WEIR_PAGES_TRANSPARENT; pages <= WEIR_PAGES_NORMAL; pages++) {
		cr_assert_eq(memory_take(&memory, 64 * MIB, 0, (enum weir_pages)pages), 0);
		cr_assert_eq(resident(&memory), memory.bytes / (size_t)sysconf(_SC_PAGESIZE));
		memory_give(&memory);
	}
}

Test(memory, too_much_is_an_error)
{
	struct memory memory;

	cr_assert_eq(memory_take(&memory, (size_t)1 << 50, -1, WEIR_PAGES_1G), -ENOMEM);
}

#define ASIDE 4

/* Root sets some aside; whoever finds too few gets transparent ones. */
Test(memory, pages_that_were_set_aside)
{
	size_t before = read_number(FOLDER_2M "nr_hugepages"), after;
	struct memory memory;

	write_number(FOLDER_2M "nr_hugepages", before + ASIDE);
	after = read_number(FOLDER_2M "nr_hugepages");
	/* Another test may take one at this moment. */
	bool are_there = read_number(FOLDER_2M "free_hugepages") >= ASIDE - 1;

	cr_assert_eq(memory_take(&memory, 2 * PAGE_2M - 100, -1, WEIR_PAGES_2M), 0);
	cr_assert_eq(memory.pages, are_there ? WEIR_PAGES_2M : WEIR_PAGES_TRANSPARENT);
	if (are_there)
		cr_assert_eq(memory_hugepage_bytes(&memory), 2 * PAGE_2M);
	memset(memory.base, 1, memory.bytes);
	memory_give(&memory);
	if (are_there)
		cr_assert_geq(read_number(FOLDER_2M "free_hugepages"), 2, "they went back");
	write_number(FOLDER_2M "nr_hugepages", read_number(FOLDER_2M "nr_hugepages") - (after - before));
}

/* Two blocks that may touch: each knows its own pages. The kernel may be set to make none. */
Test(memory, transparent_pages_are_counted)
{
	size_t others = transparent_bytes(), made;
	struct memory a, b;

	cr_assert_eq(memory_take(&a, 32 * MIB, -1, WEIR_PAGES_TRANSPARENT), 0);
	made = memory_hugepage_bytes(&a);
	cr_assert_eq(made, transparent_bytes() - others);
	cr_assert_leq(made, a.bytes);
	cr_assert_eq(memory_take(&b, 16 * MIB, -1, WEIR_PAGES_TRANSPARENT), 0);
	cr_assert_eq(memory_hugepage_bytes(&a), made);
	cr_assert_eq(memory_hugepage_bytes(&b), transparent_bytes() - others - made);
	cr_assert(made == 0 || memory_hugepage_bytes(&b) > 0);
	memory_give(&a);
	cr_assert_eq(memory_hugepage_bytes(&b), transparent_bytes() - others);
	memory_give(&b);
}

Test(memory, normal_pages_stay_so)
{
	struct memory memory;

	cr_assert_eq(memory_take(&memory, 32 * MIB, -1, WEIR_PAGES_NORMAL), 0);
	size_t others = transparent_bytes();

	memset(memory.base, 1, memory.bytes);
	cr_assert_eq(memory_hugepage_bytes(&memory), 0);
	cr_assert_eq(transparent_bytes(), others);
	memory_give(&memory);
}

Test(memory, the_node_is_preferred)
{
	struct memory memory;
	unsigned long nodes = 0;
	int policy = MPOL_PREFERRED;

	cr_assert_eq(memory_take(&memory, 4 * MIB, 0, WEIR_PAGES_TRANSPARENT), 0);
	if (numa_available() == 0) {
		cr_assert_eq(get_mempolicy(&policy, &nodes, 8 * sizeof(nodes), memory.base, MPOL_F_ADDR), 0);
		cr_assert_eq(nodes, 1);
	}
	cr_assert_eq(policy, MPOL_PREFERRED);
	memory_give(&memory);
}

/* All that a core of ten million takes, shared out among them: docs/sizing.md. */
static double bytes_each(uint32_t connections, uint32_t half_open, uint32_t time_wait)
{
	struct weir_config config;

	weir_config_default(&config);
	config.ranges_count = 1;
	config.ranges[0] = (struct weir_range){ weir_ipv4(0xc6120001), weir_ipv4(0xc6120001), 24 };
	config.max_connections = connections;
	config.max_half_open = half_open;
	config.max_time_wait = time_wait;
	config.max_extensions = config.max_events = 1024;
	return (double)tcp_footprint(&config) / 1e7;
}

Test(memory, bytes_of_a_connection_by_state)
{
	cr_assert_leq(bytes_each(10000000, 1024, 1024), 76);
	cr_assert_leq(bytes_each(1024, 10000000, 1024), 60);
	cr_assert_leq(bytes_each(1024, 1024, 10000000), 44);
}
