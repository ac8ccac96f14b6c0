/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * socket.h - a TCP socket as POSIX and Linux have it, over a weir connection or listener.
 *
 * What weir leaves to its application is done here: queues of unaccepted connections and of unread bytes, a
 * bound on unsent ones, errors that wait for somebody to ask, and blocking. Calls return what a system call
 * would, with a negative errno, Linux's, where that would set errno.
 */
#ifndef WEIR_TESTS_PACKETDRILL_SOCKET_H
#define WEIR_TESTS_PACKETDRILL_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "packetdrill/world.h"
#include "weir.h"

enum socket_state {
	SOCKET_FRESH, /* neither of the others yet, or not any more */
	SOCKET_LISTENING,
	SOCKET_CONNECTING,
	SOCKET_CONNECTED,
	SOCKET_FAILED, /* tried to connect */
	SOCKET_OVER,   /* was connected */
};

struct unread;

struct socket {
	struct world *world;
	uint32_t word; /* its place in the world, from 1 on */
	enum socket_state state;
	sa_family_t family; /* AF_INET6 has IPv4 addresses too, ::ffff:0:0/96 (RFC 4291 section 2.5.5.2) */
	bool bound, nonblocking;
	struct weir_endpoint local, remote;

	/* Connecting and connected. */
	weir_conn conn;
	struct unread *unread_first, *unread_last;
	uint32_t unread_bytes;
	bool peer_finished; /* its FIN has come */
	bool read_shut, write_shut;
	bool awaits_space; /* a write found none: who waits is told when there is some */
	int error;         /* SO_ERROR: told once */
	int soft_error;    /* an ICMP error that did not end it; why, should it time out */

	/* Listening. */
	int listener;
	unsigned backlog, waiting;
	struct socket *accept_first, *accept_next;

	struct weir_options options;
	int send_buffer, receive_buffer; /* bytes */
	bool reuse_address, tells_unread;

	uint64_t news; /* grows with everything that edge-triggered epoll tells again */
};

/* A new one in its world; NULL: WORLD_SOCKETS are there. */
struct socket *socket_new(struct world *world, sa_family_t family);

int socket_bind(struct socket *socket, const struct sockaddr *address, socklen_t len);
int socket_listen(struct socket *socket, int backlog);
/* The peer's address, and a new descriptor. */
int socket_accept(struct socket *socket, struct sockaddr *address, socklen_t *len);
int socket_connect(struct socket *socket, const struct sockaddr *address, socklen_t len);
int socket_shutdown(struct socket *socket, int how);
/* Frees it; the connection may live on without. Its descriptor is the caller's to close. */
int socket_close(struct socket *socket);

/* 0 or the pending error, negative, which is told by that. */
int socket_take_error(struct socket *socket);

/* The peer's address for accept() and recvfrom(). Both may be NULL. */
void socket_peer(const struct socket *socket, struct sockaddr *address, socklen_t *len);

/* EPOLL... bits that hold now. */
uint32_t socket_ready(struct socket *socket);

/* What weir reports. */
void sockets_event(struct world *world, const struct weir_event *event);
/* Tells those who wait for space to write, where there is some now. */
void sockets_notice_space(struct world *world);
void sockets_clear(struct world *world);

#endif
