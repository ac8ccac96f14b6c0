/* SPDX-License-Identifier: BSD-3-Clause */
/* Eight messages to a vector. AVX-512F alone is asked for: it rotates (vprolq). */
#define LANES 8
#include "base/siphash_lanes.h"

const struct siphash_bulk siphash_avx512 = {
	.name = "avx512",
	.hash13_12 = lanes_hash13_12,
	.prf24_12 = lanes_prf24_12,
	.prf24_20 = lanes_prf24_20,
	.hash13_32 = lanes_hash13_32,
	.prf24_32 = lanes_prf24_32,
};
