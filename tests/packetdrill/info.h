/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * info.h - TCP_INFO, and what packetdrill asks for beside it, for the assertions of scripts.
 *
 * packetdrill asks the C library for these, not the stack that it loaded. So the adapter has a getsockopt()
 * of its own, which comes before the C library's where the adapter is preloaded, too:
 *
 *     LD_PRELOAD=weir_packetdrill.so packetdrill --so_filename=weir_packetdrill.so ...
 *
 * Otherwise a script with an assertion ends there. A field that weir keeps no account of has all its bits
 * set, so that no assertion on it holds by accident.
 */
#ifndef WEIR_TESTS_PACKETDRILL_INFO_H
#define WEIR_TESTS_PACKETDRILL_INFO_H

#include <stdbool.h>
#include <sys/socket.h>

#include "packetdrill/socket.h"

bool info_knows(int level, int name);

/* Fills all of *len bytes. 0. */
int info_get(const struct socket *socket, int level, int name, void *value, socklen_t *len);

/* The world that a preloaded getsockopt() looks into; NULL: none. */
void info_of_world(struct world *world);

#endif
