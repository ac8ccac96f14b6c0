/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/stream.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "support/payload_arena.h"

/* A chain as an event brought it. */
struct unread {
	struct unread *next;
	payload data;
	uint32_t bytes;
	uint32_t taken; /* of them, read already */
};

static size_t iov_bytes(const struct iovec *iov, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += iov[i].iov_len;
	return bytes;
}

static bool iov_readable(const struct iovec *iov, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (iov[i].iov_base == NULL && iov[i].iov_len > 0)
			return false;
	return true;
}

/* Reading. */

void stream_arrived(struct socket *socket, payload data, uint32_t bytes)
{
	struct unread *unread = malloc(sizeof(*unread));

	CHECK(unread != NULL);
	*unread = (struct unread){ .data = data, .bytes = bytes };
	if (socket->unread_first == NULL)
		socket->unread_first = unread;
	else
		socket->unread_last->next = unread;
	socket->unread_last = unread;
	socket->unread_bytes += bytes;
}

static void drop_first(struct socket *socket)
{
	struct unread *unread = socket->unread_first;

	socket->unread_first = unread->next;
	socket->unread_bytes -= unread->bytes - unread->taken;
	tcp_release(socket->world->tcp, socket->conn, unread->data);
	free(unread);
}

void stream_clear(struct socket *socket)
{
	while (socket->unread_first != NULL)
		drop_first(socket);
}

/* Copies from `skip` unread bytes on, as many as there are; returns how many. */
static uint32_t copy_unread(const struct socket *socket, uint32_t skip, uint8_t *to, uint32_t len)
{
	uint32_t copied = 0;

	for (const struct unread *unread = socket->unread_first; unread != NULL && copied < len;
	     unread = unread->next) {
		uint32_t left = unread->bytes - unread->taken;

		if (skip >= left) {
			skip -= left;
			continue;
		}
		uint32_t part = left - skip < len - copied ? left - skip : len - copied;

		payload_read(unread->data, unread->taken + skip, to + copied, part);
		copied += part;
		skip = 0;
	}
	return copied;
}

static void consume(struct socket *socket, uint32_t bytes)
{
	while (bytes > 0) {
		struct unread *unread = socket->unread_first;
		uint32_t left = unread->bytes - unread->taken, part = bytes < left ? bytes : left;

		unread->taken += part;
		socket->unread_bytes -= part;
		bytes -= part;
		if (unread->taken == unread->bytes)
			drop_first(socket);
	}
}

/* Fills what is left of the vector after `done` bytes. Returns the bytes, or -EFAULT for a bad address. */
static ssize_t fill(struct socket *socket, const struct iovec *iov, size_t n, size_t done, bool peek)
{
	size_t before = 0;
	uint32_t got = 0;

	for (size_t i = 0; i < n && socket->unread_bytes > (peek ? got : 0); i++) {
		size_t at = done + got - before; /* within this piece */

		before += iov[i].iov_len;
		if (at >= iov[i].iov_len)
			continue;
		if (iov[i].iov_base == NULL)
			return got > 0 ? (ssize_t)got : -EFAULT;
		uint32_t part = copy_unread(socket, peek ? got : 0, (uint8_t *)iov[i].iov_base + at,
					    (uint32_t)(iov[i].iov_len - at));

		if (!peek)
			consume(socket, part);
		got += part;
	}
	return (ssize_t)got;
}

/* What a read finds where there are no bytes: 1 the end, 0 that some may come, or a negative errno. */
static int end_of(struct socket *socket)
{
	if (socket->peer_finished)
		return 1;
	if (socket->error != 0)
		return socket_take_error(socket);
	if (socket->read_shut)
		return 1;
	return socket->state == SOCKET_CONNECTED || socket->state == SOCKET_CONNECTING ? 0 : -ENOTCONN;
}

ssize_t stream_read(struct socket *socket, const struct iovec *iov, size_t n, int flags)
{
	size_t total = iov_bytes(iov, n), done = 0;
	bool peek = flags & MSG_PEEK, wait_all = flags & MSG_WAITALL && !peek;

	if (flags & MSG_OOB)
		return -EINVAL; /* urgent data is read in line */
	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	for (;;) {
		ssize_t got = fill(socket, iov, n, done, peek);

		if (got < 0)
			return done > 0 ? (ssize_t)done : got;
		done += (size_t)got;
		if (done == total || (done > 0 && !wait_all))
			return (ssize_t)done;
		int end = done > 0 && socket->error != 0 ? 1 : end_of(socket);

		if (end == 0)
			end = socket->nonblocking || flags & MSG_DONTWAIT ?
				      -EAGAIN :
				      world_sleep(socket->world, WORLD_NEVER);
		if (end != 0)
			return done > 0 || end > 0 ? (ssize_t)done : end;
	}
}

/* Writing. */

uint32_t stream_outstanding(const struct socket *socket)
{
	struct weir_info info;

	if (socket->state != SOCKET_CONNECTED || tcp_info(socket->world->tcp, socket->conn, &info) != 0)
		return 0;
	return info.unsent_bytes + info.unacked_bytes;
}

uint32_t stream_unsent(const struct socket *socket)
{
	struct weir_info info;

	if (socket->state != SOCKET_CONNECTED || tcp_info(socket->world->tcp, socket->conn, &info) != 0)
		return 0;
	return info.unsent_bytes;
}

uint32_t stream_space(const struct socket *socket)
{
	uint32_t bound = (uint32_t)socket->send_buffer, used = stream_outstanding(socket);

	return used < bound ? bound - used : 0;
}

static payload gather(const struct iovec *iov, size_t n, size_t skip, size_t len)
{
	uint8_t *bytes = malloc(len);
	size_t got = 0;

	CHECK(bytes != NULL);
	for (size_t i = 0; i < n && got < len; i++) {
		if (skip >= iov[i].iov_len) {
			skip -= iov[i].iov_len;
			continue;
		}
		for (; skip < iov[i].iov_len && got < len; skip++)
			bytes[got++] = ((const uint8_t *)iov[i].iov_base)[skip];
		skip = 0;
	}
	payload data = payload_arena_copy(bytes, (uint32_t)len);

	free(bytes);
	return data;
}

/* Queues as much as there is room for now: the number of bytes, -EAGAIN for none, or another errno. */
static ssize_t queue(struct socket *socket, const struct iovec *iov, size_t n, size_t done, size_t total)
{
	size_t space = stream_space(socket), len = total - done < space ? total - done : space;

	if (socket->write_shut || (socket->state != SOCKET_CONNECTED && socket->state != SOCKET_CONNECTING))
		return -EPIPE;
	if (!iov_readable(iov, n))
		return -EFAULT;
	if (total == 0)
		return 0;
	socket->awaits_space = len < total - done;
	if (len == 0 || socket->state == SOCKET_CONNECTING)
		return -EAGAIN;
	payload data = gather(iov, n, done, len);
	int err = tcp_send(socket->world->tcp, socket->conn, data);

	if (err != 0)
		payload_free(data);
	return err != 0 ? err : (ssize_t)len;
}

/* An error that waits to be told goes before the broken pipe that it made. */
static int write_failed(struct socket *socket, int err)
{
	int pending = err == -EPIPE ? socket_take_error(socket) : 0;

	return pending != 0 ? pending : err;
}

ssize_t stream_write(struct socket *socket, const struct iovec *iov, size_t n, int flags)
{
	size_t total = iov_bytes(iov, n), done = 0;

	/* What weir does not know; to ignore one of these would be to pass for what is not there. */
	if (flags & (MSG_OOB | MSG_MORE | MSG_EOR | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	for (;;) {
		ssize_t queued = queue(socket, iov, n, done, total);

		if (queued > 0)
			done += (size_t)queued;
		if (queued >= 0 && done == total)
			return (ssize_t)done;
		if (queued == -EAGAIN && !socket->nonblocking && !(flags & MSG_DONTWAIT))
			queued = world_sleep(socket->world, WORLD_NEVER);
		if (queued < 0)
			return done > 0 ? (ssize_t)done : write_failed(socket, (int)queued);
	}
}
