/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_pair - two shards that talk to each other: pair.c. */
#include "fuzz/fault.h"
#include "fuzz/programs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pair_run(data, size);
	return 0;
}
