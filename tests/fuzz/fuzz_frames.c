/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_frames - frames of bytes: frames.c. */
#include "fuzz/fault.h"
#include "fuzz/programs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	frames_run(data, size);
	return 0;
}
