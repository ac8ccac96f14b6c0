/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * descriptor.h - the numbers that sockets and epoll instances go by.
 *
 * They are real descriptors (of an eventfd that nobody uses otherwise): packetdrill closes by the C library
 * what a script leaves open, and a number that is in use elsewhere must not come twice. What is not ours
 * here - files, pipes - is left to the C library.
 */
#ifndef WEIR_TESTS_PACKETDRILL_DESCRIPTOR_H
#define WEIR_TESTS_PACKETDRILL_DESCRIPTOR_H

#include <stddef.h>

#define DESCRIPTORS 1024 /* numbers below this one */

struct epoll;
struct socket;
struct world;

/* At most one of the two. */
struct descriptor {
	struct socket *socket;
	struct epoll *epoll;
};

/* A new number for what is given; -EMFILE. */
int descriptor_open(struct world *world, struct descriptor what);

/* Forgets the number, and gives it back to the system. */
void descriptor_close(struct world *world, int fd);

/* NULL if the number is not that of one. */
struct socket *descriptor_socket(const struct world *world, int fd);
struct epoll *descriptor_epoll(const struct world *world, int fd);

/* Frees what is still there. The numbers are left alone: packetdrill has closed them by then. */
void descriptors_clear(struct world *world);

#endif
