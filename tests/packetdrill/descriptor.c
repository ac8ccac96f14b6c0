/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/descriptor.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "packetdrill/epoll.h"
#include "packetdrill/world.h"

int descriptor_open(struct world *world, struct descriptor what)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fd >= DESCRIPTORS) {
		close(fd);
		return -EMFILE;
	}
	world->descriptors[fd] = what;
	return fd;
}

void descriptor_close(struct world *world, int fd)
{
	world->descriptors[fd] = (struct descriptor){ .socket = NULL };
	close(fd);
}

struct socket *descriptor_socket(const struct world *world, int fd)
{
	return fd >= 0 && fd < DESCRIPTORS ? world->descriptors[fd].socket : NULL;
}

struct epoll *descriptor_epoll(const struct world *world, int fd)
{
	return fd >= 0 && fd < DESCRIPTORS ? world->descriptors[fd].epoll : NULL;
}

void descriptors_clear(struct world *world)
{
	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		if (world->descriptors[fd].epoll != NULL)
			epoll_free(world->descriptors[fd].epoll);
		world->descriptors[fd] = (struct descriptor){ .socket = NULL };
	}
}
