/* SPDX-License-Identifier: BSD-3-Clause */
/* Eight words to a vector. */
#define LANES 8
#include "wire/csum_lanes.h"

const struct csum_wide csum_avx512 = { .name = "avx512", .bytes = lanes_csum, .copy = lanes_copy };
