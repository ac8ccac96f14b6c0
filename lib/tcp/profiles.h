/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * profiles.h - how connections behave, as the application chose it (struct weir_options).
 *
 * A tcb names its profile by a byte; equal choices share one. Profile 0 is the configuration's. A profile
 * that no record names any more is looked for only when there is no room for another.
 */
#ifndef WEIR_TCP_PROFILES_H
#define WEIR_TCP_PROFILES_H

#include "tcp/tcp_pvt.h"

void profiles_init(struct tcp *tcp, const struct weir_config *config);

static inline const struct profile *profile_of(const struct tcp *tcp, const struct tcb *tcb)
{
	return &tcp->profiles[tcb->profile];
}

static inline const struct profile *profile_of_listener(const struct tcp *tcp, uint16_t listener)
{
	return &tcp->profiles[tcp->listeners[listener].profile];
}

/* The bound on a segment's payload and TCP options, in both directions: the MTU's and the application's. */
static inline uint16_t profile_mss(const struct tcp *tcp, const struct profile *profile, bool is6)
{
	uint16_t fits = tcp_rcv_mss(tcp, is6);

	return profile->mss_max < fits ? profile->mss_max : fits;
}

#endif
