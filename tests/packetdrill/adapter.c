/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packetdrill_interface_init(), and the table that it fills: each call enters the world, does its work there,
 * and leaves with errno set. A descriptor that is not one of ours is the C library's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "packetdrill/epoll.h"
#include "packetdrill/info.h"
#include "packetdrill/interface.h"
#include "packetdrill/option.h"
#include "packetdrill/packet.h"
#include "packetdrill/settings.h"
#include "packetdrill/socket.h"
#include "packetdrill/stream.h"
#include "packetdrill/world.h"

/* The socket, with the world entered; NULL, and not entered, if it is not ours. */
static struct socket *enter(struct world *world, int fd)
{
	world_enter(world);
	struct socket *socket = descriptor_socket(world, fd);

	if (socket == NULL)
		world_leave(world);
	return socket;
}

static ssize_t leave(struct world *world, ssize_t result)
{
	world_leave(world);
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

static int leave_int(struct world *world, int result)
{
	return (int)leave(world, result);
}

static void adapter_free(void *userdata)
{
	info_of_world(NULL);
	world_destroy(userdata);
}

/* Sockets. */

static int open_socket(struct world *world, int domain, int type, int protocol)
{
	int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);

	/* Without an IPv4 address there is none of that. */
	if (domain != AF_INET6 && (domain != AF_INET || !weir_is_ipv4(world->settings.address)))
		return -EAFNOSUPPORT;
	if (kind != SOCK_STREAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != 0 && protocol != IPPROTO_TCP)
		return -EPROTONOSUPPORT;
	struct socket *socket = socket_new(world, (sa_family_t)domain);

	if (socket == NULL)
		return -ENFILE;
	socket->nonblocking = type & SOCK_NONBLOCK;
	int fd = descriptor_open(world, (struct descriptor){ .socket = socket });

	if (fd < 0)
		socket_close(socket);
	return fd;
}

static int adapter_socket(void *userdata, int domain, int type, int protocol)
{
	world_enter(userdata);
	return leave_int(userdata, open_socket(userdata, domain, type, protocol));
}

static int adapter_bind(void *userdata, int fd, const struct sockaddr *address, socklen_t len)
{
	struct socket *socket = enter(userdata, fd);

	return socket == NULL ? bind(fd, address, len) :
				leave_int(userdata, socket_bind(socket, address, len));
}

static int adapter_listen(void *userdata, int fd, int backlog)
{
	struct socket *socket = enter(userdata, fd);

	return socket == NULL ? listen(fd, backlog) : leave_int(userdata, socket_listen(socket, backlog));
}

static int adapter_accept(void *userdata, int fd, struct sockaddr *address, socklen_t *len)
{
	struct socket *socket = enter(userdata, fd);

	return socket == NULL ? accept(fd, address, len) :
				leave_int(userdata, socket_accept(socket, address, len));
}

static int adapter_connect(void *userdata, int fd, const struct sockaddr *address, socklen_t len)
{
	struct socket *socket = enter(userdata, fd);

	return socket == NULL ? connect(fd, address, len) :
				leave_int(userdata, socket_connect(socket, address, len));
}

static int adapter_shutdown(void *userdata, int fd, int how)
{
	struct socket *socket = enter(userdata, fd);

	return socket == NULL ? shutdown(fd, how) : leave_int(userdata, socket_shutdown(socket, how));
}

static int adapter_close(void *userdata, int fd)
{
	struct world *world = userdata;

	world_enter(world);
	struct socket *socket = descriptor_socket(world, fd);
	struct epoll *epoll = descriptor_epoll(world, fd);

	if (socket == NULL && epoll == NULL) {
		world_leave(world);
		return close(fd);
	}
	epoll_forget(world, fd);
	descriptor_close(world, fd);
	if (epoll != NULL)
		epoll_free(epoll);
	return leave_int(world, socket != NULL ? socket_close(socket) : 0);
}

/* Reading. */

static ssize_t adapter_readv(void *userdata, int fd, const struct iovec *iov, int n)
{
	struct socket *socket = enter(userdata, fd);

	if (socket == NULL)
		return readv(fd, iov, n);
	return leave(userdata, n < 0 ? -EINVAL : stream_read(socket, iov, (size_t)n, 0));
}

static ssize_t adapter_read(void *userdata, int fd, void *data, size_t len)
{
	return adapter_readv(userdata, fd, &(struct iovec){ data, len }, 1);
}

static ssize_t adapter_recvfrom(void *userdata, int fd, void *data, size_t len, int flags,
				struct sockaddr *address, socklen_t *address_len)
{
	struct socket *socket = enter(userdata, fd);

	if (socket == NULL)
		return recvfrom(fd, data, len, flags, address, address_len);
	/* TCP's packets have no address of their own: Linux leaves it empty. */
	if (address != NULL && address_len != NULL)
		*address_len = 0;
	return leave(userdata, stream_read(socket, &(struct iovec){ data, len }, 1, flags));
}

static ssize_t adapter_recv(void *userdata, int fd, void *data, size_t len, int flags)
{
	return adapter_recvfrom(userdata, fd, data, len, flags, NULL, NULL);
}

/* TCP_INQ: what is left to be read, 1 if that is only the end. */
static void put_unread(const struct socket *socket, struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int unread = socket->unread_bytes > 0 ? (int)socket->unread_bytes : socket->peer_finished;

	if (!socket->tells_unread || cmsg == NULL || msg->msg_controllen < CMSG_SPACE(sizeof(unread))) {
		msg->msg_controllen = 0;
		return;
	}
	*cmsg = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(unread)),
				  .cmsg_level = IPPROTO_TCP,
				  .cmsg_type = TCP_CM_INQ };
	memcpy(CMSG_DATA(cmsg), &unread, sizeof(unread));
	msg->msg_controllen = CMSG_SPACE(sizeof(unread));
}

static ssize_t adapter_recvmsg(void *userdata, int fd, struct msghdr *msg, int flags)
{
	struct socket *socket = enter(userdata, fd);

	if (socket == NULL)
		return recvmsg(fd, msg, flags);
	ssize_t result = stream_read(socket, msg->msg_iov, msg->msg_iovlen, flags);

	msg->msg_namelen = 0;
	msg->msg_flags = 0;
	put_unread(socket, msg);
	return leave(userdata, result);
}

/* Writing. */

static ssize_t adapter_writev(void *userdata, int fd, const struct iovec *iov, int n)
{
	struct socket *socket = enter(userdata, fd);

	if (socket == NULL)
		return writev(fd, iov, n);
	return leave(userdata, n < 0 ? -EINVAL : stream_write(socket, iov, (size_t)n, 0));
}

static struct iovec readable(const void *data, size_t len)
{
	return (struct iovec){ (void *)(uintptr_t)data, len };
}

static ssize_t adapter_write(void *userdata, int fd, const void *data, size_t len)
{
	struct iovec iov = readable(data, len);

	return adapter_writev(userdata, fd, &iov, 1);
}

/* A connected socket ignores the address, as on Linux. */
static ssize_t adapter_sendto(void *userdata, int fd, const void *data, size_t len, int flags,
			      const struct sockaddr *address, socklen_t address_len)
{
	struct socket *socket = enter(userdata, fd);
	struct iovec iov = readable(data, len);

	if (socket == NULL)
		return sendto(fd, data, len, flags, address, address_len);
	return leave(userdata, stream_write(socket, &iov, 1, flags));
}

static ssize_t adapter_send(void *userdata, int fd, const void *data, size_t len, int flags)
{
	return adapter_sendto(userdata, fd, data, len, flags, NULL, 0);
}

static ssize_t adapter_sendmsg(void *userdata, int fd, const struct msghdr *msg, int flags)
{
	struct socket *socket = enter(userdata, fd);

	if (socket == NULL)
		return sendmsg(fd, msg, flags);
	return leave(userdata, stream_write(socket, msg->msg_iov, msg->msg_iovlen, flags));
}

/* Options. */

static int adapter_fcntl(void *userdata, int fd, int command, ...)
{
	va_list arguments;

	va_start(arguments, command);
	long argument = command == F_GETFL || command == F_GETFD ? 0 : va_arg(arguments, int);

	va_end(arguments);
	if (command != F_GETFL && command != F_SETFL)
		return fcntl(fd, command, argument); /* of the descriptor, not of what it stands for */
	struct socket *socket = enter(userdata, fd);

	return socket == NULL ? fcntl(fd, command, argument) :
				leave_int(userdata, option_fcntl(socket, command, argument));
}

static int adapter_ioctl(void *userdata, int fd, unsigned long request, ...)
{
	va_list arguments;

	va_start(arguments, request);
	int *argument = va_arg(arguments, int *);

	va_end(arguments);
	struct socket *socket = enter(userdata, fd);

	return socket == NULL ? ioctl(fd, request, argument) :
				leave_int(userdata, option_ioctl(socket, request, argument));
}

static int adapter_getsockopt(void *userdata, int fd, int level, int name, void *value, socklen_t *len)
{
	struct socket *socket = enter(userdata, fd);

	return socket == NULL ? getsockopt(fd, level, name, value, len) :
				leave_int(userdata, option_get(socket, level, name, value, len));
}

static int adapter_setsockopt(void *userdata, int fd, int level, int name, const void *value, socklen_t len)
{
	struct socket *socket = enter(userdata, fd);

	return socket == NULL ? setsockopt(fd, level, name, value, len) :
				leave_int(userdata, option_set(socket, level, name, value, len));
}

/* Packets and time. */

static int adapter_netdev_send(void *userdata, const void *packet, size_t len)
{
	world_enter(userdata);
	return leave_int(userdata, packets_input(userdata, packet, len));
}

static int adapter_netdev_receive(void *userdata, void *packet, size_t *len, long long *time_us)
{
	struct world *world = userdata;
	uint64_t sent_ns = 0;
	bool found;

	world_enter(world);
	while (!(found = packets_take(world, packet, len, &sent_ns)) && world_advance(world, WORLD_NEVER))
		;
	if (!found)
		*len = 0;
	*time_us = (long long)(sent_ns / WORLD_NS_PER_US);
	return leave_int(world, 0);
}

static int adapter_usleep(void *userdata, useconds_t us)
{
	world_enter(userdata);
	world_run(userdata, us * WORLD_NS_PER_US);
	return leave_int(userdata, 0);
}

static int adapter_gettimeofday(void *userdata, struct timeval *now, struct timezone *zone)
{
	(void)zone;
	world_enter(userdata);
	uint64_t now_us = world_look(userdata) / WORLD_NS_PER_US;

	now->tv_sec = (time_t)(now_us / 1000000);
	now->tv_usec = (suseconds_t)(now_us % 1000000);
	return leave_int(userdata, 0);
}

/* Waiting for several. */

static int adapter_poll(void *userdata, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	world_enter(userdata);
	return leave_int(userdata, poll_await(userdata, fds, n, timeout_ms));
}

static int adapter_epoll_create(void *userdata, int size)
{
	world_enter(userdata);
	return leave_int(userdata, size <= 0 ? -EINVAL : epoll_open(userdata));
}

static int adapter_epoll_ctl(void *userdata, int epfd, int op, int fd, struct epoll_event *event)
{
	world_enter(userdata);
	struct epoll *epoll = descriptor_epoll(userdata, epfd);

	return leave_int(userdata, epoll == NULL ? -EINVAL : epoll_control(userdata, epoll, op, fd, event));
}

static int adapter_epoll_wait(void *userdata, int epfd, struct epoll_event *events, int max, int timeout_ms)
{
	world_enter(userdata);
	struct epoll *epoll = descriptor_epoll(userdata, epfd);

	return leave_int(userdata,
			 epoll == NULL ? -EINVAL : epoll_await(userdata, epoll, events, max, timeout_ms));
}

/* Pipes are the system's; no bytes move between them and a socket unseen. */

static int adapter_pipe(void *userdata, int fds[2])
{
	(void)userdata;
	return pipe(fds);
}

static ssize_t adapter_splice(void *userdata, int in, loff_t *in_offset, int out, loff_t *out_offset,
			      size_t len, unsigned flags)
{
	(void)userdata, (void)in, (void)in_offset, (void)out, (void)out_offset, (void)len, (void)flags;
	errno = EINVAL; /* "does not support splicing" */
	return -1;
}

static const struct packetdrill_interface calls = {
	.free = adapter_free,
	.socket = adapter_socket,
	.bind = adapter_bind,
	.listen = adapter_listen,
	.accept = adapter_accept,
	.connect = adapter_connect,
	.read = adapter_read,
	.readv = adapter_readv,
	.recv = adapter_recv,
	.recvfrom = adapter_recvfrom,
	.recvmsg = adapter_recvmsg,
	.write = adapter_write,
	.writev = adapter_writev,
	.send = adapter_send,
	.sendto = adapter_sendto,
	.sendmsg = adapter_sendmsg,
	.fcntl = adapter_fcntl,
	.ioctl = adapter_ioctl,
	.close = adapter_close,
	.shutdown = adapter_shutdown,
	.getsockopt = adapter_getsockopt,
	.setsockopt = adapter_setsockopt,
	.poll = adapter_poll,
	.netdev_send = adapter_netdev_send,
	.netdev_receive = adapter_netdev_receive,
	.usleep = adapter_usleep,
	.gettimeofday = adapter_gettimeofday,
	.epoll_create = adapter_epoll_create,
	.epoll_ctl = adapter_epoll_ctl,
	.epoll_wait = adapter_epoll_wait,
	.pipe = adapter_pipe,
	.splice = adapter_splice,
};

__attribute__((visibility("default"))) void packetdrill_interface_init(const char *flags,
								       struct packetdrill_interface *table);

/* packetdrill has no way to be told no. */
void packetdrill_interface_init(const char *flags, struct packetdrill_interface *table)
{
	struct settings settings;
	const char *wrong = settings_parse(&settings, flags);

	*table = calls;
	if (wrong == NULL) {
		table->userdata = world_create(&settings);
		wrong = table->userdata == NULL ? "no memory" : NULL;
		info_of_world(table->userdata);
	}
	if (wrong == NULL)
		return;
	fprintf(stderr, "weir_packetdrill.so: %s\n", wrong);
	exit(EXIT_FAILURE);
}
