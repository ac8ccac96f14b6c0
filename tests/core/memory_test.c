/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include <sys/mman.h>
#include <unistd.h>

#include "core/memory.h"

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

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct memory memory;

		cr_assert_eq(memory_take(&memory, sizes[i], -1), 0);
		cr_assert_geq(memory.bytes, sizes[i]);
		cr_assert_leq(memory.bytes, sizes[i] + sizes[i] / 8 + 4096);
		cr_assert_eq((uintptr_t)memory.base % 4096, 0);
		cr_assert(memory.hugepage_bytes == 0 || memory.hugepage_bytes == memory.bytes);
		if (memory.pages != MEMORY_PLAIN)
			cr_assert_eq((uintptr_t)memory.base % (2 << 20), 0);
		uint8_t *bytes = memory.base;

		for (size_t k = 0; k < sizes[i]; k += 4096)
			cr_assert_eq(bytes[k], 0);
		bytes[sizes[i] - 1] = 1;
		memory_give(&memory);
		cr_assert_null(memory.base);
		cr_assert_eq(mincore(bytes, 4096, &(unsigned char){ 0 }), -1);
		cr_assert_eq(errno, ENOMEM, "the pages are gone");
	}
}

Test(memory, nothing_is_touched)
{
	struct memory memory;

	cr_assert_eq(memory_take(&memory, (size_t)64 << 20, 0), 0);
	if (memory.hugepage_bytes == 0)
		cr_assert_eq(resident(&memory), 0);
	memory_give(&memory);
}

Test(memory, too_much_is_an_error)
{
	struct memory memory;

	cr_assert_eq(memory_take(&memory, (size_t)1 << 50, -1), -ENOMEM);
}
