/* SPDX-License-Identifier: BSD-3-Clause */
#include "tally.h"

const char *latency_name(enum latency latency)
{
	static const char *const names[LATENCIES] = {
		[LATENCY_CONNECT] = "connect",
		[LATENCY_FIRST_BYTE] = "first_byte",
		[LATENCY_REQUEST] = "request",
		[LATENCY_CLOSE] = "close",
	};

	return names[latency];
}
