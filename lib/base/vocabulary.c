/* SPDX-License-Identifier: BSD-3-Clause */
/* The names and defaults of weir.h that need nothing else: shared by the shard and by tests without one. */
#include "base/clock.h"
#include "weir.h"

const char *weir_state_name(enum weir_state state)
{
	static const char *const names[WEIR_STATES] = {
		"CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
		"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT",
	};

	return (unsigned)state < WEIR_STATES ? names[state] : "?";
}

const char *weir_reason_name(enum weir_reason reason)
{
	static const char *const names[WEIR_REASONS] = {
		"none", "reset", "refused", "timeout", "unreachable", "aborted", "shutdown",
	};

	return (unsigned)reason < WEIR_REASONS ? names[reason] : "?";
}

const char *weir_defence_name(enum weir_defence_mode mode)
{
	static const char *const names[] = { "auto", "always", "off" };

	return (unsigned)mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "?";
}

void weir_config_default(struct weir_config *config)
{
	*config = (struct weir_config){
		.mtu = 1500,
		.dad_probes = 1,
		.max_connections = 65536,
		.receive_buffers = 64,
		.send_buffers = 64,
		.msl_ns = 30 * CLOCK_NS_PER_S, /* RFC 9293 calls two minutes an engineering choice */
		.rto_initial_ns = CLOCK_NS_PER_S,
		.rto_min_ns = 200 * CLOCK_NS_PER_MS,
		.rto_max_ns = 60 * CLOCK_NS_PER_S,
		.delayed_ack_ns = 40 * CLOCK_NS_PER_MS,
		.fin_wait_2_ns = 60 * CLOCK_NS_PER_S,
		.user_timeout_ns = 100 * CLOCK_NS_PER_S,
		.syn_timeout_ns = 180 * CLOCK_NS_PER_S,
		.port_first = 1024,
		.port_last = 65535,
		.defence = { .mode = WEIR_DEFENCE_AUTO, .timeout_ns = 63 * CLOCK_NS_PER_S },
		.resets_per_s = 100000,
		.ttl = 64,
		.socket = -1,
	};
}
