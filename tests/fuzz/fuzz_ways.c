/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_ways - short ways against long ones, ways.h: the first byte names the program, the others are it. */
#include "fuzz/fault.h"
#include "fuzz/ways.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		ways_compare((enum ways_program)(data[0] % WAYS_PROGRAMS), data + 1, size - 1);
	return 0;
}
