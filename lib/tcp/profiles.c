/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/profiles.h"

#include <errno.h>
#include <string.h>

#include "tcp/fsm.h"
#include "tcp/output.h"
#include "tcp/records.h"

#define SECONDS(n) ((n)*CLOCK_NS_PER_S)
#define LONGEST_NS SECONDS(24ull * 86400) /* ticks are compared modulo 2^32: half of that is 26 days */
#define LONGEST_R2_NS SECONDS(3600ull)    /* R2 is counted in time-outs, TCB_RETRIES_MAX of them */
#define KEEP_PROBES_MAX 100
#define KEEP_LEAST_NS SECONDS(1ull) /* peers answer what is out of their window twice a second at most */

static uint32_t ticks_or(uint64_t ns, uint32_t otherwise)
{
	return ns != 0 ? clock_ticks_from_ns(ns) : otherwise;
}

static struct profile profile_make(const struct tcp *tcp, const struct weir_options *options)
{
	return (struct profile){
		.options = *options,
		.user_timeout = ticks_or(options->user_timeout_ns, tcp->times.user_timeout),
		.syn_timeout = ticks_or(options->user_timeout_ns, tcp->times.syn_timeout),
		.keep_idle = options->keep_alive ? clock_ticks_from_ns(options->keep_idle_ns) : 0,
		.keep_interval = clock_ticks_from_ns(options->keep_interval_ns),
		.linger = options->linger_ns == WEIR_LINGER_ON ? PROFILE_LINGER_ON :
								 clock_ticks_from_ns(options->linger_ns),
		.mss_max = options->mss_max != 0 ? options->mss_max : UINT16_MAX,
		.keep_probes = options->keep_probes,
		.ttl = options->ttl,
		.tos = (uint8_t)(options->dscp << 2),
	};
}

void profiles_init(struct tcp *tcp, const struct weir_config *config)
{
	struct weir_options options = {
		.keep_idle_ns = SECONDS(7200ull), /* RFC 9293 MUST-28: no less than two hours */
		.keep_interval_ns = SECONDS(75ull),
		.linger_ns = WEIR_LINGER_ON,
		.keep_probes = 9,
		.ttl = config->ttl,
		.dscp = config->dscp,
		.no_delay = config->no_delay,
	};

	tcp->profiles[0] = profile_make(tcp, &options);
	tcp->profiles_count = 1;
}

static bool acceptable(const struct weir_options *options)
{
	return options->user_timeout_ns <= LONGEST_R2_NS && options->keep_idle_ns >= KEEP_LEAST_NS &&
	       options->keep_idle_ns <= LONGEST_NS && options->keep_interval_ns >= KEEP_LEAST_NS &&
	       options->keep_interval_ns <= LONGEST_NS && options->keep_probes > 0 &&
	       options->keep_probes <= KEEP_PROBES_MAX &&
	       (options->linger_ns <= LONGEST_NS || options->linger_ns == WEIR_LINGER_ON) &&
	       (options->mss_max == 0 || options->mss_max >= TCP_MSS_MIN) && options->ttl > 0 &&
	       options->dscp <= 63;
}

/* By fields: what stands between them is nobody's. */
static bool equal(const struct weir_options *a, const struct weir_options *b)
{
	return a->user_timeout_ns == b->user_timeout_ns && a->keep_idle_ns == b->keep_idle_ns &&
	       a->keep_interval_ns == b->keep_interval_ns && a->linger_ns == b->linger_ns &&
	       a->mss_max == b->mss_max && a->keep_probes == b->keep_probes && a->ttl == b->ttl &&
	       a->dscp == b->dscp && a->keep_alive == b->keep_alive && a->no_delay == b->no_delay &&
	       a->no_warnings == b->no_warnings;
}

/* One that nobody names, or TCP_PROFILES. A walk over all records, for each new set beyond the 255th. */
static unsigned unused(const struct tcp *tcp)
{
	bool used[TCP_PROFILES] = { true };
	unsigned i = 1;

	for (uint32_t slot = 0; slot < tcp->hot.fresh; slot++) {
		const struct tcb *tcb = tcb_at(tcp, slot);

		if (tcb->tuple.rport != 0)
			used[tcb->profile] = true;
	}
	for (i = 0; i < TCP_LISTENERS; i++) {
		if (tcp->listeners[i].port != 0)
			used[tcp->listeners[i].profile] = true;
	}
	for (i = 1; i < TCP_PROFILES && used[i]; i++)
		;
	return i;
}

/* The number of the profile with these options, old or new; or why not. */
static int find_or_make(struct tcp *tcp, const struct weir_options *options)
{
	unsigned i = 0;

	if (!acceptable(options))
		return -EINVAL;
	for (i = 0; i < tcp->profiles_count; i++) {
		if (equal(&tcp->profiles[i].options, options))
			return (int)i;
	}
	i = tcp->profiles_count < TCP_PROFILES ? tcp->profiles_count++ : unused(tcp);
	if (i == TCP_PROFILES)
		return -ENOSPC;
	tcp->profiles[i] = profile_make(tcp, options);
	return (int)i;
}

void tcp_options_default(const struct tcp *tcp, struct weir_options *options)
{
	*options = tcp->profiles[0].options;
}

int tcp_set_options(struct tcp *tcp, weir_conn conn, const struct weir_options *options)
{
	struct tcb *tcb = tcb_find(tcp, conn);

	if (tcb == NULL)
		return -ESTALE;
	int profile = find_or_make(tcp, options);

	if (profile < 0)
		return profile;
	tcb_use_profile(tcp, tcb, (uint8_t)profile);
	if (fsm_synchronized((enum weir_state)tcb->state) && tcb_at_rest(tcb))
		tcb_rest(tcp, tcb);
	/* Small segments that Nagle held back may go now. */
	if (options->no_delay && output_room(tcp, tcb))
		output_mark(tcp, tcb);
	return 0;
}

int tcp_get_options(const struct tcp *tcp, weir_conn conn, struct weir_options *options)
{
	const struct tcb *tcb = tcb_find(tcp, conn);

	if (tcb == NULL)
		return -ESTALE;
	*options = profile_of(tcp, tcb)->options;
	return 0;
}

int tcp_set_listener_options(struct tcp *tcp, int listener, const struct weir_options *options)
{
	if (listener < 0 || listener >= TCP_LISTENERS || tcp->listeners[listener].port == 0)
		return -EINVAL;
	int profile = find_or_make(tcp, options);

	if (profile < 0)
		return profile;
	tcp->listeners[listener].profile = (uint8_t)profile;
	return 0;
}
