/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoll.h - poll() and epoll over sockets, level- and edge-triggered, EPOLLONESHOT too.
 */
#ifndef WEIR_TESTS_PACKETDRILL_EPOLL_H
#define WEIR_TESTS_PACKETDRILL_EPOLL_H

#include <poll.h>
#include <sys/epoll.h>

#include "packetdrill/world.h"

struct epoll;

/* A new instance's descriptor, or a negative errno; so with all of these. */
int epoll_open(struct world *world);
void epoll_free(struct epoll *epoll);

int epoll_control(struct world *world, struct epoll *epoll, int op, int fd, const struct epoll_event *event);
int epoll_await(struct world *world, struct epoll *epoll, struct epoll_event *events, int max,
		int timeout_ms);

/* A descriptor is being closed: no instance watches it any longer. */
void epoll_forget(struct world *world, int fd);

/* poll() over sockets alone: other descriptors are POLLNVAL. */
int poll_await(struct world *world, struct pollfd *fds, nfds_t n, int timeout_ms);

#endif
