/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream.h - a socket's bytes: unread ones, and room for ones to be sent.
 *
 * Unread bytes stay in weir's buffers until a whole chain has been read; so the receive window opens as it
 * does for any application that releases what it has used.
 */
#ifndef WEIR_TESTS_PACKETDRILL_STREAM_H
#define WEIR_TESTS_PACKETDRILL_STREAM_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/payload.h"
#include "packetdrill/socket.h"

/* recvmsg() and sendmsg() with MSG_ flags: bytes, or a negative errno. */
ssize_t stream_read(struct socket *socket, const struct iovec *iov, size_t n, int flags);
ssize_t stream_write(struct socket *socket, const struct iovec *iov, size_t n, int flags);

/* Bytes have arrived; the chain is the socket's. */
void stream_arrived(struct socket *socket, payload data, uint32_t bytes);

/* Drops what is unread. */
void stream_clear(struct socket *socket);

/* Bytes that a write would take now. */
uint32_t stream_space(const struct socket *socket);

/* Bytes written and not yet acknowledged; not yet sent. */
uint32_t stream_outstanding(const struct socket *socket);
uint32_t stream_unsent(const struct socket *socket);

#endif
