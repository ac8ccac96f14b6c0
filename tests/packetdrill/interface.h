/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * interface.h - what packetdrill asks of a stack that it loads with --so_filename.
 *
 * packetdrill opens the file, looks for packetdrill_interface_init() and has it fill this table; from then
 * on each system call of a script, each packet and each look at the clock is a call through it. Names,
 * order and types are an ABI that others fixed. Calls are like those of the C library, with `userdata` first:
 * -1 and errno where they fail.
 *
 * Threads. A script's blocking calls are made by a thread of their own, all else by the thread that called
 * packetdrill_interface_init().
 */
#ifndef WEIR_TESTS_PACKETDRILL_INTERFACE_H
#define WEIR_TESTS_PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

struct packetdrill_interface {
	void *userdata;
	void (*free)(void *userdata);

	int (*socket)(void *userdata, int domain, int type, int protocol);
	int (*bind)(void *userdata, int fd, const struct sockaddr *address, socklen_t len);
	int (*listen)(void *userdata, int fd, int backlog);
	int (*accept)(void *userdata, int fd, struct sockaddr *address, socklen_t *len);
	int (*connect)(void *userdata, int fd, const struct sockaddr *address, socklen_t len);

	ssize_t (*read)(void *userdata, int fd, void *data, size_t len);
	ssize_t (*readv)(void *userdata, int fd, const struct iovec *iov, int n);
	ssize_t (*recv)(void *userdata, int fd, void *data, size_t len, int flags);
	ssize_t (*recvfrom)(void *userdata, int fd, void *data, size_t len, int flags,
			    struct sockaddr *address, socklen_t *address_len);
	ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *msg, int flags);
	ssize_t (*write)(void *userdata, int fd, const void *data, size_t len);
	ssize_t (*writev)(void *userdata, int fd, const struct iovec *iov, int n);
	ssize_t (*send)(void *userdata, int fd, const void *data, size_t len, int flags);
	ssize_t (*sendto)(void *userdata, int fd, const void *data, size_t len, int flags,
			  const struct sockaddr *address, socklen_t address_len);
	ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *msg, int flags);

	int (*fcntl)(void *userdata, int fd, int command, ...);
	int (*ioctl)(void *userdata, int fd, unsigned long request, ...);
	int (*close)(void *userdata, int fd);
	int (*shutdown)(void *userdata, int fd, int how);
	int (*getsockopt)(void *userdata, int fd, int level, int name, void *value, socklen_t *len);
	int (*setsockopt)(void *userdata, int fd, int level, int name, const void *value, socklen_t len);
	int (*poll)(void *userdata, struct pollfd *fds, nfds_t n, int timeout_ms);

	/* Hands the stack a packet, from its IP header on. */
	int (*netdev_send)(void *userdata, const void *packet, size_t len);
	/*
	 * Waits for the next packet that the stack sends, however long. *len: room, then the packet's bytes;
	 * 0: none will ever come. *time_us: when it was sent.
	 */
	int (*netdev_receive)(void *userdata, void *packet, size_t *len, long long *time_us);
	int (*usleep)(void *userdata, useconds_t us);
	int (*gettimeofday)(void *userdata, struct timeval *now, struct timezone *zone);

	int (*epoll_create)(void *userdata, int size);
	int (*epoll_ctl)(void *userdata, int epfd, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(void *userdata, int epfd, struct epoll_event *events, int max, int timeout_ms);
	int (*pipe)(void *userdata, int fds[2]);
	ssize_t (*splice)(void *userdata, int in, loff_t *in_offset, int out, loff_t *out_offset, size_t len,
			  unsigned flags);
};

/* flags: the argument of --so_flags. */
typedef void (*packetdrill_interface_init_fn)(const char *flags, struct packetdrill_interface *table);

#endif
