/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/epoll.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "packetdrill/socket.h"

/* Told whether asked for or not. */
#define ALWAYS (EPOLLERR | EPOLLHUP)
#define HOW (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

/* A descriptor that is watched. */
struct item {
	struct item *next;
	int fd;
	struct epoll_event event;
	uint64_t told; /* the socket's news when it was last reported, + 1; 0: never */
	bool spent;    /* EPOLLONESHOT, and reported */
};

struct epoll {
	struct item *items;
};

int epoll_open(struct world *world)
{
	struct epoll *epoll = calloc(1, sizeof(*epoll));

	CHECK(epoll != NULL);
	int fd = descriptor_open(world, (struct descriptor){ .epoll = epoll });

	if (fd < 0)
		free(epoll);
	return fd;
}

static struct item **find(struct epoll *epoll, int fd)
{
	struct item **link = &epoll->items;

	while (*link != NULL && (*link)->fd != fd)
		link = &(*link)->next;
	return link;
}

static void item_remove(struct item **link)
{
	struct item *item = *link;

	*link = item->next;
	free(item);
}

void epoll_free(struct epoll *epoll)
{
	while (epoll->items != NULL)
		item_remove(&epoll->items);
	free(epoll);
}

void epoll_forget(struct world *world, int fd)
{
	for (int i = 0; i < DESCRIPTORS; i++) {
		struct item **link =
			world->descriptors[i].epoll == NULL ? NULL : find(world->descriptors[i].epoll, fd);

		if (link != NULL && *link != NULL)
			item_remove(link);
	}
}

int epoll_control(struct world *world, struct epoll *epoll, int op, int fd, const struct epoll_event *event)
{
	struct item **link = find(epoll, fd);

	if (descriptor_socket(world, fd) == NULL)
		return -EPERM;
	switch (op) {
	case EPOLL_CTL_ADD:
		if (*link != NULL)
			return -EEXIST;
		*link = calloc(1, sizeof(**link));
		CHECK(*link != NULL);
		(*link)->fd = fd;
		(*link)->event = *event;
		return 0;
	case EPOLL_CTL_MOD:
		if (*link == NULL)
			return -ENOENT;
		(*link)->event = *event;
		(*link)->told = 0;
		(*link)->spent = false;
		return 0;
	case EPOLL_CTL_DEL:
		if (*link == NULL)
			return -ENOENT;
		item_remove(link);
		return 0;
	}
	return -EINVAL;
}

/* Bits to report for it now. */
static uint32_t item_ready(struct world *world, struct item *item)
{
	struct socket *socket = descriptor_socket(world, item->fd);
	uint32_t wanted = (item->event.events & ~(uint32_t)HOW) | ALWAYS;

	if (item->spent || (item->event.events & EPOLLET && item->told == socket->news + 1))
		return 0;
	uint32_t ready = socket_ready(socket) & wanted;

	if (ready == 0)
		return 0;
	item->told = socket->news + 1;
	item->spent = item->event.events & EPOLLONESHOT;
	return ready;
}

static int collect(struct world *world, struct epoll *epoll, struct epoll_event *events, int max)
{
	int n = 0;

	for (struct item *item = epoll->items; item != NULL && n < max; item = item->next) {
		uint32_t ready = item_ready(world, item);

		if (ready == 0)
			continue;
		events[n] = item->event;
		events[n++].events = ready;
	}
	return n;
}

static uint64_t until(const struct world *world, int timeout_ms)
{
	return timeout_ms < 0 ? WORLD_NEVER :
				world->now_ns + (uint64_t)(unsigned)timeout_ms * CLOCK_NS_PER_MS;
}

int epoll_await(struct world *world, struct epoll *epoll, struct epoll_event *events, int max, int timeout_ms)
{
	uint64_t until_ns = until(world, timeout_ms);
	int n, err;

	if (max <= 0)
		return -EINVAL;
	while ((n = collect(world, epoll, events, max)) == 0) {
		err = world_sleep(world, until_ns);
		if (err != 0)
			return err == -ETIMEDOUT ? 0 : err;
	}
	return n;
}

static int poll_all(struct world *world, struct pollfd *fds, nfds_t n)
{
	int ready = 0;

	for (nfds_t i = 0; i < n; i++) {
		struct socket *socket = descriptor_socket(world, fds[i].fd);

		if (fds[i].fd < 0)
			fds[i].revents = 0;
		else if (socket == NULL)
			fds[i].revents = POLLNVAL;
		else /* the bits of poll() and epoll are the same */
			fds[i].revents = (short)(socket_ready(socket) &
						 ((uint32_t)(unsigned short)fds[i].events | ALWAYS));
		ready += fds[i].revents != 0;
	}
	return ready;
}

int poll_await(struct world *world, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	uint64_t until_ns = until(world, timeout_ms);
	int ready, err;

	while ((ready = poll_all(world, fds, n)) == 0) {
		err = world_sleep(world, until_ns);
		if (err != 0)
			return err == -ETIMEDOUT ? 0 : err;
	}
	return ready;
}
