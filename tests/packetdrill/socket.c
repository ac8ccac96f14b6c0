/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/socket.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "packetdrill/option.h"
#include "packetdrill/stream.h"

#define SEND_BUFFER 262144    /* net.ipv4.tcp_wmem of packetdrill's own defaults */
#define RECEIVE_BUFFER 540000 /* tcp_rmem likewise */
#define PORT_FIRST 32768      /* for those who listen without having asked for one */

struct socket *socket_new(struct world *world, sa_family_t family)
{
	for (uint32_t i = 0; i < WORLD_SOCKETS; i++) {
		if (world->sockets[i] != NULL)
			continue;
		struct socket *socket = calloc(1, sizeof(*socket));

		if (socket == NULL)
			return NULL;
		socket->world = world;
		socket->family = family;
		socket->word = i + 1;
		socket->send_buffer = SEND_BUFFER;
		socket->receive_buffer = RECEIVE_BUFFER;
		tcp_options_default(world->tcp, &socket->options);
		world->sockets[i] = socket;
		return socket;
	}
	return NULL;
}

static void socket_free(struct socket *socket)
{
	stream_clear(socket);
	socket->world->sockets[socket->word - 1] = NULL;
	free(socket);
}

void sockets_clear(struct world *world)
{
	for (unsigned i = 0; i < WORLD_SOCKETS; i++)
		if (world->sockets[i] != NULL)
			socket_free(world->sockets[i]);
}

int socket_take_error(struct socket *socket)
{
	int error = socket->error;

	socket->error = 0;
	return -error;
}

/* Addresses. */

/* Of one family or the other. */
union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t name_len(const struct socket *socket)
{
	return socket->family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static int endpoint_from(const struct socket *socket, const struct sockaddr *address, socklen_t len,
			 struct weir_endpoint *endpoint)
{
	union name name;

	if (len < sizeof(name.any))
		return -EINVAL;
	memcpy(&name, address, len < sizeof(name) ? len : sizeof(name));
	if (name.any.sa_family != socket->family)
		return -EAFNOSUPPORT;
	if (len < name_len(socket))
		return -EINVAL;
	*endpoint = (struct weir_endpoint){ .port = ntohs(name.in.sin_port) }; /* both have it there */
	if (socket->family == AF_INET6)
		endpoint->address = weir_ipv6(name.in6.sin6_addr.s6_addr);
	else if (name.in.sin_addr.s_addr != INADDR_ANY)
		endpoint->address = weir_ipv4(ntohl(name.in.sin_addr.s_addr));
	return 0;
}

void socket_peer(const struct socket *socket, struct sockaddr *address, socklen_t *len)
{
	const struct weir_endpoint *remote = &socket->remote;
	const uint64_t halves[] = { htobe64(remote->address.hi), htobe64(remote->address.lo) };
	union name name = { .in = { .sin_family = socket->family, .sin_port = htons(remote->port) } };

	if (address == NULL || len == NULL)
		return;
	if (socket->family == AF_INET6)
		memcpy(&name.in6.sin6_addr, halves, sizeof(halves));
	else
		name.in.sin_addr.s_addr = htonl(address_v4(remote->address));
	memcpy(address, &name, *len < name_len(socket) ? *len : name_len(socket));
	*len = name_len(socket);
}

static bool in_the_way(const struct socket *other, const struct socket *socket, struct weir_endpoint local)
{
	if (other == NULL || other == socket || !other->bound || other->local.port != local.port)
		return false;
	if (!address_is_none(other->local.address) && !address_is_none(local.address) &&
	    !address_equal(other->local.address, local.address))
		return false;
	return other->state == SOCKET_LISTENING || !other->reuse_address || !socket->reuse_address;
}

int socket_bind(struct socket *socket, const struct sockaddr *address, socklen_t len)
{
	const struct world *world = socket->world;
	struct weir_endpoint local;
	int err = endpoint_from(socket, address, len, &local);

	if (err != 0)
		return err;
	if (socket->bound || socket->state != SOCKET_FRESH)
		return -EINVAL;
	if (!address_is_none(local.address) && !address_equal(local.address, world->settings.address))
		return -EADDRNOTAVAIL;
	for (unsigned i = 0; local.port != 0 && i < WORLD_SOCKETS; i++)
		if (in_the_way(world->sockets[i], socket, local))
			return -EADDRINUSE;
	socket->local = local;
	socket->bound = true;
	return 0;
}

/* Listening. */

int socket_listen(struct socket *socket, int backlog)
{
	if (socket->state != SOCKET_FRESH && socket->state != SOCKET_LISTENING)
		return -EINVAL;
	socket->backlog = backlog < 0 ? SOMAXCONN : (unsigned)backlog;
	if (socket->state == SOCKET_LISTENING)
		return 0;
	if (socket->local.port == 0)
		socket->local.port = (uint16_t)(PORT_FIRST + socket->word);
	int listener = tcp_listen(socket->world->tcp, socket->local, socket->word);

	if (listener < 0)
		return listener;
	socket->listener = listener;
	socket->state = SOCKET_LISTENING;
	return option_apply(socket);
}

static void abandon(struct world *world, weir_conn conn)
{
	tcp_set_word(world->tcp, conn, 0);
	tcp_abort(world->tcp, conn);
}

static void stop_listening(struct socket *socket)
{
	struct socket *child;

	tcp_unlisten(socket->world->tcp, socket->listener);
	socket->state = SOCKET_FRESH;
	while ((child = socket->accept_first) != NULL) {
		socket->accept_first = child->accept_next;
		abandon(child->world, child->conn);
		socket_free(child);
	}
	socket->waiting = 0;
}

/* A peer has arrived. Where nobody would ever accept it, it is told so. */
static struct socket *arrived(struct socket *listener, weir_conn conn)
{
	struct world *world = listener->world;
	struct socket *child = listener->waiting > listener->backlog ? NULL :
								       socket_new(world, listener->family);
	struct socket **last = &listener->accept_first;
	struct weir_info info;

	if (child == NULL || tcp_info(world->tcp, conn, &info) != 0) {
		abandon(world, conn);
		return NULL;
	}
	child->state = SOCKET_CONNECTED;
	child->conn = conn;
	child->local = info.local;
	child->remote = info.remote;
	child->send_buffer = listener->send_buffer;
	child->receive_buffer = listener->receive_buffer;
	child->tells_unread = listener->tells_unread;
	tcp_get_options(world->tcp, conn, &child->options);
	tcp_set_word(world->tcp, conn, child->word);
	while (*last != NULL)
		last = &(*last)->accept_next;
	*last = child;
	listener->waiting++;
	listener->news++;
	return child;
}

int socket_accept(struct socket *socket, struct sockaddr *address, socklen_t *len)
{
	int err = 0;

	while (err == 0) {
		struct socket *child = socket->accept_first;

		if (socket->state != SOCKET_LISTENING)
			return -EINVAL;
		if (child != NULL) {
			int fd = descriptor_open(socket->world, (struct descriptor){ .socket = child });

			if (fd < 0)
				return fd;
			socket->accept_first = child->accept_next;
			socket->waiting--;
			socket_peer(child, address, len);
			return fd;
		}
		err = socket->nonblocking ? -EAGAIN : world_sleep(socket->world, WORLD_NEVER);
	}
	return err;
}

/* Connecting. */

/* As if nothing had been, but for the address and the options. */
static void start_over(struct socket *socket)
{
	stream_clear(socket);
	socket->state = SOCKET_FRESH;
	socket->peer_finished = socket->read_shut = socket->write_shut = false;
	socket->error = socket->soft_error = 0;
}

static int disconnect(struct socket *socket)
{
	if (socket->state == SOCKET_LISTENING)
		stop_listening(socket);
	if (socket->state == SOCKET_CONNECTING || socket->state == SOCKET_CONNECTED)
		abandon(socket->world, socket->conn);
	start_over(socket);
	return 0;
}

static int start_connecting(struct socket *socket, const struct sockaddr *address, socklen_t len)
{
	struct world *world = socket->world;
	struct weir_endpoint local = { world->settings.address, socket->local.port };
	int err = endpoint_from(socket, address, len, &socket->remote);

	if (err == 0 && weir_is_ipv4(socket->remote.address) != weir_is_ipv4(local.address))
		err = -ENETUNREACH;
	if (err == 0)
		err = tcp_connect(world->tcp, local, socket->remote, socket->word, world->now_ns,
				  &socket->conn);
	if (err != 0)
		return err;
	socket->state = SOCKET_CONNECTING;
	return option_apply(socket);
}

/* What became of it. */
static int connected(struct socket *socket)
{
	if (socket->state == SOCKET_CONNECTED)
		return 0;
	int err = socket_take_error(socket);

	start_over(socket);
	return err != 0 ? err : -ECONNABORTED;
}

int socket_connect(struct socket *socket, const struct sockaddr *address, socklen_t len)
{
	int err = 0;

	if (len >= sizeof(address->sa_family) && address->sa_family == AF_UNSPEC)
		return disconnect(socket);
	switch (socket->state) {
	case SOCKET_LISTENING:
	case SOCKET_CONNECTED:
	case SOCKET_OVER:
		return -EISCONN;
	case SOCKET_FAILED:
		return connected(socket);
	case SOCKET_CONNECTING:
		if (socket->nonblocking)
			return -EALREADY;
		break;
	case SOCKET_FRESH:
		err = start_connecting(socket, address, len);
		if (err == 0 && socket->nonblocking)
			err = -EINPROGRESS;
		break;
	}
	while (err == 0 && socket->state == SOCKET_CONNECTING)
		err = world_sleep(socket->world, WORLD_NEVER);
	return err != 0 ? err : connected(socket);
}

/* Ending. */

int socket_shutdown(struct socket *socket, int how)
{
	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	if (socket->state == SOCKET_CONNECTING)
		return disconnect(socket);
	if (socket->state == SOCKET_LISTENING) {
		if (how != SHUT_WR)
			disconnect(socket);
		return 0;
	}
	if (socket->state != SOCKET_CONNECTED)
		return -ENOTCONN;
	if (how != SHUT_WR)
		socket->read_shut = true;
	if (how != SHUT_RD) {
		socket->write_shut = true;
		tcp_shutdown(socket->world->tcp, socket->conn);
	}
	socket->news++;
	return 0;
}

/* Whether the peer still owes the ACK of our FIN. */
static bool unacknowledged(const struct world *world, weir_conn conn)
{
	struct weir_info info;

	return tcp_info(world->tcp, conn, &info) == 0 &&
	       (info.state == WEIR_FIN_WAIT_1 || info.state == WEIR_CLOSING || info.state == WEIR_LAST_ACK);
}

/* SO_LINGER with a time: close() waits, and its result does not say for what. */
static void linger(struct world *world, weir_conn conn, uint64_t linger_ns)
{
	uint64_t until_ns = world->now_ns + linger_ns;

	while (unacknowledged(world, conn) && world_sleep(world, until_ns) == 0)
		;
}

int socket_close(struct socket *socket)
{
	struct world *world = socket->world;
	uint64_t linger_ns = socket->options.linger_ns;
	bool open = socket->state == SOCKET_CONNECTING || socket->state == SOCKET_CONNECTED;
	weir_conn conn = socket->conn;

	if (socket->state == SOCKET_LISTENING)
		stop_listening(socket);
	/* RFC 9293 section 3.6.1: bytes that were delivered and not read are lost, and the peer must know. */
	if (open && socket->unread_bytes > 0) {
		abandon(world, conn);
		open = false;
	}
	socket_free(socket);
	if (!open)
		return 0;
	tcp_set_word(world->tcp, conn, 0);
	int err = tcp_close(world->tcp, conn);

	if (err == 0 && linger_ns != 0 && linger_ns != WEIR_LINGER_ON)
		linger(world, conn, linger_ns);
	return err;
}

/* News. */

static int error_of(const struct socket *socket, enum weir_reason reason)
{
	switch (reason) {
	case WEIR_REASON_NONE:
		return 0;
	case WEIR_REASON_RESET:
		return socket->peer_finished ? EPIPE : ECONNRESET;
	case WEIR_REASON_REFUSED:
		return ECONNREFUSED;
	case WEIR_REASON_TIMEOUT:
		return socket->soft_error != 0 ? socket->soft_error : ETIMEDOUT;
	case WEIR_REASON_UNREACHABLE:
		return socket->world->icmp_error;
	case WEIR_REASON_ABORTED:
	case WEIR_REASON_SHUTDOWN:
	case WEIR_REASONS:
		break;
	}
	return ECONNABORTED;
}

static void ended(struct socket *socket, enum weir_reason reason)
{
	socket->error = error_of(socket, reason);
	socket->state = socket->state == SOCKET_CONNECTING ? SOCKET_FAILED : SOCKET_OVER;
	socket->read_shut = socket->write_shut = true;
}

static payload payload_of(const struct weir_event *event)
{
	return (payload)(uintptr_t)event->payload;
}

static void tell(struct socket *socket, const struct weir_event *event)
{
	if (event->what & WEIR_EV_OPENED && socket->state == SOCKET_CONNECTING) {
		struct weir_info info;

		socket->state = SOCKET_CONNECTED;
		if (tcp_info(socket->world->tcp, socket->conn, &info) == 0)
			socket->local = info.local;
	}
	if (event->what & WEIR_EV_DATA)
		stream_arrived(socket, payload_of(event), event->bytes);
	if (event->what & WEIR_EV_FIN)
		socket->peer_finished = true;
	if (event->what & WEIR_EV_WARNING && event->reason == WEIR_REASON_UNREACHABLE)
		socket->soft_error = socket->world->icmp_error;
	if (event->what & WEIR_EV_CLOSED)
		ended(socket, (enum weir_reason)event->reason);
	if (event->what & (WEIR_EV_OPENED | WEIR_EV_DATA | WEIR_EV_FIN | WEIR_EV_CLOSED))
		socket->news++;
}

void sockets_event(struct world *world, const struct weir_event *event)
{
	struct socket *socket = event->word == 0 ? NULL : world->sockets[event->word - 1];

	if (socket != NULL && socket->state == SOCKET_LISTENING)
		socket = arrived(socket, event->conn);
	if (socket != NULL)
		tell(socket, event);
	else if (event->what & WEIR_EV_DATA)
		tcp_release(world->tcp, event->conn, payload_of(event)); /* nobody will read it */
}

static bool writable(const struct socket *socket)
{
	uint32_t space = stream_space(socket);

	return space > 0 && space >= stream_outstanding(socket) / 2;
}

void sockets_notice_space(struct world *world)
{
	for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
		struct socket *socket = world->sockets[i];

		if (socket == NULL || !socket->awaits_space || !writable(socket))
			continue;
		socket->awaits_space = false;
		socket->news++;
	}
}

uint32_t socket_ready(struct socket *socket)
{
	bool no_more = socket->read_shut || socket->peer_finished;
	uint32_t ready = 0;

	if (socket->state == SOCKET_LISTENING)
		return socket->accept_first != NULL ? EPOLLIN | EPOLLRDNORM : 0;
	if (socket->error != 0)
		ready |= EPOLLERR;
	if ((no_more && socket->write_shut) || socket->state == SOCKET_FRESH)
		ready |= EPOLLHUP;
	if (no_more)
		ready |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (socket->state == SOCKET_CONNECTING)
		return ready;
	if (socket->unread_bytes > 0)
		ready |= EPOLLIN | EPOLLRDNORM;
	if (socket->write_shut || socket->state == SOCKET_FRESH || writable(socket))
		ready |= EPOLLOUT | EPOLLWRNORM;
	else
		socket->awaits_space = true;
	return ready;
}
