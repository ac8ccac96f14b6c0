/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_session - whole sessions of one shard: session.c. */
#include "fuzz/fault.h"
#include "fuzz/programs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	session_run(data, size);
	return 0;
}
