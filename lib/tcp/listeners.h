/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * listeners.h - which local ports take peers. A listener on one
 * address goes before one on all.
 */
#ifndef WEIR_TCP_LISTENERS_H
#define WEIR_TCP_LISTENERS_H

#include "tcp/tcp_pvt.h"

void listeners_init(struct tcp *tcp);

/* NULL: nobody listens. */
const struct listener *listeners_find(const struct tcp *tcp, struct weir_address address, uint16_t port);

/* The one that the segment under way is for. */
const struct listener *listeners_find_for(const struct tcp *tcp, const struct seg *seg);

#endif
