/* SPDX-License-Identifier: BSD-3-Clause */
/* Four words to a vector. */
#define LANES 4
#include "wire/csum_lanes.h"

const struct csum_wide csum_avx2 = { .name = "avx2", .bytes = lanes_csum, .copy = lanes_copy };
